"""Cross-entropy: values, and PyTorch's meaning of every option. Bounds: test_accuracy.py."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

import softmax as sm
from tests.package.numeric import (
    FLOATS,
    INF,
    LOSSES,
    NAN,
    normal,
    peak_memory,
)

# Any warning fails, but not that of a file which another test left to the garbage collector.
pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")


def both(*args, **options):
    """Return loss and gradient, having checked that the three functions agree."""
    loss, grad = sm.cross_entropy_with_grad(*args, **options)
    assert_array_equal(sm.cross_entropy(*args, **options), loss)
    assert_array_equal(sm.cross_entropy_grad(*args, **options), grad)
    return loss, grad


# --- values ---------------------------------------------------------------------------------------


def test_worked_example_of_the_book():
    p = np.array([0.3, 0.2, 0.5])
    loss, grad = both(np.log(p), 1)
    assert_allclose(loss, -np.log(0.2), rtol=1e-14)
    assert_allclose(grad, [0.3, -0.8, 0.5], rtol=1e-14)


def pytorch_cases():
    path = Path(__file__).parents[1] / "fixtures" / "pytorch_cross_entropy.json"
    for group in json.loads(path.read_text())["groups"]:
        for case in group["cases"]:
            options = case["options"]
            label = ", ".join(f"{key}={value}" for key, value in options.items())
            yield pytest.param(group, case, id=f"{group['name']}: {label}")


@pytest.mark.parametrize(("group", "case"), list(pytorch_cases()))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_and_gradients_of_pytorch(group, case, dtype):
    logits, targets = np.array(group["logits"], dtype), np.array(group["targets"])
    options = dict(case["options"], axis=1)
    if targets.dtype.kind == "i":
        options.setdefault("ignore_index", -100)  # PyTorch's default
    loss, grad = both(logits, targets, **options)
    tolerance = 30 * np.finfo(dtype).eps
    assert loss.dtype == grad.dtype == dtype
    assert_allclose(loss, case["loss"], rtol=tolerance)
    assert_allclose(grad, case["grad"], atol=tolerance * 10)


def test_the_last_axis_and_the_mean_are_the_defaults():
    logits, labels = normal(4, 3), [0, 2, 1, 1]
    each = -sm.log_softmax(logits)[np.arange(4), labels]
    loss, grad = both(logits, labels)
    assert_allclose(loss, each.mean(), rtol=1e-15)
    assert_allclose(grad, (sm.softmax(logits) - np.eye(3)[labels]) / 4, atol=1e-16)


def test_nothing_is_ignored_by_default():
    with pytest.raises(ValueError, match="got -100 at index"):
        sm.cross_entropy(normal(2, 3), [0, -100])


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_axes(axis):
    logits = normal(3, 3, 3)
    labels = np.random.default_rng(1).integers(0, 3, (3, 3))
    y = np.random.default_rng(2).random((3, 3, 3))
    moved = np.moveaxis(logits, axis, -1)
    for targets, moved_targets in ((labels, labels), (y, np.moveaxis(y, axis, -1))):
        for reduction in ("mean", "sum", "none"):
            loss, grad = both(logits, targets, axis=axis, reduction=reduction)
            expected = sm.cross_entropy_with_grad(moved, moved_targets, reduction=reduction)
            assert_array_equal(loss, expected[0])
            assert_array_equal(grad, np.moveaxis(expected[1], -1, axis))


def test_axes_of_different_lengths():
    logits, labels = normal(2, 5, 3), np.ones((2, 3), int)
    loss, grad = both(logits, labels, axis=1, reduction="none")
    assert loss.shape == (2, 3)
    assert grad.shape == (2, 5, 3)
    assert_array_equal(loss[1, 2], sm.cross_entropy(logits[1, :, 2], 1))


def test_one_slice_has_a_scalar_target():
    loss, grad = both([1.0, 2.0, 3.0], 0, reduction="none")
    assert isinstance(loss, np.float64)
    assert_allclose(loss, 2.40760596, rtol=1e-8)
    assert grad.shape == (3,)


def test_a_loss_of_zero_is_not_minus_zero():
    for target in (0, [1.0, 0.0]):
        loss = sm.cross_entropy([[1000.0, 0.0]], [target], reduction="none")
        assert not np.signbit(loss).any()
    assert not np.signbit(sm.cross_entropy([[5.0]], [0]))
    assert not np.signbit(sm.entropy([1.0, 0.0]))


def test_the_loss_does_not_underflow_where_softmax_does():
    assert sm.cross_entropy([0.0, 1000.0], 0) == 1000
    assert_allclose(sm.cross_entropy([40.0, 0.0], 0), np.exp(-40), rtol=1e-15)


def test_the_gradient_at_a_confident_label_keeps_its_digits():
    # p - 1 would be 0, since p rounds to 1.
    grad = sm.cross_entropy_grad([40.0, 0.0], 0)
    assert_allclose(grad, [-np.exp(-40), np.exp(-40)], rtol=1e-15)


# --- label smoothing, weights, ignored labels -----------------------------------------------------


def test_smoothing_is_a_changed_target():
    logits, labels = normal(4, 3), np.array([0, 2, 1, 1])
    y = 0.8 * sm.one_hot(labels, 3) + 0.2 / 3
    expected = sm.cross_entropy_with_grad(logits, y)
    loss, grad = both(logits, labels, label_smoothing=0.2)
    assert_allclose(loss, expected[0], rtol=1e-15)
    assert_allclose(grad, expected[1], atol=1e-16)
    loss, _ = both(logits, sm.one_hot(labels, 3), label_smoothing=0.2)
    assert_allclose(loss, expected[0], rtol=1e-15)


@pytest.mark.parametrize("smoothing", [0, 0.0, 1, 1.0, np.float64(0.5)])
@pytest.mark.parametrize("targets", [[0, 1], [[0.5, 0.5], [1, 0]]])
def test_smoothing_keeps_the_dtype(smoothing, targets):
    logits = np.ones((2, 2), np.float32)
    loss, grad = both(logits, targets, label_smoothing=smoothing)
    assert loss.dtype == grad.dtype == np.float32


def test_complete_smoothing_forgets_the_label():
    losses = sm.cross_entropy([[1.0, 2.0, 3.0]] * 3, [0, 1, 2], label_smoothing=1, reduction="none")
    assert_array_equal(losses, losses[0])


@pytest.mark.parametrize("hidden", [NAN, INF, -INF, 1e300])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("ignore", [-100, 1, 99])
def test_an_ignored_slice_counts_for_nothing_whatever_it_holds(hidden, smoothing, ignore):
    logits = normal(3, 4)
    logits[1] = hidden
    options = {"label_smoothing": smoothing, "ignore_index": ignore, "weight": [1, 2, 3, 4]}
    loss, grad = both(logits, [0, ignore, 3], **options)
    expected = sm.cross_entropy_with_grad(logits[::2], [0, 3], **options)
    assert_allclose(loss, expected[0], rtol=1e-15)
    assert_array_equal(grad[1], 0)
    assert_allclose(grad[::2], expected[1], rtol=1e-15)
    each, _ = both(logits, [0, ignore, 3], reduction="none", **options)
    assert each[1] == 0


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_mean_of_nothing_is_nan(smoothing):
    loss, grad = both([[1.0, 2.0]], [7], ignore_index=7, label_smoothing=smoothing)
    assert np.isnan(loss)
    assert np.isnan(grad).all()
    empty = np.empty((0, 2))
    for targets in ([], np.empty((0, 2))):
        loss, grad = both(empty, targets, label_smoothing=smoothing)
        assert np.isnan(loss)
        assert grad.shape == (0, 2)
        assert sm.cross_entropy(empty, targets, reduction="sum") == 0
        assert sm.cross_entropy(empty, targets, reduction="none").shape == (0,)
    assert np.isnan(sm.cross_entropy([[1.0, 2.0]], [0], weight=[0, 1]))


def test_a_single_class():
    loss, grad = both([[1.0], [2.0]], [0, 5], ignore_index=5, reduction="none")
    assert_array_equal(loss, [0, 0])
    assert_array_equal(grad, [[0], [0]])


def test_ignored_labels_in_unsigned_integers():
    labels = np.array([0, 255], np.uint8)
    loss, _ = both(normal(2, 3), labels, ignore_index=255)
    assert_array_equal(loss, sm.cross_entropy(normal(2, 3)[0], 0))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64])
def test_labels_of_every_integer_dtype(dtype):
    logits = normal(2, 3)
    assert_array_equal(
        sm.cross_entropy(logits, np.array([0, 2], dtype)), sm.cross_entropy(logits, [0, 2])
    )


def test_a_weight_of_zero_outweighs_an_infinite_loss():
    loss, _ = both([[-INF, 0.0], [0.0, 0.0]], [0, 1], weight=[0, 1], reduction="none")
    assert_array_equal(loss, [0, np.log(2)])


# --- infinities and NaN ---------------------------------------------------------------------------


def test_infinite_logits_are_as_in_softmax():
    logits = [[INF, 0, 0], [INF, 0, 0], [INF, INF, 0], [0, -INF, 0], [0, -INF, 0]]
    loss, grad = both(logits, [0, 1, 0, 1, 0], reduction="none")
    assert_allclose(loss, [0, INF, np.log(2), INF, np.log(2)], rtol=1e-15)
    expected = [[0, 0, 0], [1, -1, 0], [-0.5, 0.5, 0], [0.5, -1, 0.5], [-0.5, 0, 0.5]]
    assert_allclose(grad, expected, rtol=1e-15)


def test_zero_times_the_logarithm_of_zero_is_zero():
    y = [[0.5, 0, 0.5], [0, 0, 1], [0.5, 0.5, 0]]
    logits = [[0, -INF, 0], [-INF, -INF, 0], [0, -INF, 0]]
    loss, grad = both(logits, y, reduction="none")
    assert_allclose(loss, [np.log(2), 0, INF], rtol=1e-15)
    assert_allclose(grad, [[0, 0, 0], [0, 0, 0], [0, -0.5, 0.5]], atol=1e-16)


@pytest.mark.parametrize("targets", [[1, 1], [[0.0, 1], [0, 1]]])
def test_a_nan_logit_spoils_its_own_slice_only(targets):
    loss, grad = both([[NAN, 0], [0, 0]], targets, reduction="none")
    assert_allclose(loss, [NAN, np.log(2)])
    assert np.isnan(grad[0]).all()
    assert_array_equal(grad[1], [0.5, -0.5])


@pytest.mark.parametrize("targets", [[1, 1], [[0.0, 1], [0, 1]]])
def test_minus_infinities_alone_are_nan(targets):
    loss, _ = both([[-INF, -INF], [0, 0]], targets, reduction="none")
    assert_allclose(loss, [NAN, np.log(2)])


@pytest.mark.parametrize("dtype", FLOATS)
def test_nothing_is_raised_even_where_numpy_is_asked_to_raise(dtype):
    logits = np.array([[6e4, 0, -6e4], [INF, 0, 1], [NAN, 1, 1], [-INF, 0, 1e-7]], dtype)
    y = np.array([[1e-7, 0, 1]] * 4)
    with np.errstate(all="raise"):
        for reduction in ("mean", "sum", "none"):
            for targets in ([0, 1, 2, 0], y):
                sm.cross_entropy_with_grad(logits, targets, reduction=reduction)
        sm.cross_entropy_with_grad(logits, [5] * 4, ignore_index=5)
        sm.entropy([1e-320, 0, 1])
        sm.kl_divergence([1e-320, 0, 1, 0], [1, 1, 1e-320, 0])


# --- dtypes and inputs ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("targets", [[0, 2], [[0.25, 0.25, 0.5], [0, 0, 1]]])
def test_floating_dtypes_are_kept(dtype, targets):
    for reduction in ("mean", "sum", "none"):
        loss, grad = both(normal(2, 3).astype(dtype), targets, reduction=reduction)
        assert loss.dtype == grad.dtype == dtype


@pytest.mark.parametrize("dtype", [bool, np.int16, np.uint64])
def test_integer_logits_give_float64(dtype):
    loss, grad = both(np.array([[0, 1]], dtype), [0])
    assert loss.dtype == grad.dtype == np.float64
    assert_array_equal(loss, sm.cross_entropy([[0.0, 1.0]], [0]))


def test_float16_is_computed_in_float32_and_summed_in_float64():
    logits = np.zeros((5000, 2), np.float16)
    labels = np.zeros(5000, int)
    assert sm.cross_entropy(logits, labels) == np.float16(np.log(2))
    x = normal(50, 20).astype(np.float16)
    labels = np.arange(50) % 20
    wide = sm.cross_entropy_with_grad(x.astype(np.float32), labels, reduction="none")
    loss, grad = both(x, labels, reduction="none")
    assert_array_equal(loss, wide[0].astype(np.float16))
    assert_array_equal(grad, wide[1].astype(np.float16))


def test_longdouble_is_computed_in_longdouble():
    # Tenths, which float64 would round.
    z, rtol = np.array([1, -21, 31], np.longdouble) / 10, 16 * np.finfo(np.longdouble).eps
    p = np.exp(z) / np.exp(z).sum()
    for target in (1, [0, 1, 0]):
        loss, grad = both(z, target)
        assert_allclose(loss, -np.log(p[1]), rtol=rtol)
        assert_allclose(grad, p - [0, 1, 0], rtol=rtol)
        loss = sm.cross_entropy(z, target, weight=np.abs(z), reduction="sum")
        assert_allclose(loss, np.abs(z[1]) * -np.log(p[1]), rtol=rtol)
    assert_allclose(sm.entropy(p), -np.sum(p * np.log(p)), rtol=rtol)
    q = p[::-1]
    assert_allclose(sm.kl_divergence(p, q), np.sum(p * np.log(p / q)), rtol=rtol)


def test_float32_is_summed_in_float64():
    logits = np.zeros((2**19 + 1, 2), np.float32)
    logits[0, 1] = 2**26  # the sum would swallow the small losses that follow
    loss = sm.cross_entropy(logits, np.zeros(len(logits), int), reduction="sum")
    assert loss == np.float32(2**26 + 2**19 * np.log(2))


@pytest.mark.parametrize("targets", [[0, 2], [[0.25, 0.25, 0.5], [0, 0, 1]]])
@pytest.mark.parametrize("order", ["C", "F"])
def test_inputs_are_not_modified(targets, order):
    logits, targets = np.array(normal(2, 3), order=order), np.array(targets)
    weight = np.array([1.0, 2, 3])
    before = [a.copy() for a in (logits, targets, weight)]
    for array in (logits, targets, weight):
        array.flags.writeable = False
    for smoothing in (0.0, 0.1):
        both(logits, targets, weight=weight, label_smoothing=smoothing)
    for array, copy in zip((logits, targets, weight), before, strict=True):
        assert_array_equal(array, copy)


def test_probabilities_may_be_booleans_or_integers():
    logits = normal(2, 3)
    expected = sm.cross_entropy(logits, [0, 2])
    for dtype in (bool, int):
        y = np.array([[1, 0, 0], [0, 0, 1]], dtype)
        assert_allclose(sm.cross_entropy(logits, y), expected, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_memory(dtype):
    logits = np.ones((1024, 1024), dtype)
    labels = np.zeros(1024, int)
    y = np.full((1024, 1024), 1 / 1024, dtype)
    # Log-softmax takes one array of the size of the logits and some blocks, 1.13 together.
    for function in LOSSES:
        assert peak_memory(lambda f=function: f(logits, labels))[0] < 1.3 * logits.nbytes
        # The weighted targets, their products with log-softmax, and a mask where these are 0
        peak, _ = peak_memory(lambda f=function: f(logits, y, label_smoothing=0.1))
        assert peak < 4.5 * logits.nbytes


# --- properties -----------------------------------------------------------------------------------

batches = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=8),
    elements=st.floats(-50, 50, width=32),
)


@given(batches, st.randoms(use_true_random=False))
def test_labels_are_one_hot_probabilities(logits, random):
    labels = [random.randrange(logits.shape[1]) for _ in logits]
    y = sm.one_hot(labels, logits.shape[1])
    for reduction in ("mean", "sum", "none"):
        loss, grad = both(logits, labels, reduction=reduction)
        expected = sm.cross_entropy_with_grad(logits, y, reduction=reduction)
        assert_allclose(loss, expected[0], rtol=1e-13, atol=1e-300)
        assert_allclose(grad, expected[1], atol=1e-15)


@given(batches)
def test_the_gradient_of_a_slice_sums_to_zero(logits):
    labels = np.arange(len(logits)) % logits.shape[1]
    for smoothing in (0, 0.3):
        grad = sm.cross_entropy_grad(logits, labels, label_smoothing=smoothing)
        assert_allclose(grad.sum(axis=1), 0, atol=1e-15)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("targets", ["labels", "probabilities"])
def test_the_gradient_is_the_derivative(reduction, targets):
    logits = normal(3, 4, scale=1)
    y = np.array([0, 3, 1]) if targets == "labels" else np.random.default_rng(1).random((3, 4))
    options = {"weight": [1, 2, 0.5, 3], "label_smoothing": 0.1, "reduction": reduction}
    numeric = np.empty((3, 4))
    for i in np.ndindex(3, 4):
        step = np.zeros((3, 4))
        step[i] = 1e-5
        up = sm.cross_entropy(logits + step, y, **options)
        down = sm.cross_entropy(logits - step, y, **options)
        numeric[i] = (up - down) / 2e-5
    assert_allclose(sm.cross_entropy_grad(logits, y, **options), numeric, atol=1e-9)
