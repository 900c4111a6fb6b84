"""A photo moves over the plane of its features: its scores glide, and the answer jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax._validation import real_array
from softmax.live._arguments import checked_labels, checked_number
from softmax.live._live_figure import LiveFigure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

# The features are moved in steps of `step`. `near` is how close together all scores shall be in
# the challenge.
LIMITS: dict[str, Any] = {
    "length": (0.0, 2.5),
    "black": (0.0, 1.0),
    "step": 0.01,
    "weight": 20.0,
    "near": 0.1,
}
LEAST_CLASSES, MOST_CLASSES = 2, 6
MARKERS = "os^Dvp"


def decision(
    x: ArrayLike, W: ArrayLike, b: ArrayLike, labels: Sequence[str] | None = None
) -> LiveFigure:
    """Drag a photo over the plane of its two features, and see its scores and the hard decision.

    The features of the animal in the photo are its body length in meters and the share of its body
    that is black. The scores are ``x @ W + b``. They move with the photo, while the decision, the
    class with the largest score, stays until the photo crosses a decision boundary. On demand the
    figure shows what softmax makes of the scores.

    Parameters
    ----------
    x : array_like of shape (2,)
        The features at the start: a length from 0 to 2.5 and a share from 0 to 1.
    W : array_like of shape (2, K)
        The weights of 2 to 6 classes, each between -20 and 20.
    b : array_like of shape (K,)
        The biases, each between -20 and 20.
    labels : sequence of K str, optional
        Names of the classes. By default "class 1" to "class K".

    Returns
    -------
    LiveFigure
        The figure; at the end of a cell it shows itself.

    Raises
    ------
    TypeError
        If `x`, `W` or `b` does not hold real numbers, or has masked entries.
    ValueError
        If an argument does not meet these conditions.

    See Also
    --------
    logits : Softmax of scores that the reader moves.
    playground : A classifier of points in a plane, trained while you watch.

    Examples
    --------
    >>> W = [[0.9, 0.5, -1.4], [-2.0, 1.7, 0.5]]
    >>> decision([1.5, 0.4], W, [-0.3, -0.2, 1.1], ["seal", "panda", "duck"])
    <softmax.live: scores and a hard decision>
    """
    W = _checked(W, "W", 2)
    classes = W.shape[1:]
    if len(W) != 2 or not LEAST_CLASSES <= classes[0] <= MOST_CLASSES:
        raise ValueError(
            f"`W` must have 2 rows and {LEAST_CLASSES} to {MOST_CLASSES} columns, got shape "
            f"{W.shape}."
        )
    b = _checked(b, "b", 1)
    if b.shape != classes:
        raise ValueError(
            f"`b` must have a bias for each of the {classes[0]} columns of `W`, got shape "
            f"{b.shape}."
        )
    x = _checked(x, "x", 1, masked="Give both features a value.")
    if x.shape != (2,):
        raise ValueError(f"`x` must hold a length and a share, got shape {x.shape}.")
    names = ("length", "black")
    x = np.array([checked_number(f"x[{i}]", x[i], *LIMITS[name]) for i, name in enumerate(names)])
    labels = checked_labels(labels, len(b), of="scores")
    z = scores(x, W, b)
    winner = labels[z.argmax()]

    def draw(figure):
        from softmax import plotting  # slow: it imports matplotlib

        left, right = figure.subplots(1, 2)
        draw_plane(left, x, W, b, labels)
        plotting.bars(z, labels, ax=right, color="C0", fmt="{:.2f}")
        right.set(title=f"scores $z$, and the answer: {winner}")

    listed = ", ".join(f"{name} {value:.2f}" for name, value in zip(labels, z, strict=True))
    return LiveFigure(
        "decision",
        {
            "x": x.tolist(),
            "W": W.tolist(),
            "b": b.tolist(),
            "labels": labels,
            "challenge": has_challenge(x, W, b),
        },
        title="scores and a hard decision",
        limits=LIMITS,
        draw=draw,
        alt=(
            "Left, the plane of body length and black share, cut by straight lines into a region "
            f"for each class, and a cross at length {x[0]:g} and share {x[1]:g}. Right, the scores "
            f"there: {listed}. The answer is {winner}."
        ),
    )


def _checked(
    values: ArrayLike, name: str, dimensions: int, masked: str = "Leave these classes out."
) -> np.ndarray:
    """Return an argument as an array of floats that are at most the largest weight in size."""
    array = real_array(values, name, masked=masked).astype(float)
    largest = LIMITS["weight"]
    if array.ndim != dimensions:
        raise ValueError(
            f"`{name}` must have {dimensions} dimension{'s' * (dimensions > 1)}, got shape "
            f"{array.shape}."
        )
    if not (np.abs(array) <= largest).all():  # NaN is refused too
        raise ValueError(
            f"`{name}` must hold numbers from -{largest:g} to {largest:g}, got {array.tolist()}."
        )
    return array


def scores(x, W, b):
    """Return the scores as view.mjs has them: classes that tie by hand tie."""
    return np.round(x @ W + b, 13)


def steps(name):
    """Return the values that a slider can have."""
    low, high = LIMITS[name]
    return np.linspace(low, high, round((high - low) / LIMITS["step"]) + 1)


def has_challenge(x, W, b):
    """Return whether all scores are close together at some place, but not at `x`."""
    lengths, shares = np.meshgrid(steps("length"), steps("black"))
    spread = np.ptp(scores(np.stack([lengths, shares], axis=-1), W, b), axis=-1)
    return bool(spread.min() < LIMITS["near"] <= np.ptp(scores(x, W, b)))


def draw_plane(ax, x, W, b, labels):
    """Draw the region of each class, its name in the middle, and a cross at `x`."""
    lengths, shares = np.meshgrid(steps("length"), steps("black"))
    winners = scores(np.stack([lengths, shares], axis=-1), W, b).argmax(axis=-1)
    levels = np.arange(len(labels) + 1) - 0.5
    colors = [f"C{k}" for k in range(len(labels))]
    ax.contourf(lengths, shares, winners, levels=levels, colors=colors, alpha=0.25)
    for k, name in enumerate(labels):
        inside = winners == k
        if inside.any():
            ax.text(lengths[inside].mean(), shares[inside].mean(), name, ha="center", va="center")
    ax.plot(*x, "x", color="black", markersize=9, markeredgewidth=2)
    ax.grid(visible=False)
    ax.set(xlabel="body length in meters", ylabel="black share")
