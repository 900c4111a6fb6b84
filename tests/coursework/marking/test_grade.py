"""The marks of one notebook, whatever is in it."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from coursework import adversarial
from coursework.grader import classroom, model
from coursework.grader.classroom import Settings
from coursework.grader.inbox import find
from coursework.grader.inbox.roster import Student
from coursework.grader.marking import grade
from coursework.grader.marking.grade import grade_notebook, source_paths
from coursework.grader.marking.notebook import UnreadableError
from coursework.grader.model import FOLDER, Cause, Reason, Result
from coursework.grader.output.wording import explain, explain_question
from coursework.grader.sandbox.policy import bubblewrap
from tests.coursework.tiny import TINY, mark_tiny

ANN = Result("ann", "hw1", 7, parameters={"base": "e"})
HALF = json.dumps(adversarial.with_questions(("softmax",))).encode()


def keep(result):
    """Return what the class keeps of the marks of a notebook."""
    settings = Settings(model.load_assignment("hw1"), 7)
    return classroom._complete(result, find.Submission(Student("ann")), settings)


# One notebook


def test_a_notebook_has_its_marks_and_what_reproduces_them():
    result = grade_notebook(ANN, HALF)
    points = {question.name: question.points for question in result.questions}
    assert points.pop("softmax") == 25
    assert set(points.values()) == {0}
    assert (result.status, result.seed, result.student) == (model.OK, 7, "ann")
    assert "log_softmax: not answered" in explain(result)
    assert len(result.sha256) == 64
    assert result.seconds > 0
    assert model.from_dict(json.loads(json.dumps(dataclasses.asdict(result)))) == result


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"", model.UNREADABLE, "the file is empty"),
        (b"print(1)", model.UNREADABLE, "bad JSON"),
        (None, model.UNREADABLE, "could not be read any more"),
    ],
)
def test_what_cannot_be_marked_has_its_reason(data, status, reason):
    result = grade_notebook(ANN, data)
    assert result.status == status
    assert reason in explain(result)
    kept = keep(result)
    assert (kept.points, kept.out_of) == (0, 100)
    assert all(reason in explain_question(question) for question in kept.questions)


def test_a_reason_is_short_wherever_it_comes_from(monkeypatch):
    def read_notebook(data):
        raise UnreadableError("x" * 10**6)

    monkeypatch.setattr(grade, "read_notebook", read_notebook)
    result = grade_notebook(ANN, HALF)
    long = find.Submission(Student("ann"), note="x" * 10**6)
    settings = Settings(TINY, 1)
    reason = Reason(Cause.NO_NOTEBOOK, ("x" * 10**6,))
    refused = classroom._complete(classroom._begin(long, settings, reason), long, settings)
    noted = classroom._complete(result, long, settings)
    for one in (result, keep(result), refused, noted):
        assert len(explain(one)) < 2100
        assert all(len(explain_question(question)) < 2100 for question in one.questions)
    assert len(noted.note) < 2100


def test_an_answer_in_code_that_became_text_is_not_taken_for_one_in_words(monkeypatch):
    monkeypatch.setattr(grade, "load_assignment", lambda name, parameters: TINY)
    monkeypatch.setattr(grade, "mark_cells", mark_tiny)
    metadata = {"nbgrader": {"grade_id": "double"}}
    cells = [
        {"cell_type": "code", "source": "x = 2"},
        {"cell_type": "markdown", "source": "def double(x): ...", "metadata": metadata},
    ]
    data = json.dumps({"cells": cells}).encode()
    result = grade_notebook(ANN, data, sandbox=False)
    assert [question.answer for question in result.questions] == ["", ""]


def test_an_error_of_the_grader_becomes_a_result(monkeypatch):
    def mark_cells(*args, **kwargs):
        raise KeyError("oops")

    monkeypatch.setattr(grade, "mark_cells", mark_cells)
    result = grade_notebook(ANN, HALF)
    assert result.status == model.FAILED
    assert explain(result) == "the grader failed (KeyError: 'oops')"
    assert keep(result).out_of == 100


def test_a_worker_without_bubblewrap_or_with_other_sources_marks_nothing(monkeypatch):
    result = grade_notebook(ANN, HALF, version="old")
    assert result.status == model.FAILED
    assert "another version" in explain(result)
    monkeypatch.setattr(bubblewrap, "find", lambda: None)
    result = grade_notebook(ANN, HALF)
    assert (result.status, result.points) == (model.FAILED, 0)
    assert "bubblewrap, which is not installed here" in explain(result)


@pytest.mark.parametrize("name", model.assignment_names())
def test_all_code_that_marks_is_in_the_key(name):
    code = (
        f"import sys, coursework.grader.marking.grade, coursework.{name}.checks; "
        "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('coursework.')))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True, check=True)
    used = {Path(path) for path in done.stdout.split()} - {FOLDER / "grader" / "__init__.py"}
    assert used <= set(source_paths(name))
