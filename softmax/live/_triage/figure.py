"""A test set sorted by confidence: the machine decides from a threshold on, people the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax._validation import check_labels, real_array
from softmax.functional import softmax
from softmax.live._arguments import checked_labels, checked_number
from softmax.live._live_figure import LiveFigure, as_base64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

SIDE = 28
# The threshold moves in steps of `step`. The figure shows `pictures` pictures in rows of `columns`,
# in `levels` grays and black. In the challenge, at most 1 in `rate` decisions may be wrong.
LIMITS: dict[str, Any] = {
    "threshold": (0.0, 1.0),
    "step": 0.01,
    "pictures": 56,
    "columns": 8,
    "side": SIDE,
    "levels": 15,
    "rate": 50,
}
LEAST_CLASSES, MOST_CLASSES = 2, 10
MOST_PREDICTIONS = 100_000
DIGITS = 4  # of a probability that is sent


def triage(
    Z: ArrayLike,
    t: ArrayLike,
    pictures: ArrayLike,
    labels: Sequence[str] | None = None,
    *,
    threshold: float = 0.5,
) -> LiveFigure:
    """Choose the confidence from which a classifier decides alone; people look at the rest.

    The figure counts how many pictures of a test set are decided, how many of these decisions are
    wrong, and what is left to people, in total and for each class. It shows up to 56 of the
    pictures, at equal distances in the order of confidence, and the probabilities of a chosen one.

    Parameters
    ----------
    Z : array_like of shape (n, K)
        The logits of 1 to 100,000 predictions for 2 to 10 classes.
    t : array_like of shape (n,)
        The true classes, from 0 to K - 1.
    pictures : array_like of shape (n, 784)
        The pictures, of 28 × 28 pixels between 0 and 1. They are sent in 16 levels of gray.
    labels : sequence of K str, optional
        Names of the classes. By default "class 1" to "class K".
    threshold : float, default 0.5
        The confidence at the start, between 0 and 1; it is rounded to a multiple of 0.01.

    Returns
    -------
    LiveFigure
        The figure; at the end of a cell it shows itself.

    Raises
    ------
    TypeError
        If the logits or pictures are not real numbers, or the classes not integers, or some are
        masked.
    ValueError
        If an argument is not as said above.

    See Also
    --------
    calibration : Whether a confidence means what it says.
    draw_digit : A single picture, drawn by the reader.

    Examples
    --------
    >>> Z = [[2.0, 0.0], [0.0, 3.0], [1.0, 0.0]]
    >>> triage(Z, [0, 1, 1], np.eye(3, 784), ["seal", "panda"])
    <softmax.live: machine or person>
    """
    Z, t, pictures = _checked(Z, t, pictures)
    labels = checked_labels(labels, Z.shape[1], of="classes")
    threshold = checked_number("threshold", threshold, *LIMITS["threshold"])
    step = round(threshold / LIMITS["step"])
    threshold = thresholds()[step]

    P = softmax(Z)
    confidence, answers = P.max(axis=1), P.argmax(axis=1)
    steps = np.searchsorted(thresholds(), confidence, side="right") - 1
    counts = count(steps, answers == t, t, len(labels))
    shown = evenly(confidence)
    grays = np.rint(LIMITS["levels"] * pictures[shown]).astype(np.uint8)
    wrong = answers[shown] != t[shown]
    start = {
        "labels": labels,
        "counts": counts.tolist(),
        # Two pixels to a byte.
        "pictures": as_base64((16 * grays[:, ::2] + grays[:, 1::2]).tobytes()),
        "probabilities": np.round(P[shown], DIGITS).tolist(),
        "truth": t[shown].tolist(),
        "answers": answers[shown].tolist(),
        "steps": steps[shown].tolist(),
        "step": step,
        # The most confident mistake, if there is one.
        "picture": int(wrong.argmax()),
    }
    start["challenge"] = has_challenge(counts, step)
    decided, sizes = counts[:, :, step:].sum(axis=2), counts.sum(axis=(1, 2))

    def draw(figure):
        figure.set_size_inches(6.0, 2.6)
        left, right = figure.subplots(1, 2, width_ratios=(0.9, 1))
        draw_gallery(left, grays / LIMITS["levels"], wrong, steps[shown] >= step)
        draw_classes(right, decided, sizes, labels)

    present = np.flatnonzero(sizes)
    least, most = present[np.argsort(decided[present].sum(axis=1) / sizes[present])[[0, -1]]]
    return LiveFigure(
        "triage",
        start,
        title="machine or person",
        limits=LIMITS,
        draw=draw,
        alt=(
            f"Left, {len(shown)} pictures in order of confidence, with a frame around each that "
            f"is taken for another class. Right, a bar for each class. From confidence "
            f"{threshold:g} on, the machine decides {decided.sum():,} of {len(t):,} pictures, "
            f"{decided[:, 1].sum():,} of them wrongly: most of all {labels[most]}, "
            f"{decided[most].sum():,}, and fewest of {labels[least]}, {decided[least].sum():,}."
        ),
    )


def _checked(
    Z: ArrayLike, t: ArrayLike, pictures: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return logits, classes and pictures as arrays, if they are what the figure can show."""
    way_out = "Leave these predictions out."
    Z = real_array(Z, "Z", masked=way_out).astype(float)
    if (
        Z.ndim != 2
        or not 1 <= len(Z) <= MOST_PREDICTIONS
        or not LEAST_CLASSES <= Z.shape[1] <= MOST_CLASSES
    ):
        raise ValueError(
            f"`Z` must have 1 to {MOST_PREDICTIONS} rows of {LEAST_CLASSES} to {MOST_CLASSES} "
            f"logits, got shape {Z.shape}."
        )
    if not np.isfinite(Z).all():
        raise ValueError("`Z` must hold finite numbers, got inf or NaN.")
    t = check_labels(t, Z.shape[1], "t", masked=way_out)
    if t.shape != Z.shape[:1]:
        raise ValueError(
            f"`t` must have a class for each of the {len(Z)} rows, got shape {t.shape}."
        )
    pictures = real_array(pictures, "pictures", masked=way_out).astype(float)
    if pictures.shape != (len(Z), SIDE * SIDE):
        raise ValueError(
            f"`pictures` must have {SIDE * SIDE} pixels for each of the {len(Z)} rows, got shape "
            f"{pictures.shape}."
        )
    if not ((pictures >= 0) & (pictures <= 1)).all():  # NaN is refused too
        raise ValueError("`pictures` must hold numbers from 0 to 1. Divide the pixels by 255.")
    return Z, t, pictures


def thresholds():
    """Return the confidences that the slider can have, as the nearest floats to 0.00 to 1.00."""
    steps = round(1 / LIMITS["step"])
    return np.arange(steps + 1) / steps


def count(steps, right, t, classes):
    """Return the predictions of each class, right ones and wrong ones, by the step they reach."""
    counts = np.zeros((classes, 2, len(thresholds())), int)
    np.add.at(counts, (t, 1 - right, steps), 1)
    return counts


def evenly(confidence):
    """Return the indices of the pictures to show, the most confident first."""
    n, shown = len(confidence), min(LIMITS["pictures"], len(confidence))
    middles = (2 * np.arange(shown) + 1) * n // (2 * shown)
    return np.argsort(-confidence, kind="stable")[middles]


def has_challenge(counts, step):
    """Return whether some threshold, but not the one at `step`, meets the challenge."""
    right, wrong = counts.sum(axis=0)[:, ::-1].cumsum(axis=1)[:, ::-1]
    meets = (right + wrong > 0) & (LIMITS["rate"] * wrong <= right + wrong)
    return bool(meets.any() and (right + wrong)[meets.argmax()] != (right + wrong)[step])


def draw_gallery(ax, grays, wrong, decided):
    """Draw the pictures in rows: pale ones for people, and a frame around each mistake."""
    from matplotlib.patches import Rectangle  # slow

    columns, cell = LIMITS["columns"], SIDE + 4
    rows = -(-len(grays) // columns)
    sheet = np.ones((rows * cell, columns * cell))
    for k, picture in enumerate(grays.reshape(-1, SIDE, SIDE)):
        y, x = np.array(divmod(k, columns)) * cell + 2
        sheet[y : y + SIDE, x : x + SIDE] = picture if decided[k] else 0.55 + 0.45 * picture
        if wrong[k]:
            place, size = (x - 1.5, y - 1.5), SIDE + 2
            style = "-" if decided[k] else ":"
            frame = {"edgecolor": "C1", "linestyle": style, "linewidth": 2, "fill": False}
            ax.add_patch(Rectangle(place, size, size, **frame))
    ax.imshow(sheet, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set_title("most confident first, people’s pale", fontsize=9)
    ax.axis("off")


def draw_classes(ax, decided, sizes, labels):
    """Draw a bar for each class: decided correctly, decided wrongly, left to people."""
    right, wrong = decided.T
    rows = np.arange(len(labels))
    person = sizes - right - wrong
    parts = [(right, "C0", "right"), (wrong, "C1", "wrong"), (person, "0.85", "person")]
    left = np.zeros(len(labels), int)
    for part, color, name in parts:
        ax.barh(rows, part, left=left, color=color, label=name)
        left += part
    ax.set(yticks=rows, yticklabels=labels, xlabel="test pictures")
    ax.grid(visible=False)
    ax.invert_yaxis()
    ax.legend(ncols=3, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False)
