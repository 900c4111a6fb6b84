"""Queries and their partners as directions on a circle, told apart by a contrastive loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax._validation import real_array
from softmax.functional import softmax
from softmax.live._arguments import checked_labels, checked_number
from softmax.live._live_figure import LiveFigure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

# A step turns each vector by `rate` times T times the gradient of the loss in its angle. The
# challenge is a loss and the widest angle between a query and its partner.
LIMITS: dict[str, Any] = {
    "pairs": (2, 6),
    "temperature": (0.05, 5.0),
    "rate": 2.0,
    "challenge": {"loss": 0.01, "angle": 5},
}
RINGS = (0.82, 1.18)


def contrastive(
    queries: ArrayLike,
    partners: ArrayLike,
    labels: Sequence[str] | None = None,
    *,
    temperature: float = 1.0,
) -> LiveFigure:
    """Bring pairs of unit vectors together on a circle, and push all others apart.

    Query i belongs to partner i. Each query has a softmax over all partners, whose logits are the
    cosines divided by the temperature. The reader turns the vectors, moves the temperature, and
    trains by gradient descent on the mean cross-entropy of the rows.

    Parameters
    ----------
    queries, partners : array_like of shape (N,)
        Their directions at the start: angles from 0 to 360 degrees, of 2 to 6 pairs.
    labels : sequence of N str, optional
        Names of the pairs. By default "pair 1", ….
    temperature : float, default 1.0
        The temperature at the start, between 0.05 and 5.

    Returns
    -------
    LiveFigure
        The figure; at the end of a cell it shows itself.

    Raises
    ------
    TypeError
        If the angles are not real numbers, or have masked entries.
    ValueError
        If an argument is not as said above.

    See Also
    --------
    attention : A softmax over keys that are compared with a query.
    softmax.cross_entropy : The loss of each row.

    Examples
    --------
    >>> contrastive([20, 110], [150, 60], ["seal", "panda"])
    <softmax.live: telling pairs apart>
    """
    a, b = checked_angles("queries", queries), checked_angles("partners", partners)
    if len(a) != len(b):
        raise ValueError(
            f"`queries` and `partners` must have equally many angles, got {len(a)} and {len(b)}."
        )
    labels = checked_labels(labels, len(a), each="pair", of="pairs")
    temperature = checked_number("temperature", temperature, *LIMITS["temperature"])
    cosines = np.cos(np.radians(a)[:, None] - np.radians(b))
    p = softmax(cosines, temperature=temperature)

    def draw(figure):
        figure.set_size_inches(4.2, 1.9)
        circle, matrix = figure.subplots(1, 2)
        draw_circle(circle, a, b)
        draw_matrix(matrix, p, labels)

    diagonal = ", ".join(f"{name} {x:.3f}" for name, x in zip(labels, np.diag(p), strict=True))
    return LiveFigure(
        "contrastive",
        {"queries": a.tolist(), "partners": b.tolist(), "labels": labels, "T": temperature},
        title="telling pairs apart",
        limits=LIMITS,
        draw=draw,
        alt=(
            "Left, a circle with a disk for each query and a square for its partner. Right, the "
            f"softmax of each query over all partners at temperature {temperature:g}. "
            f"Probabilities of the true partners: {diagonal}."
        ),
    )


def checked_angles(name, angles):
    """Return the argument `name` as a vector of angles from 0 to 360 degrees."""
    angles = real_array(angles, name, masked="Pass the angles of whole pairs.").astype(float)
    low, high = LIMITS["pairs"]
    if angles.ndim != 1 or not low <= len(angles) <= high:
        raise ValueError(
            f"`{name}` must be one vector of {low} to {high} angles, got shape {angles.shape}."
        )
    if not ((angles >= 0) & (angles <= 360)).all():  # NaN is refused too
        raise ValueError(f"`{name}` must hold angles from 0 to 360, got {angles.tolist()}.")
    return angles


def draw_circle(ax, queries, partners):
    """Draw the queries inside and the partners outside of a circle, each pair in one color."""
    turn = np.linspace(0, 2 * np.pi, 200)
    ax.plot(np.cos(turn), np.sin(turn), color="0.6", lw=1)
    for i, (a, b) in enumerate(zip(np.radians(queries), np.radians(partners), strict=True)):
        inner, outer = ((r * np.cos(x), r * np.sin(x)) for r, x in zip(RINGS, (a, b), strict=True))
        ax.plot(*np.transpose([inner, outer]), ":", color=f"C{i}")
        for (x, y), marker in ((inner, "o"), (outer, "s")):
            fill = f"C{i}" if marker == "o" else "white"
            ax.plot(x, y, marker, ms=9, mew=2, mfc=fill, mec=f"C{i}")
            ink = "white" if marker == "o" else "black"
            ax.text(x, y, chr(65 + i), ha="center", va="center_baseline", size=6.5, color=ink)
    ax.set(xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), aspect="equal")
    ax.axis("off")


def draw_matrix(ax, p, labels):
    """Draw a matrix of probabilities, one row for each query."""
    ax.imshow(p, cmap="Blues", vmin=0, vmax=1.4)
    for i, j in np.ndindex(p.shape):
        ax.text(j, i, f"{p[i, j]:.2f}", ha="center", va="center", size=8)
    letters = [chr(65 + i) for i in range(len(p))]
    ax.set_xticks(range(len(p)), letters)
    ax.set_yticks(range(len(p)), [f"{a} {name}" for a, name in zip(letters, labels, strict=True)])
    ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    ax.grid(False)
