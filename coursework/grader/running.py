"""Marking a class: every student gets a result, and what is finished is never done again."""

from __future__ import annotations

import functools
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from coursework.grader import results
from coursework.grader.answers import extract_answer
from coursework.grader.assignment import FOLDER, Assignment, load_assignment
from coursework.grader.grades import join, reason_of, tell_penalty
from coursework.grader.marking import mark_cells
from coursework.grader.notebooks import UnreadableError, read_notebook
from coursework.grader.pools import LostTaskError
from coursework.grader.results import QuestionResult, Result
from coursework.grader.roster import late_hours, late_penalty
from coursework.grader.sandbox.host import check_sandbox
from coursework.grader.submissions import SubmissionError, read_submission
from coursework.grader.texts import one_line, shorten
from coursework.grader.work import Record, apply_manual

# Modules that no marks depend on: with a change here, what is marked stays marked.
BESIDE_MARKS = {
    "__main__",
    "cli",
    "cluster",
    "csv_files",
    "exports",
    "feedback",
    "final",
    "gradebook",
    "grades",
    "markdown",
    "pools",
    "roster",
    "submissions",
    "work",
}
LONGEST_REASON = 2000  # characters; it is written once more for each question
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
        parts.append(sha256)
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def read_released(assignment, address):
    """Return the texts of an assignment's Markdown cells as they may have been given out.

    Parameters
    ----------
    assignment : Assignment
    address : str or None
        Where the book's chapters are on the web: links to them are part of the texts. None
        stands for the address in the book's configuration.
    """
    if not any(question.manual_points for question in assignment.questions):
        return ()
    # Imported where it is needed: workers do without nbgrader and jupytext.
    from coursework import release

    return tuple(sorted(release.texts_given_out(assignment, address or release.book_address())))


def source_version(name):
    """Return a hash of the sources that the marks of an assignment depend on."""
    paths = [path for path in (FOLDER / "grader").rglob("*.py") if path.stem not in BESIDE_MARKS]
    paths += [path for path in (FOLDER / name).iterdir() if path.suffix in (".py", ".md")]
    paths += (FOLDER.parent / "softmax").glob("*.py")  # the right answers call it
    digest = hashlib.sha256()
    for path in sorted(paths):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(FOLDER.parent)} {len(data)}\n".encode() + data)
    return digest.hexdigest()


def grade_notebook(
    student: str,
    data: bytes | None,
    filename: str,
    assignment_name: str,
    parameters: Mapping[str, str],
    seed: int,
    sandbox: bool = True,
    released: tuple[str, ...] = (),
    version: str = "",
) -> Result:
    """Return the marks of one notebook, before any deadline.

    Takes bytes and not a path, so that a worker on another machine can do it. Whatever goes
    wrong becomes a `Result` that says so.

    Parameters
    ----------
    student, filename : str
        For the result.
    data : bytes or None
        The notebook; None where it could not be read any more.
    assignment_name, parameters, seed
        What is marked, and from which seed the inputs are drawn.
    sandbox : bool
        False runs the answers without bubblewrap.
    released : tuple of str
        As in `Settings`.
    version : str
        The `source_version` that the marks must come from; any where it is empty.
    """
    began = time.perf_counter()
    sha256 = hashlib.sha256(data).hexdigest() if data is not None else ""
    result = Result(
        student=student,
        assignment=assignment_name,
        status=results.FAILED,
        reason="",
        questions=(),
        seed=seed,
        parameters=dict(parameters),
        file=filename,
        sha256=sha256,
    )
    try:
        if version and version != _version_here(assignment_name):
            raise RuntimeError(
                "this worker has another version of the coursework, or it was changed meanwhile"
            )
        assignment = _load(assignment_name, tuple(sorted(parameters.items())))
        result = replace(result, questions=unmarked(assignment, results.FAILED, ""))
        result = _mark(result, assignment, data, sandbox, released)
    except Exception as error:
        reason = f"the grader failed ({one_line(type(error).__name__)}: {one_line(error)})"
        result = without_marks(result, results.FAILED, reason)
    return replace(result, seconds=time.perf_counter() - began)


_version_here = functools.cache(source_version)


@functools.lru_cache(maxsize=8)
def _load(name, parameters):
    return load_assignment(name, dict(parameters))


def _mark(result, assignment, data, sandbox, released):
    """Return `result` with its marks."""
    if data is None:
        return without_marks(result, results.UNREADABLE, "the file could not be read any more")
    try:
        notebook = read_notebook(data)
    except UnreadableError as error:
        return without_marks(result, results.UNREADABLE, one_line(error))
    if sandbox:
        _check_sandbox_once()
    names = {question.name for question in assignment.questions}
    answers = {
        question.name: extract_answer(
            notebook.node, question.name, set(released), names - {question.name}
        )
        for question in assignment.questions
        if question.manual_points
    }
    questions = mark_cells(
        assignment,
        notebook.cells,
        seed=result.seed,
        sandbox=sandbox,
        answers=answers,
        texts=notebook.node["cells"],
    )
    status = results.worst(question.status for question in questions)
    return replace(result, questions=questions, status=status, reason=reason_of(questions))


@functools.cache  # an exception is not kept: where there was none yet, it is looked for again
def _check_sandbox_once():
    check_sandbox()


def unmarked(assignment, status, reason):
    """Return the questions of an assignment without points."""
    return tuple(
        QuestionResult(
            name=question.name,
            title=question.title,
            points=0.0,
            out_of=question.out_of,
            status=status,
            reason=reason,
            manual=bool(question.manual_points),
        )
        for question in assignment.questions
    )


def without_marks(result, status, reason):
    """Return a result whose questions all have no points, for one reason."""
    reason = shorten(reason, LONGEST_REASON)
    questions = tuple(
        replace(question, points=0.0, status=status, reason=reason) for question in result.questions
    )
    return replace(result, status=status, reason=reason, questions=questions)


def grade_class(submissions, settings, work, pool):
    """Mark a class, but for what a former run has marked already.

    Parameters
    ----------
    submissions : list of Submission
    settings : Settings
    work : WorkFolder
        Each result is written there as soon as it is there.
    pool : Pool

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
            outcome = _make_lost(by_student[student], settings, outcome)
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
            refused = replace(submission, status=results.UNREADABLE, reason=reason)
            record = _make_record(refused, settings, None)
        else:
            kept = work.read_record(submission.student.student)
            if not kept or not kept.marked or kept.key != settings.key(sha256):
                return None
            if kept.marked.status == results.FAILED:
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


def _make_lost(submission, settings, error):
    """Return the result of a notebook that could not be marked."""
    return Result(
        student=submission.student.student,
        assignment=settings.assignment.name,
        status=results.FAILED,
        reason=one_line(error),
        questions=unmarked(settings.assignment, results.FAILED, one_line(error)),
        seed=settings.seed,
        parameters=settings.parameters,
    )


def _make_record(submission, settings, marked):
    """Return what is kept of a student: `marked`, or what is in its place, and the deadline."""
    assignment = settings.assignment
    told, note, key = shorten(submission.reason, LONGEST_REASON), "", ""
    attention = submission.doubtful
    result = marked
    if marked is None:
        result = Result(
            student=submission.student.student,
            assignment=assignment.name,
            status=submission.status,
            reason=told,
            questions=unmarked(assignment, submission.status, told),
            seed=settings.seed,
            parameters=settings.parameters,
        )
    else:
        note, key = told, settings.key(marked.sha256)
    if not result.questions:  # the worker could not even read the assignment
        questions = unmarked(assignment, result.status, result.reason)
        result = replace(result, questions=questions)
    if result.is_unanswered and (submission.others or submission.rest):
        attention = True
        note = shorten(join(submission.tell_rest(), note), LONGEST_REASON)
    when = submission.submitted if submission.path else None
    hours = late_hours(when, submission.student.due or settings.due)
    result = replace(
        result,
        file=submission.file,
        submitted=when.isoformat(timespec="seconds") if when else "",
        late_hours=hours,
        penalty=late_penalty(hours, settings.penalty, assignment.out_of) if marked else 0.0,
        note=note,
        attention=attention,
    )
    note = join(note, tell_penalty(result))
    reason = shorten(join(note, result.reason), LONGEST_REASON)
    return Record(key, marked, note, replace(result, reason=reason))
