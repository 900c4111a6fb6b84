"""softmax, log_softmax and logsumexp: NaN, infinities, masks and temperature."""

import sys
from fractions import Fraction

import numpy as np
import pytest
import scipy.special
from numpy.testing import assert_allclose, assert_array_equal

import softmax as sm
from tests.package.numeric import (
    FLOATS,
    INF,
    NAN,
    SLICE_FUNCTIONS,
    TRANSFORMS,
    normal,
)

# Any warning fails, but not that of a file which another test left to the garbage collector.
pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")


# --- NaN and infinities ---------------------------------------------------------------------------


def padded(row, k):
    """The row with as many finite entries behind it as make it `k` long, and what is added."""
    return np.array(row + [1.0] * (k - len(row)))


@pytest.mark.parametrize("k", [3, 30])
def test_infinities_and_nan_row_by_row(k):
    rows = [[INF, 0, 1], [INF, INF, 1], [NAN, 0, 1], [NAN, INF, 1], [0, -INF, NAN], [2, -INF, 1]]
    x = np.stack([padded(row, k) for row in rows] + [np.full(k, -INF)])
    p, log_p, total = sm.softmax(x), sm.log_softmax(x), sm.logsumexp(x)
    first = np.arange(k) == 0
    two = np.arange(k) < 2
    assert_array_equal(p[0], first)
    assert_array_equal(log_p[0], np.where(first, 0, -INF))
    assert_array_equal(p[1], np.where(two, 0.5, 0))
    assert_array_equal(log_p[1], np.where(two, -np.log(2), -INF))
    for nan in (2, 3, 4, 6):
        assert np.isnan(p[nan]).all()
        assert np.isnan(log_p[nan]).all()
    assert_array_equal(total[[0, 1, 2, 3, 4, 6]], [INF, INF, NAN, NAN, NAN, -INF])
    finite = np.delete(x[5], 1)
    assert p[5, 1] == 0
    assert log_p[5, 1] == -INF
    assert_allclose(np.delete(p[5], 1), scipy.special.softmax(finite), rtol=1e-14)
    assert_allclose(np.delete(log_p[5], 1), scipy.special.log_softmax(finite), rtol=1e-14)
    assert_allclose(total[5], scipy.special.logsumexp(finite), rtol=1e-14)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (3, 1)])
@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_an_entry_alone_in_its_slice(temperature, shape, dtype):
    for special, p, log_p in [(NAN, NAN, NAN), (-INF, NAN, NAN), (INF, 1, 0), (5, 1, 0)]:
        x = np.full(shape, special, dtype)
        assert_array_equal(sm.softmax(x, temperature=temperature), np.full(shape, p))
        assert_array_equal(sm.log_softmax(x, temperature=temperature), np.full(shape, log_p))


@pytest.mark.parametrize("k", [3, 30])
@pytest.mark.parametrize("special", [INF, NAN, -INF])
def test_a_special_row_does_not_touch_the_others(k, special):
    x = normal(6, k)
    x[2] = special
    rest = np.arange(6) != 2
    for function in SLICE_FUNCTIONS:
        assert_array_equal(function(x)[rest], function(x[rest]))


@pytest.mark.parametrize("k", [3, 30])
@pytest.mark.parametrize("dtype", FLOATS)
def test_nothing_is_raised_even_where_numpy_is_asked_to_raise(k, dtype):
    rows = [[INF, 0, 1], [NAN, INF, 1], [0, -INF, NAN], [6e4, -6e4, 1e-7], [0, -80, -700]]
    x = np.stack([padded(row, k) for row in rows] + [np.full(k, -INF)]).astype(dtype)
    with np.errstate(all="raise"):
        for function in TRANSFORMS:
            function(x, where=x > 0)
            for temperature in (1, 1e-5, 1e5):
                function(x, temperature=temperature)
        sm.logsumexp(x)
        sm.logsumexp(x, where=x > 0)
        sm.online_logsumexp([x, x])
        sm.sigmoid(x)
        sm.softmax_jacobian(x)
        sm.softmax_vjp(x, x)


@pytest.mark.parametrize("k", [3, 30])
def test_an_infinity_is_seen_beside_a_nan_in_another_row(k):
    x = np.zeros((3, k))
    x[0, 0], x[1, 1], x[2, 2] = NAN, INF, NAN
    assert_array_equal(sm.softmax(x)[1], np.arange(k) == 1)
    assert sm.logsumexp(x)[1] == INF


@pytest.mark.parametrize("temperature", [0.5, 3.0])
@pytest.mark.parametrize("k", [3, 30])
def test_infinities_with_a_temperature(temperature, k):
    x = np.stack([padded([INF, 0, INF], k), padded([-INF, 0, -INF], k)])
    p = sm.softmax(x, temperature=temperature)
    assert_array_equal(p[0, :3], [0.5, 0, 0.5])
    assert_array_equal(p[1, [0, 2]], [0, 0])
    log_p = sm.log_softmax(x, temperature=temperature)
    assert_array_equal(log_p[0, :3], [-np.log(2), -INF, -np.log(2)])


def test_finite_entries_beside_minus_infinity_keep_their_small_tail():
    # The rounding of the shift is put back here, where -inf - m has no rounding error to speak of.
    assert_array_equal(sm.log_softmax([100.3, -INF, 60.2])[[0, 2]], sm.log_softmax([100.3, 60.2]))


def test_the_whole_range_of_finite_numbers():
    big = np.finfo(float).max
    assert_array_equal(sm.softmax([big, -big]), [1, 0])
    assert_array_equal(sm.log_softmax([big, -big]), [0, -INF])
    assert sm.logsumexp([big, -big]) == big
    assert_array_equal(sm.softmax([big, big]), [0.5, 0.5])
    assert sm.logsumexp([-big, -big]) == -big


# --- masks ----------------------------------------------------------------------------------------


def masked_reference(x, axis, where):
    """Softmax by the definition, of small numbers."""
    e = np.where(where, np.exp(x), 0)
    return e / e.sum(axis=axis, keepdims=True)


@pytest.mark.parametrize("axis", [-1, 0, (0, 1), None])
@pytest.mark.parametrize("shape", [(4, 5), (3, 30)])
def test_masks(shape, axis):
    x = normal(*shape)
    where = np.random.default_rng(1).random(shape) < 0.7
    where[0, 0] = where[1, 1] = where[2, :] = True
    where[:, 2:] = True
    p = masked_reference(x, axis, where)
    assert_allclose(sm.softmax(x, axis, where=where), p, rtol=1e-13)
    log_p = sm.log_softmax(x, axis, where=where)
    assert_allclose(log_p[where], np.log(p[where]), rtol=1e-12)
    assert_array_equal(log_p[~where], -INF)
    total = np.log(np.where(where, np.exp(x), 0).sum(axis))
    assert_allclose(sm.logsumexp(x, axis, where=where), total, rtol=1e-13)


@pytest.mark.parametrize("hidden", [NAN, INF, -INF, 1e300])
@pytest.mark.parametrize("k", [3, 30])
def test_what_is_masked_does_not_matter(hidden, k):
    x = normal(4, k)
    where = np.arange(k) > 0
    x[:, 0] = hidden
    assert_array_equal(sm.softmax(x, where=where)[:, 0], 0)
    assert_array_equal(sm.log_softmax(x, where=where)[:, 0], -INF)
    assert_allclose(sm.softmax(x, where=where)[:, 1:], sm.softmax(x[:, 1:]), rtol=1e-14)
    assert_allclose(sm.logsumexp(x, where=where), sm.logsumexp(x[:, 1:]), rtol=1e-14)


@pytest.mark.parametrize("content", [0.0, NAN, INF, -INF])
def test_a_slice_masked_throughout_is_zero_and_never_nan(content):
    x = np.full((2, 3), content)
    where = [[False], [True]]
    assert_array_equal(sm.softmax(x, where=where)[0], [0, 0, 0])
    assert_array_equal(sm.log_softmax(x, where=where)[0], [-INF] * 3)
    assert sm.logsumexp(x, where=where)[0] == -INF


def test_a_nan_that_counts_leaves_the_masked_entries_alone():
    x, where = [NAN, 1.0, 2.0], [True, True, False]
    assert_array_equal(sm.softmax(x, where=where), [NAN, NAN, 0])
    assert_array_equal(sm.log_softmax(x, where=where), [NAN, NAN, -INF])


def test_unmasked_minus_infinities_alone_are_nan():
    x, where = [-INF, -INF, 2.0], [True, True, False]
    assert_array_equal(sm.softmax(x, where=where), [NAN, NAN, 0])
    assert sm.logsumexp(x, where=where) == -INF


def test_masks_of_integers_keep_float64():
    assert_array_equal(sm.softmax([1, 1, 7], where=[True, True, False]), [0.5, 0.5, 0])
    assert sm.logsumexp(np.array([0, 0, 7]), where=[True, True, False]) == np.log(2)


@pytest.mark.parametrize("dtype", FLOATS)
def test_masks_keep_the_dtype(dtype):
    x = np.array([1, 1, 7], dtype)
    for function in SLICE_FUNCTIONS:
        assert function(x, where=[True, True, False]).dtype == dtype


def test_a_mask_of_one_bool():
    x = normal(2, 3)
    assert_array_equal(sm.softmax(x, where=True), sm.softmax(x))
    assert_array_equal(sm.softmax(x, where=False), np.zeros((2, 3)))
    assert sm.softmax(3.0, where=False) == 0
    assert sm.logsumexp(3.0, where=False) == -INF


@pytest.mark.parametrize("function", SLICE_FUNCTIONS)
def test_masks_that_are_refused(function):
    # An additive mask of 0 and -inf would otherwise be read the wrong way round.
    with pytest.raises(
        TypeError,
        match=r"^`where` must be boolean \(True keeps an entry\), got dtype float64\. "
        r"Write a comparison, such as np\.asarray\(where\) == 0\.$",
    ):
        function([1.0, 2.0], where=[0.0, -INF])
    with pytest.raises(TypeError, match=r"got dtype int64\. .+ np\.asarray\(where\) != 0\.$"):
        function([1.0, 2.0], where=np.array([0, 1], np.int64))
    with pytest.raises(TypeError, match=r"got dtype float64\. .+ np\.asarray\(where\) != 0\.$"):
        function([1.0, 2.0], where=[0.0, 1.0])
    with pytest.raises(TypeError, match=r"^`where` must hold booleans, got a generator\."):
        function([1.0, 2.0], where=(keep for keep in [True, False]))
    with pytest.raises(
        ValueError,
        match=r"^`where` must broadcast to the shape \(2, 2\) of `x`, got shape \(3,\)\.$",
    ) as caught:
        function(np.ones((2, 2)), where=[True] * 3)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


# --- temperature ----------------------------------------------------------------------------------


@pytest.mark.parametrize("function", TRANSFORMS)
@pytest.mark.parametrize("temperature", [0.1, 1, 4, np.float32(0.3), np.int64(3), True, 1.5])
@pytest.mark.parametrize("k", [4, 40])
def test_temperature_divides_the_logits(function, temperature, k):
    x = normal(3, k)
    expected = function(x / float(temperature))
    assert_allclose(function(x, temperature=temperature), expected, rtol=1e-12)


@pytest.mark.parametrize("function", TRANSFORMS)
@pytest.mark.parametrize("temperature", [0.25, 0.5, 2, 8])
def test_a_power_of_two_divides_exactly_in_the_precision_of_the_input(function, temperature):
    x = np.round(normal(20, 40), 1).astype(np.float32) + np.float32(50)
    x[:, 0] = x[:, 1]  # at the top, so that no small rest is mended at temperature 1 alone
    x[:, :2] += 30
    expected = function(x / np.float32(temperature))
    assert_array_equal(function(x, temperature=temperature), expected)


@pytest.mark.parametrize("function", TRANSFORMS)
def test_temperature_leaves_the_dtype_alone(function):
    for temperature in (np.float64(2), 2, 1e-60, 1e60):
        assert function(np.ones(3, np.float32), temperature=temperature).dtype == np.float32


def test_the_shift_comes_before_the_division():
    assert_array_equal(sm.softmax([1e308, 1e308], temperature=1e-3), [0.5, 0.5])
    assert_allclose(sm.log_softmax([1e308, 0.0], temperature=1e300), [0.0, -1e8], rtol=1e-15)


def test_the_distance_of_the_extremes_does_not_overflow():
    big = float(np.finfo(np.float32).max)
    x = np.array([big, -big], np.float32)
    assert_allclose(
        sm.log_softmax(x, temperature=big), [-np.log1p(np.exp(-2)), -2.126928], rtol=1e-6
    )
    assert_allclose(sm.softmax(x, temperature=big), sm.softmax([2.0, 0.0]), rtol=1e-6)
    assert_array_equal(sm.log_softmax(x, temperature=2), [0, -big])


@pytest.mark.parametrize("temperature", [1e-45, 1e-60, 1e60])
def test_a_temperature_that_float32_does_not_hold(temperature):
    x = np.array([1e-45, 0], np.float32)  # 1.4e-45, the smallest positive number
    expected = sm.softmax(x.astype(float), temperature=temperature)
    assert_allclose(sm.softmax(x, temperature=temperature), expected, rtol=1e-6)


def test_a_cold_and_a_hot_softmax():
    assert_array_equal(sm.softmax([1, 2, 3], temperature=5e-324), [0, 0, 1])
    assert_array_equal(sm.softmax([1, 2, 3, 4], temperature=1e308), [0.25] * 4)


@pytest.mark.parametrize("function", TRANSFORMS)
@pytest.mark.parametrize(
    "temperature",
    [0, 0.0, -1, -INF, INF, NAN, None, "2", [1.0], 1j, 10**400, -(10**400), Fraction(1, 10**400)],
    ids=lambda value: str(value)[:8],
)
def test_temperatures_that_are_refused(function, temperature):
    with pytest.raises(ValueError, match=r"^`temperature` must be a finite number > 0, got ") as e:
        function([1.0, 2.0], temperature=temperature)
    assert str(e.value).endswith(f"got {temperature!r}.")


def test_the_largest_temperature_is_allowed():
    assert_array_equal(sm.softmax([1.0, 2.0], temperature=sys.float_info.max), [0.5, 0.5])
