"""The triage figure's arguments, and what it starts from."""

import base64

import numpy as np
import pytest

import softmax as sm
from softmax import live
from softmax.live._triage.figure import LIMITS

# Confidences 0.9, 0.8, 0.75 and 0.5; the second one and the last are wrong.
P = np.array([[0.9, 0.1], [0.2, 0.8], [0.25, 0.75], [0.5, 0.5]])
Z, TRUTH = np.log(P), [0, 0, 1, 1]
PICTURES = np.zeros((4, 784))
PICTURES[:, 0] = [0.2, 0.4, 0.6, 0.8]
PICTURES[:, 1] = 1


def changed(**changes):
    return {"Z": Z, "t": TRUTH, "pictures": PICTURES} | changes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (changed(Z=Z[0]), r"`Z` must have 1 to 100000 rows of 2 to 10 logits, got shape \(2,\)"),
        (changed(Z=Z[:0]), r"got shape \(0, 2\)"),
        (changed(Z=Z[:, :1]), r"got shape \(4, 1\)"),
        (changed(Z=np.zeros((4, 11))), r"got shape \(4, 11\)"),
        (changed(Z=np.full((4, 2), np.inf)), "`Z` must hold finite numbers, got inf or NaN"),
        (changed(t=[0, 0, 1, 2]), "`t` must hold class labels from 0 to 1, got 2"),
        (changed(t=[0]), r"`t` must have a class for each of the 4 rows, got shape \(1,\)"),
        (
            changed(pictures=PICTURES[:, :783]),
            r"`pictures` must have 784 pixels for each of the 4 rows, got shape \(4, 783\)",
        ),
        (changed(pictures=255 * PICTURES), "`pictures` must hold numbers from 0 to 1. Divide"),
        (changed(pictures=PICTURES * np.nan), "`pictures` must hold numbers from 0 to 1"),
        (changed(labels=["seal"]), "`labels` must have a name for each of the 2 classes, got 1"),
        (changed(threshold=1.1), "`threshold` must be a number from 0 to 1, got 1.1"),
    ],
)
def test_it_says_what_it_cannot_show(arguments, message):
    with pytest.raises(ValueError, match=message):
        live.triage(**arguments)


def test_classes_must_be_integers():
    with pytest.raises(TypeError, match="`t` must hold integers"):
        live.triage(**changed(t=[0, 0, 1, 0.5]))


def test_predictions_are_counted_by_the_step_that_their_confidence_reaches():
    start = live.triage(**changed(threshold=0.755)).start
    # By class, right or wrong, and step. Log and softmax lead back to 0.75 or just below or above.
    counts = np.array(start["counts"])
    assert counts.shape == (2, 2, 101)
    confidence = sm.softmax(Z).max(axis=1)
    for i, c in enumerate(np.arange(101) / 100):
        decided = confidence >= c
        expected = [[decided[0], decided[1]], [decided[2], decided[3]]]
        assert counts[:, :, i:].sum(axis=2).tolist() == expected
    assert start["step"] == 76


def test_pictures_are_sent_from_the_most_confident_on():
    start = live.triage(**changed(t=[0, 0, 0, 1], pictures=PICTURES)).start
    assert start["truth"] == [0, 0, 0, 1]
    assert start["answers"] == [0, 1, 1, 0]
    assert start["picture"] == 1  # the most confident mistake
    np.testing.assert_allclose(start["probabilities"], P, atol=1e-12)
    pairs = np.frombuffer(base64.b64decode(start["pictures"]), np.uint8).reshape(4, 392)
    # Levels of gray from 0 to 15, the first pixel in the upper half of the byte.
    assert pairs[:, 0].tolist() == [16 * level + 15 for level in (3, 6, 9, 12)]
    assert not pairs[:, 1:].any()


def test_of_many_pictures_those_at_equal_distances_are_shown():
    n = 10 * LIMITS["pictures"]
    confidence = np.random.default_rng(0).permutation(np.linspace(0.55, 0.95, n))
    Z = np.log(np.column_stack([confidence, 1 - confidence]))
    start = live.triage(Z, np.zeros(n, int), np.zeros((n, 784))).start
    shown = np.array(start["probabilities"])[:, 0]
    np.testing.assert_allclose(shown, np.round(-np.sort(-confidence)[5::10], 4), atol=1e-12)


@pytest.mark.parametrize(
    ("truth", "threshold", "has_challenge"),
    [
        ([0, 0, 1, 1], 0.5, True),  # 0.81 to 0.9: one decision, and it is right
        ([0, 0, 1, 1], 0.85, False),  # solved at the start
        ([1, 1, 0, 1], 0.5, False),  # all are wrong
        ([0, 1, 1, 0], 0.1, False),  # all are right
    ],
)
def test_there_is_a_challenge_only_where_it_can_be_met_and_is_not(truth, threshold, has_challenge):
    start = live.triage(**changed(t=truth, threshold=threshold)).start
    assert start["challenge"] is has_challenge


def test_a_class_without_a_prediction_is_neither_the_best_nor_the_worst():
    Z = np.column_stack([np.log(P), np.full(4, -100)])
    alt = live.triage(**changed(Z=Z, labels=["seal", "panda", "duck"], threshold=0.7)).alt
    assert alt.endswith("most of all seal, 2, and fewest of panda, 1.")


def test_the_words_for_the_picture_hold_its_numbers():
    alt = live.triage(**changed(labels=["seal", "panda"], threshold=0.7)).alt
    assert alt.endswith(
        "From confidence 0.7 on, the machine decides 3 of 4 pictures, 1 of them wrongly: most of "
        "all seal, 2, and fewest of panda, 1."
    )
