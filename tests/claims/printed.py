"""Checks that run or read the notes as they are printed.

The notes are not part of this project. The environment variable ``SOFTMAX_NOTES`` names a folder
in which they are, as text files whose names begin with their numbers, 000 to 004.

Each check is named after its claim, takes the text of the note, and returns whether the claim
holds. `COUNTEREXAMPLES` has, for each, a change of the text under which it has the other outcome.
"""

import contextlib
import io
import os
import re
import sys
import textwrap
from pathlib import Path

import numpy as np

from tests.claims.training import T4, W4, X4, bias_slopes, objective, weight_slopes
from tests.claims.vocabulary import near, parameters_of, quietly, runs

VARIABLE = "SOFTMAX_NOTES"
LISTING = re.compile(r"```python\n(.*?)```", re.DOTALL)


def note(number):
    """Return the text of a note, or None where the notes are not at hand."""
    folder = os.environ.get(VARIABLE)
    found = sorted(Path(folder).glob(f"{number:03}*")) if folder else []
    return found[0].read_text(encoding="utf-8") if found else None


def section(text, number):
    """Return the section of a note whose heading begins with a number, such as 3.4."""
    return re.search(rf"^## {re.escape(number)} .*?(?=^#{{1,2}} |\Z)", text, re.M | re.S)[0]


def listing(text, number):
    """Return the first listing of a section."""
    return LISTING.search(section(text, number))[1]


def defined_by(*sources):
    """Run listings one after the other, and return what they define."""
    names = {"np": np}
    with contextlib.redirect_stdout(io.StringIO()):
        for source in sources:
            exec(textwrap.dedent(source), names)
    return names


# The note 000


def definitions_000(text):
    return [source for source in LISTING.findall(text) if "def softmax" in source]


def n0_code_takes_any_reals(text):
    softmax = defined_by(definitions_000(text)[0])["softmax"]
    return np.all(np.isfinite(quietly(softmax, np.array([1000.0, 0.0]))))


def n0_second_function_replaces_first(text):
    softmax = defined_by(*definitions_000(text))["softmax"]
    return runs(softmax, np.array([1.0, 2.0, 3.0]))


def n0_batch_row_2(text):
    return printed_row(text, 1)


def n0_batch_row_3(text):
    return printed_row(text, 2)


def printed_row(text, k):
    """Whether the printed code gives the printed row `k` for the printed batch."""
    example = next(source for source in LISTING.findall(text) if "softmax_probs" in source)
    made = defined_by(*definitions_000(text), example)["softmax_probs"][k]
    printed = re.findall(r"^[ \[]\[([\d. ]+)\]", text, re.M)[k]
    return np.array_equal(np.round(made, 8), np.array(printed.split(), dtype=float))


# The note 003


def model_003(text):
    """Return a fresh classifier of the class that is printed as a whole."""
    np.random.seed(0)  # noqa: NPY002, the printed code draws from the global generator
    return defined_by(listing(text, "3.7"))["NumpySoftmax"](4, 3)


def trained_003(text, *args, **kwargs):
    """Return a trained classifier, what its training returned, and what it printed."""
    model, printed = model_003(text), io.StringIO()
    with contextlib.redirect_stdout(printed):
        returned = model.train(X4, T4, *args, **kwargs)
    return model, returned, printed.getvalue()


def n3_pure_python(text):
    code = "\n".join(LISTING.findall(text))
    modules = set(re.findall(r"^\s*(?:import|from) (\w+)", code, re.M))
    return modules <= sys.stdlib_module_names


def n3_figure_5_30(text):
    return any("5-30" in caption for caption in captions(text))


def captions(text):
    return [found for found in re.findall(r"<span[^>]*>(.*?)</span>", text) if found]


def n3_captions(text):
    return len(set(captions(text))) == len(captions(text))


def n3_script(text):
    return any(re.search(r"^def softmax\(", source, re.M) for source in LISTING.findall(text))


def n3_listing_34_returns(text):
    method = defined_by(listing(text, "3.4"))["compute_loss_and_grads"]
    return method(model_003(text), X4, T4) is not None


def n3_listing_35_runs(text):
    method = defined_by(listing(text, "3.5"))["compute_loss_and_grads"]
    return runs(method, model_003(text), X4, T4)


def n3_whole_class_runs(text):
    model, _, printed = trained_003(text, epochs=31)
    right = np.mean(model.predict(X4) == T4)
    return right > 0.9 and re.findall(r"Epoch (\d+), loss=\d", printed) == ["0", "10", "20", "30"]


def n3_shifting_code(text):
    z = np.random.default_rng(0).normal(size=(5, 3))
    exponentials = np.exp(z)
    wanted = exponentials / exponentials.sum(axis=1, keepdims=True)
    return near(model_003(text).softmax(z), wanted)


def n3_shifting_in_place(text):
    z = np.array([[0.25, 1.23, -0.8]])
    model_003(text).softmax(z)
    return np.array_equal(z, [[0.25, 1.23, -0.8]])


def loss_and_gradients(text):
    model = model_003(text)
    model.W, model.reg = W4.copy(), 0.1
    return model.compute_loss_and_grads(X4, T4)


def n3_total_loss_code(text):
    return near(loss_and_gradients(text)[0], objective(W4, np.zeros(3), X4, T4, 0.1))


def n3_gradient_code(text):
    _, dW, db = loss_and_gradients(text)
    return near(dW, weight_slopes(), tolerance=1e-6) and near(db[0], bias_slopes(), tolerance=1e-6)


def n3_log_of_softmax_code(text):
    model = model_003(text)
    model.W = np.diag([1000.0, 0, 0, 0])[:, :3]
    loss, *_ = quietly(model.compute_loss_and_grads, np.eye(4)[:1], np.array([1]))
    return np.isfinite(loss)


def n3_train_call(text):
    with contextlib.redirect_stdout(io.StringIO()):
        return runs(model_003(text).train, X4, T4, X4, T4, epochs=1, batch_size=256)


def n3_train_returns_history(text):
    return trained_003(text, epochs=1)[1] is not None


def n3_validates_each_epoch(text):
    return "X_val" in parameters_of(model_003(text).train)


def after(text, number):
    """Return the text from the section after a numbered one."""
    return text[text.index(section(text, number)) + len(section(text, number)) :]


def n3_derived_below(text):
    return bool(re.search(r"\\partial (p|y|\\log)_", after(text, "2.5")))


def n3_stability_tested_below(text):
    later = LISTING.findall(after(text, "3.2"))
    return any("np.exp(" in source and "np.max(" not in source for source in later)


def n3_loading_runs(text):
    source = next(source for source in LISTING.findall(text) if "datasets.MNIST" in source)
    return runs(defined_by, source.replace("\u00a0", " "))  # its indents are no-break spaces


# A change of each text, under which its claim fares otherwise


def numbered_captions(text):
    count = iter(range(100))
    return re.sub(r"</span>", lambda _: f" {next(count)}</span>", text)


def replacing(old, new):
    return lambda text: text.replace(old, new)


def with_listing(number, change):
    def changed(text):
        source = listing(text, number)
        return text.replace(
            section(text, number), section(text, number).replace(source, change(source))
        )

    return changed


VALIDATING = replacing("def train(self, X, y, ", "def train(self, X, y, X_val=None, y_val=None, ")
COUNTEREXAMPLES = {
    "n3_derived_below": lambda text: text + r"$\frac{\partial p_c}{\partial z_i}$",
    "n3_stability_tested_below": lambda text: text + "```python\nprint(np.exp(1000.0))\n```",
    "n3_loading_runs": lambda text: re.sub(
        r"transform = transforms\.Compose.*?(?=```)", "# datasets.MNIST\n", text, flags=re.DOTALL
    ),
    "n0_code_takes_any_reals": replacing("np.exp(x)", "np.exp(x - np.max(x))"),
    "n0_second_function_replaces_first": replacing("axis=1", "axis=-1"),
    "n0_batch_row_2": replacing(
        "[0.01587624 0.04310455 0.94102021]", "[0.09003057 0.24472847 0.66524096]"
    ),
    "n0_batch_row_3": replacing(
        "[0.00035768 0.00097085 0.99867147]", "[0.09003057 0.24472847 0.66524096]"
    ),
    "n3_pure_python": lambda text: re.sub(
        r"import (numpy|matplotlib\.pyplot)", "import math", text
    ),
    "n3_figure_5_30": lambda text: text + "<span>5-30</span>",
    "n3_captions": numbered_captions,
    "n3_script": lambda text: text + "```python\ndef softmax(z):\n    return z\n```",
    "n3_listing_34_returns": with_listing(
        "3.4", lambda source: source.rstrip() + "\n        return loss\n"
    ),
    "n3_listing_35_runs": with_listing(
        "3.5", lambda source: source.split("\n")[0] + "\n    return 0\n"
    ),
    "n3_whole_class_runs": replacing("W -= self.lr", "W += self.lr"),
    "n3_shifting_code": replacing("axis=1, keepdims", "axis=0, keepdims"),
    "n3_shifting_in_place": replacing("z -= np.max", "z = z - np.max"),
    "n3_total_loss_code": replacing("0.5 * self.reg", "0.7 * self.reg"),
    "n3_gradient_code": replacing("dscores /= num_samples", "dscores /= 2"),
    "n3_log_of_softmax_code": replacing("np.log(probs", "np.log(1e-300 + probs"),
    "n3_train_call": VALIDATING,
    "n3_train_returns_history": replacing("losses = []", "losses = []; return losses"),
    "n3_validates_each_epoch": VALIDATING,
}
