"""Answers in words: found, exported, marked in a spreadsheet, merged."""

import csv
import dataclasses
import io

import pytest
from bs4 import BeautifulSoup

from coursework.grader.model import AWAITING, MISSING, OK, GraderError
from coursework.grader.output.free_response import (
    COLUMNS,
    export_answers,
    read_marks,
)
from coursework.grader.output.wording import explain_question
from coursework.grader.sanitize import safe_cell
from tests.coursework.classes import read_table
from tests.coursework.sample_results import (
    ADVERSARIAL,
    make_coded,
    make_missing,
    make_result,
    make_words,
)

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    " =1",
    "＝1",
    "'=1",
    "''-1",
    "\r=cmd|' /C calc'!A1",
]


def make_class():
    return [
        make_result("ana", make_coded(), make_words("Both sets are right.")),
        make_result("ben", make_coded(), make_words('The second.\n\nIt is larger; see "W", b.')),
        make_result("cem", make_coded(), make_words("")),
        make_missing("dora"),
    ]


def fill_in(path, marks, *, delimiter=",", end="\r\n", encoding="utf-8-sig", comma=False):
    """Save a file as a spreadsheet does, with points and comments by the key of a student."""
    rows = read_table(path)
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    for row in rows:
        points, comment = marks.get(row["student"], (row["points"], row["comment"]))
        row.update(points=points.replace(".", ",") if comma else points, comment=comment)
        writer.writerow(row)
    path.write_bytes(out.getvalue().encode(encoding))


def merge_answers(results, path):
    """Return the results with the marks of a file."""
    marks = read_marks(results, path)

    def mark(result, question):
        given = marks[result.student].get(question.name)
        return question.marked_by_hand(*given) if given else question

    return [
        dataclasses.replace(result, questions=tuple(mark(result, q) for q in result.questions))
        for result in results
    ]


def write_rows(path, *rows):
    """Write rows of student, question, points and comment for the answers of the class."""
    export_answers(make_class(), path, anonymous=False)
    prints = {row["student"]: row["fingerprint"] for row in read_table(path)}
    lines = [f"{prints.get(row.partition(',')[0], prints['ana'])},{row}" for row in rows]
    path.write_text("\n".join(["fingerprint,student,question,points,comment", *lines]))


def words_of(results):
    return {result.student: result.questions[1] for result in results}


def test_export_lists_what_can_be_marked(tmp_path):
    path = tmp_path / "answers.csv"
    assert export_answers(make_class(), path, anonymous=False) == 2
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = read_table(path)
    assert list(rows[0]) == list(COLUMNS)
    assert [(row["student"], row["points"], row["comment"]) for row in rows] == [
        ("ana", "", ""),
        ("ben", "", ""),
        ("cem", "", ""),
    ]
    assert rows[1]["answer"] == 'The second.\n\nIt is larger; see "W", b.'
    assert {(row["question"], row["out_of"]) for row in rows} == {("templates", "10")}


def test_an_assignment_without_free_response_questions_has_no_answers(tmp_path):
    path = tmp_path / "answers.csv"
    with pytest.raises(GraderError, match="this assignment has no free-response question"):
        export_answers([make_result("ana", make_coded())], path)
    assert not path.exists()


def test_export_is_anonymous_unless_told(tmp_path):
    results = make_class()
    path = tmp_path / "answers.csv"
    export_answers(results, path)
    everything = path.read_text(encoding="utf-8") + path.with_suffix(".html").read_text("utf-8")
    assert not any(f"{result.student}," in everything for result in results)
    keys = [row["student"] for row in read_table(path)]
    assert len(set(keys)) == 3
    assert all(key.isalpha() for key in keys)
    # A student more changes nobody's key: a file that is out with a marker stays good.
    export_answers([make_result("aaron"), *make_class()], path)
    assert set(keys) < {row["student"] for row in read_table(path)}


def test_marks_that_are_not_merged_are_not_written_over(tmp_path):
    results, path = make_class(), tmp_path / "answers.csv"
    export_answers(results, path, anonymous=False)
    export_answers(results, path, anonymous=False)
    fill_in(path, {"ana": ("7.5", "Why?"), "ben": ("", "Later.")}, comma=True)
    before = path.read_bytes()
    with pytest.raises(GraderError, match=f"{path} has 2 marks that would be lost: merge"):
        export_answers(results, path, anonymous=False)
    assert path.read_bytes() == before
    fill_in(path, {"ben": ("", "")})
    export_answers(merge_answers(results, path), path, anonymous=False)
    assert read_table(path)[0]["comment"] == "Why?"


def test_questions_are_marked_one_after_the_other(tmp_path):
    results = [
        make_result(name, make_words("1", "second"), make_words("2", "first")) for name in "ab"
    ]
    path = tmp_path / "answers.csv"
    export_answers(results, path)
    assert [row["question"] for row in read_table(path)] == ["second", "second", "first", "first"]


@pytest.mark.parametrize("anonymous", [True, False])
@pytest.mark.parametrize(
    "saved",
    [
        {},
        {"delimiter": ";", "comma": True},
        {"delimiter": ";", "end": "\n", "encoding": "utf-8", "comma": True},
        {"delimiter": "\t", "encoding": "utf-16"},
        {"comma": True},
    ],
    ids=["as it was", "Excel, German", "LibreOffice", "Excel, Unicode text", "decimal comma"],
)
def test_marks_come_back_however_they_were_saved(tmp_path, anonymous, saved):
    results, path = make_class(), tmp_path / "answers.csv"
    export_answers(results, path, anonymous=anonymous)
    ana, ben = (
        next(row["student"] for row in read_table(path) if row["answer"].startswith(begin))
        for begin in ("Both", "The second")
    )
    fill_in(path, {ana: ("7.5", "Why? Schön; sonst."), ben: ("10", "")}, **saved)
    merged = merge_answers(results, path)
    words = words_of(merged)
    assert (words["ana"].points, words["ana"].status) == (7.5, OK)
    assert words["ana"].comment == explain_question(words["ana"]) == "Why? Schön; sonst."
    assert (words["ben"].points, words["ben"].status, words["ben"].reasons) == (10, OK, ())
    assert words["cem"] == make_words("")
    assert words["dora"].status == MISSING
    assert [result.status for result in merged] == [OK, OK, OK, MISSING]
    assert merged[0].total == 22.5
    assert words_of(results)["ana"].status == AWAITING  # those that came in are as they were


def test_blank_points_go_on_awaiting(tmp_path):
    results, path = make_class(), tmp_path / "answers.csv"
    export_answers(results, path, anonymous=False)
    fill_in(path, {"ana": ("", "later"), "ben": ("3", "")})
    merged = merge_answers(results, path)
    assert merged[0] == results[0]
    assert words_of(merged)["ben"].points == 3
    assert explain_question(words_of(merged)["ben"]) == "marked by hand, not all points"


@pytest.mark.parametrize("first", ["", "The first."])
def test_marks_of_another_answer_are_refused(tmp_path, first):
    path = tmp_path / "answers.csv"
    export_answers([make_result("ana", make_words(first))], path, anonymous=False)
    second = [make_result("ana", make_words("The second."))]
    assert merge_answers(second, path) == second  # nothing was marked yet
    fill_in(path, {"ana": ("7.5", "(b) is missing")})
    with pytest.raises(GraderError, match=r"row 2 \(ana, templates\): .* another answer since"):
        merge_answers(second, path)


def test_marks_can_be_changed_and_are_exported_again(tmp_path):
    results, path = make_class(), tmp_path / "answers.csv"
    export_answers(results, path, anonymous=False)
    fill_in(path, {"ana": ("3", "Short."), "ben": ("4", "")})
    results = merge_answers(results, path)
    assert export_answers(results, path, anonymous=False) == 0
    assert [(row["points"], row["comment"]) for row in read_table(path)][:2] == [
        ("3", "Short."),
        ("4", ""),
    ]
    assert merge_answers(results, path) == results
    fill_in(path, {"ana": ("5", "Better than I thought.")})
    assert words_of(merge_answers(results, path))["ana"].points == 5


BAD_ROWS = [
    ("zoe,templates,5,", "no such student"),
    ("ana,softmax,5,", "not marked by hand"),
    ("ana,template,5,", "no such question; there are: softmax, templates"),
    ("ana,templates,five,", "'five' is not a number"),
    ("ana,templates,07. Mai,", r"'07. Mai' is not a number of points (a date? format the column"),
    ("ana,templates,nan,", "'nan' is not a number"),
    ("ana,templates,1e1,", "'1e1' is not a number"),
    ("ana,templates,1_0,", "'1_0' is not a number"),
    ("ana,templates,50%,", "'50%' is not a number"),
    ("ana,templates,-1,", "-1 points; allowed are 0 to 10"),
    ("ana,templates,10.5,", "10.5 points; allowed are 0 to 10"),
    ("ana,templates,0,", "0 points need a comment"),
    ("dora,templates,5,", "no answer to mark: nothing was handed in"),
    (",templates,5,", "no such student"),
]


@pytest.mark.parametrize(("row", "words"), BAD_ROWS, ids=[row for row, _ in BAD_ROWS])
def test_a_bad_row_is_named(tmp_path, row, words):
    path = tmp_path / "answers.csv"
    write_rows(path, "ben,templates,5,fine", row)
    with pytest.raises(GraderError) as caught:
        merge_answers(make_class(), path)
    assert words in str(caught.value)
    assert "row 3" in str(caught.value)
    assert "row 2" not in str(caught.value)


def test_all_bad_rows_are_named_at_once(tmp_path):
    path = tmp_path / "answers.csv"
    rows = [row for row, _ in BAD_ROWS]
    write_rows(path, *rows)
    with pytest.raises(GraderError) as caught:
        merge_answers(make_class(), path)
    message = str(caught.value)
    assert f"{len(rows)} bad rows, so nothing was merged" in message
    assert all(f"row {number} " in message for number in range(2, len(rows) + 2))


def test_an_answer_cannot_be_marked_twice_not_even_by_name_and_key(tmp_path):
    results, path = make_class()[:1], tmp_path / "answers.csv"
    export_answers(results, path)
    key = read_table(path)[0]["student"]
    write_rows(path, "ana,templates,5,", f"{key},templates,5,")
    with pytest.raises(GraderError, match=f"row 3 \\({key}, templates\\).*earlier row"):
        merge_answers(results, path)


def test_a_file_of_another_kind_is_told(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("student,fingerprint,points\n")
    message = "the first row must have the columns question, comment; it has student, fing"
    with pytest.raises(GraderError, match=message):
        merge_answers(make_class(), path)


def test_what_spreadsheets_add_does_no_harm(tmp_path):
    path = tmp_path / "answers.csv"
    export_answers(make_class(), path)
    (fingerprint,) = (
        row["fingerprint"] for row in read_table(path) if row["answer"][0:4] == "Both"
    )
    lines = [
        "sep=;",
        "Student ;Question;out_of;answer;Points;Comment;Fingerprint;;",
        f"ana;templates;10;x; 5 ; ok ;{fingerprint};;",
        ";;;;;;;",
        "ben;templates",
    ]
    path.write_bytes("\r\n".join(lines).encode())
    words = words_of(merge_answers(make_class(), path))
    assert (words["ana"].points, words["ana"].comment) == (5, "ok")
    assert words["ben"].status == AWAITING


@pytest.mark.parametrize("text", FORMULAS)
def test_no_answer_or_comment_is_a_formula(tmp_path, text):
    results = [make_result("ana", make_coded(), make_words(text))]
    path = tmp_path / "answers.csv"
    export_answers(results, path, anonymous=False)
    assert read_table(path)[0]["answer"].lstrip()[0] == "'"
    fill_in(path, {"ana": ("5", safe_cell(text.strip()))})
    merged = merge_answers(results, path)
    assert words_of(merged)["ana"].comment == text.strip()
    export_answers(merged, path, anonymous=False)
    assert merge_answers(merged, path) == merged


def test_the_sheet_shows_answers_as_text(tmp_path):
    path = tmp_path / "answers.csv"
    results = [make_result("ana", make_words(ADVERSARIAL)), make_result("ben", make_words(""))]
    export_answers(results, path, anonymous=False)
    page = BeautifulSoup(path.with_suffix(".html").read_text(encoding="utf-8"), "html.parser")
    assert not page.select("script, img, a, b, section section")
    assert "<script>alert(1)</script>" in page.select_one(".answer").get_text()
    assert "Nothing was written." in page.get_text()
    assert "\x1b" not in page.get_text()
    assert len(page.select("section")) == 2
