"""A race of noisy logits: who wins how often, and the winner softened until it has a slope."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax.functional import softmax
from softmax.live._arguments import checked_labels, checked_logits, checked_number
from softmax.live._live_figure import LiveFigure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

# The challenge: after `draws` draws or more, no share is farther than `goal` from its probability.
LIMITS: dict[str, Any] = {
    "classes": 5,
    "logit": 4.0,
    "tau": (0.05, 5.0),
    "seed": 2**32 - 1,
    "goal": 0.02,
    "draws": 500,
}


def gumbel(
    z: ArrayLike,
    labels: Sequence[str] | None = None,
    *,
    tau: float = 1.0,
    seed: int = 0,
) -> LiveFigure:
    """Add Gumbel noise to logits, see which is the largest, and soften the winner.

    Each draw adds fresh noise to the logits. The figure counts how often each class wins, beside
    its softmax probability, and shows the relaxed sample, softmax((z + G) / tau), of the last draw.

    Parameters
    ----------
    z : array_like of shape (K,)
        The logits at the start, 2 to 5 of them, between -4 and 4.
    labels : sequence of K str, optional
        Names of the classes. By default "class 1" to "class K".
    tau : float, default 1.0
        The temperature of the relaxed sample at the start, between 0.05 and 5.
    seed : int, default 0
        Where the sequence of random numbers begins, from 0 to 2**32 - 1.

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
    sampling : Draws by the cumulative sums instead.

    Examples
    --------
    >>> gumbel([0.25, 1.23, -0.8], ["seal", "panda", "duck"])
    <softmax.live: a choice by Gumbel noise>
    """
    z = checked_logits(z, least=2, most=LIMITS["classes"], largest=LIMITS["logit"])
    labels = checked_labels(labels, len(z))
    tau = checked_number("tau", tau, *LIMITS["tau"])
    if not (isinstance(seed, Integral) and 0 <= seed <= LIMITS["seed"]):
        raise ValueError(f"`seed` must be an integer from 0 to {LIMITS['seed']}, got {seed!r}.")
    noisy = z + gumbel_noise(int(seed), len(z))
    p, relaxed = softmax(z), softmax(noisy, temperature=tau)
    winner = labels[noisy.argmax()]

    def draw(figure):
        left, right = figure.subplots(1, 2, sharey=True)
        rows = np.arange(len(z))
        left.barh(rows, z, color="C0", label="logit")
        left.barh(rows, noisy - z, left=z, height=0.3, color="C1", hatch="//", label="noise")
        left.plot(noisy, rows, "k.")
        left.set_yticks(rows, labels)
        left.invert_yaxis()
        left.legend()
        right.barh(rows - 0.2, p, 0.4, color="0.7", label="softmax")
        right.barh(rows + 0.2, relaxed, 0.4, color="C2", label="relaxed sample")
        right.set_xlim(0, 1)
        right.legend()

    sums = ", ".join(f"{name} {x:.2f}" for name, x in zip(labels, noisy, strict=True))
    shares = ", ".join(f"{name} {x:.3f}" for name, x in zip(labels, relaxed, strict=True))
    return LiveFigure(
        "gumbel",
        {"z": z.tolist(), "labels": labels, "tau": tau, "seed": int(seed)},
        title="a choice by Gumbel noise",
        limits=LIMITS,
        draw=draw,
        alt=(
            f"Left, logits with Gumbel noise: {sums}. The largest is {winner}. "
            f"Right, beside softmax, the relaxed sample at a tau of {tau:g}: {shares}."
        ),
    )


def gumbel_noise(seed, count):
    """Return the `count` Gumbel numbers that follow `seed` in the figure's own sequence."""
    noise = []
    for _ in range(count):
        seed = (1664525 * seed + 1013904223) % 2**32
        noise.append(-np.log(-np.log((seed + 0.5) / 2**32)))
    return np.array(noise)
