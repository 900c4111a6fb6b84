"""The preferences figure's arguments, its scores, and what it starts from."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from softmax import live
from softmax.live._preferences.figure import LIMITS, fit_scores

ANSWERS = ["yes", "no", "perhaps"]
REFERENCE = [0.5, 0.3, 0.2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answers": ["yes"]}, r"`answers` must be 2 to 6 different strings, got \['yes'\]"),
        ({"answers": "yes"}, r"strings, got \['yes'\]"),
        ({"answers": ["yes", "no", "no"]}, "different strings"),
        ({"answers": range(7)}, "`answers` must be 2 to 6"),
        ({"reference": [0.5, 0.5]}, "`reference` must hold 3 positive probabilities"),
        ({"reference": [0.5, 0.5, 0.0]}, r"got \[0.5, 0.5, 0.0\]"),
        ({"reference": [0.5, 0.3, 0.3]}, "with the sum 1"),
        ({"reference": [0.5, 0.5, np.nan]}, "positive probabilities"),
        ({"comparisons": [(1, 1)]}, r"two different indices from 0 to 2, got \(1, 1\)"),
        ({"comparisons": [(0, 3)]}, r"got \(0, 3\)"),
        ({"comparisons": [(0, 1, 2)]}, r"got \(0, 1, 2\)"),
        ({"comparisons": [3]}, r"got \(3,\)"),
        ({"comparisons": [(0, 1, 0)]}, r"got \(0, 1, 0\)"),
        ({"comparisons": [(0, 1)] * 61}, "at most 60 pairs, got 61"),
        ({"beta": 0}, "`beta` must be a number from 0.1 to 10, got 0.0"),
    ],
)
def test_it_says_what_it_cannot_show(change, message):
    arguments = {"answers": ANSWERS, "reference": REFERENCE, **change}
    with pytest.raises(ValueError, match=message):
        live.preferences(**arguments)


def test_a_masked_reference_is_refused():
    with pytest.raises(TypeError, match="`reference` must not have masked entries"):
        live.preferences(ANSWERS, np.ma.masked_equal(REFERENCE, 0.2))


@pytest.mark.parametrize("pairs", [[], [[0, 1]], [[0, 1], [1, 2], [2, 0]], [[3, 0]] * 60])
def test_scores_maximize_the_penalized_likelihood(pairs):
    def loss(s):
        fit = sum(np.logaddexp(0, s[other] - s[better]) for better, other in pairs)
        return fit + LIMITS["penalty"] / 2 * s @ s

    best = minimize(loss, np.zeros(4), tol=1e-10)
    assert_allclose(fit_scores(pairs, 4), best.x, atol=1e-6)


def test_the_challenge_is_to_join_the_rarest_and_the_most_frequent():
    assert live.preferences(ANSWERS, REFERENCE).start["challenge"] == [2, 0]
    assert live.preferences(ANSWERS[:2], [0.9, 0.1]).start["challenge"] is None


def test_the_words_for_the_picture_hold_its_numbers():
    figure = live.preferences(ANSWERS, REFERENCE, comparisons=[(2, 0)], beta=0.5)
    weights = np.array(REFERENCE) * np.exp(fit_scores([[2, 0]], 3) / 0.5)
    for name, old, new in zip(ANSWERS, REFERENCE, weights / weights.sum(), strict=True):
        assert f"“{name}” from {old:.2f} to {new:.2f}" in figure.alt
    assert "3 answers, fitted to 1 comparison." in figure.alt
    assert "beta of 0.5" in figure.alt
