"""The question on what single pixels contribute: what is drawn and asked, what goes wrong."""

from __future__ import annotations

import numpy as np

from coursework.grader.marking.compare import difference, property_check, unchanged
from coursework.grader.marking.recognize import changes_input, explains
from coursework.grader.model import Call, Misconception, Question
from coursework.hw2.missing_library import other_library
from coursework.hw2.reference import WRONG_EVIDENCE, right_evidence

NAME = "evidence"


def draw_images(rng):
    """Draw calls in which the largest weight is at a black pixel."""
    calls = []
    for D, K in ((9, 4), (6, 3)):
        x, W = rng.uniform(0.1, 1, size=D), rng.normal(size=(D, K))
        j, k = (int(i) for i in rng.choice(K, 2, replace=False))
        black, against = rng.choice(D, 2, replace=False)
        x[black], W[black, j], W[black, k] = 0, 9, -9
        x[against], W[against, j], W[against, k] = 1, -5, 5  # larger in size than all others
        calls.append(Call(NAME, (x, W, j, k)))
    return calls


def draw_shifted(rng):
    """Draw a call, and the same with one picture added to all templates."""
    x, W, j, k = draw_images(rng)[0].args
    picture = 3 * rng.normal(size=(len(x), 1))
    return [Call(NAME, (x, W, j, k)), Call(NAME, (x.astype(np.float32), W + picture, j, k))]


def _part_matches(title, points, make_calls, part, name):
    def holds(call, value):
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            return "two values were expected: the terms and the index of a pixel"
        if part == 1 and np.asarray(value[1]).dtype.kind not in "iu":
            return "the index of a pixel should be an integer"
        found = difference(value[part], right_evidence(*call.args)[part], rtol=1e-6, atol=1e-9)
        return found and f"{name}: {found}"

    return property_check(title, points, make_calls, holds)


# Name, title, text and link; the detectors are those of WRONG_EVIDENCE.
MISTAKES = (
    (
        "weight-alone",
        "The weight in place of the contribution",
        "A large weight at a black pixel adds nothing. What counts is the weight times the pixel.",
        "inside-the-classifier.html#a-bright-pixel-is-not-an-important-pixel",
    ),
    (
        "one-template",
        "One template alone",
        "Your terms are those of class j only. A pixel that raises the score of k just as much "
        "does not speak for j rather than k: take the difference.",
        "inside-the-classifier.html#templates-are-known-only-up-to-a-common-picture",
    ),
    (
        "reversed",
        "The wrong way round",
        "Your terms speak for k rather than j. The lead of j over k is the score of j minus that "
        "of k.",
        "inside-the-classifier.html#equation-eq-contribution",
    ),
    (
        "largest-size",
        "The largest in size, whatever its sign",
        "The pixel with the largest absolute value may speak against j. Asked is the one that "
        "speaks most for it.",
        "inside-the-classifier.html#equation-eq-contribution",
    ),
)


def make_question():
    """Return the question `evidence`; it is the same in all variants."""
    checks = (
        _part_matches("the term of each pixel", 4, draw_images, 0, "the terms"),
        _part_matches("the pixel that speaks most for j", 3, draw_images, 1, "the pixel"),
        _part_matches("a picture added to all templates", 2, draw_shifted, 0, "the terms"),
        unchanged("the arguments stay as they were", 1, draw_images),
    )
    mistakes = [Misconception(*words, _explained(WRONG_EVIDENCE[words[0]])) for words in MISTAKES]
    changes = Misconception(
        "changes-input",
        "The function changes its arguments",
        "After the call, x or W was different. Make a new array in place of writing into theirs.",
        "stability.html#leave-your-callers-array-alone",
        changes_input(NAME),
    )
    return Question(
        NAME,
        "Evidence, pixel by pixel",
        "Say which pixels of an image spoke for one class rather than another.",
        ("inside-the-classifier",),
        checks,
        (*mistakes, changes, other_library(NAME)),
    )


def _explained(models):
    found = [explains(NAME, model, right_evidence) for model in models]
    return lambda calls, outcomes: any(seen(calls, outcomes) for seen in found)
