"""Answers in words, found in a notebook."""

import ast
import re
import warnings

from coursework.grader.marking.notebook import get_dict
from coursework.grader.model import LONGEST_ANSWER

PLACEHOLDER = "YOUR ANSWER HERE"  # what nbgrader puts where the master has the solution
LONGEST_CELL = 2 * LONGEST_ANSWER  # no more of a cell is looked at
# Each part has an end: the time that a search takes must grow with the length of the text, not
# with its square, also for a text that is made to be slow.
LINK = re.compile(r"\[([^\[\]]{0,500})\]\([^()\s]{0,500}\)")


def extract_answer(cells, question_name, released_texts, names=()):
    """Return a student's answer in words to one question; empty where there is none.

    The answer is in the cells with the question's nbgrader ``grade_id``, whatever their type.
    Where they are gone, have another ``grade_id`` or were left as they were, it is all other text
    that is not among `released_texts`, those of the Markdown cells as they were given out, nor in
    a cell of another question: one of `names`, a list of them all. If there is none, it is in the
    code cells that hold no program: only comments and strings, or what is not Python.
    """
    released = {_normalize(text) for text in released_texts}
    own, loose, code = [], [], []
    for cell in cells:
        name = get_dict(cell["metadata"], "nbgrader").get("grade_id")
        text = _written(cell["source"][:LONGEST_CELL], released)
        if text and name == question_name:
            own.append(text)
        elif text and name not in names:
            (code if cell["cell_type"] == "code" else loose).append(text)
    return "\n\n".join(own or loose or filter(_is_prose, code))[:LONGEST_ANSWER]


def _is_prose(source):
    """Return whether a code cell is not Python, or only comments and strings."""
    try:
        with warnings.catch_warnings(action="ignore"):
            body = ast.parse(re.sub(r"^[%!].*", "pass", source, flags=re.MULTILINE)).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return True
    return all(isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) for part in body)


def _written(source, released):
    """Return what the student wrote in a cell: without the placeholder, and not as given out."""
    if _normalize(source) in released:
        return ""
    lines = [line for line in source.splitlines() if line.strip() != PLACEHOLDER]
    text = "\n".join(lines).strip()
    return "" if _normalize(text) in released else text


def _normalize(text):
    # Without the addresses of links: they lead to wherever the book was when it was given out.
    return " ".join(LINK.sub(r"\1", text).split())
