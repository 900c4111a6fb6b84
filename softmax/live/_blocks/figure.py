"""Attention of one query in blocks of keys: two states merge into one."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax.functional import softmax
from softmax.live._arguments import checked_logits, checked_points
from softmax.live._live_figure import LiveFigure

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# `share` of the output is what the challenge asks of the last block, and `miss` of the distance
# between the farthest two values what it asks of the mean of two workers.
LIMITS: dict[str, Any] = {"keys": (4, 16), "score": 6.0, "share": 0.9, "miss": 0.35}


def blocks(z: ArrayLike, values: ArrayLike, *, block: int = 3) -> LiveFigure:
    """Compute the attention of one query in blocks of keys, or split the keys between two workers.

    The reader moves through the blocks. A running maximum, the sum of exponentials and the sum of
    values are rescaled and added to, and the output moves in the plane of the values. Scores can be
    dragged, and the size of the blocks can be chosen. Two workers get the keys before and after a
    block; their outputs merge by a softmax of their log-sum-exps.

    Parameters
    ----------
    z : array_like of shape (m,)
        Scores of 4 to 16 keys, from -6 to 6.
    values : array_like of shape (m, 2)
        The value of each key, a point of a plane. They must not all be the same.
    block : int, default 3
        Number of keys in a block at the start, from 1 to m.

    Returns
    -------
    LiveFigure
        The figure; at the end of a cell it shows itself.

    Raises
    ------
    TypeError
        If `z` or `values` do not hold real numbers, or have masked entries.
    ValueError
        If an argument is not as said above.

    See Also
    --------
    softmax.live.attention : Where scores come from, and attention over all keys at once.
    softmax.online_logsumexp : The same running numbers without values.

    Examples
    --------
    >>> blocks([1.0, 0.5, 3.0, -1.0], [[0, 0], [4, 1], [1, 3], [2, 2]], block=2)
    <softmax.live: attention in blocks>
    """
    least, most = LIMITS["keys"]
    z = checked_logits(z, least=least, most=most, largest=LIMITS["score"], of="scores")
    values = checked_points("values", values, [(len(z), 2)])
    longest = max(np.linalg.norm(a - b) for a, b in combinations(values, 2))
    if longest == 0:
        raise ValueError(f"`values` must not all be the same point, got {values.tolist()}.")
    if block not in range(1, len(z) + 1):
        raise ValueError(f"`block` must be an integer from 1 to {len(z)}, got {block!r}.")
    block = int(block)
    stops = [*range(block, len(z), block), len(z)]
    outputs = np.array([softmax(z[:stop]) @ values[:stop] for stop in stops])

    def draw(figure):
        left, right = figure.subplots(1, 2)
        left.grid(visible=False)
        right.grid(visible=False)
        colors = [f"C{k // block % 2}" for k in range(len(z))]
        left.scatter(np.arange(1, len(z) + 1), z, color=colors)
        maxima = [z[:stop].max() for stop in stops]
        edges = np.array([0, *stops]) + 0.5
        left.stairs(maxima, edges, color="black", baseline=None)
        left.set(title="scores, and running maximum", xlabel="key")
        right.scatter(*values.T, s=20 + 300 * softmax(z), color=colors)
        right.plot(*outputs.T, "o-", color="black", ms=4)
        right.plot(*outputs[-1], "o", color="black", ms=14, fillstyle="none")
        right.set(title="values, and the output so far", aspect="equal")
        right.margins(0.15)

    way = ", ".join(f"({x:.2f}, {y:.2f})" for x, y in outputs)
    goal = float(f"{LIMITS['miss'] * longest:.2g}")
    return LiveFigure(
        "blocks",
        {"z": z.tolist(), "values": values.tolist(), "block": block, "goal": goal},
        title="attention in blocks",
        limits=LIMITS,
        draw=draw,
        alt=(
            f"Left, the scores of {len(z)} keys in blocks of {block}, below the largest score so "
            f"far. Right, their values in a plane, as large as their weights, and the way of the "
            f"output: after each block it is at {way}."
        ),
    )
