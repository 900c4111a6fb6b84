"""The gradient figure's arguments, and what it starts from."""

import numpy as np
import pytest

from softmax import live


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([[1.0, 2.0]],), {}, r"`z` must be one vector of 2 to 5 logits, got shape \(1, 2\)"),
        (([1.0],), {}, r"shape \(1,\)"),
        ((np.zeros(6),), {}, r"shape \(6,\)"),
        (([np.nan, 0.0],), {}, r"`z` must hold logits from -20 to 20, got \[nan, 0.0\]"),
        (([0.0, 20.5],), {}, "from -20 to 20"),
        (([0.0, 1.0], 2), {}, "`target` must be an index from 0 to 1, got 2"),
        (([0.0, 1.0], -1), {}, "got -1"),
        (([0.0, 1.0], 0.5), {}, "got 0.5"),
        (([0.0, 1.0], 0, ["a"]), {}, "each of the 2 logits, got 1"),
        (([0.0, 1.0],), {"rate": 0}, "`rate` must be a number from 0.01 to 10, got 0.0"),
        (([0.0, 1.0],), {"rate": np.nan}, "`rate` .* got nan"),
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
    assert "seal -0.249, panda +0.336, duck -0.087" in alt
    assert "true class is panda, its loss is 0.410" in alt
