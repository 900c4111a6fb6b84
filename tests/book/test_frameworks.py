"""Tabs: those of the page Frameworks print what it shows below them, and all agree with ours.

A tab runs where its framework is installed. The book's own environment has NumPy, SciPy and
scikit-learn; ``make frameworks`` makes one with the others.
"""

import ast
import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from functools import cache
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest
from plain_markdown import PARSER, find_directives
from sklearn.datasets import load_iris

import softmax as sm
from tools.frameworks import ROOT, requirements

PAGE = (ROOT / "book" / "frameworks.md").read_text(encoding="utf-8")

# What a tab imports, by its `:sync:`.
MODULES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "sklearn": "sklearn",
    "softmax": "softmax",
    "pytorch": "torch",
    "jax": "jax",
    "optax": "optax",
    "tensorflow": "tensorflow",
}
LIGHT = {"numpy", "scipy", "sklearn", "softmax"}  # one process for them all
# How the page's tables shorten the names of modules.
SHORT = {
    "F": "torch.nn.functional",
    "layers": "keras.layers",
    "nn": "jax.nn",
    "sm": "softmax",
    "special": "scipy.special",
    "tf": "tensorflow",
}

QUIET = {
    "CUDA_VISIBLE_DEVICES": "",
    "JAX_PLATFORMS": "cpu",
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
# How far a tab's values may be from ours, where the tab draws at random.
TOLERANCE = {"Fashion-MNIST in mini-batches": 0.02, "Drawing a class": 0.003}
# Runs programs, each with names of its own, and prints what each printed and how it failed.
RUNNER = """
import contextlib, io, json, sys, traceback
ends = []
for code in json.load(sys.stdin):
    error = ""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            exec(code, {"__name__": "__main__"})
        except Exception:
            error = traceback.format_exc()
    ends.append((out.getvalue(), error))
print(json.dumps(ends))
"""
# Added to a tab's code: prints the values of some of its names as the last line.
VALUES = """
import json, numpy
def _plain(x):
    return numpy.asarray(x.detach() if hasattr(x, "detach") else x).tolist()
print(json.dumps({{name: _plain(globals()[name]) for name in {names}}}))
"""


def sections():
    """Return the text under each heading of the page, by heading."""
    parts = re.split(r"^## (.+)\n", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def tabs():
    """Return (heading, framework, code, output) of every tab."""
    found = []
    for heading, text in sections().items():
        for directive in find_directives(text):
            if directive.name == "tab-item":
                fences = [token for token in PARSER.parse(directive.body) if token.type == "fence"]
                assert [token.info for token in fences] == ["python", "text"], (
                    f"The tab {directive.argument} of “{heading}” must hold its code in a block "
                    "```python and what it prints in a block ```text, and no other block."
                )
                code, output = (token.content for token in fences)
                found.append((heading, directive.options["sync"], code, output))
    return found


TABS = tabs()
TAB_IDS = [f"{heading.replace(' ', '-')}-{framework}" for heading, framework, _, _ in TABS]


@cache
def trained(**options):
    """Return accuracy and biases of a softmax regression of the irises."""
    X, t = load_iris(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = sm.SoftmaxClassifier(
        learning_rate="constant",
        learning_rate_init=0.5,
        alpha=0.01,
        batch_size=len(t),
        tol=None,
        **options,
    ).fit(X, t)
    return {"accuracy": model.score(X, t), "b": model.intercept_}


@cache
def fashion_mnist():
    """Return accuracy and loss on the test set after five epochs, of another seed's shuffles."""
    clothes = sm.load_fashion_mnist()
    model = sm.SoftmaxClassifier(
        learning_rate="constant",
        learning_rate_init=0.1,
        alpha=0,
        batch_size=256,
        max_iter=5,
        momentum=0,
        tol=None,
        random_state=1,
    ).fit(clothes.X_train, clothes.y_train)
    loss = sm.cross_entropy(model.decision_function(clothes.X_test), clothes.y_test)
    return {"accuracy": model.score(clothes.X_test, clothes.y_test), "loss": loss}


def expected_values(heading, framework):
    """Return what the names of a tab must hold, by our package, or nothing for a tab of edges."""
    if heading == "Probabilities along an axis":
        z = [[0.25, 1.23, -0.8], [1001, 1002, 1003]]
        return {"p": sm.softmax(z), "log_p": sm.log_softmax(z)}
    if heading == "The loss and its gradient":
        z = [[0.25, 1.23, -0.8], [1.0, 2.0, 3.0]]
        loss, grad = sm.cross_entropy_with_grad(z, [1, 0])
        return {"loss": loss} if framework == "sklearn" else {"loss": loss, "grad": grad}
    if heading == "A few steps of training":
        if framework in ("scipy", "sklearn"):  # they go to the end instead
            return trained(max_iter=3000, momentum=0.9)
        return trained(max_iter=100, momentum=0)
    if heading == "A classification head":
        # Padding left out by hand: three words are there.
        z, y = [[0.25, 1.23, -0.8], [1.0, 2.0, 3.0], [2.0, 1.0, 0.5]], sm.one_hot([1, 2, 0], 3)
        loss, grad = sm.cross_entropy_with_grad(z, 0.9 * y + 0.1 / 3)
        p = sm.softmax(np.array(z)[:2, :2])
        return {"loss": loss, "grad": grad.sum(axis=0), "p": np.column_stack([p, [0, 0]])}
    if heading == "Fashion-MNIST in mini-batches":
        return fashion_mnist()
    if heading == "Drawing a class":
        p = sm.softmax([0.25, 1.23, -0.8])
        # TensorFlow has no Gumbel noise to add.
        return {name: p for name in ("frequencies", "gumbel")[: 1 + (framework != "tensorflow")]}
    if heading == "Attention and its masks":
        # The duck left out by hand: seal and panda are there.
        queries, keys = np.array([[1, 1], [-1, 0]]), np.array([[1, -1], [-1, -1]])
        out = sm.softmax(queries @ keys.T / 2**0.5) @ [[0, 0], [4, 1]]
        return {"out": out} | ({} if framework == "softmax" else {"same": out})
    if heading == "Very many classes":
        x = np.array([[0.25, 1.23, -0.8], [1.0, 2.0, 3.0]])
        y = sm.one_hot([1, 4], 5)
        z = np.column_stack([x, [[0, 0], [0, 0]]])
        short = sm.softmax(x)
        p = np.column_stack([short[:, :2], short[:, 2:] * short])
        return {
            "loss": sm.cross_entropy(z, y),
            "grad": (sm.softmax(z) - y).T @ x / 2,
            "log_p": np.log(p),
            "two_steps": -np.log(p[y == 1]).mean(),
        }
    assert heading == "Where they differ at the edges", f"Nothing is known of “{heading}”."
    return {}


@cache
def run(programs):
    """Return what programs print and how they fail, run by this Python in another process.

    One process for many, since frameworks take seconds to load.
    """
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            [sys.executable, "-c", RUNNER],
            input=json.dumps(programs),
            capture_output=True,
            text=True,
            cwd=folder,
            env=os.environ | QUIET | {"PYTHONPATH": paths},
            timeout=600,
        )
    assert result.returncode == 0, result.stderr
    return dict(zip(programs, json.loads(result.stdout.splitlines()[-1]), strict=True))


@cache
def programs(framework):
    """Return the programs of every tab of a framework, or of all that are quick to load."""
    together = LIGHT if framework in LIGHT else {framework}
    return tuple(code for name, code in tab_programs() + chapter_programs() if name in together)


def printed(program, framework):
    """Return what a program prints, which is run with all others of its framework."""
    out, error = run(programs(framework))[program]
    assert not error, error
    return out


def skip_without(module):
    if find_spec(module.partition(".")[0]) is None:
        pytest.skip(f"{module} is not installed; `make frameworks` tests its tabs")


@cache
def missing_fashion_mnist():
    """Return why Fashion-MNIST cannot be loaded, or None."""
    try:
        sm.load_fashion_mnist()
    except FileNotFoundError as error:
        return str(error)
    return None


def missing_data(code):
    """Return why a tab cannot run for want of its data, or None."""
    return missing_fashion_mnist() if "load_fashion_mnist" in code else None


def test_the_page_is_read_without_what_builds_it():
    """The environment of `make frameworks` has no Sphinx."""
    code = """
import sys
sys.modules |= dict.fromkeys(["sphinx", "docutils", "myst_nb"])
import plain_markdown
"""
    folders = os.pathsep.join(filter(None, sys.path))
    subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": folders}, check=True
    )


def tab_program(heading, framework, code):
    """Return the code of a tab of the page, and what prints the values to compare."""
    return code + VALUES.format(names=list(expected_values(heading, framework)))


@cache
def tab_programs():
    """Return (framework, program) of every tab of the page that has its data."""
    return [
        (framework, tab_program(heading, framework, code))
        for heading, framework, code, _ in TABS
        if missing_data(code) is None
    ]


@pytest.mark.parametrize(("heading", "framework", "code", "output"), TABS, ids=TAB_IDS)
def test_tab_prints_what_the_page_shows(heading, framework, code, output):
    skip_without(MODULES[framework])
    if reason := missing_data(code):
        pytest.skip(reason)
    expected = expected_values(heading, framework)
    tolerance = TOLERANCE.get(heading, 1e-5)
    out = printed(tab_program(heading, framework, code), framework)
    shown, _, values = out.rstrip("\n").rpartition("\n")
    assert shown + "\n" == output, f"The tab {framework} of “{heading}” prints:\n{shown}"
    for name, value in json.loads(values).items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-5, atol=tolerance, err_msg=name)


def test_every_framework_has_its_tabs():
    tabs_of = Counter(framework for _, framework, _, _ in TABS)
    assert tabs_of.keys() == MODULES.keys()
    assert min(tabs_of.values()) > 1, tabs_of


def parameters_of(function):
    """Return the names of the parameters; for some of PyTorch, only the docstring has them."""
    try:
        return set(inspect.signature(function).parameters)
    except ValueError:
        return set(re.findall(r"\w+", function.__doc__.partition(")")[0]))


def named_functions():
    """Return (function, arguments) of the rows of the page's tables that begin with a function."""
    rows = re.findall(r"^\| `([A-Za-z.]+\.\w+)` \|(.*)\|$", PAGE, flags=re.MULTILINE)
    return [(name, re.findall(r"`(\w+)`", cells)) for name, cells in rows]


@pytest.mark.parametrize(("name", "arguments"), named_functions())
def test_tables_name_arguments_that_are_there(name, arguments):
    first, _, rest = name.partition(".")
    module, _, function = f"{SHORT.get(first, first)}.{rest}".rpartition(".")
    skip_without(module)
    function = getattr(import_module(module), function)
    parameters = parameters_of(function)
    for method in ("call", "forward"):  # of a layer of Keras, of a module of PyTorch
        if inspect.isclass(function) and hasattr(function, method):
            parameters |= parameters_of(getattr(function, method))
    unknown = set(arguments) - parameters
    assert not unknown, f"{name} has no argument {sorted(unknown)}; it has {sorted(parameters)}"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("softmax.cross_entropy", "axis=-1 weight=None ignore_index=None label_smoothing=0.0"),
        ("torch.nn.functional.cross_entropy", "weight=None ignore_index=-100 label_smoothing=0.0"),
        ("keras.losses.CategoricalCrossentropy", "axis=-1 label_smoothing=0.0 from_logits=False"),
        (
            "keras.losses.SparseCategoricalCrossentropy",
            "axis=-1 ignore_class=None from_logits=False",
        ),
        ("keras.Model.fit", "class_weight=None"),
    ],
)
def test_losses_have_the_arguments_of_the_table(name, arguments):
    skip_without(name)
    owner, _, function = name.removesuffix(".fit").rpartition(".")
    function = getattr(import_module(owner), function)
    if name.endswith(".fit"):
        function = function.fit
    parameters = inspect.signature(function).parameters
    found = {f"{parameter.name}={parameter.default}" for parameter in parameters.values()}
    assert set(arguments.split()) <= found, f"{name} has {sorted(found)}"
    if not name.endswith("SparseCategoricalCrossentropy"):
        return
    assert "label_smoothing" not in parameters, "The table says that it has no smoothing."


def test_requirements_admit_the_versions_that_the_page_names():
    versions = re.search(r"printed with (.+?)\.\s", PAGE)[1]
    for item in requirements():
        name = {"torch": "PyTorch", "jaxlib": "JAX", "tensorflow-cpu": "TensorFlow"}.get(item.name)
        found = re.search(rf"{name or item.name} ([\d.]+)", versions, flags=re.IGNORECASE)
        assert found, f"The page does not say which {item.name} it was printed with: {versions}"
        assert item.specifier.contains(found[1]), f"{item} does not admit {found[1]}"


# What a chapter's tabs start from. In PyTorch, arrays of numbers are tensors that want a gradient.
ARRAYS = """
import numpy as np
import softmax as sm
Z = np.array([[0.25, 1.23, -0.8], [3.0, -1.0, 2.0]])
X = np.array([[1.0, 2.0], [-0.5, 3.0]])
W = np.array([[0.1, -0.2, 0.3], [0.0, 0.5, -0.4]])
b = np.array([0.3, 0.0, -0.1])
t = np.array([1, 2])
"""
TENSORS = """
import torch
Z, X, W, b = (torch.tensor(array, requires_grad=True) for array in (Z, X, W, b))
t = torch.tensor(t)
"""


def chapter_tabs():
    """Return (chapter, {framework: code}) of every set of tabs outside the page Frameworks."""
    found = []
    for path in sorted((ROOT / "book").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if path.name == "frameworks.md" or "{tab-set}" not in text:
            continue  # to parse a page takes long
        for group in (item for item in find_directives(text) if item.name == "tab-set"):
            inner = [item for item in find_directives(group.body) if item.name == "tab-item"]
            fences = {item.options["sync"]: PARSER.parse(item.body)[0].content for item in inner}
            found.append((path.stem, fences))
    return found


CHAPTER_TABS = [
    pytest.param(codes, framework, id=f"{chapter}-{framework}")
    for chapter, codes in chapter_tabs()
    for framework in codes
    if framework != "softmax"
]


def assigned(code):
    """Return the names that a piece of code assigns to."""
    nodes = ast.walk(ast.parse(code))
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def common_names(codes):
    """Return the names that all tabs of a set assign to."""
    return sorted(set.intersection(*map(assigned, codes.values())))


def chapter_program(codes, framework):
    """Return the code of a tab of a chapter, and what prints the names that all tabs have."""
    start = ARRAYS + (TENSORS if framework == "pytorch" else "")
    return start + codes[framework] + VALUES.format(names=common_names(codes))


@cache
def chapter_programs():
    """Return (framework, program) of every tab of the chapters."""
    return [(name, chapter_program(codes, name)) for _, codes in chapter_tabs() for name in codes]


@pytest.mark.parametrize(("codes", "framework"), CHAPTER_TABS)
def test_tabs_of_a_chapter_agree_with_this_book(codes, framework):
    skip_without(MODULES[framework])
    assert common_names(codes), "The tabs assign to no name that all of them have."
    ours, theirs = (
        json.loads(printed(chapter_program(codes, name), name)) for name in ("softmax", framework)
    )
    for name in common_names(codes):
        np.testing.assert_allclose(theirs[name], ours[name], rtol=1e-12, err_msg=name)


def test_pytorch_loses_the_tail_of_the_leading_class():
    torch = pytest.importorskip("torch")
    z = torch.tensor([60.0, 0.0], dtype=torch.float64)
    assert torch.log_softmax(z, dim=0)[0] == 0
    assert torch.logsumexp(z, dim=0) == 60
    assert sm.log_softmax(z.numpy())[0] < 0


def module_rows():
    """Return (module, function, arguments) of the rows of the table of PyTorch's modules."""
    rows = re.findall(r"^\| `torch\.nn\.(\w+)` \| `F\.(\w+)` \|(.*)\|$", PAGE, flags=re.MULTILINE)
    return [pytest.param(*names, "`dim`" in takes, id=names[0]) for *names, takes in rows]


@pytest.mark.parametrize(("module", "function", "named_axis"), module_rows())
def test_modules_call_the_functions_beside_them(module, function, named_axis):
    torch = pytest.importorskip("torch")
    rest = [] if named_axis else [torch.tensor([1, 0])]
    options = {"dim": 1} if named_axis else {}
    z = torch.tensor([[0.25, 1.23, -0.8], [1.0, 2.0, 3.0]])
    theirs = getattr(torch.nn.functional, function)(z, *rest, **options)
    assert torch.equal(getattr(torch.nn, module)(**options)(z, *rest), theirs)


def test_cross_entropy_is_log_softmax_and_nll_loss():
    torch = pytest.importorskip("torch")
    z, t = torch.tensor([[0.25, 1.23, -0.8], [1.0, 2.0, 3.0]]), torch.tensor([1, 0])
    two = torch.nn.NLLLoss()(torch.nn.LogSoftmax(dim=1)(z), t)
    torch.testing.assert_close(torch.nn.CrossEntropyLoss()(z, t), two)


def test_multinomial_of_pytorch_refuses_negative_weights_and_does_not_replace():
    torch = pytest.importorskip("torch")
    with pytest.raises(RuntimeError, match="element < 0"):
        torch.multinomial(torch.tensor([0.25, 1.23, -0.8]), 1)
    with pytest.raises(RuntimeError, match="without replacement"):
        torch.multinomial(torch.tensor([1.0, 2.0, 3.0]), 4)


def one_query(n_keys):
    """Return a query, the keys and the values, whose output says which keys were seen."""
    return np.zeros((1, 1)), np.zeros((n_keys, 1)), np.arange(1.0, n_keys + 1)[:, None]


def test_causal_masks_are_aligned_at_the_first_key():
    Q, K, V = one_query(4)
    seen = {}
    if find_spec("torch"):
        import torch

        tensors = map(torch.tensor, (Q, K, V))
        attention = torch.nn.functional.scaled_dot_product_attention
        seen["torch"] = attention(*tensors, is_causal=True).item()
    if find_spec("jax"):
        import jax

        arrays = (jax.numpy.array(array)[:, None] for array in (Q, K, V))
        seen["jax"] = jax.nn.dot_product_attention(*arrays, is_causal=True).item()
    if find_spec("keras"):
        import keras

        arrays = (array[None, :, None].astype("float32") for array in (Q, K, V))
        seen["keras"] = float(keras.ops.dot_product_attention(*arrays, is_causal=True)[0, 0, 0, 0])
    if not seen:
        pytest.skip("No framework is installed; `make frameworks` tests this.")
    assert set(seen.values()) == {1.0}, seen
