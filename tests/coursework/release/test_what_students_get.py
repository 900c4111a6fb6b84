"""What is given out: students' notebooks without solutions, and pages of the book with them."""

import ast
import itertools
import re
import sys
import tomllib
from functools import cache
from importlib import import_module

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbclient import NotebookClient

from coursework.grader.model import assignment_names, load_assignment
from coursework.release import master
from coursework.release.master import grade_id, points_by_question
from tests.book.chapters import COLUMNS, too_long
from tests.coursework.masters import code_of, read_master
from tools.references import ROOT, kernel_manager

NAMES = assignment_names()
LONG = 24  # characters: what is shorter may stand anywhere by chance
# "No such thing here" by itself says nothing: so many lines are looked for in each assignment.
ENOUGH = 10

by_name = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return a folder for nbgrader's course. Its gradebook takes seconds to make, once."""
    return tmp_path_factory.mktemp("course")


@pytest.fixture(scope="module")
def released(course):
    """Return what each master gives. The tests of the assignments run the solutions."""
    assignments = {name: load_assignment(name) for name in NAMES}
    masters = {name: master.read_master(assignment) for name, assignment in assignments.items()}
    return {
        name: master.convert(text, assignments[name], values, course)
        for name, (text, values) in masters.items()
    }


@pytest.fixture
def student(released):
    """Return a function that reads the students' notebook of an assignment."""
    return lambda name: nbformat.reads(released[name].student, as_version=4)


def flat(text):
    """Return text with every space and line break as one space."""
    return " ".join(text.split())


def text_of(notebook):
    return "\n".join(cell.source for cell in notebook.cells)


@cache
def chapters():
    """Return the text of the chapters, which may teach a line that solves a question, too."""
    return flat("\n".join(path.read_text("utf-8") for path in (ROOT / "book").glob("*.md")))


def solution_lines(solved):
    """Return the lines of the solutions that stand nowhere else."""
    text = text_of(solved)
    regions = re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", text, re.DOTALL)
    assert regions
    rest = flat(re.sub(r"### BEGIN SOLUTION\n.*?### END SOLUTION", "", text, flags=re.DOTALL))
    lines = {flat(line) for region in regions for line in region.split("\n")}
    return {line for line in lines if len(line) >= LONG and line not in rest + chapters()}


def is_docstring(node, parents):
    return isinstance(parents.get(node), ast.Expr)


def hidden_strings(name):
    """Return what the modules of an assignment say that its master and the chapters do not."""
    public = (master.FOLDER / name / f"{name}.md").read_text("utf-8")
    found = set()
    for path in (master.FOLDER / name).rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
        found |= {
            flat(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and not is_docstring(node, parents)
        }
    questions = load_assignment(name).questions
    known = flat(public) + chapters() + flat(" ".join(q.title + q.objective for q in questions))
    known += flat(re.sub(r"[*$]", "", public))  # as a page shows it
    values = sys.modules[f"coursework.{name}.checks"].template_values(**parameters_of(name))
    known += flat(" ".join(map(str, values.values())))
    # Where a mistake leads to in the book is no secret: other exercises may lead there, too.
    found = {text for text in found if not re.match(r"[\w-]+\.html", text)}
    return {text for text in found if len(text) >= LONG and text not in known}


def parameters_of(name):
    return dict(load_assignment(name).parameters)


def secrets(name, released):
    """Return the lines that nobody may find who has not looked into the folder of the masters."""
    solved = nbformat.reads(released[name].solved, as_version=4)
    lines, strings = solution_lines(solved), hidden_strings(name)
    assert len(lines) >= ENOUGH
    assert len(strings) >= ENOUGH
    return lines | strings


def leaks(text, lines):
    text = flat(text)
    return sorted(line for line in lines if line in text)


@by_name
def test_students_see_neither_solutions_nor_hidden_checks(name, released, student):
    lines = secrets(name, released)
    assert not leaks(text_of(student(name)), lines)
    assert not leaks(released[name].student, lines)
    assert not leaks(released[name].page, lines)


@by_name
def test_a_solution_that_stays_would_be_noticed(name, released):
    solved = nbformat.reads(released[name].solved, as_version=4)
    assert leaks(text_of(solved), secrets(name, released))


@by_name
def test_code_fits_into_a_page(name):
    allowed = import_module(f"coursework.{name}.checks").PARAMETERS
    for values in itertools.product(*allowed.values()):
        variant = dict(zip(allowed, values, strict=True))
        cut = [line for cell in code_of(read_master(name, **variant)) for line in too_long(cell)]
        assert not cut, f"{name} as {variant} has code of more than {COLUMNS} columns: {cut}"


@by_name
def test_notebook_is_empty_and_for_any_jupyter(name, student):
    notebook = student(name)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.coursework.assignment == name
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert not re.search(r"\{\{|\{%|\{#|chapter://|BEGIN SOLUTION", cell.source)


@by_name
def test_questions_and_points_are_those_of_the_grader(name, student):
    assignment = load_assignment(name)
    notebook = student(name)
    expected = {question.name: question.out_of for question in assignment.questions}
    found = points_by_question(notebook, assignment)
    assert {key: value for key, value in found.items() if key} == expected
    assert sum(found.values()) == 100 == assignment.out_of
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader")
        if marks and (marks.grade or marks.locked):
            assert marks.points if marks.grade else len(marks.checksum) == 32
        if grade_id(cell) in expected:
            assert marks.solution


def imported(source):
    """Return the names of the modules that code imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


@by_name
def test_notebook_imports_only_the_package_and_what_it_needs(name, student):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = {re.match(r"[\w-]+", text)[0] for text in project["dependencies"]}
    allowed = needed - {"scikit-learn"} | {"sklearn", "softmax"} | set(sys.stdlib_module_names)
    for cell in student(name).cells:
        if cell.cell_type == "code":
            assert not set(imported(cell.source)) - allowed


@pytest.mark.slow
@by_name
def test_visible_checks_of_an_empty_notebook_fail_with_words(name, student, tmp_path):
    notebook = student(name)
    client = NotebookClient(
        notebook,
        km=kernel_manager(),
        timeout=600,
        startup_timeout=600,
        allow_errors=True,
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute(cleanup_kc=True)
    checked = 0
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code" or not marks.get("grade"):
            continue
        errors = [output for output in cell.outputs if output.output_type == "error"]
        assert errors, f"{grade_id(cell)} is content with an empty answer."
        assert len(errors[0].evalue.split()) >= 4, f"{grade_id(cell)} fails without words."
        checked += 1
    assert checked == sum(
        not question.manual_points for question in load_assignment(name).questions
    )


@pytest.mark.slow
@pytest.mark.parametrize("variant", [{"base": "2"}, {"penalty": "full", "update": "momentum"}])
def test_variant_has_another_text_and_is_right_by_itself(variant, released, course):
    chosen = master.parameters_by_name(NAMES, variant)
    (name,) = [name for name in NAMES if variant.items() <= chosen[name].items()]
    other = master.release_all([name], variant, "", course)[name]
    before, after = (
        nbformat.reads(text, as_version=4) for text in (released[name].student, other.student)
    )
    changed = [
        old for old, new in zip(before.cells, after.cells, strict=True) if old.source != new.source
    ]
    assert len(changed) >= 2
    assert other.page != released[name].page
    assert variant.items() <= after.metadata.coursework.parameters.items()


# --- the site ---


@by_name
def test_site_offers_the_very_notebook(name, site, released):
    offered = site / "_notebooks" / "coursework" / f"{name}.ipynb"
    assert offered.read_text("utf-8") == released[name].student
    made = ROOT / "_build" / "coursework" / f"{name}.ipynb"
    assert offered.read_bytes() == made.read_bytes()
    page = BeautifulSoup(
        (site / "book" / "coursework" / f"{name}.html").read_text("utf-8"), "html.parser"
    )
    links = [node["href"] for node in page.select(".bd-article a[href$='.ipynb']")]
    assert links == [f"../../_notebooks/coursework/{name}.ipynb"]


@by_name
def test_page_of_the_book_is_the_one_made_now(name, site, released):
    page = (ROOT / "book" / "coursework" / f"{name}.md").read_text("utf-8")
    assert page == released[name].page
    assert (site / "_sources" / "book" / "coursework" / f"{name}.md").read_text("utf-8") == page


@by_name
def test_nothing_secret_is_on_the_site(name, site, released):
    lines = secrets(name, released)
    read = set()
    for path in sorted(site.rglob("*")):
        if path.suffix in {".md", ".ipynb", ".js", ".txt"} and "_static" not in path.parts:
            text = path.read_text("utf-8")
            text = text_of(nbformat.reads(text, 4)) if path.suffix == ".ipynb" else text
        elif path.suffix == ".html" and "coursework" in path.parts:
            text = BeautifulSoup(path.read_text("utf-8"), "html.parser").get_text()
        else:
            continue
        assert not leaks(text, lines), path
        read.add(path.name)
    made = {"searchindex.js", "index.js", "0.js"}  # the latter two are what our own search reads
    assert {f"{name}.html", f"{name}.md", f"{name}.ipynb", *made} <= read


@by_name
def test_feedback_leads_to_places_that_there_are(name, site):
    for question in load_assignment(name).questions:
        for chapter in question.chapters:
            assert (site / "book" / f"{chapter}.html").exists()
        for misconception in question.misconceptions:
            page, _, place = misconception.link.partition("#")
            text = (site / "book" / page).read_text("utf-8")
            assert not place or f'id="{place}"' in text, misconception.link
