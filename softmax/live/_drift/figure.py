"""A common shift of the logits: invisible on paper, and what bfloat16 makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax.functional import softmax
from softmax.live._arguments import checked_labels, checked_logits, checked_number, checked_target
from softmax.live._live_figure import LiveFigure
from softmax.live._precision.figure import to_bfloat16

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

MOST_CLASSES = 4
LARGEST_LOGIT = 4
# `reach` is how far the drawing of the number line goes to each side of its middle. The challenge
# is to let all logits round to the same number; beyond 512 they can if their spread is below
# `spread`, since bfloat16 numbers are 4 apart there.
LIMITS: dict[str, Any] = {"shift": (-20.0, 620.0), "reach": 6.5, "spread": 3.9}


def drift(
    z: ArrayLike, target: int, labels: Sequence[str] | None = None, *, shift: float = 0.0
) -> LiveFigure:
    """Shift all logits by the same number, and see which probabilities bfloat16 leaves.

    The logits ``z + shift`` are rounded to bfloat16, and softmax is computed from the rounded ones
    without further rounding. The reader lets the logits drift, or pulls them back by gradient
    descent on the z-loss, which moves the shift in proportion to the log-sum-exp of the logits.

    Parameters
    ----------
    z : array_like of shape (K,)
        Two to four logits between -4 and 4.
    target : int
        The index of the true class, whose loss is shown.
    labels : sequence of K str, optional
        Names of the classes. By default "class 1" to "class K".
    shift : float, default 0.0
        The shift at the start, between -20 and 620.

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
    precision : Softmax and its logarithm with each operation rounded to a format.

    Examples
    --------
    >>> drift([0.25, 1.23, -0.8], 1, ["seal", "panda", "duck"], shift=256)
    <softmax.live: logits that drift>
    """
    z = checked_logits(z, least=2, most=MOST_CLASSES, largest=LARGEST_LOGIT)
    target = checked_target(target, len(z))
    labels = checked_labels(labels, len(z))
    shift = checked_number("shift", shift, *LIMITS["shift"])
    stored = to_bfloat16(z + shift).astype(float)
    p, p_stored = softmax(z), softmax(stored)

    def draw(figure):
        left, right = figure.subplots(1, 2)
        draw_rounding(left, z + shift, stored, labels)
        places = np.arange(len(z))
        right.bar(places - 0.2, p, width=0.36, color="white", edgecolor="black", label="on paper")
        right.bar(places + 0.2, p_stored, width=0.36, color="C1", label="bfloat16")
        right.set_xticks(places, labels)
        right.set(title="probabilities", ylim=(0, 1))
        right.grid(axis="x", visible=False)
        right.legend()

    rounded = ", ".join(f"{name} {x:g}" for name, x in zip(labels, stored, strict=True))
    listed = ", ".join(f"{name} {x:.3f}" for name, x in zip(labels, p_stored, strict=True))
    start = {
        "z": z.tolist(),
        "target": target,
        "labels": labels,
        "shift": shift,
        "challenge": bool(np.ptp(z) < LIMITS["spread"]),
    }
    return LiveFigure(
        "drift",
        start,
        title="logits that drift",
        limits=LIMITS,
        draw=draw,
        alt=(
            f"Left, the logits plus {shift:g}, on paper and rounded to bfloat16: {rounded}. "
            f"Right, the probabilities on paper and from the rounded logits: {listed}."
        ),
    )


def draw_rounding(ax, exact, stored, labels):
    """Draw the logits on a line, the numbers of bfloat16 on a second one, and what goes where."""
    middle, reach = (exact.min() + exact.max()) / 2, LIMITS["reach"]
    ticks = np.unique(to_bfloat16(np.linspace(middle - reach, middle + reach, 200)))
    ax.plot(ticks, np.zeros(len(ticks)), "|", color="0.5", ms=14)
    ranks = np.argsort(np.argsort(exact))  # neighbors have their names at different heights
    for k, (x, rounded, name) in enumerate(zip(exact, stored, labels, strict=True)):
        ax.plot([x, rounded], [1, 0], "o-", color=f"C{k}", lw=1.5, markevery=[1])
        ax.plot(x, 1, "o", color=f"C{k}", markerfacecolor="white")
        height = 8 + 12 * (ranks[k] % 2)
        ax.annotate(name, (x, 1), (0, height), textcoords="offset points", ha="center")
    ax.set_yticks([0, 1], ["bfloat16", "on paper"])
    ax.set(title="logits", xlim=(middle - reach, middle + reach), ylim=(-0.4, 1.6))
    ax.grid(visible=False)
