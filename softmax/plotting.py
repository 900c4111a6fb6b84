"""The figures that several chapters draw.

Every function draws data on the Axes that it is given, or else on new or current ones, with
matplotlib's current style (that of the book is ``plt.style.use("softmax.book")``). It returns the
Axes, so that the caller can add to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np

from softmax._validation import as_array, check_count, first_true_index, real_array
from softmax.functional import softmax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.typing import ColorType
    from numpy.typing import ArrayLike

__all__ = [
    "bars",
    "confusion_matrix",
    "decision_regions",
    "image_grid",
    "logits_and_probabilities",
    "templates",
    "training_curves",
]


def bars(
    values: ArrayLike,
    labels: Sequence[str] | None = None,
    *,
    ax: Axes | None = None,
    color: ColorType = "C0",
    fmt: str = "{:.3f}",
) -> Axes:
    """Draw one bar per value, each with its number.

    Parameters
    ----------
    values : array_like of shape (K,)
        Heights of the bars; negative ones point down from the zero line.
    labels : sequence of K str, optional
        Names under the bars. By default the indices 0 to K - 1.
    ax : matplotlib.axes.Axes, optional
        Where to draw. By default the current Axes.
    color : matplotlib color, default "C0"
        Color of the bars.
    fmt : str, default "{:.3f}"
        Format of the number at each bar.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.

    Raises
    ------
    TypeError
        If `values` does not hold real numbers, or has masked entries.
    ValueError
        If `values` is not one-dimensional, or `labels` has another length.

    See Also
    --------
    logits_and_probabilities : Two of these side by side.
    """
    values = _with_gaps(values, "values").astype(float)
    if values.ndim != 1:
        raise ValueError(
            f"`values` must be one vector, of shape (K,), got shape {values.shape}. Call bars once "
            "for each row."
        )
    labels = _class_names(labels, len(values))
    ax = plt.gca() if ax is None else ax
    container = ax.bar(range(len(values)), values, color=color, width=0.65)
    ax.bar_label(container, labels=[fmt.format(v) for v in values], padding=2)
    ax.axhline(0, color="0.3", linewidth=0.8)
    ax.set_xticks(range(len(values)), labels)
    ax.grid(axis="x", visible=False)
    ax.margins(y=0.15)  # room for the numbers above and below
    return ax


def logits_and_probabilities(
    z: ArrayLike,
    labels: Sequence[str] | None = None,
    *,
    axes: Sequence[Axes] | np.ndarray | None = None,
) -> np.ndarray:
    """Draw logits as bars and, beside them, their softmax.

    Parameters
    ----------
    z : array_like of shape (K,)
        Logits.
    labels : sequence of K str, optional
        Names of the classes.
    axes : sequence of 2 matplotlib.axes.Axes, optional
        Where to draw the logits and the probabilities. By default a new figure.

    Returns
    -------
    numpy.ndarray of 2 matplotlib.axes.Axes
        The two Axes drawn on.

    Raises
    ------
    TypeError, ValueError
        As for `bars`; also if `axes` are not 2.

    See Also
    --------
    bars : One vector.
    softmax.live.logits : The same as a live figure.
    """
    z = _with_gaps(z, "z")
    axes = _axes_for(2, axes)
    left, right = axes.flat
    bars(z, labels, ax=left, color="C0", fmt="{:.2f}").set(title="logits $z$")
    bars(softmax(z), labels, ax=right, color="C1").set(
        title="probabilities $p = \\mathrm{softmax}(z)$", ylim=(0, 1.1)
    )
    return axes


def training_curves(
    loss: ArrayLike,
    accuracy: ArrayLike | None = None,
    *,
    axes: Axes | Sequence[Axes] | np.ndarray | None = None,
) -> np.ndarray:
    """Draw the training loss and the validation accuracy of each epoch.

    Parameters
    ----------
    loss : array_like of shape (epochs,)
        Training loss, such as `SoftmaxClassifier.loss_curve_`.
    accuracy : array_like of shape (epochs,), optional
        Validation accuracy in [0, 1], such as `SoftmaxClassifier.validation_scores_`.
    axes : sequence of matplotlib.axes.Axes, optional
        One Axes, or two if `accuracy` is given. By default a new figure.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes
        The Axes drawn on.

    Raises
    ------
    TypeError
        If a curve does not hold real numbers, or has masked entries.
    ValueError
        If `axes` are not one for each curve.

    See Also
    --------
    softmax.SoftmaxClassifier : Records both curves.
    """
    panels = [(_with_gaps(loss, "loss"), "training loss", "C0")]
    if accuracy is not None:
        panels.append((_with_gaps(accuracy, "accuracy"), "validation accuracy", "C1"))
    axes = _axes_for(len(panels), axes)
    for ax, (curve, name, color) in zip(axes.flat, panels, strict=True):
        ax.plot(range(1, len(curve) + 1), curve, color=color)
        ax.set(xlabel="epoch", title=name)
        ax.xaxis.get_major_locator().set_params(integer=True)
    return axes


def confusion_matrix(
    counts: ArrayLike, labels: Sequence[str] | None = None, *, ax: Axes | None = None
) -> Axes:
    """Draw a confusion matrix: one row per true class, one column per predicted class.

    The color of a cell is its share of its row, so that a rare class is as
    readable as a frequent one; the number in it is the count itself, with two
    decimals if it is not whole.

    Parameters
    ----------
    counts : array_like of shape (K, K)
        `counts[i, j]` examples of class i were predicted as class j, as from
        `sklearn.metrics.confusion_matrix`. Sums of weights and shares are drawn in the same way.
    labels : sequence of K str, optional
        Names of the classes.
    ax : matplotlib.axes.Axes, optional
        Where to draw. By default the current Axes.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.

    Raises
    ------
    TypeError
        If `counts` does not hold real numbers, or has masked entries.
    ValueError
        If `counts` is not a square matrix, or `labels` has another length.
    """
    counts = real_array(counts, "counts", masked="To count nothing there, pass counts.filled(0).")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(
            f"`counts` must be a square matrix, of shape (K, K), got shape {counts.shape}."
        )
    labels = _class_names(labels, len(counts))
    ax = plt.gca() if ax is None else ax
    row_sums = counts.sum(axis=1, keepdims=True)
    share = counts / np.where(row_sums > 0, row_sums, 1)  # a class without examples stays white
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(counts):
        dark_cell = share[i, j] > 0.5
        number = f"{count:.2f}" if count % 1 else f"{count:.0f}"
        ax.text(j, i, number, ha="center", va="center", color="white" if dark_cell else "0.15")
    ax.set_xticks(range(len(counts)), labels)
    ax.set_yticks(range(len(counts)), labels)
    ax.set(xlabel="predicted class", ylabel="true class")
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    return ax


def templates(
    coef: ArrayLike,
    image_shape: tuple[int, int],
    labels: Sequence[str] | None = None,
    *,
    axes: np.ndarray | None = None,
) -> np.ndarray:
    """Draw each class's weights as a picture: blue speaks for the class, red against it.

    All pictures share one color scale that is symmetric about zero, so that
    equal colors mean equal weights.

    Parameters
    ----------
    coef : array_like of shape (K, D)
        One row of weights per class, such as `SoftmaxClassifier.coef_`.
    image_shape : tuple of 2 int
        Height and width of a picture; their product is D.
    labels : sequence of K str, optional
        Title of each picture.
    axes : array of at least K matplotlib.axes.Axes, optional
        Where to draw. By default a new figure with five pictures a row.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes
        The Axes drawn on.

    Raises
    ------
    TypeError
        If `coef` does not hold real numbers, or has masked entries.
    ValueError
        If the shapes do not fit, or `labels` has another length.

    See Also
    --------
    image_grid : Pictures that are not weights.
    """
    coef = real_array(coef, "coef", masked="To show no weight there, pass coef.filled(0).")
    try:
        images = coef.reshape(len(coef), *image_shape)
    except (TypeError, ValueError):
        raise ValueError(
            "`coef` must have a row of height × width weights for each class, got shape "
            f"{coef.shape} and an `image_shape` of {image_shape!r}."
        ) from None
    limit = np.abs(coef).max()
    labels = _class_names(labels, len(coef))
    axes = image_grid(images, labels, axes=axes, cmap="RdBu", vmin=-limit, vmax=limit)
    used = axes.ravel()[: len(coef)]
    used[0].figure.colorbar(used[0].images[0], ax=list(used), shrink=0.85, label="weight")
    return axes


def image_grid(
    images: ArrayLike,
    titles: Sequence[str] | None = None,
    *,
    axes: np.ndarray | None = None,
    columns: int = 5,
    **imshow: Any,
) -> np.ndarray:
    """Draw pictures side by side, each with its title.

    Parameters
    ----------
    images : array_like of shape (N, height, width)
        The pictures; those in color have a further axis.
    titles : sequence of N str, optional
        One title per picture.
    axes : array of at least N matplotlib.axes.Axes, optional
        Where to draw. By default a new figure.
    columns : int, default 5
        Pictures in a row of a new figure.
    **imshow
        Passed to `matplotlib.axes.Axes.imshow`. By default white on black, as MNIST's
        digits are.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes
        The Axes drawn on; those that hold no picture are switched off.

    Raises
    ------
    TypeError
        If `images` does not hold real numbers, or has masked entries.
    ValueError
        If there are more pictures than Axes or titles, `images` has another shape, or `columns`
        is not an integer >= 1.

    See Also
    --------
    templates : The weights of each class as pictures, on one color scale.
    """
    images = _with_gaps(images, "images")
    if images.ndim not in (3, 4):
        raise ValueError(
            f"`images` must have shape (N, height, width), got shape {images.shape}. Reshape "
            "pictures stored as rows, such as MNIST's by images.reshape(-1, 28, 28)."
        )
    titles = [""] * len(images) if titles is None else list(titles)
    if axes is None:
        columns = check_count(columns, "columns")
        rows = -(-len(images) // columns)
        _, axes = plt.subplots(rows, columns, figsize=(6.0, 1.45 * rows), squeeze=False)
    axes = np.asarray(axes)
    if len(images) > min(axes.size, len(titles)):
        raise ValueError(
            "`images` must have an Axes and a title for each picture, got "
            f"{len(images)} pictures, {axes.size} Axes and {len(titles)} titles."
        )
    imshow = {"cmap": "gray"} | imshow
    for ax in axes.ravel():
        ax.set_axis_off()
    for ax, image, title in zip(axes.flat, images, titles, strict=False):
        ax.imshow(image, **imshow)
        ax.set_title(title)
    return axes


def decision_regions(
    model: Any, X: ArrayLike, y: ArrayLike, *, ax: Axes | None = None, resolution: int = 200
) -> Axes:
    """Color the plane by the class that a classifier predicts there, and draw the points.

    The fainter the color, the less probable the predicted class.

    Parameters
    ----------
    model : fitted classifier
        With `classes_` and `predict_proba`, such as `SoftmaxClassifier`.
    X : array_like of shape (N, 2)
        The points.
    y : array_like of shape (N,)
        Their classes.
    ax : matplotlib.axes.Axes, optional
        Where to draw. By default the current Axes.
    resolution : int, default 200
        Grid points along each side.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.

    Raises
    ------
    TypeError
        If `X` does not hold real numbers, or `X` or `y` has masked entries.
    ValueError
        If `X` is not a table of points in a plane, `y` does not have one of `model.classes_` for
        each, or `resolution` is not an integer >= 1.

    See Also
    --------
    softmax.live.playground : Such a figure to experiment with.
    """
    left_out = "To leave these points out, pass X and y without them."
    X, y = real_array(X, "X", masked=left_out), as_array(y, "y", masked=left_out)
    if X.ndim != 2 or X.shape[1] != 2:
        raise ValueError(
            f"`X` must have shape (N, 2), got shape {X.shape}. Fit and draw a model of two "
            "features."
        )
    if y.shape != X.shape[:1]:
        raise ValueError(
            f"`y` must have a class for each of the {len(X)} points, shape ({len(X)},), got shape "
            f"{y.shape}."
        )
    of_class = [y == label for label in model.classes_]
    unknown = ~np.any(of_class, axis=0)
    if unknown.any():
        index = first_true_index(unknown)
        raise ValueError(
            f"`y` must hold classes of the model, {np.asarray(model.classes_).tolist()}, got "
            f"{y.item(index)!r} at index {index}."
        )
    resolution = check_count(resolution, "resolution")
    # The grid is in the dtype of X, so that a float32 model stays in float32; integers would
    # round it.
    X = X.astype(np.result_type(X, np.float32))
    ax = plt.gca() if ax is None else ax
    margin = 0.08 * np.ptp(X, axis=0)
    low, high = X.min(axis=0) - margin, X.max(axis=0) + margin
    xs, ys = (np.linspace(a, b, resolution) for a, b in zip(low, high, strict=True))
    plane = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    p = model.predict_proba(plane.astype(X.dtype)).reshape(resolution, resolution, -1)

    markers = "os^Dvp"
    colors = [f"C{k}" for k in range(p.shape[-1])]
    if len(colors) > len(plt.rcParams["axes.prop_cycle"]):  # from where on colors would repeat
        colors = list(plt.get_cmap("turbo")(np.linspace(0.05, 0.95, len(colors))))
    rgb = np.array([plt.matplotlib.colors.to_rgb(c) for c in colors])
    confidence = p.max(axis=-1, keepdims=True)
    tint = 1 - 0.55 * confidence * (1 - rgb[p.argmax(axis=-1)])
    ax.imshow(
        tint, origin="lower", extent=(low[0], high[0], low[1], high[1]), aspect="auto", alpha=0.9
    )
    for k, label in enumerate(model.classes_):
        ax.scatter(
            X[of_class[k], 0],
            X[of_class[k], 1],
            s=22,
            marker=markers[k % len(markers)],
            color=colors[k],
            edgecolor="white",
            linewidth=0.5,
            label=str(label),
        )
    ax.grid(visible=False)
    return ax


def _axes_for(number: int, axes: Axes | Sequence[Axes] | np.ndarray | None) -> np.ndarray:
    """Return the Axes to draw on, by default those of a new figure."""
    if axes is None:
        _, axes = plt.subplots(1, number)
    axes = np.atleast_1d(np.asarray(axes))
    if axes.size != number:
        raise ValueError(f"`axes` must be {number} matplotlib Axes, got {axes.size}.")
    return axes


def _with_gaps(x: ArrayLike, name: str) -> np.ndarray:
    left_out = f"To leave gaps there, pass {name}.astype(float).filled(np.nan)."
    return real_array(x, name, masked=left_out)


def _class_names(labels: Sequence[str] | None, num_classes: int) -> list[str]:
    if labels is None:
        return [str(k) for k in range(num_classes)]
    if len(labels) != num_classes:
        raise ValueError(
            f"`labels` must have a name for each of the {num_classes} classes, got {len(labels)}."
        )
    return list(labels)
