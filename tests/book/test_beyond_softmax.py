"""The functions of the chapter beyond softmax, taken out of its own cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize

import softmax as sm
from tests.book.chapters import chapter_functions

pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")

chapter = chapter_functions("beyond-softmax")
sparsemax, sparsemax_loss = chapter.sparsemax, chapter.sparsemax_loss


# --- sparsemax ------------------------------------------------------------------------------------

logits = hnp.arrays(float, st.integers(1, 7), elements=st.floats(-5, 5))


def nearest_by_brute_force(z):
    """Project onto each face of the simplex, and return the nearest point that is in it."""
    points = []
    for bits in range(1, 2 ** len(z)):
        face = np.array([bits >> i & 1 for i in range(len(z))], dtype=bool)
        p = np.zeros(len(z))
        p[face] = z[face] + (1 - z[face].sum()) / face.sum()
        if p.min() >= -1e-12:
            points.append(p)
    return min(points, key=lambda p: np.sum((p - z) ** 2))


@given(logits)
def test_sparsemax_is_the_nearest_distribution(z):
    assert_allclose(sparsemax(z), nearest_by_brute_force(z), atol=1e-9)


def test_sparsemax_is_what_a_solver_finds():
    for z in np.random.default_rng(0).normal(size=(10, 6)):
        total = {"type": "eq", "fun": lambda p: p.sum() - 1}
        found = minimize(
            lambda p, z=z: np.sum((p - z) ** 2),
            np.full(6, 1 / 6),
            bounds=[(0, 1)] * 6,
            constraints=total,
            tol=1e-12,
        )
        assert_allclose(sparsemax(z), found.x, atol=1e-5)


@given(logits, st.floats(-1e6, 1e6))
def test_sparsemax_is_a_distribution_and_ignores_a_shift(z, shift):
    p = sparsemax(z)
    assert p.min() >= 0
    assert p.sum() == pytest.approx(1)
    assert_allclose(sparsemax(z + shift), p, atol=1e-8)


@given(logits)
def test_sparsemax_keeps_the_order(z):
    order = np.argsort(z)
    assert np.all(np.diff(sparsemax(z)[order]) >= 0)


@given(logits)
def test_sparsemax_of_a_distribution_is_itself(z):
    p = sm.softmax(z)
    assert_allclose(sparsemax(p), p, atol=1e-12)


def test_sparsemax_gives_exact_zeros_and_ones():
    assert_array_equal(sparsemax(np.array([3.0, 2.0, 0.0])), [1, 0, 0])
    assert sparsemax(np.array([0.25, 1.23, -0.8]))[2] == 0
    assert_array_equal(sparsemax(np.array([1e300, 0.0])), [1, 0])


def test_sparsemax_works_row_by_row():
    Z = np.random.default_rng(0).normal(size=(4, 3, 5))
    rows = [[sparsemax(z) for z in block] for block in Z]
    assert_array_equal(sparsemax(Z), rows)


# --- training, and the loss of sparsemax ----------------------------------------------------------


@pytest.mark.parametrize("output", [sm.softmax, sm.sigmoid, sparsemax])
def test_training_reaches_its_targets(output):
    X = np.repeat(np.eye(2), 100, axis=0)
    target = np.repeat([[0.95, 0.05], [0.05, 0.95]], 100, axis=0)
    W, b = chapter.train_linear(X, target, output, epochs=3_000)
    assert_allclose(output(X @ W + b), target, atol=2e-3)


@given(logits.filter(lambda z: len(z) > 1))
def test_gradient_of_the_loss_is_prediction_minus_target(z):
    for i in range(len(z)):
        nudge = 1e-6 * np.eye(len(z))[i]
        slope = (sparsemax_loss(z + nudge, 0) - sparsemax_loss(z - nudge, 0)) / 2e-6
        assert slope == pytest.approx(sparsemax(z)[i] - (i == 0), abs=1e-5)


@given(logits, st.integers(0, 6))
def test_loss_is_zero_exactly_from_a_lead_of_one(z, t):
    t %= len(z)
    lead = z[t] - np.max(np.delete(z, t), initial=-np.inf)
    loss = sparsemax_loss(z, t)
    assert loss >= -1e-12
    if lead >= 1:
        assert loss == pytest.approx(0, abs=1e-12)
    if lead < 0.99:
        assert loss > 1e-6
