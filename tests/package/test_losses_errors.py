"""Cross-entropy: what is refused, and what the message says."""

from functools import partial

import numpy as np
import pytest

import softmax as sm
from tests.package.numeric import (
    INF,
    LOSSES,
    NAN,
)

# Any warning fails, but not that of a file which another test left to the garbage collector.
pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")


def fails(error, message, *args, **options):
    for function in LOSSES:
        with pytest.raises(error) as caught:
            function(*args, **options)
        assert str(caught.value) == message


def test_options_are_keywords():
    for function in LOSSES:
        with pytest.raises(TypeError, match="positional"):
            function([[1.0]], [0], -1)


@pytest.mark.parametrize("reduction", ["average", None, "Mean"])
def test_reductions_that_are_refused(reduction):
    message = f"`reduction` must be 'mean', 'sum' or 'none', got {reduction!r}."
    fails(ValueError, message, [[1.0]], [0], reduction=reduction)


@pytest.mark.parametrize("amount", [-0.1, 1.01, NAN, INF])
def test_label_smoothing_that_is_refused(amount):
    message = f"`label_smoothing` must be a number from 0 to 1, got {amount!r}."
    fails(ValueError, message, [[1.0]], [0], label_smoothing=amount)


def test_shapes_that_do_not_fit():
    logits = np.ones((2, 3, 4))
    for targets in (np.ones((2, 4), int), np.ones(2, int), np.ones((2, 3, 4, 1)), 0):
        message = (
            "`targets` must have shape (2, 3) (class labels) or (2, 3, 4) (probabilities) for "
            f"`logits` of shape (2, 3, 4), got {np.shape(targets)}."
        )
        fails(ValueError, message, logits, targets)
    message = (
        "`targets` must have shape (2, 4) (class labels) or (2, 3, 4) (probabilities) for "
        "`logits` of shape (2, 3, 4), got (2, 3)."
    )
    fails(ValueError, message, logits, np.ones((2, 3), int), axis=1)


def test_logits_without_classes():
    message = "`logits` must have at least one class, got shape (2, 0)."
    fails(ValueError, message, np.ones((2, 0)), [0, 0])


@pytest.mark.parametrize(("logits", "axis"), [(1.0, -1), ([1.0], 1), ([[1.0]], -3)])
def test_axes_that_are_not_there(logits, axis):
    for function in LOSSES:
        with pytest.raises(np.exceptions.AxisError, match="out of bounds"):
            function(logits, 0, axis=axis)


def test_axes_that_are_no_integers():
    for axis in ((0, 1), None, 1.0):
        with pytest.raises(TypeError, match="integer"):
            sm.cross_entropy([[1.0]], [0], axis=axis)


@pytest.mark.parametrize(
    ("labels", "value", "index", "way_out"),
    [
        ([[0, 1], [3, 5]], 3, "(1, 0)", ""),
        (
            [[0, -1], [0, 0]],
            -1,
            "(0, 1)",
            " To leave such labels out, pass their value as `ignore_index`.",
        ),
    ],
)
def test_labels_out_of_range(labels, value, index, way_out):
    message = (
        f"`targets` must hold class labels from 0 to 2, got {value} at index {index}.{way_out}"
    )
    fails(ValueError, message, np.ones((2, 2, 3)), labels)
    fails(ValueError, message, np.ones((2, 2, 3)), labels, ignore_index=-100)


@pytest.mark.parametrize("labels", [[0.0, 1.0], [True, False]])
def test_labels_that_are_not_integers(labels):
    dtype = np.asarray(labels).dtype
    message = (
        f"`targets` must hold integers as class labels, got an array of dtype {dtype}. Pass "
        "np.asarray(targets, dtype=int)."
    )
    fails(TypeError, message, np.ones((2, 3)), labels)


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_probabilities_that_are_not_finite(value):
    y = np.full((2, 2, 3), 0.5)
    y[1, 0, 2] = y[1, 1, 1] = value
    message = f"`targets` must be finite probabilities, got {value} at index (1, 0, 2)."
    fails(ValueError, message, np.ones((2, 2, 3)), y)
    fails(ValueError, message, np.ones((2, 2, 3)), y, axis=1)


def test_probabilities_cannot_be_ignored():
    message = (
        "`ignore_index` must be None where `targets` are probabilities, got 0. "
        "It needs class labels."
    )
    fails(ValueError, message, [[1.0, 2.0]], [[0.5, 0.5]], ignore_index=0)


@pytest.mark.parametrize("weight", [[1.0, 2.0], np.ones((3, 1)), 1.0])
def test_weights_that_do_not_fit(weight):
    message = (
        "`weight` must have one entry for each of the 3 classes, shape (3,), "
        f"got shape {np.shape(weight)}."
    )
    fails(ValueError, message, np.ones((2, 3)), [0, 1], weight=weight)


@pytest.mark.parametrize(
    ("name", "function", "args"),
    [
        ("logits", sm.cross_entropy, ([[1j]], [0])),
        ("logits", sm.cross_entropy, ([["a"]], [0])),
        ("targets", sm.cross_entropy, ([[1.0]], [["a"]])),
        ("targets", sm.cross_entropy, ([[1.0]], ["a", "b"])),  # the shape does not fit either
        ("weight", partial(sm.cross_entropy, weight=["a"]), ([[1.0]], [0])),
        ("p", sm.entropy, ([1j],)),
        ("q", sm.kl_divergence, ([1.0], [1j])),
    ],
)
def test_other_kinds_of_data_are_refused_and_named(name, function, args):
    with pytest.raises(TypeError, match=f"^`{name}` must hold real numbers"):
        function(*args)


@pytest.mark.parametrize("index", [[0, 1], [0], -100.0, "pad", np.array([0])])
def test_ignore_index_is_one_integer(index):
    message = (
        "`ignore_index` must be an integer or None (to ignore several classes, give their labels "
        f"one value first), got {index!r}."
    )
    fails(TypeError, message, np.ones((2, 3)), [0, 1], ignore_index=index)


def test_ignore_index_may_be_a_numpy_integer():
    expected = sm.cross_entropy([[1.0, 2.0], [3.0, 1.0]], [0, 1], ignore_index=1)
    for index in (np.int8(1), np.uint64(1), np.array(1)):
        loss = sm.cross_entropy([[1.0, 2.0], [3.0, 1.0]], [0, 1], ignore_index=index)
        assert loss == expected


@pytest.mark.parametrize("amount", ["0.1", None, np.array([0.1, 0.2]), 0.1j])
def test_label_smoothing_that_is_no_number(amount):
    message = f"`label_smoothing` must be a number from 0 to 1, got {amount!r}."
    fails(ValueError, message, [[1.0]], [0], label_smoothing=amount)
