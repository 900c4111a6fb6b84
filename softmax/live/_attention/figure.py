"""A query among keys: softmax weights, and an answer that stays among the values."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax.functional import softmax
from softmax.live._arguments import checked_labels, checked_number, checked_points
from softmax.live._live_figure import LiveFigure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

MOST_KEYS = 5
LARGEST_KEY = 1.5
# `query` is the largest coordinate of the query, `goal` the distance that the challenge asks for.
LIMITS: dict[str, Any] = {"query": 2.0, "scale": (0.0, 10.0), "goal": 0.1}


def attention(
    query: ArrayLike,
    keys: ArrayLike,
    values: ArrayLike,
    labels: Sequence[str] | None = None,
    *,
    features: Sequence[str] = ("feature 1", "feature 2"),
    scale: float = 1.0,
) -> LiveFigure:
    """Drag a query in the plane of the keys, and see where the average of the values goes.

    The scores are the dot products of the query with the keys, times `scale`. Their softmax weighs
    the values, which are places on a map. The map shows their convex hull, their weighted average,
    and the path of this average from a scale of 0 to the largest one.

    Parameters
    ----------
    query : array_like of shape (2,)
        The query at the start, with coordinates between -2 and 2.
    keys : array_like of shape (m, 2)
        The keys, 2 to 5 of them, with coordinates between -1.5 and 1.5.
    values : array_like of shape (m, 2)
        The value of each key, a place on a map. They must not all be the same.
    labels : sequence of m str, optional
        Names of the keys. By default "key 1" to "key m".
    features : sequence of 2 str, default ("feature 1", "feature 2")
        What the coordinates of queries and keys stand for.
    scale : float, default 1.0
        The factor of the scores at the start, between 0 and 10.

    Returns
    -------
    LiveFigure
        The figure; at the end of a cell it shows itself.

    Raises
    ------
    TypeError
        If `query`, `keys` or `values` do not hold real numbers, or have masked entries.
    ValueError
        If an argument is not as said above.

    See Also
    --------
    softmax.softmax : What makes the weights. Its `temperature` is 1 / `scale`.

    Examples
    --------
    >>> attention([1.5, 0.5], [[1, -1], [-1, -1], [1, 1]], [[0, 0], [4, 1], [1, 3]])
    <softmax.live: attention on a map>
    """
    query = checked_points("query", query, [(2,)], LIMITS["query"])
    keys = checked_points("keys", keys, [(m, 2) for m in range(2, MOST_KEYS + 1)], LARGEST_KEY)
    values = checked_points("values", values, [keys.shape])
    if (values == values[0]).all():
        raise ValueError(f"`values` must not all be the same place, got {values.tolist()}.")
    labels = checked_labels(labels, len(keys), each="key", of="keys")
    features = [str(feature) for feature in features]
    if len(features) != 2:
        raise ValueError(f"`features` must be two names, got {len(features)}.")
    scale = checked_number("scale", scale, *LIMITS["scale"])
    weights, answer = soft_lookup(query, keys, values, scale)

    def draw(figure):
        left, right = figure.subplots(1, 2)
        draw_query(left, query, keys, weights, labels)
        left.set(xlabel=features[0], ylabel=features[1])
        draw_map(right, answer, values, weights, labels)

    listed = ", ".join(f"{name} {p:.3f}" for name, p in zip(labels, weights, strict=True))
    start = {
        "q": query.tolist(),
        "scale": scale,
        "keys": keys.tolist(),
        "values": values.tolist(),
        "labels": labels,
        "features": features,
        "challenge": challenge(keys, values, answer),
    }
    return LiveFigure(
        "attention",
        start,
        title="attention on a map",
        limits=LIMITS,
        draw=draw,
        alt=(
            f"Left, the query ({query[0]:g}, {query[1]:g}) as an arrow among the keys. Its weights "
            f"are {listed}. Right, a map of the values. Lines as thick as the weights lead to "
            f"their weighted average, ({answer[0]:.2f}, {answer[1]:.2f}), inside their hull."
        ),
    )


def soft_lookup(query, keys, values, scale):
    """Return the weights of the keys, and the weighted average of the values."""
    weights = softmax(scale * (keys @ query))
    return weights, weights @ values


def challenge(keys, values, answer):
    """Return a pair of keys whose values some query averages half and half, or None.

    Such a query is perpendicular to the difference of the two keys, and fits them better than the
    others. The answer at the start must not be there yet.
    """
    goal = LIMITS["goal"]
    for pair in map(list, combinations(range(len(keys)), 2)):
        middle = values[pair].mean(axis=0)
        across = np.subtract(*keys[pair])[::-1] * [1, -1]
        size = np.abs(across).max()
        if size == 0 or np.linalg.norm(answer - middle) <= goal:
            continue
        for sign in (1, -1):
            longest = sign * LIMITS["query"] / size * across
            _, reached = soft_lookup(longest, keys, values, LIMITS["scale"][1])
            if np.linalg.norm(reached - middle) < goal / 2:
                return pair
    return None


def draw_query(ax, query, keys, weights, labels):
    """Draw the keys as spokes from the origin, as thick as their weights, and the query."""
    names = [f"{name} {p:.3f}" for name, p in zip(labels, weights, strict=True)]
    draw_spokes(ax, np.zeros(2), keys, weights, names, "o")
    ax.annotate("", query, (0, 0), arrowprops={"arrowstyle": "-|>", "color": "black", "lw": 2})
    reach = 1.15 * LIMITS["query"]
    ax.set(title="query and keys", xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")


def draw_map(ax, answer, values, weights, labels):
    """Draw the hull of the values, and their average, which spokes join to each of them."""
    # The hull of points of a plane is all triangles of three of them together.
    for corners in combinations(values, min(3, len(values))):
        ax.fill(*np.transpose(corners), color="0.9", zorder=0)
    draw_spokes(ax, answer, values, weights, labels, "s")
    ax.plot(*answer, "ko", ms=9)
    ax.margins(0.25)
    ax.set(title="places, and the answer")
    ax.set_aspect("equal", adjustable="datalim")


def draw_spokes(ax, hub, ends, weights, names, marker):
    """Draw a line from the hub to each end, as thick as its weight, and the name of each end."""
    middle = ends[:, 1].mean()
    for k, (end, p, name) in enumerate(zip(ends, weights, names, strict=True)):
        line = {"lw": 1 + 9 * p, "solid_capstyle": "round"}
        ax.plot(*np.transpose([hub, end]), color=f"C{k}", marker=marker, markevery=[1], **line)
        offset, va = (9, "bottom") if end[1] >= middle else (-9, "top")
        place = {"xytext": (0, offset), "textcoords": "offset points", "ha": "center", "va": va}
        ax.annotate(name, end, **place)
