"""The push y - p on the logits, against the gradient, and the descent along it."""

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
from softmax.live._live_figure import LiveFigure
from softmax.losses import cross_entropy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

MOST_CLASSES = 5
# No entry of the Jacobian is larger than a quarter: p (1 - p) has its peak at p = 1/2. The
# challenge asks for a true class below this probability that is pushed by less than this.
LIMITS: dict[str, Any] = {
    "logit": 20.0,
    "rate": (0.01, 10.0),
    "entry": 0.25,
    "challenge": {"p": 0.01, "push": 0.001},
}


def gradient(
    z: ArrayLike, target: int = 0, labels: Sequence[str] | None = None, *, rate: float = 1.0
) -> LiveFigure:
    """Choose the true class, see how the loss pushes each logit, and step down the loss.

    The push is the negative gradient: ``y - p`` for cross-entropy, where p is ``softmax(z)`` and y
    the one-hot code of `target`, and ``J @ (y - p)`` with the Jacobian J of softmax for squared
    error, which is half the sum of the squares of ``p - y``. The reader can switch between the
    two. A step is ``z + rate * push``.

    Parameters
    ----------
    z : array_like of shape (K,)
        The logits at the start, 2 to 5 of them, each between -20 and 20.
    target : int, default 0
        The index of the true class at the start.
    labels : sequence of K str, optional
        Names of the classes. By default "class 1" to "class K".
    rate : float, default 1.0
        The learning rate at the start, between 0.01 and 10.

    Returns
    -------
    LiveFigure
        The figure; at the end of a cell it shows itself.

    Raises
    ------
    TypeError
        If `z` does not hold real numbers, or has masked entries.
    ValueError
        If `z`, `target`, `labels` or `rate` is not as said above.

    See Also
    --------
    softmax.cross_entropy_grad : The gradient of cross-entropy.
    descent : Gradient descent on both losses, side by side.
    logits : The probabilities alone.

    Examples
    --------
    >>> gradient([0.25, 1.23, -0.8], 1, ["seal", "panda", "duck"])
    <softmax.live: gradient of the loss>
    """
    z = checked_logits(z, least=2, most=MOST_CLASSES, largest=LIMITS["logit"])
    labels = checked_labels(labels, len(z))
    target = checked_target(target, len(z))
    rate = checked_number("rate", rate, *LIMITS["rate"])
    p = softmax(z)
    push = np.eye(len(z))[target] - p

    def draw(figure):
        left, right = figure.subplots(1, 2)
        draw_push(left, p, push, labels)
        draw_jacobian(right, softmax_jacobian(p), labels)

    listed = ", ".join(f"{name} {value:+.3f}" for name, value in zip(labels, push, strict=True))
    start = {"z": z.tolist(), "target": target, "labels": labels, "rate": rate}
    return LiveFigure(
        "gradient",
        start,
        title="gradient of the loss",
        limits=LIMITS,
        draw=draw,
        alt=(
            f"Left, bars of the probabilities with arrows y - p: {listed}. Right, the Jacobian as "
            f"a heat map. The true class is {labels[target]}, its loss is "
            f"{cross_entropy(z, target):.3f}."
        ),
    )


def draw_push(ax, p, push, labels):
    """Draw bars of p, and arrows that lead from there to the target y."""
    rows = np.arange(len(p))
    ax.barh(rows, p, height=0.5, color="C1", alpha=0.6)
    for k in rows:
        ax.annotate("", (p[k] + push[k], k), (p[k], k), arrowprops={"arrowstyle": "-|>"})
        ax.text(1.04, k, f"{push[k]:+.3f}".replace("-", "−"), va="center")
    ax.set_yticks(rows, labels)
    ax.set(xlim=(0, 1.4), xticks=[0, 0.5, 1], title="$p$, and the push $y - p$")
    ax.invert_yaxis()


def draw_jacobian(ax, jacobian, labels):
    """Draw the matrix in colors, with its numbers."""
    limit = 2 * LIMITS["entry"]  # the numbers stay readable on paler colors
    ax.imshow(jacobian, cmap="RdBu", vmin=-limit, vmax=limit)
    for (i, j), value in np.ndenumerate(jacobian):
        ax.text(j, i, f"{value:+.3f}".replace("-", "−"), ha="center", va="center", fontsize=9)
    ax.set_xticks(range(len(labels)), labels)
    ax.set_yticks(range(len(labels)), labels)
    ax.set(title="Jacobian")
    ax.grid(visible=False)
