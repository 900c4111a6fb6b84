"""The questions with choices: well formed, and right where they name a number."""

import re

import numpy as np
import pytest
from plain_markdown import find_directives
from question_parser import parse_question

from tests.book.chapters import chapter_functions
from tools.references import chapters_with_code, read_chapter

QUESTIONS = range(4, 7)  # in each chapter
WITHOUT = {"index", "frameworks", "mistakes"}  # no chapters of the course
CHAPTERS = {name: path for name, path in chapters_with_code().items() if name not in WITHOUT}
NUMBER = re.compile(r"-?\d+(?:\.(\d+))?")

by_chapter = pytest.mark.parametrize("name", CHAPTERS)


def questions(name):
    """Return the questions of a chapter: the options, the text and the choices of each."""
    cells = read_chapter(CHAPTERS[name]).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type != "code")
    found = [d for d in find_directives(text) if d.name == "check-yourself"]
    return [(directive.options, *parse_question(directive.body)) for directive in found]


def numbers(text):
    """Return the numbers in a choice."""
    return [float(number[0]) for number in NUMBER.finditer(text)]


def says(text, values):
    """Return whether the numbers in a choice are these, each rounded as it is written there."""
    digits = [len(number[1] or "") for number in NUMBER.finditer(text)]
    return len(digits) == len(values) and np.allclose(
        numbers(text), [round(float(v), d) for v, d in zip(values, digits, strict=True)]
    )


@by_chapter
def test_chapter_has_questions(name):
    assert len(questions(name)) in QUESTIONS


@by_chapter
def test_question_has_a_right_choice_and_explains_all(name):
    for options, text, choices in questions(name):
        right = [choice.right for choice in choices]
        assert text, f"A question of {name} asks nothing."
        assert len(choices) >= 3, f"{name}: “{text}” has fewer than three choices."
        assert all(choice.text and choice.explanation for choice in choices), (
            f"{name}: “{text}” has a choice without an explanation."
        )
        assert len({choice.text for choice in choices}) == len(choices)
        if "choose-all" in options:
            assert 1 < sum(right) < len(right)
        else:
            assert sum(right) == 1, f"{name}: “{text}” has {sum(right)} right choices."


@by_chapter
def test_answers_are_what_the_code_computes(name):
    names = vars(chapter_functions(name))
    for options, text, choices in questions(name):
        if "answer" in options:
            values = np.ravel(eval(options["answer"], names))
            right = next(choice.text for choice in choices if choice.right)
            assert says(right, values), f"{name}: “{text}” is {values}, not “{right}”."
            others = [numbers(choice.text) for choice in choices if not choice.right]
            assert numbers(right) not in others, f"{name}: “{text}” has two right choices."


def test_the_right_choice_has_no_usual_place():
    places = [
        [choice.right for choice in choices].index(True)
        for name in CHAPTERS
        for _, _, choices in questions(name)
    ]
    shares = np.bincount(places)[:3] / len(places)
    assert np.all((shares > 0.2) & (shares < 0.5)), shares


@pytest.mark.parametrize(
    ("text", "values", "same"),
    [
        ("$0.33$", [1 / 3], True),
        ("$0.33$", [0.34], False),
        ("$-0.0014$", [-0.00141], True),
        ("$(0, -1.5)$", [0, -1.5], True),
        ("$(0, 1.5)$", [0], False),
        (r"$\infty$", [0], False),
    ],
)
def test_numbers_are_read_as_they_are_written(text, values, same):
    assert says(text, values) == same


def test_choices_keep_their_paragraphs():
    body = "Ask.\n\nMore.\n\n- [ ] a\n  b\n\n  Why.\n\n  $x$\n- [x] c\n\n  So."
    text, choices = parse_question(body)
    assert text == "Ask.\n\nMore."
    assert choices == [(False, "a\nb", "Why.\n\n$x$"), (True, "c", "So.")]
