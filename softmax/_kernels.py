"""Softmax of one slice, and of the rows of a matrix: the steps.

Every kernel reads slices from `x`, of any dtype, and writes its result to `z`, in the dtype to
compute in. Both may be the same memory. Infinities and NaN cost nothing where there are none: they
show in the maximum of their slice. The callers silence floating-point warnings.

On small arrays the way to an operation takes longer than the operation. So ``np.add.reduce`` is
written for ``np.sum``, which calls it; ``reduceat`` sums the rows of the flat array; and an entry
of each row is found there by one index, in a third of the time that two indices take.
"""

import numpy as np

# Rows of at most this length are copied into columns. NumPy then takes the maximum and the sum over
# whole columns at once, which for rows of ten is two to three times as fast; the crossover was
# measured between 16 and 24. Such a sum is rounded once for each term, so this is also where
# softmax comes closest to its bound: 7.3 eps of the 8.
SHORT = 15
# Log-softmax compensates for the rounding of the shift in rows whose terms, except the largest, are
# smaller than this on average and add up to less than 1. In other rows it does not show.
SMALL = 2.0**-9


def softmax_vector(x, z, temperature):
    """Write the softmax of the vector `x` to `z`."""
    # In a long slice, a thousand small terms may follow the 1 of the largest entry, each rounded to
    # the precision of 1. So that entry stays out of the sum until the end.
    top = x.argmax()
    _shift(x, z, x[top], temperature)
    np.exp(z, z)
    z[top] = 0
    total = 1 + (np.add.reduce(z) if z.size > SHORT else sum(z.tolist()))
    z[top] = 1
    np.divide(z, total, z)


def softmax_rows(x, z, temperature):
    """Write the softmax of each row of the matrix `x` to `z`."""
    k = x.shape[1]
    if k <= SHORT:
        columns = x.T.astype(z.dtype, order="C")
        _shift(columns, columns, np.maximum.reduce(columns), temperature)
        np.exp(columns, columns)
        np.divide(columns, np.add.reduce(columns), z.T)
        return
    starts = np.arange(0, x.size, k)
    top, flat = x.argmax(axis=1), z.reshape(-1)
    top += starts
    _shift(x, z, x.reshape(-1)[top][:, None], temperature)
    np.exp(z, z)
    flat[top] = 0
    total = np.add.reduceat(flat, starts)
    total += 1
    flat[top] = 1
    np.divide(z, total[:, None], z)


def log_softmax_vector(x, z, temperature):
    """Write the log-softmax of the vector `x` to `z`."""
    top = x.argmax()
    shifted = np.empty(x.shape, z.dtype)
    _shift(x, shifted, x[top], temperature)
    e = np.exp(shifted)
    e[top] = 0
    tail = np.add.reduce(e)
    if temperature == 1 and tail < min(1.0, SMALL * x.size):
        tail += _tail_correction(e, x, x[top].astype(z.dtype), shifted)
    np.subtract(shifted, np.log1p(tail), z)


def log_softmax_rows(x, z, temperature):
    """Write the log-softmax of each row of the matrix `x` to `z`."""
    shifted, _, tail = shifted_max_and_tail(x, z.dtype, temperature)
    np.subtract(shifted, np.log1p(tail), z)


def shifted_max_and_tail(x, dtype, temperature=1.0):
    """Return the rows of `x` less their maximum m, and m and r, as columns.

    r is the tail: the sum of exponentials of a row is e^m (1 + r).
    """
    n, k = x.shape
    top = x.argmax(axis=1)
    if k <= SHORT:
        columns = x.T.astype(dtype, order="C")
        m = np.maximum.reduce(columns)
        _shift(columns, columns, m, temperature)
        e = np.exp(columns)
        e.reshape(-1)[n * top + np.arange(n)] = 0
        tail = np.add.reduce(e)
        shifted = columns.T
    else:
        starts = np.arange(0, n * k, k)
        top += starts
        m = x.reshape(-1)[top].astype(dtype)
        shifted = np.empty(x.shape, dtype)
        _shift(x, shifted, m[:, None], temperature)
        e = np.exp(shifted)
        flat = e.reshape(-1)
        flat[top] = 0
        tail = np.add.reduceat(flat, starts)
    if temperature == 1:
        small = (tail < min(1.0, SMALL * k)).nonzero()[0]
        if small.size:
            x, m_of_x = x.take(small, axis=0), m.take(small)
            if k <= SHORT:
                e, columns = e.take(small, axis=1), columns.take(small, axis=1)
                tail[small] += _tail_correction(e, x.T, m_of_x, columns, axis=0)
            else:
                e, rows = e.take(small, axis=0), shifted.take(small, axis=0)
                tail[small] += _tail_correction(e, x, m_of_x[:, None], rows)
    return shifted, m[:, None], tail[:, None]


def _tail_correction(e, x, m, shifted, axis=-1):
    """Return what the sums of the terms `e` lack by the rounding of ``shifted = x - m``."""
    error = _subtraction_error(x.astype(e.dtype, copy=False), m, shifted)
    np.copyto(error, 0, where=e == 0)  # it is NaN for -inf
    error *= e
    return np.add.reduce(error, axis=axis)


def log_total(m, tail):
    """Return m + log(1 + tail) in a wider dtype, for the caller to round once.

    Of 10,000 equal terms the logarithm is 9, where a rounding to working precision is 4 eps.
    """
    wide = np.float64 if m.dtype.itemsize < 8 else np.longdouble
    return np.where(m == -np.inf, m, m.astype(wide) + np.log1p(tail.astype(wide)))


def _shift(x, z, m, temperature):
    """Write to `z` the slices of `x` less their maxima `m`, divided by the temperature."""
    largest = m.item(m.argmax()) if m.ndim else m
    infinite = not largest < np.inf  # or NaN, which might hide an infinity
    if temperature > 1:
        # Halving all three is exact, and keeps the distance between the two ends of the floating
        # range finite.
        half = z.dtype.type(0.5)
        x, m = np.multiply(x, half, z), m * half
        temperature *= 0.5
    np.subtract(x, m, z, dtype=z.dtype)
    if infinite:
        # inf - inf is NaN: these entries are the maximum, and every other is infinitely below.
        np.copyto(z, np.where(np.isnan(z), 0, -np.inf), where=m == np.inf)
    if temperature != 1:
        z /= temperature


def _subtraction_error(a, b, difference):
    """Return (a - b) - difference exactly, for the rounded difference of a and b (two-sum)."""
    b_seen = a - difference
    return (a - (difference + b_seen)) + (b_seen - b)
