"""The divergence figure's arguments, and what it starts from."""

import math

import numpy as np
import pytest
from matplotlib.figure import Figure

import softmax as sm
from softmax import live

Y = [0.5, 0.3, 0.2]
ANIMALS = ["seal", "panda", "duck"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": [1.0]}, r"`y` must be one vector of 2 to 4 probabilities, got shape \(1,\)"),
        ({"p": np.full(5, 0.2)}, r"`p` must be one vector of 2 to 4 .* \(5,\)"),
        ({"p": np.eye(3)}, r"shape \(3, 3\)"),
        ({"p": [0.5, 0.5]}, "`p` must have the 3 classes of `y`, got 2"),
        ({"y": [0.5, 0.6, -0.1]}, "`y` must hold numbers >= 0 whose sum is 1, got .*-0.1"),
        ({"p": [0.5, 0.3, 0.3]}, "`p` must hold numbers >= 0 whose sum is 1"),
        ({"p": [np.nan, 0.5, 0.5]}, "got .*nan"),
        ({"labels": ANIMALS[:2]}, "each of the 3 classes, got 2"),
    ],
)
def test_it_says_what_it_cannot_show(change, message):
    with pytest.raises(ValueError, match=message):
        live.divergence(**{"y": Y, "p": Y, **change})


@pytest.mark.parametrize("count", [2, 3, 4])
def test_it_starts_from_four_digits_that_sum_to_one(count):
    for p in np.random.default_rng(0).dirichlet(np.ones(count), 50):
        start = live.divergence(np.full(count, 1 / count), p).start
        assert start["p"] == pytest.approx(p, abs=1e-4)
        for shares in (start["y"], start["p"]):
            assert [round(x, 4) for x in shares] == shares
            assert math.isclose(sum(shares), 1, rel_tol=1e-12)
            assert min(shares) >= 0


@pytest.mark.parametrize("count", [2, 3, 4])
def test_the_loss_of_the_challenge_can_just_be_had(count):
    even = np.full(count, 1 / count)
    figure = live.divergence(even, even)
    assert 0 < sm.entropy(even) - figure.limits["loss"] < 0.01


def test_the_words_for_the_picture_hold_its_numbers():
    p = sm.softmax([0.25, 1.23, -0.8])
    alt = live.divergence(Y, p, ANIMALS).alt
    words = [
        f"{name} {x:.3f} with weight {y:.3f}"
        for name, x, y in zip(ANIMALS, -np.log(p.round(4)), Y, strict=True)
    ]
    assert ", ".join(words) in alt
    assert "mean, 1.306 nats" in alt
    assert "entropy 1.030 below, the divergence 0.276 on top" in alt


def test_what_the_model_calls_impossible_is_drawn_too():
    figure = live.divergence(Y, [0.8, 0.2, 0], ANIMALS)
    assert "duck inf with weight 0.200" in figure.alt
    drawn = Figure()
    figure.draw(drawn)
    (*blocks, least, extra) = [bar.get_height() for ax in drawn.axes for bar in ax.patches]
    assert blocks == pytest.approx([-np.log(0.8), -np.log(0.2), figure.limits["nats"]])
    assert least + extra == figure.limits["nats"]
