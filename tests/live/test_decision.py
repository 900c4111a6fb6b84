"""The decision figure's arguments, and what it starts from."""

import numpy as np
import pytest

from softmax import live

X = [1.5, 0.4]
W = [[0.9, 0.5, -1.4], [-2.0, 1.7, 0.5]]
B = [-0.3, -0.2, 1.1]
ANIMALS = ["seal", "panda", "duck"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [1.5]}, r"`x` must hold a length and a share, got shape \(1,\)"),
        ({"x": [[1.5, 0.4]]}, r"`x` must have 1 dimension, got shape \(1, 2\)"),
        ({"x": [2.6, 0.4]}, r"`x\[0\]` must be a number from 0 to 2.5, got 2.6"),
        ({"x": [1.5, -0.1]}, r"`x\[1\]` must be a number from 0 to 1, got -0.1"),
        ({"W": [1.0, 2.0]}, r"`W` must have 2 dimensions, got shape \(2,\)"),
        ({"W": [[1.0], [2.0]]}, r"2 rows and 2 to 6 columns, got shape \(2, 1\)"),
        ({"W": np.zeros((2, 7))}, r"got shape \(2, 7\)"),
        ({"W": np.zeros((3, 3))}, r"got shape \(3, 3\)"),
        ({"b": [0.0, 1.0]}, r"a bias for each of the 3 columns of `W`, got shape \(2,\)"),
        ({"b": [0.0, 1.0, np.nan]}, "`b` must hold numbers from -20 to 20"),
        ({"labels": ["a"]}, "each of the 3 scores, got 1"),
    ],
)
def test_it_says_what_it_cannot_show(change, message):
    with pytest.raises(ValueError, match=message):
        live.decision(**{"x": X, "W": W, "b": B, "labels": ANIMALS, **change})


def test_masked_features_and_classes_have_their_own_advice():
    masked = np.ma.array(X, mask=[0, 1])
    with pytest.raises(TypeError, match=r"`x` must not have .* Give both features a value"):
        live.decision(masked, W, B)
    with pytest.raises(TypeError, match=r"`b` must not have .* Leave these classes out"):
        live.decision(X, W, np.ma.array(B, mask=[0, 0, 1]))


def test_it_starts_from_its_arguments():
    figure = live.decision(np.array(X), np.array(W), np.array(B), np.array(ANIMALS))
    assert figure.start == {"x": X, "W": W, "b": B, "labels": ANIMALS, "challenge": True}


@pytest.mark.parametrize(
    ("x", "b", "possible"),
    [
        (X, B, True),
        ([0.66, 0.04], B, False),  # solved already
        (X, [9, 0, 0], False),  # the first class is far ahead everywhere
    ],
)
def test_the_challenge_is_shown_if_it_can_be_solved_and_is_not(x, b, possible):
    assert live.decision(x, W, b).start["challenge"] is possible


def test_the_words_for_the_picture_hold_its_numbers():
    alt = live.decision(X, W, B, ANIMALS).alt
    assert "cross at length 1.5 and share 0.4" in alt
    assert "seal 0.25, panda 1.23, duck -0.80. The answer is panda." in alt


def test_classes_that_tie_by_hand_tie():
    """At length 0.16 and share 0.83, rounding sets the score of duck above that of panda."""
    assert live.decision([0.16, 0.83], W, B, ANIMALS).alt.endswith("The answer is panda.")
