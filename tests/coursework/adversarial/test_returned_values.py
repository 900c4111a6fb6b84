"""Values that no honest answer returns reach the checks: none of them may raise or be right."""

import warnings

import numpy as np
import pytest

from coursework.grader.marking import question as marking
from coursework.grader.model import Outcome, load_assignment
from coursework.grader.sandbox.host import Run

NASTY = {
    "None": None,
    "true": True,
    "text": "0.5",
    "empty text": "",
    "lone surrogate": "?\ud800",
    "nan": float("nan"),
    "infinity": float("-inf"),
    "great integer": 2**63 - 1,
    "complex": 1 + 2j,
    "empty list": [],
    "empty tuple": (),
    "empty dict": {},
    "dict": {"loss": [1.0, None], "W": "x", "": {}},
    "ragged list": [[1.0], [2.0, 3.0], []],
    "mixed list": [None, "x", 1.0, {}, [], np.zeros(2)],
    "nested list": [[[[[[[[[[0.5]]]]]]]]]],
    "texts": ["a", "b"],
    "arrays of different shapes": [np.zeros(3), np.zeros((3, 3))],
    "pairs": [(np.zeros(2), 0.0), (np.zeros(2), 0.0)],
    "scalar": np.float32(0.5),
    "boolean scalar": np.bool_(True),
    "array without axes": np.array(0.5),
    "array without entries": np.zeros(0),
    "array without columns": np.zeros((3, 0)),
    "array without rows": np.zeros((0, 3)),
    "row": np.full((1, 3), 1 / 3),
    "one": np.ones((1, 1)),
    "many axes": np.zeros((1,) * 30),
    "other bytes": np.linspace(0, 1, 6).astype(">f8").reshape(2, 3),
    "half precision": np.full((2, 3), np.inf, np.float16),
    "unsigned": np.full((2, 3), 2**64 - 1, np.uint64),
    "booleans": np.ones((2, 3), bool),
    "complex array": np.full((2, 3), 1j),
    "nan array": np.full((2, 3), np.nan),
    "denormal": np.full((2, 3), 5e-324),
    "great": np.full((2, 3), 1.7e308),
}
SHAPED = {
    "nan": np.nan,
    "infinity": np.inf,
    "zero": 0.0,
    "half": 0.5,
    "great": 1.7e308,
    "imaginary": 1j,
}


def questions():
    """Return all questions that checks mark, with their assignment."""
    for name in ("hw1", "hw2"):
        assignment = load_assignment(name)
        for question in assignment.questions:
            if question.checks:
                yield pytest.param(assignment, question, id=f"{name}-{question.name}")


def mark(monkeypatch, assignment, question, make_outcome):
    """Return the marks where each call has the outcome that `make_outcome(call)` makes."""

    def run_calls(cells, calls, **_):
        return Run([make_outcome(call) for call in calls], None, [])

    monkeypatch.setattr(marking, "run_calls", run_calls)
    return marking.mark_question(question, [""], seed=3, assignment=assignment)


# Each assignment's own tests try such values, too, on the same checks.
@pytest.mark.slow
@pytest.mark.parametrize(("assignment", "question"), [*questions()])
@pytest.mark.parametrize("nasty", NASTY)
def test_no_value_makes_a_check_raise(monkeypatch, assignment, question, nasty):
    value = NASTY[nasty]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = mark(monkeypatch, assignment, question, lambda _: Outcome("returned", value))
    assert result.points <= 0.1 * question.out_of
    assert result.reasons


@pytest.mark.parametrize(("assignment", "question"), [*questions()])
@pytest.mark.parametrize("entry", SHAPED)
def test_no_constant_of_the_right_shape_gets_more_than_a_fifth(
    monkeypatch, assignment, question, entry
):
    def constant(call):
        arrays = [part for part in call.args if isinstance(part, np.ndarray)]
        return Outcome("returned", np.full(arrays[0].shape if arrays else (), SHAPED[entry]))

    result = mark(monkeypatch, assignment, question, constant)
    assert result.points <= 0.2 * question.out_of, [c.title for c in result.checks if c.points]


@pytest.mark.parametrize(("assignment", "question"), [*questions()])
@pytest.mark.parametrize("kind", ["raised", "undefined", "refused", "unanswered"])
def test_what_was_not_returned_is_never_right(monkeypatch, assignment, question, kind):
    text = "ValueError: \ud800 \u202e <script> \x1b[31m %s {} "
    result = mark(monkeypatch, assignment, question, lambda _: Outcome(kind, None, text, (0,)))
    assert result.points == 0
    assert result.reasons
