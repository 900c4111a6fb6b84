"""A playground for softmax regression: points on a plane, and a classifier trained on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax._validation import as_array, first_true_index, real_array
from softmax.live._arguments import checked_number
from softmax.live._live_figure import LiveFigure

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

MOST_CLASSES = 6  # plane.mjs has a marker for each
# The plane is a square: `reach` is the largest coordinate on either axis. `linked` is the largest
# number of points that the address holds. The challenge is to reach in 10 steps the loss that takes
# 100 with the settings at the start.
LIMITS: dict[str, Any] = {
    "reach": 4.0,
    "points": 200,
    "linked": 40,
    "challenge": (100, 10),
    "learning_rate": (0.01, 100.0),
    "alpha": (0.0, 1.0),
    "temperature": (0.1, 10.0),
}
STEPS_OF_THE_PICTURE = 300


def playground(
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    learning_rate: float = 0.5,
    alpha: float = 0.001,
    temperature: float = 1.0,
) -> LiveFigure:
    """Put points of several classes on a plane, and watch softmax regression learn them.

    Training is full-batch gradient descent from zero. Its steps are those of `SoftmaxClassifier`
    with a constant learning rate, no momentum and a batch that holds all points. (With a learning
    rate so large that the loss jumps, rounding differences grow until the two runs differ.) The
    temperature divides the logits where probabilities are shown; training does without it.

    Parameters
    ----------
    X : array_like of shape (N, 2), optional
        The points at the start, at most 200 of them, with coordinates between -4 and 4. By
        default 30 points in three groups that overlap a little: seals, pandas and ducks.
    y : array_like of int, shape (N,), optional
        Their classes, from 0 to 5.
    learning_rate : float, default 0.5
        The learning rate at the start, between 0.01 and 100.
    alpha : float, default 0.001
        The L2 strength at the start, between 0 and 1.
    temperature : float, default 1.0
        The temperature at the start, between 0.1 and 10.

    Returns
    -------
    LiveFigure
        The figure; at the end of a cell it shows itself.

    Raises
    ------
    TypeError
        If `X` does not hold real numbers, or has masked entries.
    ValueError
        If an argument is not as said above.

    See Also
    --------
    softmax.SoftmaxClassifier : The classifier, for data of your own.

    Examples
    --------
    >>> playground([[-1, 0], [1, 0], [0, 2]], [0, 1, 2])
    <softmax.live: a playground for softmax regression>
    """
    if (X is None) != (y is None):
        raise ValueError("`X` and `y` must be passed together, got only one of them.")
    names = {"names": ["seal", "panda", "duck"]} if X is None else {}
    X, y = _overlapping_groups() if X is None else _checked(X, y)
    given = {"learning_rate": learning_rate, "alpha": alpha, "temperature": temperature}
    settings = {name: checked_number(name, value, *LIMITS[name]) for name, value in given.items()}
    presets = {"as at the start": (X, y)} | _presets()
    start = {
        "presets": {name: _as_list(*points) for name, points in presets.items()},
        **names,
        **settings,
    }
    model = _trained(X, y, settings["learning_rate"], settings["alpha"])

    def draw(figure):
        from softmax import plotting  # slow: it imports matplotlib

        figure.set_size_inches(4.2, 3.6)
        ax = figure.subplots()
        if model is None:
            ax.scatter(*X.T)
        else:
            plotting.decision_regions(model, X, y, ax=ax, resolution=100)
        ax.set(xlabel="$x_1$", ylabel="$x_2$")

    return LiveFigure(
        "playground",
        start,
        title="a playground for softmax regression",
        limits=LIMITS,
        draw=draw,
        alt=_description(model, X, y),
    )


def _checked(X, y):
    """Return the points as an array of shape (N, 2), and their classes."""
    left_out = "To leave these points out, pass X and y without them."
    X = real_array(X, "X", masked=left_out).astype(float)
    y = as_array(y, "y", masked=left_out)
    most, reach = LIMITS["points"], LIMITS["reach"]
    if X.ndim != 2 or X.shape[1] != 2 or not 1 <= len(X) <= most:
        raise ValueError(
            f"`X` must have shape (N, 2) with 1 to {most} points, got shape {X.shape}."
        )
    outside = ~(np.abs(X) <= reach)  # or NaN
    if outside.any():
        index = first_true_index(outside)
        raise ValueError(
            f"`X` must hold coordinates from -{reach:g} to {reach:g}, got {X[index]} at index "
            f"{index}."
        )
    if y.shape != (len(X),):
        raise ValueError(
            f"`y` must have a class for each of the {len(X)} points, shape ({len(X)},), got shape "
            f"{y.shape}."
        )
    if y.dtype.kind not in "iu" or not ((y >= 0) & (y < MOST_CLASSES)).all():
        raise ValueError(
            f"`y` must hold integers from 0 to {MOST_CLASSES - 1}, got {np.unique(y).tolist()}."
        )
    return X, y


def _as_list(X, y):
    return [[*point, label] for point, label in zip(X.tolist(), y.tolist(), strict=True)]


def _trained(X, y, learning_rate, alpha):
    """Return the classifier of the picture, or None: of one class alone, or if it diverges."""
    from softmax.classifier import SoftmaxClassifier  # slow: it imports scikit-learn

    if len(np.unique(y)) < 2:
        return None
    model = SoftmaxClassifier(
        learning_rate="constant",
        learning_rate_init=learning_rate,
        alpha=alpha,
        batch_size=len(X),
        max_iter=STEPS_OF_THE_PICTURE,
        momentum=0.0,
        tol=None,
        shuffle=False,
    )
    try:
        return model.fit(X, y)
    except ValueError:  # The limits admit settings with which it diverges, for the reader to see.
        return None


def _description(model, X, y):
    if len(np.unique(y)) < 2:
        return "A plane with points of one class alone."
    if model is None:
        return (
            f"A plane with {len(X)} points of {len(np.unique(y))} classes. With the settings at "
            "the start, training diverges."
        )
    right = int(np.sum(model.predict(X) == y))
    return (
        f"A plane with {len(X)} points of {len(model.classes_)} classes. After "
        f"{STEPS_OF_THE_PICTURE} steps, straight borders divide it into a region for each class, "
        f"and {right} of the points lie in their own."
    )


def _groups(centers, n, scale, seed):
    """Return n points around each center, drawn from a stream that NumPy promises to keep."""
    centers = np.asarray(centers, dtype=float)
    labels = np.repeat(np.arange(len(centers)), n)
    noise = np.random.RandomState(seed).standard_normal((len(labels), 2))
    points, reach = centers[labels] + scale * noise, LIMITS["reach"]
    return points.round(2).clip(-reach, reach), labels


def _overlapping_groups():
    return _groups([[1.3, 0.0], [0.0, 1.6], [-1.3, -1.2]], n=10, scale=0.75, seed=0)


def _presets():
    """Return points that a linear classifier can tell apart, and points that it cannot."""
    turn = np.arange(6) * np.pi / 3
    circle = 2.6 * np.column_stack([np.cos(turn), np.sin(turn)])
    corners, corner = _groups([[-1.7, -1.7], [1.7, 1.7], [-1.7, 1.7], [1.7, -1.7]], 8, 0.5, 3)
    inner, _ = _groups([[0.0, 0.0]], 12, 0.5, 4)
    angle = np.arange(20) * np.pi / 10
    outer = (2.7 * np.column_stack([np.cos(angle), np.sin(angle)])).round(2) + 0.0
    return {
        "three groups apart": _groups([[2.2, -1.2], [0.0, 2.2], [-2.2, -1.2]], 10, 0.45, 1),
        "six groups": _groups(circle, 6, 0.45, 2),
        "a ring": (np.vstack([inner, outer]), np.repeat([0, 1], [12, 20])),
        "a chessboard (xor)": (corners, corner // 2),
        "none": (np.empty((0, 2)), np.empty(0, dtype=int)),
    }
