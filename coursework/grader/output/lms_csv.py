"""Marks on their way to Canvas and Moodle. For nbgrader see `gradebook`.

Both take a CSV. What they make of it is not all in their manuals, so it was read in their
sources as well:

Canvas
    `lib/gradebook_importer.rb` and `ui/features/gradebook_uploads/jquery/
    process_gradebook_upload.js` in https://github.com/instructure/canvas-lms. The columns are
    those of Canvas's own export: Student, ID, SIS User ID, SIS Login ID, Section, and one for
    each assignment; the second row begins with "Points Possible". A student is found by ID,
    else by SIS User ID, else by SIS Login ID, else by name. A column whose title Canvas does
    not know becomes a new assignment. See also
    https://teaching.resources.osu.edu/toolsets/carmencanvas/guides/calculating-final-grades/import-csv-file-carmen-grades
Moodle
    https://docs.moodle.org/311/en/Grade_import and `grade/import/csv/classes/load_data.php` in
    https://github.com/moodle/moodle. The columns may have any names; the teacher says on the
    page of the import which is which. Grade and feedback must both be mapped, or else the
    grades are lost. A student that Moodle does not know ends the import, and a row with no
    address would go to the student of the row before.

In both, a blank does not leave a mark as it is: Canvas sends it as a change to an empty
grade, and Moodle stores that there is no grade. To leave a student's mark, leave out the row.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Sequence

from coursework.files import write_atomically
from coursework.grader.inbox.roster import Student
from coursework.grader.model import AWAITING, FAILED, MISSING, Result, load_assignment
from coursework.grader.output.final import ExportError, check_final
from coursework.grader.output.wording import explain, explain_question, in_points
from coursework.grader.sanitize import one_line, safe_cell, shorten

# Canvas skips every column whose title has one of these in it.
CANVAS_TOTALS = re.compile(r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")
# The other columns of Canvas's own exports, by the names that it knows them by in all files.
CANVAS_COLUMNS = {
    "student", "student name", "student id", "id", "sis user id", "sis login id",
    "integration id", "root account", "section", "group", "notes",
}  # fmt: skip
LONGEST_FEEDBACK = 4000  # characters


def write_canvas(
    results: Sequence[Result],
    roster: Sequence[Student],
    path,
    *,
    title: str | None = None,
    login: str = "student",
    missing: str = "zero",
    allow_awaiting: bool = False,
) -> int:
    """Write the marks as a CSV for Canvas: Grades, Import.

    Parameters
    ----------
    results : sequence of Result
    roster : sequence of Student
        The rows, in this order.
    path : path-like
    title : str, optional
        The heading of the column with the marks. An assignment that is in Canvas already is
        found by its title there, or by its title and number as in Canvas's own export, such as
        "Homework 1 (4711)". By default the title of the assignment.
    login : str
        What students log in to Canvas with (their SIS Login ID): "student" or "email", a
        column of the roster.
    missing : str
        Students who handed in nothing have 0 points ("zero"), or are left out, so that Canvas
        keeps what it has ("omit").
    allow_awaiting : bool
        Export answers that await marks with the points so far, and leave out the students with
        whom the grader failed. By default either is an error.

    Returns
    -------
    int
        The number of students in the file.

    Raises
    ------
    ExportError
        For marks that are not final, a student who is not both in `results` and in `roster`,
        a login or a name that Canvas would not take for a student's, or a title that Canvas
        uses for another column.
    """
    pairs = _choose(results, roster, missing, allow_awaiting)
    title = one_line(title or _find_title(results))
    if CANVAS_TOTALS.search(title):
        raise ExportError(
            f"Canvas takes a column called {title!r} for one of its totals and skips it; "
            "choose another title"
        )
    if title.lower() in CANVAS_COLUMNS:
        raise ExportError(
            f"Canvas has its own column {title!r}, and would take the marks for what is in "
            "it; choose another title"
        )
    logins = _identify([student for student, _ in pairs], login)
    rows = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", safe_cell(title)],
        ["    Points Possible", "", "", "", "", in_points(results[0].out_of)],
    ]
    for (student, result), name in zip(pairs, logins, strict=True):
        shown = one_line(student.name or student.student)
        if "Points Possible" in shown:
            raise ExportError(f"Canvas does not take {shown!r} for a student's name")
        rows.append([safe_cell(shown), "", "", safe_cell(name), "", in_points(result.total)])
    # No byte order mark: Ruby's CSV, which reads this, would take it for a part of the heading.
    _write_csv(path, rows)
    return len(pairs)


def write_moodle(
    results: Sequence[Result],
    roster: Sequence[Student],
    path,
    *,
    title: str | None = None,
    identify: str = "email",
    missing: str = "zero",
    allow_awaiting: bool = False,
) -> int:
    """Write the marks as a CSV for Moodle: Grades, Import, CSV file.

    The columns are "Email address" (or "ID number"), the title, and "Feedback: <title>". On
    the page of the import, map the first to the user's e-mail address (or ID number), the
    second to the grade item, the third to its feedback.

    Parameters
    ----------
    results, roster, path, missing, allow_awaiting
        As in `write_canvas`. Students who handed in nothing have 0 points, and the feedback says
        why.
    title : str, optional
        The heading of the column with the marks; by default the title of the assignment.
    identify : str
        By what Moodle finds a student: "email", or "student" for an ID number (or a user name,
        if you map it so) that is in the roster's column ``student``. Upper and lower case
        count.

    Returns
    -------
    int
        The number of students in the file.

    Raises
    ------
    ExportError
        For marks that are not final, a student who is not both in `results` and in `roster`,
        an address that is missing or that two students share.
    """
    pairs = _choose(results, roster, missing, allow_awaiting)
    title = one_line(title or _find_title(results))
    names = _identify([student for student, _ in pairs], identify)
    heading = "Email address" if identify == "email" else "ID number"
    if title.lower() == heading.lower():
        raise ExportError(f"the first column is called {heading!r}; choose another title")
    rows = [[heading, *map(safe_cell, (title, f"Feedback: {title}"))]]
    rows += [
        [safe_cell(name), in_points(result.total), _feedback(result)]
        for (_, result), name in zip(pairs, names, strict=True)
    ]
    _write_csv(path, rows)
    return len(pairs)


def _feedback(result):
    """Return a short feedback.

    Moodle takes imported feedback for text that may hold HTML (FORMAT_MOODLE in
    ``lib/grade/grade_item.php``), so what comes from a student is escaped.
    """
    lines = [f"{in_points(result.total)} of {in_points(result.out_of)} points."]
    if result.penalty:
        lines.append(f"Late: {in_points(result.penalty)} points were taken off.")
    if result.status == MISSING:
        lines.append(explain(result) or "Nothing was handed in.")
    else:
        lines += [_line_on(question) for question in result.questions]
    if result.note:
        lines.append(f"About your files: {shorten(one_line(result.note), 300)}.")
    # Made safe last: the semicolon of an entity is a separator as well.
    return safe_cell(html.escape(shorten("\n".join(lines), LONGEST_FEEDBACK), quote=False))


def _line_on(question):
    points = f"{in_points(question.points)} of {in_points(question.out_of)}"
    if question.status == AWAITING:
        points = f"awaits marking, out of {in_points(question.out_of)}"
    words = one_line(question.comment) or explain_question(question)
    return f"{question.name}: {points}." + (f" {shorten(words, 300)}" if words else "")


def _choose(results, roster, missing, allow_awaiting):
    """Return pairs of a student and a result, in the order of the roster."""
    check_final(results, allow_awaiting=allow_awaiting)
    if missing not in ("zero", "omit"):
        raise ExportError(f"missing is {missing!r}; allowed are 'zero' and 'omit'")
    by_student = {result.student: result for result in results}
    on_roster = {student.student for student in roster}
    unmarked = [name for name in on_roster if name not in by_student]
    unknown = [name for name in by_student if name not in on_roster]
    if unmarked:
        raise ExportError(f"no marks for {', '.join(sorted(unmarked))}: grade them first")
    if unknown:
        raise ExportError(f"not on the roster: {', '.join(sorted(unknown))}")
    pairs = [(student, by_student[student.student]) for student in roster]
    left_out = {FAILED, MISSING} if missing == "omit" else {FAILED}
    return [(student, result) for student, result in pairs if result.status not in left_out]


def _identify(students, column):
    """Return what the other system knows each student by."""
    if column not in ("student", "email"):
        raise ExportError(f"students are identified by 'student' or 'email', not by {column!r}")
    names = [one_line(getattr(student, column)) for student in students]
    without = [s.student for s, name in zip(students, names, strict=True) if not name]
    if without:
        raise ExportError(f"the roster has no {column} for {', '.join(without)}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ExportError(f"the roster has the same {column} twice: {', '.join(twice)}")
    return names


def _find_title(results):
    return load_assignment(results[0].assignment, dict(results[0].parameters)).title


def _write_csv(path, rows):
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    write_atomically(path, file.getvalue())
