"""The mistake that every question of this assignment shares: a library that is not there."""

from __future__ import annotations

from coursework.grader.marking.recognize import says
from coursework.grader.model import Misconception

# What people import. Not names such as logsumexp, which may be a function of their own.
NAMES = ("scipy", "sklearn", "torch", "sm", "tqdm", "trange", "pd")


def other_library(function):
    """Return the misconception of a function that needs more than NumPy and Matplotlib."""
    undefined = (f"name '{name}' is not defined" for name in NAMES)
    return Misconception(
        "other-library",
        "A library that is not there",
        "Your function needs something from another library, and none but NumPy and Matplotlib is "
        "there when your work is marked. Write it with these, and leave progress bars out.",
        "softmax-regression.html#the-training-loop",
        says(function, "No module named", *undefined),
    )
