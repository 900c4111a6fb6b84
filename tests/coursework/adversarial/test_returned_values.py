"""Values that no honest answer returns reach the checks: none of them may raise or be right."""

import re

import numpy as np
import pytest

from coursework.grader.marking import question as marking
from coursework.grader.model import Outcome, load_assignment
from coursework.grader.sandbox.host import Run

NASTY = [
    None, True, 0, -1.5, 2**63 - 1, 10**400, 1 + 2j, 1e400, float("nan"), float("-inf"),
    "0.5", "", "?\ud800", [], (), {}, {"loss": [1.0, None], "W": "x", "": {}},
    # Lists and tuples of things that do not belong together
    [[1.0], [2.0, 3.0], []], [None, "x", 1.0, {}, [], np.zeros(2)], [1, "2"], ["a", "b"],
    [[[[[[[[[[0.5]]]]]]]]]], [np.zeros(3), np.zeros((3, 3))],
    [(np.zeros(2), 0.0), (np.zeros(2), 0.0)], (None, None), (np.ones(2), None), (None,) * 3,
    ("a", "b", "c"), (1, 2, 3), ([], [], []), (1.0, [[1]], [1, [2]]),
    # Scalars, and arrays of odd shapes
    np.float32(0.5), np.bool_(True), np.array(0.5), np.zeros(0), np.zeros((3, 0)),
    np.zeros((0, 3)), np.full((1, 3), 1 / 3), np.ones((1, 1)), np.zeros((1,) * 30),
    np.ones((2, 3, 4, 5)), np.zeros(100_000),
    # Arrays of odd dtypes and entries
    np.linspace(0, 1, 6).astype(">f8").reshape(2, 3), np.full((2, 3), np.inf, np.float16),
    np.full((2, 3), 2**64 - 1, np.uint64), np.ones((2, 3), bool), np.ones((4, 5), bool),
    np.full((2, 3), 1j), np.ones((4, 5), complex), np.full((2, 3), np.nan),
    np.full((3, 4), np.nan), np.full((2, 3), 5e-324), np.full((2, 3), 1.7e308),
    np.array([["a", "b"]]),
    # Parts of a classifier, and other things in their place
    (np.array(1.0), np.array(["a"]), np.zeros(0)), (1 + 1j, np.zeros((4, 3)) * 1j, np.zeros(3)),
    (np.zeros((784, 10)), np.zeros(10)), (np.full((784, 10), 1e308), np.full(10, np.nan)),
    (np.zeros((784, 10), bool), np.zeros(10, np.uint8)), (np.zeros((784, 10)) * 1j, np.zeros(10)),
    (np.zeros((4, 3)), np.zeros(3), "losses"), (np.zeros((4, 3)), np.zeros(3), [10**400] * 3),
    (np.zeros(9), 10**400), (np.zeros(9), "1"), (np.zeros((2, 2, 2)), np.zeros(2, np.float16)),
]  # fmt: skip
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


@pytest.mark.parametrize(("assignment", "question"), [*questions()])
@pytest.mark.filterwarnings("error")
def test_no_value_makes_a_check_raise_or_is_right(monkeypatch, assignment, question):
    for value in NASTY:
        result = mark(monkeypatch, assignment, question, lambda _, v=value: Outcome("returned", v))
        met = [check for check in result.checks if check.points]
        # Only that the arguments are as they were asks nothing of the value.
        assert all(re.search("not changed|stay as they were", check.title) for check in met), value
        assert result.points <= 1
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
    assert set(result.detected) <= {"in-place", "changes-input"}  # as each of these outcomes says
