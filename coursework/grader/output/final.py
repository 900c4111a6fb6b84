"""Marks that may leave the grader: those that will not change any more."""

from collections.abc import Collection

from coursework.grader.model import AWAITING, FAILED, GraderError, Result
from coursework.grader.output.wording import in_units


def count_awaiting(results: Collection[Result]) -> int:
    """Return how many answers in words nobody has marked yet."""
    return sum(q.status == AWAITING for result in results for q in result.questions)


def check_final(results: Collection[Result], allow_awaiting: bool) -> None:
    """Raise a `GraderError` where marks are not final yet, unless that is allowed."""
    if not results:
        raise GraderError("there are no marks to export")
    failed = [result.student for result in results if result.status == FAILED]
    problems = []
    if awaiting := count_awaiting(results):
        problems.append(
            f"answers that await marks: {awaiting}. Run answers, mark them and merge, or add "
            "--allow-awaiting"
        )
    if failed:
        students = in_units(len(failed), "student")
        problems.append(f"the grader failed with {students}: {', '.join(failed)}")
    if problems and not allow_awaiting:
        raise GraderError("; ".join(problems))
