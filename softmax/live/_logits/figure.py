"""Scores, their exponentials, and the whole of probability that the classes share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax.functional import softmax
from softmax.live._arguments import checked_labels, checked_logits, checked_number
from softmax.live._live_figure import LiveFigure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

# `shift` is what a button adds to every score, `goal` the probability that the challenge asks for.
LIMITS: dict[str, Any] = {
    "classes": 8,
    "logit": 100.0,
    "temperature": (0.05, 20.0),
    "shift": 5,
    "goal": 0.9,
}


def logits(
    z: ArrayLike, labels: Sequence[str] | None = None, *, temperature: float = 1.0
) -> LiveFigure:
    """Move logits and a temperature, and see how the classes share a whole of 1.

    The figure shows each step: the logits z, their exponentials laid end to end, and their sum as
    one whole that the classes share. For three classes it shows the simplex, with a point that can
    be dragged. A table compares softmax with argmax and sigmoid.

    Parameters
    ----------
    z : array_like of shape (K,)
        The logits at the start, 1 to 8 of them, each between -100 and 100.
    labels : sequence of K str, optional
        Names of the classes. By default "class 1" to "class K".
    temperature : float, default 1.0
        The temperature at the start, between 0.05 and 20.

    Returns
    -------
    LiveFigure
        The figure; at the end of a cell it shows itself.

    Raises
    ------
    TypeError
        If `z` does not hold real numbers, or has masked entries.
    ValueError
        If `z`, `labels` or `temperature` is not as said above.

    See Also
    --------
    softmax.softmax : What it computes.
    gradient : The loss of such logits, and the descent along its gradient.

    Examples
    --------
    >>> logits([0.25, 1.23, -0.8], ["seal", "panda", "duck"])
    <softmax.live: logits and temperature>
    """
    z = checked_logits(z, least=1, most=LIMITS["classes"], largest=LIMITS["logit"])
    labels = checked_labels(labels, len(z))
    temperature = checked_number("temperature", temperature, *LIMITS["temperature"])

    def draw(figure):
        from softmax import plotting  # slow: it imports matplotlib

        left, right = figure.subplots(1, 2)
        plotting.bars(z, labels, ax=left, color="C0", fmt="{:.2f}").set(title="scores $z$")
        draw_whole(right, p, labels)

    p = softmax(z, temperature=temperature)
    listed = ", ".join(f"{name} {value:.3f}" for name, value in zip(labels, p, strict=True))
    start = {
        "z": z.tolist(),
        "labels": labels,
        "temperature": temperature,
        "challenge": challenge(p),
    }
    return LiveFigure(
        "logits",
        start,
        title="logits and temperature",
        limits=LIMITS,
        draw=draw,
        alt=(
            "Left, a bar chart of the scores. Right, their exponentials as bars that are laid end "
            f"to end, and one bar of length 1 that they divide: {listed}."
        ),
    )


def challenge(p):
    """Return the most probable class that has not reached the goal yet, or None for one class."""
    if len(p) == 1:
        return None
    return int(np.argmax(np.where(p < LIMITS["goal"], p, -1)))


def draw_whole(ax, p, labels):
    """Draw a step for each class, and below them the bar of length 1 that they divide."""
    colors = [f"C{k % 6}" for k in range(len(p))]
    starts = np.cumsum(p) - p
    rows = np.arange(len(p), 0, -1)
    ax.barh(rows, p, left=starts, height=0.6, color=colors)
    ax.barh(np.zeros(len(p)), p, left=starts, color=colors, edgecolor="white")
    for row, name, value in zip(rows, labels, p, strict=True):
        ax.text(1.03, row, f"{name} {value:.3f}", va="center")
    ax.set(title="$e^z$, and one whole shared", xlim=(0, 1), xticks=[0, 1], yticks=[])
