"""Which cells of a notebook an answer needs, and what is Python in them."""

import pytest

from coursework.grader.cells import choose, read_cell


def chosen(cells, *wanted):
    """Return the numbers of the cells that are needed for some names."""
    read = [read_cell(number, text) for number, text in enumerate(cells, 1)]
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
        "if x:\n    f = 1",
        "try:\n    f = 1\nexcept E: pass",
        "try: pass\nexcept E as f: pass",
        "while (f := g()): pass",
        "match x:\n    case [f, *_]: pass",
        "f[0] = 1",
        "f.a.b = 1",
        "f['k'].x += 1",
        "print(f := 1)",
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


def test_cells_whose_names_cannot_be_told_are_always_run():
    assert chosen(["from math import *", "x = 1", "exec(x)", "y = 2"], "f") == [1, 2, 3]
    assert chosen(["globals()['f'] = 1"], "f") == [1]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("x = 1 % 2", "x = 1 % 2"),
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("%%time\nx = 1", "\nx = 1"),
        ("%%time -n 3\n!ls\nx = 1", "\npass\nx = 1"),
        ("if 1:\n    !ls", "if 1:\n    pass"),
        ("%time x = 1", "x = 1"),
        ("%%writefile a.py\nx = 1", ""),
        ("!ls\ny = '''a\n%d b'''", "pass\ny = '''a\n%d b'''"),
        ("x = (7\n  %y)\n!ls\n%pip install a", "x = (7\n  %y)\npass\npass"),
        ("%pip install a\nx = (", "pass\nx = ("),
    ],
)
def test_what_is_python_in_a_cell(text, source):
    assert read_cell(1, text).source == source


@pytest.mark.parametrize("text", ["(" * 100_000, "\0", "x = \ud800", "-" * 100_000 + "1"])
def test_cells_that_hurt_the_parser(text):
    assert read_cell(1, text).binds <= {"x"}
