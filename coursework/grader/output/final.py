"""Marks that may leave the grader: those that will not change any more."""

from __future__ import annotations

from coursework.grader.model import AWAITING, FAILED, GraderError
from coursework.grader.output.wording import in_units


class ExportError(GraderError):
    """Marks that cannot be exported as they are; the message says what to do."""


def check_final(results, allow_awaiting):
    """Raise an `ExportError` where marks are not final yet, unless that is allowed."""
    if not results:
        raise ExportError("there are no marks to export")
    awaiting = [
        result.student
        for result in results
        for question in result.questions
        if question.status == AWAITING
    ]
    failed = [result.student for result in results if result.status == FAILED]
    problems = []
    if awaiting:
        answers = in_units(len(awaiting), "answer")
        students = in_units(len(set(awaiting)), "student")
        problems.append(
            f"some await marks, {answers} of {students}: "
            "export the answers, mark and merge them, or allow it (--allow-awaiting)"
        )
    if failed:
        students = in_units(len(failed), "student")
        problems.append(f"the grader failed with {students}: {', '.join(failed)}")
    if problems and not allow_awaiting:
        raise ExportError("; ".join(problems))
