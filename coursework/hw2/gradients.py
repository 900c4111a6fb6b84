"""The question on the loss and its gradients: what is drawn, what is asked, what goes wrong.

Where a check is about something else than the penalty, alpha = 0, so that a slip in the penalty
costs no points there.
"""

from __future__ import annotations

import numpy as np

from coursework.grader.marking.compare import (
    describe,
    difference,
    failure,
    matches,
    property_check,
    unchanged,
)
from coursework.grader.marking.recognize import changes_input, explains
from coursework.grader.model import Call, Check, Misconception, Question
from coursework.hw2.missing_library import other_library
from coursework.hw2.reference import WRONG_FORMULAS, draw_labels, gradients_by, right_gradients

NAME = "loss_and_gradients"
RTOL, ATOL = 1e-7, 1e-10
STEP = 1e-4  # of the finite differences, whose own error is then about its square
NUDGED = 3  # entries of W, and as many of b
PARTS = ("the loss", "the gradient of W", "the gradient of b")


def draw_problem(rng, N, D, K, alpha):
    """Return arguments for `loss_and_gradients`, of a size that can be looked at."""
    W, b = rng.normal(size=(D, K)), rng.normal(size=K)
    return W, b, rng.normal(size=(N, D)), draw_labels(rng, N, K), alpha


def _calls(*problems):
    return [Call(NAME, problem) for problem in problems]


def draw_ordinary(rng):
    """Draw two calls with a penalty."""
    return _calls(draw_problem(rng, 7, 4, 3, 0.3), draw_problem(rng, 5, 2, 4, 0.05))


def draw_biased(rng):
    """Draw a call with large biases, so that a penalty on them shows."""
    W, b, X, t, alpha = draw_problem(rng, 6, 4, 3, 0.2)
    return _calls((W, 5 * b, X, t, alpha))


def draw_unpenalized(rng):
    """Draw calls with alpha = 0."""
    return _calls(draw_problem(rng, 8, 3, 4, 0.0), draw_problem(rng, 1, 5, 2, 0))


def draw_extreme(rng):
    """Draw calls with logits of ±1000, and one in which a single row is that large."""
    calls = []
    for shifts in (rng.permutation([1000.0, 0.0, -1000.0]), np.full(3, 1000), np.full(3, -1000)):
        W, b, X, t, alpha = draw_problem(rng, 6, 4, 3, 0.0)
        calls.append((W, b + shifts, X, t, alpha))
    W, b, X, t, alpha = draw_problem(rng, 6, 4, 3, 0.0)
    X[:, 0], W[0] = 0.0, 1 + 0.001 * rng.normal(size=3)
    X[2, 0] = 1000.0  # raises all logits of this row by about 1000
    return _calls(*calls, (W, b, X, t, alpha))


def draw_nudged(rng):
    """Draw a problem, and the same with single parameters nudged up and down."""
    W, b, X, t, alpha = draw_problem(rng, 6, 4, 3, 0.4)
    calls = _calls((W, b, X, t, alpha))
    for index in rng.choice(W.size, NUDGED, replace=False):
        for step in (STEP, -STEP):
            moved = W.copy()
            moved.flat[index] += step
            calls += _calls((moved, b, X, t, alpha))
    for index in range(len(b)):
        for step in (STEP, -STEP):
            moved = b.copy()
            moved[index] += step
            calls += _calls((W, moved, X, t, alpha))
    return calls


def draw_types(rng):
    """Draw calls with images as float32, and labels of several types."""
    calls = []
    for dtype in (np.uint8, np.int32):
        W, b, X, t, alpha = draw_problem(rng, 9, 5, 4, 0.0)
        calls.append((W, b, X.astype(np.float32), t.astype(dtype), alpha))
    return _calls(*calls)


def draw_large(rng):
    """Draw a large batch, in which half of the classes have no example."""
    W, b, X, t, alpha = draw_problem(rng, 2000, 20, 8, 0.0)
    return _calls((W, b, X, t // 2, alpha))


def _part_matches(rules, title, points, make_calls, part):
    right = right_gradients(rules)

    def holds(call, value):
        if not isinstance(value, (tuple, list)) or len(value) != len(PARTS):
            return f"three values were expected: {', '.join(PARTS)}"
        found = difference(value[part], right(*call.args)[part], rtol=RTOL, atol=ATOL)
        return found and f"{PARTS[part]}: {found}"

    return property_check(title, points, make_calls, holds)


def _judge_slopes(calls, outcomes):
    """Compare the gradients of the first call with the losses of the others."""
    for call, outcome in zip(calls, outcomes, strict=True):
        found = failure(call, outcome)
        if found:
            return found
    try:
        values = [_read_parts(outcome) for outcome in outcomes]
        losses = [float(loss) for loss, _, _ in values[1:]]
        return _compare_slopes(calls, losses, values[0][1:])
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return f"{describe(calls[0])} did not return {', '.join(PARTS)}"


def _read_parts(outcome):
    """Return the loss and the gradients as arrays; raise ValueError where they are none."""
    loss, grad_W, grad_b = (np.asarray(part) for part in outcome.value)
    if loss.shape != () or any(part.dtype.kind not in "biuf" for part in (loss, grad_W, grad_b)):
        raise ValueError("not three parts made of real numbers")
    return loss, grad_W, grad_b


def _compare_slopes(calls, losses, gradients):
    if not any(np.any(gradient) for gradient in gradients):
        return f"{describe(calls[0])}: both gradients are zero"
    for pair in range(len(losses) // 2):
        up, down = calls[1 + 2 * pair].args, calls[2 + 2 * pair].args
        which = 0 if np.any(up[0] != down[0]) else 1
        index = tuple(int(i) for i in np.argwhere(up[which] != down[which])[0])
        slope = (losses[2 * pair] - losses[2 * pair + 1]) / (2 * STEP)
        came = float(gradients[which][index])
        if not abs(came - slope) <= 1e-6 * max(1.0, abs(slope)):
            return (
                f"{describe(calls[0])}: {PARTS[1 + which]} has {came:.6g} as its entry "
                f"{list(index)}, but your own loss rises there with the slope {slope:.6g}"
            )
    return None


def is_extreme(call):
    """Return whether the logits of a call leave the range of the exponential."""
    W, b, X, _, _ = call.args
    return bool(np.abs(np.asarray(X) @ W + b).max() > 500)


def _kind_of_extreme(call):
    """Return "rows" where only some rows are extreme, "gap" for large gaps within a row."""
    W, b, X, _, _ = call.args
    Z = X @ W + b
    if np.ptp(Z, axis=1).max() > 500:
        return "gap"
    return "rows" if np.ptp(Z.max(axis=1)) > 500 else "all"


def _among_ordinary(seen):
    """Return a detector that does not look at extreme logits: overflow is another mistake."""

    def seen_among_ordinary(calls, outcomes):
        pairs = [pair for pair in zip(calls, outcomes, strict=True) if not is_extreme(pair[0])]
        return seen([call for call, _ in pairs], [outcome for _, outcome in pairs])

    return seen_among_ordinary


def _explained(rules, name):
    right = right_gradients(rules)
    found = [
        explains(NAME, gradients_by(rules, formula), right) for formula in WRONG_FORMULAS[name]
    ]
    return _among_ordinary(lambda *both: any(seen(*both) for seen in found))


def _finite_parts(outcome):
    """Return whether the loss is finite, and whether the gradients are; None for other values."""
    try:
        loss, *gradients = _read_parts(outcome)
    except (TypeError, ValueError):
        return None
    return bool(np.isfinite(loss)), all(bool(np.isfinite(g).all()) for g in gradients)


def _extremes(calls, outcomes):
    """Return what became finite in the extreme calls, by their kind."""
    found = {}
    for call, outcome in zip(calls, outcomes, strict=True):
        if is_extreme(call):
            found.setdefault(_kind_of_extreme(call), []).append(_finite_parts(outcome))
    return found


def _overflows(calls, outcomes):
    return (False, False) in _extremes(calls, outcomes).get("all", [])


def _shifts(found):
    return all(parts == (True, True) for parts in found.get("all", [None]))


def _shares_a_maximum(calls, outcomes):
    found = _extremes(calls, outcomes)
    return _shifts(found) and (False, False) in found.get("rows", [])


def _takes_log_of_zero(calls, outcomes):
    found = _extremes(calls, outcomes)
    return _shifts(found) and (False, True) in found.get("gap", [])


def _floors_the_log(rules):
    """Return the detector of losses that are right, but cut off, as by ``log(p + 1e-12)``."""
    right = right_gradients(rules)

    def seen(calls, outcomes):
        cut_off = False
        for call, outcome in zip(calls, outcomes, strict=True):
            if _finite_parts(outcome) != (True, True):
                return False
            came, due = float(outcome.value[0]), float(right(*call.args)[0])
            if is_extreme(call) and due > 100:
                cut_off = cut_off or came < due / 2
            elif difference(came, due, rtol=0.02):  # a floor shows a little in other calls, too
                return False
        return cut_off

    return seen


# Name, title, text and link; the detectors are those of WRONG_FORMULAS.
BY_FORMULA = (
    (
        "missing-n",
        "A gradient without its 1/N",
        "Your loss is a mean over the batch, but your gradients are those of the sum: the 1/N is "
        "missing. Steps then grow with the size of the batch.",
        "softmax-regression.html#a-common-mistake",
    ),
    (
        "sum-for-mean",
        "The sum in place of the mean",
        "The loss adds up the cross-entropies of the batch; asked is their mean. The same factor "
        "N is in your gradients.",
        "softmax-regression.html#equation-eq-regression-loss",
    ),
    (
        "bias-summed",
        "The gradient of b is summed, not averaged",
        "The 1/N belongs to both gradients: that of b is the mean of the rows of P − Y.",
        "softmax-regression.html#thm-regression-gradients",
    ),
    (
        "penalty-by-n",
        "The penalty's gradient is divided by N",
        "The 1/N belongs to the data part, which is a mean. The penalty is there once, not once "
        "per example, so its gradient has no 1/N.",
        "softmax-regression.html#thm-regression-gradients",
    ),
    (
        "penalty-on-bias",
        "The biases are penalized, too",
        "The penalty charges for W alone. A bias adds the same score for every input and cannot "
        "fit single examples.",
        "softmax-regression.html#equation-eq-regression-loss",
    ),
    (
        "other-penalty",
        "Another convention for alpha",
        "Your penalty is right for the other of the two usual conventions, alpha/2 or alpha times "
        "the sum of squares. Read which one this assignment asks for.",
        "softmax-regression.html#equation-eq-regression-loss",
    ),
    (
        "penalty-slope",
        "A factor of 2 between the penalty and its gradient",
        "The derivative of c·w² is 2c·w. Your loss and your gradient of W do not have the same c. "
        "A gradient check with alpha > 0 shows it.",
        "softmax-regression.html#check-the-gradient-before-you-trust-it",
    ),
    (
        "penalty-not-in-gradient",
        "The penalty is missing in the gradient",
        "Your loss charges for large weights, but the gradient of W does not know it, so training "
        "would never make them smaller.",
        "softmax-regression.html#thm-regression-gradients",
    ),
    (
        "penalty-not-in-loss",
        "The penalty is missing in the loss",
        "The gradient of W has the penalty's part, but the loss is the mean cross-entropy alone.",
        "softmax-regression.html#equation-eq-regression-loss",
    ),
    (
        "no-penalty",
        "The penalty is missing",
        "alpha has no effect: neither the loss nor the gradient of W has a part for the penalty.",
        "softmax-regression.html#why-regularize",
    ),
    (
        "norm-not-squared",
        "The norm is not squared",
        "The penalty is the sum of the squares of W. np.linalg.norm gives the square root of it.",
        "softmax-regression.html#equation-eq-regression-loss",
    ),
    (
        "transposed",
        "The gradient of W is transposed",
        "The gradient has the shape of W, one column per class: X.T @ (P − Y), not the other way "
        "round.",
        "softmax-regression.html#thm-regression-gradients",
    ),
    (
        "y-minus-p",
        "Y − P in place of P − Y",
        "The data part of your gradients has the wrong sign. A step against them would raise the "
        "loss.",
        "cross-entropy.html#thm-loss-gradient",
    ),
    (
        "all-labels",
        "All rows with all labels",
        "P[:, t] compares every row with the labels of all rows. P[np.arange(N), t] picks from "
        "each row its own.",
        "softmax-regression.html#ex-softmax-regression-index",
    ),
    (
        "wrong-axis",
        "Softmax along the wrong axis",
        "Your probabilities add up to 1 down the columns, over the examples. Each row is one "
        "example, and its classes lie along axis 1.",
        "definition.html#a-batch-of-rows",
    ),
)

FLOORED = (
    "floored-log",
    "A floor under the logarithm",
    "Something like np.log(p + 1e-12) hides the logarithm of zero, and makes the loss of a bad "
    "mistake far too small. Compute it from the logits.",
    "cross-entropy.html#equation-eq-floor",
)
OTHERS = (
    Misconception(
        "no-shift",
        "No shift before the exponential",
        "With logits of ±1000 the exponential overflows, or all of a row become 0. Subtract the "
        "maximum of each row first: no probability changes.",
        "stability.html#alg-shifted-softmax",
        _overflows,
    ),
    Misconception(
        "one-maximum",
        "One maximum for the whole batch",
        "Each row needs its own maximum, with keepdims=True. With one for all rows, a row that "
        "lies far below it has nothing but zeros left.",
        "stability.html#alg-shifted-softmax",
        _shares_a_maximum,
    ),
    Misconception(
        "log-of-zero",
        "The logarithm of zero",
        "A probability can be so small that it is stored as 0, and its logarithm is −∞. Compute "
        "the logarithm from the logits, without the probability in between.",
        "stability.html#logarithms-need-more",
        _takes_log_of_zero,
    ),
    Misconception(
        "changes-input",
        "The function changes its arguments",
        "After the call, one of the arrays that were passed in was different. Operations such as "
        "-= write into the array itself. Make a new one.",
        "stability.html#leave-your-callers-array-alone",
        changes_input(NAME),
    ),
)


def make_question(rules):
    """Return the question `loss_and_gradients` in a variant."""
    right = right_gradients(rules)

    def all_match(title, points, make_calls):
        return matches(title, points, make_calls, right, rtol=RTOL, atol=ATOL)

    checks = (
        _part_matches(rules, "the loss, with a penalty", 6, draw_ordinary, 0),
        _part_matches(rules, "the gradient of W, with a penalty", 6, draw_ordinary, 1),
        _part_matches(rules, "the gradient of b; biases are not penalized", 4, draw_biased, 2),
        all_match("everything without a penalty", 3, draw_unpenalized),
        all_match("logits of ±1000", 4, draw_extreme),
        Check("the gradients are the slopes of the loss", 2, draw_nudged, _judge_slopes),
        all_match("float32 inputs, and labels of other integer types", 2, draw_types),
        all_match("a large batch, and classes without an example", 2, draw_large),
        unchanged("the arguments stay as they were", 1, draw_ordinary),
    )
    by_formula = tuple(Misconception(*words, _explained(rules, words[0])) for words in BY_FORMULA)
    return Question(
        NAME,
        "The loss and its gradients",
        "Compute the loss of softmax regression with its penalty, and the gradients, for a whole "
        "batch at once and without overflow.",
        ("softmax-regression", "cross-entropy", "stability"),
        checks,
        (
            *by_formula,
            Misconception(*FLOORED, _floors_the_log(rules)),
            *OTHERS,
            other_library(NAME),
        ),
    )
