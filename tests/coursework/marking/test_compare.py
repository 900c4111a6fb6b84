"""Checks and recognizers answer in words, and survive whatever comes back."""

import numpy as np
import pytest

from coursework.grader.marking.compare import (
    describe,
    difference,
    matches,
    property_check,
    unchanged,
)
from coursework.grader.marking.recognize import changes_input, explains, says
from coursework.grader.model import Call, Function, Outcome


def returned(value, **more):
    return Outcome("returned", value, **more)


SAME = [
    (1.0, 1.0),
    (1, 1.0),
    (np.float32(0.5), 0.5),
    (np.array([1.0, np.nan]), [1.0, np.nan]),
    (np.array([np.inf, -np.inf]), np.array([np.inf, -np.inf])),
    ((np.ones(2), 3.0), (np.ones(2), 3)),
    ([1.0, 2.0], (1.0, 2.0)),
    (True, 1),
    (np.zeros((0, 3)), np.zeros((0, 3))),
]


@pytest.mark.parametrize(("actual", "expected"), SAME)
def test_no_difference(actual, expected):
    expected = np.array(expected) if isinstance(expected, list) else expected
    assert difference(actual, expected) is None


OTHER = [
    (None, 1.0, "None (is a return missing?) came back"),
    ("1.0", 1.0, "a str came back, and a number was expected"),
    (np.ones((2, 3)), np.ones((3, 2)), "the shape is (2, 3), and (3, 2) was expected"),
    (1.0, np.ones(1), "the shape is (), and (1,) was expected"),
    (np.array([1.0, 2.0]), np.array([1.0, 3.0]), "entry [1] is 2, and 3 was expected"),
    (np.array([1.0, np.nan]), np.array([1.0, 3.0]), "entry [1] is nan"),
    (2.0 + 2e-9, 2.0, "it is 2.000000002, and 2 was expected"),
    (-180.449001, -180.449, "it is -180.449001, and -180.449 was expected"),
    (np.nan, 0.5, "it is nan, and 0.5 was expected"),
    (np.inf, -np.inf, "it is inf, and -inf was expected"),
    (1.0 + 0j, 1.0, "the numbers are complex"),
    ((1.0,), (1.0, 2.0), "1 values came back, and 2 were expected"),
    (1.0, (1.0, 2.0), "a number came back, and 2 values were expected"),
    ((1.0, 5.0), (1.0, 2.0), "value 2: it is 5, and 2 was expected"),
    ({"p": 1.0}, 1.0, "a dict came back"),
    (10**400, 1.0, "a number came back"),
    (np.array(["a"]), np.ones(1), "an array of shape (1,) came back"),
]


@pytest.mark.parametrize(("actual", "expected", "words"), OTHER)
def test_difference_in_words(actual, expected, words):
    assert words in difference(actual, expected)


def test_unsigned_numbers_do_not_wrap_around():
    assert difference(np.array([0], np.uint8), np.array([255], np.uint8))
    assert difference(np.array([1], np.uint8), np.array([-255]))


def test_tolerance_is_relative_to_what_was_expected():
    assert difference(1e-300, 1.001e-300, rtol=1e-2) is None
    assert difference(1e-300, 2e-300, rtol=1e-2)
    assert difference(1e-3, 0.0, atol=1e-2) is None


def test_describe_shows_small_arguments_and_the_shape_of_large_ones():
    call = Call("softmax", (np.array([1000.0, 0.0]), np.zeros((3, 4), np.float32)), {"axis": -1})
    assert describe(call) == "softmax([1000.,    0.], float32 array of shape (3, 4), axis=-1)"
    assert describe(Call("f", (Function("lambda z: z"),))) == "f((lambda z: z))"


def double(x):
    return 2 * x


CALLS = [Call("double", (np.arange(3.0),)), Call("double", (np.array([1.0, 5.0, 2.0]),))]
RIGHT = [returned(double(call.args[0])) for call in CALLS]
CHECK = matches("doubles", 5, lambda rng: CALLS, double, dtype="float64")


def test_matches():
    assert CHECK.judge(CALLS, RIGHT) is None
    wrong = [RIGHT[0], returned(np.array([2.0, 10.0, 5.0]))]
    assert "entry [2] is 5, and 4 was expected" in CHECK.judge(CALLS, wrong)
    narrow = [returned(outcome.value.astype(np.float32)) for outcome in RIGHT]
    assert "the dtype is float32, and float64 was expected" in CHECK.judge(CALLS, narrow)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome("undefined"), "double is not defined"),
        (Outcome("unanswered"), "gave no answer"),
        (Outcome("raised", message="ValueError: no"), "ValueError: no"),
        (Outcome("refused", message="it returned a generator"), "it returned a generator"),
    ],
)
def test_a_call_without_a_value_fails_every_check(outcome, words):
    for check in (
        CHECK,
        unchanged("keeps its input", 1, lambda rng: CALLS),
        property_check("is positive", 1, lambda rng: CALLS, lambda call, value: None),
    ):
        assert words in check.judge(CALLS, [RIGHT[0], outcome])


def test_unchanged_reads_what_the_child_reports():
    check = unchanged("keeps its input", 1, lambda rng: CALLS)
    assert check.judge(CALLS, RIGHT) is None
    outcomes = [RIGHT[0], returned(RIGHT[1].value, changed=(0,))]
    assert "changed its own input" in check.judge(CALLS, outcomes)
    assert "is a return missing?" in check.judge(CALLS, [RIGHT[0], returned(None)])
    assert changes_input("double")(CALLS, outcomes)
    assert not changes_input("other")(CALLS, outcomes)


STRANGE = [None, "text", "", (), [], {}, {"a": ()}, 3j, np.array("x"), np.zeros((0,)), 10**500]


@pytest.mark.parametrize("value", STRANGE, ids=repr)
def test_no_value_makes_a_judge_raise(value):
    outcomes = [returned(value)] * 2
    row_sums = property_check(
        "sums", 1, lambda rng: CALLS, lambda call, p: None if p.sum() == 1 else f"sum {p.sum()}"
    )
    assert CHECK.judge(CALLS, outcomes)
    assert row_sums.judge(CALLS, outcomes)
    assert not explains("double", np.square, double)(CALLS, outcomes)


def test_explains_needs_all_values_of_the_model_and_one_that_is_wrong():
    seen = explains("double", np.square, double)
    squares = [returned(np.square(call.args[0])) for call in CALLS]
    assert seen(CALLS, squares)
    assert not seen(CALLS, RIGHT)
    assert not seen(CALLS, [squares[0], RIGHT[1]])
    assert seen(CALLS, [squares[0], Outcome("unanswered")])  # what did come back fits
    twos = [Call("double", (np.array([0.0, 2.0]),))]
    assert not seen(twos, [returned(np.array([0.0, 4.0]))])  # square and double agree here


def test_explains_finds_a_mistake_beside_one_that_overflows():
    seen = explains("double", np.square, double)
    squares = [returned(np.square(call.args[0])) for call in CALLS]
    overflow = returned(np.array([np.nan, 1.0, 2.0]))
    assert seen(CALLS, [squares[0], overflow])
    assert not seen(CALLS, [RIGHT[0], overflow])
    assert not seen(CALLS, [overflow, overflow])


def test_explains_passes_over_calls_that_the_model_cannot_answer():
    def model(x):
        raise ValueError("no answer")

    wrong = [returned(np.full(3, -1.0))] * 2
    assert not explains("double", model, double)(CALLS, wrong)


def test_says():
    outcomes = [RIGHT[0], Outcome("raised", message="ModuleNotFoundError: No module named 'scipy'")]
    assert says("double", "scipy", "sklearn")(CALLS, outcomes)
    assert not says("double", "torch")(CALLS, outcomes)
