"""The second assignment, the classifier: its variants and its questions."""

from __future__ import annotations

import numpy as np

from coursework.grader.model import Assignment, Question
from coursework.hw2 import digits, evidence, gradients, training
from coursework.hw2.reference import MOMENTUM, Rules, make_trainer

# How the penalty is written: alpha/2 or alpha times the sum of squares. And how a step is made.
PARAMETERS = {"penalty": ("half", "full"), "update": ("sgd", "momentum")}


def make_assignment(**parameters):
    """Return the assignment in a variant; for the parameters see `PARAMETERS`."""
    rules = Rules(**parameters)
    questions = (
        gradients.make_question(rules),
        training.make_question(rules),
        digits.make_question(rules),
        evidence.make_question(),
        Question(
            "templates",
            "Two sets of templates",
            "Say what a picture of weights does and does not tell.",
            ("inside-the-classifier",),
            manual_points=10,
        ),
    )
    return Assignment(
        "hw2",
        "Homework 2: the classifier",
        questions,
        parameters={"penalty": rules.penalty, "update": rules.update},
    )


def template_values(**parameters):
    """Return what a variant fills into the master, by name."""
    rules = Rules(**parameters)
    half = rules.penalty == "half"
    charge = "alpha / 2 * np.sum(W**2)" if half else "alpha * np.sum(W**2)"
    formula = r"\frac{\alpha}{2} \lVert W \rVert^2" if half else r"\alpha \lVert W \rVert^2"
    return {
        "penalty_formula": formula,
        "penalty_words": "alpha/2" if half else "alpha",
        "penalty_code": charge,
        "pull_code": "alpha * W" if half else "2 * alpha * W",
        "factor": rules.factor,
        "momentum": rules.update == "momentum",
        "beta": MOMENTUM,
        # With momentum the steps grow to ten times their length.
        "digits_rate": 0.01 if rules.update == "momentum" else 0.1,
        "digits_alpha": 0.001,
        **_example_values(rules),
    }


def _example_values(rules):
    """Return the expected results of the example that the notebook's own check trains."""
    X = np.array([[0.0, 1], [1, 0], [1, 1], [-1, 2], [2, -1]])
    t = np.array([0, 1, 2, 0, 1])
    train = make_trainer(rules)
    full = train(X, t, 3, 0.5, 3, 5, 0.1, 0)
    even = train(X[:4], t[:4], 3, 0.5, 3, 2, 0.1, 4)
    mini = train(X, t, 3, 0.5, 3, 2, 0.1, 4)
    trained = {"full": full, "even": even, "mini": mini}
    return {
        f"{name}_{part}": np.round(value, 6).tolist()
        for name, values in trained.items()
        for part, value in zip(("W", "b", "losses"), values, strict=True)
    }
