"""Say in words what is wrong with an answer to an exercise that asks for code.

The exercises of the book that begin with *Build* have a check. It calls the reader's function with
a few inputs, and prints one sentence: that all is right, or the first thing that is not.
"""

from __future__ import annotations

import sys
import traceback
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Check"]

SMALL = 9  # entries of an array that a sentence can show
DIGITS = range(3, 17)  # decimals of a number in a sentence: the first that tell two apart

ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth"}


class WrongAnswer(AssertionError):
    """An answer that is not right; the message says why."""


class Check:
    """Try a function on a few inputs, and print what is wrong with it, or that nothing is.

    The check is a ``with`` statement. It ends at the first call that returns something other than
    expected, and prints what was given, what came back, and what was expected.

    Parameters
    ----------
    function : callable
        The function to try.

    Raises
    ------
    TypeError
        If `function` cannot be called.

    Examples
    --------
    >>> import numpy as np
    >>> from softmax.exercises import Check
    >>> def mean_of_rows(Z):
    ...     return Z.mean(axis=0)
    >>> Z = np.array([[1.0, 2.0], [5.0, 6.0]])
    >>> with Check(mean_of_rows) as check:
    ...     hints = {"Is the mean taken over the rows, axis 1?": Z.mean(axis=0)}
    ...     _ = check(Z, returns=[1.5, 5.5], mistakes=hints)
    Not yet: mean_of_rows([[1, 2], [5, 6]]) returned [3, 4], expected [1.5, 5.5]. \
Is the mean taken over the rows, axis 1?
    """

    def __init__(self, function: Callable[..., Any]):
        if not callable(function):
            raise TypeError(f"`function` must be a function, got {kind_of(function)}.")
        self.function = function
        self.name = getattr(function, "__name__", "the function")

    def __enter__(self) -> Check:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if error is None:
            print(f"Correct: {self.name} passes every check.")
        elif isinstance(error, WrongAnswer):
            print(f"Not yet: {error}")
        return isinstance(error, WrongAnswer)

    def __call__(
        self,
        *given: Any,
        returns: Any,
        mistakes: Mapping[str, Any] | None = None,
        named: str = "",
        tolerance: float = 1e-6,
    ) -> Any:
        """Call the function, and compare what it returns with what is expected.

        Parameters
        ----------
        *given : object
            The arguments. The function gets copies, and must not change them.
        returns : array_like, or tuple of array_like
            What is expected; NaN where NaN is.
        mistakes : mapping of str to array_like, optional
            What common mistakes return; the key is the sentence that helps.
        named : str, optional
            What the sentence calls the arguments. By default, they are written out.
        tolerance : float, default=1e-6
            A number counts as right if it differs from the expected ``e`` by at most
            ``tolerance * (1 + abs(e))``.

        Returns
        -------
        object
            What the function returned.
        """
        call, found = self._call(given, named)
        if problem := difference(found, returns, tolerance):
            for hint, value in (mistakes or {}).items():
                if not difference(found, value, tolerance):
                    raise WrongAnswer(f"{call} {problem} {hint}")
            raise WrongAnswer(f"{call} {problem}")
        return found

    def call(self, *given: Any, named: str = "") -> Any:
        """Return what the function returns; `that` says what is expected of it."""
        return self._call(given, named)[1]

    def that(self, is_right: Any, sentence: str) -> None:
        """Go on if something is right, and end with a sentence if it is not."""
        if not is_right:
            raise WrongAnswer(sentence)

    def _call(self, given: tuple[Any, ...], named: str) -> tuple[str, Any]:
        """Return how a sentence names a call, and what the call returns."""
        call = f"{self.name}({named or ', '.join(shown(value) for value in given)})"
        copies = deepcopy(given)
        contents = [content(value) for value in copies]
        try:
            with np.errstate(all="ignore"):  # an infinity or nan is told in the sentence
                found = self.function(*copies)
        except (Exception, SystemExit) as error:
            what = f"{type(error).__name__}{self._place(error)}"
            if message := " ".join(str(error).split()):
                what += f": {message}"
            end = "" if what.endswith((".", "?", "!")) else "."
            raise WrongAnswer(f"{call} raised {what}{end}") from None
        if found is None:
            raise WrongAnswer(
                f"{call} returned None. Is its body written, and is there a `return`?"
            )
        for place, (value, before) in enumerate(zip(copies, contents, strict=True), 1):
            if content(value) != before:
                raise WrongAnswer(f"{call} changed argument {place} in place. Work on a copy.")
        return call, found

    def _place(self, error: BaseException) -> str:
        """Return on which line of the function's own file an error arose."""
        code = getattr(self.function, "__code__", None)
        frames = traceback.extract_tb(error.__traceback__)
        lines = [f.lineno for f in frames if code and f.filename == code.co_filename]
        return f" on line {lines[-1]}" if lines else ""


def difference(found: Any, expected: Any, tolerance: float) -> str:
    """Return in words how a value differs from what is expected, or an empty string."""
    if isinstance(expected, tuple):
        if not isinstance(found, tuple | list) or len(found) != len(expected):
            kind = f"{len(expected)} values, as in `return a, b`"
            return f"returned {kind_of(found)}, expected {kind}."
        for number, (one, other) in enumerate(zip(found, expected, strict=True), 1):
            if problem := difference(one, other, tolerance):
                ordinal = ORDINALS.get(number, f"{number}th")
                return problem.replace("returned", f"returned as its {ordinal} value", 1)
        return ""
    values, wanted = as_numbers(found), np.asarray(expected, dtype=float)
    if values is None:
        kind = f"an array of real numbers of shape {wanted.shape}"
        return f"returned {kind_of(found)}, expected {kind if wanted.shape else 'a real number'}."
    if values.shape != wanted.shape:
        hint = hint_on_shape(values.shape, wanted.shape)
        return f"returned {kind_of(found)}, expected {kind_of(wanted)}.{hint}"
    close = np.isclose(values, wanted, rtol=tolerance, atol=tolerance, equal_nan=True)
    if np.all(close):
        return ""
    if wanted.size <= SMALL:
        pair = told_apart(values, wanted)
        text = f"returned {pair[0]}, expected {pair[1]}."
    else:
        place = tuple(np.argwhere(~close)[0])
        pair = told_apart(values[place], wanted[place])
        where = ", ".join(map(str, place))
        text = f"returned {pair[0]} at [{where}], expected {pair[1]} there."
    if np.all(np.isfinite(wanted)) and not np.all(np.isfinite(values)):
        text += " Look for an overflow, a division by 0, or the logarithm of 0."
    return text


def hint_on_shape(found: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """Return a sentence on what may have happened to the axes, or an empty string."""
    if found == wanted[::-1]:
        return " The axes are swapped."
    if len(found) > len(wanted) and without_ones(found) == without_ones(wanted):
        return " An axis of length 1 is left over."
    if not wanted:
        return " Is a sum or a mean missing at the end?"
    if len(found) < len(wanted):
        return " Was an axis summed over, or lost, that should stay?"
    return ""


def without_ones(shape: tuple[int, ...]) -> list[int]:
    """Return a shape without its axes of length 1."""
    return [length for length in shape if length != 1]


def kind_of(value: Any) -> str:
    """Return in words what kind of value this is."""
    if value is None:
        return "None"
    if isinstance(value, tuple):
        return f"a tuple of length {len(value)}"
    if (numbers := as_numbers(value)) is not None:
        return f"an array of shape {numbers.shape}" if numbers.shape else "one number"
    if isinstance(value, np.ndarray):
        return f"an array of dtype {value.dtype}"
    if isinstance(value, list):
        others = (kind_of(part) for part in value if as_numbers(part) is None)
        return f"a list that holds {next(others, 'rows of different lengths')}"
    return f"a value of type {type(value).__name__}"


def as_numbers(value: Any) -> np.ndarray | None:
    """Return a value as an array of numbers, or None if it is something else."""
    try:
        array = np.asarray(value)
        if array.dtype == object and any(entry is None for entry in array.flat):
            return None  # to NumPy, None is nan
        return array.astype(float) if array.dtype.kind in "biufO" else None
    except (TypeError, ValueError, OverflowError):
        return None


def told_apart(first: np.ndarray, second: np.ndarray) -> tuple[str, str]:
    """Write two arrays or numbers with as many decimals as tell them apart."""
    for digits in DIGITS:
        pair = written(first, digits), written(second, digits)
        if pair[0] != pair[1]:
            break
    return pair


def written(values: np.ndarray, digits: int = 4) -> str:
    """Return numbers as a reader would write them."""
    text = np.array2string(
        np.asarray(values, dtype=float),
        separator=", ",
        formatter={"float_kind": lambda value: f"{value:.{digits}g}"},
    )
    return " ".join(text.split())


def content(value: Any) -> Any:
    """Return what an argument holds, in a form that no later change of it reaches."""
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, value.tobytes()
    with np.printoptions(threshold=sys.maxsize, floatmode="unique"):
        return repr(value)


def shown(value: Any) -> str:
    """Return how a sentence names an argument."""
    if value is None or isinstance(value, bool | str):
        return repr(value)
    numbers = as_numbers(value)
    if numbers is None:
        return getattr(value, "__name__", f"a {type(value).__name__}")
    return written(numbers) if numbers.size <= SMALL else f"an array of shape {numbers.shape}"
