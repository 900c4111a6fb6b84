"""Softmax, sparsemax and entmax of three logits, as points of the simplex and as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax.functional import softmax
from softmax.live._arguments import checked_labels, checked_logits, checked_number
from softmax.live._live_figure import LiveFigure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

# The challenge: a certain sparsemax, while the softmax of the same logits is at most `goal`.
LIMITS: dict[str, Any] = {"logit": 1.25, "alpha": (1.0, 2.0), "goal": 0.6}
CORNERS = np.array([[0, 0], [0.5, np.sqrt(3) / 2], [1, 0]])


def sparsemax(
    z: ArrayLike, labels: Sequence[str] | None = None, *, alpha: float = 2.0
) -> LiveFigure:
    """Drag three logits, and see where sparsemax has a zero and softmax has not.

    The logits are a point of the plane in which the simplex lies: the mean that they have makes no
    difference. Sparsemax is the point of the simplex nearest to it. Between softmax and sparsemax
    lies entmax, with a parameter `alpha` for the reader to choose.

    Parameters
    ----------
    z : array_like of shape (3,)
        The logits at the start, between -1.25 and 1.25.
    labels : sequence of 3 str, optional
        Names of the classes. By default "class 1" to "class 3".
    alpha : float, default 2.0
        The parameter of entmax at the start, from 1 (softmax) to 2 (sparsemax).

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
    softmax.live.logits : Softmax alone, of up to 8 logits, with a temperature.

    Examples
    --------
    >>> sparsemax([0.25, 1.23, -0.8])
    <softmax.live: softmax and sparsemax>
    """
    z = checked_logits(z, least=3, most=3, largest=LIMITS["logit"])
    labels = checked_labels(labels, len(z))
    alpha = checked_number("alpha", alpha, *LIMITS["alpha"])
    by = "sparsemax" if alpha == 2 else f"entmax, alpha = {alpha:g}"
    results = {"softmax": softmax(z), by: entmax(z, alpha)}

    def draw(figure):
        figure.set_size_inches(5.6, 2.7)
        plane, bars = figure.subplots(1, 2)
        plane.fill(*CORNERS.T, facecolor="0.94", edgecolor="0.5")
        outside = z - z.mean() + 1 / 3
        for (name, p), marker in zip(results.items(), "os", strict=True):
            plane.plot(*(p @ CORNERS), marker, label=name)
        plane.plot(*(outside @ CORNERS), "kx", ms=8, mew=2, label="logits $z$")
        for corner, name, place in zip(CORNERS, labels, [(0, -14), (0, 6), (0, -14)], strict=True):
            plane.annotate(name, corner, place, textcoords="offset points", ha="center")
        plane.set(aspect="equal")
        plane.margins(0.15)
        plane.set_axis_off()
        for k, (name, p) in enumerate(results.items()):
            rows = np.arange(3) + 0.4 * k - 0.2
            shown = bars.barh(rows, p, height=0.36, label=name)
            bars.bar_label(shown, fmt="{:.3f}", padding=3, fontsize=9)
        bars.set(yticks=range(3), yticklabels=labels, xlim=(0, 1.3), xlabel="probability")
        bars.invert_yaxis()
        figure.legend(*plane.get_legend_handles_labels(), loc="outside upper center", ncols=3)

    listed = [
        f"{name}: " + ", ".join(f"{label} {x:.3f}" for label, x in zip(labels, p, strict=True))
        for name, p in results.items()
    ]
    return LiveFigure(
        "sparsemax",
        {"z": z.tolist(), "alpha": alpha, "labels": labels},
        title="softmax and sparsemax",
        limits=LIMITS,
        draw=draw,
        alt=(
            "Left, the logits and the triangle of all distributions over three classes, with the "
            f"points of softmax and of {by}. Right, their probabilities as bars. "
            f"{'; '.join(listed)}."
        ),
    )


def entmax(z, alpha):
    """Return the entmax of a vector: softmax for an `alpha` of 1, sparsemax for 2.

    It is max(1 + q (z - s), 0) to the power of 1 / q, where q = alpha - 1 and s makes the sum 1
    [1]_.

    References
    ----------
    .. [1] B. Peters, V. Niculae, A. F. T. Martins (2019). "Sparse sequence-to-sequence models".
       ACL, 1504-1519.
    """
    from scipy.optimize import brentq  # slow

    q = alpha - 1
    if q == 0:
        return softmax(z)
    d = z - z.max()

    def at(s):
        x = q * (d - s)
        # Rounding may leave a term that is 0 a few digits above: 1.15 - 0.15 < 1.
        is_zero = x <= 4 * np.finfo(float).eps - 1
        return np.where(is_zero, 0, np.exp(np.log1p(np.where(is_zero, 0, x)) / q))

    return at(brentq(lambda s: at(s).sum() - 1, 0, np.log(len(z) + 1), xtol=1e-16))
