"""grades.csv: one row for every student on the roster, whole at every moment."""

from coursework.files import write_csv
from coursework.grader.output.wording import explain, in_points
from coursework.grader.sanitize import one_line, safe_cell, shorten

NOT_YET = "not marked yet"
COLUMNS = (
    "total", "out_of", "status", "reason", "seconds", "file", "submitted", "late_hours",
    "penalty", "seed", "variant",
)  # fmt: skip


def write_grades(path, students, graded, assignment):
    """Write the row of each student; `graded` holds the results so far, by student."""
    names = [question.name for question in assignment.questions]
    columns = ["student", "name", *names, *COLUMNS]
    rows = [columns]
    for student in students:
        if result := graded.get(student.student):
            cells = _make_cells(result)
        else:
            cells = {"out_of": in_points(assignment.out_of), "status": NOT_YET}
        cells |= {"student": student.student, "name": safe_cell(one_line(student.name))}
        rows.append([cells.get(column, "") for column in columns])
    write_csv(path, rows, end="\n")


def _make_cells(result):
    points = {question.name: in_points(question.points) for question in result.questions}
    return points | {
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
