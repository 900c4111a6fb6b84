"""Marking a class: every student gets a result, and what is finished is never done again."""

import functools
import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime

from coursework.grader.inbox.find import read_submission
from coursework.grader.inbox.roster import late_hours, late_penalty
from coursework.grader.marking.grade import grade_notebook, source_version
from coursework.grader.marking.notebook import UnreadableError
from coursework.grader.model import FAILED, Assignment, Cause, Reason, Result
from coursework.grader.sanitize import join, shorten
from coursework.grader.store import apply_manual

LONGEST_NOTE = 2000  # characters
MARGIN = 120  # seconds beyond the limits of all questions after which marking counts as stuck


@dataclass(frozen=True)
class Settings:
    """How a class is marked.

    `due` is for all who have no deadline of their own on the roster, and `penalty` a percentage
    of all points for each started day of lateness. `released` holds the texts of the notebook
    that was given out, to tell answers in words from them.
    """

    assignment: Assignment
    seed: int
    sandbox: bool = True
    due: datetime | None = None
    penalty: float = 0.0
    released: tuple[str, ...] = ()

    @property
    def arguments(self):
        """What `grade_notebook` is told of the class."""
        return self.sandbox, self.released, source_version(self.assignment.name)

    def key(self, sha256):
        """Return what the marks of a file depend on, as a text."""
        name, parameters = self.assignment.name, dict(self.assignment.parameters)
        text = json.dumps([name, parameters, self.seed, *self.arguments, sha256], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def timeout(self):
        """Seconds after which a notebook that is being marked counts as stuck."""
        return MARGIN + 2 * sum(q.limits.wall_seconds for q in self.assignment.questions)


def grade_class(submissions, settings, work, pool):
    """Yield the result of each student, and whether the notebook was marked now.

    What a former run has marked is not marked again. Each result is in the folder `work` before it
    is yielded, so that nothing is lost where `pool` raises a `PoolError`.
    """
    manual = work.read_manual()
    by_student = {submission.student.student: submission for submission in submissions}
    waiting = {}
    for student, submission in by_student.items():
        result = _settle(submission, settings, work)
        if result:
            yield apply_manual(result, manual), False
        else:
            waiting[student] = functools.partial(_make_arguments, submission, settings)
    for student, outcome in pool.run(grade_notebook, waiting):
        submission = by_student[student]
        if isinstance(outcome, Reason):
            outcome = _begin(submission, settings, outcome)
        result = _complete(outcome, submission, settings)
        work.write_record(settings.key(result.sha256), result)
        yield apply_manual(result, manual), True


def _settle(submission, settings, work):
    """Return the result of a student where no marking is needed; otherwise None."""
    key, kept = work.read_record(submission.student.student)
    reason = submission.reason
    if reason is None:
        try:
            sha256 = hashlib.sha256(read_submission(submission)).hexdigest()
        except UnreadableError as error:
            reason = Reason(Cause.BAD_FILE, (str(error),))
        else:
            if kept is None or kept.status == FAILED or key != settings.key(sha256):
                return None
    result = _begin(submission, settings, reason) if reason else kept
    result = _complete(result, submission, settings)
    if result != kept:
        work.write_record(settings.key(result.sha256), result)
    return result


def _make_arguments(submission, settings):
    """Return what `grade_notebook` needs; the file is read when it is sent."""
    try:
        data = read_submission(submission)
    except UnreadableError:
        data = None
    return _begin(submission, settings), data, *settings.arguments


def _begin(submission, settings, reason=None):
    return Result(
        student=submission.student.student,
        assignment=settings.assignment.name,
        seed=settings.seed,
        reason=reason,
        parameters=dict(settings.assignment.parameters),
    )


def _complete(result, submission, settings):
    """Return a result with all that does not come from marking, such as the deadline."""
    assignment = settings.assignment
    if result.reason:
        unmarked = (question.mark(0.0, [result.reason]) for question in assignment.questions)
        result = replace(result, questions=tuple(unmarked))
    penalty, note = 0.0, join(result.doubt, submission.note)
    when = submission.submitted if submission.path else None
    hours = late_hours(when, submission.student.due or settings.due)
    if result.sha256:  # otherwise nothing was marked
        penalty = late_penalty(hours, settings.penalty, assignment.out_of)
    attention = submission.doubtful or bool(result.doubt)
    if result.is_unanswered:
        note, attention = join(submission.if_unanswered, note), True
    return replace(
        result,
        file=submission.file,
        submitted=when.isoformat(timespec="seconds") if when else "",
        late_hours=hours,
        penalty=penalty,
        note=shorten(note, LONGEST_NOTE),
        attention=attention,
    )
