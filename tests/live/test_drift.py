"""The drift figure's arguments, and what it starts from."""

import numpy as np
import pytest

from softmax import live

Z = [0.25, 1.23, -0.8]
ANIMALS = ["seal", "panda", "duck"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"z": [1.0]}, r"one vector of 2 to 4 logits, got shape \(1,\)"),
        ({"z": np.zeros(5)}, r"got shape \(5,\)"),
        ({"z": [0, 4.5, 0]}, "logits from -4 to 4"),
        ({"z": [0, np.nan, 0]}, "logits from -4 to 4"),
        ({"target": 3}, "`target` must be an index from 0 to 2, got 3"),
        ({"labels": ANIMALS[:2]}, "a name for each of the 3 logits, got 2"),
        ({"shift": 621}, "`shift` must be a number from -20 to 620, got 621.0"),
        ({"shift": np.nan}, "`shift` must be a number"),
    ],
)
def test_it_says_what_it_cannot_show(change, message):
    arguments = {"z": Z, "target": 1, "labels": ANIMALS, **change}
    with pytest.raises(ValueError, match=message):
        live.drift(**arguments)


def test_the_start_holds_the_arguments():
    assert live.drift(Z, np.int64(1), np.array(ANIMALS), shift=np.float32(256)).start == {
        "z": Z,
        "target": 1,
        "labels": ANIMALS,
        "shift": 256.0,
        "challenge": True,
    }


def test_the_picture_says_what_bfloat16_holds():
    alt = live.drift(Z, 1, ANIMALS, shift=512).alt
    assert "seal 512, panda 512, duck 512" in alt
    assert "seal 0.333, panda 0.333, duck 0.333" in alt


def test_the_challenge_is_there_where_a_shift_solves_it():
    assert live.drift([-1.9, 1.9], 0).start["challenge"]
    assert not live.drift([-4, 4], 0).start["challenge"]
