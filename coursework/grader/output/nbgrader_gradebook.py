"""Marks on their way into nbgrader's gradebook, through nbgrader's own API.

A gradebook that ``nbgrader generate_assignment`` made has its cells already, named by their
``grade_id``. In the masters, an answer in code is the cell ``softmax``, and the visible check below
it, which carries the points, is ``softmax-check``; an answer in words is one cell with answer and
points. So the points of a question go to the cell with points that has its name, with or without
``check`` or ``test`` around it, and what is said of an answer goes to the cell of the answer.

Nothing needs to be undone if this is interrupted: run it again.
"""

import contextlib
import os
import re
import sysconfig
import warnings
from collections.abc import Collection
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy.exc import DatabaseError, SAWarning

from coursework.grader.inbox.roster import Student
from coursework.grader.model import AWAITING, FAILED, MISSING, Assignment, GraderError, Result
from coursework.grader.output.render import as_code
from coursework.grader.output.wording import explain_question, in_points
from coursework.grader.sanitize import clean, one_line, safe_cell, shorten


def write_gradebook(
    results: Collection[Result],
    assignment: Assignment,
    db_path: Path,
    roster: Collection[Student] = (),
) -> list[str]:
    """Write the marks into a gradebook, and return sentences on marks given in nbgrader.

    The gradebook is made where there is none, and to write the same marks twice changes nothing.
    ``nbgrader export`` then gives each student `Result.total`: the points, less the penalty for
    lateness. Students who handed in nothing get no submission, which nbgrader exports as 0. Of
    the names and addresses of `roster`, those that the gradebook has already stay.

    Marks that a teacher gave by hand in nbgrader to an answer in code stay, and are flagged for
    a look, as nbgrader's autograder does it; so do those to an answer in words that still
    awaits its marks here. Marks of answers in words that were merged here replace them.
    """
    students = {student.student: student for student in roster}
    path = db_path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    # nbgrader starts `alembic` by name, also where the virtual environment was not activated.
    os.environ["PATH"] = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ.get('PATH', '')}"
    notes: list[str] = []
    try:
        with warnings.catch_warnings(), Gradebook(f"sqlite:///{path}") as book:
            # nbgrader's own queries make SQLAlchemy warn at each new submission.
            warnings.simplefilter("ignore", SAWarning)
            cells = _prepare(book, assignment)
            for result in results:
                _write_student(book, students.get(result.student, Student(result.student)))
                notes += _write_result(book, result, assignment.name, cells)
    except DatabaseError as error:
        raise GraderError(
            f"{path.name} cannot be used as a gradebook ({error.orig}): if another version of "
            "nbgrader made it, make a copy and run `nbgrader db upgrade`"
        ) from None
    return notes


def _prepare(book, assignment):
    """Return the name of the cell with the points of each question; make what is not there."""
    name = assignment.name
    notebooks = [notebook.name for notebook in book.update_or_create_assignment(name).notebooks]
    if not notebooks:
        _make_notebook(book, assignment)
    elif name not in notebooks:
        raise GraderError(
            f"the gradebook's {name} has the notebooks {', '.join(notebooks)}, but none called "
            f"{name}"
        )
    return _match(book.find_notebook(name, name).grade_cells, assignment)


def _make_notebook(book, assignment):
    name = assignment.name
    book.add_notebook(name, name)
    for question in assignment.questions:
        cell, kind = f"{question.name}-check", "code"
        if question.manual_points:
            cell, kind = question.name, "markdown"
        points = float(question.out_of)
        book.add_grade_cell(cell, name, name, max_score=points, cell_type=kind)
        book.add_solution_cell(question.name, name, name)


def _match(grade_cells, assignment):
    points = {question.name: question.out_of for question in assignment.questions}
    found, problems = {}, []
    for cell in grade_cells:
        plain = re.sub(r"^(check|test)s?[-_]|[-_](check|test)s?$", "", cell.name)
        name = cell.name if cell.name in points else plain
        if name not in points or name in found:
            problems.append(f"{cell.name} belongs to no question, or to one with another cell")
        elif cell.max_score != points[name]:
            there, due = in_points(cell.max_score), in_points(points[name])
            problems.append(f"{cell.name} has {there} points, and {name} has {due}")
        found[name] = cell.name
    absent = [name for name in points if name not in found]
    problems += [f"{name} needs one cell with points, and has no cell" for name in absent]
    if problems:
        raise GraderError(
            f"the gradebook's cells of {assignment.name} do not fit its questions: "
            f"{'; '.join(problems)}. Generate the assignment in the same variant, or write into "
            "a new gradebook"
        )
    return found


def _write_student(book, student):
    """Put a student into the gradebook; what it has of a student's name stays."""
    if "," in student.name:  # as in "Doe, Jane"
        last, _, first = student.name.partition(",")
    else:
        first, _, last = student.name.strip().rpartition(" ")
    # nbgrader writes its CSV without quotation marks, so a comma would shift the columns.
    known = {
        key: safe_cell(one_line(text.replace(",", " ")))
        for key, text in {"first_name": first, "last_name": last, "email": student.email}.items()
    }
    there = book.update_or_create_student(student.student)
    new = {key: text for key, text in known.items() if text and not getattr(there, key)}
    book.update_or_create_student(student.student, **new)


def _write_result(book, result, name, cells):
    """Write one student's marks; return what is worth telling."""
    try:
        book.find_submission(name, result.student)
    except MissingEntry:
        if result.status == MISSING:
            return []
    book.update_or_create_submission(name, result.student, timestamp=result.submitted or None)
    notebook = book.find_submission_notebook(name, name, result.student)
    notebook.late_submission_penalty = float(result.penalty)
    notes = []
    for question in result.questions:
        grade = book.find_grade(cells[question.name], name, name, result.student)
        if note := _write_grade(grade, question):
            notes.append(f"{result.student}, {question.name}: {note}")
        with contextlib.suppress(MissingEntry):  # where the notebook has no cell for the answer
            comment = book.find_comment(question.name, name, name, result.student)
            comment.auto_comment = as_code(shorten(explain_question(question))) or None
            if question.manual and question.comment:
                comment.manual_comment = clean(question.comment)
    book.db.commit()
    return notes


def _write_grade(grade, question):
    """Write the points of one question; return a sentence about a mark given in nbgrader."""
    points, by_hand = float(question.points), grade.manual_score
    if question.status in (AWAITING, FAILED):
        grade.auto_score, grade.needs_manual_grade = None, by_hand is None
        note = "are kept"
    elif not question.manual:
        grade.auto_score, grade.needs_manual_grade = points, by_hand is not None
        note = f"are kept; here it has {in_points(points)}"
    else:
        grade.auto_score, grade.manual_score, grade.needs_manual_grade = None, points, False
        note = "are replaced" if by_hand != points else ""
    if by_hand is None or not note:
        return ""
    return f"nbgrader's {in_points(by_hand)} points {note}"
