"""How an array of any dtype, shape, axis and mask becomes rows that are worked on block by block.

The mathematics is in ``functional.py``; here is the care around it.
"""

import math
import numbers
import sys

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

# Entries worked on at a time: 256 kB in float32 and 512 kB in float64, which a processor's
# second-level cache holds. Between 2**14 and 2**18 the measured times are nearly flat.
BLOCK = 2**16
# Rows of at most this length are stored column by column while they are worked on. NumPy then
# takes the maximum and the sum over whole columns at once, which for rows of ten is two to three
# times as fast. The crossover was measured between 16 and 24.
SHORT = 16


def real_array(x):
    """Return `x` as an array of booleans, integers or floats, without a copy if it is one."""
    x = np.asarray(x)
    if x.dtype.kind not in "biuf":
        raise TypeError(
            f"expected real numbers (bool, int or float), got an array of dtype {x.dtype}; "
            "convert it first, for example with x.astype(float)"
        )
    return x


def float_dtype(x):
    """Return the dtype of the result for `x`: its own if floating, else float64."""
    # newbyteorder: an array read from a file may have the other byte order.
    return x.dtype.newbyteorder("=") if x.dtype.kind == "f" else np.dtype(np.float64)


def working_dtype(dtype):
    """Return the dtype to compute in: float32 for float16, otherwise `dtype` itself."""
    return np.promote_types(dtype, np.float32)


def slices_last(x, axis):
    """Return a view of `x` whose last axes are `axis`, and the axes as a tuple of ints.

    A single number is taken as an array of one entry.
    """
    x = x.reshape(1) if x.ndim == 0 else x
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim)
    last = tuple(range(x.ndim - len(axes), x.ndim))
    return (x if axes == last else np.moveaxis(x, axes, last)), axes


def mask_for(where, x):
    """Return the mask broadcast to the shape of `x`."""
    where = np.asarray(where)
    if where.dtype != bool:
        raise TypeError(
            f"where must be boolean (True keeps an entry), got dtype {where.dtype}; "
            "write a comparison, for example mask != 0"
        )
    try:
        return np.broadcast_to(where, x.shape)
    except ValueError:
        raise ValueError(
            f"where of shape {where.shape} does not broadcast to x of shape {x.shape}"
        ) from None


def check_temperature(temperature):
    """Return the temperature as a Python float, which leaves the dtype of an array alone."""
    usable = isinstance(temperature, numbers.Real) and 0 < temperature <= sys.float_info.max
    value = float(temperature) if usable else 0.0
    if value == 0:  # also when a Fraction or a longdouble rounds to it
        raise ValueError(f"temperature must be a finite number > 0, got {temperature!r}")
    return value


def check_labels(labels, num_classes, ignore_index=None):
    """Return the labels as an array of integers, each in range or equal to `ignore_index`."""
    labels = np.asarray(labels)
    if labels.size == 0:
        labels = labels.astype(np.intp)  # an empty list is an array of floats
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"class labels must be integers, got dtype {labels.dtype}; "
            "convert them first, for example with labels.astype(int)"
        )
    bad = (labels < 0) | (labels >= num_classes)
    if ignore_index is not None:
        bad &= labels != ignore_index
    if bad.any():
        index = first_index(bad)
        raise ValueError(
            f"class labels must be from 0 to {num_classes - 1}, "
            f"got {labels[index]} at index {index}"
        )
    return labels


def first_index(bad):
    """Return the index of the first True, as a tuple of ints."""
    return tuple(int(i) for i in np.argwhere(bad)[0])


def blocks(source, dtype, out=None):
    """Yield (rows, z): a slice of row numbers, and a copy of these rows of `source` in `dtype`.

    The copy may be overwritten. It lies in `out` where that has this dtype and its rows are
    long, otherwise in a buffer that the next block uses again.
    """
    n, k = source.shape
    step = min(n, max(1, BLOCK // k))
    short = k <= SHORT
    in_place = out is not None and out.dtype == dtype and not short
    buffer = None if in_place else np.empty((step, k), dtype, order="F" if short else "C")
    for start in range(0, n, step):
        rows = slice(start, min(start + step, n))
        z = out[rows] if in_place else buffer[: rows.stop - start]
        np.copyto(z, source[rows])
        yield rows, z


def map_slices(kernel, x, axis, temperature, where, masked):
    """Apply ``kernel(z, temperature)``, which works in place on rows, to the slices of `x`."""
    x = real_array(x)
    temperature = check_temperature(temperature)
    dtype = float_dtype(x)
    slices, axes = slices_last(x, axis)
    last = range(slices.ndim - len(axes), slices.ndim)
    out = np.empty(slices.shape, dtype)
    hidden = None if where is None else ~slices_last(mask_for(where, x), axis)[0]
    if x.size:
        rows_shape = (-1, math.prod(slices.shape[i] for i in last))
        if where is not None or not slices.flags.c_contiguous:
            # No view has the slices as rows: they are put in place first, and read from there.
            np.copyto(out, slices)
            slices = out
        if where is not None:
            np.copyto(out, -np.inf, where=hidden)
        source, target = slices.reshape(rows_shape), out.reshape(rows_shape)
        for rows, z in blocks(source, _dtype_that_holds(temperature, working_dtype(dtype)), target):
            kernel(z, temperature)
            np.copyto(target[rows], z, casting="same_kind")
    if where is not None:
        np.copyto(out, masked, where=hidden)
    return np.moveaxis(out, last, axes).reshape(x.shape)[()]


def _dtype_that_holds(temperature, dtype):
    """Return `dtype`, or float64 where the temperature would underflow or overflow in it."""
    limits = np.finfo(dtype)
    return dtype if limits.tiny <= temperature <= limits.max else np.promote_types(dtype, float)
