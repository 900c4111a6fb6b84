"""The blocks figure's arguments, and what it starts from."""

import numpy as np
import pytest

import softmax as sm
from softmax import live

CORNERS = [[0, 0], [3, 0], [0, 4], [1, 1]]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((np.zeros(3), CORNERS), {}, r"one vector of 4 to 16 scores, got shape \(3,\)"),
        ((np.zeros(17), CORNERS), {}, r"got shape \(17,\)"),
        (([0, 0, 0, 6.1], CORNERS), {}, "scores from -6 to 6"),
        (([0, 0, 0, np.nan], CORNERS), {}, "scores from -6 to 6"),
        ((np.zeros(4), CORNERS[:3]), {}, r"`values` must have the shape \(4, 2\), got \(3, 2\)"),
        ((np.zeros(4), np.full((4, 2), np.inf)), {}, "`values` must hold finite numbers"),
        ((np.zeros(4), np.ones((4, 2))), {}, "must not all be the same point"),
        ((np.zeros(4), CORNERS), {"block": 0}, "`block` must be an integer from 1 to 4, got 0"),
        ((np.zeros(4), CORNERS), {"block": 5}, "got 5"),
        ((np.zeros(4), CORNERS), {"block": 1.5}, "got 1.5"),
    ],
)
def test_it_says_what_it_cannot_show(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        live.blocks(*arguments, **options)


def test_it_starts_from_its_arguments():
    start = live.blocks(np.arange(4), np.array(CORNERS), block=np.int64(2)).start
    # The goal is a share of the longest distance, 5.
    goal = float(f"{5 * live.blocks(np.zeros(4), CORNERS).limits['miss']:.2g}")
    assert start == {"z": [0, 1, 2, 3], "values": CORNERS, "block": 2, "goal": goal}


def test_the_words_for_the_picture_hold_its_numbers():
    z = np.array([1, 2, -1, 0.5])
    alt = live.blocks(z, CORNERS, block=3).alt
    for stop in (3, 4):
        x, y = sm.softmax(z[:stop]) @ np.array(CORNERS[:stop])
        assert f"({x:.2f}, {y:.2f})" in alt
