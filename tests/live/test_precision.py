"""The precision figure's arguments, and what it starts from."""

import numpy as np
import pytest

from softmax import live


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((np.zeros(5),), {}, r"`z` must be one vector of 2 to 4 logits, got shape \(5,\)"),
        (([0.0, 11.0],), {}, "logits from -10 to 10"),
        (([0.0, 1.0], "int8"), {}, "must be bfloat16, float16, float32 or float64, got int8"),
        (([0.0, 1.0], np.longdouble), {}, "got longdouble"),
        (
            ([0.0, 1.0], "float32", 0.0),
            {},
            r"`abs\(scale\)` must be a number from 0.1 to 100000, got 0.0",
        ),
        (([0.0, 1.0], "float32", -1e6), {}, "got 1000000.0"),
        (([0.0, 1.0], "float32", np.nan), {}, "got nan"),
        (([0.0, 1.0],), {"target": 2}, "`target` must be an index from 0 to 1, got 2"),
        (([0.0, 1.0],), {"labels": ["a"]}, "each of the 2 logits, got 1"),
    ],
)
def test_it_says_what_it_cannot_show(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        live.precision(*arguments, **options)


@pytest.mark.parametrize("dtype", ["float16", np.float16, np.dtype(np.float16)])
def test_a_type_may_be_named_or_given(dtype):
    assert live.precision([0.0, 1.0], dtype, -10).start == {
        "z": [0.0, 1.0],
        "dtype": "float16",
        "scale": -10.0,
        "target": 0,
        "labels": ["class 1", "class 2"],
    }


def test_the_words_for_the_picture_hold_its_numbers():
    alt = live.precision([1.0, 1.1, 1.2], "float32", 600).alt
    assert "The loss is NaN by naive, inf by shifted, 120 by log-softmax." in alt
    assert "loss of class 1 in float32, the logits multiplied by 600" in alt


def test_bfloat16_has_the_range_of_float32_and_fewer_digits():
    alt = live.precision([1.0, 1.1, 1.2], "bfloat16", 100).alt
    # 100, 110 and 120 are bfloat16 numbers; exp(-20) and exp(-10) are lost beside 1.
    assert "The loss is NaN by naive, 20 by shifted, 20 by log-softmax." in alt
    alt = live.precision([1.0, 1.1, 1.2], "bfloat16", 5).alt
    assert "in bfloat16" in alt
