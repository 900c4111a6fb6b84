"""The descent figure's arguments, and what it starts from."""

import numpy as np
import pytest

from softmax import live


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((-1,), {}, "`lead` must be a number from 0 to 10, got -1.0"),
        ((10.5,), {}, "got 10.5"),
        ((np.nan,), {}, "got nan"),
        ((8, ["a", "b"]), {}, "each of the 3 logits, got 2"),
        ((8,), {"rate": 0}, "`rate` must be a number from 0.1 to 10, got 0.0"),
    ],
)
def test_it_says_what_it_cannot_show(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        live.descent(*arguments, **options)


def test_names_and_rate_have_defaults():
    assert live.descent().start == {
        "lead": 8.0,
        "labels": ["class 1", "class 2", "class 3"],
        "rate": 1.0,
    }


@pytest.mark.parametrize(
    ("lead", "rate", "words"),
    [
        (8, 1, "cross-entropy 9, squared error 652."),
        (10, 0.1, "squared error more than 5,000."),
        (0, 10, "cross-entropy 1, squared error 1."),
    ],
)
def test_the_words_for_the_picture_count_the_steps(lead, rate, words):
    figure = live.descent(lead, ["seal", "panda", "duck"], rate=rate)
    assert "probability of panda" in figure.alt
    assert words in figure.alt
