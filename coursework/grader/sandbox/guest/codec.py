"""Plain values as JSON, between the grader and the process that runs a student's code.

Both sides use this module; it needs NumPy and the standard library only. What comes from the
student's process may have been made by anybody, so decoding checks everything, and nothing is
ever unpickled or evaluated. Each value is null, true, false or a list that begins with the name
of its type: ``["float", "0x1.8p+1"]``, ``["array", "<f8", [2, 3], base64]``.
"""

import binascii
import builtins
import json
import math

import numpy as np

MAX_BYTES = 16 << 20  # the numbers of one value
MAX_PARTS = 200_000  # the items of lists, tuples and dicts in one value
MAX_TEXT = 100_000  # the characters of one key
MAX_DEPTH = 20
MAX_LINE = 2 * MAX_BYTES  # one message, with its base64
# No long double: not every pattern of its bits is a number.
_NAMES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64"
_PLAIN = [np.dtype(name) for name in [*_NAMES.split(), "complex64", "complex128"]]
DTYPES = {dtype.str: dtype for plain in _PLAIN for dtype in (plain, plain.newbyteorder())}
INT64 = np.iinfo(np.int64)
# Functions look here for len and the like, and below for what is NumPy's: a student who patches
# the real ones by accident breaks nothing here.
__builtins__ = dict(vars(builtins))  # type: ignore[assignment]
_array_type, _scalar_type = np.ndarray, np.generic
_frombuffer, _empty, _prod = np.frombuffer, np.empty, math.prod
_to_base64, _from_base64 = binascii.b2a_base64, binascii.a2b_base64
_dump = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class ValueProblem(ValueError):
    """A value that is not plain or is too large, or a message that holds none."""


def refuse(value):
    """Raise the `ValueProblem` of a value that is not plain."""
    raise ValueProblem(f"{describe_type(value)}, which is not made of plain numbers")


def encode(value, function=refuse):
    """Return `value` as what JSON can hold; `function` encodes what is not plain.

    Plain are None, bool, int within 64 bits, float, complex, NumPy arrays and scalars of numbers
    or booleans, and tuples, lists and dicts of these. A subclass of a Python type is taken as
    that type; a subclass of an array (a matrix, a masked array) is not taken, since its
    arithmetic is not an array's. Nor is a string: a long one beside many arrays is small, and
    NumPy would need gigabytes to make one array of them all. A `ValueProblem` says what a value
    is, to follow "it returned".
    """
    return _Encoder(function).encode(value, 0)


def decode(data, function=None):
    """Return the value that `encode` made `data` from, which may be anything that JSON can hold.

    `function` makes a function of its source and a dict of constants; without it there are none.
    """
    try:
        return _Decoder(function).decode(data, 0)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueProblem(f"no value: {error}") from None


def write_line(message):
    """Return a message, of what JSON can hold, as one line of bytes."""
    return _dump(message).encode("ascii") + b"\n"


def check_line(line):
    """Raise `ValueProblem` where a message would take far more memory than one needs."""
    if len(line) > MAX_LINE:
        raise ValueProblem(f"more than {MAX_LINE >> 20} MB as text")
    # A list takes two bytes here and a hundred in memory: count before reading.
    if line.count(b"[") + line.count(b"{") + line.count(b",") > 5 * MAX_PARTS:
        raise ValueProblem(f"more than {5 * MAX_PARTS:,} brackets and commas as text")


def read_line(line):
    """Return the message of one line of bytes, which anybody may have written."""
    check_line(line)
    try:
        text = line.decode("ascii")
        return json.loads(text, parse_int=_read_int, parse_constant=int)  # which refuses NaN
    except (ValueError, RecursionError) as error:
        raise ValueProblem(f"not a message: {type(error).__name__}") from None


def describe_type(value):
    """Return the type of a value in words: "a list", "an array of dtype object"."""
    if type(value) is _array_type:
        return f"an array of dtype {value.dtype}"
    name = type(value).__name__
    if isinstance(value, _array_type):
        return f"a {name}, a special kind of array"
    return f"{'an' if name[:1].lower() in tuple('aeiou') else 'a'} {name}"


def _read_int(digits):
    if len(digits) > 20:
        raise ValueProblem("a whole number of too many digits")
    return int(digits)


def _check_array(dtype, shape, data):
    """Raise `ValueProblem` for an array that NumPy itself holds and that cannot be read back."""
    # Lengths of zero count as one here: NumPy cannot make every (0, huge, huge).
    if _prod(max(n, 1) for n in shape) > MAX_BYTES:
        raise ValueProblem("an array of too large a shape")
    if dtype.kind == "b" and any(byte > 1 for byte in set(data)):
        raise ValueProblem("a boolean that is neither true nor false")


class _Budget:
    """Counts what one value takes."""

    def __init__(self, function):
        self.function = function
        self.parts = 0
        self.bytes = 0

    def spend(self, parts=0, size=0, depth=0):
        """Count some parts and bytes at some depth of nesting, and complain of too many."""
        self.parts += parts
        self.bytes += size
        if self.parts > MAX_PARTS:
            raise ValueProblem(f"lists of more than {MAX_PARTS:,} items")
        if self.bytes > MAX_BYTES:
            raise ValueProblem(f"more than {MAX_BYTES >> 20} MB of numbers")
        if depth > MAX_DEPTH:
            raise ValueProblem(f"lists nested more than {MAX_DEPTH} deep")


class _Encoder(_Budget):
    def encode(self, value, depth):
        self.spend(parts=1, depth=depth)
        if value is None or value is True or value is False:
            return value
        if isinstance(value, _scalar_type) or type(value) is _array_type:
            return self.numbers(value)
        if isinstance(value, int):
            value = int(value)
            if not INT64.min <= value <= INT64.max:
                raise ValueProblem("a whole number of more than 64 bits")
            return ["int", value]
        if isinstance(value, float):
            return ["float", float.hex(value)]
        if isinstance(value, complex):
            return ["complex", float.hex(value.real), float.hex(value.imag)]
        if isinstance(value, tuple | list):
            kind = "tuple" if isinstance(value, tuple) else "list"
            return [kind, [self.encode(item, depth + 1) for item in value]]
        if isinstance(value, dict):
            return ["dict", [self.pair(*item, depth + 1) for item in value.items()]]
        return self.function(value)

    def numbers(self, value):
        """Encode an array or a NumPy scalar."""
        dtype = value.dtype
        if dtype.str not in DTYPES:
            refuse(value)
        self.spend(size=value.size * dtype.itemsize)  # before the copy: it may be a broadcast
        data = value.tobytes()
        _check_array(dtype, value.shape, data)
        text = _to_base64(data, newline=False).decode("ascii")
        if isinstance(value, _scalar_type):
            return ["scalar", dtype.str, text]
        return ["array", dtype.str, list(value.shape), text]

    def pair(self, key, value, depth):
        if not isinstance(key, str):
            raise ValueProblem(f"a dict with {describe_type(key)} as a key instead of a string")
        if len(key) > MAX_TEXT:
            raise ValueProblem(f"a dict with a key of more than {MAX_TEXT:,} characters")
        return [str(key), self.encode(value, depth)]


class _Decoder(_Budget):
    def decode(self, data, depth):
        self.spend(parts=1, depth=depth)
        match data:
            case None | True | False:
                return data
            case ["scalar", str(name), str(text)]:
                return self.numbers(name, [], text)[0]
            case ["int", value] if type(value) is int and INT64.min <= value <= INT64.max:
                return value
            case ["float", str(text)]:
                return float.fromhex(text)
            case ["complex", str(real), str(imaginary)]:
                return complex(float.fromhex(real), float.fromhex(imaginary))
            case ["array", str(name), list(shape), str(text)]:
                return self.numbers(name, shape, text).reshape(shape)
            case ["tuple", list(values)]:
                return tuple(self.decode(value, depth + 1) for value in values)
            case ["list", list(values)]:
                return [self.decode(value, depth + 1) for value in values]
            case ["dict", list(pairs)]:
                return dict(self.pair(pair, depth + 1) for pair in pairs)
            case ["function", str(source), list(pairs)] if self.function:
                return self.function(source, dict(self.pair(pair, depth + 1) for pair in pairs))
        raise ValueProblem("an unknown type")

    def numbers(self, name, shape, text):
        """Return the numbers of an array from base64, with one axis and memory of their own."""
        if name not in DTYPES or len(shape) > 64:
            raise ValueProblem("an unknown type of array")
        if not all(type(n) is int and n >= 0 for n in shape):
            raise ValueProblem("not a shape")
        dtype, count = DTYPES[name], _prod(shape)
        self.spend(size=count * dtype.itemsize)
        data = _from_base64(text, strict_mode=True) if text else b""
        if len(data) != count * dtype.itemsize:
            raise ValueProblem("an array of another size than its shape")
        _check_array(dtype, shape, data)
        return _frombuffer(data, dtype).copy() if count else _empty(0, dtype)

    def pair(self, pair, depth):
        match pair:
            case [str(key), value] if len(key) <= MAX_TEXT:
                # No file in UTF-8 can hold halves of surrogate pairs.
                return key.encode("utf-8", "replace").decode("utf-8"), self.decode(value, depth)
        raise ValueProblem("not a key and its value")
