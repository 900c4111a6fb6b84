"""Softmax of the rows of a matrix: the steps, for one block.

`z` has one slice in each row, in the dtype to compute in, and is worked on in place. `source` is
the rows as they were given, in any dtype. Infinities and NaN cost nothing where there are none:
they show in the maximum of their row. The callers silence floating-point warnings.

``np.add.reduce`` is what ``np.sum`` calls: on small arrays the way there takes as long as the sum.
"""

import numpy as np

# Rows of at most this length are stored column by column (by ``block_buffer`` in _slices.py). NumPy
# then takes the maximum and the sum over whole columns at once, which for rows of ten is two to
# three times as fast; the crossover was measured between 16 and 24. Such a sum is rounded once
# for each column, so this is also where softmax comes closest to its bound: 7.3 eps of the 8.
SHORT = 15
# Log-softmax mends the rounding of the shift in rows whose terms, but for the largest, are smaller
# than this on average and add up to less than 1. In other rows it does not show.
SMALL = 2.0**-9


def softmax_rows(z, source, temperature):
    """Replace each row by its softmax."""
    if z.shape[1] <= SHORT:
        columns = z.T  # a view, one slice in each column
        _shift(columns, np.maximum.reduce(columns), temperature)
        np.exp(columns, out=columns)
        columns /= np.add.reduce(columns)
        return
    # In a long row, a thousand small terms may follow the 1 of the largest entry, each rounded to
    # the precision of 1. So that entry stays out of the sum until the end.
    top = _top(z)
    _shift(z, z[top][:, None], temperature)
    np.exp(z, out=z)
    total = 1 + _sum_without(top, z)
    z[top] = 1
    z /= total


def log_softmax_rows(z, source, temperature):
    """Replace each row by its log-softmax."""
    _, rest = shift_and_rest(z, source, temperature)
    z -= np.log1p(rest)


def shift_and_rest(z, source, temperature=1.0):
    """Shift each row; return its maximum m and r, where its sum of exponentials is e^m (1 + r)."""
    top = _top(z)
    m = z[top][:, None]
    _shift(z, m, temperature)
    e = np.exp(z)
    rest = _sum_without(top, e)
    small = np.flatnonzero(rest < min(1.0, SMALL * z.shape[1]))
    if temperature == 1 and small.size:
        e = e[small]
        error = _subtraction_error(source[small].astype(z.dtype), m[small], z[small])
        error[e == 0] = 0  # it is NaN for -inf
        rest[small] = np.sum(e * (1 + error), axis=1, keepdims=True)
    return m, rest


def log_total(m, rest):
    """Return m + log(1 + rest) in a wider dtype, for the caller to round once.

    Of 10,000 equal terms the logarithm is 9, where a rounding to working precision is 4 eps.
    """
    wide = np.float64 if m.dtype.itemsize < 8 else np.longdouble
    return np.where(m == -np.inf, m, m.astype(wide) + np.log1p(rest.astype(wide)))


def _top(z):
    """Return the index of the largest entry of each row, or of its first NaN."""
    return np.arange(len(z)), z.argmax(axis=1)


def _shift(z, m, temperature):
    """Subtract from each slice of `z` its maximum, in `m`, then divide by the temperature."""
    infinite = not m.item(m.argmax()) < np.inf  # or NaN, which might hide an infinity
    if temperature > 1:
        # Halving all three is exact, and keeps the distance between the two ends of the floating
        # range finite.
        z *= 0.5
        m = 0.5 * m
        temperature *= 0.5
    z -= m
    if infinite:
        # inf - inf is NaN: these entries are the maximum, and every other is infinitely below.
        np.copyto(z, np.where(np.isnan(z), 0, -np.inf), where=m == np.inf)
    if temperature != 1:
        z /= temperature


def _sum_without(top, e):
    """Sum each row without its entry `top`, which is set to 0."""
    e[top] = 0
    return np.add.reduce(e, axis=1, keepdims=True)


def _subtraction_error(a, b, difference):
    """Return (a - b) - difference exactly, for the rounded difference of a and b (two-sum)."""
    b_seen = a - difference
    return (a - (difference + b_seen)) + (b_seen - b)
