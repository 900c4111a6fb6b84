"""Checks of arguments that several live figures share."""

import numpy as np

from softmax._validation import real_array


def checked_logits(z, *, least, most, largest):
    """Return `z` as a vector of `least` to `most` floats that are at most `largest` in size.

    Raises
    ------
    TypeError
        If it does not hold real numbers, or has masked entries.
    ValueError
        If it is another vector, or not a vector.
    """
    z = real_array(z, "z", masked="To leave these classes out, pass z.compressed().").astype(float)
    if z.ndim != 1 or not least <= len(z) <= most:
        raise ValueError(f"z has shape {z.shape}; give one vector of {least} to {most} logits.")
    if not (np.abs(z) <= largest).all():  # NaN is refused too
        raise ValueError(f"z is {z.tolist()}; give logits between -{largest:g} and {largest:g}.")
    return z


def checked_labels(labels, count):
    """Return the names of `count` classes as a list: `labels`, or by default "class 1", ….

    Raises
    ------
    ValueError
        If there are fewer or more of them.
    """
    # As text: JSON takes no integers of NumPy, which labels of a data set often are.
    given = [f"class {k}" for k in range(1, count + 1)] if labels is None else labels
    labels = [str(label) for label in given]
    if len(labels) != count:
        raise ValueError(f"{len(labels)} labels for {count} logits; give one for each.")
    return labels


def checked_target(target, count):
    """Return the index `target` of the true one of `count` classes as an int.

    Raises
    ------
    ValueError
        If there is no such class.
    """
    if target not in range(count):
        raise ValueError(f"target is {target!r}; give an index from 0 to {count - 1}.")
    return int(target)


def checked_number(name, value, low, high):
    """Return the argument `name` as a float between `low` and `high`.

    Raises
    ------
    ValueError
        If it lies elsewhere, or is NaN.
    """
    value = float(value)
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}; give a number between {low:g} and {high:g}.")
    return value
