"""The next word of a language model: temperature, three cuts, and the text that comes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax._validation import real_array
from softmax.functional import softmax
from softmax.live._arguments import checked_number
from softmax.live._live_figure import LiveFigure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

# A word is rare if the model itself, at temperature 1, gives it less than `rare`. The
# challenge is to cut these and no others at the temperature `heat`. The figure shows the last
# words of its text, `memory` of them.
LIMITS: dict[str, Any] = {
    "words": 100,
    "logit": 100.0,
    "temperature": (0.01, 10.0),
    "top_p": (0.01, 1.0),
    "min_p": (0.0, 1.0),
    "rare": 0.01,
    "heat": 3,
    "memory": 40,
}
SHOWN = 16  # words in the picture


def sampling(
    logits: ArrayLike,
    vocabulary: Sequence[str],
    text: str,
    *,
    temperature: float = 1.0,
    seed: int = 0,
) -> LiveFigure:
    """Cut the distribution of a language model's next word, and let it write with what is left.

    The reader moves the temperature, top-k, the nucleus (top-p) and min-p, which are applied in
    this order, and sees which words each of them cuts. Words that are drawn continue the text.

    Parameters
    ----------
    logits : array_like of shape (K, K)
        Row i has the logits of the words that may follow word i, from -100 to 100, or -inf where
        a word never follows; 2 to 100 words.
    vocabulary : sequence of K str
        The words, all different.
    text : str
        The text at the start: words of the vocabulary with a space between them.
    temperature : float, default 1.0
        The temperature at the start, between 0.01 and 10.
    seed : int, default 0
        What the random numbers start from, from 0 to 2**32 - 1.

    Returns
    -------
    LiveFigure
        The figure; at the end of a cell it shows itself.

    Raises
    ------
    TypeError
        If `logits` does not hold real numbers, or has masked entries.
    ValueError
        If an argument is not as said above.

    See Also
    --------
    softmax.softmax : With `where`, the softmax of the words that a cut leaves.

    Examples
    --------
    >>> sampling([[0.0, 2.0], [1.0, -np.inf]], ["row", "boat"], "row row")
    <softmax.live: sampling the next word>
    """
    z = checked_rows(logits)
    vocabulary = [str(word) for word in vocabulary]
    if not len(z) == len(vocabulary) == len(set(vocabulary)):
        raise ValueError(
            f"`vocabulary` must have {len(z)} different words, one for each row of `logits`, "
            f"got {len(vocabulary)} with {len(set(vocabulary))} different ones."
        )
    unknown = sorted(set(text.split()) - set(vocabulary))
    if unknown or not text.split():
        raise ValueError(f"`text` must be words of the vocabulary, got {unknown or repr(text)}.")
    said = [vocabulary.index(word) for word in text.split()]
    temperature = checked_number("temperature", temperature, *LIMITS["temperature"])
    if seed % 1 or not 0 <= seed < 2**32:
        raise ValueError(f"`seed` must be an integer from 0 to 2**32 - 1, got {seed!r}.")

    p = softmax(z[said[-1]], temperature=temperature)
    order = np.argsort(-z[said[-1]], kind="stable")[:SHOWN]

    def draw(figure):
        ax = figure.subplots()
        ax.bar(range(len(order)), p[order], color="C1", width=0.7)
        ax.set_xticks(range(len(order)), [vocabulary[i] for i in order], rotation=60, ha="right")
        ax.grid(axis="x", visible=False)
        ax.set(title=f"after “{vocabulary[said[-1]]}”", ylabel="probability")

    best = ", ".join(f"{vocabulary[i]} {p[i]:.3f}" for i in order[:3])
    values, codes = np.unique(z, return_inverse=True)
    start = {
        # Each different logit once: there are few, since many pairs of words are equally rare.
        "values": [float(x) if np.isfinite(x) else None for x in values],
        "codes": codes.reshape(z.shape).tolist(),
        "vocabulary": vocabulary,
        "text": said[-LIMITS["memory"] :],
        "temperature": temperature,
        "seed": int(seed),
        "challenge": min_p_can_tell_rare_words(z),
    }
    return LiveFigure(
        "sampling",
        start,
        title="sampling the next word",
        limits=LIMITS,
        draw=draw,
        alt=(
            f"A bar chart of the words that may follow “{vocabulary[said[-1]]}” at temperature "
            f"{temperature:g}. The most probable are {best}."
        ),
    )


def checked_rows(logits):
    """Return `logits` as a square array of floats with a finite number in each row."""
    z = real_array(logits, "logits", masked="To exclude a word, give it -inf.").astype(float)
    if z.ndim != 2 or z.shape[0] != z.shape[1] or not 2 <= len(z) <= LIMITS["words"]:
        raise ValueError(
            "`logits` must be a square matrix with a row for each of 2 to "
            f"{LIMITS['words']} words, got shape {z.shape}."
        )
    largest = LIMITS["logit"]
    if not ((np.abs(z) <= largest) | np.isneginf(z)).all():  # NaN is refused too
        raise ValueError(f"`logits` must hold -inf or numbers from -{largest:g} to {largest:g}.")
    if np.isneginf(z).all(axis=1).any():
        raise ValueError("`logits` must have a finite number in each row.")
    return z


def min_p_can_tell_rare_words(z):
    """Return whether there are rare words, and one min-p cuts them and no others at `heat`."""
    rare = softmax(z) < LIMITS["rare"]
    tempered = softmax(z, temperature=LIMITS["heat"])
    ratio = tempered / tempered.max(axis=1, keepdims=True)
    return bool((rare & np.isfinite(z)).any() and ratio[rare].max() < ratio[~rare].min())
