"""Inputs for the checks of homework 1, drawn anew for every class.

Unless a function says so, the lengths of the axes differ: a wrong axis cannot hide in a square.
"""

from __future__ import annotations

import numpy as np

SMALL = (2, 3)  # no more entries than judging.SHOWN_ENTRIES


def draw_shape(rng, axes=2):
    """Return a shape whose axes all have different lengths, from 3 to 7."""
    return tuple(int(length) for length in rng.permutation(np.arange(3, 8))[:axes])


def logits(rng, shape=None, center=0.0):
    """Return logits around `center`, by default of a shape that is drawn, too."""
    return rng.normal(center, 1.0, shape or draw_shape(rng))


# --- arrays for a softmax -------------------------------------------------------------------------


def rows(rng):
    """Return three batches: one so small that feedback shows its numbers, and one square."""
    return [logits(rng, SMALL), logits(rng), logits(rng, (5, 5))]


def few(rng):
    """Return two batches of one, and a batch with one class only."""
    return [logits(rng, (1, 5)), logits(rng, (4, 1)), logits(rng, (1, 3))]


def shifted(rng):
    """Return a batch, and the same batch with every row shifted by a different amount."""
    z = logits(rng)
    return [z, z + rng.uniform(-300, 300, (len(z), 1))]


def high_and_low(rng):
    """Return three batches: two with all logits near 2000, one near -2000."""
    return [logits(rng, center=center) for center in (2000.0, -2000.0, 2000.0)]


def mixed_heights(rng):
    """Return a batch whose rows lie near 2000, 0 and -2000."""
    n, k = draw_shape(rng)
    heights = rng.permutation(np.resize([2000.0, 0.0, -2000.0], n))
    return [logits(rng, (n, k)) + heights[:, None]]


def far(rng):
    """Return two rows: in one a logit lies far below the others, in one far above."""
    drawn = [logits(rng, (1, int(rng.integers(3, 7)))) for _ in range(2)]
    for row, side in zip(drawn, (-1, 1), strict=True):
        row[0, rng.integers(1, row.shape[1] - 1)] += side * rng.uniform(1500, 2500)
    return drawn


def huge(rng):
    """Return equal logits so large that neighboring float64 numbers are 32 or more apart."""
    return [np.full(int(rng.integers(2, 7)), rng.uniform(2e17, 9e17))]


def singles(rng):
    """Return two arrays of float32."""
    return [logits(rng).astype(np.float32), logits(rng, (6,)).astype(np.float32)]


def integers(rng):
    """Return two arrays of int64."""
    return [rng.integers(-4, 5, draw_shape(rng)), rng.integers(-4, 5, 6)]


def short_integers(rng):
    """Return int8 logits whose differences do not fit into int8."""
    high = rng.integers(117, 126)
    drawn = [high, high - 1, high - 2, rng.integers(-110, -90)]
    return [rng.permutation(drawn).astype(np.int8)]


def large(rng):
    """Return a batch of 2000 rows and 100 classes."""
    return [logits(rng, (2000, 100))]


# --- logits and labels for a loss -----------------------------------------------------------------


def labelled(rng, z):
    """Return logits and labels of which the first two differ."""
    n, k = z.shape
    labels = rng.integers(0, k, n)
    labels[:2] = [k - 1, 0][: min(n, 2)]
    return z, labels


def batches(rng):
    """Return three batches, the first so small that feedback shows its numbers."""
    return [labelled(rng, logits(rng, shape)) for shape in (SMALL, None, None)]


def single_rows(rng):
    """Return two batches of one."""
    return [labelled(rng, logits(rng, (1, k))) for k in (3, 5)]


def high_and_low_rows(rng):
    """Return batches of one, near 2000 and near -2000."""
    return [labelled(rng, logits(rng, (1, 4), center)) for center in (2000.0, -2000.0)]


def mixed_batch(rng):
    """Return a batch whose rows lie near 2000, 0 and -2000."""
    return [labelled(rng, z) for z in mixed_heights(rng)]


def batch_sizes(rng):
    """Return batches of 2, 10 and 100 rows."""
    return [labelled(rng, logits(rng, (n, 4))) for n in (2, 10, 100)]


def large_batch(rng):
    """Return a batch of 2000 rows and 100 classes, with a model that is often right.

    Else the mean loss over so many rows would hardly depend on the labels.
    """
    z, labels = labelled(rng, large(rng)[0])
    z[np.arange(len(labels)), labels] += 4
    return [(z, labels)]


def equal_logits(rng):
    """Return a batch of equal logits: a model that knows nothing."""
    return [labelled(rng, np.full(draw_shape(rng), rng.normal()))]


def certain_and_wrong(rng):
    """Return batches of one whose true logit lies far below the winner. It is never class 0."""
    low, high = far(rng)
    return [(low, low.argmin(axis=1)), (high, np.array([high.shape[1] - 1]))]


def certain_and_right(rng):
    """Return a batch of one whose true logit leads by far, and another that is in doubt."""
    row, label = logits(rng, (1, 5)), rng.integers(1, 5, 1)
    row[0, label] += 60
    return [(row, label), labelled(rng, logits(rng, (1, 5)))]


def label_types(rng):
    """Return a batch with labels of int32, and one with labels of uint8."""
    drawn = [labelled(rng, logits(rng)) for _ in range(2)]
    types = (np.int32, np.uint8)
    return [(z, labels.astype(kind)) for (z, labels), kind in zip(drawn, types, strict=True)]


def integer_batch(rng):
    """Return a batch of integer logits."""
    return [labelled(rng, rng.integers(-4, 5, draw_shape(rng)))]


# --- places for a gradient ------------------------------------------------------------------------


def places(rng, shape):
    """Return numbers between 1 and 2 in size, of either sign: slopes there are not small."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(1, 2, shape)
