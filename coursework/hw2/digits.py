"""The question on learning digits: images drawn anew, and the accuracy on others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from coursework.grader.marking.compare import property_check
from coursework.grader.marking.recognize import says
from coursework.grader.model import Call, Limits, Misconception, Question
from coursework.hw2.missing_library import other_library
from coursework.hw2.reference import write_given
from softmax import load_mnist

NUM_CLASSES = 10
NUM_PIXELS = 784
# For all three trainings and for starting Python. A right answer needs a few seconds.
LIMITS = Limits(cpu_seconds=60, wall_seconds=90)

# How many images, the share of unseen ones that has to be read correctly, and the points. Over
# twelve seeds the solution reached 0.877, 0.892 and 0.901 on average, with standard deviations
# of at most 0.006, 0.0025 and 0.0026: each threshold lies more than seven of these lower.
STEPS = ((1000, 0.75, 8), (2000, 0.85, 8), (3000, 0.88, 9))

# What the notebook calls the data, which a function is not to use behind its arguments' back.
NOTEBOOK_NAMES = ("digits", "X_train", "t_train", "X_val", "t_val")


@dataclass(frozen=True)
class DigitsCall(Call):
    """A call with images of digits, in which the classes go by other numbers.

    Weights that were learned beforehand do not know these numbers. So they are harder to use,
    though not useless: a function can find out from `X` and `t` what each class is called.

    Attributes
    ----------
    names : tuple of int
        Digit d is called ``names[d]``. This is not sent to the child.
    """

    names: tuple[int, ...] = tuple(range(NUM_CLASSES))


@lru_cache(maxsize=1)
def load_images():
    """Return images to learn from and their digits, then images to keep back and theirs.

    Pixels are kept as bytes: a process that marks holds them all the time.
    """
    data = load_mnist()
    pixels = [_to_bytes(part) for part in (data.X_train, data.X_val, data.X_test)]
    learn = np.concatenate(pixels[:2]), np.concatenate([data.y_train, data.y_val])
    return *learn, pixels[2], data.y_test


def _to_bytes(X):
    return np.rint(255 * X).astype(np.uint8)


def _to_floats(pixels):
    return pixels.astype(np.float32) / np.float32(255)


def draw_images(number):
    """Return a function that draws the call of one training on so many images."""

    def make_calls(rng):
        pixels, digits, _, _ = load_images()
        names = rng.permutation(NUM_CLASSES)
        while np.any(names == np.arange(NUM_CLASSES)):
            names = rng.permutation(NUM_CLASSES)
        chosen = rng.choice(len(pixels), number, replace=False)
        args = (_to_floats(pixels[chosen]), names[digits[chosen]])
        return [DigitsCall("fit_digits", args, names=tuple(names.tolist()))]

    return make_calls


def find_fault(value):
    """Say in words why a value is not a pair of W and b; None where it is."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        return "two values were expected, W and b"
    shapes = (NUM_PIXELS, NUM_CLASSES), (NUM_CLASSES,)
    for name, came, shape in zip("Wb", value, shapes, strict=True):
        if not isinstance(came, np.ndarray) or came.dtype.kind not in "biuf":
            return f"{name} is not an array of real numbers"
        if came.shape != shape:
            return f"{name} has the shape {came.shape}, and {shape} was expected"
        if not np.all(np.isfinite(came)):
            return f"{name} holds NaN or infinity: the training has run away"
    return None


def predict(value, pixels):
    """Return the classes that W and b give to images."""
    W, b = (np.asarray(part, np.float64) for part in value)
    with np.errstate(all="ignore"):  # numbers near the largest may overflow
        return (_to_floats(pixels) @ W + b).argmax(axis=1)


def measure_accuracy(call, value):
    """Return the share of the images kept back to which W and b give the right class."""
    _, _, pixels, digits = load_images()
    return float(np.mean(predict(value, pixels) == np.array(call.names)[digits]))


def _reads(threshold):
    def holds(call, value):
        fault = find_fault(value)
        if fault:
            return fault
        accuracy = measure_accuracy(call, value)
        if accuracy >= threshold:
            return None
        return (
            f"of 10,000 images that were kept back, a share of {accuracy:.3f} is read correctly, "
            f"and {threshold} was asked for"
        )

    return holds


def _sees(recognize):
    """Return a detector: every training that ended shows the mistake, and one did end."""

    def seen(calls, outcomes):
        ended = [
            recognize(call, outcome.value)
            for call, outcome in zip(calls, outcomes, strict=True)
            if outcome.kind == "returned"
        ]
        return bool(ended) and all(ended)

    return seen


def _knows_beforehand(_, value):
    if find_fault(value):
        return False
    _, _, pixels, digits = load_images()
    return bool(np.mean(predict(value, pixels) == digits) > 0.5)


def _is_transposed(_, value):
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        return False
    return getattr(value[0], "shape", None) == (NUM_CLASSES, NUM_PIXELS)


def _ran_away(_, value):
    fault = find_fault(value)
    return bool(fault) and "NaN" in fault


def _stopped_early(call, value):
    """Return whether the images that it learned from are read hardly better than others."""
    if find_fault(value):
        return False
    X, t = call.args
    with np.errstate(all="ignore"):
        learned = np.mean((X @ np.asarray(value[0]) + value[1]).argmax(axis=1) == t)
    return bool(0.3 < learned < 0.9)


MISCONCEPTIONS = (
    Misconception(
        "notebook-variables",
        "The function uses the notebook's data, not its arguments",
        "fit_digits reads a variable such as X_train that only your notebook has. The function "
        "has to learn from X and t, whatever they are. Restart the kernel and run only the cells "
        "with your functions: then you see which names are missing.",
        "mnist.html#three-parts-three-jobs",
        says("fit_digits", *(f"name '{name}' is not defined" for name in NOTEBOOK_NAMES)),
    ),
    Misconception(
        "known-beforehand",
        "The classes do not come from t",
        "Your W and b answer with the usual numbers of the digits, whatever t calls them. So they "
        "were not learned from the arguments. Class numbers are nothing but names, which the "
        "labels give.",
        "softmax-regression.html#the-loss-by-fancy-indexing",
        _sees(_knows_beforehand),
    ),
    Misconception(
        "weights-transposed",
        "One class per row",
        "W came back with one class per row, as scikit-learn keeps it. Here, as in the book, each "
        "class has a column: scores are X @ W + b.",
        "notation.html#conventions",
        _sees(_is_transposed),
    ),
    Misconception(
        "ran-away",
        "The training has run away",
        "There are NaN or infinities among your weights. The learning rate may be far too large, "
        "or an exponential overflows.",
        "softmax-regression.html#fig-softmax-regression-rates",
        _sees(_ran_away),
    ),
    Misconception(
        "stopped-early",
        "The training stops too early",
        "Even of the images that it learned from, your classifier reads too few. It has not got "
        "there yet: take more epochs, smaller batches or a larger learning rate, and watch the "
        "losses.",
        "softmax-regression.html#what-each-setting-does",
        _sees(_stopped_early),
    ),
    other_library("fit_digits"),
)


def make_question(rules):
    """Return the question `fit_digits`; a variant changes only what is given to it."""
    checks = tuple(
        property_check(
            f"from {number:,} images, at least {threshold} of unseen ones are read correctly",
            points,
            draw_images(number),
            _reads(threshold),
        )
        for number, threshold, points in STEPS
    )
    return Question(
        "fit_digits",
        "Learn to read digits",
        "Find settings with which a training reaches a stated accuracy on images that were not "
        "used.",
        ("mnist", "softmax-regression"),
        checks,
        MISCONCEPTIONS,
        LIMITS,
        given=write_given(rules),
    )
