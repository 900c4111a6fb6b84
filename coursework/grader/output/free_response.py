"""Answers in words: exported to be marked by hand, and merged back.

The marks travel in a CSV, because every teacher has a spreadsheet. It comes back as the
spreadsheet saves it: with semicolons, decimal commas or other line ends.
"""

import hashlib
import re
from collections.abc import Collection
from pathlib import Path

from coursework.files import write_atomically, write_csv
from coursework.grader.inbox.csv_reader import read_csv, read_former
from coursework.grader.model import AWAITING, LONGEST_ANSWER, OK, Cause, GraderError, Reason, Result
from coursework.grader.output.render import render
from coursework.grader.output.wording import explain_question, in_points, in_units
from coursework.grader.sanitize import clean, plain_cell, safe_cell

COLUMNS = ("student", "question", "fingerprint", "out_of", "answer", "points", "comment")
READ = ("student", "question", "fingerprint", "points", "comment")  # when they come back
UNWRITTEN = Reason(Cause.UNWRITTEN)
KEY_LETTERS = "bcdfghjkmnpqrstvwxz"  # no vowels: no words, no numbers, nothing like TRUE
KEY_LENGTH = 8


def export_answers(results: Collection[Result], path: Path, *, anonymous: bool = True) -> int:
    """Write the answers to a CSV to be marked, and to an HTML sheet beside it to be read.

    Returns the number of answers that still await marks. The rows go question by question, so
    that all answers to one are marked in one go. With `anonymous`, a key stands for each student,
    and the rows are sorted by it. Left out are questions that nobody can mark, such as those of
    a student who handed in nothing. A file is not written over where marks in it would be lost.
    """
    if not any(question.manual for result in results for question in result.questions):
        raise GraderError("this assignment has no free-response question")
    rows = [
        (question, _make_key(result) if anonymous else result.student)
        for result in results
        for question in result.questions
        if question.manual and question.status in (OK, AWAITING)
    ]
    names = list(dict.fromkeys(question.name for question, _ in rows))
    rows.sort(key=lambda row: (names.index(row[0].name), row[1]))
    table = [_make_row(*row) for row in rows]
    if lost := _count_lost(path, table):
        raise GraderError(
            f"--out {path} has {in_units(lost, 'mark')} that would be lost: merge the file first, "
            "or choose another --out"
        )
    # The byte order mark tells Excel that the file is UTF-8.
    write_csv(path, [COLUMNS, *table], encoding="utf-8-sig")
    sheet = render("answers.html", rows=rows, csv_name=path.name, anonymous=anonymous)
    write_atomically(path.with_suffix(".html"), sheet)
    return sum(question.status == AWAITING for question, _ in rows)


def _count_lost(path, table):
    """Return how many marks or comments a file has that are not in the table that replaces it."""
    kept = [[row[COLUMNS.index(name)] for name in READ] for row in table]
    found = [row | {"points": row["points"].replace(",", ".")} for row in read_former(path, READ)]
    return sum(
        bool(row["points"] or row["comment"]) and list(row.values()) not in kept for row in found
    )


def _make_row(question, who):
    """Return the cells of an answer; one that was marked has its points."""
    answer = clean(question.answer)[:LONGEST_ANSWER]
    marked = question.status == OK and UNWRITTEN not in question.reasons
    points = in_points(question.points) if marked else ""
    fingerprint, out_of = _make_letters(question.answer), in_points(question.out_of)
    cells = (who, question.name, fingerprint, out_of, answer, points, question.comment)
    return [safe_cell(cell) for cell in cells]


def _make_key(result):
    """Return a key that does not show the student's name, nor depend on the other students."""
    return _make_letters(f"{result.seed}\0{result.assignment}\0{result.student}")


def _make_letters(text):
    """Return a few letters that another text hardly ever has."""
    number = int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest())
    letters = []
    for _ in range(KEY_LENGTH):
        number, letter = divmod(number, len(KEY_LETTERS))
        letters.append(KEY_LETTERS[letter])
    return "".join(letters)


def read_marks(results: Collection[Result], path: Path) -> dict[str, dict]:
    """Return the marks of a CSV that `export_answers` wrote, for `WorkFolder.add_manual`.

    Rows without points change nothing. If any row is bad, a `GraderError` names every such row,
    and nothing is merged.
    """
    students = {_make_key(result): result for result in results}
    if len(students) < len(results):
        raise GraderError("two students have the same key; export the answers with --names")
    students |= {result.student: result for result in results}
    marks: dict[str, dict] = {result.student: {} for result in results}
    problems = []
    for number, cells in read_csv(path, READ, READ):
        row = {name: plain_cell(cell) for name, cell in cells.items()}
        try:
            student, mark = _read_mark(row, students)
            if row["question"] in marks[student]:
                raise GraderError("this answer has its marks in an earlier row already")
            marks[student][row["question"]] = mark
        except GraderError as error:
            problems.append(f"row {number} ({row['student']}, {row['question']}): {error}")
    if problems:
        count = in_units(len(problems), "bad row")
        raise GraderError("\n".join([f"{path}: {count}, so nothing was merged", *problems]))
    return {
        student: {name: mark for name, mark in given.items() if mark}
        for student, given in marks.items()
    }


def _read_mark(row, students):
    """Return the student of one row, and (points, comment) or None."""
    result = students.get(row["student"])
    if result is None:
        raise GraderError(
            "there is no such student or key (spreadsheets drop zeros in front of a number)"
        )
    questions = {question.name: question for question in result.questions}
    question = questions.get(row["question"])
    if question is None:
        raise GraderError(f"there is no such question; there are: {', '.join(questions)}")
    if not question.manual:
        raise GraderError("this question is not marked by hand")
    if not row["points"]:
        return result.student, None
    if question.status not in (OK, AWAITING):
        raise GraderError(f"there is no answer to mark: {explain_question(question)}")
    if row["fingerprint"] != _make_letters(question.answer):
        raise GraderError(
            "this student has handed in another answer since the export: clear the points of this "
            "row, merge, and export the answers again"
        )
    points = _read_points(row["points"], question.out_of)
    if points == 0 and not row["comment"]:
        raise GraderError("0 points need a comment, so that the student knows why")
    return result.student, (points, row["comment"])


def _read_points(text, out_of):
    # Not float() alone, which takes "nan", "1e3" and "1_0" too.
    if not re.fullmatch(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)", text):
        raise GraderError(f"{text!r} is not a number of points (a date? format the column as text)")
    points = float(text.replace(",", "."))
    if not 0 <= points <= out_of:
        raise GraderError(f"{text} points; allowed are 0 to {in_points(out_of)}")
    return points
