"""The Gumbel figure's arguments, its noise, and what it starts from."""

import numpy as np
import pytest
from scipy import stats

import softmax as sm
from softmax import live
from softmax.live._gumbel.figure import gumbel_noise

Z = [0.25, 1.23, -0.8]
ANIMALS = ["seal", "panda", "duck"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"z": [1.0]}, "`z` must be one vector of 2 to 5 logits"),
        ({"z": [0.0] * 6, "labels": None}, "2 to 5 logits"),
        ({"z": [0.0, 5.0, 0.0]}, "from -4 to 4"),
        ({"labels": ANIMALS[:2]}, "`labels` must have a name for each of the 3"),
        ({"tau": 0.0}, "`tau` must be a number from 0.05 to 5, got 0.0"),
        ({"seed": -1}, "`seed` must be an integer from 0 to 4294967295, got -1"),
        ({"seed": 0.5}, "got 0.5"),
    ],
)
def test_it_says_what_it_cannot_show(change, message):
    with pytest.raises(ValueError, match=message):
        live.gumbel(**{"z": Z, "labels": ANIMALS, **change})


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_the_noise_is_standard_gumbel_noise(seed):
    assert stats.kstest(gumbel_noise(seed, 10_000), stats.gumbel_r.cdf).pvalue > 0.001


@pytest.mark.parametrize("seed", [0, 7])
def test_the_race_has_the_softmax_as_its_frequencies(seed):
    wins = np.argmax(Z + gumbel_noise(seed, 60_000).reshape(-1, 3), axis=1)
    expected = 20_000 * sm.softmax(Z)
    assert stats.chisquare(np.bincount(wins), expected).pvalue > 0.001


def test_the_words_for_the_picture_hold_its_numbers():
    figure = live.gumbel(Z, ANIMALS, tau=0.5, seed=3)
    noisy = Z + gumbel_noise(3, 3)
    for name, x, y in zip(ANIMALS, noisy, sm.softmax(noisy / 0.5), strict=True):
        assert f"{name} {x:.2f}" in figure.alt
        assert f"{name} {y:.3f}" in figure.alt
    assert f"The largest is {ANIMALS[noisy.argmax()]}." in figure.alt
    assert figure.start == {"z": Z, "labels": ANIMALS, "tau": 0.5, "seed": 3}
