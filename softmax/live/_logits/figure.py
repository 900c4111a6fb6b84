"""Logits and temperature, and the probabilities that softmax computes from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from softmax.functional import softmax
from softmax.live._arguments import checked_labels, checked_logits, checked_number
from softmax.live._live_figure import LiveFigure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

LIMITS: dict[str, Any] = {"classes": 8, "logit": 100.0, "temperature": (0.05, 20.0)}


def logits(
    z: ArrayLike, labels: Sequence[str] | None = None, *, temperature: float = 1.0
) -> LiveFigure:
    """Move logits and a temperature, and see the probabilities beside argmax and sigmoid.

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
        plotting.bars(z, labels, ax=left, color="C0", fmt="{:.2f}").set(title="logits")
        plotting.bars(p, labels, ax=right, color="C1").set(title="probabilities", ylim=(0, 1.1))

    p = softmax(z, temperature=temperature)
    listed = ", ".join(f"{name} {value:.3f}" for name, value in zip(labels, p, strict=True))
    start = {"z": z.tolist(), "labels": labels, "temperature": temperature}
    return LiveFigure(
        "logits",
        start,
        title="logits and temperature",
        limits=LIMITS,
        draw=draw,
        alt=f"Two bar charts, of the logits and of the probabilities: {listed}.",
    )
