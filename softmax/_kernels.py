"""Softmax of the rows of a matrix: the steps, for one block.

`z` has one slice in each row, in the dtype to compute in, and is worked on in place. An infinity
or a NaN costs nothing where there is none: it shows in the maximum of its row. The callers
silence floating-point warnings.
"""

import numpy as np

# Below this average, the terms of a sum are small enough for the rounding of the shift to show.
SMALL = 2.0**-8


def softmax_rows(z, temperature):
    """Replace each row by its softmax."""
    _shift(z, temperature)
    np.exp(z, out=z)
    z /= z.sum(axis=1, keepdims=True)


def log_softmax_rows(z, temperature):
    """Replace each row by its log-softmax."""
    _, rest = shift_and_rest(z, temperature)
    z -= np.log1p(rest)


def _shift(z, temperature=1.0):
    """Subtract from each row its maximum, which is returned, then divide by the temperature."""
    if temperature > 1:
        # Halving both is exact, and keeps the distance between the two ends of the floating
        # range finite.
        z *= 0.5
        temperature *= 0.5
    m = z.max(axis=1, keepdims=True)
    z -= m
    infinite = m[:, 0] == np.inf
    if infinite.any():
        # inf - inf is NaN: these entries are the maximum, and every other one is infinitely below.
        z[infinite] = np.where(np.isnan(z[infinite]), 0, -np.inf)
    if temperature != 1:
        z /= temperature
    return m


def shift_and_rest(z, temperature=1.0):
    """Shift each row; return its maximum m and r, where its sum of exponentials is e^m (1 + r)."""
    unshifted = z.copy()
    m = _shift(z, temperature)
    e = np.exp(z)
    np.put_along_axis(e, z.argmax(axis=1)[:, None], 0, axis=1)
    rest = e.sum(axis=1, keepdims=True)
    small = rest[:, 0] < SMALL * z.shape[1]
    if temperature == 1 and small.any():
        error = _subtraction_error(unshifted[small], m[small], z[small])
        error[e[small] == 0] = 0  # it is NaN for -inf
        rest[small] = np.sum(e[small] * (1 + error), axis=1, keepdims=True)
    return m, rest


def _subtraction_error(a, b, difference):
    """Return (a - b) - difference exactly, for the rounded difference of a and b (two-sum)."""
    b_seen = a - difference
    return (a - (difference + b_seen)) + (b_seen - b)
