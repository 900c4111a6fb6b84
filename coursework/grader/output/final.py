"""Marks that may leave the grader: those that will not change any more."""

from __future__ import annotations

from collections.abc import Sequence

from coursework.grader.model import AWAITING, FAILED, GraderError, Result


class ExportError(GraderError):
    """Marks that cannot be exported as they are; the message says what to do."""


def check_final(results: Sequence[Result], *, allow_awaiting: bool = False) -> None:
    """Raise `ExportError` where marks are not final yet, unless that is allowed.

    Not final are answers in words that nobody has marked, and students with whom the grader
    itself failed.
    """
    if not results:
        raise ExportError("there are no marks to export")
    if allow_awaiting:
        return
    awaiting = [
        result.student
        for result in results
        for question in result.questions
        if question.status == AWAITING
    ]
    failed = [result.student for result in results if result.status == FAILED]
    problems = []
    if awaiting:
        students = _count(set(awaiting), "student")
        problems.append(
            f"some await marks, {_count(awaiting, 'answer')} of {students}: "
            "export the answers, mark and merge them, or allow it (--allow-awaiting)"
        )
    if failed:
        problems.append(f"the grader failed with {_count(failed, 'student')}: {', '.join(failed)}")
    if problems:
        raise ExportError("; ".join(problems))


def _count(things, name):
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"
