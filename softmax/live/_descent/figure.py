"""Gradient descent on two losses from the same confident mistake: one of them stalls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax.functional import softmax, softmax_vjp
from softmax.live._arguments import checked_labels, checked_number
from softmax.live._live_figure import LiveFigure
from softmax.losses import cross_entropy_grad

if TYPE_CHECKING:
    from collections.abc import Sequence

# `steps` is the longest run, `goal` the probability that ends it, `challenge` the number of steps
# that squared error shall need.
LIMITS: dict[str, Any] = {
    "lead": (0.0, 10.0),
    "rate": (0.1, 10.0),
    "steps": 5_000,
    "goal": 0.9,
    "challenge": 3_000,
}
TARGET = np.array([0.0, 1.0, 0.0])


def descent(
    lead: float = 8.0, labels: Sequence[str] | None = None, *, rate: float = 1.0
) -> LiveFigure:
    """Let two balls roll down cross-entropy and squared error, and see which one stalls.

    Both begin at the logits ``(lead, 0, 0)``, where the second class is true, and move by gradient
    descent on the logits. Squared error is half the sum of the squared differences of the
    probabilities and the one-hot target.

    Parameters
    ----------
    lead : float, default 8.0
        How far the logit of the first class leads at the start, between 0 and 10.
    labels : sequence of 3 str, optional
        Names of the classes. By default "class 1" to "class 3".
    rate : float, default 1.0
        The learning rate at the start, between 0.1 and 10.

    Returns
    -------
    LiveFigure
        The figure; at the end of a cell it shows itself.

    Raises
    ------
    ValueError
        If an argument is not as said above.

    See Also
    --------
    gradient : The gradient of either loss, and the Jacobian that makes one of them fade.
    softmax.cross_entropy_grad : The gradient of cross-entropy.

    Examples
    --------
    >>> descent(8, ["seal", "panda", "duck"])
    <softmax.live: descent on two losses>
    """
    lead = checked_number("lead", lead, *LIMITS["lead"])
    labels = checked_labels(labels, len(TARGET))
    rate = checked_number("rate", rate, *LIMITS["rate"])
    gradients = {"cross-entropy": cross_entropy_gradient, "squared error": squared_error_gradient}
    runs = {name: descend(slope, lead, rate) for name, slope in gradients.items()}

    def draw(figure):
        left, right = figure.subplots(1, 2)
        draw_hills(left, lead)
        draw_runs(right, runs, labels[1])

    counts = ", ".join(f"{name} {count(path)}" for name, path in runs.items())
    return LiveFigure(
        "descent",
        {"lead": lead, "labels": labels, "rate": rate},
        title="descent on two losses",
        limits=LIMITS,
        draw=draw,
        alt=(
            "Left, cross-entropy is a ramp and squared error a plateau with a cliff, and a ball is "
            f"on each. Right, the probability of {labels[1]} over the steps of gradient descent. "
            f"Steps until it exceeds {LIMITS['goal']}: {counts}."
        ),
    )


def cross_entropy_gradient(z):
    return cross_entropy_grad(z, TARGET)


def squared_error_gradient(z):
    p = softmax(z)
    return softmax_vjp(p, p - TARGET)


def descend(gradient, lead, rate):
    """Return p of the true class before each step, until it exceeds the goal or steps run out."""
    z = np.array([lead, 0.0, 0.0])
    path = [softmax(z)[1]]
    while path[-1] <= LIMITS["goal"] and len(path) <= LIMITS["steps"]:
        z = z - rate * gradient(z)
        path.append(softmax(z)[1])
    return path


def count(path):
    """Return the number of steps of a run, as text."""
    return f"{len(path) - 1:,}" if path[-1] > LIMITS["goal"] else f"more than {LIMITS['steps']:,}"


def draw_hills(ax, lead):
    """Draw both losses against the log-odds of the true class, each as a share of its height."""
    low, high = -LIMITS["lead"][1], 8
    odds = np.exp(np.linspace(low, high, 200))
    start = -np.log(np.exp(lead) + 1)
    for loss, style in [(lambda p: np.log(p) / low, "-"), (lambda p: (1 - p) ** 2, "--")]:
        (line,) = ax.plot(np.log(odds), loss(odds / (1 + odds)), style)
        ax.plot(start, loss(1 / (1 + np.exp(-start))), "o", ms=9, color=line.get_color())
    ax.set(xlabel="log-odds of the true class", ylabel="loss, as a share", yticks=[0, 1])


def draw_runs(ax, runs, name):
    """Draw the probability of the true class over the steps."""
    for (loss, path), style in zip(runs.items(), ("-", "--"), strict=True):
        ax.plot(np.arange(1, len(path)), path[1:], style, label=loss)
    ax.set(xlabel="steps", ylabel=f"p of {name}", xscale="log", yticks=[0, 0.5, 0.9])
    ax.legend(loc="upper left")
