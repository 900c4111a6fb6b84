"""Cross-entropy in chunks of the vocabulary: one chunk of logits at a time, two running numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax.functional import logsumexp
from softmax.live._arguments import checked_labels, checked_logits, checked_target
from softmax.live._live_figure import LiveFigure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

LIMITS: dict[str, Any] = {"words": (4, 32), "logit": 5.0}


def vocabulary(
    z: ArrayLike, target: int, labels: Sequence[str] | None = None, *, chunk: int = 6
) -> LiveFigure:
    """Compute a loss and its gradient in chunks of the vocabulary, and count what is held.

    The reader moves through the chunks. In a first pass a running maximum and a running sum
    collect the log-sum-exp. In a second pass the logits of each chunk are computed again, and
    their gradient is formed. Logits can be dragged, and the size of the chunks can be chosen.

    Parameters
    ----------
    z : array_like of shape (K,)
        Logits of 4 to 32 words, from -5 to 5.
    target : int
        Index of the word that came.
    labels : sequence of K str, optional
        The words. By default "word 1" to "word K".
    chunk : int, default 6
        Number of words in a chunk at the start, from 1 to K.

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
    softmax.online_logsumexp : The same running numbers, for pieces of any length.
    softmax.cross_entropy_grad : The gradient at once.

    Examples
    --------
    >>> vocabulary([2.0, 1.0, 0.0, 0.5], 3, ["the", "a", "seal", "duck"], chunk=2)
    <softmax.live: a loss in chunks>
    """
    least, most = LIMITS["words"]
    z = checked_logits(z, least=least, most=most, largest=LIMITS["logit"])
    target = checked_target(target, len(z))
    labels = checked_labels(labels, len(z), each="word")
    if chunk not in range(1, len(z) + 1):
        raise ValueError(f"`chunk` must be an integer from 1 to {len(z)}, got {chunk!r}.")
    chunk = int(chunk)
    maxima = [z[:stop].max() for stop in range(chunk, len(z) + chunk, chunk)]

    def draw(figure):
        ax = figure.subplots()
        places = np.arange(len(z))
        ax.bar(places, z, width=0.7, color=[f"C{k // chunk % 2}" for k in places])
        for k, m in enumerate(maxima):
            ends = [k * chunk - 0.5, min((k + 1) * chunk, len(z)) - 0.5]
            ax.plot(ends, [m, m], color="black", label="running maximum" if k == 0 else None)
        ax.set_xticks(places, labels, rotation=90)
        ax.grid(axis="x", visible=False)
        ax.set(title=f"chunks of {chunk}", ylabel="logit")
        ax.legend()

    total = logsumexp(z)
    return LiveFigure(
        "vocabulary",
        {"z": z.tolist(), "target": target, "labels": labels, "chunk": chunk},
        title="a loss in chunks",
        limits=LIMITS,
        draw=draw,
        alt=(
            f"The logits of {len(z)} words as bars, in chunks of {chunk}, below the largest logit "
            f"so far. The log-sum-exp of all is {total:.3f}, so the loss of {labels[target]} is "
            f"{total - z[target]:.3f}."
        ),
    )
