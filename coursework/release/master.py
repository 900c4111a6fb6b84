"""From the text of a master to the students' notebook, the one with solutions, and a page."""

from __future__ import annotations

import importlib
import json
import os
import re
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import jinja2
import jupytext
import nbformat
import yaml

from coursework.grader.model import (
    FOLDER,
    Assignment,
    GraderError,
    assignment_names,
    choose_parameters,
    load_assignment,
)
from coursework.grader.output.feedback import find_chapters
from coursework.release import pages
from coursework.release.nbgrader_runs import ReleaseError, generate, validate

ROOT = FOLDER.parent

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
BEGIN, END = "BEGIN SOLUTION", "END SOLUTION"
# They would be in the master, which is public. What is hidden is drawn when answers are marked.
HIDDEN = ("BEGIN HIDDEN TESTS", "BEGIN MARK SCHEME")


@dataclass(frozen=True)
class Released:
    """What a master gives: the texts of two notebooks, a page of the book, and of a record."""

    student: str
    solved: str
    page: str
    record: str


def render(text, values):
    """Return the text of a master with its parameters filled in.

    Raises
    ------
    ReleaseError
        Where the template is wrong, or names a value that it is not given.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    try:
        return environment.from_string(text).render(values)
    except jinja2.TemplateSyntaxError as error:
        raise ReleaseError(f"line {error.lineno} is not valid Jinja: {error.message}") from error
    except jinja2.UndefinedError as error:
        known = ", ".join(sorted(values))
        raise ReleaseError(f"a value is missing: {error.message}; there are: {known}") from error


def make_notebook(text, assignment):
    """Return the notebook of a rendered master, with its table of questions filled in.

    The ids of its cells do not depend on chance.
    """
    notebook = jupytext.reads(text, fmt="md:myst")
    table = pages.question_table(assignment)
    names = Counter(map(grade_id, notebook.cells))
    for position, cell in enumerate(notebook.cells):
        name = grade_id(cell)
        cell.id = name if name and names[name] == 1 else f"cell-{position:03d}"
        cell.source = cell.source.replace(pages.TABLE, table)
    variant = {"assignment": assignment.name, "parameters": dict(assignment.parameters)}
    fresh = nbformat.v4.new_notebook(
        cells=notebook.cells, metadata=METADATA | {"coursework": variant}
    )
    fresh.nbformat_minor = 5
    return fresh


def grade_id(cell):
    """Return the name that nbgrader knows a cell by, or an empty string."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def points(cell):
    """Return the points of a cell: 0 where nbgrader gives none."""
    marks = cell.metadata.get("nbgrader", {})
    return marks.get("points", 0) if marks.get("grade") else 0


def points_by_question(notebook, assignment):
    """Return the points of each question: those of its answer and of the checks that follow."""
    names = {question.name for question in assignment.questions}
    total, current = Counter(), None
    for cell in notebook.cells:
        if grade_id(cell) in names:
            current = grade_id(cell)
        total[current] += points(cell)
    return total


def check_master(notebook, assignment: Assignment):
    """Compare a master with what is marked.

    Raises
    ------
    ReleaseError
        Where the two differ in questions or points, or the master has hidden tests, solutions
        that are not closed, or two cells of one name.
    """
    ids = Counter(filter(None, map(grade_id, notebook.cells)))
    twice = sorted(name for name, times in ids.items() if times > 1)
    if twice:
        raise ReleaseError(f"more than one cell has the grade_id {', '.join(twice)}")
    for cell in notebook.cells:
        check_cell(cell)
    found = points_by_question(notebook, assignment)
    for question in assignment.questions:
        if not ids[question.name]:
            raise ReleaseError(
                f"no cell has the grade_id {question.name}, which checks.py has as a question"
            )
        if found[question.name] != question.out_of:
            raise ReleaseError(
                f"{question.name} has {found[question.name]:g} points in the notebook and "
                f"{question.out_of:g} in checks.py"
            )
    if found[None]:
        raise ReleaseError("a cell before the first question has points")


def check_cell(cell):
    """Raise a `ReleaseError` for what must not be in a cell of a master."""
    who = grade_id(cell) or repr(cell.source.partition("\n")[0])
    for mark in HIDDEN:
        if mark in cell.source:
            raise ReleaseError(f"cell {who} has a region {mark}; hidden checks are in checks.py")
    marks = re.findall(rf"{BEGIN}|{END}", cell.source)
    if marks != [BEGIN, END] * (len(marks) // 2):
        raise ReleaseError(f"in cell {who} the lines {BEGIN} and {END} do not make pairs")
    if marks and not cell.metadata.get("nbgrader", {}).get("solution"):
        raise ReleaseError(f"cell {who} has a solution, but its metadata lack `solution: true`")


def convert(text, assignment, values, course, address="") -> Released:
    """Return the notebooks and the page that a master gives, without running it.

    Parameters
    ----------
    text : str
        The master.
    assignment : Assignment
        How it is marked, in the same variant as `values`.
    values : mapping
        What Jinja fills in, but for ``book``, which stands before the name of a chapter in a link.
    course : pathlib.Path
        A folder in which nbgrader keeps a course. Used again, it saves time.
    address : str
        Where the chapters are on the web, such as ``"https://example.org/softmax/book/"``. If it
        is empty, only the text is left of the links to them.

    Raises
    ------
    ReleaseError
        Where the master is wrong.
    """
    master = make_notebook(render(text, {**values, "book": pages.MARK}), assignment)
    check_master(master, assignment)
    linked = pages.link_notebook(master, address)
    student = generate(linked, assignment.name, course)
    shown = generate(master, assignment.name, course)
    return Released(
        text_of(student),
        text_of(linked),
        pages.make_page(shown, assignment),
        record_of(linked, assignment),
    )


def run_solutions(released, name, course):
    """Raise a `ReleaseError` where the solutions of an assignment fail its visible checks."""
    validate(nbformat.reads(released.solved, as_version=4), name, course)


def record_of(linked, assignment):
    """Return, as JSON, the texts that students are given, but for the cells of their answers.

    The grader tells answers in words from them.
    """
    texts = [
        cell.source
        for cell in linked.cells
        if cell.cell_type == "markdown" and not cell.metadata.get("nbgrader", {}).get("solution")
    ]
    record = {"parameters": dict(assignment.parameters), "texts": texts}
    return json.dumps(record, ensure_ascii=False, indent=1) + "\n"


def text_of(notebook):
    """Return a notebook as the text of its file."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def parameters_by_name(names, chosen: Mapping[str, str]):
    """Return the parameters of each assignment, those of `chosen` given to all that have them.

    Raises
    ------
    GraderError
        For a parameter that none of them has, or a value that is not allowed.
    """
    defaults = {name: choose_parameters(name, {}) for name in names}
    for key in chosen:
        if not any(key in parameters for parameters in defaults.values()):
            known = [f"{key} ({name})" for name, keys in defaults.items() for key in keys]
            raise GraderError(
                f"no assignment here has a parameter {key!r}; there are: {', '.join(known)}"
            )
    return {
        name: choose_parameters(name, {key: chosen[key] for key in chosen if key in parameters})
        for name, parameters in defaults.items()
    }


def names_with(chosen: Mapping[str, str]):
    """Return the names of the assignments that have one of the parameters, or all without any."""
    names = assignment_names()
    having = [name for name in names if choose_parameters(name, {}).keys() & chosen.keys()]
    return having or names


def book_address(given=None):
    """Return where the chapters are published, or an empty string if nothing says it.

    The site's address is `given`, or else the variable BOOK_URL, or that in ``_config.yml``.

    Raises
    ------
    ReleaseError
        Where it is not the address of a site.
    """
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    sources = {
        "--book-url": given,
        "BOOK_URL": os.environ.get("BOOK_URL"),
        "html: baseurl in _config.yml": config["html"]["baseurl"],
    }
    for source, url in sources.items():
        if url:
            try:
                return find_chapters(url)
            except GraderError as error:
                raise ReleaseError(
                    f"{source} must be the address of a site, such as "
                    f"https://example.org/softmax/, got {url!r}"
                ) from error
    return ""


def read_master(assignment):
    """Return the text of an assignment's master, and what Jinja fills in for its variant."""
    text = (FOLDER / assignment.name / f"{assignment.name}.md").read_text(encoding="utf-8")
    checks = importlib.import_module(f"coursework.{assignment.name}.checks")
    return text, checks.template_values(**assignment.parameters)


def release_all(names, chosen, address, course):
    """Return what each master gives, a dictionary from name to `Released`.

    Raises
    ------
    GraderError, ReleaseError
        The message says which assignment is wrong.
    """
    released = {}
    try:
        for name, parameters in parameters_by_name(names, chosen).items():
            assignment = load_assignment(name, parameters)
            text, values = read_master(assignment)
            released[name] = convert(text, assignment, values, course, address)
        with ProcessPoolExecutor() as pool:  # when all masters are right, for this takes longest
            runs = {
                name: pool.submit(run_solutions, texts, name, course)
                for name, texts in released.items()
            }
            for name in runs:
                runs[name].result()
    except ReleaseError as error:
        raise ReleaseError(f"{name}: {error}") from error
    return released
