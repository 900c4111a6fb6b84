"""Read the questions with choices of a chapter, with nothing but the standard library."""

from __future__ import annotations

import re
from typing import NamedTuple

TITLE = "Check yourself"
CHOOSE_ALL = "Choose all that apply."
VERDICTS = {True: "Right.", False: "Not quite."}
MARK = re.compile(r"^- \[([ x])\] ", re.MULTILINE)


class Choice(NamedTuple):
    """One of the choices of a question, as MyST text."""

    right: bool
    text: str
    explanation: str


def parse_question(body):
    """Return the text of a question and its list of choices."""
    question, *parts = MARK.split(body)
    choices = []
    for mark, item in zip(parts[::2], parts[1::2], strict=True):
        text, _, explanation = re.sub(r"^ {2}", "", item, flags=re.MULTILINE).partition("\n\n")
        choices.append(Choice(mark == "x", text.strip(), explanation.strip()))
    return question.strip(), choices
