"""Entropy and the Kullback-Leibler divergence."""

import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose, assert_array_equal

import softmax as sm
from tests.package.numeric import (
    FLOATS,
    INF,
    NAN,
    normal,
)

# Any warning fails, but not that of a file which another test left to the garbage collector.
pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")


@pytest.mark.parametrize("axis", [-1, 0, 1, (0, 2), None])
def test_entropy_and_divergence_agree_with_scipy(axis):
    p, q = sm.softmax(normal(3, 4, 5)), sm.softmax(normal(3, 4, 5, seed=1))
    assert_allclose(sm.entropy(p, axis), scipy.special.entr(p).sum(axis), rtol=1e-14)
    assert_allclose(
        sm.kl_divergence(p, q, axis), scipy.special.rel_entr(p, q).sum(axis), rtol=1e-13
    )


def test_entropy_and_divergence_take_the_last_axis_by_default():
    p, q = sm.softmax(normal(3, 4)), sm.softmax(normal(3, 4, seed=1))
    assert_array_equal(sm.entropy(p), sm.entropy(p, axis=1))
    assert_array_equal(sm.kl_divergence(p, q), sm.kl_divergence(p, q, axis=1))


def test_cross_entropy_is_entropy_plus_divergence():
    y, z = sm.softmax(normal(3, 4)), normal(3, 4, seed=1)
    loss = sm.cross_entropy(z, y, reduction="none")
    assert_allclose(loss, sm.entropy(y) + sm.kl_divergence(y, sm.softmax(z)), rtol=1e-14)


def test_zeros_in_entropy_and_divergence():
    assert isinstance(sm.entropy([0.5, 0.5, 0]), np.float64)
    assert sm.entropy([0.5, 0.5, 0]) == np.log(2)
    assert sm.kl_divergence([0.5, 0.5, 0], [0.25, 0.25, 0.5]) == np.log(2)
    assert sm.kl_divergence([0.5, 0.5], [1, 0]) == INF
    assert sm.kl_divergence([1, 0], [1, 0]) == 0
    assert sm.kl_divergence([0, 0], [0, 0]) == 0
    assert_array_equal(sm.entropy([[NAN, 1], [0, 1]]), [NAN, 0])
    assert_array_equal(
        sm.kl_divergence([[NAN, 1], [0, 1], [1, 0]], [[1, 1], [NAN, 1], [1, NAN]]), [NAN] * 3
    )


def test_the_divergence_of_near_distributions_keeps_its_digits():
    # The terms nearly cancel. As log p - log q they would leave five digits. Values in 50 digits.
    close = sm.kl_divergence([0.3, 0.7], [0.3 + 1e-6, 0.7 - 1e-6])
    assert_allclose(close, 2.3810048686339005e-12, rtol=1e-9)


def test_the_divergence_does_not_overflow():
    assert_allclose(sm.kl_divergence([1.0, 0], [1e-310, 1]), 310 * np.log(10), rtol=1e-14)
    assert_allclose(
        sm.kl_divergence([1e-310, 1], [1.0, 1]), -310 * np.log(10) * 1e-310, atol=1e-312
    )


@pytest.mark.parametrize("ratio", [0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5])
def test_the_two_forms_of_the_ratio_agree(ratio):
    assert_allclose(sm.kl_divergence([ratio], [1.0]), ratio * np.log(ratio), rtol=1e-15)


@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_a_ratio_of_two_is_not_a_difference_of_logarithms(ratio):
    # Both logarithms are about -690. Their difference would have lost three digits.
    p = ratio * 1e-300
    assert_allclose(sm.kl_divergence([p], [1e-300]), p * np.log(ratio), rtol=1e-15)


def test_divergence_broadcasts():
    p = sm.softmax(normal(3, 4))
    uniform = np.full(4, 0.25)
    assert_allclose(sm.kl_divergence(p, uniform), np.log(4) - sm.entropy(p), rtol=1e-13)
    with pytest.raises(ValueError, match="broadcast") as caught:
        sm.kl_divergence(p, [0.5, 0.5])
    message = "`p` and `q` must have shapes that broadcast, got (3, 4) and (2,)."
    assert str(caught.value) == message
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("dtype", FLOATS)
def test_entropy_and_divergence_keep_the_dtype(dtype):
    p = np.array([0.25, 0.75], dtype)
    assert sm.entropy(p).dtype == dtype
    assert sm.kl_divergence(p, p).dtype == dtype
    assert sm.kl_divergence(p, np.array([0.5, 0.5], np.longdouble)).dtype == np.longdouble


def test_entropy_and_divergence_of_integers_and_float16():
    assert sm.entropy([0, 1]).dtype == np.float64
    assert sm.kl_divergence([0, 1], np.array([0.5, 0.5], np.float16)).dtype == np.float64
    p = sm.softmax(normal(1000)).astype(np.float16)
    q = sm.softmax(normal(1000, seed=1)).astype(np.float16) + np.float16(1e-4)
    assert sm.entropy(p) == np.float16(sm.entropy(p.astype(np.float32)))
    wide = sm.kl_divergence(p.astype(np.float32), q.astype(np.float32))
    assert sm.kl_divergence(p, q) == np.float16(wide)


@pytest.mark.parametrize("name", ["p", "q"])
def test_negative_probabilities_are_refused(name):
    good, bad = [[0.5, 0.5], [0.5, 0.5]], [[1.0, 0.0], [1.5, -0.5]]
    message = f"`{name}` must not be negative, got -0.5 at index (1, 1)."
    with pytest.raises(ValueError, match="negative") as caught:
        sm.kl_divergence(*((bad, good) if name == "p" else (good, bad)))
    assert str(caught.value) == message
    with pytest.raises(ValueError, match=r"^`p` must not be negative"):
        sm.entropy(bad)
    assert sm.entropy([1.0, -0.0]) == 0


def test_divergence_does_not_modify_its_inputs():
    p, q = np.array([0.0, 1.0]), np.array([0.5, 0.5])
    sm.kl_divergence(p, q)
    sm.entropy(p)
    assert_array_equal(p, [0, 1])
    assert_array_equal(q, [0.5, 0.5])
