"""What Jupyter reads beyond Python: prompts, magics, shell lines; and adversarial forms of them."""

import ast
import itertools
import re

import pytest
from IPython.core import inputtransformer2

from coursework.grader.marking.magics import LONGEST_LINE, MAX_WORK, to_python
from coursework.grader.model import Call
from coursework.grader.sandbox.host import run_calls
from tests.coursework.sandboxed import QUICK, require_sandbox

FUNCTION = '''\
def f(x):
    """Return twice a number.

    >>> f(1)
    2
    """
    y = x * 2

    return y'''


def prompt(source, first=">>> ", rest="... "):
    """Return a source as it is copied from a terminal or a page."""
    lines = source.split("\n")
    return "\n".join([first + lines[0], *(f"{rest}{line}".rstrip() for line in lines[1:])])


CELLS = {
    "python": FUNCTION,
    "classic prompts": prompt(FUNCTION),
    "prompts of IPython": prompt(FUNCTION, "In [3]: ", "   ...: "),
    "two prompts": ">>> import math\n" + prompt(FUNCTION),
    "pip": f"!pip install a b\n{FUNCTION}",
    "pip over two lines": f"!pip install a \\\n    b\n{FUNCTION}",
    "magic over three lines": f"%pip install a \\\n b \\\n c\n{FUNCTION}",
    "windows line ends": f"!pip install a \\\n b\n{FUNCTION}".replace("\n", "\r\n"),
    "assigned magic over lines": f"files = !ls a \\\n b\n{FUNCTION}",
    "shell line in a block": f"if True:\n    !ls\n{FUNCTION}",
    "help": f"f?\n?f\nabs??\n{FUNCTION}",
    "inline plots": f"%matplotlib inline\n%config A.b = 'c'\n{FUNCTION}",
    "timed cell": f"%%time\n!ls\n{FUNCTION}",
    "captured and timed cell": f"\n\n%%capture out\n%%time\n{FUNCTION}",
    "indented": "\n".join(f"    {line}" for line in f"!ls\n{FUNCTION}".split("\n")),
}


@pytest.fixture(scope="module")
def ran():
    """Return the `Run` of all cells in one notebook, the function of each under another name."""
    require_sandbox()
    names = [f"f{number}" for number in range(len(CELLS))]
    cells = [re.sub(r"\bf\b", name, cell) for name, cell in zip(names, CELLS.values(), strict=True)]
    calls = [Call(name, (3,)) for name in names]
    return run_calls([to_python([cell])[0] for cell in cells], calls, limits=QUICK)


@pytest.mark.parametrize("name", CELLS)
def test_what_runs_in_jupyter_runs_here(ran, name):
    assert ran.outcomes[list(CELLS).index(name)].value == 6, ran
    assert ran.problems == []


@pytest.mark.parametrize("name", CELLS)
def test_lines_keep_their_numbers(name):
    def line_of_return(source):
        [number] = [n for n, line in enumerate(source.split("\n")) if "return y" in line]
        return number

    [source] = to_python([CELLS[name]])
    assert line_of_return(source) == line_of_return(CELLS[name].replace("\r", ""))


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("x = 1 % 2\nassert x != 3, '!'\n", "x = 1 % 2\nassert x != 3, '!'"),
        ("%time x = f(3)", "x = f(3)"),
        ("x = %time f(3)", "x = f(3)"),
        ("if y:\n    %timeit f('a\"b')", "if y:\n    f('a\"b')"),
        ("%%bash\nx = 1", ""),
        ("x = f?", "pass"),
        ("%%html\n<b>", ""),
        ("s = '''\n!ls\n%time x\nf?\n'''", "s = '''\n!ls\n%time x\nf?\n'''"),
        ("x = (1\n  % y)", "x = (1\n  % y)"),
        ("%%time -n 3\n  y = 1\n  x = 2", "\ny = 1\nx = 2"),
        ("%%writefile a.py\nx = 1", ""),
        ("def f(:\n  1 +\nx = y!", "def f(:\n  1 +\nx = y!"),
        ("", ""),
        ("%%time", "\n"),
    ],
)
def test_what_is_python_in_a_cell(text, source):
    assert to_python([text]) == [source]


@pytest.mark.parametrize(
    "odd",
    ["!", "%", "?", "!ls \\", "%\\", "%%", "!!", ",", ";", "/", "/(", ">>>", "...", "In [1]:",
     "%%time?", "'''", "f'{", "\0!", "\ud800?", "\x0c!ls", "a = !", "(?", "$ ?", "\u2028!x"],
)  # fmt: skip
def test_odd_cells_raise_nothing(odd):
    begins = ["", "%%time\n", "if 1:\n  ", ">>> ", "x = ", "f("]
    for begin, end in itertools.product(begins, ["", "\n", "\n x = 1", "\n%%time"]):
        [source] = to_python([begin + odd + end])
        assert isinstance(source, str), (begin, end)


LINE = LONGEST_LINE - 10
ADVERSARIAL = {
    "magics": "!ls\n" * 200_000,
    "fewer magics": "!ls\n" * 300,
    "continued magics": "%x \\\n" * 100_000,
    "cell magics": "%%time\n" * 30_000,
    "fewer cell magics": "%%time\n" * 300,
    "triple quotes": ">>> " + "'''" * 1_000_000,
    "lines of triple quotes": (">>> " + "'''" * (LINE // 3) + "\n") * 300,
    "one long name": "a" * LINE + "?",
    "names in brackets": "(\n" + ("a" * LINE + "\n") * 300 + ")?",
    "deep brackets": "[\n" * 100_000 + "!ls",
    "one long text": "!ls\n'''" + "x\n" * 2_000_000,
    "blank lines": "\n" * 2_000_000 + "!ls",
    "signs": "!ls\n" + ("+-*/" * (LINE // 4) + "\n") * 300,
}


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_the_work_on_a_notebook_has_a_limit(name, monkeypatch):
    """Count what IPython reads: its time grows with that, and with the length of lines."""
    read = []

    def counting(function):
        def count(lines):
            read.append(sum(map(len, lines)) + 20 * len(lines))
            assert max(map(len, lines)) <= LONGEST_LINE
            return function(lines)

        return count

    for name_of_function in ("make_tokens_by_line", "leading_indent"):
        function = getattr(inputtransformer2, name_of_function)
        monkeypatch.setattr(inputtransformer2, name_of_function, counting(function))
    assert len(to_python([ADVERSARIAL[name], "x = 1"] * 3)) == 6
    assert sum(read) <= MAX_WORK


def test_a_cell_that_is_too_much_work_costs_the_others_nothing():
    data = "data = [\n" + "1 % 2,\n" * 400_000 + "]"
    cells = to_python([data, "!pip install a \\\n b\nx = 1"])
    assert cells[0] == data
    long = f"%matplotlib inline\n!ls\nx = '{'a' * LONGEST_LINE}' % 3"
    [cell] = to_python([long])
    assert cell == long.replace("%matplotlib inline\n!ls", "pass\npass")
    assert ast.parse(cells[1])
