"""Data that nobody prepared: masked arrays, odd containers, tensors, numbers in arrays.

What an error suggests is tried: it has to work.
"""

import array
import collections
import re
import sys
import warnings
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

import softmax as sm
from tests.package.numeric import INF, NAN, SLICE_FUNCTIONS, TRANSFORMS, normal

# Any warning fails, but not that of a file which another test left to the garbage collector.
pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")

Z = [1.0, 2.0, 99.0]


def raised(error, function, *args, **options):
    with pytest.raises(error) as caught:
        function(*args, **options)
    return str(caught.value)


def suggested(message, **names):
    """Return the value of the first expression after "pass", which an error suggests."""
    expression = re.search(r"[Pp]ass (?:it as a dense array: |a list: )?(.+?)\.?$", message).group(
        1
    )
    expression = expression.split(" or ")[0]
    return eval(expression, {"np": np, **names})


# --- masked arrays --------------------------------------------------------------------------------

# Function, its arguments, and for each the value that shows that the advice of the error works.
MASKED = [
    (sm.sigmoid, {"x": Z}, "x", [0.7310586, 0.8807971, NAN]),
    (sm.entropy, {"p": [0.5, 0.5, 99]}, "p", 0.6931472),
    (sm.kl_divergence, {"p": [0.5, 0.5, 99], "q": [0.25, 0.25, 0.5]}, "p", 0.6931472),
    (sm.kl_divergence, {"p": [0.5, 0.5, 0], "q": [0.25, 0.25, 99]}, "q", 0.6931472),
    (sm.softmax_vjp, {"p": [0.25, 0.75, 99], "g": [1.0, 0, 0]}, "p", [0.1875, -0.1875, 0]),
    (sm.softmax_vjp, {"p": [0.25, 0.75, 0], "g": [1.0, 0, 99]}, "g", [0.1875, -0.1875, 0]),
    (sm.cross_entropy, {"logits": [0, 0, 99], "targets": 1}, "logits", 0.6931472),
    (sm.cross_entropy_grad, {"logits": [0, 0, 99], "targets": 1}, "logits", [0.5, -0.5, 0]),
]


def masked(values):
    return np.ma.masked_greater(values, 50)


@pytest.mark.parametrize("function", SLICE_FUNCTIONS)
def test_a_masked_array_is_refused_and_the_mask_passed_as_where(function):
    x = masked(Z)
    message = raised(TypeError, function, x)
    assert message == (
        "`x` must not have masked entries, got some in a MaskedArray. To leave these entries out, "
        "pass x.data and where=~np.ma.getmaskarray(x)."
    )
    assert_array_equal(
        function(x.data, where=~np.ma.getmaskarray(x)),
        function(x.data, where=np.array([True, True, False])),
    )
    assert_allclose(
        sm.softmax(x.data, where=~np.ma.getmaskarray(x)), [0.2689414, 0.7310586, 0], rtol=1e-6
    )


@pytest.mark.parametrize(("function", "arguments", "name", "expected"), MASKED)
def test_masked_entries_of_other_arguments_are_refused(function, arguments, name, expected):
    arguments = arguments | {name: masked(arguments[name])}
    message = raised(TypeError, function, **arguments)
    assert message.startswith(f"`{name}` must not have masked entries, got some in a MaskedArray. ")
    assert_allclose(
        function(**arguments | {name: suggested(message, **{name: arguments[name]})}),
        expected,
        rtol=1e-6,
    )


def test_masked_labels_targets_and_weights():
    logits = np.zeros((2, 2))
    labels = np.ma.array([1, 0], mask=[False, True])
    message = raised(TypeError, sm.cross_entropy, logits, labels)
    assert "pass targets.filled(-1) and ignore_index=-1." in message
    assert sm.cross_entropy(logits, labels.filled(-1), ignore_index=-1) == np.log(2)
    assert "pass targets.filled(0)" in message
    y = np.ma.array([[1.0, 99], [1, 99]], mask=[[False, True]] * 2)
    assert raised(TypeError, sm.cross_entropy, logits, y) == message
    assert sm.cross_entropy(logits, y.filled(0)) == np.log(2)

    weight = np.ma.array([1.0, 99], mask=[False, True])
    message = raised(TypeError, sm.cross_entropy, logits, [0, 1], weight=weight)
    filled = suggested(message, weight=weight)
    assert sm.cross_entropy(logits, [0, 1], weight=filled) == np.log(2)

    message = raised(TypeError, sm.one_hot, labels, 2)
    assert_array_equal(sm.one_hot(suggested(message, labels=labels), 2), [[0, 1]])


def test_a_masked_mask():
    where = np.ma.array([True, True, True], mask=[False, False, True])
    message = raised(TypeError, sm.softmax, Z, where=where)
    assert_array_equal(sm.softmax(Z, where=suggested(message, where=where))[2], 0)


def test_masked_pieces_of_online_logsumexp():
    chunks = [np.array([0.0]), masked(Z)]
    message = raised(TypeError, sm.online_logsumexp, chunks)
    assert message.startswith("`chunks[1]` must not have masked entries")
    chunks[1] = suggested(message, chunks=chunks)
    assert_allclose(sm.online_logsumexp(chunks), np.log(1 + np.e + np.e**2), rtol=1e-14)


@pytest.mark.parametrize("x", [[masked(Z), masked(Z)], (masked(Z),), [1.0, np.ma.masked]])
def test_masked_entries_in_a_list(x):
    message = raised(TypeError, sm.softmax, x)
    assert " First combine the list: x = np.ma.array(x). " in message
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns of np.ma.masked, and then keeps the mask
        x = np.ma.array(x)
    p = sm.softmax(x.data, where=~np.ma.getmaskarray(x))
    assert np.all(p[..., -1] == 0)
    assert_allclose(p.sum(axis=-1), 1)


@pytest.mark.parametrize("function", SLICE_FUNCTIONS)
def test_a_masked_array_without_a_masked_entry_passes(function):
    for x in (np.ma.array(Z), np.ma.array(Z, mask=False), [np.ma.array(Z)]):
        assert_array_equal(function(x), function(np.array(x)))


def test_without_the_module_of_masked_arrays_nothing_is_masked(monkeypatch):
    monkeypatch.delitem(sys.modules, "numpy.ma")  # NumPy imports it where it is asked for
    assert_array_equal(sm.softmax([0, 0]), [0.5, 0.5])


def test_a_masked_number_is_not_a_number():
    for temperature in (np.ma.masked, np.ma.array(2.0, mask=True)):
        raised(TypeError, sm.softmax, Z, temperature=temperature)
    raised(TypeError, sm.one_hot, [0], np.ma.array(2, mask=True))


# --- numbers in arrays without axes ---------------------------------------------------------------


def test_an_array_without_axes_counts_as_its_number():
    for function in TRANSFORMS:
        expected = function(np.float32(Z), temperature=2.0)
        for temperature in (np.array(2.0), np.array(2), np.float16(2), Fraction(2), np.ma.array(2)):
            result = function(np.float32(Z), temperature=temperature)
            assert result.dtype == np.float32
            assert_array_equal(result, expected)
    loss = sm.cross_entropy([Z, Z], [0, 1], label_smoothing=0.1, ignore_index=1)
    options = {"label_smoothing": np.array(0.1), "ignore_index": np.array(1), "axis": np.array(1)}
    assert sm.cross_entropy([Z, Z], [0, 1], **options) == loss
    assert sm.one_hot([0, 1], np.array(2)).shape == (2, 2)


def test_an_array_with_an_axis_does_not():
    assert raised(ValueError, sm.softmax, Z, temperature=np.array([2.0])) == (
        "`temperature` must be a finite number > 0, got array([2.])."
    )
    message = raised(ValueError, sm.softmax, Z, temperature=np.array(-1.0))
    assert message == "`temperature` must be a finite number > 0, got array(-1.)."
    raised(ValueError, sm.cross_entropy, [Z], [0], label_smoothing=np.array([0.1]))
    raised(TypeError, sm.cross_entropy, [Z], [0], ignore_index=np.array(1.0))
    assert raised(TypeError, sm.one_hot, [0], np.array(2.0)) == (
        "`num_classes` must be an integer, got array(2.)."
    )


HIDDEN = np.ma.masked_greater([0.25, 0.75], 0.5)
NUMBER = np.ma.masked_array(2.0, True)
LOSS = [[1.0, 2.0]]
LABELS = np.ma.masked_equal([1], 1)
NO_LABELS = (
    "To leave these labels out, pass targets.filled(-1) and ignore_index=-1. "
    "To give these classes probability 0, pass targets.filled(0)."
)
TO_NAN = "To get NaN for these entries, pass x.astype(float).filled(np.nan)."
NO_CLASS = "To give these classes probability 0, pass p.filled(0)."
NO_GRADIENT = "If the loss does not depend on them, pass g.filled(0)."


@pytest.mark.parametrize(
    ("name", "way_out", "function", "arguments"),
    [
        ("x", TO_NAN, sm.sigmoid, {"x": HIDDEN}),
        ("p", NO_CLASS, sm.softmax_jacobian, {"p": HIDDEN}),
        ("p", NO_CLASS, sm.softmax_vjp, {"p": HIDDEN, "g": [1.0, 2.0]}),
        ("g", NO_GRADIENT, sm.softmax_vjp, {"p": [0.5, 0.5], "g": HIDDEN}),
        (
            "labels",
            "To leave these labels out, pass labels.compressed().",
            sm.one_hot,
            {"labels": LABELS, "num_classes": 2},
        ),
        ("targets", NO_LABELS, sm.cross_entropy, {"logits": LOSS, "targets": LABELS}),
        ("targets", NO_LABELS, sm.cross_entropy, {"logits": LOSS, "targets": HIDDEN[None]}),
        (
            "weight",
            "To give these classes no weight, pass weight.filled(0).",
            sm.cross_entropy,
            {"logits": LOSS, "targets": [0], "weight": HIDDEN},
        ),
        (
            "label_smoothing",
            "Pass a number.",
            sm.cross_entropy,
            {"logits": LOSS, "targets": [0], "label_smoothing": NUMBER},
        ),
        ("temperature", "Pass a number.", sm.softmax, {"x": LOSS, "temperature": NUMBER}),
    ],
)
def test_masked_entries_are_refused_with_what_to_pass(name, way_out, function, arguments):
    assert raised(TypeError, function, **arguments) == (
        f"`{name}` must not have masked entries, got some in a MaskedArray. {way_out}"
    )


def test_an_axis_and_chunks_of_other_types_are_named():
    message = raised(TypeError, sm.cross_entropy, LOSS, [0], axis=1.0)
    assert message == "`axis` must be an integer, got 1.0."
    message = raised(TypeError, sm.online_logsumexp, {"a": 1})
    assert message == "`chunks` must be an iterable of arrays, got dict. Pass chunks.values()."
    message = raised(TypeError, sm.online_logsumexp, 3.0)
    assert message == "`chunks` must be an iterable of arrays, got float."
    message = raised(TypeError, sm.cross_entropy, LOSS, {1: 2})
    assert message == "`targets` must hold values, got a dict. Pass list(targets.values())."


# --- what is not an array of numbers --------------------------------------------------------------

EXPECTED = sm.softmax([1.0, 2.0, 3.0])
OTHERS = {
    "csr_matrix": scipy.sparse.csr_matrix([[1.0, 2.0, 3.0]]),
    "csr_array": scipy.sparse.csr_array([[1.0, 2.0, 3.0]]),
    "coo_array": scipy.sparse.coo_array([[1, 2, 3]]),
    # Functions that make what can be read once only.
    "generator": lambda: (v for v in [1.0, 2.0, 3.0]),
    "map": lambda: map(float, [1, 2, 3]),
    "iterator": lambda: iter([1.0, 2.0, 3.0]),
    "dict": {"a": 1.0, "b": 2.0, "c": 3.0},
    "Counter": collections.Counter(a=1, b=2, c=3),
    "values": {"a": 1.0, "b": 2.0, "c": 3.0}.values(),
    "keys": {1.0: "a", 2.0: "b", 3.0: "c"}.keys(),
    "set": {1.0, 2.0, 3.0},
    "frozenset": frozenset([1, 2, 3]),
    "text": ["1", "2", "3"],
    "bytes": [b"1", b"2", b"3"],
    "objects": np.array([1, 2.0, Fraction(3)], object),
    "missing": None,
    "complex": np.array([1 + 0j, 2, 3]),
    "complex list": [1 + 0j, 2, 3],
    "structured": np.array([(1.0, "a"), (2.0, "b"), (3.0, "c")], [("z", float), ("name", "U1")]),
    "timedelta": np.array([1, 2, 3], "m8[s]"),
    "datetime": np.array(["1970-01-02", "1970-01-03", "1970-01-04"], "M8[D]"),
}


@pytest.mark.parametrize("name", [name for name in OTHERS if name != "missing"])
def test_the_error_suggests_what_works(name):
    x = OTHERS[name]() if callable(OTHERS[name]) else OTHERS[name]
    message = raised(TypeError, sm.softmax, x)
    assert message.startswith("`x` must hold real numbers (bool, int or float), got ")
    assert "astype" not in message
    assert_allclose(sm.softmax(suggested(message, x=x)).ravel(), EXPECTED, rtol=1e-15)


@pytest.mark.parametrize(
    ("x", "end"),
    [
        (None, "got None."),
        (object(), "got an object."),
        ("abc", "got an array of dtype <U3."),
        (["1", "two"], "The first that is not a number is np.str_('two') at index (1,)."),
        ([1, None, "x"], "The first that is not a number is None at index (1,)."),
        ([{}, 1], "The first that is not a number is {} at index (0,)."),
        ({"a": "one"}, "got a dict."),
        ({"one"}, "got a set."),
        (np.array([("a",)], [("name", "U1")]), "got an array of dtype [('name', '<U1')]."),
    ],
)
def test_the_error_suggests_nothing_where_nothing_would_work(x, end):
    message = raised((TypeError, ValueError), sm.softmax, x)
    assert message.endswith(end)
    assert not re.search("[Pp]ass", message)


def test_rows_of_different_length():
    x = [[1.0, 2.0], [3.0]]
    message = raised(ValueError, sm.softmax, x)
    assert message == (
        "`x` must have rows of equal length, got a nested list whose rows differ. Pass one row at "
        "a time, or pad the rows."
    )
    assert [len(sm.softmax(row)) for row in x] == [2, 1]
    raised(ValueError, sm.cross_entropy, np.zeros((2, 2)), x)


def test_every_argument_is_named():
    bad, good = {"a": 1.0}, [1.0, 0.0]
    for call, name in [
        (lambda: sm.log_softmax(bad), "x"),
        (lambda: sm.logsumexp(bad), "x"),
        (lambda: sm.sigmoid(bad), "x"),
        (lambda: sm.online_logsumexp([good, bad]), "chunks[1]"),
        (lambda: sm.softmax_jacobian(bad), "p"),
        (lambda: sm.softmax_vjp(bad, good), "p"),
        (lambda: sm.softmax_vjp(good, bad), "g"),
        (lambda: sm.one_hot(bad, 2), "labels"),
        (lambda: sm.cross_entropy(bad, 0), "logits"),
        (lambda: sm.cross_entropy(good, bad), "targets"),
        (lambda: sm.cross_entropy([good], bad), "targets"),
        (lambda: sm.cross_entropy(good, 0, weight=bad), "weight"),
        (lambda: sm.entropy(bad), "p"),
        (lambda: sm.kl_divergence(bad, good), "p"),
        (lambda: sm.kl_divergence(good, bad), "q"),
    ]:
        message = raised(TypeError, call)
        assert message.startswith(f"`{name}` must hold ")
        assert message.endswith(f"got a dict. Pass list({name}.values()).")


def test_pieces_that_are_not_pieces():
    assert raised(TypeError, sm.online_logsumexp, {0: [1.0]}) == (
        "`chunks` must be an iterable of arrays, got dict. Pass chunks.values()."
    )
    assert sm.online_logsumexp({0: [1.0]}.values()) == 1
    for chunks in (None, 5, "12"):
        raised(TypeError, sm.online_logsumexp, chunks)


@pytest.mark.parametrize("labels", [["b", "a"], np.array(["2020-01-02", "2020-01-01"], "M8")])
def test_labels_that_are_names(labels):
    message = raised(TypeError, sm.one_hot, labels, 2)
    numbers = np.unique(labels, return_inverse=True)[1]
    assert message.endswith(" Number the classes: np.unique(labels, return_inverse=True)[1].")
    assert_array_equal(sm.one_hot(numbers, 2), [[0, 1], [1, 0]])


def test_labels_as_objects_and_whole_floats():
    for labels in (np.array([1, 0], object), [1.0, 0.0], [True, False]):
        message = raised(TypeError, sm.one_hot, labels, 2)
        assert_array_equal(sm.one_hot(suggested(message, labels=labels), 2), [[0, 1], [1, 0]])


# --- tensors --------------------------------------------------------------------------------------


class OnGPU:
    """Imitates a tensor of PyTorch in the memory of a GPU."""

    def __init__(self, values, **attributes):
        self.values = values
        vars(self).update(attributes)

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor "
            "to host memory first."
        )

    def detach(self):
        return self

    def cpu(self):
        return np.array(self.values)


def test_a_tensor_on_a_gpu():
    x = OnGPU([1.0, 2.0, 3.0])
    message = raised(TypeError, sm.softmax, x)
    assert message.startswith(
        "`x` must be convertible to a NumPy array, got an OnGPU, which raises TypeError ("
    )
    assert message.endswith(" Copy it to host memory first: x.detach().cpu().")
    assert_array_equal(sm.softmax(x.detach().cpu()), EXPECTED)
    message = raised(TypeError, sm.softmax, [x])
    assert message.startswith("`x` must be convertible to a NumPy array, got a list, which raises ")
    assert message.endswith(" to host memory first.).")  # ends with the words of PyTorch


@pytest.mark.parametrize(
    ("attributes", "way_out"),
    [
        ({"dtype": "torch.bfloat16"}, "Copy it to host memory first: x.detach().float().cpu()."),
        ({"is_sparse": True}, "Copy it to host memory first: x.detach().to_dense().cpu()."),
        ({"is_meta": True}, "`x` is on the meta device, which stores shapes and no numbers."),
    ],
)
def test_a_tensor_that_needs_another_way_to_the_host(attributes, way_out):
    assert raised(TypeError, sm.softmax, OnGPU(Z, **attributes)).endswith(f"). {way_out}")


def test_tensors_of_pytorch():
    torch = pytest.importorskip("torch")
    plain = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    assert_array_equal(sm.softmax(plain), EXPECTED)
    assert_array_equal(sm.softmax(plain, temperature=torch.tensor(1.0)), EXPECTED)
    for x in (plain.clone().requires_grad_(), plain.bfloat16(), plain.to_sparse()):
        message = raised(TypeError, sm.softmax, x)
        code = re.search(r"first: (x\.detach.+)\.$", message).group(1)
        assert_allclose(sm.softmax(eval(code, {"x": x})), EXPECTED, rtol=1e-6)
    message = raised(TypeError, sm.softmax, torch.empty(3, device="meta"))
    assert message.endswith(" `x` is on the meta device, which stores shapes and no numbers.")


# --- data of other makers -------------------------------------------------------------------------


def frames():
    pandas = pytest.importorskip("pandas")
    return pandas, pandas.DataFrame({"a": [1.0, 0.0], "b": [2.0, 1.0], "c": [3.0, 2.0]})


def test_frames_of_pandas():
    pandas, frame = frames()
    assert_allclose(sm.softmax(frame), [EXPECTED, EXPECTED])
    assert_allclose(sm.softmax(frame.iloc[0]), EXPECTED)
    labels = pandas.Series([0, 1], index=[7, 3])
    assert sm.cross_entropy(frame, labels) == sm.cross_entropy(frame.to_numpy(), [0, 1])
    with_missing = pandas.Series([1, pandas.NA], dtype=object)
    message = raised(TypeError, sm.sigmoid, with_missing)
    filled = suggested(message, x=with_missing)
    assert_array_equal(sm.sigmoid(filled), [sm.sigmoid(1.0), NAN])


def test_arrays_in_every_guise(tmp_path):
    x = normal(4, 6)
    expected = sm.softmax(x)
    stored = np.memmap(tmp_path / "x", dtype=float, mode="w+", shape=x.shape)
    stored[:] = x
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.asmatrix(x)
    guises = [
        x.tolist(),
        tuple(map(tuple, x)),
        list(x),
        [row.tolist() for row in x],
        stored,
        np.asfortranarray(x),
        np.repeat(x, 2, axis=1)[:, ::2],
        x.astype(">f8"),
        x.view(np.recarray),
        matrix,
        collections.deque(x),
        [array.array("d", row) for row in x],
        [memoryview(row) for row in x],
    ]
    for guise in guises:
        result = sm.softmax(guise)
        assert type(result) is np.ndarray
        assert_array_equal(result, expected)
    assert_array_equal(sm.softmax(range(3)), sm.softmax([0, 1, 2]))


def test_integers_beyond_64_bits():
    message = raised(TypeError, sm.softmax, [2**70, 0])
    assert_array_equal(sm.softmax(suggested(message, x=[2**70, 0])), [1, 0])
    assert_array_equal(sm.softmax([2**63, 2**63 + 1, 0]), [0.5, 0.5, 0])
    message = raised(TypeError, sm.softmax, [0, 10**400])
    assert message.endswith(" The integer at index (1,) is beyond the range of floats.")
    for label in (2**70, INF):
        assert raised(TypeError, sm.one_hot, np.array([0, label], object), 3) == (
            "`labels` must hold integers as class labels, got an array of dtype object."
        )


def test_an_empty_mask_and_an_empty_list():
    assert sm.softmax([], where=[]).shape == (0,)
    assert sm.logsumexp([], where=[]) == -INF
    assert sm.cross_entropy(np.empty((0, 3)), [], reduction="sum") == 0
