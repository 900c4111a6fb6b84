"""Answers in words, found in a notebook."""

from __future__ import annotations

import re
from collections.abc import Collection

from coursework.grader.model import LONGEST_ANSWER

PLACEHOLDER = "YOUR ANSWER HERE"  # what nbgrader puts where the master has the solution
LONGEST_CELL = 2 * LONGEST_ANSWER  # no more of a cell is looked at
# Each part has an end: the time that a search takes must grow with the length of the text, not
# with its square, also for a text that is made to be slow.
LINK = re.compile(r"\[([^\[\]]{0,500})\]\([^()\s]{0,500}\)")


def extract_answer(
    notebook, question_name: str, released_texts: Collection[str], others: Collection[str] = ()
) -> str:
    """Return a student's answer in words to one question; empty where there is none.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        As handed in.
    question_name : str
        The answer is in the cell with this nbgrader ``grade_id``, whatever type the cell has;
        where several have it, in all of them.
    released_texts : collection of str
        The texts of the Markdown cells as they were given out. Where the cell of the question
        is gone, has another ``grade_id`` or was left as it was, the answer is all other text
        that is not among these.
    others : collection of str
        The names of the other questions, whose cells hold no answer to this one.
    """
    released = {_normalize(text) for text in released_texts}
    cells = [
        (_grade_id(cell), cell, _written(cell.get("source", "")[:LONGEST_CELL], released))
        for cell in notebook.get("cells", [])
    ]
    own = [text for name, _, text in cells if name == question_name and text]
    loose = [
        text
        for name, cell, text in cells
        if text and cell.get("cell_type") != "code" and name not in others
    ]
    return "\n\n".join(own or loose)[:LONGEST_ANSWER]


def _grade_id(cell):
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    return name if isinstance(name, str) else ""


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
