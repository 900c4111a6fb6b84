"""How each mistake is detected: by what somebody who makes it returns for the same inputs.

A model is a wrong answer, written down. The mistake is seen where every value that came back
from the calls that can tell is the model's. Calls for which the model is right tell nothing.
"""

from __future__ import annotations

import numpy as np

from coursework.grader.marking.compare import difference
from coursework.grader.marking.recognize import changes_input, says

WIDE = {"rtol": 1e-5, "atol": 1e-7}  # float32 counts, too

SMALL_LOGITS = 100  # the exponentials of smaller ones neither overflow nor vanish

# What is likely to be missing where the import of a library has failed in another cell.
LIBRARY_NAMES = ("scipy", "special", "logsumexp", "sm", "torch", "tf", "jax", "jnp", "sklearn")

# What people add to a probability, or clip it at, before they take its logarithm.
FLOORS = (
    *(10.0**-n for n in (3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 30, 37, 45)),
    *(1e-100, 1e-300, 1e-308),
    *(float(np.finfo(t).eps) for t in (np.float32, np.float64)),
    *(float(np.finfo(t).tiny) for t in (np.float32, np.float64)),
)


def shows(right, *models, among=lambda call: not _has_short_integers(call), close=WIDE):
    """Return the detector of a mistake of which one of `models` is the model.

    Parameters
    ----------
    right : callable
        The right answer, with the arguments of the calls.
    *models : callable
        Wrong answers. One of them has to explain all values that it can explain.
    among : callable
        Says whether a call is looked at. Short integers are mostly left out: whether they are
        converted first is another question.
    close : dict
        ``rtol`` and ``atol``, as in `difference`.
    """

    def seen(calls, outcomes):
        pairs = [
            (call, outcome.value)
            for call, outcome in zip(calls, outcomes, strict=True)
            if outcome.kind == "returned" and among(call)
        ]
        return any(_explains(model, right, pairs, close) for model in models)

    return seen


def _explains(model, right, pairs, close):
    told_apart = False
    for call, value in pairs:
        due = _answer(model, call)
        if due is not None and difference(due, _answer(right, call), **close) is None:
            continue
        if due is None or difference(value, due, **close) is not None:
            return False
        told_apart = True
    return told_apart


def _answer(model, call):
    """Return what a model answers to a call; None where it has no answer."""
    try:
        with np.errstate(all="ignore"):
            return model(*call.args, **call.kwargs)
    except (IndexError, TypeError, ValueError):  # an axis that is not there, for instance
        return None


def _has_short_integers(call):
    return any(isinstance(arg, np.ndarray) and arg.dtype == np.int8 for arg in call.args)


def has_integers(call):
    """Return whether the logits, or the place of a slope, are integers (but not short ones)."""
    arrays = [arg for arg in call.args if isinstance(arg, np.ndarray)]
    return arrays[0].dtype.kind in "iu" and arrays[0].dtype != np.int8


def cuts_to_integers(calls, outcomes):
    """Return whether integers came back for integers, where numbers with a point were due."""
    return any(
        outcome.kind == "returned"
        and isinstance(outcome.value, np.ndarray)
        and outcome.value.dtype.kind in "iu"
        for call, outcome in zip(calls, outcomes, strict=True)
        if has_integers(call)
    )


def needs_library(function):
    """Return the detector of a library that is not there, imported in the function or before."""
    names = (f"NameError: name '{name}' is not defined" for name in LIBRARY_NAMES)
    return says(function, "ModuleNotFoundError: No module named", *names)


def loses_single(calls, outcomes):
    """Return whether float64 came back for float32."""
    return any(
        outcome.kind == "returned"
        and isinstance(outcome.value, np.ndarray)
        and outcome.value.dtype == np.float64
        for call, outcome in zip(calls, outcomes, strict=True)
        if call.args[0].dtype == np.float32
    )


def sums_to_one_as_a_whole(probabilities):
    """Return the detector of probabilities that sum to 1 over the whole array.

    Small logits show this, whatever is subtracted before the exponential. `probabilities` makes
    them from what came back.
    """

    def seen(calls, outcomes):
        told_apart = False
        for call, outcome in zip(calls, outcomes, strict=True):
            z, value = call.args[0], outcome.value
            large = np.abs(z.astype(float)).max() > SMALL_LOGITS
            if outcome.kind != "returned" or large or _has_short_integers(call):
                continue
            if difference(value, value) is not None or np.shape(value) != z.shape:
                return False
            with np.errstate(all="ignore"):
                total = np.sum(probabilities(np.asarray(value, dtype=float)))
            if difference(total, 1.0, **WIDE) is not None:
                return False
            told_apart = told_apart or z.size > z.shape[call.kwargs.get("axis", -1)]
        return told_apart

    return seen


def any_of(*detectors):
    """Return the detector of a mistake that one of `detectors` sees."""
    return lambda calls, outcomes: any(seen(calls, outcomes) for seen in detectors)


def _unless(other, detector):
    return lambda calls, outcomes: detector(calls, outcomes) and not other(calls, outcomes)


def floors_probability(right, log):
    """Return the detector of ``log(p + 1e-8)``, and of other small constants."""
    floors = -log(np.array(FLOORS))

    def seen(calls, outcomes):
        lowest = []
        for call, outcome in zip(calls, outcomes, strict=True):
            due = np.ravel(_answer(right, call))
            place = np.argmax(np.abs(due))
            # Where the right value is small, the constant does not show; beyond 10**16 a wrong
            # value has other reasons.
            if outcome.kind != "returned" or not 1000 < np.abs(due[place]) < 1e5:
                continue
            value = outcome.value
            if difference(value, value) is not None or np.size(value) != due.size:
                return False
            lowest.append(abs(float(np.ravel(value)[place])))
        return bool(lowest) and all(np.isclose(floors, low, rtol=1e-3).any() for low in lowest)

    return seen


# --- softmax and its logarithm --------------------------------------------------------------------


def of_softmax(base):
    """Return the detectors of the first question, by the names of their mistakes."""
    right, exp = base.softmax, base.exp

    def share(e, axis):
        return e / e.sum(axis=axis, keepdims=True)

    def no_shift(z, axis=-1):
        return share(exp(z), axis)

    def global_maximum(z, axis=-1):
        return share(exp(z - z.max()), axis)

    def no_exponential(z, axis=-1):
        return share(z, axis)

    def sigmoids(z, axis=-1):
        return 1 / (1 + exp(-z))

    return {
        "no-shift": shows(right, no_shift),
        "global-maximum": shows(right, global_maximum),
        "whole-array": sums_to_one_as_a_whole(lambda p: p),
        "keepdims": says("softmax", "broadcast"),
        "no-exponential": shows(right, no_exponential),
        "sigmoids": shows(right, sigmoids),
        "softmax-twice": shows(right, lambda z, axis=-1: right(right(z, axis), axis)),
        "short-integers": shows(
            right, lambda z: share(exp(z - z.max()), -1), among=_has_short_integers
        ),
        "integer-result": cuts_to_integers,
        "single-lost": loses_single,
        "in-place": changes_input("softmax"),
        "other-library": needs_library("softmax"),
        **_of_axes(right),
        **_of_the_other_base(base, "softmax"),
    }


def of_log_softmax(base):
    """Return the detectors of the second question."""
    right, exp, log = base.log_softmax, base.exp, base.log

    def log_sum(e, axis):
        return log(e.sum(axis=axis, keepdims=True))

    def log_of_naive(z, axis=-1):
        e = exp(z)
        return log(e / e.sum(axis=axis, keepdims=True))

    def naive(z, axis=-1):
        return z - log_sum(exp(z), axis)

    def log_of_softmax(z, axis=-1):
        return log(base.softmax(z, axis))

    def maximum_not_added(z, axis=-1):
        return z - log_sum(exp(z - z.max(axis=axis, keepdims=True)), axis)

    def swallowed(z, axis=-1):
        m = z.max(axis=axis, keepdims=True)
        return z - (m + log_sum(exp(z - m), axis))

    def global_maximum(z, axis=-1):
        return z - z.max() - log_sum(exp(z - z.max()), axis)

    return {
        "no-shift": shows(right, log_of_naive, naive),
        "log-of-zero": shows(right, log_of_softmax),
        "floor": floors_probability(right, log),
        "maximum-not-added": shows(right, maximum_not_added),
        "swallowed": shows(right, swallowed),
        "global-maximum": shows(right, global_maximum),
        "whole-array": sums_to_one_as_a_whole(exp),
        "keepdims": says("log_softmax", "broadcast"),
        "no-logarithm": shows(right, base.softmax),
        "sign": shows(right, lambda z, axis=-1: -right(z, axis)),
        "integer-result": cuts_to_integers,
        "single-lost": loses_single,
        "in-place": changes_input("log_softmax"),
        "other-library": needs_library("log_softmax"),
        **_of_axes(right),
        **_of_the_other_base(base, "log_softmax"),
    }


def _of_axes(right):
    return {
        "axis-0": shows(right, lambda z, axis=-1: right(z, 0)),
        "axis-ignored": shows(
            right, lambda z, axis=-1: right(z, -1), lambda z, axis=-1: right(z, 1)
        ),
    }


def _of_the_other_base(base, function):
    return {"wrong-base": shows(getattr(base, function), getattr(base.other, function))}


# --- the loss and its gradient --------------------------------------------------------------------


def of_cross_entropy(base):
    """Return the detectors of the third question."""
    right, exp, log = base.cross_entropy, base.exp, base.log

    def picked(table, labels):
        return table[np.arange(len(labels)), labels]

    def naive_softmax(logits):
        return exp(logits) / exp(logits).sum(axis=1, keepdims=True)

    def summed(logits, labels):
        return right(logits, labels) * len(labels)

    def naive(logits, labels):
        return -log(picked(naive_softmax(logits), labels)).mean()

    def naive_sum(logits, labels):
        return (log(exp(logits).sum(axis=1)) - picked(logits, labels)).mean()

    def naive_one_hot(logits, labels):
        return -(_one_hot(logits, labels) * log(naive_softmax(logits))).sum(axis=1).mean()

    def log_of_softmax(logits, labels):
        return -log(picked(base.softmax(logits), labels)).mean()

    def log_of_softmax_one_hot(logits, labels):
        return -(_one_hot(logits, labels) * log(base.softmax(logits))).sum(axis=1).mean()

    def global_maximum(logits, labels):
        d = logits - logits.max()
        return (log(exp(d).sum(axis=1)) - picked(d, labels)).mean()

    def maximum_not_added(logits, labels):
        d = logits - logits.max(axis=1, keepdims=True)
        return (log(exp(d).sum(axis=1)) - picked(logits, labels)).mean()

    def log_p(logits):
        return base.log_softmax(logits, 1)

    no_shift = shows(right, naive, naive_sum, naive_one_hot)
    return {
        "sum-not-mean": shows(right, summed),
        "softmax-twice": shows(right, lambda logits, labels: right(base.softmax(logits), labels)),
        "no-shift": no_shift,
        # Without the shift the same logarithms are infinite, and for another reason.
        "log-of-zero": _unless(no_shift, shows(right, log_of_softmax, log_of_softmax_one_hot)),
        "floor": floors_probability(right, log),
        "global-maximum": shows(right, global_maximum),
        "maximum-not-added": shows(right, maximum_not_added),
        "sign": shows(right, lambda logits, labels: -right(logits, labels)),
        "mean-over-classes": shows(
            right, lambda logits, labels: right(logits, labels) / logits.shape[1]
        ),
        "labels-unused": shows(
            right,
            lambda logits, labels: -log_p(logits).mean(),
            lambda logits, labels: -log_p(logits).sum(axis=1).mean(),
            lambda logits, labels: -log_p(logits)[:, 0].mean(),
        ),
        "whole-columns": shows(right, lambda logits, labels: -log_p(logits)[:, labels].mean()),
        "no-logarithm": shows(
            right,
            lambda logits, labels: -picked(base.softmax(logits), labels).mean(),
            lambda logits, labels: 1 - picked(base.softmax(logits), labels).mean(),
        ),
        "axis-0": shows(
            right,
            lambda logits, labels: -picked(base.log_softmax(logits, 0), labels).mean(),
        ),
        "in-place": changes_input("cross_entropy"),
        "other-library": needs_library("cross_entropy"),
        **_of_the_other_base(base, "cross_entropy"),
    }


def of_cross_entropy_grad(base):
    """Return the detectors of the fifth question."""
    right, exp = base.cross_entropy_grad, base.exp

    def from_softmax(p_of):
        return lambda logits, labels: (p_of(logits) - _one_hot(logits, labels)) / len(logits)

    def times(factor):
        return lambda logits, labels: right(logits, labels) * factor(*logits.shape)

    def shares(e, axis=1):
        return e / e.sum(axis=axis, keepdims=True)

    def whole_columns(logits, labels):
        p = base.softmax(logits)
        p[:, labels] -= 1
        return p / len(labels)

    def one_factor_more(logits, labels):
        p = base.softmax(logits)
        return right(logits, labels) * p * (1 - p)

    scale = base.scale
    logarithms = {
        "extra-logarithm": shows(right, times(lambda n, k: scale), times(lambda n, k: 1 / scale))
    }
    return {
        "missing-1/N": shows(right, times(lambda n, k: n)),
        "divided-by-classes": shows(right, times(lambda n, k: n / k), times(lambda n, k: 1 / k)),
        "sign": shows(right, times(lambda n, k: -1)),
        "labels-unused": shows(right, lambda logits, labels: base.softmax(logits) / len(labels)),
        "whole-columns": shows(right, whole_columns),
        "no-shift": shows(right, from_softmax(lambda z: shares(exp(z)))),
        "global-maximum": shows(right, from_softmax(lambda z: shares(exp(z - z.max())))),
        "softmax-twice": shows(right, from_softmax(lambda z: base.softmax(base.softmax(z)))),
        "axis-0": shows(right, from_softmax(lambda z: base.softmax(z, 0))),
        "sigmoid-factor": shows(right, one_factor_more),
        "integer-result": cuts_to_integers,
        "in-place": changes_input("cross_entropy_grad"),
        "other-library": needs_library("cross_entropy_grad"),
        **_of_the_other_base(base, "cross_entropy_grad"),
        **(logarithms if scale != 1 else {}),
    }


def _one_hot(logits, labels):
    return np.eye(logits.shape[1])[labels]
