"""Marks on their way into nbgrader's gradebook, through nbgrader's own API.

A gradebook that ``nbgrader generate_assignment`` made has its cells already, named by their
``grade_id``. In the masters, the answer to the question ``softmax`` is the cell ``softmax`` and
the visible check below it, which carries the points, is ``softmax-check``; an answer in words is
one cell with answer and points. So the points of a question go to the cell with points whose
name is that of the question, with or without ``check`` or ``test`` around it; what is said of an
answer goes, as a comment, to the cell of the answer.

Nothing needs to be undone if this is interrupted: run it again.
"""

from __future__ import annotations

import contextlib
import os
import re
import sysconfig
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from coursework.grader.inbox.roster import Student
from coursework.grader.model import AWAITING, FAILED, MISSING, Assignment, Result
from coursework.grader.output.final import ExportError, check_final
from coursework.grader.output.markdown import as_code
from coursework.grader.output.wording import explain_question, in_points
from coursework.grader.sanitize import clean, one_line, safe_cell, shorten


def write_gradebook(
    results: Sequence[Result],
    assignment: Assignment,
    db_path,
    *,
    roster: Sequence[Student] = (),
    allow_awaiting: bool = False,
) -> list[str]:
    """Write the marks into a gradebook, which is made where there is none.

    To write the same marks twice changes nothing. ``nbgrader export`` then gives each student
    `Result.total`: the points, less the penalty for lateness. Students who handed in nothing get no
    submission, which nbgrader exports as 0.

    Marks that a teacher gave by hand in nbgrader to an answer in code stay, and are flagged for
    a look, as nbgrader's autograder does it; so do those to an answer in words that still
    awaits its marks here. Marks of answers in words that were merged here replace them.

    Parameters
    ----------
    results : sequence of Result
    assignment : Assignment
    db_path : path-like
        Such as ``gradebook.db``, a database of SQLite.
    roster : sequence of Student
        For names and addresses; those that the gradebook has already stay. "Doe, Jane" and
        "Jane Doe" are both split into a first and a last name.
    allow_awaiting : bool
        Write answers that await marks as such, to be marked in nbgrader. By default they are an
        error.

    Returns
    -------
    list of str
        Sentences about marks that were kept or replaced.

    Raises
    ------
    ExportError
        For marks that are not final, cells that do not fit the questions, or a database that
        this version of nbgrader cannot read.
    """
    # Here, for it takes a second and only this needs it.
    from nbgrader.api import Gradebook
    from sqlalchemy.exc import DatabaseError, SAWarning

    check_final(results, allow_awaiting=allow_awaiting)
    students = {student.student: student for student in roster}
    path = Path(db_path).resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    notes = []
    try:
        with (
            warnings.catch_warnings(),
            _scripts_on_path(),
            Gradebook(f"sqlite:///{path}") as book,
        ):
            # nbgrader's own queries make SQLAlchemy warn at each new submission.
            warnings.simplefilter("ignore", SAWarning)
            cells = _prepare(book, assignment)
            for result in results:
                student = students.get(result.student, Student(result.student))
                _write_student(book, student)
                notes += _write_result(book, result, assignment, cells)
    except DatabaseError as error:
        raise ExportError(
            f"{path.name} cannot be used as a gradebook ({error.orig}): if another version of "
            "nbgrader made it, make a copy and run `nbgrader db upgrade`"
        ) from None
    return notes


@contextlib.contextmanager
def _scripts_on_path():
    """Let nbgrader find ``alembic``, which it runs to make a gradebook.

    It stands beside the Python that runs, and is on the path only where a virtual environment
    was activated.
    """
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before


def _prepare(book, assignment):
    """Return the name of the cell with the points of each question; make what is not there."""
    from nbgrader.api import MissingEntry

    try:
        master = book.find_assignment(assignment.name)
    except MissingEntry:
        master = book.add_assignment(assignment.name)
    notebooks = [notebook.name for notebook in master.notebooks]
    if not notebooks:
        return _make_notebook(book, assignment)
    if assignment.name not in notebooks:
        raise ExportError(
            f"the gradebook's {assignment.name} has the notebooks {', '.join(notebooks)}, but "
            f"none called {assignment.name}"
        )
    return _match(book.find_notebook(assignment.name, assignment.name).grade_cells, assignment)


def _make_notebook(book, assignment):
    """Make the cells of an assignment, named as in the masters."""
    name = assignment.name
    book.add_notebook(name, name)
    cells = {}
    for question in assignment.questions:
        by_hand = bool(question.manual_points)
        cells[question.name] = question.name if by_hand else f"{question.name}-check"
        kind = "markdown" if by_hand else "code"
        points = float(question.out_of)
        book.add_grade_cell(cells[question.name], name, name, max_score=points, cell_type=kind)
        book.add_solution_cell(question.name, name, name)
    return cells


def _match(grade_cells, assignment):
    """Return the cell of each question among those of a gradebook."""
    found = {question.name: [] for question in assignment.questions}
    problems = []
    for cell in grade_cells:
        plain = re.sub(r"^(check|test)s?[-_]|[-_](check|test)s?$", "", cell.name)
        place = cell.name if cell.name in found else plain
        if place in found:
            found[place].append(cell)
        else:
            problems.append(f"{cell.name} belongs to no question")
    for question in assignment.questions:
        cells = found[question.name]
        if len(cells) != 1:
            names = ", ".join(cell.name for cell in cells) or "no cell"
            problems.append(f"{question.name} needs one cell with points, and has {names}")
        elif cells[0].max_score != question.out_of:
            there, due = in_points(cells[0].max_score), in_points(question.out_of)
            problems.append(f"{cells[0].name} has {there} points, and {question.name} has {due}")
    if problems:
        raise ExportError(
            f"the gradebook's cells of {assignment.name} do not fit its questions: "
            f"{'; '.join(problems)}. Generate the assignment in the same variant, or write into "
            "a new gradebook"
        )
    return {name: cells[0].name for name, cells in found.items()}


def _write_student(book, student):
    """Put a student into the gradebook; what it has of a student's name stays."""
    from nbgrader.api import MissingEntry

    try:
        there = book.find_student(student.student)
    except MissingEntry:
        there = None
    first, last = _split_name(student.name)
    known = {"first_name": first, "last_name": last, "email": _plain(student.email)}
    new = {key: text for key, text in known.items() if text and not getattr(there, key, None)}
    if new or there is None:
        book.update_or_create_student(student.student, **new)


def _split_name(name):
    """Return first and last name."""
    if "," in name:
        last, _, first = name.partition(",")
    else:
        first, _, last = name.strip().rpartition(" ")
    return _plain(first), _plain(last)


def _plain(text):
    # nbgrader writes its CSV without quotation marks, so a comma would shift the columns.
    return safe_cell(one_line(text.replace(",", " ")))


def _write_result(book, result, assignment, cells):
    """Write one student's marks; return what is worth telling."""
    from nbgrader.api import MissingEntry

    name = assignment.name
    try:
        submission = book.find_submission(name, result.student)
    except MissingEntry:
        if result.status == MISSING:
            return []
        submission = book.add_submission(name, result.student)
    submission.timestamp = None
    if result.submitted:  # nbgrader keeps times in UTC, without a zone
        when = datetime.fromisoformat(result.submitted).astimezone(UTC)
        submission.timestamp = when.replace(tzinfo=None)
    notes = []
    by_name = {notebook.name: notebook for notebook in submission.notebooks}
    by_name[name].late_submission_penalty = float(result.penalty)
    for question in result.questions:
        grade = book.find_grade(cells[question.name], name, name, result.student)
        note = _write_grade(grade, question)
        notes += [f"{result.student}, {question.name}: {note}"] if note else []
        try:
            comment = book.find_comment(question.name, name, name, result.student)
        except MissingEntry:
            continue
        comment.auto_comment = as_code(shorten(explain_question(question))) or None
        if question.manual and question.comment:
            comment.manual_comment = clean(question.comment)
    book.db.commit()
    return notes


def _write_grade(grade, question):
    """Write the points of one question; return a sentence about a mark given in nbgrader."""
    points, by_hand = float(question.points), grade.manual_score
    if question.status in (AWAITING, FAILED):
        grade.auto_score = None
        grade.needs_manual_grade = by_hand is None
        return None if by_hand is None else f"nbgrader's {in_points(by_hand)} points are kept"
    if question.manual:
        grade.auto_score, grade.manual_score, grade.needs_manual_grade = None, points, False
        replaced = by_hand is not None and by_hand != points
        return f"nbgrader's {in_points(by_hand)} points are replaced" if replaced else None
    grade.auto_score, grade.needs_manual_grade = points, by_hand is not None
    if by_hand is None:
        return None
    return f"nbgrader's {in_points(by_hand)} points are kept; here it has {in_points(points)}"
