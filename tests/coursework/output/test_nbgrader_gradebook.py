"""Marks in nbgrader's own gradebook."""

import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin

from coursework.grader.inbox.roster import Student
from coursework.grader.model import (
    Assignment,
    Check,
    GraderError,
    Question,
    assignment_names,
    load_assignment,
)
from coursework.grader.output.nbgrader_gradebook import _match, write_gradebook
from coursework.release.master import grade_id, points
from tests.coursework.classes import read_table
from tests.coursework.masters import read_master
from tests.coursework.sample_results import (
    make_final_class,
    make_result,
    make_roster,
)

ASSIGNMENT = Assignment(
    "hw9",
    "Homework 9: everything",
    (
        Question("softmax", "The softmax function", "", (), (Check("all", 25, None, None),)),
        Question("templates", "Two sets of templates", "", (), manual_points=10),
    ),
)


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
    return {row["student_id"]: row for row in read_table(folder / "grades.csv")}


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


@pytest.fixture(scope="module", params=["new", pytest.param("generated", marks=pytest.mark.slow)])
def course(request, tmp_path_factory):
    """A folder whose gradebook has the marks of the class."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "generated":
        make_master(folder)
    roster = [*make_roster("ana", "bob", "dora"), Student("cem", "Öz, Cem, Jr.", "cem@example.org")]
    assert (
        write_gradebook(make_final_class(), ASSIGNMENT, folder / "gradebook.db", roster=roster)
        == []
    )
    return folder


@pytest.fixture
def book(course, tmp_path):
    """A copy of the gradebook, to be changed."""
    return shutil.copy(course / "gradebook.db", tmp_path / "gradebook.db")


def test_nbgrader_exports_the_same_marks(course):
    rows = exported(course)
    for result in make_final_class():
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
    assert write_gradebook(make_final_class(), ASSIGNMENT, book) == []
    assert dump(book) == before


def test_nothing_is_left_to_be_marked(course):
    grades, _, comments = dump(course / "gradebook.db")
    assert not [grade for *_, grade in grades if grade["needs_manual_grade"]]
    assert {grade["name"] for *_, grade in grades} == {"softmax-check", "templates"}
    assert {student for student, *_ in grades} == {"ana", "cem", "dora"}  # not bob, who is missing
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
    results = make_final_class()
    results[1] = make_result("cem")  # whose answer awaits marks here
    notes = write_gradebook(results, ASSIGNMENT, book, roster=make_roster("ana"))
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
    write_gradebook([make_result("eva")], ASSIGNMENT, book)
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
    with pytest.raises(GraderError, match=words):
        write_gradebook(make_final_class(), Assignment("hw9", "x", questions), book)
    assert dump(book) == before


def test_a_gradebook_with_another_notebook(tmp_path):
    path = tmp_path / "gradebook.db"
    with Gradebook(f"sqlite:///{path}") as gradebook:
        gradebook.add_assignment("hw9")
        gradebook.add_notebook("problem1", "hw9")
    with pytest.raises(GraderError, match="has the notebooks problem1, but none called hw9"):
        write_gradebook(make_final_class(), ASSIGNMENT, path)


def test_a_file_that_is_no_gradebook(tmp_path):
    path = tmp_path / "gradebook.db"
    path.write_bytes(b"This is no database of SQLite at all.\n" * 100)
    with pytest.raises(GraderError, match="cannot be used as a gradebook"):
        write_gradebook(make_final_class(), ASSIGNMENT, path)


class Cell:
    """A cell with points, as nbgrader's API has it."""

    def __init__(self, name, max_score):
        self.name, self.max_score = name, max_score


def test_two_cells_for_one_question_are_refused():
    cells = [Cell("softmax", 25), Cell("templates", 10), Cell("test-softmax", 25)]
    with pytest.raises(GraderError, match="test-softmax belongs to no question, or to one with"):
        _match(cells, ASSIGNMENT)


@pytest.mark.parametrize("name", assignment_names())
def test_the_cells_of_the_masters_fit_the_questions(name):
    """The points of each master's cells are those of its questions, under names that fit."""
    cells = [Cell(grade_id(cell), points(cell)) for cell in read_master(name).cells if points(cell)]
    assignment = load_assignment(name)
    found = _match(cells, assignment)
    assert list(found) == [question.name for question in assignment.questions]
