"""Marks on their way to Canvas and Moodle, as CSV files.

What their manuals leave open was read in their sources:

Canvas (https://github.com/instructure/canvas-lms: `lib/gradebook_importer.rb`, and
`ui/features/gradebook_uploads/jquery/process_gradebook_upload.js`)
    The columns are those of its own export. A student is found by ID, else by SIS User ID, else by
    SIS Login ID. A column is an assignment's by its title, or by title and number as in
    "Homework 1 (4711)"; any other becomes a new assignment.
Moodle (https://github.com/moodle/moodle: `grade/import/csv/classes/load_data.php`)
    The teacher says which column is which. A student that it does not know ends the import, and a
    row with no address would go to the student of the row before.

In both, a blank empties the grade. To leave a student's mark as it is, leave out the row.
"""

import html
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from coursework.files import write_csv
from coursework.grader.inbox.csv_reader import read_former
from coursework.grader.inbox.roster import Student
from coursework.grader.model import FAILED, MISSING, GraderError, Result
from coursework.grader.output.wording import explain, explain_question, in_points, in_score
from coursework.grader.sanitize import one_line, safe_cell, shorten

# The systems, and the column of the roster that each usually knows students by.
SYSTEMS = {"canvas": "student", "moodle": "email"}
# Canvas skips every column whose title has one of these in it.
CANVAS_TOTALS = re.compile(r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")
# The other columns of Canvas's own exports, by the names that it knows them by in all files.
CANVAS_COLUMNS = {
    "student", "student name", "student id", "id", "sis user id", "sis login id",
    "integration id", "root account", "section", "group", "notes",
}  # fmt: skip
LONGEST_FEEDBACK = 4000  # characters


def write_marks(
    system: str,
    results: Sequence[Result],
    roster: Sequence[Student],
    path: Path,
    title: str,
    by: str | None = None,
    missing: str = "zero",
) -> int:
    """Write the marks for one of `SYSTEMS`, and return the number of students in the file.

    `by` is the column of the roster, "student" or "email", that the system knows students by.
    Those with whom the grader failed are left out; with `missing` "omit", so are those who handed
    in nothing, for whom the system then keeps what it has.
    """
    by = by or SYSTEMS[system]
    title = one_line(title)
    marks = _match(results, roster, by, {FAILED, MISSING} if missing == "omit" else {FAILED})
    if system == "canvas":
        rows = _make_canvas_rows(title, marks, results[0].out_of)
    else:
        rows = _make_moodle_rows(title, marks, by)
    read_former(path, [name.lower() for name in rows[0][:-2]])  # those before the title
    # No byte order mark: Ruby's CSV, by which Canvas reads this, takes it for part of the heading.
    write_csv(path, rows)
    return len(marks)


def _match(results, roster, by, left_out):
    """Return student, login there and result, in the order of the roster, but for some states."""
    by_student = {result.student: result for result in results}
    on_roster = {student.student for student in roster}
    unmarked, unknown = on_roster - by_student.keys(), by_student.keys() - on_roster
    if unmarked:
        raise GraderError(f"no marks for {', '.join(sorted(unmarked))}: grade them first")
    if unknown:
        raise GraderError(f"not on the roster: {', '.join(sorted(unknown))}")
    rows = [(row, one_line(getattr(row, by)), by_student[row.student]) for row in roster]
    marks = [row for row in rows if row[-1].status not in left_out]
    without = [student.student for student, login, _ in marks if not login]
    if without:
        raise GraderError(f"the roster has no {by} for {', '.join(without)}")
    times = Counter(login for _, login, _ in marks)
    twice = sorted(login for login in times if times[login] > 1)
    if twice:
        raise GraderError(f"the roster has the same {by} twice: {', '.join(twice)}")
    return marks


def _make_canvas_rows(title, marks, out_of):
    if CANVAS_TOTALS.search(title):
        raise GraderError(
            f"Canvas takes a column called {title!r} for one of its totals and skips it; "
            "choose another title"
        )
    if title.lower() in CANVAS_COLUMNS:
        raise GraderError(
            f"Canvas has its own column {title!r}, and would take the marks for what is in "
            "it; choose another title"
        )
    rows = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", safe_cell(title)],
        ["    Points Possible", "", "", "", "", in_points(out_of)],
    ]
    for student, login, result in marks:
        name = one_line(student.name or student.student)
        if "Points Possible" in name:
            raise GraderError(f"Canvas does not take {name!r} for a student's name")
        rows.append([safe_cell(name), "", "", safe_cell(login), "", in_points(result.total)])
    return rows


def _make_moodle_rows(title, marks, by):
    heading = "Email address" if by == "email" else "ID number"
    if title.lower() == heading.lower():
        raise GraderError(f"the first column is called {heading!r}; choose another title")
    rows = [[heading, safe_cell(title), safe_cell(f"Feedback: {title}")]]
    for _, login, result in marks:
        rows.append([safe_cell(login), in_points(result.total), _make_feedback(result)])
    return rows


def _make_feedback(result):
    lines = [f"{in_points(result.total)} of {in_points(result.out_of)} points."]
    if result.penalty:
        lines.append(f"Late: {in_points(result.penalty)} points were taken off.")
    if result.status == MISSING:
        lines.append(explain(result))
    else:
        for question in result.questions:
            words = shorten(one_line(question.comment) or explain_question(question), 300)
            lines.append(f"{question.name}: {in_score(question)}. {words}".rstrip())
    if result.note:
        lines.append(f"About your files: {shorten(one_line(result.note), 300)}.")
    # Moodle takes imported feedback for text that may hold HTML (FORMAT_MOODLE in
    # ``lib/grade/grade_item.php``). Made safe for a cell last: the semicolon of an entity is a
    # separator as well.
    return safe_cell(html.escape(shorten("\n".join(lines), LONGEST_FEEDBACK), quote=False))
