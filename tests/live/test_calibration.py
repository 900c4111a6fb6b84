"""The calibration figure's arguments, and what it starts from."""

import base64

import numpy as np
import pytest

from softmax import live

Z = np.array([[3.0, 0.0, 2.9], [0.0, 1.0, -100.0]])
T = [2, 1]


def changed(**changes):
    return {"Z_val": Z, "t_val": T, "Z_test": Z, "t_test": T} | changes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            changed(Z_val=Z[0]),
            r"`Z_val` must have 1 to 2000 rows of 2 to 10 logits, got shape \(3,\)",
        ),
        (changed(Z_test=Z[:0], t_test=[]), r"`Z_test` must have 1 to 2000 rows .* \(0, 3\)"),
        (changed(Z_val=np.zeros((2, 11))), r"got shape \(2, 11\)"),
        (changed(Z_val=np.zeros((2_001, 3))), r"got shape \(2001, 3\)"),
        (
            changed(Z_val=[[np.inf, 0.0, 1.0]], t_val=[0]),
            "`Z_val` must hold finite numbers, got inf or NaN",
        ),
        (changed(t_val=[2, 3]), "`t_val` must hold class labels from 0 to 2, got 3"),
        (changed(t_test=[2]), r"a class for each of the 2 rows, got shape \(1,\)"),
        (
            changed(Z_test=np.zeros((2, 4))),
            "`Z_val` and `Z_test` must have the same number of classes, got 3 and 4",
        ),
        (changed(temperature=0.4), "`temperature` must be a number from 0.5 to 5, got 0.4"),
    ],
)
def test_it_says_what_it_cannot_show(arguments, message):
    with pytest.raises(ValueError, match=message):
        live.calibration(**arguments)


def test_classes_must_be_integers():
    with pytest.raises(TypeError, match="`t_val` must hold integers"):
        live.calibration(**changed(t_val=[0.5, 1]))


def test_logits_travel_as_bytes_below_the_largest_and_none_is_rounded_to_it():
    start = live.calibration(**changed()).start
    data = np.frombuffer(base64.b64decode(start["validation"]), np.uint8).reshape(2, 3)
    # The true class first, in quarters; 0.1 counts as a quarter, and 101 as 63.75.
    assert data.tolist() == [[1, 0, 12], [0, 4, 255]]
    assert start["test"] == start["validation"]
    assert start["classes"] == 3
    assert start["temperature"] == 1


def test_of_equal_logits_the_first_class_wins_as_in_argmax():
    start = live.calibration(**changed(Z_val=np.zeros((2, 3)), t_val=[0, 1])).start
    data = np.frombuffer(base64.b64decode(start["validation"]), np.uint8).reshape(2, 3)
    assert data.tolist() == [[0, 1, 1], [1, 0, 1]]


def test_the_words_for_the_picture_hold_its_numbers():
    alt = live.calibration(4 * np.eye(3), [0, 1, 1], 4 * np.eye(3), [0, 1, 2]).alt
    # exp(0) / (1 + 2 exp(-4)) = 0.9647, and all three predictions of the test set are right.
    assert "At temperature 1 the loss is 0.036 and the ECE 0.035" in alt
    assert alt.endswith("The accuracy is 1.000 in both.")
