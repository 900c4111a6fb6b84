"""grades.csv: one row for every student on the roster, whole at every moment."""

from __future__ import annotations

from coursework.files import write_csv
from coursework.grader.output.wording import explain, in_points
from coursework.grader.sanitize import one_line, safe_cell, shorten

NOT_YET = "not marked yet"
BEFORE = ("student", "name")
AFTER = (
    "total",
    "out_of",
    "status",
    "reason",
    "seconds",
    "file",
    "submitted",
    "late_hours",
    "penalty",
    "seed",
    "variant",
)


def write_grades(path, students, graded, assignment):
    """Write the marks of a class.

    Parameters
    ----------
    path : path-like
        Written aside and renamed: a reader sees the old one or the new one.
    students : list of Student
        The rows, in this order.
    graded : mapping of str to Result
        By student. The others have a row without marks and the status "not marked yet".
    assignment : Assignment
    """
    names = [question.name for question in assignment.questions]
    rows = [[*BEFORE, *names, *AFTER]]
    for student in students:
        row = _make_row(graded.get(student.student), names, assignment)
        rows.append([student.student, safe_cell(one_line(student.name)), *row])
    write_csv(path, rows, end="\n")


def _make_row(result, names, assignment):
    """Return the cells after the student's name."""
    if result is None:
        empty = {"out_of": in_points(assignment.out_of), "status": NOT_YET}
        return [""] * len(names) + [empty.get(column, "") for column in AFTER]
    points = {question.name: question.points for question in result.questions}
    cells = {
        "total": in_points(result.total),
        "out_of": in_points(result.out_of),
        "status": result.status,
        "reason": safe_cell(shorten(explain(result))),
        "seconds": f"{result.seconds:.2f}",
        "file": safe_cell(one_line(result.file)),
        "submitted": result.submitted,
        "late_hours": f"{result.late_hours:.2f}",
        "penalty": in_points(result.penalty),
        "seed": result.seed,
        "variant": " ".join(f"{name}={value}" for name, value in result.parameters.items()),
    }
    marks = [in_points(points[name]) if name in points else "" for name in names]
    return marks + [cells[column] for column in AFTER]
