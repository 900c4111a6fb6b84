"""The functions of a chapter, for tests that try them on more than the chapter does."""

import ast
import re
from itertools import takewhile
from types import SimpleNamespace

from tools.references import ROOT, read_chapter

COLUMNS = 80  # a page in a window of 1280 pixels has room for a few more
KINDS = (ast.Import, ast.ImportFrom, ast.FunctionDef)


def too_long(source):
    """Return the lines of some code that a reader has to scroll sideways to see."""
    return [line for line in source.splitlines() if len(line) > COLUMNS]


def chapter_functions(name):
    """Run the imports, functions and constants of a chapter; return what they define.

    What the chapter computes with them is compared in its reference notebook.
    """
    cells = read_chapter(ROOT / "book" / f"{name}.md").cells
    source = "\n\n".join(cell.source for cell in cells if cell.cell_type == "code")
    body = ast.parse(source).body
    return run(name, [node for node in body if isinstance(node, KINDS) or is_constant(node)])


def is_constant(node):
    """Whether a statement gives whole numbers names in capitals."""
    is_assignment = isinstance(node, ast.Assign)
    return is_assignment and bool(re.fullmatch(r"[A-Z, ()]+ = [\d, ()]+", ast.unparse(node)))


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
