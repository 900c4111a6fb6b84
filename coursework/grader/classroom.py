"""Marking a class: every student gets a result, and what is finished is never done again."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime

from coursework.grader import model
from coursework.grader.inbox.find import SubmissionError, read_submission
from coursework.grader.inbox.roster import late_hours, late_penalty
from coursework.grader.marking.grade import grade_notebook, source_version
from coursework.grader.model import Assignment, Cause, QuestionResult, Reason, Result
from coursework.grader.sanitize import join, one_line, shorten
from coursework.grader.store import Record, apply_manual
from coursework.grader.workers.processes import LostTaskError

LONGEST_NOTE = 2000  # characters
MARGIN = 120  # seconds beyond the limits of all questions after which marking counts as stuck


@dataclass(frozen=True)
class Settings:
    """How a class is marked.

    Attributes
    ----------
    assignment : Assignment
    seed : int
    sandbox : bool
    due : datetime or None
        For all who have no deadline of their own on the roster.
    penalty : float
        Percent of all points per started day of lateness.
    released : tuple of str
        The texts of the notebook that was given out, to tell answers in words from it.
    """

    assignment: Assignment
    seed: int
    sandbox: bool = True
    due: datetime | None = None
    penalty: float = 0.0
    released: tuple[str, ...] = ()

    @property
    def parameters(self):
        """The parameters of the assignment's variant, by name."""
        return dict(self.assignment.parameters)

    @functools.cached_property
    def version(self):
        """What `source_version` says of the assignment."""
        return source_version(self.assignment.name)

    @property
    def timeout(self):
        """Seconds after which a notebook that is being marked counts as stuck."""
        return MARGIN + 2 * sum(
            question.limits.wall_seconds for question in self.assignment.questions
        )

    def key(self, sha256):
        """Return what the marks of a file depend on, as a text."""
        parts = [self.version, self.assignment.name, self.parameters, self.seed, self.sandbox]
        parts += [self.released, sha256]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def grade_class(submissions, settings, work, pool):
    """Mark a class, but for what a former run has marked already.

    Parameters
    ----------
    submissions : list of Submission
    settings : Settings
    work : WorkFolder
        Each result is written there as soon as it is there.
    pool : Processes or Cluster

    Yields
    ------
    result : Result
        With the deadline and the marks given by hand.
    fresh : bool
        Whether the notebook was marked now.

    Raises
    ------
    PoolError
        Where no notebook can be marked any more. What was yielded is kept.
    """
    manual = work.read_manual()
    by_student = {submission.student.student: submission for submission in submissions}
    waiting = {}
    for student, submission in by_student.items():
        record = _settle(submission, settings, work)
        if record:
            yield apply_manual(record, manual), False
        else:
            waiting[student] = functools.partial(_make_arguments, submission, settings)
    for student, outcome in pool.run(grade_notebook, waiting):
        if isinstance(outcome, LostTaskError):
            reason = Reason(Cause.TASK_LOST, (str(outcome),))
            outcome = _without_marks(by_student[student], settings, model.FAILED, reason)
        record = _make_record(by_student[student], settings, outcome)
        work.write_record(record)
        yield apply_manual(record, manual), True


def _settle(submission, settings, work):
    """Return the record of a student where no marking is needed; otherwise None."""
    if submission.path is None:
        record = _make_record(submission, settings, None)
    else:
        try:
            sha256 = hashlib.sha256(read_submission(submission)).hexdigest()
        except SubmissionError as error:
            reason = join(one_line(error), submission.reason)
            refused = {"status": model.UNREADABLE, "reason": reason, "cause": Cause.UNREADABLE}
            record = _make_record(replace(submission, **refused), settings, None)
        else:
            kept = work.read_record(submission.student.student)
            if not kept or not kept.marked or kept.key != settings.key(sha256):
                return None
            if kept.marked.status == model.FAILED:
                return None
            record = _make_record(submission, settings, kept.marked)
            if record == kept:
                return record
    work.write_record(record)
    return record


def _make_arguments(submission, settings):
    """Return what `grade_notebook` needs besides the student; read when it is sent."""
    try:
        data = read_submission(submission)
    except SubmissionError:
        data = None
    return (
        data,
        submission.file,
        settings.assignment.name,
        settings.parameters,
        settings.seed,
        settings.sandbox,
        settings.released,
        settings.version,
    )


def _without_marks(submission, settings, status, reason):
    """Return the result of a submission in which nothing was marked."""
    return Result(
        student=submission.student.student,
        assignment=settings.assignment.name,
        status=status,
        questions=(),
        seed=settings.seed,
        reason=reason,
        parameters=settings.parameters,
    )


def _unmarked(assignment, status, reason):
    """Return the questions of an assignment without points."""
    return tuple(
        QuestionResult(
            name=question.name,
            title=question.title,
            points=0.0,
            out_of=question.out_of,
            status=status,
            cause=reason.cause,
            reasons=(reason,),
            manual=bool(question.manual_points),
        )
        for question in assignment.questions
    )


def _make_record(submission, settings, marked):
    """Return what is kept of a student: `marked`, or what is in its place, and the deadline."""
    assignment = settings.assignment
    result, key, note = marked, "", submission.reason
    attention = submission.doubtful
    if marked is None:
        reason = Reason(submission.cause, (note,))
        result, note = _without_marks(submission, settings, submission.status, reason), ""
    else:
        key = settings.key(marked.sha256)
    if not result.questions:
        result = replace(result, questions=_unmarked(assignment, result.status, result.reason))
    if result.is_unanswered and (submission.others or submission.rest):
        attention = True
        note = join(submission.tell_rest(), note)
    when = submission.submitted if submission.path else None
    hours = late_hours(when, submission.student.due or settings.due)
    result = replace(
        result,
        file=submission.file,
        submitted=when.isoformat(timespec="seconds") if when else "",
        late_hours=hours,
        penalty=late_penalty(hours, settings.penalty, assignment.out_of) if marked else 0.0,
        note=shorten(note, LONGEST_NOTE),
        attention=attention,
    )
    return Record(key, marked, result)
