"""The functions that the chapter on contrastive learning defines, taken from its cells."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import approx_fprime, minimize
from scipy.special import log_softmax

from tests.book.chapters import chapter_functions

chapter = chapter_functions("contrastive")

JOINT = np.random.default_rng(0).dirichlet(np.ones(12)).reshape(3, 4)
P_Y = JOINT.sum(axis=0)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def slope(function, x):
    """Return the gradient of a function of a matrix by differences."""
    return approx_fprime(x.ravel(), lambda v: function(v.reshape(x.shape)), 1e-7).reshape(x.shape)


@pytest.mark.parametrize("N", [2, 3, 7])
def test_loss_of_a_batch_is_that_of_its_rows_and_columns(N, rng):
    Z = rng.normal(size=(N, N))
    rows, columns = (-np.diag(log_softmax(Z, axis=axis)).mean() for axis in (1, 0))
    loss, gradient = chapter.contrastive_loss(Z)
    assert_allclose(loss, (rows + columns) / 2, rtol=1e-12)
    assert_allclose(gradient, slope(lambda Z: chapter.contrastive_loss(Z)[0], Z), atol=1e-6)


@pytest.mark.parametrize("T", [0.1, 1.0])
def test_gradients_of_the_towers_against_differences(T, rng):
    X, Y = rng.normal(size=(5, 4)), rng.normal(size=(5, 3))
    A, B = rng.normal(size=(4, 2)), rng.normal(size=(3, 2))
    _, dA, dB = chapter.tower_gradients(A, B, X, Y, T)
    by_differences = slope(lambda A: chapter.tower_gradients(A, B, X, Y, T)[0], A)
    assert_allclose(dA, by_differences, atol=1e-5)
    by_differences = slope(lambda B: chapter.tower_gradients(A, B, X, Y, T)[0], B)
    assert_allclose(dB, by_differences, atol=1e-5)


def test_exact_loss_is_the_mean_of_sampled_ones():
    rng = np.random.default_rng(1)
    s, q = rng.normal(size=(3, 4)), np.array([0.4, 0.3, 0.2, 0.1])
    loss, gradient = chapter.exact_loss(s, JOINT, q, 3)
    x, y = np.divmod(rng.choice(12, size=40_000, p=JOINT.ravel()), 4)
    chosen = np.column_stack([y, rng.choice(4, size=(40_000, 2), p=q)])
    sampled = -log_softmax(s[x[:, None], chosen], axis=1)[:, 0]
    assert abs(sampled.mean() - loss) < 4 * sampled.std() / 200
    assert_allclose(gradient, slope(lambda s: chapter.exact_loss(s, JOINT, q, 3)[0], s), atol=1e-6)


@pytest.mark.parametrize("N", [2, 3])
def test_best_score_is_the_ratio_up_to_a_function_of_the_query(N):
    q = np.array([0.1, 0.2, 0.3, 0.4])
    ratio = np.log(JOINT / JOINT.sum(axis=1, keepdims=True) / q)
    difference = chapter.best_table(chapter.exact_loss, JOINT, q, N) - ratio
    assert np.ptp(difference, axis=1).max() < 1e-4


@pytest.mark.parametrize("N", [2, 3, 5])
def test_no_score_shows_more_than_the_information(N, rng):
    pmi = np.log(JOINT / np.outer(JOINT.sum(axis=1), P_Y))
    information = np.sum(JOINT * pmi)
    scores = [pmi, pmi + rng.normal(size=(3, 1)), *rng.normal(scale=3, size=(5, 3, 4))]
    shown = [np.log(N) - chapter.exact_loss(s, JOINT, P_Y, N)[0] for s in scores]
    assert shown[1] == pytest.approx(shown[0], rel=1e-9)
    assert max(shown) == max(shown[:2]) < information


def test_bound_of_equal_things_against_the_enumeration():
    M, N = 3, 4
    certain = np.where(np.eye(M, dtype=bool), 0.0, -800.0)
    loss, _ = chapter.exact_loss(certain, np.eye(M) / M, np.full(M, 1 / M), N)
    assert chapter.best_bound(N, M) == pytest.approx(np.log(N) - loss, rel=1e-12)


@pytest.mark.parametrize(("N", "T"), [(3, 1.0), (4, 0.5)])
def test_unit_vectors_reach_the_smallest_loss_and_no_less(N, T):
    def loss(v):
        U, V = (chapter.unit(part)[0] for part in v.reshape(2, N, N - 1))
        return chapter.contrastive_loss(U @ V.T / T)[0]

    rng = np.random.default_rng(2)
    found = minimize(loss, rng.normal(size=2 * N * (N - 1))).fun
    assert found == pytest.approx(chapter.smallest_loss(N, T), rel=1e-5)
    assert found >= chapter.smallest_loss(N, T) * (1 - 1e-9)


def test_sigmoid_loss_has_the_gradients_that_it_returns(rng):
    Z, b = rng.normal(size=(4, 4)), -0.7
    _, gradient, gradient_b = chapter.sigmoid_loss(Z, b)
    assert_allclose(gradient, slope(lambda Z: chapter.sigmoid_loss(Z, b)[0], Z), atol=1e-6)
    difference = slope(lambda b: chapter.sigmoid_loss(Z, b[0])[0], np.array([b]))[0]
    assert gradient_b == pytest.approx(difference, abs=1e-5)
