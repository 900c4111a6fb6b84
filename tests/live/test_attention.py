"""The attention figure's arguments, and what it starts from."""

import numpy as np
import pytest

from softmax import live

QUERY = [1.5, 0.5]
KEYS = [[1, -1], [-1, -1], [1, 1]]
PLACES = [[0, 0], [4, 1], [1, 3]]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1.0], KEYS, PLACES), {}, r"`query` must have the shape \(2,\), got \(1,\)"),
        (([3, 0], KEYS, PLACES), {}, r"`query` .* numbers from -2 to 2, got \[3.0, 0.0\]"),
        ((QUERY, KEYS[:1], PLACES[:1]), {}, r"`keys` .* \(2, 2\) or .* or \(5, 2\), got \(1, 2\)"),
        ((QUERY, [[2, 0], [0, 0]], PLACES), {}, "`keys` .* from -1.5 to 1.5"),
        ((QUERY, [[np.nan, 0], [0, 0]], PLACES), {}, "`keys` must hold finite numbers"),
        ((QUERY, KEYS, PLACES[:2]), {}, r"`values` must have the shape \(3, 2\), got \(2, 2\)"),
        ((QUERY, KEYS, np.full((3, 2), np.inf)), {}, "`values` must hold finite numbers, got"),
        ((QUERY, KEYS, np.ones((3, 2))), {}, "`values` must not all be the same place"),
        ((QUERY, KEYS, PLACES, ["a"]), {}, "each of the 3 keys, got 1"),
        ((QUERY, KEYS, PLACES), {"features": ["a"]}, "`features` must be two names, got 1"),
        ((QUERY, KEYS, PLACES), {"scale": 11}, "`scale` must be a number from 0 to 10, got 11.0"),
        ((QUERY, KEYS, PLACES), {"scale": np.nan}, "`scale` .* got nan"),
    ],
)
def test_it_says_what_it_cannot_show(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        live.attention(*arguments, **options)


def test_it_starts_from_plain_numbers():
    figure = live.attention(np.array(QUERY), np.array(KEYS), np.array(PLACES))
    assert figure.start == {
        "q": [1.5, 0.5],
        "scale": 1.0,
        "keys": KEYS,
        "values": PLACES,
        "labels": ["key 1", "key 2", "key 3"],
        "features": ["feature 1", "feature 2"],
        "challenge": [0, 1],
    }


def test_the_words_for_the_picture_hold_its_numbers():
    alt = live.attention([1, 1], KEYS, PLACES, ["seal", "panda", "duck"]).alt
    # Scores 0, -2 and 2: the chapter's example by hand.
    assert "weights are seal 0.117, panda 0.016, duck 0.867." in alt
    assert "average, (0.93, 2.62)," in alt


@pytest.mark.parametrize(
    ("query", "keys", "values", "pair"),
    [
        # At the start the answer is halfway between the first two: the next pair's turn.
        ([0, -2], KEYS, PLACES, [0, 2]),
        # The second key is between the others, which never fit equally well and better than it.
        ([1, 0], [[-1, 0], [0, 0], [1, 0]], [[0, 0], [1, 0], [2, 2]], None),
        # Equal keys always share.
        ([1, 0], [[1, 1], [1, 1]], [[0, 0], [4, 4]], None),
    ],
)
def test_the_challenge_can_be_solved_and_is_not_solved_yet(query, keys, values, pair):
    assert live.attention(query, keys, values, scale=10).start["challenge"] == pair
