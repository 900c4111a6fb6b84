"""The gradient figure's arguments, and what it starts from."""

import numpy as np
import pytest

from softmax import live


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([[1.0, 2.0]],), {}, r"shape \(1, 2\); give one vector of 2 to 5"),
        (([1.0],), {}, r"shape \(1,\)"),
        ((np.zeros(6),), {}, r"shape \(6,\)"),
        (([np.nan, 0.0],), {}, r"z is \[nan, 0.0\]; give logits between -20 and 20"),
        (([0.0, 20.5],), {}, "between -20 and 20"),
        (([0.0, 1.0], 2), {}, "target is 2; give an index from 0 to 1"),
        (([0.0, 1.0], -1), {}, "target is -1"),
        (([0.0, 1.0], 0.5), {}, "target is 0.5"),
        (([0.0, 1.0], 0, ["a"]), {}, "1 labels for 2 logits"),
        (([0.0, 1.0],), {"rate": 0}, "rate is 0.0; give a number between 0.01 and 10"),
        (([0.0, 1.0],), {"rate": np.nan}, "rate is nan"),
    ],
)
def test_it_says_what_it_cannot_show(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        live.gradient(*arguments, **options)


def test_names_and_rate_have_defaults():
    figure = live.gradient([0.0, 1.0], np.int64(1))
    assert figure.start == {
        "z": [0.0, 1.0],
        "target": 1,
        "labels": ["class 1", "class 2"],
        "rate": 1.0,
    }


def test_the_words_for_the_picture_hold_its_numbers():
    alt = live.gradient([0.25, 1.23, -0.8], 1, ["seal", "panda", "duck"]).alt
    assert "seal +0.249, panda -0.336, duck +0.087" in alt
    assert "true class is panda, its loss is 0.410" in alt
