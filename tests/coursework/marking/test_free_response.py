"""Answers in words, found in a notebook."""

import json
import time

import nbformat
import pytest

from coursework.grader.marking.free_response import (
    LINK,
    LONGEST_ANSWER,
    LONGEST_CELL,
    extract_answer,
)
from coursework.grader.model import load_assignment
from coursework.release import master


def texts_given_out(name):
    """Return the texts of an assignment's Markdown cells."""
    assignment = load_assignment(name)
    text, values = master.read_master(assignment)
    notebook = master.make_notebook(master.render(text, {**values, "book": ""}), assignment)
    return json.loads(master.record_of(notebook, assignment))["texts"]


RELEASED = {"# Homework 2", "YOUR ANSWER HERE", "## 6. Two sets of templates\n\nAre both right?"}


def make_notebook(*texts, grade_id=None, at=0):
    """Return a notebook of Markdown cells; the one at `at` has a grade_id."""
    cells = [nbformat.v4.new_markdown_cell(text) for text in texts]
    if grade_id:
        cells[at].metadata["nbgrader"] = {"grade_id": grade_id, "grade": True, "solution": True}
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1"), *cells])


def test_the_answer_is_in_the_cell_of_the_question():
    notebook = make_notebook("# Homework 2", "A note.", " Both. ", grade_id="templates", at=2)
    assert extract_answer(notebook.cells, "templates", RELEASED) == "Both."


@pytest.mark.parametrize("text", ["", "  \n ", "YOUR ANSWER HERE", "YOUR ANSWER HERE\n\n"])
def test_an_untouched_cell_is_no_answer(text):
    notebook = make_notebook("# Homework 2", text, grade_id="templates", at=1)
    assert extract_answer(notebook.cells, "templates", RELEASED) == ""


def test_a_placeholder_that_was_left_is_taken_out():
    notebook = make_notebook("YOUR ANSWER HERE\n\nBoth.", grade_id="templates")
    assert extract_answer(notebook.cells, "templates", RELEASED) == "Both."


def test_without_metadata_all_new_markdown_is_the_answer():
    texts = ["# Homework 2", "YOUR ANSWER HERE", "Both are right,", "because a shift cancels."]
    notebook = make_notebook(*texts)
    found = extract_answer(notebook.cells, "templates", RELEASED)
    assert found == "Both are right,\n\nbecause a shift cancels."
    stripped = make_notebook(*texts)
    for cell in stripped.cells:
        cell.metadata = {}
    assert extract_answer(stripped.cells, "templates", RELEASED) == found


def test_an_answer_beside_an_untouched_cell_is_found():
    notebook = make_notebook("YOUR ANSWER HERE", "Both.", grade_id="templates")
    assert extract_answer(notebook.cells, "templates", RELEASED) == "Both."


def test_a_duplicated_cell_gives_both_texts():
    notebook = make_notebook("One.", "Two.", "A note.", grade_id="templates")
    notebook.cells[2].metadata["nbgrader"] = {"grade_id": "templates"}
    assert extract_answer(notebook.cells, "templates", RELEASED) == "One.\n\nTwo."


def test_the_cell_of_another_question_is_no_answer():
    notebook = make_notebook("YOUR ANSWER HERE", "Theirs.", grade_id="templates")
    notebook.cells[2].metadata["nbgrader"] = {"grade_id": "other"}
    assert extract_answer(notebook.cells, "templates", RELEASED, ["templates", "other"]) == ""


@pytest.mark.parametrize("name", ["template", "templates-copy", "cell-0123456789abcdef", "check_x"])
def test_an_answer_in_a_cell_of_an_unknown_name_is_found(name):
    notebook = make_notebook("# Homework 2", "Both.", grade_id=name, at=1)
    assert extract_answer(notebook.cells, "templates", RELEASED, ["templates", "loss"]) == "Both."


@pytest.mark.parametrize("kind", ["code", "raw"])
def test_the_cell_of_the_question_may_have_another_type(kind):
    notebook = make_notebook("# Homework 2", "Both.", grade_id="templates", at=1)
    notebook.cells[2]["cell_type"] = kind
    assert extract_answer(notebook.cells, "templates", RELEASED) == "Both."
    notebook.cells[2].metadata = {}
    assert extract_answer(notebook.cells, "templates", RELEASED) == "Both."


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("# (a) No.\n\n# (b) Both.", True),
        ("(a) No, for the gradient is 0.", True),
        ('"""Both are right."""', True),
        ("f = 2  # (a) No.", False),
        ("print('Both')", False),
        ("%matplotlib inline\n!pip list", False),
        ("'\\d' + " + "-" * 9000 + "1", True),  # more than Python can read
    ],
)
def test_an_answer_in_a_code_cell_is_found_where_it_is_no_program(source, found):
    notebook = make_notebook("YOUR ANSWER HERE", grade_id="templates")
    notebook.cells += [nbformat.v4.new_code_cell(text) for text in ("np.exp(2)", source)]
    assert extract_answer(notebook.cells, "templates", RELEASED) == found * source
    notebook.cells.append(nbformat.v4.new_markdown_cell("The second."))
    assert extract_answer(notebook.cells, "templates", RELEASED) == "The second."


def test_a_reformatted_text_of_the_homework_is_no_answer():
    notebook = make_notebook("## 6. Two sets of templates \n\n\n  Are both right?\n")
    assert extract_answer(notebook.cells, "templates", RELEASED) == ""


@pytest.mark.parametrize(
    "text", ["Say why.\n\nYOUR ANSWER HERE", "See [Stability](https://x.org/s.html#a)."]
)
def test_what_was_given_out_is_no_answer(text):
    released = {"Say why.\n\nYOUR ANSWER HERE", "See [Stability](https://y.org/book/s.html)."}
    notebook = make_notebook(text, grade_id="templates")
    assert extract_answer(notebook.cells, "templates", released) == ""


@pytest.mark.parametrize("metadata", [{"nbgrader": None}, {"nbgrader": {"grade_id": ["x"]}}])
def test_odd_metadata_are_as_good_as_none(metadata):
    notebook = make_notebook("Both.")
    notebook.cells[1].metadata = nbformat.from_dict(metadata)
    assert extract_answer(notebook.cells, "templates", RELEASED, ["templates"]) == "Both."


def test_a_very_long_answer_is_cut():
    notebook = make_notebook("x" * 10**6, grade_id="templates")
    assert len(extract_answer(notebook.cells, "templates", RELEASED)) == LONGEST_ANSWER


@pytest.mark.parametrize(
    "text", ["[", "[](", "[a](", "[]([](", "[" + "a" * 499, "[](" + "[]" * 240]
)
def test_links_are_found_in_a_time_that_grows_with_the_text(text):
    began = time.process_time()
    LINK.sub("", text * (500_000 // len(text)))
    assert time.process_time() - began < 2  # with its square, it would be minutes


def test_no_more_of_a_cell_is_looked_at_than_one_that_was_given_out_can_have():
    assert max(map(len, texts_given_out("hw2"))) < LONGEST_CELL
    notebook = make_notebook("[" * 10**6 + "the end", grade_id="templates")
    assert extract_answer(notebook.cells, "templates", RELEASED) == "[" * LONGEST_ANSWER
    notebook = make_notebook("\n" * LONGEST_CELL + "the end", grade_id="templates")
    assert extract_answer(notebook.cells, "templates", RELEASED) == ""
