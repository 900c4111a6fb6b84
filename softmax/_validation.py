"""Checks of arguments that all functions share: arrays, dtypes, axes, masks, numbers and labels.

Each function returns the argument in the form to work with. Otherwise its error says what was
given, what is allowed and what to do. What it suggests to do was tried first, where that is cheap.
"""

from __future__ import annotations

import math
import numbers
import operator
import sys
from collections.abc import Iterable, Mapping, Set
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def real_array(x: ArrayLike, name: str = "x", *, masked: str) -> np.ndarray:
    """Return `x` as an array of booleans, integers or floats, without a copy if it is one.

    `name` is what the user calls `x`; `masked` is what to pass in place of a masked array.

    Raises
    ------
    TypeError
        If `x` does not hold real numbers, or has masked entries.
    ValueError
        If `x` is a nested list whose rows differ in length.
    """
    holds = "real numbers (bool, int or float)"
    array = x if type(x) is np.ndarray else as_array(x, name, masked=masked, holds=holds)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"`{name}` must hold {holds}, got {_describe(x, array)}." + _way_out(x, array, name)
        )
    return array


def as_array(x: ArrayLike, name: str, *, masked: str, holds: str = "values") -> np.ndarray:
    """Return `x` as an array of any dtype.

    Masked entries are refused as by `real_array`, and so is what NumPy does not look into: a
    dictionary, a generator, a sparse matrix. `holds` says what the array is expected to hold.
    """
    if type(x) is np.ndarray:
        return x
    refuse_masked(x, name, masked=masked)
    try:
        array = np.asarray(x)
    except (RuntimeError, TypeError, ValueError) as error:
        if isinstance(x, (list, tuple)) and isinstance(error, ValueError):
            raise ValueError(
                f"`{name}` must have rows of equal length, got a nested {type(x).__name__} whose "
                "rows differ. Pass one row at a time, or pad the rows."
            ) from error
        raise TypeError(
            f"`{name}` must be convertible to a NumPy array, got {_a_type(x)}, which raises "
            f"{type(error).__name__} ({error}).{_way_to_the_host(x, name)}"
        ) from error
    if array.ndim == 0 and array.dtype == object and isinstance(x, Iterable):
        raise TypeError(f"`{name}` must hold {holds}, got {_a_type(x)}." + _way_out(x, array, name))
    return array


def refuse_masked(x: Any, name: str, *, masked: str) -> None:
    """Raise a TypeError if `x` has masked entries; `masked` says what to pass instead."""
    if _has_masked_entries(x):
        combine = f" First combine the list: {name} = np.ma.array({name})."
        raise TypeError(
            f"`{name}` must not have masked entries, got some in {_a_type(x)}."
            f"{combine if isinstance(x, (list, tuple)) else ''} {masked}"
        )


def _has_masked_entries(x):
    """Return whether `x`, or an array in a nested list, has a masked entry."""
    ma = sys.modules.get("numpy.ma")
    if ma is None:  # without the module there is no masked array
        return False
    if isinstance(x, (list, tuple)):
        nested = (list, tuple, ma.MaskedArray)
        return any(isinstance(entry, nested) and _has_masked_entries(entry) for entry in x)
    return isinstance(x, ma.MaskedArray) and not x.dtype.names and ma.is_masked(x)


def _describe(x, array):
    """Say what a user passed that is not an array of numbers."""
    if x is None:
        return "None"
    if array.ndim == 0 and array.dtype == object:  # NumPy did not look inside
        return _a_type(x)
    return f"an array of dtype {array.dtype}"


def _a_type(x):
    name = type(x).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def _way_out(x, array, name):
    """Return a sentence that says how to pass `x`, or an empty string."""
    if x is None:
        return ""
    # Attempts that might be expensive, or use up an iterator, are not tried.
    if callable(getattr(x, "toarray", None)):
        return f" Pass it as a dense array: {name}.toarray()."
    if isinstance(x, Mapping):
        ways = {f"list({name}.values())": lambda: list(x.values())}
    elif isinstance(x, Set):  # a set has no order
        ways = {f"sorted({name})": lambda: sorted(x)}
    elif array.ndim == 0 and array.dtype == object and isinstance(x, Iterable):
        return f" Pass a list: list({name})."
    elif array.dtype.names:
        ways = {f"{name}[{field!r}]": lambda field=field: x[field] for field in array.dtype.names}
    elif array.dtype.kind == "c":
        ways = {f"np.real({name}) or np.abs({name})": lambda: np.real(x)}
    else:
        ways = {
            f"np.asarray({name}, dtype=float)": lambda: np.asarray(x, dtype=float),
            f"{name}.to_numpy(dtype=float, na_value=np.nan)": (
                lambda: x.to_numpy(dtype=float, na_value=np.nan)
            ),
        }
    for text, attempt in ways.items():
        try:
            works = np.asarray(attempt()).dtype.kind in "biuf"
        except (AttributeError, OverflowError, TypeError, ValueError):
            works = False
        if works:
            return f" Pass {text}."
    return _first_entry_without_value(array)


def _first_entry_without_value(array):
    """Return a sentence that names the first entry which is not a number, or an empty string."""
    if array.dtype.kind not in "OSTU" or array.ndim == 0:
        return ""
    for index, entry in np.ndenumerate(array):
        try:
            float(entry)
        except OverflowError:
            return f" The integer at index {index} is beyond the range of floats."
        except (TypeError, ValueError):
            return f" The first that is not a number is {entry!r} at index {index}."
    return ""


def _way_to_the_host(x, name):
    """Return a sentence that says how to make a NumPy array of a tensor, or an empty string."""
    if not hasattr(x, "detach"):
        return ""
    if getattr(x, "is_meta", False):
        return f" `{name}` is on the meta device, which stores shapes and no numbers."
    # NumPy knows neither sparse tensors nor bfloat16.
    dense = ".to_dense()" if getattr(x, "is_sparse", False) else ""
    wider = ".float()" if "bfloat16" in str(getattr(x, "dtype", "")) else ""
    return f" Copy it to host memory first: {name}.detach(){dense}{wider}.cpu()."


def as_float(value: Any, name: str) -> float:
    """Return a real number as a Python float, and NaN for anything else.

    An array or tensor without axes counts as its number. A Python float leaves the dtype of the
    arrays alone that it is combined with.
    """
    if getattr(value, "shape", None) == ():
        value = as_array(value, name, masked="Pass a number.")[()]
    try:
        return float(value) if isinstance(value, numbers.Real) else math.nan
    except OverflowError:  # an int beyond the range of floats
        return math.nan


def as_int(value: Any, name: str, hint: str = "") -> int:
    """Return an integer as a Python int; an array or tensor without axes counts as its number."""
    try:
        if not _has_masked_entries(value):
            return operator.index(value)
    except TypeError:
        pass
    raise TypeError(f"`{name}` must be an integer{hint}, got {value!r}.")


def check_count(value: Any, name: str) -> int:
    """Return an integer >= 1 as a Python int."""
    count = as_int(value, name)
    if count < 1:
        raise ValueError(f"`{name}` must be an integer >= 1, got {value!r}.")
    return count


def check_positive(value: Any, name: str) -> float:
    """Return a finite number > 0 as a Python float."""
    number = value if type(value) is float else as_float(value, name)
    if not 0 < number < math.inf:
        raise ValueError(f"`{name}` must be a finite number > 0, got {value!r}.")
    return number


def check_axis(axis: Any) -> int | tuple[int, ...] | None:
    """Return the axis or axes as Python ints; whether an array has them is not checked."""
    if axis is None or type(axis) is int:
        return axis
    allowed = ", a tuple of integers or None"
    if isinstance(axis, tuple):
        return tuple(as_int(one, "axis", allowed) for one in axis)
    return as_int(axis, "axis", allowed)


def check_labels(
    labels: ArrayLike,
    num_classes: int,
    name: str,
    *,
    ignore_index: int | None = None,
    left_out: str = "",
    masked: str,
) -> np.ndarray:
    """Return the labels as an array of integers, each in range or equal to `ignore_index`.

    `left_out` is a sentence that says how to leave out labels that are negative.
    """
    holds = "integers as class labels"
    array = as_array(labels, name, masked=masked, holds=holds)
    if array.size == 0 and array.dtype == float:
        array = array.astype(np.intp)  # an empty list is an array of floats
    if array.dtype.kind not in "iu":
        raise TypeError(
            f"`{name}` must hold {holds}, got {_describe(labels, array)}."
            + _way_to_integers(array, name)
        )
    bad = (array < 0) | (array >= num_classes)
    if ignore_index is not None:
        bad &= array != ignore_index
    if bad.any():
        index = first_true_index(bad)
        raise ValueError(
            f"`{name}` must hold class labels from 0 to {num_classes - 1}, got {array[index]} at "
            f"index {index}." + (left_out if array[index] < 0 else "")
        )
    return array


def _way_to_integers(array, name):
    """Return a sentence that says how to make class labels of `array`, or an empty string."""
    strings = array.size > 0 and all(isinstance(entry, str) for entry in array.flat)
    if strings or array.dtype.kind in "MSTUm":
        return f" Number the classes: np.unique({name}, return_inverse=True)[1]."
    if array.dtype.kind in "bfO":
        with np.errstate(all="ignore"):
            try:
                fractional = array != array.astype(np.intp)
            except (OverflowError, TypeError, ValueError):
                return _first_entry_without_value(array)
        if not fractional.any():
            return f" Pass np.asarray({name}, dtype=int)."
        index = first_true_index(fractional)
        return f" The first that is not a whole number is {array[index]} at index {index}."
    return ""


def first_true_index(mask: np.ndarray) -> tuple[int, ...]:
    """Return the index of the first True, as a tuple of ints."""
    return tuple(int(i) for i in np.argwhere(mask)[0])


def float_dtype(x: np.ndarray) -> np.dtype:
    """Return the dtype of the result for `x`: its own if floating, else float64."""
    if x.dtype.kind != "f":
        return np.dtype(np.float64)
    # An array read from a file may have the other byte order.
    return x.dtype if x.dtype.isnative else x.dtype.newbyteorder("=")


def working_dtype(dtype: np.dtype) -> np.dtype:
    """Return the dtype to compute in: float32 for float16, otherwise `dtype` itself."""
    return np.dtype(np.float32) if dtype.itemsize == 2 else dtype


def move_axes_last(x, axis):
    """Return a view of `x` whose last axes are `axis`; where they were, and where they are now.

    Both places are tuples of ints. A single number is taken as an array of one entry.
    """
    x, axis = x.reshape(1) if x.ndim == 0 else x, check_axis(axis)
    if axis is None:
        axes = last = tuple(range(x.ndim))
    elif isinstance(axis, tuple):
        axes = normalize_axis_tuple(axis, x.ndim)
        last = tuple(range(x.ndim - len(axes), x.ndim))
    else:
        axes, last = (normalize_axis_index(axis, x.ndim),), (x.ndim - 1,)
    return (x if axes == last else np.moveaxis(x, axes, last)), axes, last


def excluded_mask(where: ArrayLike, x: np.ndarray) -> np.ndarray:
    """Return the negated mask, True for the entries to leave out, as a view in the shape of `x`."""
    keep = as_array(where, "where", masked="Pass where.filled(False).", holds="booleans")
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
