"""The questions of homework 1 and their checks; the mistakes are in ``misconceptions.py``.

Points are split by what a mistake breaks, so that a naive softmax keeps everything but the
points of the large logits.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from coursework.grader.marking.compare import difference, matches, property_check, unchanged
from coursework.grader.model import Assignment, Call, Function, Question
from coursework.hw1 import inputs, misconceptions
from coursework.hw1.reference import BASES, central_differences

PARAMETERS = {"base": ("e", "2")}

CLOSE = {"rtol": 1e-9, "atol": 1e-9}
# A small constant inside the logarithm costs the points of the large losses, and no others.
CLOSE_LOG = {"rtol": 1e-4, "atol": 1e-4}
CLOSE_SINGLE = {"rtol": 1e-5, "atol": 1e-6}  # some float32 roundings
CLOSE_SLOPE = {"rtol": 1e-7, "atol": 1e-6}  # forward differences are off by 3e-5 or more

BASE_NOTES = {
    "e": "Powers are powers of $e$, and $\\log$ is the natural logarithm, `np.log`. "
    "Losses are therefore in nats.",
    "2": "**In this homework powers are powers of 2**, `np.exp2`, and logarithms have the base 2, "
    "`np.log2`. Losses are therefore in bits. The book uses $e$ throughout, so its formulas "
    "and its code need a second thought before you use them here.",
}
GRADIENT_NOTES = {
    "e": "",
    "2": " In base 2, the power and the logarithm each bring a factor to the slope, and the two "
    "cancel: the formula is that of the book.",
}


def template_values(*, base):
    """Return what the master's placeholders stand for in a variant."""
    natural = base == "e"
    return {
        "base": base,
        "exp": "exp" if natural else "exp2",
        "log": "log" if natural else "log2",
        "log_tex": r"\log" if natural else r"\log_2",
        "unit": "nats" if natural else "bits",
        "base_note": BASE_NOTES[base],
        "gradient_note": GRADIENT_NOTES[base],
    }


def make_assignment(*, base):
    """Return homework 1 with powers and logarithms of `base`, "e" or "2"."""
    chosen = BASES[base]
    return Assignment(
        name="hw1",
        title="Homework 1: the functions",
        questions=(
            _softmax(chosen),
            _log_softmax(chosen),
            _cross_entropy(chosen),
            _numerical_gradient(),
            _cross_entropy_grad(chosen),
        ),
        parameters={"base": base},
    )


def _calls(function, make_arrays, **kwargs):
    """Return a maker of calls: one for each array that `make_arrays` draws."""
    return lambda rng: [Call(function, (z,), kwargs) for z in make_arrays(rng)]


def _calls_with_labels(function, make_batches):
    """Return a maker of calls: one for each pair of logits and labels."""
    return lambda rng: [Call(function, batch) for batch in make_batches(rng)]


def _untouched(title, points, make_calls, shape):
    """Return a check that arguments stay as they were, and that something came back.

    `shape` gives the shape of a result from the arguments.
    """
    kept = unchanged(title, points, make_calls)

    def holds(call, value):
        value = np.asarray(value)
        if value.dtype.kind not in "iuf" or value.shape != shape(*call.args):
            return f"no numbers of shape {shape(*call.args)} came back"
        return None

    sound = property_check(title, points, make_calls, holds)
    return replace(kept, judge=lambda *both: sound.judge(*both) or kept.judge(*both))


# --- softmax and its logarithm --------------------------------------------------------------------


def _along_axes(function):
    def make(rng):
        z = inputs.logits(rng, inputs.draw_shape(rng, 3))
        return [Call(function, (z,), {"axis": axis}) for axis in (0, 1, -2, -3, 2)]

    return make


def _columns(rng):
    return [inputs.logits(rng), inputs.logits(rng, (4, 4))]


def _sums_to_one(probabilities):
    def holds(call, value):
        if np.shape(value) != call.args[0].shape:
            return f"the shape is {np.shape(value)}, and {call.args[0].shape} was expected"
        sums = np.sum(probabilities(np.asarray(value)), axis=call.kwargs.get("axis", -1))
        found = difference(sums, np.ones(np.shape(sums)), **CLOSE)
        return found and f"the probabilities of each slice have to sum to 1: of the sums, {found}"

    return holds


def _softmax(base):
    name = "softmax"

    def check(title, points, make, dtype=None, tolerance=CLOSE, **kwargs):
        calls = _calls(name, make, **kwargs)
        return matches(title, points, calls, base.softmax, dtype=dtype, **tolerance)

    checks = (
        check("right values, row by row", 4, inputs.rows),
        check("a single vector", 2, lambda rng: [inputs.logits(rng, (6,))]),
        check("along the columns, axis=0", 2, _columns, axis=0),
        matches(
            "along any of three axes, also counted from the end",
            3,
            _along_axes(name),
            base.softmax,
            **CLOSE,
        ),
        check("logits near 2000 and near -2000", 3, inputs.high_and_low),
        check("rows near 2000, 0 and -2000 in one batch", 2, inputs.mixed_heights),
        check("a shift of a whole row changes nothing", 1, inputs.shifted),
        property_check(
            "the probabilities sum to 1", 1, _calls(name, inputs.rows), _sums_to_one(lambda p: p)
        ),
        check("float32 stays float32", 2, inputs.singles, "float32", CLOSE_SINGLE),
        check("integers give float64", 1, inputs.integers, "float64"),
        check("short integers do not wrap around", 1, inputs.short_integers, "float64"),
        check("a large batch", 1, inputs.large),
        check("a batch of one, and one class only", 1, inputs.few),
        _untouched("the input is not changed", 1, _calls(name, inputs.rows), np.shape),
    )
    return Question(
        name=name,
        title="Softmax along an axis",
        objective="turn logits into probabilities along any axis, without overflow",
        chapters=("definition", "stability"),
        checks=checks,
        misconceptions=misconceptions.of_softmax(base),
    )


def _log_softmax(base):
    name = "log_softmax"

    def check(title, points, make, dtype=None, tolerance=CLOSE_LOG, **kwargs):
        calls = _calls(name, make, **kwargs)
        return matches(title, points, calls, base.log_softmax, dtype=dtype, **tolerance)

    checks = (
        check("right values, row by row", 4, lambda rng: inputs.rows(rng) + inputs.few(rng)),
        check("along the columns, axis=0", 1, _columns, axis=0),
        matches(
            "along any of three axes, also counted from the end",
            2,
            _along_axes(name),
            base.log_softmax,
            **CLOSE_LOG,
        ),
        check("logits near 2000 and near -2000", 3, inputs.high_and_low),
        check("rows near 2000, 0 and -2000 in one batch", 1, inputs.mixed_heights),
        check("a logit 2000 below the largest", 4, inputs.far),
        check("equal logits beyond 10**16", 1, inputs.huge),
        property_check(
            "the probabilities sum to 1", 1, _calls(name, inputs.rows), _sums_to_one(base.exp)
        ),
        check("float32 stays float32", 1, inputs.singles, "float32"),
        check("integers give float64", 1, inputs.integers, "float64"),
        _untouched("the input is not changed", 1, _calls(name, inputs.rows), np.shape),
    )
    return Question(
        name=name,
        title="The logarithm of softmax",
        objective="compute log-probabilities that stay finite where the probability rounds to zero",
        chapters=("stability",),
        checks=checks,
        misconceptions=misconceptions.of_log_softmax(base),
    )


# --- the loss and its gradient --------------------------------------------------------------------


def _cross_entropy(base):
    name = "cross_entropy"

    def check(title, points, make):
        return matches(
            title, points, _calls_with_labels(name, make), base.cross_entropy, **CLOSE_LOG
        )

    checks = (
        check("the mean of a batch", 4, inputs.batches),
        check("a batch of one", 2, inputs.single_rows),
        check("logits near 2000 and near -2000", 3, inputs.high_and_low_rows),
        check("rows near 2000, 0 and -2000 in one batch", 1, inputs.mixed_batch),
        check("certain and wrong: large, but finite", 3, inputs.certain_and_wrong),
        check("no loss where certain and right, some where in doubt", 1, inputs.certain_and_right),
        check("equal logits: the logarithm of the number of classes", 1, inputs.equal_logits),
        check("a large batch", 2, inputs.large_batch),
        check("labels of other integer types", 2, inputs.label_types),
        _untouched(
            "logits and labels are not changed",
            1,
            _calls_with_labels(name, inputs.batches),
            lambda *_: (),
        ),
    )
    return Question(
        name=name,
        title="The cross-entropy loss from logits",
        objective="compute the mean loss of a batch straight from the logits",
        chapters=("cross-entropy",),
        checks=checks,
        misconceptions=misconceptions.of_cross_entropy(base),
    )


def _pushes(call, value):
    """Say what is wrong with the sums and signs of a gradient's rows."""
    logits, labels = call.args
    value = np.asarray(value)
    if value.shape != logits.shape:
        return f"the shape is {value.shape}, and {logits.shape} was expected"
    found = difference(value.sum(axis=1), np.zeros(len(value)), **CLOSE)
    if found:
        return f"each row has to sum to zero: of the sums, {found}"
    at_label = np.arange(logits.shape[1]) == labels[:, None]
    wrong = np.argwhere((value < 0) != at_label)
    if not len(wrong):
        return None
    row, column = (int(i) for i in wrong[0])
    place = "at the label" if at_label[row, column] else "beside the label"
    return f"entry [{row}, {column}], {place}, is {value[row, column]:.6g}: its sign is wrong"


def _differences_of_loss(base):
    """Return what gives the gradient of the right loss by central differences."""

    def expected(logits, labels):
        constants = {"loss": base.cross_entropy, "labels": labels}
        return central_differences(Function("lambda z: loss(z, labels)", constants), logits)

    return expected


def _cross_entropy_grad(base):
    name = "cross_entropy_grad"

    def check(title, points, make, expected=base.cross_entropy_grad, tolerance=CLOSE):
        return matches(title, points, _calls_with_labels(name, make), expected, **tolerance)

    checks = (
        check("right values", 4, inputs.batches),
        check("a batch of one", 2, inputs.single_rows),
        check("divided by the size of the batch", 2, inputs.batch_sizes),
        check("logits near 2000 and near -2000", 3, inputs.high_and_low_rows),
        check("rows near 2000, 0 and -2000 in one batch", 1, inputs.mixed_batch),
        check(
            "agrees with central differences of the loss",
            2,
            inputs.batches,
            _differences_of_loss(base),
            CLOSE_SLOPE,
        ),
        property_check(
            "rows sum to zero, and only the entry at the label is negative",
            2,
            _calls_with_labels(name, inputs.batches),
            _pushes,
        ),
        check("a large batch", 1, inputs.large_batch),
        check("labels of other integer types", 1, inputs.label_types),
        check("integer logits", 1, inputs.integer_batch),
        _untouched(
            "logits and labels are not changed",
            1,
            _calls_with_labels(name, inputs.batches),
            lambda logits, _: logits.shape,
        ),
    )
    return Question(
        name=name,
        title="The gradient of the loss",
        objective="write the gradient of the loss, and tell the mean from the sum",
        chapters=("cross-entropy",),
        checks=checks,
        misconceptions=misconceptions.of_cross_entropy_grad(base),
    )


# --- differences ----------------------------------------------------------------------------------

GRADIENT = "numerical_gradient"


def _linear(rng):
    a = inputs.places(rng, int(rng.integers(3, 7)))
    f = Function("lambda z: np.sum(a * z)", {"a": a})
    return [Call(GRADIENT, (f, rng.normal(size=a.size)))]


def _cubic(rng, **kwargs):
    size = int(rng.integers(3, 7))
    f = Function("lambda z: np.sum(a * z**3)", {"a": rng.uniform(1, 2, size)})
    return [Call(GRADIENT, (f, inputs.places(rng, size)), kwargs)]


def _wide_step(rng):
    return _cubic(rng, h=float(rng.uniform(0.05, 0.2)))


def _mixing(rng):
    """Draw a function in which the slope of each entry depends on all others."""
    shape = inputs.draw_shape(rng)
    constants = {"a": inputs.places(rng, shape), "b": rng.uniform(1, 2, shape)}
    f = Function("lambda z: np.sum(a * z) * np.sum(b * z**2)", constants)
    return [Call(GRADIENT, (f, inputs.places(rng, shape)))]


def _integer_place(rng):
    f = Function("lambda z: np.sum(a * z**3)", {"a": rng.uniform(1, 2, 4)})
    return [Call(GRADIENT, (f, rng.choice([-3, -2, 2, 3], 4)))]


def _numerical_gradient():
    def check(title, points, make):
        return matches(title, points, make, central_differences, **CLOSE_SLOPE)

    checks = (
        check("a linear function", 3, _linear),
        check("central differences, of a cubic", 4, _cubic),
        check("two axes, and a function that mixes all entries", 3, _mixing),
        check("the step that the caller gives", 2, _wide_step),
        check("integers", 2, _integer_place),
        _untouched(
            "z is not changed", 1, lambda rng: _cubic(rng) + _mixing(rng), lambda _, z: z.shape
        ),
    )
    return Question(
        name=GRADIENT,
        title="A gradient by central differences",
        objective="check any gradient by central differences",
        chapters=("derivation",),
        checks=checks,
        misconceptions=misconceptions.of_numerical_gradient(),
    )
