"""How an array of any dtype, shape, axis and mask becomes rows that are worked on block by block.

The mathematics is in ``functional.py``; here is the care around it.
"""

import math

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from softmax._validation import as_array, check_temperature

# Entries worked on at a time: 256 kB in float32 and 512 kB in float64, which a processor's
# second-level cache holds. Between 2**14 and 2**18 the measured times are nearly flat.
BLOCK = 2**16
PLAIN = np.dtype(np.float32), np.dtype(np.float64)


def float_dtype(x):
    """Return the dtype of the result for `x`: its own if floating, else float64."""
    if x.dtype.kind != "f":
        return np.dtype(np.float64)
    # An array read from a file may have the other byte order.
    return x.dtype if x.dtype.isnative else x.dtype.newbyteorder("=")


def working_dtype(dtype):
    """Return the dtype to compute in: float32 for float16, otherwise `dtype` itself."""
    return np.dtype(np.float32) if dtype.itemsize == 2 else dtype


def move_axes_last(x, axis):
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


def excluded_mask(where, x):
    """Return the negated mask, True for the entries to leave out, as a view in the shape of `x`."""
    keep = as_array(where, "where", masked="Pass where.filled(False).")
    if keep.size == 0 and keep.dtype == float:
        keep = keep.astype(bool)  # an empty list is an array of floats
    if keep.dtype != bool:
        # In an additive mask, 0 keeps an entry and -inf leaves it out.
        additive = keep.dtype.kind == "f" and (keep == -np.inf).any()
        raise TypeError(
            f"`where` must be boolean (True keeps an entry), got dtype {keep.dtype}. Write a "
            f"comparison, such as np.asarray(where) {'==' if additive else '!='} 0."
        )
    try:
        return np.broadcast_to(~keep, x.shape)
    except ValueError:
        raise ValueError(
            f"`where` must broadcast to the shape {x.shape} of `x`, got shape {keep.shape}."
        ) from None


def rows_in_block(k):
    """Return how many rows of length `k` are worked on at a time."""
    return max(1, BLOCK // k)


def map_slices(kernels, x, axis, temperature, where, masked):
    """Apply ``kernel(x, z, temperature)``, which writes to `z`, to the slices of `x`.

    `kernels` are two: one for a single slice, a vector, and one for the rows of a matrix. Excluded
    entries are set to `masked`.
    """
    if _is_small_and_plain(x, axis, temperature, where):
        return _map_plain(kernels, x)
    temperature = check_temperature(temperature)
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
        _map_rows(kernels, slices, out, k, temperature)
    if where is not None:
        np.copyto(out, masked, where=excluded)
    if axes != last:
        out = np.moveaxis(out, last, axes)
    return out if x.ndim else out[0]


def _is_small_and_plain(x, axis, temperature, where):
    """Return whether a kernel can read `x` as it is. Small arrays feel a longer way to it."""
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


# As a decorator, errstate takes half the time that it takes in a `with`.
@np.errstate(all="ignore")
def _map_plain(kernels, x):
    of_vector, of_rows = kernels
    if x.ndim == 1:
        return of_vector(x, None, 1.0)
    if len(x) == 1:
        return of_vector(x[0], None, 1.0)[None]
    return of_rows(x, None, 1.0)


@np.errstate(all="ignore")
def _map_rows(kernels, source, target, k, temperature):
    """Apply a kernel to the rows of `source`, of length `k`, and write the result to `target`."""
    of_vector, of_rows = kernels
    n = source.size // k
    dtype = _dtype_that_holds(temperature, working_dtype(target.dtype))
    if n == 1 and dtype == target.dtype:
        of_vector(source.reshape(k), target.reshape(k), temperature)
        return
    source, target = source.reshape(n, k), target.reshape(n, k)
    step = rows_in_block(k)
    buffer = None if dtype == target.dtype else np.empty((min(n, step), k), dtype)
    for start in range(0, n, step):
        x, result = source[start : start + step], target[start : start + step]
        z = result if buffer is None else buffer[: len(x)]
        of_rows(x, z, temperature)
        if buffer is not None:
            result[...] = z


def _dtype_that_holds(temperature, dtype):
    """Return `dtype`, or float64 where the temperature would underflow or overflow in it."""
    if temperature == 1:
        return dtype
    limits = np.finfo(dtype)
    fits = float(limits.tiny) <= temperature <= float(limits.max)
    return dtype if fits else np.promote_types(dtype, np.float64)
