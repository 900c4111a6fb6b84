"""The functions of a chapter, for tests that try them on more than the chapter does."""

import ast
from itertools import takewhile
from types import SimpleNamespace

from tools.references import ROOT, read_chapter

KINDS = (ast.Import, ast.ImportFrom, ast.FunctionDef)


def chapter_functions(name):
    """Run the imports and functions of a chapter, and nothing else; return what they define.

    What the chapter computes with them is compared in its reference notebook.
    """
    cells = read_chapter(ROOT / "book" / f"{name}.md").cells
    source = "\n\n".join(cell.source for cell in cells if cell.cell_type == "code")
    body = [node for node in ast.parse(source).body if isinstance(node, KINDS)]
    return run(name, body)


def chapter_until(name, mark):
    """Run a chapter's cells before the first that has `mark` in it; return what they define."""
    cells = read_chapter(ROOT / "book" / f"{name}.md").cells
    sources = (cell.source for cell in cells if cell.cell_type == "code")
    body = ast.parse("\n\n".join(takewhile(lambda source: mark not in source, sources))).body
    return run(name, body)


def run(name, body):
    names = {}
    exec(compile(ast.Module(body, type_ignores=[]), f"book/{name}.md", "exec"), names)
    return SimpleNamespace(**names)
