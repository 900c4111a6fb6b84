"""How an array of any dtype, shape, axis and mask becomes rows that are worked on block by block.

The mathematics is in ``functional.py``; here is the care around it.
"""

import math
import numbers

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from softmax._kernels import SHORT

# Entries worked on at a time: 256 kB in float32 and 512 kB in float64, which a processor's
# second-level cache holds. Between 2**14 and 2**18 the measured times are nearly flat.
BLOCK = 2**16


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
    if x.dtype.kind != "f":
        return np.dtype(np.float64)
    # An array read from a file may have the other byte order.
    return x.dtype if x.dtype.isnative else x.dtype.newbyteorder("=")


def working_dtype(dtype):
    """Return the dtype to compute in: float32 for float16, otherwise `dtype` itself."""
    return np.dtype(np.float32) if dtype.itemsize == 2 else dtype


def slices_last(x, axis):
    """Return a view of `x` whose last axes are `axis`; where they were, and where they are now.

    Both places are tuples of ints. A single number is taken as an array of one entry.
    """
    x = x.reshape(1) if x.ndim == 0 else x
    if axis is None:
        axes = last = tuple(range(x.ndim))
    elif isinstance(axis, tuple):
        axes = normalize_axis_tuple(axis, x.ndim)
        last = tuple(range(x.ndim - len(axes), x.ndim))
    else:
        axes, last = (normalize_axis_index(axis, x.ndim),), (x.ndim - 1,)
    return (x if axes == last else np.moveaxis(x, axes, last)), axes, last


def hidden_by(where, x):
    """Return the negated mask, True for the entries to leave out, as a view in the shape of `x`."""
    where = np.asarray(where)
    if where.dtype != bool:
        raise TypeError(
            f"where must be boolean (True keeps an entry), got dtype {where.dtype}; "
            "write a comparison, for example mask != 0"
        )
    try:
        return np.broadcast_to(~where, x.shape)
    except ValueError:
        raise ValueError(
            f"where of shape {where.shape} does not broadcast to x of shape {x.shape}"
        ) from None


def check_temperature(temperature):
    """Return the temperature as a Python float, which leaves the dtype of an array alone."""
    try:
        value = float(temperature) if isinstance(temperature, (float, numbers.Real)) else math.nan
    except OverflowError:  # an int beyond the range of floats
        value = math.inf
    if not 0 < value < math.inf:
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


def block_buffer(n, k, dtype):
    """Return memory for one block of the `n` rows of length `k`; short rows lie side by side."""
    shape = (min(n, max(1, BLOCK // k)), k)
    return np.empty(shape, dtype, order="F" if k <= SHORT else "C")


def map_slices(kernel, x, axis, temperature, where, *, masked, in_place):
    """Apply ``kernel(z, source, temperature)`` to the slices of `x`, a block of rows at a time.

    The kernel turns `z`, a copy of the rows `source`, into the result. With `in_place`, `z` and
    `source` may be the same memory. Masked entries are set to `masked`.
    """
    x = real_array(x)
    temperature = check_temperature(temperature)
    dtype = float_dtype(x)
    slices, axes, last = slices_last(x, axis)
    out = np.empty(slices.shape, dtype)
    hidden = None if where is None else slices_last(hidden_by(where, x), axis)[0]
    if where is not None or not slices.flags.c_contiguous:
        # No view has the slices as rows: they are put in place first, and read from there.
        np.copyto(out, slices)
        slices = out
    if where is not None:
        np.copyto(out, -np.inf, where=hidden)
    if x.size:
        k = math.prod(slices.shape[slices.ndim - len(last) :])
        source, target = slices.reshape(-1, k), out.reshape(-1, k)
        working = _dtype_that_holds(temperature, working_dtype(dtype))
        with np.errstate(all="ignore"):
            _map_blocks(kernel, source, target, working, temperature, in_place)
    if where is not None:
        np.copyto(out, masked, where=hidden)
    if axes != last:
        out = np.moveaxis(out, last, axes)
    return out if x.ndim else out[0]


def _map_blocks(kernel, source, target, dtype, temperature, in_place):
    """Apply the kernel to the rows of `source`, in `dtype`, and write the result to `target`."""
    n, k = source.shape
    # The copy of a block is made in the target, unless its rows are short or of another dtype.
    in_place = in_place and target.dtype == dtype and k > SHORT
    buffer = None if in_place else block_buffer(n, k, dtype)
    step = max(1, BLOCK // k)
    for start in range(0, n, step):
        block = slice(start, start + step)
        given, result = source[block], target[block]
        z = result if in_place else buffer[: len(given)]
        z[...] = given
        kernel(z, given, temperature)
        result[...] = z


def _dtype_that_holds(temperature, dtype):
    """Return `dtype`, or float64 where the temperature would underflow or overflow in it."""
    if temperature == 1:
        return dtype
    limits = np.finfo(dtype)
    fits = float(limits.tiny) <= temperature <= float(limits.max)
    return dtype if fits else np.promote_types(dtype, np.float64)
