"""The vocabulary figure's arguments, and what it starts from."""

import numpy as np
import pytest

import softmax as sm
from softmax import live


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((np.zeros(3), 0), {}, r"one vector of 4 to 32 logits, got shape \(3,\)"),
        ((np.zeros(33), 0), {}, r"got shape \(33,\)"),
        (([0, 0, 0, 5.1], 0), {}, "logits from -5 to 5"),
        (([0, 0, 0, np.nan], 0), {}, "logits from -5 to 5"),
        ((np.zeros(4), 4), {}, "`target` must be an index from 0 to 3, got 4"),
        ((np.zeros(4), 0, ["a"]), {}, "each of the 4 logits, got 1"),
        ((np.zeros(4), 0), {"chunk": 0}, "`chunk` must be an integer from 1 to 4, got 0"),
        ((np.zeros(4), 0), {"chunk": 5}, "got 5"),
        ((np.zeros(4), 0), {"chunk": 1.5}, "got 1.5"),
    ],
)
def test_it_says_what_it_cannot_show(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        live.vocabulary(*arguments, **options)


def test_it_starts_from_its_arguments():
    start = live.vocabulary(np.arange(4), np.int64(2), np.array(list("abcd")), chunk=2).start
    assert start == {"z": [0, 1, 2, 3], "target": 2, "labels": ["a", "b", "c", "d"], "chunk": 2}


def test_the_words_for_the_picture_hold_its_numbers():
    z = [1, 2, -1, 0.5, 3]
    alt = live.vocabulary(z, 3, chunk=2).alt
    assert f"The log-sum-exp of all is {sm.logsumexp(z):.3f}" in alt
    assert f"the loss of word 4 is {sm.cross_entropy(np.array(z), 3):.3f}" in alt
