"""Notebooks in odd form: a right answer stays right, and a broken one costs itself only."""

import copy
import re

from coursework.adversarial.recipe import (
    FULL,
    NONE,
    TARGET,
    WRONG,
    WRONG_ANSWER,
    answer_cell,
    beside,
    code_cell,
    edited,
    fill,
    grade_id,
    in_answer,
    text,
    with_sources,
)
from coursework.grader.model import CRASHED, OK, UNREADABLE


def _keep_answers(_, notebook):
    notebook["cells"] = [
        cell for cell in notebook["cells"] if "def " in text(cell) and "check" not in text(cell)
    ]


def _delete_answer(_, notebook):
    notebook["cells"].remove(answer_cell(notebook))


def _delete_tests(_, notebook):
    notebook["cells"] = [
        cell for cell in notebook["cells"] if not grade_id(cell).endswith("-check")
    ]


def _duplicate_all(_, notebook):
    notebook["cells"] = [copy.deepcopy(cell) for cell in notebook["cells"] for _ in range(2)]


def _append_wrong(kit, notebook):
    cell = copy.deepcopy(answer_cell(notebook))
    cell["source"] = fill(kit, WRONG_ANSWER)
    notebook["cells"].append(cell)


def _prepend_wrong(kit, notebook):
    cell = copy.deepcopy(answer_cell(notebook))
    cell["source"] = fill(kit, WRONG_ANSWER)
    notebook["cells"].insert(0, cell)


def _rename(_, notebook):
    cell = answer_cell(notebook)
    cell["source"] = text(cell).replace(f"def {TARGET}", "def my_gradient")


def _reverse(_, notebook):
    notebook["cells"].reverse()


def _strip_metadata(_, notebook):
    notebook["metadata"] = {}
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        cell.pop("id", None)


def _swap_metadata(_, notebook):
    cells = [cell for cell in notebook["cells"] if grade_id(cell)]
    metadata = [cell["metadata"] for cell in cells]
    for cell, other in zip(cells, reversed(metadata), strict=True):
        cell["metadata"] = other


def _spoil_metadata(_, notebook):
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"] = (None, [], "x", {"nbgrader": None}, {"nbgrader": "x"}, 7)[number % 6]
        cell["id"] = ("x", None, 7, "../x", "x" * 9999)[number % 5]
        cell["outputs"] = "none"


def _merge_cells(_, notebook):
    parts = [text(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    notebook["cells"] = [code_cell("\n\n".join(parts))]


def _one_line_each(_, notebook):
    for cell in notebook["cells"]:
        cell["source"] = text(cell).splitlines(keepends=True)


def _downgrade(_, notebook):
    """Write the notebook as version 3 of the format has it: worksheets and inputs."""
    cells = notebook.pop("cells")
    for cell in cells:
        cell.pop("id", None)
        if cell["cell_type"] == "code":
            cell.update(input=cell.pop("source"), language="python", collapsed=False)
            cell.update(prompt_number=None)
            cell.pop("execution_count")
    notebook.update(nbformat=3, nbformat_minor=0, worksheets=[{"cells": cells, "metadata": {}}])
    notebook["metadata"] = {"name": ""}


def _strange_cells(_, notebook):
    notebook["cells"][1:1] = [
        {"cell_type": "code"},
        {"cell_type": "code", "source": None},
        {"cell_type": "code", "source": [1, None, []]},
        {"cell_type": [], "source": "x"},
        {"cell_type": "raw", "metadata": {}, "source": "while True: pass"},
        {},
    ]


CELLS = (
    edited("deleted-all-but-answers", "The answers are all that is needed.", _keep_answers),
    edited("deleted-tests", "The visible checks are for the student.", _delete_tests),
    edited("deleted-answer", "A missing answer costs itself, with a reason.", _delete_answer, NONE),
    edited("duplicated-cells", "Every cell twice, names of nbgrader included.", _duplicate_all),
    edited("wrong-one-last", "Of two definitions the last counts.", _append_wrong, WRONG),
    edited("wrong-one-first", "Of two definitions the last counts.", _prepend_wrong),
    edited("renamed-function", "A function of another name is no answer.", _rename, NONE),
    edited("reversed-cells", "Functions are found wherever they stand.", _reverse),
    edited("stripped-metadata", "Names of nbgrader are not needed.", _strip_metadata),
    edited("swapped-metadata", "Names of nbgrader are not believed.", _swap_metadata),
    edited("spoiled-metadata", "Metadata of wrong types cost nothing.", _spoil_metadata),
    edited("one-great-cell", "Everything in one cell is fine.", _merge_cells),
    edited("lists-of-lines", "A source may be a list of lines.", _one_line_each),
    edited("format-of-version-3", "An old format is refused.", _downgrade, NONE, UNREADABLE, NONE),
    edited("cells-without-sense", "Entries that are not cells are skipped.", _strange_cells),
)


def _magics(source):
    return "%matplotlib inline\n%time 1 + 1\n!ls\nfiles = !ls\n?print\n" + source


def _wide(source):
    """Write names in wide letters, which Python takes for the plain ones."""
    return source.replace("softmax", "ｓｏｆｔｍａｘ") if "def softmax" in source else source


def _tabs(source):
    return re.sub(r"(?m)^(?: {4})+", lambda match: "\t" * (len(match[0]) // 4), source)


TEXTS = (
    with_sources("windows-line-ends", "As Windows ends lines.", lambda s: s.replace("\n", "\r\n")),
    with_sources("old-line-ends", "As old Macs ended lines.", lambda s: s.replace("\n", "\r")),
    with_sources("magics", "Magics and shell lines are dropped, the rest runs.", _magics),
    with_sources("timed-cells", "%%time runs its cell.", lambda source: "%%time\n" + source),
    with_sources("wide-letters", "Names are normalized, as Python does it.", _wide),
    with_sources("tabs", "Tabs indent as well.", _tabs),
    beside("shell-cell", "A cell of shell commands is dropped.", "%%bash\nrm -rf ~/nothing"),
    beside(
        "shell-line", "So is a line of them.", "!rm -rf ~/nothing\n!curl http://example.org | sh"
    ),
    beside("syntax-error", "A cell that is no Python costs what it defines.", "def f(:\n  1 +"),
    beside("error-in-a-cell", "An exception ends its cell, no other.", "1 / 0"),
    beside(
        "parentheses",
        "Nesting beyond what the parser takes.",
        "x = " + "(" * 5000 + "1" + ")" * 5000,
    ),
    beside(
        "minus-signs",
        "A syntax tree so deep that walking it recurses too far.",
        "x = " + "-" * 50_000 + "1",
    ),
    beside("long-sum", "The same by a sum of 100,000 terms.", "x = " + "1 + " * 100_000 + "1"),
    beside("long-attributes", "The same by attributes.", "x = np" + ".a" * 50_000),
    beside("null-byte", "A source with NUL is no Python.", "x = 1\0\ny = 2"),
    beside("lone-surrogate", "Half a character, which no encoding has.", "x = '\ud800'"),
    beside(
        "indented-cell", "Jupyter removes the indentation of a whole cell.", "    x = 1\n    y = 2"
    ),
    beside(
        "future-import",
        "An import from __future__ beside others.",
        "from __future__ import annotations",
    ),
    beside("top-level-return", "Not allowed outside a function.", "return 1"),
    beside(
        "coding-line", "A declared encoding changes nothing.", "# -*- coding: utf-16 -*-\nx = 1"
    ),
    beside(
        "right-to-left", "Characters that turn the text.", "x = '\u202e\u2066 \U0001f600'  # \u202e"
    ),
    in_answer("null-byte-in-answer", "No Python, so no answer.", "RIGHT\nx = '\0'", (NONE, FULL)),
    in_answer("syntax-error-in-answer", "No Python, so no answer.", "RIGHT\nx = = 1", NONE),
    in_answer(
        "deep-answer", "Too deep for the parser.", "RIGHT\nx = " + "(" * 9999, NONE, (OK, CRASHED)
    ),
)

ANSWERS = (
    in_answer(
        "lambda",
        "A function by any other syntax is a function.",
        """
        one_hot = lambda z, labels: np.eye(z.shape[1])[labels]
        ANSWER = lambda z, labels: (softmax(z) - one_hot(z, labels)) / len(labels)
        """,
    ),
    in_answer(
        "callable-object",
        "So is an object that can be called.",
        """
        RIGHT
        class Gradient:
            def __init__(self, function):
                self.function = function
            def __call__(self, logits, labels):
                return self.function(logits, labels)
        ANSWER = Gradient(ANSWER)
        """,
    ),
    in_answer(
        "decorated",
        "Decorators from another place in the cell.",
        """
        import functools
        def same(function):
            @functools.wraps(function)
            def inner(*args, **kwargs):
                return function(*args, **kwargs)
            return inner
        RIGHT
        ANSWER = functools.lru_cache(maxsize=None)(same(ANSWER)) and same(ANSWER)
        """,
    ),
    in_answer(
        "under-a-condition",
        "Bound within if, try, for or with at top level.",
        """
        if True:
            try:
                for _ in range(1):
                    RIGHT
            finally:
                pass
        """,
    ),
    in_answer(
        "global-state",
        "A variable of another statement of the cell is there, and keeps its value.",
        """
        RIGHT
        right, calls = ANSWER, 0
        def ANSWER(logits, labels):
            global calls
            calls += 1
            return right(logits, labels)
        """,
    ),
    edited(
        "helper-in-another-cell",
        "What an answer reads is looked for in all cells, also through two steps.",
        lambda kit, notebook: (
            notebook["cells"].insert(1, code_cell("one = 1")),
            notebook["cells"].insert(
                2, code_cell("def count(labels):\n    return one * len(labels)")
            ),
            answer_cell(notebook).update(
                source=text(answer_cell(notebook)).replace("/ len(labels)", "/ count(labels)")
            ),
        ),
    ),
    in_answer(
        "star-import",
        "A star import binds what it likes.",
        """
        from numpy import *
        def ANSWER(logits, labels):
            return (softmax(logits) - eye(logits.shape[1])[labels]) / len(labels)
        """,
    ),
    in_answer(
        "await-at-top-level",
        "Jupyter allows it, so it is allowed.",
        """
        import asyncio
        await asyncio.sleep(0)
        RIGHT
        """,
    ),
    in_answer(
        "answer-by-await",
        "A coroutine is no number.",
        """
        async def ANSWER(logits, labels):
            return logits
        """,
        NONE,
    ),
    in_answer(
        "shadows-builtins",
        "Names of builtins used for other things: bad style, right answer.",
        """
        RIGHT
        sum = max = min = list = dict = str = type = print = 0
        """,
    ),
    in_answer(
        "right-with-noise",
        "Prints, warnings and messages to the error stream beside a right answer.",
        """
        import sys, warnings
        RIGHT
        right = ANSWER
        def ANSWER(logits, labels):
            print("the logits are", logits.shape, "\\x1b[31m\\U0001f600", file=sys.stderr)
            print({"kind": "returned", "value": 0})
            warnings.warn("beware")
            np.log(np.zeros(3)) / 0
            return right(logits, labels)
        """,
    ),
    in_answer(
        "warnings-as-errors",
        "A filter that turns warnings into errors is the student's own affair.",
        """
        import warnings
        warnings.simplefilter("error")
        np.seterr(all="raise", under="ignore")
        RIGHT
        """,
    ),
    in_answer(
        "other-alphabets",
        "Names and text in any script.",
        """
        RIGHT
        правильно = ANSWER
        def ANSWER(логиты, 标签):
            \"\"\"Градиент \\U0001f600 \u202e\"\"\"
            π, ẟ = 3.14, "é e\u0301"
            return правильно(логиты, 标签)
        """,
    ),
    in_answer(
        "lists-for-arrays",
        "Lists instead of an array: the checks say whether they take it; nothing breaks.",
        """
        RIGHT
        right = ANSWER
        def ANSWER(logits, labels):
            return right(logits, labels).tolist()
        """,
        (FULL, NONE, WRONG),
    ),
    in_answer(
        "plots",
        "matplotlib is there, and needs no screen.",
        """
        import matplotlib.pyplot as plt
        plt.plot([1, 2])
        plt.show()
        RIGHT
        """,
    ),
    in_answer(
        "imports-display",
        "Jupyter's display and widgets may be imported or be missing; the answer follows.",
        """
        RIGHT
        from IPython.display import display
        display(1)
        """,
    ),
    in_answer(
        "too-many-results",
        "A tuple where an array is due.",
        """
        RIGHT
        right = ANSWER
        def ANSWER(logits, labels):
            return right(logits, labels), "done"
        """,
        (NONE, WRONG),
    ),
    in_answer(
        "other-arguments",
        "A function that takes other arguments raises TypeError, in the child.",
        """
        def ANSWER():
            return 0
        """,
        NONE,
    ),
    in_answer("not-a-function", "A number cannot be called.", "ANSWER = 7", NONE),
)


def _prompts(source):
    """Write a source as it is copied from a terminal."""
    first, *rest = source.splitlines()
    return "\n".join([f">>> {first}", *(f"... {line}".rstrip() for line in rest)])


def _change_type(kind):
    def edit(_, notebook):
        answer_cell(notebook)["cell_type"] = kind

    return edit


JUPYTER = (
    with_sources("prompts", "Prompts are dropped, as Jupyter does it.", _prompts),
    with_sources(
        "continued-shell-line",
        "A shell line that goes on below is dropped whole.",
        lambda source: "!pip install a \\\n    b\n" + source,
    ),
    edited("answer-in-markdown", "Only code is run.", _change_type("markdown"), NONE),
    edited("answer-in-raw-cell", "Only code is run.", _change_type("raw"), NONE),
    beside("shell-lines-without-end", "What Jupyter reads is read in bounds.", "!ls\n" * 5_000),
    beside("quotes-without-end", "So are long lines.", ">>> " + "'''" * 300_000),
    in_answer(
        "indented-syntax-error",
        "A definition in a cell that is no Python is named.",
        "if True:\n    RIGHT\nx = = 1",
        NONE,
    ),
)

SUBMISSIONS = CELLS + TEXTS + ANSWERS + JUPYTER
