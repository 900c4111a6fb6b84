"""One notebook: its marks, their reasons, and what a question costs that does not end."""

import re
from dataclasses import replace

import numpy as np
import pytest

from coursework.grader import model
from coursework.grader.marking.compare import matches, unchanged
from coursework.grader.marking.question import mark_cells
from coursework.grader.marking.recognize import changes_input, explains
from coursework.grader.model import (
    Assignment,
    Call,
    Cause,
    GraderError,
    Limits,
    Misconception,
    Question,
    load_assignment,
    parse_variant,
)
from coursework.grader.output.wording import explain_question
from tests.coursework.sandboxed import make_cells

LIMITS = Limits(cpu_seconds=2, wall_seconds=60)


def draw(function):
    return lambda rng: [Call(function, (rng.normal(size=4),))]


def question(name, right):
    return Question(
        name=name,
        title=name.title(),
        objective="apply a function to an array",
        chapters=("definition",),
        checks=(
            matches("gives the right values", 8, draw(name), right),
            unchanged("keeps its input", 2, draw(name)),
        ),
        misconceptions=(
            Misconception("square", "A square", "", "x.html", explains(name, np.square, right)),
            Misconception("in-place", "In place", "", "x.html", changes_input(name)),
        ),
        limits=LIMITS,
    )


def twice(z):
    return 2 * z


WORDS = Question("why", "Why", "say why", ("definition",), manual_points=5)
TINY = Assignment("tiny", "Tiny", (question("double", twice), question("negate", np.negative)))
ONE = replace(TINY, questions=TINY.questions[:1])
GOOD = ["def double(z):\n    return 2 * z", "def negate(z):\n    return -z"]


def mark(sources, assignment=TINY, *, more=()):
    cells = [*make_cells(sources), *more]
    return {item.name: item for item in mark_cells(assignment, cells, seed=1)}


def cause_of(question):
    return question.reasons[0].cause


def test_a_right_notebook():
    marks = mark(GOOD)
    assert [item.points for item in marks.values()] == [10, 10]
    assert {item.status for item in marks.values()} == {model.OK}
    assert {item.reasons for item in marks.values()} == {()}


def test_a_stub_says_so():
    marks = mark(["def double(z):\n    raise NotImplementedError()", GOOD[1]])
    assert marks["double"].points == 0
    words = "not answered: the function raises NotImplementedError"
    assert explain_question(marks["double"]) == words
    assert (cause_of(marks["double"]), marks["negate"].reasons) == (Cause.STUB, ())
    assert marks["negate"].points == 10


STUB = "# ...\n\ndef double(z):\n    # YOUR CODE HERE\n    raise NotImplementedError('...')\n"


@pytest.mark.parametrize(
    ("below", "told"),
    [
        ("    return 2 * z", True),
        ("\n    # Mine.\n\n    return 2 * z", True),
        ("", False),
        ("    # nothing", False),
        ("def negate(z):\n    return -z", False),
    ],
)
def test_code_below_the_raise_of_a_stub_is_told(below, told):
    marks = mark([*GOOD[1:], STUB + below], ONE)["double"]
    assert marks.is_unanswered
    assert (cause_of(marks) == Cause.RAISE_LEFT) == told
    words = "in code cell 2, line 5, raise NotImplementedError is still above your code"
    assert (words in explain_question(marks)) == told


def test_an_answer_in_a_text_beside_the_stub_is_named():
    marks = mark([STUB], ONE, more=make_cells(GOOD[:1], "markdown"))["double"]
    assert cause_of(marks) == Cause.STUB
    assert "it is in a Markdown cell, number 2 of all cells" in explain_question(marks)


@pytest.mark.parametrize("source", ["def double(z):\n    return 2 * z", "def other(z): pass"])
def test_functions_with_other_names_are_named(source):
    given = make_cells(["def check(): pass"])
    given[0]["metadata"] = {"nbgrader": {"locked": True}}
    marks = mark([f"nothing\n{source}\ndef third(z): pass"], ONE, more=given)["double"]
    told = "the notebook defines other, third" in explain_question(marks)
    assert told == ("other" in source)
    assert "check" not in explain_question(marks)


def test_a_function_that_raises_what_a_stub_does_once_is_not_a_stub():
    source = """
count = 0
def double(z):
    global count
    count += 1
    if count > 1:
        raise NotImplementedError
    return 2 * z
"""
    mark_of = mark([source], ONE)["double"]
    assert (mark_of.points, cause_of(mark_of)) == (8, Cause.CHECKS_MISSED)


def test_a_missing_function_says_so_with_the_error_of_its_cell():
    marks = mark(["nothing_of_the_kind\n" + GOOD[0], GOOD[1]])
    assert marks["double"].points == 0
    assert "double is not defined in any cell that ran" in explain_question(marks["double"])
    assert "nothing_of_the_kind" in explain_question(marks["double"])
    assert marks["negate"].points == 10


@pytest.mark.parametrize(
    "source",
    [
        "import math\nif True:\n    def double(z):\n        return 2 * z\nx = = 1",
        "    def double(z)\n        return 2 * z",
        "x = (1; double = lambda z: 2 * z",
        "class A:\n    pass\n  def double(z):\n    return 2 * z",
    ],
)
def test_a_syntax_error_is_named_wherever_the_definition_is(source):
    mark_of = mark([source], ONE)["double"]
    assert mark_of.points == 0
    assert "cell 1: " in explain_question(mark_of)
    assert re.search("SyntaxError|IndentationError", explain_question(mark_of))
    assert cause_of(mark_of) == Cause.UNDEFINED


@pytest.mark.parametrize(
    ("kind", "words"), [("markdown", "a Markdown cell"), ("raw", "a raw cell")]
)
@pytest.mark.parametrize("source", [GOOD[0], "```\n  double  = lambda z: 2 * z\n```"])
def test_an_answer_in_a_cell_that_is_not_code_is_named(kind, words, source):
    marks = mark([GOOD[1]], more=make_cells([source], kind))
    assert f"it is in {words}, number 2 of all cells" in explain_question(marks["double"])
    assert "change the type of the cell to Code" in explain_question(marks["double"])
    assert marks["negate"].points == 10


def test_answers_with_prompts_and_continued_shell_lines_have_their_points():
    prompts = "\n".join([">>> def double(z):", "...     return 2 * z"])
    marks = mark([prompts, f"!pip install a \\\n    b\n{GOOD[1]}"])
    assert [item.points for item in marks.values()] == [10, 10]


def test_a_loop_costs_one_question_and_keeps_what_came_before():
    cells = ["def double(z):\n    while True: pass", GOOD[1]]
    short = replace(LIMITS, cpu_seconds=1)
    assignment = replace(TINY, questions=[replace(q, limits=short) for q in TINY.questions])
    marks = mark(cells, assignment)
    assert (marks["double"].points, marks["double"].status) == (0, model.TIMEOUT)
    assert explain_question(marks["double"])
    assert (marks["negate"].points, marks["negate"].status) == (10, model.OK)

    second_call_loops = """
count = 0
def double(z):
    global count
    count += 1
    while count > 1: pass
    return 2 * z
"""
    one = replace(assignment, questions=assignment.questions[:1])
    assert mark([second_call_loops], one)["double"].points == 8


def test_mistakes_are_recognized_by_what_they_do():
    squared = mark(["def double(z):\n    return z**2"], ONE)["double"]
    assert squared.detected == ("square",)
    assert squared.points == 2
    assert "1 of 2 checks missed: double([" in explain_question(squared)

    in_place = mark(["def double(z):\n    z *= 2\n    return z"], ONE)["double"]
    assert in_place.detected == ("in-place",)
    assert in_place.points == 8


def test_the_seed_draws_the_inputs():
    calls = [TINY.questions[0].draw_calls(seed)[0][0].args[0] for seed in (1, 1, 2)]
    assert np.array_equal(calls[0], calls[1])
    assert not np.array_equal(calls[0], calls[2])
    other = TINY.questions[1].draw_calls(1)[0][0].args[0]
    assert not np.array_equal(calls[0], other)


def test_an_answer_in_words_waits_and_an_empty_one_does_not():
    in_words = replace(TINY, questions=(WORDS,))
    written = mark(GOOD, in_words, more=make_cells(["Because."], "markdown"))["why"]
    assert (written.status, written.answer) == (model.AWAITING, "Because.")
    empty = mark(GOOD, in_words)["why"]
    assert (empty.status, empty.points) == (model.OK, 0)
    assert explain_question(empty) == "nothing was written"
    assert (cause_of(written), cause_of(empty)) == (Cause.AWAITING, Cause.UNWRITTEN)


def test_what_is_given_wins_over_the_students_own():
    cells = ["def factor():\n    return 3", "def double(z):\n    return factor() * z"]
    assert mark(cells, ONE)["double"].points == 2
    helped = replace(TINY.questions[0], given="def factor():\n    return 2")
    assert mark(cells, replace(ONE, questions=(helped,)))["double"].points == 10


def test_variants():
    assert parse_variant("") == {}
    assert parse_variant("base=2, penalty=full") == {"base": "2", "penalty": "full"}
    with pytest.raises(GraderError, match="not of the form name=value"):
        parse_variant("base")
    assert load_assignment("hw1", {"base": "2"}).parameters["base"] == "2"


@pytest.mark.parametrize(
    ("name", "chosen", "words"),
    [
        ("hw9", {}, "no assignment is called 'hw9'; there are: hw1, hw2"),
        ("hw1", {"bass": "2"}, "hw1 has no parameter 'bass'; its parameters: base"),
        ("hw1", {"base": "10"}, "base=10 is not a variant of hw1; allowed: e, 2"),
        ("../hw1", {}, "no assignment is called"),
    ],
)
def test_what_does_not_exist_is_named(name, chosen, words):
    with pytest.raises(GraderError, match=words):
        load_assignment(name, chosen)
