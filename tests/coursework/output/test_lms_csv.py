"""Marks for Canvas, Moodle and nbgrader, whose gradebook is read back by nbgrader itself."""

import csv
import re
from functools import partial

import pytest

from coursework.grader.inbox.roster import Student
from coursework.grader.model import GraderError
from coursework.grader.output.lms_csv import write_marks
from tests.coursework.sample_results import (
    FAILURE,
    make_coded,
    make_final_class,
    make_result,
    make_roster,
    make_words,
)

write_canvas, write_moodle = partial(write_marks, "canvas"), partial(write_marks, "moodle")


def read_csv(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_canvas_gets_what_its_importer_asks_for(tmp_path):
    path = tmp_path / "canvas.csv"
    roster = make_roster("bob", "ana", "cem", "dora")
    assert write_canvas(make_final_class(), roster, path, title="Homework 9 (4711)") == 4
    assert path.read_bytes().startswith(b"Student,ID,SIS User ID,SIS Login ID,Section,")
    header, possible, *rows = read_csv(path)
    assert header[-1] == "Homework 9 (4711)"
    assert possible == ["    Points Possible", "", "", "", "", "35"]
    assert rows == [
        ["Bob Doe", "", "", "bob", "", "0"],
        ["Ana Doe", "", "", "ana", "", "22.5"],
        ["Cem Doe", "", "", "cem", "", "15.5"],
        ["Dora Doe", "", "", "dora", "", "0"],
    ]


def test_canvas_by_address_and_without_those_who_are_missing(tmp_path):
    path = tmp_path / "canvas.csv"
    roster = make_roster("bob", "ana", "cem", "dora")
    count = write_canvas(make_final_class(), roster, path, title="x", by="email", missing="omit")
    assert count == 3
    assert [row[3] for row in read_csv(path)[2:]] == [
        "ana@example.org",
        "cem@example.org",
        "dora@example.org",
    ]


@pytest.mark.parametrize("title", ["Final Score", "hw1 Current Grade", "Unposted Final Points"])
def test_canvas_would_pass_over_the_title_of_a_total(tmp_path, title):
    with pytest.raises(GraderError, match="one of its totals"):
        write_canvas(
            make_final_class(),
            make_roster("ana", "bob", "cem", "dora"),
            tmp_path / "c",
            title=title,
        )


@pytest.mark.parametrize(
    "title",
    ["Section", "section ", "STUDENT", "ID", "SIS User ID", "sis login  id", "Integration ID"],
)
def test_the_title_of_another_column_is_refused(tmp_path, title):
    roster = make_roster("ana", "bob", "cem", "dora")
    with pytest.raises(GraderError, match="choose another title"):
        write_canvas(make_final_class(), roster, tmp_path / "c", title=title)
    for heading, identify in (("email address", "email"), ("ID number", "student")):
        with pytest.raises(GraderError, match="choose another title"):
            write_moodle(make_final_class(), roster, tmp_path / "m", title=heading, by=identify)
    assert not list(tmp_path.iterdir())


def test_a_name_cannot_change_the_points_in_canvas(tmp_path):
    roster = [Student("ana", "Points Possible")]
    with pytest.raises(GraderError, match="a student's name"):
        write_canvas(make_final_class()[:1], roster, tmp_path / "c", title="x")


def test_moodle_gets_marks_and_reasons(tmp_path):
    path = tmp_path / "moodle.csv"
    roster = make_roster("ana", "bob", "cem", "dora")
    assert write_moodle(make_final_class(), roster, path, title="Homework 9") == 4
    header, *rows = read_csv(path)
    assert header == ["Email address", "Homework 9", "Feedback: Homework 9"]
    assert [row[:2] for row in rows] == [
        ["ana@example.org", "22.5"],
        ["bob@example.org", "0"],
        ["cem@example.org", "15.5"],
        ["dora@example.org", "0"],
    ]
    feedback = [row[2] for row in rows]
    assert "softmax: 15 of 25. 1 of 2 checks missed: the shape is (4,)" in feedback[0]
    assert "templates: 7.5 of 10. Why?" in feedback[0]
    assert feedback[1] == "0 of 35 points.\nnothing was handed in"
    assert "Late: 7 points were taken off." in feedback[2]
    assert feedback[2].endswith("\nAbout your files: not marked: Copy of hw9.ipynb.")
    # Moodle shows feedback as HTML, so a submission's markup must be text in it.
    assert "&lt;script&gt;" in feedback[3]
    assert not re.search(r"[<>\x1b\u202e]", feedback[3])


def test_moodle_gets_the_comment_on_an_answer_with_all_points(tmp_path):
    words = make_words().marked_by_hand(10.0, "Well put!")
    write_moodle([make_result("ana", words)], make_roster("ana"), tmp_path / "m", title="x")
    assert read_csv(tmp_path / "m")[1][2].endswith("templates: 10 of 10. Well put!")


def test_moodle_by_number(tmp_path):
    path = tmp_path / "moodle.csv"
    write_moodle(make_final_class()[:1], [Student("ana")], path, title="x", by="student")
    assert [row[0] for row in read_csv(path)] == ["ID number", "ana"]


@pytest.mark.parametrize(
    ("roster", "words"),
    [
        ([Student("ana"), Student("cem", "", "c@x.org")], "no email for ana"),
        ([Student("ana", "", "a@x.org"), Student("cem", "", "a@x.org")], "same email twice"),
        ([Student("ana", "", "a@x.org")], "not on the roster: cem"),
        (make_roster("ana", "cem", "zoe"), "no marks for zoe"),
    ],
)
def test_moodle_would_give_the_marks_to_somebody_else(tmp_path, roster, words):
    results = [make_result("ana", make_coded()), make_result("cem", make_coded())]
    path = tmp_path / "moodle.csv"
    with pytest.raises(GraderError, match=words):
        write_moodle(results, roster, path, title="x")
    assert not path.exists()


@pytest.mark.parametrize("write", [write_canvas, write_moodle])
def test_those_with_whom_the_grader_failed_are_left_out(tmp_path, write):
    results = [make_result("ana"), make_result("cem", make_coded(), reason=FAILURE)]
    path = tmp_path / "marks.csv"
    assert write(results, make_roster("ana", "cem"), path, title="x") == 1
    assert "cem" not in path.read_text(encoding="utf-8")
