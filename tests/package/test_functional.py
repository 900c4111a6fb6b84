"""softmax, log_softmax and logsumexp: values, axes, dtypes, memory. Bounds: test_accuracy.py."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import softmax as sm
from softmax import _rowwise
from tests.package.numeric import (
    FLOATS,
    INF,
    NAN,
    SLICE_FUNCTIONS,
    TRANSFORMS,
    matrices,
    normal,
    peak_memory,
)

# Any warning fails, but not that of a file which another test left to the garbage collector.
pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")

# Row lengths on both sides of the one where the memory layout changes.
LENGTHS = [1, 2, _rowwise.SHORT, _rowwise.SHORT + 1, 40]


# --- values ---------------------------------------------------------------------------------------


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
    monkeypatch.setattr(_rowwise, "BLOCK", 4 * k)
    for n in (1, 3, 4, 5, 8, 9):
        x = normal(n, k)
        assert_allclose(sm.softmax(x), scipy.special.softmax(x, axis=1), rtol=1e-14)
        assert_allclose(sm.log_softmax(x), np.log(scipy.special.softmax(x, 1)), rtol=1e-9)
        assert_allclose(sm.logsumexp(x), scipy.special.logsumexp(x, axis=1), rtol=1e-14)


def test_no_row_is_worked_on_twice(monkeypatch):
    lengths, kernel = [], _rowwise.logsumexp_rows
    monkeypatch.setattr(_rowwise, "BLOCK", 40)
    monkeypatch.setattr(
        sm.functional,
        "logsumexp_rows",
        lambda x, z: lengths.append(len(x)) or kernel(x, z),
    )
    sm.logsumexp(normal(9, 10))
    assert lengths == [4, 4, 1]


@pytest.mark.parametrize("k", [3, 30])
def test_a_row_longer_than_a_block_is_a_block(k, monkeypatch):
    monkeypatch.setattr(_rowwise, "BLOCK", 2)
    x = normal(5, k)
    assert_allclose(sm.softmax(x), scipy.special.softmax(x, axis=1), rtol=1e-14)
    assert_allclose(sm.logsumexp(x), scipy.special.logsumexp(x, axis=1), rtol=1e-14)


@pytest.mark.parametrize(("k", "rows"), [(1000, 65), (10**6, 1), (1, 65536)])
def test_a_block_holds_65536_entries_or_one_row(k, rows):
    assert _rowwise.rows_in_block(k) == rows


@pytest.mark.parametrize(
    ("shape", "axis", "short"),
    [
        (1, -1, True),
        (3, 0, True),
        ((2, 3), -1, True),
        ((2, 3), 1, True),
        ((2, 3), 0, False),
        (_rowwise.BLOCK, -1, True),
        (_rowwise.BLOCK + 1, -1, False),
    ],
)
def test_small_arrays_go_the_short_way(shape, axis, short):
    ways = []

    def kernel(x, z, temperature):
        ways.append(z is None)  # on the long way, it is given where to write
        return x

    _rowwise.map_slices((kernel, kernel), np.ones(shape), axis, 1.0, None, 0.0)
    assert ways == [short]


@pytest.mark.parametrize("function", TRANSFORMS)
@pytest.mark.parametrize("shape", [(3,), (40,), (1, 3), (1, 40), (5, 3), (5, 40)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_short_way_gives_what_the_long_way_does(function, shape, dtype):
    # Small arrays in one piece go a short way; a mask, another axis or three axes the long one.
    x = normal(*shape).astype(dtype)
    result = function(x)
    assert result.dtype == dtype
    assert result.flags.c_contiguous
    assert_array_equal(result, function(x[None])[0])
    assert_array_equal(result, function(x, where=True))
    assert_array_equal(result, function(x, axis=(x.ndim - 1,)))
    assert_array_equal(result, function(np.moveaxis(x, -1, 0).copy(), axis=0).T)


# --- dtypes and kinds of input --------------------------------------------------------------------


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
    assert_allclose(sm.softmax([x, x]), [p, p], rtol=rtol)
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
        match=r"^`[xp]` must hold real numbers \(bool, int or float\), got an array of dtype ",
    ):
        function(x)


def test_online_logsumexp_and_vjp_refuse_other_kinds_of_data():
    with pytest.raises(TypeError, match="real numbers"):
        sm.online_logsumexp([[1j]])
    with pytest.raises(TypeError, match="real numbers"):
        sm.softmax_vjp([0.5, 0.5], ["a", "b"])


@pytest.mark.parametrize(
    "function", [*SLICE_FUNCTIONS, sm.entropy, lambda x, axis: sm.kl_divergence(x, x, axis)]
)
def test_axis_that_is_not_an_integer_is_refused_and_named(function):
    x = np.eye(2)
    assert_array_equal(function(x, np.array(1)), function(x, 1))
    assert_array_equal(function(x, (np.int8(0), True)), function(x, (0, 1)))
    for axis, got in [(1.0, 1.0), ("a", "a"), ([0, 1], [0, 1]), ((0, 1.0), 1.0)]:
        with pytest.raises(TypeError) as caught:
            function(x, axis)
        assert str(caught.value) == (
            f"`axis` must be an integer, a tuple of integers or None, got {got!r}."
        )


@pytest.mark.parametrize("function", SLICE_FUNCTIONS)
def test_axis_errors_are_numpys(function):
    x = normal(2, 3)
    for axis in (2, -3, (0, 2)):
        with pytest.raises(np.exceptions.AxisError, match="out of bounds"):
            function(x, axis)
    with pytest.raises(ValueError, match="repeated axis"):
        function(x, (0, -2))


@pytest.mark.parametrize("function", SLICE_FUNCTIONS)
def test_options_are_keywords(function):
    with pytest.raises(TypeError, match="positional"):
        function([1.0], -1, True)


# --- empty ----------------------------------------------------------------------------------------


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
    with pytest.raises(ValueError, match="`where` must broadcast"):
        sm.logsumexp(x, where=[True, False])


# --- memory ---------------------------------------------------------------------------------------


def peak_beyond_result(function):
    peak, result = peak_memory(function)
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
    assert peak_beyond_result(lambda: sm.softmax(x, temperature=3.0)) < 10_000


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logs_take_a_few_blocks(dtype):
    x = np.ones((2048, 512), dtype)
    block = 2**16 * x.itemsize
    assert peak_beyond_result(lambda: sm.log_softmax(x)) < 4 * block
    assert peak_beyond_result(lambda: sm.logsumexp(x)) < 4 * block
    x[:, 0] = 50  # now the rounding of the shift is compensated for in every row
    assert peak_beyond_result(lambda: sm.log_softmax(x)) < 9 * block


# --- properties -----------------------------------------------------------------------------------


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
