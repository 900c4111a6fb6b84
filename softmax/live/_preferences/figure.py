"""Choices between two answers, the scores that they become, and the policy that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax._validation import real_array
from softmax.functional import sigmoid, softmax
from softmax.live._arguments import checked_number
from softmax.live._live_figure import LiveFigure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

# The penalty on the squares of the scores keeps them finite. The challenge asks for `goal`, the
# probability that one answer is preferred to another with which it was never compared.
LIMITS: dict[str, Any] = {
    "answers": 6,
    "comparisons": 60,
    "beta": (0.1, 10.0),
    "penalty": 0.5,
    "goal": 0.9,
}
NEWTON_STEPS = 30


def preferences(
    answers: Sequence[str],
    reference: ArrayLike,
    *,
    question: str = "Which answer is better?",
    comparisons: Sequence[tuple[int, int]] = (),
    beta: float = 1.0,
) -> LiveFigure:
    """Choose the better of two answers, and see the scores and the policy that follow.

    The choices are fitted by a Bradley-Terry model with a small penalty. Its scores are the
    reward of the best policy, for which a nat of divergence from the reference costs `beta`.

    Parameters
    ----------
    answers : sequence of K str
        The answers, 2 to 6 different ones.
    reference : array_like of shape (K,)
        The positive probabilities of the reference model. They must sum to 1.
    question : str, default "Which answer is better?"
        What is written above the two answers.
    comparisons : sequence of pairs of int, optional
        Choices that were already made: the index of the better answer, then of the other one.
        At most 60.
    beta : float, default 1.0
        The price of the divergence at the start, between 0.1 and 10.

    Returns
    -------
    LiveFigure
        The figure; at the end of a cell it shows itself.

    Raises
    ------
    TypeError
        If `reference` does not hold real numbers, or has masked entries.
    ValueError
        If an argument is not as said above.

    See Also
    --------
    sampling : Draws from a distribution, and cuts it.

    Examples
    --------
    >>> preferences(["yes", "no"], [0.9, 0.1], comparisons=[(1, 0)])
    <softmax.live: comparisons, scores and a policy>
    """
    answers = checked_answers(answers)
    pi_ref = checked_distribution(reference, len(answers))
    pairs = checked_comparisons(comparisons, len(answers))
    beta = checked_number("beta", beta, *LIMITS["beta"])
    scores = fit_scores(pairs, len(answers))
    pi = softmax(np.log(pi_ref) + scores / beta)

    def draw(figure):
        left, right = figure.subplots(1, 2, sharey=True)
        rows = np.arange(len(answers))
        left.barh(rows, scores, color="C0")
        left.set_yticks(rows, answers)
        left.invert_yaxis()
        left.set(title="score")
        left.locator_params(axis="x", nbins=3)
        right.barh(rows - 0.2, pi_ref, 0.4, color="0.7", label="reference")
        right.barh(rows + 0.2, pi, 0.4, color="C1", label="new policy")
        right.set(title="probability")
        keys = right.get_legend_handles_labels()
        figure.legend(*keys, loc="outside lower center", ncols=2)

    count = "1 comparison" if len(pairs) == 1 else f"{len(pairs)} comparisons"
    listed = ", ".join(
        f"“{name}” from {old:.2f} to {new:.2f}"
        for name, old, new in zip(answers, pi_ref, pi, strict=True)
    )
    return LiveFigure(
        "preferences",
        {
            "question": str(question),
            "answers": answers,
            "reference": pi_ref.tolist(),
            "comparisons": pairs,
            "beta": beta,
            "challenge": challenge(pi_ref),
        },
        title="comparisons, scores and a policy",
        limits=LIMITS,
        draw=draw,
        alt=(
            f"Left, the scores of {len(answers)} answers, fitted to {count}. Right, "
            f"their probabilities in the reference and in the best policy for a beta of {beta:g}: "
            f"{listed}."
        ),
    )


def checked_answers(answers):
    """Return the answers as a list of different strings."""
    answers = [answers] if isinstance(answers, str) else [str(answer) for answer in answers]
    if not 2 <= len(answers) <= LIMITS["answers"] or len(set(answers)) < len(answers):
        raise ValueError(
            f"`answers` must be 2 to {LIMITS['answers']} different strings, got {answers}."
        )
    return answers


def checked_distribution(reference, count):
    """Return `reference` as an array of `count` positive numbers with the sum 1."""
    p = real_array(reference, "reference", masked="Leave out these answers.").astype(float)
    if p.shape != (count,) or not (p > 0).all() or not np.isclose(p.sum(), 1):
        raise ValueError(
            f"`reference` must hold {count} positive probabilities with the sum 1, "
            f"got {p.tolist()}."
        )
    return p / p.sum()


def checked_comparisons(comparisons, count):
    """Return the comparisons as a list of pairs [better, other] of indices."""
    pairs = [np.ravel(pair).tolist() for pair in comparisons]
    if len(pairs) > LIMITS["comparisons"]:
        raise ValueError(
            f"`comparisons` must hold at most {LIMITS['comparisons']} pairs, got {len(pairs)}."
        )
    for pair in pairs:
        if len(set(pair)) != 2 or len(pair) != 2 or not set(pair) <= set(range(count)):
            raise ValueError(
                "`comparisons` must hold pairs of two different indices from 0 to "
                f"{count - 1}, got {tuple(pair)}."
            )
    return [[int(better), int(other)] for better, other in pairs]


def challenge(pi_ref):
    """Return the rarest and the most frequent answer, or None if no third one connects them."""
    if len(pi_ref) < 3:
        return None
    order = np.argsort(pi_ref, kind="stable")
    return [int(order[0]), int(order[-1])]


def fit_scores(pairs, count):
    """Return the penalized Bradley-Terry scores, by Newton's method."""
    wins = np.zeros((count, count))
    for better, other in pairs:
        wins[better, other] += 1
    games, scores = wins + wins.T, np.zeros(count)
    for _ in range(NEWTON_STEPS):
        p = sigmoid(scores[:, None] - scores)
        gradient = (wins - games * p).sum(axis=1) - LIMITS["penalty"] * scores
        weights = games * p * (1 - p)
        curvature = np.diag(weights.sum(axis=1) + LIMITS["penalty"]) - weights
        scores = scores + np.linalg.solve(curvature, gradient)
    return scores
