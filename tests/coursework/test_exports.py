"""Marks for Canvas, Moodle and nbgrader, whose gradebook is read back by nbgrader itself."""

import csv
import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin

from coursework.grader.assignment import (
    FOLDER,
    Assignment,
    Check,
    Question,
    assignment_names,
    load_assignment,
)
from coursework.grader.exports import write_canvas, write_moodle
from coursework.grader.final import ExportError
from coursework.grader.gradebook import _match, write_gradebook
from coursework.grader.inbox.roster import Student
from coursework.grader.results import FAILED, OK, CheckResult
from tests.coursework.sample_results import (
    ADVERSARIAL,
    make_coded,
    make_missing,
    make_result,
    make_roster,
    make_words,
)

ASSIGNMENT = Assignment(
    "hw9",
    "Homework 9: everything",
    (
        Question("softmax", "The softmax function", "", (), (Check("all", 25, None, None),)),
        Question("templates", "Two sets of templates", "", (), manual_points=10),
    ),
)
MARKED = {"status": OK, "points": 7.5, "comment": "Why?", "reason": "Why?"}


def make_class():
    """Return marks that are final: some late, one late beyond its points, one missing."""
    words = make_words(**MARKED)
    note = "not marked: Copy of hw9.ipynb"
    few = make_coded(
        points=3.0, checks=(CheckResult("all", 3.0, 25.0, ADVERSARIAL),), reason=ADVERSARIAL
    )
    return [
        make_result("ana", make_coded(), words, submitted="2026-12-02T00:30:00+01:00"),
        make_result("cem", make_coded(), words, late_hours=30.0, penalty=7.0, note=note),
        make_result("dora", few, make_words(""), late_hours=300.0, penalty=35.0),
        make_missing("bob"),
    ]


def read_csv(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_canvas_gets_what_its_importer_asks_for(tmp_path):
    path = tmp_path / "canvas.csv"
    roster = make_roster("bob", "ana", "cem", "dora")
    assert write_canvas(make_class(), roster, path, title="Homework 9 (4711)") == 4
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
    count = write_canvas(make_class(), roster, path, title="x", login="email", missing="omit")
    assert count == 3
    assert [row[3] for row in read_csv(path)[2:]] == [
        "ana@example.org",
        "cem@example.org",
        "dora@example.org",
    ]


def test_the_column_has_the_title_of_the_assignment(tmp_path):
    results = [make_result("ana", make_coded(), assignment="hw1")]
    roster = make_roster("ana")
    write_canvas(results, roster, tmp_path / "canvas.csv")
    write_moodle(results, roster, tmp_path / "moodle.csv")
    title = load_assignment("hw1").title
    assert read_csv(tmp_path / "canvas.csv")[0][-1] == title
    assert read_csv(tmp_path / "moodle.csv")[0][1:] == [title, f"Feedback: {title}"]


@pytest.mark.parametrize("title", ["Final Score", "hw1 Current Grade", "Unposted Final Points"])
def test_canvas_would_pass_over_the_title_of_a_total(tmp_path, title):
    with pytest.raises(ExportError, match="one of its totals"):
        write_canvas(
            make_class(), make_roster("ana", "bob", "cem", "dora"), tmp_path / "c", title=title
        )


@pytest.mark.parametrize(
    "title",
    ["Section", "section ", "STUDENT", "ID", "SIS User ID", "sis login  id", "Integration ID"],
)
def test_the_title_of_another_column_is_refused(tmp_path, title):
    roster = make_roster("ana", "bob", "cem", "dora")
    with pytest.raises(ExportError, match="choose another title"):
        write_canvas(make_class(), roster, tmp_path / "c", title=title)
    for heading, identify in (("email address", "email"), ("ID number", "student")):
        with pytest.raises(ExportError, match="choose another title"):
            write_moodle(make_class(), roster, tmp_path / "m", title=heading, identify=identify)
    assert not list(tmp_path.iterdir())


def test_a_name_cannot_change_the_points_in_canvas(tmp_path):
    roster = [Student("ana", "Points Possible")]
    with pytest.raises(ExportError, match="a student's name"):
        write_canvas(make_class()[:1], roster, tmp_path / "c", title="x")


def test_moodle_gets_marks_and_reasons(tmp_path):
    path = tmp_path / "moodle.csv"
    roster = make_roster("ana", "bob", "cem", "dora")
    assert write_moodle(make_class(), roster, path, title="Homework 9") == 4
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


def test_moodle_by_number(tmp_path):
    path = tmp_path / "moodle.csv"
    write_moodle(make_class()[:1], [Student("ana")], path, title="x", identify="student")
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
    with pytest.raises(ExportError, match=words):
        write_moodle(results, roster, path, title="x")
    assert not path.exists()


@pytest.mark.parametrize("write", [write_canvas, write_moodle])
def test_marks_that_are_not_final_stay_here(tmp_path, write):
    results = [
        make_result("ana"),
        make_result("bob"),
        make_result("cem", make_coded(), status=FAILED),
        make_result("dora", make_coded()),
    ]
    roster = make_roster("ana", "bob", "cem", "dora")
    path = tmp_path / "marks.csv"
    with pytest.raises(ExportError) as caught:
        write(results, roster, path, title="x")
    assert "some await marks, 2 answers of 2 students" in str(caught.value)
    assert "failed with 1 student: cem" in str(caught.value)
    assert not path.exists()
    assert write(results, roster, path, title="x", allow_awaiting=True) == 3
    assert "cem" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("write", [write_canvas, write_moodle])
def test_choices_that_do_not_exist(tmp_path, write):
    roster = make_roster("ana", "bob", "cem", "dora")
    with pytest.raises(ExportError, match="'zero' and 'omit'"):
        write(make_class(), roster, tmp_path / "x", title="x", missing="blank")
    column = {"login" if write is write_canvas else "identify": "phone"}
    with pytest.raises(ExportError, match="not by 'phone'"):
        write(make_class(), roster, tmp_path / "x", title="x", **column)
    with pytest.raises(ExportError, match="no marks to export"):
        write([], roster, tmp_path / "x", title="x")


@pytest.mark.parametrize("write", [write_canvas, write_moodle])
def test_no_name_is_a_formula(tmp_path, write):
    roster = [Student("ana", "=1+1", "+a@example.org")]
    write(make_class()[:1], roster, tmp_path / "x.csv", title="@x")
    cells = [cell for row in read_csv(tmp_path / "x.csv") for cell in row]
    assert not [cell for cell in cells if cell.strip()[:1] and cell.strip()[0] in "=+-@"]


def nbgrader(folder, *arguments):
    """Run nbgrader as a teacher does."""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def exported(folder):
    """Return what nbgrader exports, by student."""
    if folder.name.startswith("generated"):
        nbgrader(folder, "export", "--to", "grades.csv")
    else:  # the same without the seconds that a new process takes
        with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
            CsvExportPlugin(to=str(folder / "grades.csv")).export(book)
    with open(folder / "grades.csv", encoding="utf-8", newline="") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def dump(path):
    """Return all rows of a gradebook that are about marks."""
    with Gradebook(f"sqlite:///{path}") as book:
        grades = [
            (s.student.id, s.timestamp, n.late_submission_penalty, g.to_dict())
            for s in book.assignment_submissions("hw9")
            for n in s.notebooks
            for g in sorted(n.grades, key=lambda grade: grade.name)
        ]
        students = sorted((s.id, s.first_name, s.last_name, s.email) for s in book.students)
        comments = sorted(
            (s.student.id, c.name, c.auto_comment or "", c.manual_comment or "")
            for s in book.assignment_submissions("hw9")
            for n in s.notebooks
            for c in n.comments
        )
        return grades, students, comments


def make_master(folder):
    """Make a master as those of the coursework are, and let nbgrader generate from it."""

    def cell(make, text, grade_id, **marks):
        marks = {"grade": False, "solution": False, "locked": False, "task": False} | marks
        marks |= {"grade_id": grade_id, "schema_version": 3}
        return make(text, metadata={"nbgrader": marks})

    code, words = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    master = nbformat.v4.new_notebook(
        cells=[
            cell(code, "import numpy as np", "imports", locked=True),
            cell(code, "### BEGIN SOLUTION\nx = 1\n### END SOLUTION", "softmax", solution=True),
            cell(code, "assert x", "softmax-check", grade=True, locked=True, points=25),
            cell(words, "Both.", "templates", grade=True, solution=True, points=10),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}},
    )
    source = folder / "source" / "hw9"
    source.mkdir(parents=True)
    nbformat.write(master, source / "hw9.ipynb")
    nbgrader(folder, "generate_assignment", "hw9", "--create")


@pytest.fixture(scope="module", params=["new", "generated"])
def course(request, tmp_path_factory):
    """A folder whose gradebook has the marks of the class."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "generated":
        make_master(folder)
    roster = [*make_roster("ana", "bob", "dora"), Student("cem", "Öz, Cem, Jr.", "cem@example.org")]
    assert write_gradebook(make_class(), ASSIGNMENT, folder / "gradebook.db", roster=roster) == []
    return folder


@pytest.fixture
def book(course, tmp_path):
    """A copy of the gradebook, to be changed."""
    return shutil.copy(course / "gradebook.db", tmp_path / "gradebook.db")


def test_nbgrader_exports_the_same_marks(course):
    rows = exported(course)
    for result in make_class():
        row = rows[result.student]
        assert float(row["score"]) == result.total
        assert float(row["raw_score"]) == result.points
        assert float(row["late_submission_penalty"]) == result.penalty
        assert float(row["max_score"]) == 35
        assert row["email"] == f"{result.student}@example.org"
    assert rows["ana"]["timestamp"] == "2026-12-01 23:30:00"  # in UTC
    assert rows["bob"]["timestamp"] == ""  # nothing was handed in
    assert (rows["ana"]["first_name"], rows["ana"]["last_name"]) == ("Ana", "Doe")
    assert (rows["cem"]["first_name"], rows["cem"]["last_name"]) == ("Cem Jr.", "Öz")


def test_twice_is_the_same_as_once(book):
    before = dump(book)
    assert write_gradebook(make_class(), ASSIGNMENT, book) == []
    assert dump(book) == before


def test_nothing_is_left_to_be_marked(course):
    grades, _, comments = dump(course / "gradebook.db")
    assert not [grade for *_, grade in grades if grade["needs_manual_grade"]]
    assert {grade["name"] for *_, grade in grades} == {"softmax-check", "templates"}
    assert ("ana", "templates", "`Why?`", "Why?") in comments
    adversarial = next(
        auto for student, name, auto, _ in comments if (student, name) == ("dora", "softmax")
    )
    assert adversarial.startswith("````")  # nbgrader shows comments as Markdown
    assert not re.search("[\x1b\u202e]", adversarial)


def test_marks_given_in_nbgrader_are_not_lost(book):
    with Gradebook(f"sqlite:///{book}") as gradebook:
        gradebook.find_grade("softmax-check", "hw9", "hw9", "ana").manual_score = 20.0
        gradebook.find_grade("templates", "hw9", "hw9", "ana").manual_score = 1.0
        gradebook.find_grade("templates", "hw9", "hw9", "cem").manual_score = 2.0
        gradebook.find_student("ana").first_name = "Anastasia"
        gradebook.db.commit()
    results = make_class()
    results[1] = make_result("cem")  # whose answer awaits marks here
    notes = write_gradebook(
        results, ASSIGNMENT, book, roster=make_roster("ana"), allow_awaiting=True
    )
    assert notes == [
        "ana, softmax: nbgrader's 20 points are kept; here it has 15",
        "ana, templates: nbgrader's 1 points are replaced",
        "cem, templates: nbgrader's 2 points are kept",
    ]
    with Gradebook(f"sqlite:///{book}") as gradebook:
        assert gradebook.find_submission("hw9", "ana").score == 27.5
        assert gradebook.find_grade("softmax-check", "hw9", "hw9", "ana").needs_manual_grade
        assert gradebook.find_submission("hw9", "cem").score == 17
        assert gradebook.find_student("ana").first_name == "Anastasia"


def test_an_answer_that_awaits_marks_does_so_in_nbgrader(book):
    with pytest.raises(ExportError, match="some await marks, 1 answer of 1 student"):
        write_gradebook([make_result("eva")], ASSIGNMENT, book)
    write_gradebook([make_result("eva")], ASSIGNMENT, book, allow_awaiting=True)
    with Gradebook(f"sqlite:///{book}") as gradebook:
        grade = gradebook.find_grade("templates", "hw9", "hw9", "eva")
        assert grade.needs_manual_grade
        assert grade.auto_score is grade.manual_score is None
        assert not gradebook.find_grade("softmax-check", "hw9", "hw9", "eva").needs_manual_grade


@pytest.mark.parametrize(
    ("questions", "words"),
    [
        (ASSIGNMENT.questions[:1], "templates belongs to no question"),
        (
            (*ASSIGNMENT.questions, Question("extra", "", "", (), manual_points=1)),
            "extra needs one cell with points, and has no cell",
        ),
        (
            (ASSIGNMENT.questions[0], Question("templates", "", "", (), manual_points=12)),
            "templates has 10 points, and templates has 12",
        ),
    ],
)
def test_a_gradebook_of_another_variant_is_left_alone(book, questions, words):
    before = dump(book)
    with pytest.raises(ExportError, match=words):
        write_gradebook(make_class(), Assignment("hw9", "x", questions), book)
    assert dump(book) == before


def test_a_file_that_is_no_gradebook(tmp_path):
    path = tmp_path / "gradebook.db"
    path.write_bytes(b"This is no database of SQLite at all.\n" * 100)
    with pytest.raises(ExportError, match="cannot be used as a gradebook"):
        write_gradebook(make_class(), ASSIGNMENT, path)


class Cell:
    """A cell with points, as nbgrader's API has it."""

    def __init__(self, name, max_score):
        self.name, self.max_score = name, max_score


@pytest.mark.parametrize("name", assignment_names())
def test_the_cells_of_the_masters_fit_the_questions(name):
    """The points of each master's cells are those of its questions, under names that fit."""
    text = (FOLDER / name / f"{name}.md").read_text(encoding="utf-8")
    marks = re.findall(r"^nbgrader:\n((?:  .*\n)+)", text, flags=re.MULTILINE)
    marks += re.findall(r'^\+\+\+ (\{"nbgrader.*)', text, flags=re.MULTILINE)
    cells = []
    for mark in marks:
        grade_id = re.search(r'grade_id"?: "?([\w-]+)', mark)[1]
        points = re.search(r'points"?: ([\d.]+)', mark)
        if re.search(r'grade"?: true', mark):
            cells.append(Cell(grade_id, float(points[1])))
    assignment = load_assignment(name)
    found = _match(cells, assignment)
    assert list(found) == [question.name for question in assignment.questions]


def test_a_time_that_is_none_stops_nobody(tmp_path):
    times = {f"s{number:02d}": "2025-12-01T12:00:00+01:00" for number in range(20)}
    times["s03"] = "0001-01-01T00:00:00+23:59"
    times["s05"] = "long ago"
    words = make_words(**MARKED)
    results = [make_result(name, make_coded(), words, submitted=times[name]) for name in times]
    notes = write_gradebook(results, ASSIGNMENT, tmp_path / "gradebook.db")
    assert [note.partition(":")[0] for note in notes] == ["s03", "s05"]
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        found = {one.student.id: one for one in book.assignment_submissions("hw9")}
        assert {name: one.score for name, one in found.items()} == dict.fromkeys(times, 22.5)
        assert [name for name, one in found.items() if one.timestamp is None] == ["s03", "s05"]
