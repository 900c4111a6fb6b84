"""Surprisal class by class, and its mean: the entropy and, on top of it, the divergence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax._validation import real_array
from softmax.live._arguments import checked_labels
from softmax.live._live_figure import LiveFigure
from softmax.losses import entropy, kl_divergence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

# The picture reaches up to `nats`. The challenge: a mean of `loss` nats or more, which depends on
# the number of classes, of which the divergence is at most `fault`.
LIMITS: dict[str, Any] = {"classes": 4, "nats": 4.0, "fault": 0.001}


def divergence(y: ArrayLike, p: ArrayLike, labels: Sequence[str] | None = None) -> LiveFigure:
    """Drag a true and a predicted distribution, and see what the prediction costs.

    Each class is a block: as wide as its true probability, and as high as its surprisal, -log of
    its predicted probability. The mean height is the cross-entropy. Beside the blocks it is a
    bar, the entropy of `y` with the divergence of `p` from `y` on top of it.

    Parameters
    ----------
    y : array_like of shape (K,)
        The true probabilities at the start, of 2 to 4 classes, which the figure rounds to
        four digits.
    p : array_like of shape (K,)
        The predicted probabilities at the start.
    labels : sequence of K str, optional
        Names of the classes. By default "class 1" to "class K".

    Returns
    -------
    LiveFigure
        The figure; at the end of a cell it shows itself.

    Raises
    ------
    TypeError
        If `y` or `p` does not hold real numbers, or has masked entries.
    ValueError
        If an argument is not as said above.

    See Also
    --------
    softmax.kl_divergence : The divergence, a number for each row.
    descent : Cross-entropy as a loss to go down.

    Examples
    --------
    >>> divergence([0.5, 0.3, 0.2], [0.25, 0.66, 0.09], ["seal", "panda", "duck"])
    <softmax.live: entropy and divergence>
    """
    y = checked_distribution("y", y)
    p = checked_distribution("p", p)
    if len(p) != len(y):
        raise ValueError(f"`p` must have the {len(y)} classes of `y`, got {len(p)}.")
    labels = checked_labels(labels, len(y), of="classes")
    least, extra = entropy(y), kl_divergence(y, p)
    most = LIMITS["nats"]
    top = min(least + extra, most)
    with np.errstate(divide="ignore"):
        surprisals = -np.log(p)

    def draw(figure):
        blocks, bar = figure.subplots(1, 2, sharey=True, width_ratios=[3, 1])
        heights = np.minimum(surprisals, most)
        left = np.cumsum(y) - y
        blocks.bar(left, heights, y, align="edge", color="C0", alpha=0.4, edgecolor="white")
        for name, start, width, height in zip(labels, left, y, surprisals, strict=True):
            if width > 0:
                blocks.text(start + width / 2, 0.08, f"{name}\n{height:.3f}", ha="center")
        blocks.axhline(top, color="black", ls="--", label="mean")
        blocks.set(xlim=(0, 1), ylim=(0, most), xlabel="true $y_i$ (width)")
        blocks.set_ylabel("surprisal $-\\log p_i$ (nats)")
        blocks.legend()
        bar.bar(0, least, color="C2")
        bar.bar(0, top - least, bottom=least, color="C1", hatch="//", edgecolor="white")
        bar.text(0, least / 2, f"$H(y)$\n{least:.3f}", ha="center", va="center", color="white")
        bar.text(0, top + 0.08, f"KL {extra:.3f}", ha="center")
        bar.set(xticks=[], xlabel=f"$H(y, p)$ = {least + extra:.3f}")

    listed = ", ".join(
        f"{name} {height:.3f} with weight {weight:.3f}"
        for name, height, weight in zip(labels, surprisals, y, strict=True)
    )
    return LiveFigure(
        "divergence",
        {"y": y.tolist(), "p": p.tolist(), "labels": labels},
        title="entropy and divergence",
        # Within a hundredth of the largest entropy there can be, log K.
        limits={**LIMITS, "loss": np.floor(100 * np.log(len(y))) / 100},
        draw=draw,
        alt=(
            f"Blocks as wide as y and as high as the surprisal: {listed}. A dashed line is at "
            f"their mean, {least + extra:.3f} nats. Beside them a bar of that height: the entropy "
            f"{least:.3f} below, the divergence {extra:.3f} on top."
        ),
    )


def checked_distribution(name: str, p: ArrayLike) -> np.ndarray:
    """Return probabilities as a vector of four digits, whose sum is 1."""
    p = real_array(p, name, masked="Leave out these classes.").astype(float)
    most = LIMITS["classes"]
    if p.ndim != 1 or not 2 <= len(p) <= most:
        raise ValueError(
            f"`{name}` must be one vector of 2 to {most} probabilities, got shape {p.shape}."
        )
    if not ((p >= 0).all() and abs(p.sum() - 1) < 1e-6):  # NaN is refused too
        raise ValueError(f"`{name}` must hold numbers >= 0 whose sum is 1, got {p.tolist()}.")
    # The sums are rounded: entries rounded one by one might not sum to 1.
    return np.diff(np.cumsum(p).round(4), prepend=0).round(4)
