"""The extension for exercises with a check, on chapters of a few lines."""

import json
import os

import pytest
import runnable_cells
from bs4 import BeautifulSoup
from build_exercises import needed_for, read_exercises, statements
from notebooks import pieces, plain_notebook
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

CHAPTER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  name: python3
---
# A chapter

```{code-cell}
import numpy as np
import softmax as sm

slow = sum(range(10))
rate = 2
```

```{code-cell}
def helper(x):
    return x * rate


rate = 3
print(slow)
```

:::{exercise-start} Twice
:label: ex-twice
:::
**Build.** Write it.

```{starter} ex-twice
def twice(x):
    \"\"\"Return helper(x), twice.\"\"\"
    ...
```

```{check} ex-twice
from softmax.exercises import Check

with Check(twice) as check:
    check(1, returns=6)
```
:::{exercise-end}
:::

:::{solution-start} ex-twice
:class: dropdown
:::
So.

```{code-cell}
def twice(x):
    return 2 * helper(x)


rate = 4
```
:::{solution-end}
:::
"""


@pytest.fixture
def chapter(tmp_path):
    path = tmp_path / "chapter.md"
    path.write_text(CHAPTER, encoding="utf-8")
    return path


def test_exercise_needs_the_last_definitions_above_it_and_no_more(chapter):
    exercise = read_exercises(chapter)["ex-twice"]
    assert exercise.names == ("helper", "np", "sm")
    assert exercise.needed == (
        "import numpy as np\nimport softmax as sm\ndef helper(x):\n    return x * rate\nrate = 3"
    )
    assert exercise.check.startswith("from softmax.exercises import Check\n")


@pytest.mark.parametrize(
    ("source", "needed"),
    [
        ("a = 1\na[0] = 2\nb = 3", ["a = 1", "a[0] = 2"]),
        ("b = 1\na = b\nb = 2", ["b = 1", "a = b"]),
        ("b = 1\na = b\nb = 2\na = 3", ["a = 3"]),
        ("def a():\n    return b\n\n\nb = 1", ["def a():\n    return b", "b = 1"]),
        (
            "b, c = (1, 2)\nfor a in range(c):\n    pass",
            ["b, c = (1, 2)", "for a in range(c):\n    pass"],
        ),
        ("def a():\n    b = 1\n    return b\n\n\nb = 2", ["def a():\n    b = 1\n    return b"]),
        ("@c\ndef a():\n    pass", ["@c\ndef a():\n    pass"]),
        ("c = 2\na = [c for c in range(3)]", ["a = [c for c in range(3)]"]),
        (
            "c = 2\na = {c: {c for c in range(3)} for c in range(3)}",
            ["a = {c: {c for c in range(3)} for c in range(3)}"],
        ),
        ("a = 1\nb = [a for a in range(3)]", ["a = 1"]),
        ("a = 1\na += 2", ["a = 1", "a += 2"]),
        ("a = 1\nif b:\n    a = 2", ["a = 1", "if b:\n    a = 2"]),
        ("a = 1\nfor b in c:\n    a += b", ["a = 1", "for b in c:\n    a += b"]),
        ("a = 1\nwith b:\n    a += 1", ["a = 1", "with b:\n    a += 1"]),
        ("a = 1\ndef b(a):\n    a[0] = 2", ["a = 1"]),
        ("a = 1; b = 2", ["a = 1"]),
        (
            "b = 1\ndef c():\n    return b\na = c()\nb = 2",
            ["b = 1", "def c():\n    return b", "a = c()"],
        ),
    ],
)
def test_statements_that_a_name_needs(source, needed):
    assert [one.source for one in needed_for(["a"], statements(source))] == needed


def test_notebook_has_starter_and_check_and_an_empty_cell():
    notebook = plain_notebook(CHAPTER, [[], [], []], lambda snippet: "Exercise 1", [])
    *_, words, starter, check, empty, solution = notebook.cells
    assert words.source == "**Exercise 1 (Twice)**\n\n**Build.** Write it."
    assert starter.source.startswith("def twice(x):\n")
    assert check.source.startswith("from softmax.exercises import Check")
    assert {starter.cell_type, check.cell_type, empty.cell_type} == {"code"}
    assert empty.source == ""
    assert solution.source.startswith("<details><summary>Solution to Exercise 1")


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Return a function that builds a site of the chapter and returns its page."""
    (tmp_path / "files.json").touch()
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "index.md").write_text(CHAPTER, encoding="utf-8")
    monkeypatch.setattr(runnable_cells, "write_runtime", lambda app: None)

    def built(runtime):
        monkeypatch.setattr(runnable_cells, "RUNTIME", runtime)
        settings = {
            "extensions": [
                "myst_nb",
                "sphinx_exercise",
                "check_yourself",
                "runnable_cells",
                "build_exercises",
            ],
            "html_theme": "basic",
            "source_suffix": {".md": "myst-nb"},
            "nb_execution_mode": "off",
            "myst_enable_extensions": ["colon_fence"],
            "suppress_warnings": ["myst-nb.lexer"],
        }
        folders = tmp_path / "source", None, tmp_path / "site", tmp_path / "trees"
        with docutils_namespace(), open(os.devnull, "w") as silence:
            app = Sphinx(*folders, "html", settings, status=silence, freshenv=True)
            app.build(force_all=True)
        text = (tmp_path / "site" / "index.html").read_text("utf-8")
        return BeautifulSoup(text, "html.parser")

    return built


def test_page_has_an_editor_only_where_python_is(page, tmp_path):
    without, found = page(tmp_path / "nowhere"), page(tmp_path)
    for one in (without, found):
        fold = one.select_one(".exercise .starter + details.what-is-checked")
        assert fold.p.get_text() == "From this chapter, your code can use helper, np and sm."
    assert not without.select("script[src*='python/'], link[href*='python/']")
    needed = json.loads(found.select_one(".what-is-checked")["data-needed"])
    assert needed.startswith("import numpy as np\nimport softmax as sm\ndef helper(x):\n")
    scripts = [script["src"].split("?")[0] for script in found.select("script[src*='python/']")]
    assert scripts == ["_static/python/page.js", "_static/python/check.js"]


def test_text_without_a_starter_stays_one_cell():
    assert [cell.source for cell in pieces("One.\n\n```python\n1\n```")] == [
        "One.\n\n```python\n1\n```"
    ]
