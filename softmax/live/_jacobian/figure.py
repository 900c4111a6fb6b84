"""One logit is nudged, and probability flows to its class from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax.functional import softmax, softmax_jacobian
from softmax.live._arguments import (
    checked_labels,
    checked_logits,
    checked_number,
    checked_target,
)
from softmax.live._gradient.figure import draw_jacobian
from softmax.live._live_figure import LiveFigure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

MOST_CLASSES = 5
# A class cannot lose more than it has: that holds for the linear prediction of steps up to 1.
# `goal` is what reads 0.250, the largest entry that the Jacobian can have.
LIMITS: dict[str, Any] = {"logit": 8.0, "step": 1.0, "entry": 0.25, "goal": 0.2495}
GAP = 0.12  # between two classes of the picture, as a share of the whole


def jacobian(
    z: ArrayLike,
    target: int = 0,
    labels: Sequence[str] | None = None,
    *,
    step: float = 0.5,
) -> LiveFigure:
    """Nudge one logit, and see its class win probability from the others.

    Streams show the change that the Jacobian J of softmax predicts: a class i loses p_i p_j times
    the step to the class j whose logit rises. A table shows J, a row for each probability and a
    column for each logit, with the column of the nudged logit framed. It compares the prediction
    with the truth.

    Parameters
    ----------
    z : array_like of shape (K,)
        The logits at the start, 2 to 5 of them, each between -8 and 8.
    target : int, default 0
        The index of the logit that is nudged at the start. The challenge is about its class.
    labels : sequence of K str, optional
        Names of the classes. By default "class 1" to "class K".
    step : float, default 0.5
        How far it is nudged at the start, between -1 and 1.

    Returns
    -------
    LiveFigure
        The figure; at the end of a cell it shows itself.

    Raises
    ------
    TypeError
        If `z` does not hold real numbers, or has masked entries.
    ValueError
        If an argument is not as said above.

    See Also
    --------
    softmax.softmax_jacobian : The matrix that it shows.
    gradient : The loss of such logits, and the descent along its gradient.

    Examples
    --------
    >>> jacobian([0.25, 1.23, -0.8], 1, ["seal", "panda", "duck"])
    <softmax.live: a nudge and the Jacobian>
    """
    z = checked_logits(z, least=2, most=MOST_CLASSES, largest=LIMITS["logit"])
    labels = checked_labels(labels, len(z))
    target = checked_target(target, len(z))
    step = checked_number("step", step, -LIMITS["step"], LIMITS["step"])
    p = softmax(z)
    J = softmax_jacobian(p)

    def draw(figure):
        left, right = figure.subplots(1, 2, width_ratios=[1.2, 1])
        draw_flows(left, flows(p, target, step), labels)
        draw_jacobian(right, J, labels)

    changes = zip(labels, step * J[:, target], strict=True)
    listed = ", ".join(f"{name} {value:+.3f}" for name, value in changes)
    start = {"z": z.tolist(), "target": target, "labels": labels, "step": step}
    return LiveFigure(
        "jacobian",
        start,
        title="a nudge and the Jacobian",
        limits=LIMITS,
        draw=draw,
        alt=(
            "Left, streams of probability between the classes, when the logit of "
            f"{labels[target]} changes by {step:+g}: {listed}. Right, the Jacobian as a heat map."
        ),
    )


def flows(p, target, step):
    """Return how much probability goes from class i to class k, to first order in the step."""
    moved = np.zeros((len(p), len(p)))
    shares = p * p[target] * abs(step)
    if step > 0:
        moved[:, target] = shares
    else:
        moved[target] = shares
    np.fill_diagonal(moved, 0)
    return moved + np.diag(p - moved.sum(axis=1))


def draw_flows(ax, flow, labels):
    """Draw a bar for each class before and after, and between them what stays and what moves."""
    gaps = GAP * np.arange(len(labels))
    before, after = flow.sum(axis=1), flow.sum(axis=0)
    # Where each stream begins on the left and ends on the right, from the top.
    left = (gaps + np.cumsum(before) - before)[:, None] + np.cumsum(flow, axis=1) - flow
    right = gaps + np.cumsum(after) - after + np.cumsum(flow, axis=0) - flow
    x = np.linspace(0, 1, 50)
    bend = x**2 * (3 - 2 * x)
    for i, k in np.argwhere(flow > 0):
        top = left[i, k] + (right[i, k] - left[i, k]) * bend
        alpha = 0.25 if i == k else 0.8
        ax.fill_between(x, top, top + flow[i, k], color=f"C{i}", alpha=alpha, lw=0)
    for k, name in enumerate(labels):
        ax.text(
            -0.04, left[k, 0] + before[k] / 2, f"{name} {before[k]:.3f}", ha="right", va="center"
        )
        ax.text(1.04, right[0, k] + after[k] / 2, f"{after[k]:.3f}", va="center")
    ax.set(xlim=(-0.6, 1.3), title="$p$ before and after the nudge")
    ax.invert_yaxis()
    ax.axis("off")
