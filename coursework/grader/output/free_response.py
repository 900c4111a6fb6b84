"""Answers in words: exported to be marked by hand, and merged back.

The marks travel in a CSV, because every teacher has a spreadsheet. It comes back as the
spreadsheet saves it: with semicolons, decimal commas or other line ends.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from coursework.files import write_atomically, write_csv
from coursework.grader.inbox.csv_reader import read_csv
from coursework.grader.model import (
    AWAITING,
    LONGEST_ANSWER,
    OK,
    Cause,
    GraderError,
    Reason,
    Result,
)
from coursework.grader.output.html import render
from coursework.grader.output.wording import explain_question, in_points, say
from coursework.grader.sanitize import clean, plain_cell, safe_cell

COLUMNS = ("student", "question", "out_of", "answer", "points", "comment")
READ = ("student", "question", "points", "comment")  # when they come back
UNWRITTEN = Reason(Cause.UNWRITTEN)
KEY_LETTERS = "bcdfghjkmnpqrstvwxz"  # no vowels: no words, no numbers, nothing like TRUE
KEY_LENGTH = 8


class AnswersError(GraderError):
    """Marks that cannot be merged; the message names every bad row."""


def export_answers(results: Sequence[Result], path, *, anonymous: bool = True) -> int:
    """Write the answers to a CSV to be marked, and to an HTML sheet beside it to be read.

    The columns are student, question, out_of, answer, points and comment. Rows go question by
    question, so that all answers to one question are marked in one go. An answer that is not
    there has 0 points and the comment "nothing was written" already; marks that were merged
    before are there as well. Questions that nobody can mark, such as those of a student who
    handed in nothing, are left out.

    Parameters
    ----------
    results : sequence of Result
    path : path-like
        Of the CSV. The sheet has the same name and ends in ``.html``.
    anonymous : bool
        Write a key of eight letters instead of each student's name, and sort by it. The
        person who marks does not see whose answer it is; `merge_answers` knows the keys.

    Returns
    -------
    int
        The number of answers that still await marks.
    """
    rows = [
        (question, _make_key(result) if anonymous else result.student)
        for result in results
        for question in result.questions
        if question.manual and question.status in (OK, AWAITING)
    ]
    names = list(dict.fromkeys(question.name for question, _ in rows))
    rows.sort(key=lambda row: (names.index(row[0].name), row[1]))
    path = Path(path)
    # The byte order mark tells Excel that the file is UTF-8.
    write_csv(path, [COLUMNS, *(_make_row(*row) for row in rows)], encoding="utf-8-sig")
    sheet = render(
        "answers.html",
        rows=[(question, who, clean(question.answer)) for question, who in rows],
        in_points=in_points,
        csv_name=path.name,
        anonymous=anonymous,
    )
    write_atomically(path.with_suffix(".html"), sheet)
    return sum(question.status == AWAITING for question, _ in rows)


def _make_row(question, who):
    answer = safe_cell(clean(question.answer)[:LONGEST_ANSWER])
    points = in_points(question.points) if question.status == OK else ""
    comment = question.comment or (say(UNWRITTEN) if UNWRITTEN in question.reasons else "")
    cells = (safe_cell(who), question.name, in_points(question.out_of), answer, points)
    return [*cells, safe_cell(comment)]


def _make_key(result):
    """Return a key that does not show the student's name, nor depend on the other students."""
    text = f"{result.seed}\0{result.assignment}\0{result.student}"
    number = int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest())
    letters = []
    for _ in range(KEY_LENGTH):
        number, letter = divmod(number, len(KEY_LETTERS))
        letters.append(KEY_LETTERS[letter])
    return "".join(letters)


def merge_answers(results: Sequence[Result], path) -> list[Result]:
    """Return the results with the marks of a CSV that `export_answers` wrote.

    Rows without points change nothing. Points may be written as 7.5 or 7,5. Only the columns
    student, question, points and comment count. `csv_reader.read_csv` says which files are read.

    Raises
    ------
    CsvError
        Where the file cannot be read, or does not have these columns.
    AnswersError
        Where any row is bad: a student or a question that does not
        exist, a question that is not marked by hand, a row that is there twice, points that
        are no number, below 0 or above what the question is worth, no points without a
        comment. Names every bad row; nothing is merged then.
    """
    students = _find_students(results)
    marks: dict[str, dict] = {result.student: {} for result in results}
    problems = []
    for number, cells in read_csv(path, READ, READ):
        row = {name: plain_cell(cell) for name, cell in cells.items()}
        try:
            student, question, mark = _read_mark(row, students)
            if question in marks[student]:
                raise AnswersError("this answer has its marks in an earlier row already")
        except AnswersError as error:
            problems.append(f"row {number} ({row['student']}, {row['question']}): {error}")
            continue
        marks[student][question] = mark
    if problems:
        count = f"{len(problems)} bad row{'s' if len(problems) > 1 else ''}"
        raise AnswersError("\n".join([f"{path}: {count}, so nothing was merged", *problems]))
    return [result.marked_by_hand(marks[result.student]) for result in results]


def _find_students(results):
    """Return the results by the student's name and by the key that stands for it."""
    students = {_make_key(result): result for result in results}
    if len(students) < len(results):
        raise AnswersError("two students have the same key; export the answers with --names")
    return students | {result.student: result for result in results}


def _read_mark(row, students):
    """Return student and question of one row, and (points, comment) or None."""
    result = students.get(row["student"])
    if result is None:
        raise AnswersError(
            "there is no such student or key (spreadsheets drop zeros in front of a number)"
        )
    questions = {question.name: question for question in result.questions}
    question = questions.get(row["question"])
    if question is None:
        raise AnswersError(f"there is no such question; there are: {', '.join(questions)}")
    if not question.manual:
        raise AnswersError("this question is not marked by hand")
    if not row["points"]:
        return result.student, question.name, None
    if question.status not in (OK, AWAITING):
        why = explain_question(question) or question.status
        raise AnswersError(f"there is no answer to mark: {why}")
    points = _read_points(row["points"], question.out_of)
    if points == 0 and not row["comment"]:
        raise AnswersError("0 points need a comment, so that the student knows why")
    return result.student, question.name, (points, row["comment"])


def _read_points(text, out_of):
    # Not float() alone, which takes "nan", "1e3" and "1_0" too.
    if not re.fullmatch(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)", text):
        raise AnswersError(f"{text!r} is not a number of points")
    points = float(text.replace(",", "."))
    if not 0 <= points <= out_of:
        raise AnswersError(f"{text} points; allowed are 0 to {in_points(out_of)}")
    return points
