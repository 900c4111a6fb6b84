"""Detectors of misconceptions: what each looks for in the outcomes of a question's calls."""

import numpy as np

from coursework.grader.marking.compare import STRANGE, as_numbers, difference
from coursework.grader.model import Seen

WIDE = {"rtol": 1e-5, "atol": 1e-7}  # float32 counts, too


def explains(function, model, right) -> Seen:
    """Return the detector of a mistake in a student's function whose results are known.

    `model` returns what somebody with this mistake would return for the same arguments, and `right`
    what is right. The mistake is seen where every value that came back is the model's, and at
    least one of these is not the right one. A value with NaN in it, where the model has none, is
    skipped: it comes from another mistake in the same function.
    """

    def seen(calls, outcomes):
        told_apart = False
        for call, outcome in _select(function, calls, outcomes):
            if outcome.kind != "returned":
                continue
            if not _same(model, call, outcome.value):
                if _has_nan(outcome.value):
                    continue
                return False
            told_apart = told_apart or not _same(right, call, outcome.value)
        return told_apart

    return seen


def _select(function, calls, outcomes):
    pairs = zip(calls, outcomes, strict=True)
    return [(call, outcome) for call, outcome in pairs if call.function == function]


def _same(model, call, value):
    try:
        with np.errstate(all="ignore"):
            due = model(*call.args, **call.kwargs)
    except STRANGE:
        return False  # the model has no answer to this call, so it does not explain one
    return difference(value, due, **WIDE) is None


def _has_nan(value):
    if isinstance(value, (tuple, list)):
        return any(map(_has_nan, value))
    array = as_numbers(value)
    return array is not None and bool(np.isnan(array).any())


def changes_input(function) -> Seen:
    """Return the detector of a function that changes its own arguments."""
    return lambda *both: any(outcome.changed for _, outcome in _select(function, *both))


def says(function, *words) -> Seen:
    """Return the detector of an error message: one call's holds one of `words`."""
    return lambda *both: any(
        word in outcome.message for _, outcome in _select(function, *both) for word in words
    )
