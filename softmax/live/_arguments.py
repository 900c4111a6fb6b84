"""Checks of arguments that several live figures share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from softmax._validation import real_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike


def checked_logits(
    z: ArrayLike, *, least: int, most: int, largest: float, of: str = "logits"
) -> np.ndarray:
    """Return `z` as a vector of `least` to `most` floats that are at most `largest` in size.

    `of` says in the errors what they are.

    Raises
    ------
    TypeError
        If it does not hold real numbers, or has masked entries.
    ValueError
        If it is not such a vector.
    """
    z = real_array(z, "z", masked="To leave these classes out, pass z.compressed().").astype(float)
    if z.ndim != 1 or not least <= len(z) <= most:
        count = str(most) if least == most else f"{least} to {most}"
        raise ValueError(f"`z` must be one vector of {count} {of}, got shape {z.shape}.")
    if not (np.abs(z) <= largest).all():  # NaN is refused too
        raise ValueError(f"`z` must hold {of} from -{largest:g} to {largest:g}, got {z.tolist()}.")
    return z


def checked_labels(
    labels: Sequence[str] | None, count: int, *, each: str = "class", of: str = "logits"
) -> list[str]:
    """Return the names of `count` classes as a list: `labels`, or by default "class 1", ….

    `each` stands for "class" in these names, and `of` says in the error what is counted.

    Raises
    ------
    ValueError
        If the number of labels is another one.
    """
    # As text: JSON takes no integers of NumPy, which labels of a data set often are.
    given = [f"{each} {k}" for k in range(1, count + 1)] if labels is None else labels
    labels = [str(label) for label in given]
    if len(labels) != count:
        raise ValueError(
            f"`labels` must have a name for each of the {count} {of}, got {len(labels)}."
        )
    return labels


def checked_target(target: int, count: int) -> int:
    """Return the index `target` of the true one of `count` classes as an int.

    Raises
    ------
    ValueError
        If there is no such class.
    """
    if target not in range(count):
        raise ValueError(f"`target` must be an index from 0 to {count - 1}, got {target!r}.")
    return int(target)


def checked_number(name: str, value: float, low: float, high: float) -> float:
    """Return the argument `name` as a float between `low` and `high`.

    Raises
    ------
    ValueError
        If it is outside, or NaN.
    """
    value = float(value)
    if not low <= value <= high:
        raise ValueError(f"`{name}` must be a number from {low:g} to {high:g}, got {value}.")
    return value


def checked_points(
    name: str, points: ArrayLike, shapes: list[tuple[int, ...]], largest: float = np.inf
) -> np.ndarray:
    """Return points of a plane as floats of one of the `shapes`, at most `largest` in size."""
    points = real_array(points, name, masked="Leave out these keys and their values.").astype(float)
    if points.shape not in shapes:
        allowed = " or ".join(map(str, shapes))
        raise ValueError(f"`{name}` must have the shape {allowed}, got {points.shape}.")
    if not (np.isfinite(points) & (np.abs(points) <= largest)).all():  # NaN is refused too
        size = "" if largest == np.inf else f" from {-largest:g} to {largest:g}"
        raise ValueError(f"`{name}` must hold finite numbers{size}, got {points.tolist()}.")
    return points
