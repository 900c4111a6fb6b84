"""Cells and values at the edges: what an answer needs, and what its values cost the grader."""

import json

import numpy as np
import pytest

from coursework.grader.model import Call, Limits
from coursework.grader.sandbox.guest import codec
from coursework.grader.sandbox.guest.cells import choose, read_cell
from coursework.grader.sandbox.host import run_calls
from tests.coursework.sandboxed import require_sandbox


def chosen(texts, *wanted):
    """Return the numbers of the cells that are run for some functions."""
    return [cell.number for cell in choose([read_cell(*pair) for pair in enumerate(texts)], wanted)]


@pytest.mark.parametrize(
    "answer",
    [
        "def answer(z):\n    return z",
        "def answer(x):\n    z = x\n    return z",
        "def answer(x):\n    return [z for z in x]",
        "answer = lambda z: z",
        "def answer(x):\n    def inner(z):\n        return z + x\n    return inner(x)",
        "def answer(x):\n    for z in x:\n        pass\n    return z",
    ],
)
def test_names_of_a_function_do_not_bring_in_cells(answer):
    assert chosen(["z = 1\nwhile True:\n    pass", answer], "answer") == [1]


@pytest.mark.parametrize(
    "answer",
    [
        "def answer(x):\n    return z",
        "def answer(x=z):\n    return x",
        "@z\ndef answer(x):\n    return x",
        "class answer:\n    y = z",
        "def answer(x):\n    return [y + z for y in x]",
        "def answer(x):\n    global z\n    return z",
        "def answer(x):\n    def inner():\n        return z\n    return inner()",
        "answer = z",
        "def answer(x) -> z:\n    return x",
    ],
)
def test_names_that_a_function_reads_from_outside_do(answer):
    assert chosen(["z = 1", "other = 2", answer], "answer") == [0, 2]


def test_a_cell_that_only_the_parser_takes_brings_in_all_that_it_names():
    assert chosen(["z = 1", "answer = print\nreturn z"], "answer") == [0, 1]


@pytest.mark.parametrize(
    "cell",
    [
        "import asyncio\nawait asyncio.sleep(0)\ndef answer():\n    return 1",
        "async def one():\n    return 1\ntaken = await one()\ndef answer():\n    return taken",
        "get_ipython().ast_transformers.append(print)\ndef answer():\n    return 1",
        "get_ipython().user_ns['x'] = 1\nget_ipython().events.register('x', print)\n"
        "def answer():\n    return 1",
        "if 'IPKernelApp' in get_ipython().config:\n    1 / 0\ndef answer():\n    return 1",
        "for name in get_ipython().magics_manager:\n    1 / 0\ndef answer():\n    return 1",
    ],
)
def test_what_jupyter_allows_stops_no_cell(cell):
    require_sandbox()
    run = run_calls([cell], [Call("answer")], limits=Limits())
    assert run.outcomes[0].value == 1, run.problems


def test_an_error_after_await_has_its_line():
    require_sandbox()
    run = run_calls(
        ["import asyncio\nawait asyncio.sleep(0)\n1 / 0"],
        [Call("asyncio")],
        limits=Limits(),
    )
    assert "ZeroDivisionError" in run.problems[0]


def test_a_text_is_no_value():
    """NumPy would make gigabytes of one long text beside many arrays, as the last entry here."""
    result = [np.zeros(4096, bool)] * 1000 + [["x" * 3000] + [""] * 4095]
    with pytest.raises(codec.ValueProblem, match="a str, which is not made of plain numbers"):
        codec.encode(result)
    forged = ["list", [["list", [None]], ["str", "x" * 3000]]]
    with pytest.raises(codec.ValueProblem, match="an unknown type"):
        codec.decode(json.loads(json.dumps(forged)))
