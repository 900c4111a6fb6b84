"""Logits and temperature, and the probabilities that softmax makes of them."""

import numpy as np

from softmax import plotting
from softmax.functional import softmax
from softmax.live._figure import LiveFigure

# What the controls can hold; logits.mjs has the same limits.
MOST_CLASSES = 8
LARGEST_LOGIT = 100.0
TEMPERATURES = (0.05, 20.0)


def logits(z, labels=None, *, temperature=1.0):
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
    ValueError
        If `z`, `labels` or `temperature` is not as said above.

    Examples
    --------
    >>> logits([0.25, 1.23, -0.8], ["seal", "panda", "duck"])
    <softmax.live: logits and temperature>
    """
    z = np.asarray(z, dtype=float)
    if z.ndim != 1 or not 1 <= len(z) <= MOST_CLASSES:
        raise ValueError(f"z has shape {z.shape}; give one vector of 1 to {MOST_CLASSES} logits.")
    if not (np.abs(z) <= LARGEST_LOGIT).all():  # NaN is refused too
        raise ValueError(f"z is {z.tolist()}; give logits between -100 and 100.")
    labels = [f"class {k}" for k in range(1, len(z) + 1)] if labels is None else list(labels)
    if len(labels) != len(z):
        raise ValueError(f"{len(labels)} labels for {len(z)} logits; give one for each.")
    temperature = float(temperature)
    if not TEMPERATURES[0] <= temperature <= TEMPERATURES[1]:
        raise ValueError(f"temperature is {temperature}; give a number between 0.05 and 20.")

    def draw(figure):
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
        draw=draw,
        alt=f"Two bar charts, of the logits and of the probabilities: {listed}.",
    )
