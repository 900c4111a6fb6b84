"""What the live figures send to the reader. How they answer is tested in tests/browser."""

import gzip
import json
import re
from functools import cache
from importlib.resources import files
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from py_mini_racer import MiniRacer

from softmax import live
from softmax.live._live_figure import script, without_unused
from tools.references import clean

# Name -> an example, and the most that its script may weigh, in bytes and gzipped.
EXAMPLES = {
    "logits": (live.logits([0.25, 1.23, -0.8], ["seal", "panda", "duck"]), 12_000),
    "gradient": (live.gradient([0.25, 1.23, -0.8], 1, ["seal", "panda", "duck"]), 12_000),
    "decision": (live.decision([1.5, 0.4], [[1, 0], [0, 1]], [0, 0.5]), 12_000),
    "descent": (live.descent(8, ["seal", "panda", "duck"]), 12_000),
    "divergence": (
        live.divergence([0.5, 0.3, 0.2], [0.25, 0.66, 0.09], ["seal", "panda", "duck"]),
        10_000,
    ),
    "jacobian": (live.jacobian([0.25, 1.23, -0.8], 1, ["seal", "panda", "duck"]), 12_000),
    "precision": (live.precision([1.0, 1.1, 1.2], "float32", 100), 12_000),
    "calibration": (
        live.calibration(4 * np.eye(3), [0, 1, 1], 4 * np.eye(3), [0, 1, 2]),
        12_000,
    ),
    "attention": (
        live.attention([1.5, 0.5], [[1, -1], [-1, -1], [1, 1]], [[0, 0], [4, 1], [1, 3]]),
        12_000,
    ),
    "digit": (
        live.draw_digit(
            SimpleNamespace(coef_=np.eye(10, 784), intercept_=np.zeros(10)), np.eye(1, 784, 9), [1]
        ),
        12_400,
    ),
    "blocks": (live.blocks(np.arange(8) / 2, np.eye(8, 2), block=3), 13_000),
    "contrastive": (live.contrastive([20, 110, 200, 300], [150, 60, 330, 220]), 12_000),
    "drift": (live.drift([0.25, 1.23, -0.8], 1, ["seal", "panda", "duck"], shift=100), 12_000),
    "playground": (live.playground(), 15_200),
    "gumbel": (live.gumbel([0.25, 1.23, -0.8], ["seal", "panda", "duck"]), 10_000),
    "sampling": (live.sampling(np.eye(3), ["a", "b", "."], "a b"), 12_000),
    "triage": (live.triage(4 * np.eye(3), [0, 1, 1], np.eye(3, 784)), 12_000),
    "sparsemax": (live.sparsemax([0.25, 1.23, -0.8], ["seal", "panda", "duck"]), 10_000),
    "vocabulary": (live.vocabulary(np.arange(8) / 2, 2, chunk=3), 12_000),
    "preferences": (live.preferences(["yes", "no", "perhaps"], [0.5, 0.3, 0.2]), 10_000),
}
by_figure = pytest.mark.parametrize(
    ("name", "figure", "most"), [(name, *rest) for name, rest in EXAMPLES.items()]
)


@cache
def html(figure):
    """Return what a figure sends to the reader. To draw its picture takes longest."""
    return figure._repr_html_()


def parsed(figure):
    return BeautifulSoup(html(figure), "html.parser")


def test_every_folder_with_a_view_is_tested_here():
    folders = [path for path in files("softmax.live").iterdir() if (path / "view.mjs").is_file()]
    assert {path.name for path in folders} == {f"_{name}" for name in EXAMPLES}


@by_figure
def test_script_is_light(name, figure, most):
    size = len(gzip.compress(script(name).encode(), mtime=0))
    assert size < most, f"The script of {name} weighs {size} bytes gzipped."


@by_figure
def test_script_is_one_module_of_its_own(name, figure, most):
    text = script(name)
    assert not re.search(r"^\s*(import|export)\b", text, re.MULTILINE)
    assert f'define("softmax-{name}"' in text
    assert text.count("class LiveElement") == 1
    assert "</script" not in text
    assert not re.search(r"https?:|//\w+\.\w", text), "It names another host."


@pytest.fixture(scope="module")
def engine():
    return MiniRacer()


@by_figure
def test_script_can_be_read(name, figure, most, engine):
    """A name that the modules of a figure declare twice, say, keeps all of it from running."""
    assert engine.eval(f"new Function({json.dumps(script(name))}) instanceof Function")


def test_what_a_figure_does_not_use_is_left_out():
    unused = "export const a = 1;\nfunction b() {\n  return a;\n}\nconst list = [\n  1,\n];\n"
    kept = "export function c() {}\nconst long =\n  1;\nfunction d() {\n}\nd(c);\n"
    assert without_unused(unused + kept) == kept
    assert "function dragIn" in script("logits")
    assert "function dragIn" not in script("precision")


@by_figure
def test_element_holds_its_start_a_picture_and_a_sentence(name, figure, most):
    element = parsed(figure).find(f"softmax-{name}")
    assert json.loads(element["data-start"]) == figure.start
    assert json.loads(element.get("data-limits", "{}")) == json.loads(json.dumps(figure.limits))
    assert element.img["src"].startswith("data:image/png;base64,iVBOR")
    assert len(element.img["src"]) < 60_000, "The picture is too heavy."
    assert len(element.img["alt"]) > 30
    assert "JavaScript" in element.p.text


@by_figure
def test_text_is_short_and_stable(name, figure, most):
    assert re.fullmatch(r"<softmax\.live: [\w ,-]+>", repr(figure))


@by_figure
def test_reference_keeps_the_start_but_neither_script_nor_picture(name, figure, most):
    data = {"text/plain": repr(figure), "text/html": html(figure)}
    cell = nbformat.v4.new_code_cell("figure")
    cell.outputs = [nbformat.v4.new_output("execute_result", data)]
    notebook = clean(nbformat.v4.new_notebook(cells=[cell]))
    kept = notebook.cells[0].outputs[0].data["text/html"]
    assert len(kept) < 2_000 + len(json.dumps(figure.start)) * 2
    assert json.loads(BeautifulSoup(kept, "html.parser").select_one("[data-start]")["data-start"])


def test_labels_may_hold_any_character():
    figure = live.logits([0.0], ["<b>\"&'</softmax-logits><script>"])
    assert json.loads(parsed(figure).find("softmax-logits")["data-start"]) == figure.start
    assert len(parsed(figure).find_all("script")) == 1


def test_dollar_signs_of_a_label_are_no_formula():
    """Matplotlib would stop at “$5_$”, as at a formula that it cannot read."""
    live.preferences(["It costs $5_$.", "no"], [0.5, 0.5])._repr_html_()
    live.contrastive([20, 110], [150, 60], ["$5_$", "no"])._repr_html_()


def test_labels_may_be_numbers():
    figure = live.logits([0.0, 1.0], np.arange(2))
    assert json.loads(parsed(figure).find("softmax-logits")["data-start"])["labels"] == ["0", "1"]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([[1.0, 2.0]],), {}, r"`z` must be one vector of 1 to 8 logits, got shape \(1, 2\)"),
        (([],), {}, r"shape \(0,\)"),
        ((np.zeros(9),), {}, r"shape \(9,\)"),
        (([np.nan],), {}, r"`z` must hold logits from -100 to 100, got \[nan\]"),
        (([101.0],), {}, "from -100 to 100"),
        (([0.0], ["a", "b"]), {}, "each of the 1 logits, got 2"),
        (([0.0],), {"temperature": 0}, "`temperature` must be a number from 0.05 to 20, got 0.0"),
        (([0.0],), {"temperature": np.nan}, "`temperature` .* got nan"),
    ],
)
def test_logits_says_what_it_cannot_show(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        live.logits(*arguments, **options)
