"""softmax.functional: shapes, dtypes, masks, infinities, errors. Error bounds: test_accuracy.py."""

import subprocess
import sys
import tracemalloc
import warnings
from fractions import Fraction

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

import softmax as sm
from softmax import _kernels, _slices

INF, NAN = np.inf, np.nan
FLOATS = [np.float16, np.float32, np.float64, np.longdouble]
TRANSFORMS = [sm.softmax, sm.log_softmax]
SLICE_FUNCTIONS = [sm.softmax, sm.log_softmax, sm.logsumexp]
# Row lengths on both sides of the one where the memory layout changes.
LENGTHS = [1, 2, _kernels.SHORT, _kernels.SHORT + 1, 40]

settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def no_warnings():
    """Make every warning an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def normal(*shape, scale=3.0, seed=0):
    return scale * np.random.default_rng(seed).standard_normal(shape)


def masked_reference(x, axis, where):
    """Softmax by the definition, of small numbers."""
    e = np.where(where, np.exp(x), 0)
    return e / e.sum(axis=axis, keepdims=True)


# --- values -------------------------------------------------------------------------------------


def test_worked_example_of_the_book():
    assert_allclose(sm.softmax([1, 2, 3]), [0.09003057, 0.24472847, 0.66524096], rtol=1e-7)


@pytest.mark.parametrize("axis", [-1, 0, 1, 2, -2, (0, 2), (2, 0), (-1, 1), (0, 1, 2), None])
@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 20, 3), (3, 2, 30)])
def test_agrees_with_scipy_along_every_axis(shape, axis):
    x = normal(*shape)
    assert_allclose(sm.softmax(x, axis), scipy.special.softmax(x, axis), rtol=1e-14)
    # SciPy takes log(1 + rest), not log1p(rest): of a small rest it keeps the absolute error alone.
    theirs = scipy.special.log_softmax(x, axis)
    assert_allclose(sm.log_softmax(x, axis), theirs, rtol=1e-14, atol=1e-15)
    for keepdims in (False, True):
        ours = sm.logsumexp(x, axis, keepdims=keepdims)
        theirs = scipy.special.logsumexp(x, axis, keepdims=keepdims)
        assert ours.shape == theirs.shape
        assert_allclose(ours, theirs, rtol=1e-14)


@pytest.mark.parametrize("function", SLICE_FUNCTIONS)
def test_the_last_axis_is_the_default(function):
    x = normal(3, 4)
    assert_array_equal(function(x), function(x, axis=1))


def test_logsumexp_drops_the_axis_by_default():
    assert sm.logsumexp(normal(3, 4)).shape == (3,)


@pytest.mark.parametrize("k", LENGTHS)
def test_definition(k):
    x = normal(7, k, scale=1)
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    assert_allclose(sm.softmax(x), p, rtol=1e-14)
    assert_allclose(sm.log_softmax(x), np.log(p), rtol=1e-13, atol=1e-15)
    assert_allclose(sm.logsumexp(x), np.log(np.exp(x).sum(axis=1)), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("k", [3, 30])
def test_blocks_cover_every_row_once(k, monkeypatch):
    monkeypatch.setattr(_slices, "BLOCK", 4 * k)
    for n in (1, 3, 4, 5, 8, 9):
        x = normal(n, k)
        assert_allclose(sm.softmax(x), scipy.special.softmax(x, axis=1), rtol=1e-14)
        assert_allclose(sm.log_softmax(x), np.log(scipy.special.softmax(x, 1)), rtol=1e-9)
        assert_allclose(sm.logsumexp(x), scipy.special.logsumexp(x, axis=1), rtol=1e-14)


def test_no_row_is_worked_on_twice(monkeypatch):
    lengths, step = [], sm.functional.shift_and_rest
    monkeypatch.setattr(_slices, "BLOCK", 40)
    monkeypatch.setattr(
        sm.functional, "shift_and_rest", lambda z, rows: lengths.append(len(z)) or step(z, rows)
    )
    sm.logsumexp(normal(9, 10))
    assert lengths == [4, 4, 1]


@pytest.mark.parametrize("k", [3, 30])
def test_a_row_longer_than_a_block_is_a_block(k, monkeypatch):
    monkeypatch.setattr(_slices, "BLOCK", 2)
    x = normal(5, k)
    assert_allclose(sm.softmax(x), scipy.special.softmax(x, axis=1), rtol=1e-14)
    assert_allclose(sm.logsumexp(x), scipy.special.logsumexp(x, axis=1), rtol=1e-14)


def test_short_rows_lie_column_by_column():
    # The reason for it is speed, so nothing else would notice.
    assert _slices.block_buffer(8, _kernels.SHORT, np.float32).flags.f_contiguous
    assert _slices.block_buffer(8, _kernels.SHORT + 1, np.float32).flags.c_contiguous


@pytest.mark.parametrize(
    ("n", "k", "rows"), [(10**6, 1000, 65), (10, 1000, 10), (7, 10**6, 1), (10**6, 1, 65536)]
)
def test_a_block_holds_65536_entries_or_one_row(n, k, rows):
    assert _slices.block_buffer(n, k, np.float32).shape == (rows, k)


# --- dtypes and kinds of input ------------------------------------------------------------------


@pytest.mark.parametrize("function", [*SLICE_FUNCTIONS, sm.sigmoid, sm.softmax_jacobian])
@pytest.mark.parametrize("dtype", FLOATS)
def test_floating_dtypes_are_kept(function, dtype):
    assert function(np.array([0.25, 0.75], dtype)).dtype == dtype


@pytest.mark.parametrize("function", [*SLICE_FUNCTIONS, sm.sigmoid, sm.softmax_jacobian])
@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int64, np.uint64])
def test_integers_and_booleans_give_float64(function, dtype):
    x = np.array([0, 1, 1], dtype)
    assert function(x).dtype == np.float64
    assert_array_equal(function(x), function([0.0, 1.0, 1.0]))


@pytest.mark.parametrize("function", SLICE_FUNCTIONS)
def test_float16_is_computed_in_float32_and_rounded_once(function):
    x = normal(5, 300).astype(np.float16)
    assert_array_equal(function(x), function(x.astype(np.float32)).astype(np.float16))


def test_sigmoid_and_derivatives_of_float16_are_rounded_once():
    x = normal(100).astype(np.float16)
    assert_array_equal(sm.sigmoid(x), sm.sigmoid(x.astype(np.float32)).astype(np.float16))
    p = sm.softmax(x)
    wide = p.astype(np.float32)
    assert_array_equal(sm.softmax_jacobian(p), sm.softmax_jacobian(wide).astype(np.float16))
    assert_array_equal(sm.softmax_vjp(p, x), sm.softmax_vjp(wide, x).astype(np.float16))


def test_longdouble_is_computed_in_longdouble():
    # Tenths, which float64 would round.
    x, rtol = np.array([1, -20, 31], np.longdouble) / 10, 8 * np.finfo(np.longdouble).eps
    p = np.exp(x) / np.exp(x).sum()
    assert_allclose(sm.softmax(x), p, rtol=rtol)
    assert_allclose(sm.logsumexp(x), np.log(np.exp(x).sum()), rtol=rtol)
    assert_allclose(sm.online_logsumexp([x[:2], x[2:]]), np.log(np.exp(x).sum()), rtol=rtol)
    assert_allclose(sm.sigmoid(x), 1 / (1 + np.exp(-x)), rtol=rtol)
    jacobian = np.diag(p) - np.outer(p, p)
    assert_allclose(sm.softmax_jacobian(p), jacobian, rtol=rtol)
    assert_allclose(sm.softmax_vjp(p, x), jacobian @ x, rtol=rtol)


def test_log_softmax_beyond_the_range_of_float16_is_minus_infinity():
    assert_array_equal(sm.log_softmax(np.array([6e4, -6e4], np.float16)), [0, -INF])


@pytest.mark.parametrize("function", SLICE_FUNCTIONS)
def test_the_other_byte_order_is_read_and_the_native_one_returned(function):
    x = normal(3, 4)
    result = function(x.astype(x.dtype.newbyteorder()))
    assert result.dtype.isnative
    assert_array_equal(result, function(x))


@pytest.mark.parametrize("function", SLICE_FUNCTIONS)
@pytest.mark.parametrize("k", [5, 50])
def test_strided_and_read_only_input(function, k):
    x = normal(8, 2 * k)
    view = x[::-2, ::2]
    view.flags.writeable = False
    assert_array_equal(function(view), function(view.copy()))
    assert_array_equal(function(np.asfortranarray(x)), function(x))


@pytest.mark.parametrize("function", SLICE_FUNCTIONS)
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("k", [4, 40])
def test_input_is_not_modified(function, axis, k):
    x = normal(k, k)
    x[0, 0], x[1, 1] = INF, NAN
    before = x.copy()
    function(x, axis, where=x < 5)
    function(x, axis)
    assert_array_equal(x, before)


def test_temperature_does_not_modify_the_input():
    x = normal(3, 40)
    before = x.copy()
    for function in TRANSFORMS:
        function(x, temperature=3.0)
    assert_array_equal(x, before)


@pytest.mark.parametrize("axis", [-1, 0, None, ()])
def test_a_single_number_is_a_slice_of_one(axis):
    for function, value in [(sm.softmax, 1), (sm.log_softmax, 0), (sm.logsumexp, 5)]:
        result = function(5, axis)
        assert isinstance(result, np.float64)
        assert result == value
    assert sm.logsumexp(5, axis, keepdims=True).shape == ()


def test_scalar_results_are_numpy_scalars():
    assert isinstance(sm.logsumexp([1.0, 2.0]), np.float64)
    assert isinstance(sm.sigmoid(0.0), np.float64)
    assert isinstance(sm.online_logsumexp([[1.0, 2.0]]), np.float64)


def test_no_axis_at_all_makes_each_entry_a_slice():
    x = normal(2, 3)
    assert_array_equal(sm.softmax(x, ()), np.ones((2, 3)))
    assert_array_equal(sm.log_softmax(x, ()), np.zeros((2, 3)))
    assert_array_equal(sm.logsumexp(x, ()), x)


@pytest.mark.parametrize("function", [*SLICE_FUNCTIONS, sm.sigmoid, sm.softmax_jacobian])
@pytest.mark.parametrize("x", [[1j, 2], ["a"], [object()], np.array(["2020-01-01"], "M8")])
def test_other_kinds_of_data_are_refused(function, x):
    with pytest.raises(
        TypeError,
        match=r"^expected real numbers \(bool, int or float\), got an array of dtype .+; "
        r"convert it first, for example with x\.astype\(float\)$",
    ):
        function(x)


def test_online_logsumexp_and_vjp_refuse_other_kinds_of_data():
    with pytest.raises(TypeError, match="real numbers"):
        sm.online_logsumexp([[1j]])
    with pytest.raises(TypeError, match="real numbers"):
        sm.softmax_vjp([0.5, 0.5], ["a", "b"])


@pytest.mark.parametrize("function", SLICE_FUNCTIONS)
def test_axis_errors_are_numpys(function):
    x = normal(2, 3)
    for axis in (2, -3, (0, 2)):
        with pytest.raises(np.exceptions.AxisError, match="out of bounds"):
            function(x, axis)
    with pytest.raises(ValueError, match="repeated axis"):
        function(x, (0, -2))
    with pytest.raises(TypeError, match="integer"):
        function(x, 1.0)


@pytest.mark.parametrize("function", SLICE_FUNCTIONS)
def test_options_are_keywords(function):
    with pytest.raises(TypeError, match="positional"):
        function([1.0], -1, True)


# --- empty --------------------------------------------------------------------------------------


def test_empty_slices():
    for shape in [(0,), (2, 0), (0, 3), (2, 0, 3)]:
        x = np.empty(shape, np.float32)
        for function in TRANSFORMS:
            result = function(x)
            assert result.shape == shape
            assert result.dtype == np.float32
    assert sm.logsumexp([]) == -INF
    assert_array_equal(sm.logsumexp(np.empty((2, 0))), [-INF, -INF])
    assert_array_equal(sm.logsumexp(np.empty((2, 0)), keepdims=True), [[-INF], [-INF]])
    assert sm.logsumexp(np.empty((0, 3))).shape == (0,)
    assert_array_equal(sm.logsumexp(np.empty((0, 3)), axis=0), [-INF] * 3)


def test_empty_slices_with_a_mask():
    x = np.empty((2, 0))
    assert sm.softmax(x, where=True).shape == (2, 0)
    assert_array_equal(sm.logsumexp(x, where=True), [-INF, -INF])
    with pytest.raises(ValueError, match="does not broadcast"):
        sm.logsumexp(x, where=[True, False])


# --- NaN and infinities -------------------------------------------------------------------------


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


# --- masks --------------------------------------------------------------------------------------


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
        match=r"^where must be boolean \(True keeps an entry\), got dtype float64; "
        r"write a comparison, for example mask != 0$",
    ):
        function([1.0, 2.0], where=[0.0, -INF])
    with pytest.raises(
        ValueError, match=r"^where of shape \(3,\) does not broadcast to x of shape \(2, 2\)$"
    ) as caught:
        function(np.ones((2, 2)), where=[True] * 3)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


# --- temperature --------------------------------------------------------------------------------


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
    with pytest.raises(ValueError, match=r"^temperature must be a finite number > 0, got ") as e:
        function([1.0, 2.0], temperature=temperature)
    assert str(e.value).endswith(repr(temperature))


def test_the_largest_temperature_is_allowed():
    assert_array_equal(sm.softmax([1.0, 2.0], temperature=sys.float_info.max), [0.5, 0.5])


# --- memory -------------------------------------------------------------------------------------


def peak_beyond_result(function):
    tracemalloc.start()
    result = function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - result.nbytes


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
@pytest.mark.parametrize(
    ("shape", "axis"), [((2048, 256), -1), ((2048, 256), 0), ((65536, 8), -1), ((16, 128, 256), 1)]
)
def test_softmax_takes_the_memory_of_its_result_and_a_block(dtype, shape, axis):
    x = np.ones(shape, dtype)
    block = 2**16 * 8  # bytes; besides it, a few numbers for each row of the block
    assert peak_beyond_result(lambda: sm.softmax(x, axis)) < 2 * block


def test_one_long_slice_is_worked_on_in_place():
    x = np.ones(2**19)
    assert peak_beyond_result(lambda: sm.softmax(x)) < 10_000
    assert peak_beyond_result(lambda: sm.softmax(x, where=np.True_)) < 10_000


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logs_take_a_few_blocks(dtype):
    x = np.ones((2048, 512), dtype)
    block = 2**16 * x.itemsize
    assert peak_beyond_result(lambda: sm.log_softmax(x)) < 4 * block
    assert peak_beyond_result(lambda: sm.logsumexp(x)) < 4 * block


# --- properties ---------------------------------------------------------------------------------

matrices = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=20),
    elements=st.floats(-700, 700, width=64),
)


@given(matrices)
def test_probabilities_sum_to_one_and_keep_the_order(x):
    p = sm.softmax(x)
    assert ((p >= 0) & (p <= 1)).all()
    assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
    order = np.argsort(x, axis=1, kind="stable")
    assert (np.diff(np.take_along_axis(p, order, axis=1), axis=1) >= 0).all()


@given(matrices, st.integers(-1000, 1000))
def test_adding_a_constant_changes_nothing(x, constant):
    x = np.round(x * 64) / 64  # so that the sum is exact
    assert_array_equal(sm.softmax(x + constant), sm.softmax(x))
    assert_array_equal(sm.log_softmax(x + constant), sm.log_softmax(x))


@given(matrices)
def test_log_softmax_is_the_logarithm_and_logsumexp_the_normalizer(x):
    log_p = sm.log_softmax(x)
    assert_allclose(np.exp(log_p), sm.softmax(x), rtol=1e-12, atol=1e-300)
    assert_allclose(log_p, x - sm.logsumexp(x, keepdims=True), rtol=1e-9, atol=1e-12)


@given(matrices)
def test_each_row_is_on_its_own(x):
    for function in SLICE_FUNCTIONS:
        rows = np.stack([function(row) for row in x])
        assert_allclose(function(x), rows, rtol=1e-15, atol=0)


@given(matrices, st.data())
def test_online_logsumexp_is_logsumexp_however_the_data_is_cut(x, data):
    cuts = data.draw(st.lists(st.integers(0, x.shape[1]), max_size=5))
    chunks = np.split(x, sorted(cuts), axis=1)
    assert_allclose(sm.online_logsumexp(chunks), sm.logsumexp(x), rtol=1e-13, atol=1e-13)


# --- logsumexp in pieces ------------------------------------------------------------------------


def test_online_logsumexp_of_a_stream_of_numbers():
    assert_allclose(sm.online_logsumexp(iter([1.0, 3, np.float32(2)])), 3.4076059644443803)
    assert_allclose(sm.online_logsumexp([3, [1, 2]]), 3.4076059644443803)


def test_online_logsumexp_of_nothing():
    assert sm.online_logsumexp([]) == -INF
    assert sm.online_logsumexp([[], []]) == -INF
    assert_array_equal(sm.online_logsumexp([np.empty((2, 0))]), [-INF, -INF])
    assert_array_equal(sm.online_logsumexp([np.empty((2, 0)), [[1], [2]]]), [1, 2])


@pytest.mark.parametrize(
    "values",
    [
        [-INF, -INF],
        [-INF, 2, -INF],
        [INF, 2, INF],
        [2, INF],
        [NAN, 2],
        [2, NAN, INF],
        [INF, NAN],
        [-INF, NAN],
        [NAN, -INF],
    ],
)
def test_online_logsumexp_of_infinities_and_nan(values):
    expected = sm.logsumexp(values)
    assert_array_equal(sm.online_logsumexp(values), expected)
    assert_array_equal(sm.online_logsumexp([values, values[:1]]), expected)


def test_online_logsumexp_keeps_small_tails_in_both_orders():
    for chunks in ([[0.0], [-40.0]], [[-40.0], [0.0]], [[-40.0, 0.0], []]):
        assert_allclose(sm.online_logsumexp(chunks), np.exp(-40), rtol=1e-15)
    assert_allclose(sm.online_logsumexp([[0, -40], [-40], [-40, -40]]), 4 * np.exp(-40), rtol=1e-15)
    tails = [[-40.0, -41.0], [0.0, -42.0]]
    assert_allclose(sm.online_logsumexp(tails), sm.logsumexp(np.ravel(tails)), rtol=1e-15)


def test_online_logsumexp_far_from_zero():
    assert_allclose(sm.online_logsumexp([[1e4]] * 1000), 1e4 + np.log(1000), rtol=1e-15)
    assert_allclose(sm.online_logsumexp([[-1e4], [-1e4 + 1]]), -1e4 + np.log1p(np.e), rtol=1e-15)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(np.float16, np.float64), (int, np.float64), (np.longdouble, np.longdouble)],
)
def test_online_logsumexp_works_in_float64_at_least(dtype, expected):
    assert sm.online_logsumexp([np.ones(2, dtype)]).dtype == expected
    total = sm.online_logsumexp([np.arange(5).astype(dtype), np.arange(3).astype(dtype)])
    assert_allclose(total, sm.logsumexp([0.0, 1, 2, 3, 4, 0, 1, 2]), rtol=1e-15)


def test_online_logsumexp_does_not_modify_its_chunks():
    chunk = normal(2, 3)
    before = chunk.copy()
    sm.online_logsumexp([chunk, chunk])
    assert_array_equal(chunk, before)


def test_online_logsumexp_refuses_shapes_that_do_not_agree():
    with pytest.raises(
        ValueError,
        match=r"^chunks must agree in shape except for the last axis: chunk 0 has \(2, 4\) before "
        r"it, chunk 2 has \(2, 3\)$",
    ):
        sm.online_logsumexp([np.ones((2, 4, 1)), np.ones((2, 4, 5)), np.ones((2, 3, 1))])


# --- sigmoid ------------------------------------------------------------------------------------


def test_sigmoid():
    x = np.array([-800, -700, -40, -1, 0, 1, 40, 800, INF, -INF, NAN])
    assert_allclose(sm.sigmoid(x), scipy.special.expit(x), rtol=1e-15)
    assert sm.sigmoid(-745.0) > 0  # SciPy's gives 0 from -710 on


@given(hnp.arrays(np.float64, 5, elements=st.floats(-700, 700)))
def test_sigmoid_is_the_softmax_of_two_classes(x):
    p = sm.softmax(np.stack([np.zeros(5), x], axis=-1))[:, 1]
    assert_allclose(sm.sigmoid(x), p, rtol=1e-14)
    assert_allclose(sm.sigmoid(x) + sm.sigmoid(-x), 1, rtol=1e-15)


def test_sigmoid_does_not_modify_its_input():
    x = np.array([-1.0, 2.0])
    sm.sigmoid(x)
    assert_array_equal(x, [-1, 2])


# --- one_hot ------------------------------------------------------------------------------------


def test_one_hot():
    code = sm.one_hot([[0, 2], [1, 1]], 3)
    assert code.dtype == np.float64
    assert_array_equal(code, [[[1, 0, 0], [0, 0, 1]], [[0, 1, 0], [0, 1, 0]]])
    assert_array_equal(sm.one_hot(np.uint8(1), 2), [0, 1])
    assert sm.one_hot([], 3).shape == (0, 3)
    assert sm.one_hot(np.empty((2, 0)), np.int64(3)).shape == (2, 0, 3)


@pytest.mark.parametrize(
    ("labels", "value", "index"),
    [([0, 3, 9], 3, "(1,)"), ([[0, 1], [2, -1]], -1, "(1, 1)"), (5, 5, "()")],
)
def test_one_hot_names_the_first_label_out_of_range(labels, value, index):
    with pytest.raises(ValueError, match="class labels") as caught:
        sm.one_hot(labels, 3)
    assert str(caught.value) == f"class labels must be from 0 to 2, got {value} at index {index}"


@pytest.mark.parametrize("labels", [[0.0, 1.0], [True, False], ["a"], [None]])
def test_one_hot_refuses_labels_that_are_not_integers(labels):
    with pytest.raises(
        TypeError,
        match=r"^class labels must be integers, got dtype .+; convert them first, for example "
        r"with labels\.astype\(int\)$",
    ):
        sm.one_hot(labels, 3)


def test_one_hot_refuses_a_number_of_classes_that_is_no_integer():
    with pytest.raises(TypeError, match="integer"):
        sm.one_hot([0], 2.0)


# --- derivatives --------------------------------------------------------------------------------


def test_jacobian_by_hand():
    p = np.array([0.3, 0.2, 0.5])
    expected = np.array([[0.21, -0.06, -0.15], [-0.06, 0.16, -0.1], [-0.15, -0.1, 0.25]])
    assert_allclose(sm.softmax_jacobian(p), expected, rtol=1e-15)


def test_jacobian_of_a_batch():
    p = sm.softmax(normal(2, 3, 4))
    jacobian = sm.softmax_jacobian(p)
    assert jacobian.shape == (2, 3, 4, 4)
    for i in np.ndindex(2, 3):
        assert_allclose(jacobian[i], np.diag(p[i]) - np.outer(p[i], p[i]), atol=1e-16)
    assert sm.softmax_jacobian(np.empty((2, 0))).shape == (2, 0, 0)


def test_jacobian_is_the_derivative():
    x, step = normal(5), 1e-6
    columns = [
        (sm.softmax(x + step * e) - sm.softmax(x - step * e)) / (2 * step) for e in np.eye(5)
    ]
    assert_allclose(sm.softmax_jacobian(sm.softmax(x)), np.stack(columns, axis=1), atol=1e-9)


@given(matrices)
def test_vjp_is_the_jacobian_times_the_gradient(x):
    p = sm.softmax(x)
    g = np.cos(x)
    expected = np.einsum("nij,ni->nj", sm.softmax_jacobian(p), g)
    assert_allclose(sm.softmax_vjp(p, g), expected, atol=1e-15)


def test_vjp_takes_the_wider_dtype():
    p, g = np.array([0.25, 0.75], np.float32), np.array([1, 0])
    assert sm.softmax_vjp(p, g).dtype == np.float64
    assert sm.softmax_vjp(p, g.astype(np.float16)).dtype == np.float32
    assert_array_equal(sm.softmax_vjp(p, g), [0.1875, -0.1875])


@pytest.mark.parametrize(("p", "g"), [([0.5, 0.5], [1.0]), ([0.5, 0.5], [[1.0, 2.0]]), (1.0, 1.0)])
def test_vjp_refuses_shapes_that_differ(p, g):
    with pytest.raises(ValueError, match="same shape") as caught:
        sm.softmax_vjp(p, g)
    shapes = f"{np.shape(p)} and {np.shape(g)}"
    assert str(caught.value) == f"p and g must have the same shape (..., K), got {shapes}"


def test_jacobian_refuses_a_single_number():
    with pytest.raises(ValueError, match=r"^p must have an axis of classes, got a single number$"):
        sm.softmax_jacobian(0.5)


# --- the package --------------------------------------------------------------------------------


def test_importing_the_package_costs_numpy_and_no_more():
    code = (
        "import sys, softmax; "
        "print(sorted({'scipy', 'sklearn', 'matplotlib', 'tqdm', 'softmax.classifier', "
        "'softmax.datasets', 'softmax.plotting'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


@pytest.mark.filterwarnings("default")
def test_every_public_name_is_there():
    for name in sm.__all__:
        assert getattr(sm, name) is not None
    assert set(sm.__all__) <= set(dir(sm))
    assert sm.softmax is sm.functional.softmax
    assert sm.SoftmaxClassifier is sm.classifier.SoftmaxClassifier
    assert sm.load_mnist is sm.datasets.load_mnist
    assert sm.__version__ == "0.1.0"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'softmax' has no attribute 'sofmax'$"):
        sm.sofmax  # noqa: B018


@pytest.mark.parametrize("labels", [[], [0]])
@pytest.mark.parametrize("num_classes", [0, -1])
def test_one_hot_needs_a_class(labels, num_classes):
    with pytest.raises(ValueError, match="num_classes") as caught:
        sm.one_hot(labels, num_classes)
    assert str(caught.value) == f"num_classes must be at least 1, got {num_classes}"
