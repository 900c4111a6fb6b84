"""The sentences in which a check says what is wrong with an answer."""

import numpy as np
import pytest

from softmax.exercises import Check

Z = np.array([[1.0, 2.0], [5.0, 6.0]])
HINTS = {"Is the mean taken over the rows?": Z.mean(axis=0)}


def said(answer, capsys, *given, **options):
    """Return the sentence of a check with one call."""
    answer.__name__ = "f"
    with Check(answer) as check:
        check(*(given or (Z,)), **({"returns": [1.5, 5.5]} | options))
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda Z: Z.mean(axis=1), "Correct: f passes every check."),
        (lambda Z: list(Z.mean(axis=1) + 1e-9), "Correct: f passes every check."),
        (
            lambda Z: Z.mean(axis=0),
            "Not yet: f([[1, 2], [5, 6]]) returned [3, 4], expected [1.5, 5.5]. "
            "Is the mean taken over the rows?",
        ),
        (
            lambda Z: Z.mean(axis=1) + 1e-5,
            "Not yet: f([[1, 2], [5, 6]]) returned [1.50001, 5.50001], expected [1.5, 5.5].",
        ),
        (
            lambda Z: Z,
            "Not yet: f([[1, 2], [5, 6]]) returned an array of shape (2, 2), "
            "expected an array of shape (2,).",
        ),
        (
            lambda Z: Z.mean(),
            "Not yet: f([[1, 2], [5, 6]]) returned one number, expected an array of shape (2,). "
            "Was an axis summed over, or lost, that should stay?",
        ),
        (
            lambda Z: Z.mean(axis=1) / 0,
            "Not yet: f([[1, 2], [5, 6]]) returned [inf, inf], expected [1.5, 5.5]. "
            "Look for an overflow, a division by 0, or the logarithm of 0.",
        ),
        (
            lambda Z: "mean",
            "Not yet: f([[1, 2], [5, 6]]) returned a value of type str, "
            "expected an array of real numbers of shape (2,).",
        ),
        (
            lambda Z: None,
            "Not yet: f([[1, 2], [5, 6]]) returned None. "
            "Is its body written, and is there a `return`?",
        ),
    ],
)
def test_sentence_says_what_was_given_returned_and_expected(answer, sentence, capsys):
    assert said(answer, capsys, mistakes=HINTS) == sentence + "\n"


@pytest.mark.parametrize(
    ("returned", "expected", "words"),
    [
        (np.zeros((3, 2)), np.zeros((2, 3)), "The axes are swapped."),
        ([1.0, 2.0], 3.0, "Is a sum or a mean missing at the end?"),
        (np.eye(4), np.diag([1, 0, 1, 1]), "returned 1 at [1, 1], expected 0 there."),
        ((1, 2), (1, 3), "returned as its second value 2, expected 3."),
        (
            np.array([1, 2]),
            (1, 2),
            "returned an array of shape (2,), expected 2 values, as in `return a, b`.",
        ),
        ((1, 2, 3), (1, 2), "returned a tuple of length 3, expected 2 values"),
        ([1, 3], (1, 2), "returned as its second value 3, expected 2."),
        ((1, 2), [1, 2, 3], "returned a tuple of length 2, expected an array of shape (3,)."),
        (
            np.array([1 + 2j]),
            [1],
            "an array of dtype complex128, expected an array of real numbers of shape (1,).",
        ),
        (["1"], [1], "returned a list that holds a value of type str, expected"),
        ([None, None], [1, 2], "returned a list that holds None, expected"),
        ([[1], [1, 2]], [1, 2], "returned a list that holds rows of different lengths, expected"),
        ("0.5", 0.5, "returned a value of type str, expected a real number."),
        (10**400, 1, "returned a value of type int, expected a real number."),
        (np.zeros((3, 1)), np.ones(3), "An axis of length 1 is left over."),
        ([1.0], 2.0, "An axis of length 1 is left over."),
        (np.nan, 1.0, "returned nan, expected 1. Look for an overflow"),
        ((1, 2, 3, 4, 5), (1, 2, 3, 4, 6), "returned as its 5th value 5, expected 6."),
    ],
)
def test_kinds_of_differences(returned, expected, words, capsys):
    sentence = said(lambda Z: returned, capsys, returns=expected)
    assert sentence.startswith("Not yet: ")
    assert words in sentence


@pytest.mark.parametrize("value", [-np.inf, np.nan, [np.nan, 1.0]])
def test_infinity_and_nan_may_be_what_is_expected(value, capsys):
    assert said(lambda Z: value, capsys, returns=value).startswith("Correct")


def test_large_arguments_are_told_by_their_shape_or_name(capsys):
    large = np.zeros((6, 4))
    assert "f(an array of shape (6, 4), 2) returned" in said(lambda *z: 0, capsys, large, 2)
    assert "f(Z, 2) returned" in said(lambda *z: 0, capsys, large, 2, named="Z, 2")


def test_error_is_told_with_its_line(capsys):
    def fails(Z):
        Z = Z + 1
        return Z[7]

    line = fails.__code__.co_firstlineno + 2
    words = f"f([[1, 2], [5, 6]]) raised IndexError on line {line}: index 7 is out of bounds"
    assert words in said(fails, capsys)


@pytest.mark.parametrize("error", [AssertionError, SystemExit])
def test_error_without_a_message_ends_its_sentence(error, capsys):
    def fails(Z):
        raise error

    line = fails.__code__.co_firstlineno + 1
    assert said(fails, capsys).endswith(f" raised {error.__name__} on line {line}.\n")


def test_what_is_no_function_is_refused():
    with pytest.raises(TypeError, match=r"`function` must be a function, got one number\."):
        Check(3)


def test_function_gets_a_copy_and_must_not_change_it(capsys):
    def in_place(Z):
        Z *= 2
        return [1.5, 5.5]

    before = Z.copy()
    assert "changed argument 1 in place. Work on a copy." in said(in_place, capsys)
    assert np.array_equal(Z, before)


@pytest.mark.parametrize(
    ("argument", "change"),
    [
        ([2.0, 1.0], lambda x: x.sort()),
        ([[1], [2]], lambda x: x[1].append(3)),
        ([np.ones(2000)], lambda x: x[0].put(1000, 1 + 1e-12)),
        ({"a": 1}, lambda x: x.clear()),
        (np.zeros((2, 3)), lambda x: x.resize((3, 2), refcheck=False)),
    ],
)
def test_function_must_not_change_what_holds_values(argument, change, capsys):
    def in_place(x):
        change(x)
        return 1

    sentence = said(in_place, capsys, argument, returns=1)
    assert sentence.endswith(" changed argument 1 in place. Work on a copy.\n")
    arguments = argument, np.random.default_rng(0), [np.nan, len]
    answer = said(lambda x, rng, values: 1 + 0 * rng.integers(9), capsys, *arguments, returns=1)
    assert answer.startswith("Correct")


def test_first_fault_is_the_only_one_that_is_told(capsys):
    with Check(abs) as check:
        assert check(-1.0, returns=1.0) == 1.0
        check.that(check.call(-2.0) == 3, "First.")
        check.that(False, "Second.")
    assert capsys.readouterr().out == "Not yet: First.\n"


def test_fault_of_the_check_itself_is_not_hidden():
    with pytest.raises(ZeroDivisionError), Check(abs):
        raise ZeroDivisionError
