"""A reliability diagram and the loss over the temperature, for predictions of a validation set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax._validation import check_labels, real_array
from softmax.functional import softmax
from softmax.live._arguments import checked_number
from softmax.live._live_figure import LiveFigure, as_base64
from softmax.losses import cross_entropy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

MOST_PREDICTIONS, MOST_CLASSES = 2_000, 10
# The temperatures of the slider: 1 is among them. `unit` is what the logits are rounded to, `few`
# how many predictions a bin needs for an error bar, and `near` how far from the lowest loss still
# counts as lowest.
LIMITS: dict[str, Any] = {
    "temperature": (0.5, 5.0),
    "steps": 196,
    "bins": 10,
    "unit": 0.25,
    "few": 10,
    "near": 0.001,
}
# How wide the bar of a bin with all predictions would be, in units of the axis.
WIDTH = 0.15


def calibration(
    Z_val: ArrayLike,
    t_val: ArrayLike,
    Z_test: ArrayLike,
    t_test: ArrayLike,
    *,
    temperature: float = 1.0,
) -> LiveFigure:
    """Move the temperature, and see whether the probabilities of a classifier mean what they say.

    The figure shows the reliability diagram in ten bins of equal width, the cross-entropy over the
    temperature with its minimum, the expected calibration error (ECE), the mean confidence and
    the accuracy, for the validation set or the test set.

    Parameters
    ----------
    Z_val, Z_test : array_like of shape (n, K)
        The logits of 1 to 2000 predictions for 2 to 10 classes. The gap between each logit and
        the largest of its row is sent in one byte, as a multiple of 0.25 up to 63.75. No logit is
        rounded to the largest, so that the accuracy stays as it is.
    t_val, t_test : array_like of shape (n,)
        The true classes, from 0 to K - 1.
    temperature : float, default 1.0
        The temperature at the start, between 0.5 and 5.

    Returns
    -------
    LiveFigure
        The figure; at the end of a cell it shows itself.

    Raises
    ------
    TypeError
        If the logits are not real numbers, or the classes not integers, or some are masked.
    ValueError
        If an argument is not as said above.

    See Also
    --------
    logits : What a temperature does to a single prediction.

    Examples
    --------
    >>> Z = [[2.0, 0.0], [0.0, 3.0], [1.0, 0.0]]
    >>> calibration(Z, [0, 1, 1], Z, [0, 1, 0])
    <softmax.live: calibration and temperature>
    """
    validation = _gaps(Z_val, t_val, "val")
    test = _gaps(Z_test, t_test, "test")
    if validation.shape[1] != test.shape[1]:
        raise ValueError(
            f"`Z_val` and `Z_test` must have the same number of classes, got {validation.shape[1]} "
            f"and {test.shape[1]}."
        )
    temperature = checked_number("temperature", temperature, *LIMITS["temperature"])
    best = min(slider_temperatures(), key=lambda T: loss_at(validation, T))
    before, after = judge(test, 1.0), judge(test, best)

    def draw(figure):
        left, right = figure.subplots(1, 2, sharey=True)
        draw_reliability(left, before, "$T = 1$")
        draw_reliability(right, after, f"$T = {best:g}$")
        left.set(ylabel="accuracy")

    start = {
        "validation": as_base64(validation.tobytes()),
        "test": as_base64(test.tobytes()),
        "classes": test.shape[1],
        "temperature": temperature,
    }
    return LiveFigure(
        "calibration",
        start,
        title="calibration and temperature",
        limits=LIMITS,
        draw=draw,
        alt=(
            "Two reliability diagrams of the test set, accuracy against confidence. At temperature "
            f"1 the loss is {before['loss']:.3f} and the ECE {before['ece']:.3f}; at "
            f"{best:g}, chosen on the validation set, the loss is {after['loss']:.3f} and the "
            f"ECE {after['ece']:.3f}. The accuracy is {before['accuracy']:.3f} in both."
        ),
    )


def _gaps(Z, t, name):
    """Return how far each logit is below the largest of its row, as bytes, the true class first.

    The other classes follow from the most probable one on, so that the bytes compress better.
    """
    Z = real_array(Z, f"Z_{name}", masked="Leave these predictions out.").astype(float)
    most = f"1 to {MOST_PREDICTIONS} rows of 2 to {MOST_CLASSES} logits"
    if Z.ndim != 2 or not 1 <= len(Z) <= MOST_PREDICTIONS or not 2 <= Z.shape[1] <= MOST_CLASSES:
        raise ValueError(f"`Z_{name}` must have {most}, got shape {Z.shape}.")
    if not np.isfinite(Z).all():
        raise ValueError(f"`Z_{name}` must hold finite numbers, got inf or NaN.")
    t = check_labels(t, Z.shape[1], f"t_{name}", masked="Leave these predictions out.")
    if t.shape != Z.shape[:1]:
        raise ValueError(
            f"`t_{name}` must have a class for each of the {len(Z)} rows, got shape {t.shape}."
        )
    rows = np.arange(len(Z))
    top = Z.argmax(axis=1)
    gaps = np.rint((Z[rows, top][:, None] - Z) / LIMITS["unit"]).clip(1, 255).astype(np.uint8)
    gaps[rows, top] = 0
    true = gaps[rows, t]
    others = gaps[np.arange(Z.shape[1]) != t[:, None]].reshape(len(Z), -1)
    return np.column_stack([true, np.sort(others, axis=1)])


def slider_temperatures():
    """Return the temperatures of the slider, of three digits each, as in `logScale` of core.mjs."""
    low, high = LIMITS["temperature"]
    shares = np.arange(LIMITS["steps"] + 1) / LIMITS["steps"]
    return [float(f"{low * (high / low) ** share:.3g}") for share in shares]


def loss_at(gaps, temperature):
    """Return the mean cross-entropy of predictions at a temperature."""
    return cross_entropy(-LIMITS["unit"] * gaps / temperature, np.zeros(len(gaps), int))


def judge(gaps, temperature):
    """Return the loss, ECE, accuracy and bins of predictions at a temperature, as a dictionary."""
    P = softmax(-LIMITS["unit"] * gaps, temperature=temperature)
    confidence, correct = P.max(axis=1), gaps[:, 0] == 0
    bins = LIMITS["bins"]
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(bin_of, minlength=bins)
    used = count > 0
    mean_confidence = np.bincount(bin_of, confidence, bins)[used] / count[used]
    accuracy = np.bincount(bin_of, correct, bins)[used] / count[used]
    share = count[used] / len(gaps)
    return {
        "n": len(gaps),
        "loss": loss_at(gaps, temperature),
        "ece": np.sum(share * np.abs(accuracy - mean_confidence)),
        "confidence": confidence.mean(),
        "accuracy": correct.mean(),
        "bins": (share, mean_confidence, accuracy),
    }


def draw_reliability(ax, result, title):
    """Draw a point for each bin, and a bar to the diagonal whose width is the share of the bin."""
    share, confidence, accuracy = result["bins"]
    colors = ["C1" if gap < 0 else "C0" for gap in accuracy - confidence]
    ax.plot([0, 1], [0, 1], "--", color="0.5", linewidth=1)
    ax.bar(confidence, accuracy - confidence, WIDTH * share, confidence, color=colors, alpha=0.6)
    few = share * result["n"] < LIMITS["few"]
    colors = ["white" if hollow else "0.15" for hollow in few]
    ax.scatter(confidence, accuracy, 20, color=colors, edgecolor="0.15", zorder=3)
    ax.set_title(f"{title}\nECE {result['ece']:.3f}, loss {result['loss']:.3f}", fontsize=10)
    ax.set(xlim=(0, 1.05), ylim=(0, 1.05), xticks=[0, 0.5, 1], xlabel="confidence")
