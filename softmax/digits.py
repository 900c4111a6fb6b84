"""Bring a drawn digit into the form of MNIST.

MNIST's makers scaled each digit into a box of 20 × 20 pixels, keeping its proportions, with gray
levels where the edge of a stroke passes through a pixel. Then they moved its center of mass to the
center of a picture of 28 × 28 [1]_. A linear model that was trained on these pictures cannot read
others: it has a weight for each pixel, and does not know which pixels are neighbors.

References
----------
.. [1] Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits",
   http://yann.lecun.com/exdb/mnist/
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from softmax._validation import check_count, check_positive, first_true_index, real_array

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike

__all__ = ["center_digit", "draw_strokes"]

SIDE = 28  # pixels of a picture
BOX = 20  # pixels of the longer side of the digit
# Where MNIST has the center of mass. Counted from 0, the middle of 28 pixels is 13.5; its digits
# lie half a pixel further right and down.
CENTER = 14
# Two sums of the same numbers differ by rounding. Where the center of mass falls between two
# pixels, as in a straight stroke, this keeps all machines on the same side.
TIE = 1e-9


def center_digit(picture: ArrayLike) -> np.ndarray:
    """Crop a digit, scale it to 20 pixels, and center it in 28 × 28 by its mass, as MNIST does.

    A digit of MNIST is returned unchanged. One that was moved or scaled is brought back to where
    the model expects it.

    Parameters
    ----------
    picture : array_like of shape (H, W)
        Brightness: 0 is paper, anything above is ink. White on black, as in MNIST.

    Returns
    -------
    ndarray of shape (28, 28), float64
        Each pixel is the mean brightness of the area that it covers. Ink that would lie outside
        is lost, which happens only to a digit whose mass is far from its middle.

    Raises
    ------
    TypeError
        If `picture` does not hold real numbers, or has masked entries.
    ValueError
        If `picture` is not a table of finite numbers >= 0, or has no ink.

    See Also
    --------
    draw_strokes : Draws such a picture.

    Examples
    --------
    >>> import numpy as np
    >>> bar = np.zeros((100, 100))
    >>> bar[5:45, 80:84] = 1.0  # 40 pixels high, 4 wide, in a corner
    >>> rows, columns = np.nonzero(center_digit(bar))
    >>> np.unique(columns).tolist(), (int(rows.min()), int(rows.max()))
    ([14, 15], (5, 24))
    """
    no_ink = "To have no ink there, pass picture.filled(0)."
    picture = real_array(picture, "picture", masked=no_ink).astype(float)
    if picture.ndim != 2:
        raise ValueError(
            f"`picture` must be a table of H × W brightness values, got shape {picture.shape}."
        )
    bad = ~(np.isfinite(picture) & (picture >= 0))
    if bad.any():
        index = first_true_index(bad)
        raise ValueError(
            f"`picture` must hold finite numbers >= 0, got {picture[index]} at index {index}."
        )
    if not picture.any():
        raise ValueError("`picture` must have ink, a value above 0, got none.")
    # Scaled by a power of two, which is exact, so that no sum of brightness overflows.
    exponent = np.frexp(picture.max())[1]
    digit = np.ldexp(_crop(picture), -exponent)
    scale = BOX / max(digit.shape)
    rows, columns = (_overlaps(length, scale) for length in digit.shape)
    box = rows @ digit @ columns.T
    down, right = _shift(box.sum(axis=1)), _shift(box.sum(axis=0))
    # The margin is as wide as any shift, so that all of the box has a place.
    wide = np.zeros((SIDE + 2 * BOX, SIDE + 2 * BOX))
    wide[BOX + down : 2 * BOX + down, BOX + right : 2 * BOX + right] = box
    return np.ldexp(wide[BOX:-BOX, BOX:-BOX], exponent)


def draw_strokes(strokes: Iterable[ArrayLike], size: int, width: float) -> np.ndarray:
    """Draw strokes with a round pen.

    Parameters
    ----------
    strokes : sequence of array_like of shape (n, 2)
        The points (x, y) of each stroke, in pixels, from the upper left corner. A stroke of one
        point is a dot.
    size : int
        Pixels of each side of the picture.
    width : float
        Width of the pen, in pixels.

    Returns
    -------
    ndarray of shape (size, size), float64
        1 for ink, 0 for paper, and a value between along the edge of a stroke.

    Raises
    ------
    TypeError
        If a stroke does not hold real numbers, or has masked entries, or `size` is not an integer.
    ValueError
        If a stroke is not a table of points, a coordinate is not finite, `size` is not positive, or
        `width` is not a finite number > 0.

    See Also
    --------
    center_digit : Brings what was drawn into the form of MNIST.

    Examples
    --------
    >>> draw_strokes([[(1.5, 0.5), (1.5, 2.5)]], size=3, width=1)
    array([[0., 1., 0.],
           [0., 1., 0.],
           [0., 1., 0.]])
    """
    size, width = check_count(size, "size"), check_positive(width, "width")
    ink = np.zeros((size, size))
    middles = np.arange(size) + 0.5
    x, y = middles, middles[:, np.newaxis]
    for stroke in strokes:
        left_out = "To leave these points out, pass np.ma.compress_rows(stroke)."
        points = real_array(stroke, "stroke", masked=left_out).astype(float)
        if points.ndim != 2 or points.shape[1] != 2 or not len(points):
            raise ValueError(
                f"A stroke must have shape (n, 2), for n points (x, y), got shape {points.shape}."
            )
        if not np.isfinite(points).all():
            index = first_true_index(~np.isfinite(points))
            raise ValueError(
                f"A stroke must have finite coordinates, got {points[index]} at index {index}."
            )
        for start, end in zip(points, points[1:] if len(points) > 1 else points, strict=False):
            distance = _distance(x, y, *start.tolist(), *end.tolist())
            np.maximum(ink, np.clip(width / 2 + 0.5 - distance, 0, 1), out=ink)
    return ink


def _crop(picture):
    """Return the smallest part that holds all ink."""
    rows, columns = (np.flatnonzero(picture.any(axis=axis)) for axis in (1, 0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _overlaps(length, scale):
    """Return how much of each of `length` pixels, scaled, lies in each of the 20 of the box."""
    starts = scale * np.arange(length)
    cells = np.arange(BOX)[:, np.newaxis]
    # The end of a pixel is computed as the start of the next one is, or a gap would open.
    ends = scale * np.arange(1, length + 1)
    return np.maximum(np.minimum(ends, cells + 1) - np.maximum(starts, cells), 0)


def _shift(masses):
    """Return by how many pixels the center of these masses has to move to lie nearest to 14."""
    center = masses @ np.arange(len(masses)) / masses.sum()
    return math.floor(CENTER - center + 0.5 + TIE)


def _distance(x, y, x0, y0, x1, y1):
    """Return the distances of points from the line between two others.

    Written without `numpy.hypot`, whose last digit a browser would not repeat.
    """
    dx, dy = x1 - x0, y1 - y0
    square = dx * dx + dy * dy
    share = np.clip(((x - x0) * dx + (y - y0) * dy) / square, 0, 1) if square else 0.0
    across, along = x - (x0 + share * dx), y - (y0 + share * dy)
    return np.sqrt(across * across + along * along)
