"""Plain values travel as JSON: what goes in comes out, and nothing else gets through."""

import functools
import json
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from coursework.grader.sandbox.guest import codec
from coursework.grader.sandbox.guest.codec import (
    ValueProblem,
    decode,
    encode,
    read_line,
    write_line,
)


def there_and_back(value):
    return decode(read_line(write_line(encode(value)).rstrip(b"\n")))


def same(a, b):
    """Return whether two values are of the same type and equal to the last bit."""
    return type(a) is type(b) and encode(a) == encode(b)


DTYPES = [np.dtype(name) for name in codec.DTYPES]
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.complex_numbers()
    | st.sampled_from(DTYPES).flatmap(lambda d: arrays.arrays(d, arrays.array_shapes(min_dims=0))),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(plain)
def test_what_goes_in_comes_out(value):
    assert same(there_and_back(value), value)


@pytest.mark.parametrize(
    "value",
    [
        0.0,
        -0.0,
        float("nan"),
        float("-inf"),
        5e-324,
        sys.float_info.max,
        True,
        2**63 - 1,
        np.float32(0.1),
        np.bool_(True),
        np.int64(-1),
        np.complex64(1j),
        np.float64("nan"),
        np.array(1.5),
        np.zeros((0, 3)),
        np.zeros((2, 0, 5), dtype=">i4"),
        np.arange(6.0).reshape(2, 3).T,
        np.arange(10)[::-2],
        np.zeros((1,) * 32),
        [(), [], {}, {"é\n𝔘": (1, [2.5])}],
    ],
)
def test_special_values(value):
    back = there_and_back(value)
    assert same(back, value)
    if isinstance(value, np.ndarray):
        assert (back.shape, back.dtype) == (value.shape, value.dtype)
        assert back.flags.writeable
        np.testing.assert_array_equal(back, value)


def test_subclasses_are_taken_as_what_they_are_made_of():
    class Loud(float):
        def __eq__(self, other):
            return True

        def __repr__(self):
            return "evil"

        __hash__ = float.__hash__

    back = there_and_back([Loud(1.5)])
    assert back == [1.5]
    assert type(back[0]) is float


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({1}, "a set, which is not made of plain numbers"),
        (object(), "an object, which"),
        (print, "a builtin_function_or_method, which"),
        (b"bytes", "a bytes, which"),
        (2**63, "more than 64 bits"),
        (-(2**63) - 1, "more than 64 bits"),
        ({1: 2}, "a dict with an int as a key"),
        (np.array(["a"]), "an array of dtype <U1, which"),
        (np.array([None]), "an array of dtype object, which"),
        (np.zeros(1, dtype="M8[s]"), "an array of dtype datetime64[s], which"),
        (np.zeros(1, dtype=[("a", float)]), "an array of dtype [('a', '<f8')], which"),
        (np.longdouble(1), "a longdouble, which"),
        (np.ma.masked_array([1.0]), "a MaskedArray, a special kind of array, which"),
        (np.asmatrix([[1.0]]), "a matrix, a special kind of array, which"),
        (np.datetime64("2026-01-01"), "a datetime64, which"),
        (np.broadcast_to(1.0, 10**12), "more than 16 MB"),
        ([[0.0] * 1000] * 1000, "more than 200,000 items"),
        ("text", "a str, which"),
        ([np.zeros(4096, bool), np.str_("a")], "a str_, which"),
        ({"a" * 100_001: 1}, "more than 100,000 characters"),
        ([np.zeros(10**6)] * 3, "more than 16 MB"),
        (np.zeros((0, 10**9)), "an array of too large a shape"),
        (np.array([0, 1, 2], np.uint8).view(bool), "neither true nor false"),
        (functools.reduce(lambda inner, _: [inner], range(21), None), "nested more than 20 deep"),
    ],
)
def test_what_is_not_plain_is_refused_in_words(value, words):
    with pytest.raises(ValueProblem) as caught:
        encode(value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        [],
        {},
        {"int": 1},
        1,
        1.5,
        "text",
        ["object", 1],
        [["list"], []],
        [{}],
        ["int"],
        ["int", 1, 2],
        ["int", 1.0],
        ["int", True],
        ["int", "1"],
        ["int", 2**63],
        ["float", 1.5],
        ["float", "__import__('os')"],
        ["float", "0x1p99999"],
        ["float", "1" * 1000],
        ["complex", "0x1p0"],
        ["str", "a"],
        ["dict", [["a" * 100_001, None]]],
        ["list", [None] * 200_000],
        functools.reduce(lambda inner, _: ["list", [inner]], range(21), None),
        functools.reduce(lambda inner, _: ["dict", [["a", inner]]], range(21), None),
        ["list", {}],
        ["list", "ab"],
        ["list", [1]],
        ["tuple", None],
        ["dict", [["a"]]],
        ["dict", ["ab"]],
        ["dict", [[1, None]]],
        ["dict", {"a": None}],
        ["function", "print", ["dict", []]],
        ["function", "print", []],
        ["array", "<f8", [1], "AAAA"],
        ["array", "<f8", [1], "AAAAAAAAAAA"],
        ["array", "<f8", [1], "AAAA AAAAAAA="],
        ["array", "<f8", [1], None],
        ["array", "<f8", 1, "AAAAAAAAAAA="],
        ["array", "<f8", [-1], "AAAAAAAAAAA="],
        ["array", "<f8", [1.0], "AAAAAAAAAAA="],
        ["array", "<f8", [True], "AAAAAAAAAAA="],
        ["array", "<f8", [1] * 65, "AAAAAAAAAAA="],
        ["array", "<f8", [10**9, 10**9], ""],
        ["array", "<f8", [0, 10**6, 10**6, 10**6, 10**6], ""],
        ["array", "|O", [1], "AAAAAAAAAAA="],
        ["array", "O", [1], "AAAAAAAAAAA="],
        ["array", "<M8[s]", [1], "AAAAAAAAAAA="],
        ["array", "|V8", [1], "AAAAAAAAAAA="],
        ["array", ["<f8"], [1], "AAAAAAAAAAA="],
        ["array", "|b1", [1], "Ag=="],
        ["scalar", "<f8", ""],
        ["scalar", "<f8", "AAAAAAAAAAAAAAAAAAAAAA=="],
    ],
)
def test_what_encodes_no_value_is_refused(data):
    with pytest.raises(ValueProblem):
        decode(data)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=5)
        | st.sampled_from(["int", "float", "array", "scalar", "list", "dict", "<f8", "AAAA"]),
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=2),
    )
)
def test_decoding_raises_one_error_only(data):
    try:
        decode(data)
    except ValueProblem:
        return


@given(st.binary(max_size=200) | st.text(alphabet='[]{},:"0123456789enulltrue').map(str.encode))
def test_reading_a_line_raises_one_error_only(line):
    try:
        read_line(line)
    except ValueProblem:
        return


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff",
        "é".encode(),
        b"NaN",
        b"Infinity",
        b"9" * 21,
        b"-" + b"9" * 1_000_000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" + b"[]," * 1_000_000 + b"[]]",
        b" " * (codec.MAX_LINE + 1),
    ],
)
def test_lines_that_hurt_are_refused(line):
    with pytest.raises(ValueProblem):
        read_line(line)


def test_functions_are_made_where_they_are_asked_for():
    data = ["function", "lambda z: a * z", [["a", ["int", 2]]]]
    made = decode(data, lambda source, constants: (source, constants))
    assert made == ("lambda z: a * z", {"a": 2})


def test_encoded_values_are_json_in_ascii():
    line = write_line(encode({"é": [float("nan"), np.arange(2)]}))
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert json.loads(line)


def test_the_arrays_of_one_value_are_counted_together():
    half = encode(np.zeros(codec.MAX_BYTES // 2, "u1"))
    assert len(decode(["list", [half, half]])) == 2
    with pytest.raises(ValueProblem, match="more than 16 MB of numbers"):
        decode(["list", [half, half, encode(np.uint8(0))]])


def test_keys_can_be_written_to_any_file():
    assert decode(["dict", [["a\ud800b", None]]]) == {"a?b": None}
