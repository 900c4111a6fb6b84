"""The sampling figure's arguments, and what it starts from."""

import numpy as np
import pytest

from softmax import live

WORDS = ["row", "boat", "."]
Z = np.log([[2, 1, 0.001], [0.001, 0.001, 1], [1, 0.001, 0.001]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"logits": np.zeros((3, 2))}, r"row for each of 2 to 100 words, got shape \(3, 2\)"),
        ({"logits": np.zeros(3)}, r"got shape \(3,\)"),
        ({"logits": np.zeros((101, 101))}, r"got shape \(101, 101\)"),
        ({"logits": np.full((3, 3), np.nan)}, "must hold -inf or numbers from -100 to 100"),
        ({"logits": np.full((3, 3), np.inf)}, "must hold -inf or numbers from -100 to 100"),
        ({"logits": np.diag([1.0, 0, -np.inf]) - 101}, "from -100 to 100"),
        ({"logits": np.log(np.eye(3) * [1, 1, 0] + 1e-300)}, "from -100 to 100"),
        ({"vocabulary": ["row", "row", "."]}, "3 different words, .* got 3 with 2 different"),
        ({"vocabulary": ["row", "boat"]}, "got 2 with 2"),
        ({"text": "row your boat"}, r"words of the vocabulary, got \['your'\]"),
        ({"text": " "}, "words of the vocabulary, got ' '"),
        ({"temperature": 0}, "`temperature` must be a number from 0.01 to 10, got 0.0"),
        ({"seed": -1}, r"`seed` must be an integer from 0 to 2\*\*32 - 1, got -1"),
        ({"seed": 0.5}, "got 0.5"),
    ],
)
def test_it_says_what_it_cannot_show(change, message):
    arguments = {"logits": Z, "vocabulary": WORDS, "text": "row row", **change}
    with pytest.raises(ValueError, match=message):
        live.sampling(**arguments)


def test_a_row_needs_a_word_that_can_follow():
    z = Z.copy()
    z[1] = -np.inf
    with pytest.raises(ValueError, match="must have a finite number in each row"):
        live.sampling(z, WORDS, "row")


def test_the_logits_can_be_made_from_what_is_sent():
    z = Z.copy()
    z[0, 2] = -np.inf
    start = live.sampling(z, np.array(WORDS), "row boat", seed=7).start
    values = np.array([-np.inf if x is None else x for x in start["values"]])
    np.testing.assert_array_equal(values[start["codes"]], z)
    assert len(values) == len(set(z.ravel()))
    assert start["text"] == [0, 1]
    assert start["seed"] == 7


def test_the_challenge_is_there_where_one_min_p_solves_it():
    def challenge(z):
        return live.sampling(z, WORDS, "row").start["challenge"]

    assert challenge(Z)
    assert not challenge(np.log([[2, 1, 1], [1, 1, 1], [1, 2, 1]]))  # no word is rare
    # A rare word, 0.8 %, is nearer to the best of its row than 1.3 %, which is not rare, to its.
    assert not challenge(np.log([[98.7, 1.3, 1e-30], [1, 1, 1], [49.6, 49.6, 0.8]]))


def test_the_words_for_the_picture_hold_its_numbers():
    alt = live.sampling(Z, WORDS, "row", temperature=0.5).alt
    assert "follow “row” at temperature 0.5" in alt
    assert "row 0.800, boat 0.200, . 0.000" in alt
