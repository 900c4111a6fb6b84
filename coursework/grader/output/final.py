"""Marks that may leave the grader: those that will not change any more."""

from collections.abc import Collection

from coursework.grader.model import AWAITING, FAILED, GraderError, Result
from coursework.grader.output.wording import in_units


def check_final(results: Collection[Result], allow_awaiting: bool) -> None:
    """Raise a `GraderError` where marks are not final yet, unless that is allowed."""
    if not results:
        raise GraderError("there are no marks to export")
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
        raise GraderError("; ".join(problems))
