"""Softmax, its logarithm and its normalizer of the rows of a matrix, and how an array becomes rows.

The first part takes an array of any dtype, shape, axis and mask to a matrix whose rows are worked
on block by block. The second part holds the kernels, the steps for a block.

A kernel reads slices from `x`, of any dtype, and writes its result to `z`, in the dtype to
compute in. Both may be the same memory. With None for `z` it computes in the dtype of `x` and
writes to a new array. It returns the array. Infinities and NaN cost nothing where there are none:
they show in the maximum of their slice. The callers silence floating-point warnings.

On small arrays the overhead of a call exceeds the time of the operation. So ``np.add.reduce`` is
called directly and not by ``np.sum``; ``reduceat`` sums the rows of the flat array; and an entry of
each row is found there by one index, in a third of the time that two indices need.
"""

import math
from functools import lru_cache

import numpy as np

from softmax._validation import (
    check_positive,
    excluded_mask,
    float_dtype,
    move_axes_last,
    working_dtype,
)

# Entries worked on at a time: 256 kB in float32 and 512 kB in float64, which a processor's
# second-level cache holds. Between 2**14 and 2**18 the measured times are nearly flat.
BLOCK = 2**16
PLAIN = np.dtype(np.float32), np.dtype(np.float64)
# Rows of at most this length are copied into columns. NumPy then takes the maximum and the sum over
# whole columns at once, which for rows of ten is two to three times as fast; the crossover was
# measured between 16 and 24. Such a sum is rounded once for each term, so this is also where
# softmax comes closest to its bound: 7.3 eps of the 8.
SHORT = 15
# Log-softmax compensates for the rounding of the shift in rows whose terms, except the largest, are
# smaller than this on average and add up to less than 1. In other rows it does not show.
SMALL = 2.0**-9


# --- rows and blocks ------------------------------------------------------------------------------


def map_slices(kernels, x, axis, temperature, where, masked):
    """Apply ``kernel(x, z, temperature)``, which writes to `z`, to the slices of `x`.

    `kernels` are two: one for a single slice, a vector, and one for the rows of a matrix. Excluded
    entries are set to `masked`.
    """
    if _is_small_and_plain(x, axis, temperature, where):
        return _map_plain(kernels, x)
    temperature = check_positive(temperature, "temperature")
    dtype = float_dtype(x)
    slices, axes, last = move_axes_last(x, axis)
    out = np.empty(slices.shape, dtype)
    if where is not None or not slices.flags.c_contiguous:
        # No view has the slices as rows: they are put in place first, and read from there.
        np.copyto(out, slices)
        slices = out
    if where is not None:
        excluded = move_axes_last(excluded_mask(where, x), axis)[0]
        np.copyto(out, -np.inf, where=excluded)
    if x.size:
        k = math.prod(slices.shape[slices.ndim - len(last) :])
        source, target = slices.reshape(-1, k), out.reshape(-1, k)
        map_blocks(_kernel_for(kernels, target, temperature), source, target)
    if where is not None:
        np.copyto(out, masked, where=excluded)
    if axes != last:
        out = np.moveaxis(out, last, axes)
    return out if x.ndim else out[0]


def _is_small_and_plain(x, axis, temperature, where):
    """Return whether a kernel can read `x` as it is; on small arrays the general way is slow."""
    return (
        where is None
        and type(temperature) is float
        and temperature == 1
        and type(axis) is int
        and (axis == -1 or axis == x.ndim - 1)
        and 1 <= x.ndim <= 2
        and x.dtype in PLAIN
        and 0 < x.size <= BLOCK
    )


# As a decorator, errstate costs half of what it costs in a `with`.
@np.errstate(all="ignore")
def _map_plain(kernels, x):
    of_vector, of_rows = kernels
    if x.ndim == 1:
        return of_vector(x, None, 1.0)
    if len(x) == 1:
        return of_vector(x[0], None, 1.0)[None]
    return of_rows(x, None, 1.0)


def _kernel_for(kernels, target, temperature):
    """Return a ``kernel(x, z)`` for `target`; it rounds at the end where `target` is narrower."""
    of_vector, of_rows = kernels
    dtype = _dtype_that_holds(temperature, working_dtype(target.dtype))

    def round_rows(x, z):
        z[...] = of_rows(x, np.empty(x.shape, dtype), temperature)

    if dtype != target.dtype:
        return round_rows
    if len(target) == 1:
        return lambda x, z: of_vector(x[0], z[0], temperature)
    return lambda x, z: of_rows(x, z, temperature)


def _dtype_that_holds(temperature, dtype):
    """Return `dtype`, or float64 where the temperature would underflow or overflow in it."""
    if temperature == 1:
        return dtype
    limits = np.finfo(dtype)
    fits = float(limits.tiny) <= temperature <= float(limits.max)
    return dtype if fits else np.promote_types(dtype, np.float64)


@np.errstate(all="ignore")
def map_blocks(kernel, source, target):
    """Call ``kernel(x, z)`` for the rows of `source` and `target`, a block of them at a time."""
    step = rows_in_block(source.shape[1])
    for start in range(0, len(source), step):
        kernel(source[start : start + step], target[start : start + step])


def rows_in_block(k):
    """Return how many rows of length `k` are worked on at a time."""
    return max(1, BLOCK // k)


# --- kernels --------------------------------------------------------------------------------------


def softmax_vector(x, z, temperature):
    """Write the softmax of the vector `x` to `z`."""
    # In a long slice, a thousand small terms may follow the 1 of the largest entry, each rounded to
    # the precision of 1. So that entry stays out of the sum until the end.
    top = x.argmax()
    z = _shift(x, z, x[top], temperature)
    np.exp(z, z)
    if z.size <= SHORT:
        # The largest entry keeps its place: alone in its slice, it may be NaN.
        smaller = z.tolist()
        smaller[top] = 0
        return np.divide(z, 1 + sum(smaller), z)
    z[top] = 0
    total = 1 + np.add.reduce(z)
    z[top] = 1
    return np.multiply(z, 1 / total, z)


def softmax_rows(x, z, temperature):
    """Write the softmax of each row of the matrix `x` to `z`."""
    n, k = x.shape
    if k <= SHORT:
        z = np.empty(x.shape, x.dtype) if z is None else z
        columns = x.T.astype(z.dtype, order="C")
        _shift(columns, columns, np.maximum.reduce(columns), temperature)
        np.exp(columns, columns)
        np.divide(columns, np.add.reduce(columns), z.T)
        return z
    starts = _starts(n, k)
    top = x.argmax(axis=1)
    top += starts
    z = _shift(x, z, x.take(top)[:, None], temperature)
    np.exp(z, z)
    flat = z.ravel()  # a view
    flat[top] = 0
    total = np.add.reduceat(flat, starts)
    total += 1
    flat[top] = 1
    return np.multiply(z, 1 / total[:, None], z)


@lru_cache(maxsize=4)
def _starts(n, k):
    """Return where each of `n` rows of length `k` begins in the flat array, not to be changed."""
    starts = np.arange(0, n * k, k)
    starts.flags.writeable = False
    return starts


def log_softmax_vector(x, z, temperature):
    """Write the log-softmax of the vector `x` to `z`."""
    top = x.argmax()
    shifted = _shift(x, None if z is None else np.empty(x.shape, z.dtype), x[top], temperature)
    e = np.exp(shifted)
    e[top] = 0
    tail = np.add.reduce(e)
    if temperature == 1 and tail < min(1.0, SMALL * x.size):
        tail += _tail_correction(e, x, x[top].astype(e.dtype), shifted)
    return np.subtract(shifted, np.log1p(tail), z)


def log_softmax_rows(x, z, temperature):
    """Write the log-softmax of each row of the matrix `x` to `z`."""
    shifted, _, tail = shifted_max_and_tail(x, (x if z is None else z).dtype, temperature)
    z = np.empty(x.shape, x.dtype) if z is None else z
    # Transposed: where `shifted` is stored in columns, NumPy then goes along them.
    np.subtract(shifted.T, np.log1p(tail).T, z.T)
    return z


def logsumexp_rows(x, z):
    """Write the log-sum-exp of each row of the matrix `x` to the column `z`.

    It is computed in a wider dtype and rounded once: of 10,000 equal terms the logarithm is 9,
    where a rounding to working precision is 4 eps.
    """
    _, m, tail = shifted_max_and_tail(x, working_dtype(z.dtype))
    wide = np.float64 if m.dtype.itemsize < 8 else np.longdouble
    z[...] = np.where(m == -np.inf, m, m.astype(wide) + np.log1p(tail.astype(wide)))


def shifted_max_and_tail(x, dtype, temperature=1.0):
    """Return the rows of `x` less their maximum m, and m and r, as columns.

    r is the tail: the sum of exponentials of a row is e^m (1 + r).
    """
    n, k = x.shape
    if k <= SHORT:
        columns = x.T.astype(dtype, order="C")
        m = np.maximum.reduce(columns)
        _shift(columns, columns, m, temperature)
        e = np.exp(columns)
        # Searching short rows for the largest entry would cost more than all other steps. Where
        # several share the maximum, all but one of their ones are added back. (NaN is not smaller.)
        smaller = columns < 0
        e *= smaller
        tail = np.add.reduce(e)
        if np.count_nonzero(smaller) != (k - 1) * n:
            tail += k - 1 - np.count_nonzero(smaller, axis=0)
        shifted = columns.T
    else:
        starts = _starts(n, k)
        top = x.argmax(axis=1)
        top += starts
        m = x.take(top).astype(dtype)
        shifted = np.empty(x.shape, dtype)
        _shift(x, shifted, m[:, None], temperature)
        e = np.exp(shifted)
        flat = e.ravel()
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
    # Naming the dtype where it is already that of `x` costs as much as shifting a hundred entries.
    same = z is None or z.dtype is x.dtype
    z = np.subtract(x, m, z) if same else np.subtract(x, m, z, dtype=z.dtype)
    if infinite:
        # inf - inf is NaN: these entries are the maximum, and every other is infinitely below.
        np.copyto(z, np.where(np.isnan(z), 0, -np.inf), where=m == np.inf)
    if temperature != 1:
        z /= temperature
    return z


def _subtraction_error(a, b, difference):
    """Return (a - b) - difference exactly, for the rounded difference of a and b (two-sum)."""
    b_seen = a - difference
    return (a - (difference + b_seen)) + (b_seen - b)
