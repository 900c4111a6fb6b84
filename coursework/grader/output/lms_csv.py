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

import html
import re
from collections.abc import Sequence

from coursework.files import write_csv
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


def write_marks(
    system: str,
    results: Sequence[Result],
    roster: Sequence[Student],
    path,
    *,
    title: str | None = None,
    by: str | None = None,
    missing: str = "zero",
    allow_awaiting: bool = False,
) -> int:
    """Write the marks as a CSV for Canvas (Grades, Import) or Moodle (Grades, Import, CSV file).

    For Moodle the columns are "Email address" (or "ID number"), the title, and "Feedback:
    <title>". On the page of the import, map the first to the user's e-mail address (or ID
    number), the second to the grade item, the third to its feedback.

    Parameters
    ----------
    system : str
        One of `SYSTEMS`.
    results : sequence of Result
    roster : sequence of Student
        The rows, in this order.
    path : path-like
    title : str, optional
        The heading of the column with the marks; by default the title of the assignment. Canvas
        finds an assignment that it has already by its title, or by its title and number as in
        its own export, such as "Homework 1 (4711)".
    by : str, optional
        What the system knows students by, a column of the roster: "student" or "email". By
        default Canvas's logins (SIS Login ID) are in "student", and Moodle has the addresses;
        there "student" is an ID number (or a user name, if you map it so). Upper and lower case
        count.
    missing : str
        Students who handed in nothing have 0 points ("zero"), or are left out, so that the
        system keeps what it has ("omit").
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
        For marks that are not final, a student who is not both in `results` and in `roster`, a
        login, an address or a name that the system would not take for a student's, or a title
        that it uses for another column.
    """
    make_rows, usual = SYSTEMS[system]
    by = by or usual
    pairs = _choose(results, roster, missing, allow_awaiting)
    first = results[0]
    title = one_line(title or load_assignment(first.assignment, dict(first.parameters)).title)
    names = _identify([student for student, _ in pairs], by)
    # No byte order mark: Ruby's CSV, by which Canvas reads this, takes it for part of the heading.
    write_csv(path, make_rows(title, by, names, pairs, first.out_of))
    return len(pairs)


def _make_canvas_rows(title, _by, logins, pairs, out_of):
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
    rows = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", safe_cell(title)],
        ["    Points Possible", "", "", "", "", in_points(out_of)],
    ]
    for (student, result), login in zip(pairs, logins, strict=True):
        shown = one_line(student.name or student.student)
        if "Points Possible" in shown:
            raise ExportError(f"Canvas does not take {shown!r} for a student's name")
        rows.append([safe_cell(shown), "", "", safe_cell(login), "", in_points(result.total)])
    return rows


def _make_moodle_rows(title, by, names, pairs, _out_of):
    heading = "Email address" if by == "email" else "ID number"
    if title.lower() == heading.lower():
        raise ExportError(f"the first column is called {heading!r}; choose another title")
    rows = [[heading, *map(safe_cell, (title, f"Feedback: {title}"))]]
    return rows + [
        [safe_cell(name), in_points(result.total), _feedback(result)]
        for (_, result), name in zip(pairs, names, strict=True)
    ]


# The systems, and the column of the roster that each knows students by.
SYSTEMS = {"canvas": (_make_canvas_rows, "student"), "moodle": (_make_moodle_rows, "email")}


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
    names = [one_line(getattr(student, column)) for student in students]
    without = [s.student for s, name in zip(students, names, strict=True) if not name]
    if without:
        raise ExportError(f"the roster has no {column} for {', '.join(without)}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ExportError(f"the roster has the same {column} twice: {', '.join(twice)}")
    return names
