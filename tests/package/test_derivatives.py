"""Around softmax: logsumexp in pieces, sigmoid, one_hot, the Jacobian and its product."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

import softmax as sm
from tests.package.numeric import (
    INF,
    NAN,
    matrices,
    normal,
)

# Any warning fails, but not that of a file which another test left to the garbage collector.
pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")


# --- logsumexp in pieces --------------------------------------------------------------------------


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
        match=r"^`chunks` must agree in shape except for the last axis, got \(2, 4\) before it in "
        r"chunks\[0\] and \(2, 3\) in chunks\[2\]\.$",
    ):
        sm.online_logsumexp([np.ones((2, 4, 1)), np.ones((2, 4, 5)), np.ones((2, 3, 1))])


# --- sigmoid --------------------------------------------------------------------------------------


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


# --- one_hot --------------------------------------------------------------------------------------


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
    assert str(caught.value) == (
        f"`labels` must hold class labels from 0 to 2, got {value} at index {index}."
    )


@pytest.mark.parametrize(
    ("labels", "way_out"),
    [
        ([0.0, 1.0], r" Pass np\.asarray\(labels, dtype=int\)\."),
        ([True, False], r" Pass np\.asarray\(labels, dtype=int\)\."),
        (np.array([], bool), r" Pass np\.asarray\(labels, dtype=int\)\."),
        ([0.0, 0.5], r" The first that is not a whole number is 0\.5 at index \(1,\)\."),
        ([0.0, NAN], r" The first that is not a whole number is nan at index \(1,\)\."),
        (["a"], r" Number the classes: np\.unique\(labels, return_inverse=True\)\[1\]\."),
        (np.array(["cat", "dog"], object), r" Number the classes: .+"),
        (np.array(["cat", None], object), r" The first that is not a number is 'cat' .+"),
        (np.array([1], "m8[s]"), r" Number the classes: .+"),
        ([1 + 0j], ""),
        ([None], r" The first that is not a number is None at index \(0,\)\."),
        (np.array([0, NAN], object), ""),
    ],
)
def test_one_hot_refuses_labels_that_are_not_integers(labels, way_out):
    message = rf"^`labels` must hold integers as class labels, got an array of dtype .+\.{way_out}$"
    with pytest.raises(TypeError, match=message):
        sm.one_hot(labels, 3)


@pytest.mark.parametrize(
    ("labels", "got"),
    [
        ((label for label in [0, 1]), "a generator. Pass a list: list(labels)."),
        (np.array(None), "a ndarray."),
    ],
)
def test_one_hot_refuses_what_numpy_does_not_look_into(labels, got):
    with pytest.raises(TypeError) as caught:
        sm.one_hot(labels, 2)
    assert str(caught.value) == f"`labels` must hold integers as class labels, got {got}"


def test_one_hot_refuses_a_number_of_classes_that_is_no_integer():
    with pytest.raises(TypeError, match="integer"):
        sm.one_hot([0], 2.0)


@pytest.mark.parametrize("labels", [[], [0]])
@pytest.mark.parametrize("num_classes", [0, -1])
def test_one_hot_needs_a_class(labels, num_classes):
    with pytest.raises(ValueError, match="num_classes") as caught:
        sm.one_hot(labels, num_classes)
    assert str(caught.value) == f"`num_classes` must be an integer >= 1, got {num_classes}."


# --- derivatives ----------------------------------------------------------------------------------


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
    assert str(caught.value) == f"`p` and `g` must have the same shape (..., K), got {shapes}."


def test_jacobian_refuses_a_single_number():
    with pytest.raises(
        ValueError, match=r"^`p` must have an axis of classes, got a single number\.$"
    ):
        sm.softmax_jacobian(0.5)
