"""The contrastive figure's arguments, and what it starts from."""

import numpy as np
import pytest

import softmax as sm
from softmax import live

QUERIES, PARTNERS = [20, 110, 200, 300], [150, 60, 330, 220]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0], [0]), {}, r"`queries` must be one vector of 2 to 6 angles, got shape \(1,\)"),
        ((np.zeros(7), np.zeros(7)), {}, r"shape \(7,\)"),
        (([[0, 1]], [0, 1]), {}, r"shape \(1, 2\)"),
        (([0, 1], [0, 361]), {}, r"`partners` must hold angles from 0 to 360, got \[0.0, 361.0\]"),
        (([0, np.nan], [0, 1]), {}, r"`queries` must hold .* nan"),
        (([0, 1], [0, 1, 2]), {}, "must have equally many angles, got 2 and 3"),
        (([0, 1], [0, 1], ["a"]), {}, "each of the 2 pairs, got 1"),
        (([0, 1], [0, 1]), {"temperature": 0.01}, "`temperature` must be a number from 0.05 to 5"),
    ],
)
def test_it_says_what_it_cannot_show(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        live.contrastive(*arguments, **options)


def test_names_and_temperature_have_defaults():
    assert live.contrastive([0, 90], [10, 80]).start == {
        "queries": [0.0, 90.0],
        "partners": [10.0, 80.0],
        "labels": ["pair 1", "pair 2"],
        "T": 1.0,
    }


def test_the_words_for_the_picture_say_how_sure_each_query_is():
    figure = live.contrastive(QUERIES, PARTNERS, ["seal", "panda", "duck", "koala"])
    p = sm.softmax(np.cos(np.radians(np.subtract.outer(QUERIES, PARTNERS))))
    assert f"seal {p[0, 0]:.3f}, panda {p[1, 1]:.3f}" in figure.alt


def test_the_picture_is_light():
    assert len(live.contrastive(QUERIES, PARTNERS)._picture()) < 40_000
