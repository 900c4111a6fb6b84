"""The precision figure's arguments, and what it starts from."""

import numpy as np
import pytest

from softmax import live


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((np.zeros(5),), {}, r"shape \(5,\); give one vector of 2 to 4"),
        (([0.0, 11.0],), {}, "give logits between -10 and 10"),
        (([0.0, 1.0], "int8"), {}, "dtype is int8; give float16, float32 or float64"),
        (([0.0, 1.0], np.longdouble), {}, "dtype is longdouble"),
        (([0.0, 1.0], "float32", 0.0), {}, r"abs\(scale\) is 0.0; give a number between 0.1"),
        (([0.0, 1.0], "float32", -1e6), {}, r"abs\(scale\) is 1000000.0"),
        (([0.0, 1.0], "float32", np.nan), {}, r"abs\(scale\) is nan"),
        (([0.0, 1.0],), {"target": 2}, "target is 2; give an index from 0 to 1"),
        (([0.0, 1.0],), {"labels": ["a"]}, "1 labels for 2 logits"),
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
