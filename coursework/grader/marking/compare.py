"""Builders for checks, and the comparison of values that they share.

A value that came out of the sandbox is compared here, in the grader's own process, with what was
expected. The words name the call, the shape or entry that differs, what came and what was due.
"""

import numpy as np

from coursework.grader.model import Check, Function

# What looking at a value may raise that is not what was asked for: text where an array is due, say.
STRANGE = (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError)
NUMBERS = (bool, int, float, complex, np.generic, np.ndarray)
SHOWN_ENTRIES = 6  # of an argument; a larger one is described by its shape


def difference(actual, expected, *, rtol=1e-9, atol=0.0):
    """Say in words how a value differs from the one that was expected, or return None.

    `expected` is a number, an array, or a tuple of these; a list is as good as a tuple. An entry
    may differ by ``atol + rtol * abs(expected)``. NaN equals NaN only, an infinity only itself.
    """
    if isinstance(expected, (tuple, list)):
        return _difference_of_sequences(actual, expected, rtol, atol)
    array, expected = as_numbers(actual), np.asarray(expected)
    if array is None:
        return f"{_kind(actual)} came back, and {_kind(expected)} was expected"
    if array.shape != expected.shape:
        return f"the shape is {array.shape}, and {expected.shape} was expected"
    if np.iscomplexobj(array):
        return "the numbers are complex"
    with np.errstate(all="ignore"):
        # All as float64, which prints the same whatever the dtype was.
        came, due = np.asarray(array, np.float64), np.asarray(expected, np.float64)
        close = np.isclose(came, due, rtol=rtol, atol=atol, equal_nan=True)
    if close.all():
        return None
    index = tuple(int(i) for i in np.argwhere(~close)[0])
    where = f"entry {list(index)}" if index else "it"
    wrong = f" ({np.sum(~close)} of {close.size} entries differ)" if close.size > 1 else ""
    one, other = _told_apart(came[index], due[index])
    return f"{where} is {one}, and {other} was expected{wrong}"


def _difference_of_sequences(actual, expected, rtol, atol):
    if not isinstance(actual, (tuple, list)):
        return f"{_kind(actual)} came back, and {len(expected)} values were expected"
    if len(actual) != len(expected):
        return f"{len(actual)} values came back, and {len(expected)} were expected"
    for number, (one, other) in enumerate(zip(actual, expected, strict=True), start=1):
        found = difference(one, other, rtol=rtol, atol=atol)
        if found:
            return f"value {number}: {found}"
    return None


def _told_apart(one, other):
    """Return two numbers in words, with as many digits as they need to differ."""
    for digits in (6, 10, 17):
        words = f"{one:.{digits}g}", f"{other:.{digits}g}"
        if words[0] != words[1]:
            break
    return words


def as_numbers(value):
    """Return a value as an array of numbers; None where it is something else."""
    if not isinstance(value, NUMBERS):
        return None
    array = np.asarray(value)
    return array if array.dtype.kind in "biufc" else None


def _kind(value):
    if value is None:
        return "None (is a return missing?)"
    if isinstance(value, np.ndarray) and value.shape:
        return f"an array of shape {value.shape}"
    if isinstance(value, NUMBERS):
        return "a number"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"


def describe(call):
    """Return a call as the student reads it: ``softmax(array of shape (4, 5), axis=0)``."""
    args = [_describe_argument(value) for value in call.args]
    kwargs = [f"{name}={_describe_argument(value)}" for name, value in call.kwargs.items()]
    return f"{call.function}({', '.join(args + kwargs)})"


def _describe_argument(value):
    if isinstance(value, Function):
        return f"({value.source})"
    if isinstance(value, np.ndarray) and value.size > SHOWN_ENTRIES:
        return f"{value.dtype} array of shape {value.shape}"
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=4, separator=", ").replace("\n", "")
        return text if value.dtype == np.float64 else f"{text} ({value.dtype})"
    return repr(value)


def failure(call, outcome):
    """Say why a call yielded no value; None where it did."""
    if outcome.kind == "returned":
        return None
    if outcome.kind == "undefined":
        return f"{call.function} is not defined"
    if outcome.kind == "unanswered":
        return f"{describe(call)} gave no answer"
    return f"{describe(call)}: {outcome.message}"


def property_check(title, points, make_calls, holds):
    """Return a check that something holds for each value that came back.

    `holds` is called with a call and the value it returned; it returns None, or words such as "row
    2 sums to 1.3". Whatever it raises on a strange value counts as words, too.
    """

    def find(call, outcome):
        try:
            with np.errstate(all="ignore"):
                found = holds(call, outcome.value)
        except STRANGE:
            found = f"{_kind(outcome.value)} came back, which is not what was asked for"
        return found and f"{describe(call)}: {found}"

    return _check_each(title, points, make_calls, find)


def _check_each(title, points, make_calls, find):
    """Return a check that all calls yielded a value, and that `find` has no fault with any."""

    def judge(calls, outcomes):
        for call, outcome in zip(calls, outcomes, strict=True):
            found = failure(call, outcome) or find(call, outcome)
            if found:
                return found
        return None

    return Check(title, points, make_calls, judge)


def matches(title, points, make_calls, expected, *, rtol=1e-9, atol=0.0, dtype=None):
    """Return a check that each value is what `expected` returns for the arguments of its call.

    `rtol` and `atol` are as in `difference`. `dtype`, such as "float32", is what the value's has
    to be, where that is part of the question.
    """

    def holds(call, value):
        right = expected(*call.args, **call.kwargs)
        found = difference(value, right, rtol=rtol, atol=atol)
        if found or dtype is None:
            return found
        came = np.asarray(value).dtype
        return None if came == dtype else f"the dtype is {came}, and {dtype} was expected"

    return property_check(title, points, make_calls, holds)


def unchanged(title, points, make_calls):
    """Return a check that no argument was changed. The child says so of itself: few points.

    A function that returns nothing has not earned them.
    """

    def find(call, outcome):
        if outcome.value is None:
            return f"{describe(call)}: {_kind(None)} came back"
        return f"{describe(call)} changed its own input" if outcome.changed else None

    return _check_each(title, points, make_calls, find)
