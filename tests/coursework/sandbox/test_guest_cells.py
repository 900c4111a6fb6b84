"""Which cells of a notebook an answer needs."""

import pytest

from coursework.grader.marking.magics import to_python
from coursework.grader.model import Call
from coursework.grader.sandbox.guest.cells import choose, read_cell
from coursework.grader.sandbox.host import run_calls
from tests.coursework.sandboxed import QUICK, require_sandbox


def chosen(cells, *wanted):
    """Return the numbers of the cells that are needed for some names."""
    read = [read_cell(number, text) for number, text in enumerate(to_python(cells), 1)]
    return [cell.number for cell in choose(read, set(wanted))]


def test_cells_that_are_needed_by_way_of_others():
    cells = [
        "import numpy as np",
        "while True: pass",
        "k = 3",
        "def helper(x):\n    return np.sum(x) * k",
        "print(f(2))",
        "def f(x):\n    return helper(x)",
        "unused = 1",
    ]
    assert chosen(cells, "f") == [1, 3, 4, 6]
    assert chosen(cells, "g") == []


def test_all_definitions_of_a_name_are_run_in_order():
    assert chosen(["def f(): 1", "def g(): 1", "def f(): 2"], "f") == [1, 3]


@pytest.mark.parametrize(
    "text",
    [
        "def f(): pass",
        "async def f(): pass",
        "class f: pass",
        "f = 1",
        "f: int = 1",
        "(a, [f, *b]) = c",
        "f += 1",
        "del f",
        "import f",
        "import f.g",
        "import g as f",
        "from g import f",
        "from g import h as f",
        "for f in x: pass",
        "with x as f: pass",
        "with x as (f, y): pass",
        "if x:\n    f = 1",
        "try:\n    f = 1\nexcept E: pass",
        "try: pass\nexcept E as f: pass",
        "while (f := g()): pass",
        "match x:\n    case [f, *_]: pass",
        "match x:\n    case [_, *f]: pass",
        "f[0] = 1",
        "f.a.b = 1",
        "f['k'].x += 1",
        "print(f := 1)",
        "[f := x for x in y]",
        "%matplotlib inline\nf = 1",
        "%%time\nf = 1",
        "%time f = 1",
        "%timeit\nf = 1",
        "!ls\nf = 1",
        "x = !ls\nf = 1",
        "y = %sql select\nf = 1",
        "np.exp?\nf = 1",
        "?np.exp\nf = 1",
        "if x:\n    %matplotlib inline\nf = 1",
        "%time = = =\ndef f(x): pass\n(",
        "def f(x)\n    return 1",
    ],
)
def test_cells_that_bind_a_name(text):
    assert chosen([text], "f") == [1]


@pytest.mark.parametrize(
    "text",
    [
        "def g():\n    f = 1",
        "class G:\n    f = 1",
        "g = lambda f: f",
        "print(f)",
        "f(1)",
        "f == 1",
        "'f = 1'",
        "%%bash\nf = 1",
        "%%html\n<b>f = 1</b>",
        "# f = 1",
        "",
    ],
)
def test_cells_that_do_not_bind_a_name(text):
    assert chosen([text], "f") == []


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
    assert chosen(["z = 1\nwhile True:\n    pass", answer], "answer") == [2]


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
    assert chosen(["z = 1", "other = 2", answer], "answer") == [1, 3]


def test_a_cell_that_only_the_parser_takes_brings_in_all_that_it_names():
    assert chosen(["z = 1", "answer = print\nreturn z"], "answer") == [1, 2]


def test_cells_whose_names_cannot_be_told_are_always_run():
    assert chosen(["from math import *", "x = 1", "exec(x)", "y = 2"], "f") == [1, 2, 3]
    assert chosen(["globals()['f'] = 1"], "f") == [1]
    assert chosen(["try:\n    from math import *\nfinally:\n    pass"], "f") == [1]


@pytest.mark.parametrize(
    "change",
    [
        "f.append(0.0)",
        "f.a[0].update(k=1)",
        "if x:\n    f.clear()",
        "@f.register\ndef _(x): pass",
        "@f.register(int)\ndef _(x): pass",
    ],
)
def test_cells_that_change_what_another_has_made(change):
    assert chosen(["f = g()", change], "f") == [1, 2]
    assert chosen(["import f", change], "f") == [1]  # as np.testing.assert_allclose(...) would
    assert chosen([change], "f") == []


def test_looking_at_a_thing_does_not_change_it():
    cells = ["def f(x): pass", "print(f.a)", "f(1).sum()", "y = f.a", "def g():\n    f.append(1)"]
    assert chosen(cells, "f") == [1]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("\n  if x:\n    y = 1\n\n  z = 2", "\nif x:\n  y = 1\n\nz = 2"),
        ("\tx = 1\n# y\n\ty = 2", "x = 1\n# y\ny = 2"),
        ("  # y\nif x:\n  y = 1", "  # y\nif x:\n  y = 1"),
    ],
)
def test_a_cell_may_be_indented(text, source):
    assert read_cell(1, text).source == source


@pytest.mark.parametrize("text", ["(" * 100_000, "\0", "x = \ud800", "-" * 100_000 + "1"])
def test_cells_that_hurt_the_parser(text):
    assert read_cell(1, text).binds <= {"x"}


def run_cells(*cells):
    """Return the `Run` of a call of `f` that these cells define."""
    require_sandbox()
    return run_calls(list(cells), [Call("f")], limits=QUICK, prelude="import numpy as np")


@pytest.mark.parametrize(
    "imports",
    [
        "import pandas as pd\nimport math",
        "import pandas, math",
        "import pandas; import math",
        "from numpy import no_such_name, pi\nimport math\npi",
        "from pandas import *\nimport math",
        "import pandas\nimport math, asyncio\nawait asyncio.sleep(0)",
    ],
)
def test_a_library_that_is_missing_does_not_end_a_cell(imports):
    result = run_cells(imports, "import pandas\nk = 2", "def f():\n    return math.sqrt(k * 2)")
    assert result.outcomes[0].value == 2.0, result
    assert result.problems[0].startswith(("cell 1: ModuleNotFoundError", "cell 1: ImportError"))
    named = "\n".join(result.problems)
    assert named.count("'pandas'") == 1


def test_what_else_fails_ends_a_cell_where_it_stands():
    cells = ['"""A text."""\nimport pandas, scipy\n1 / 0\nimport math\n', "def f(): math, __doc__"]
    result = run_cells(*cells, "k = 1\n\n" + "def f():\n    import pandas")
    assert result.problems == [
        "cell 1: ModuleNotFoundError: No module named 'pandas'; "
        "ModuleNotFoundError: No module named 'scipy'; ZeroDivisionError: division by zero"
    ]
    assert result.outcomes[0].message.endswith("No module named 'pandas' (cell 3, line 4)")


def test_the_future_holds_for_the_cells_after_it():
    cells = [
        "def g(x: Absent): pass",
        "from __future__ import annotations",
        "def f(x: Absent = 1):\n    return x",
    ]
    assert chosen(cells, "f") == [2, 3]
    assert run_cells(*cells).outcomes[0].value == 1
    before = run_cells(cells[0].replace("g", "f"), cells[1])
    assert before.problems == ["cell 1: NameError: name 'Absent' is not defined"]


@pytest.mark.parametrize(
    "cell",
    [
        "import asyncio\nawait asyncio.sleep(0)\ndef f():\n    return 1",
        "async def one():\n    return 1\ntaken = await one()\ndef f():\n    return taken",
        "get_ipython().ast_transformers.append(print)\ndef f():\n    return 1",
        "get_ipython().user_ns['x'] = 1\nget_ipython().events.register('x', print)\n"
        "def f():\n    return 1",
        "if 'IPKernelApp' in get_ipython().config:\n    1 / 0\ndef f():\n    return 1",
        "for name in get_ipython().magics_manager:\n    1 / 0\ndef f():\n    return 1",
    ],
)
def test_what_jupyter_allows_stops_no_cell(cell):
    result = run_cells(cell)
    assert result.outcomes[0].value == 1, result.problems


def test_an_error_after_await_has_its_line():
    result = run_cells("import asyncio as f\nawait f.sleep(0)\n1 / 0")
    assert "ZeroDivisionError" in result.problems[0]
