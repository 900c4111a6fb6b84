"""A digit that the reader draws, how a classifier reads it, and which pixels decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax._validation import as_array, first_true_index, real_array
from softmax.digits import SIDE, center_digit, draw_strokes
from softmax.functional import softmax
from softmax.live._live_figure import LiveFigure, as_base64

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from softmax.classifier import SoftmaxClassifier

CLASSES = 10
PIXELS = SIDE * SIDE
MOST_SAMPLES = 10
# The paper is square; its side and the width of the pen are in the unit of the strokes.
LIMITS: dict[str, Any] = {"paper": 140, "pen": 12, "temperature": (0.1, 10.0)}
# A hand's 7, which the compact figure begins with.
SEVEN = [
    [
        [36, 36],
        [44, 33],
        [60, 34],
        [78, 33],
        [96, 31],
        [101, 34],
        [97, 43],
        [88, 58],
        [79, 76],
        [72, 92],
        [67, 108],
        [64, 118],
    ],
]
# Orange, white and blue, as in view.mjs: C1 and C0 of the book.
FOR_AND_AGAINST = ["#d55e00", "white", "#0072b2"]


def draw_digit(
    model: SoftmaxClassifier, samples: ArrayLike, labels: ArrayLike, *, compact: bool = False
) -> LiveFigure:
    """Draw a digit, and see how a classifier reads it and which pixels count for and against it.

    What is drawn goes through `softmax.digits.center_digit` first, as the digits of MNIST did.
    The figure begins with the sample that the model is least sure of.

    Parameters
    ----------
    model : SoftmaxClassifier
        Trained on MNIST: `coef_` of shape (10, 784), `intercept_` of shape (10,). They travel
        as float32; the figure computes in float64.
    samples : array_like of shape (n, 784)
        1 to 10 digits for readers to choose instead of drawing. Values between 0 and 1, which
        are rounded to multiples of 1/255.
    labels : array_like of shape (n,)
        The digits that they are, 0 to 9.
    compact : bool, default False
        Show the ten logits, a temperature and the ten probabilities beside the paper, and no
        pixels for and against: a figure for the top of a page, which begins by drawing a 7.
        The logits are counted from their mean, which makes no difference to the probabilities.

    Returns
    -------
    LiveFigure
        The figure; at the end of a cell it shows itself.

    Raises
    ------
    TypeError
        If `samples` does not hold real numbers, or has masked entries.
    ValueError
        If `model`, `samples` or `labels` is not as said above.

    See Also
    --------
    softmax.digits.center_digit : The preparation of what is drawn.
    """
    W, b = np.asarray(model.coef_), np.asarray(model.intercept_)
    if W.shape != (CLASSES, PIXELS):
        raise ValueError(
            f"`model` must be trained on MNIST, with coef_ of shape {(CLASSES, PIXELS)}, got shape "
            f"{W.shape}."
        )
    if b.shape != (CLASSES,):
        raise ValueError(f"`model` must have intercept_ of shape ({CLASSES},), got {b.shape}.")
    samples, labels = _checked(samples, labels)
    weights = np.append(W.ravel(), b).astype("<f4")
    start = {
        "weights": as_base64(weights.tobytes()),
        "samples": [as_base64(sample.tobytes()) for sample in samples],
        "labels": labels.tolist(),
    }

    W, b = weights[:-CLASSES].reshape(W.shape).astype(float), weights[-CLASSES:].astype(float)
    W, b = W - W.mean(axis=0), b - b.mean()
    if compact:
        start |= {"strokes": SEVEN, "temperature": 1.0}
        x = center_digit(draw_strokes(SEVEN, LIMITS["paper"], LIMITS["pen"])).ravel()
        draw, alt = _compact_picture(x, W @ x + b)
    else:
        X = [center_digit(sample.reshape(SIDE, SIDE) / 255).ravel() for sample in samples]
        P = softmax(X @ W.T + b)
        hardest = int(P.max(axis=1).argmin())
        start |= {"first": hardest}
        draw, alt = _picture(X[hardest], labels[hardest], W, P[hardest])
    return LiveFigure("digit", start, title="draw a digit", limits=LIMITS, draw=draw, alt=alt)


def _picture(x, label, W, p):
    """Return what draws a digit, its pixels for and against and its probabilities, and the alt."""
    winner = int(p.argmax())

    def draw(figure):
        from matplotlib.colors import LinearSegmentedColormap  # slow

        colors = LinearSegmentedColormap.from_list("", FOR_AND_AGAINST)
        figure.set_size_inches(6.0, 2.5)
        seen, parts, bars = figure.subplots(1, 3)
        _show_digit(seen, x, "what it sees")
        contributions = (x * W[winner]).reshape(SIDE, SIDE)
        limit = np.abs(contributions).max()
        parts.imshow(contributions, cmap=colors, vmin=-limit, vmax=limit)
        parts.set_title(f"for and against {winner}", fontsize=10)
        parts.set(xticks=[], yticks=[])
        parts.spines[:].set_visible(True)
        _show_bars(bars, p, "probabilities", color="C1", fmt="{:.2f}", xlim=(0, 1.25))

    return draw, (
        f"A handwritten {label}; which of its pixels speak for a {winner} (blue) and which "
        f"against it (orange); and the probabilities of the ten digits as bars. The longest "
        f"is that of {winner}, with {p[winner]:.2f}."
    )


def _compact_picture(x, z):
    """Return what draws a digit, its logits and its probabilities, and the alternative text."""
    p = softmax(z)
    winner = int(p.argmax())

    def draw(figure):
        figure.set_size_inches(6.0, 2.3)
        seen, logits, bars = figure.subplots(1, 3)
        _show_digit(seen, x, "a picture")
        reach = 1.6 * np.abs(z).max()
        _show_bars(logits, z, "ten scores", color="C0", fmt="{:.1f}", xlim=(-reach, reach))
        _show_bars(bars, p, "ten probabilities", color="C1", fmt="{:.3f}", xlim=(0, 1.35))

    return draw, (
        f"A handwritten 7, then its ten scores as bars, the highest {z[winner]:.1f} for "
        f"{winner}, then the ten probabilities that softmax computes from them: {p[winner]:.3f} "
        f"for {winner}, and {1 - p[winner]:.3f} for the other nine together."
    )


def _show_digit(ax, x, title):
    ax.imshow(x.reshape(SIDE, SIDE), cmap="gray")
    ax.set_title(title, fontsize=10)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(True)


def _show_bars(ax, values, title, *, color, fmt, xlim):
    rows = ax.barh(range(CLASSES), values, color=color)
    ax.bar_label(rows, fmt=fmt, padding=3, fontsize=8)
    ax.set_title(title, fontsize=10)
    ax.set(xlim=xlim, xticks=[], yticks=range(CLASSES))
    ax.grid(visible=False)
    ax.invert_yaxis()


def _checked(samples: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return samples as bytes, and labels as integers, if they are what the figure can show."""
    no_ink = "To have no ink there, pass samples.filled(0)."
    samples = real_array(samples, "samples", masked=no_ink).astype(float)
    labels = as_array(labels, "labels", masked="Leave these samples out.")
    shape = samples.shape
    if len(shape) != 2 or not 1 <= shape[0] <= MOST_SAMPLES or shape[1] != PIXELS:
        raise ValueError(
            f"`samples` must have 1 to {MOST_SAMPLES} rows of {PIXELS} pixels, got shape {shape}."
        )
    outside = ~((samples >= 0) & (samples <= 1))  # or NaN
    if outside.any():
        index = first_true_index(outside)
        raise ValueError(
            f"`samples` must hold values from 0 to 1, got {samples[index]} at index {index}. "
            "Divide the pixels by 255."
        )
    blank = ~samples.any(axis=1)
    if blank.any():
        raise ValueError(f"`samples` must have ink in every row, got none in row {blank.argmax()}.")
    if labels.shape != samples.shape[:1] or not np.isin(labels, range(CLASSES)).all():
        raise ValueError(
            f"`labels` must have a digit from 0 to 9 for each sample, got {labels.tolist()}."
        )
    return np.rint(255 * samples).astype(np.uint8), labels.astype(int)
