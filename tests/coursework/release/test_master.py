"""Making a student's notebook of a master: real nbgrader, clear errors, nothing half-made."""

import json
import os
import sys
from pathlib import Path

import nbformat
import pytest

from coursework.grader.model import (
    Assignment,
    Check,
    GraderError,
    Question,
    assignment_names,
    load_assignment,
)
from coursework.grader.output.feedback import find_chapters
from coursework.release import cli, master, pages
from coursework.release.cli import main
from coursework.release.master import parameters_by_name, render
from coursework.release.nbgrader_runs import ReleaseError

MASTER = """\
# A small homework

<!-- questions -->

It takes {{ minutes }} minutes. Read [the *shift*]({{ book }}stability.html#a-place),
and [all]({{ book }}mnist.html).

```{code-cell} ipython3
---
nbgrader: {grade: false, grade_id: double, locked: false, schema_version: 3, solution: true}
---
def double(x):
    ### BEGIN SOLUTION
    return {{ factor }} * x
    ### END SOLUTION
```

```{code-cell} ipython3
---
nbgrader: {grade: true, grade_id: double-check, locked: true, points: 3, schema_version: 3,
  solution: false}
---
if double(2) != {{ 2 * factor }}:
    raise AssertionError("double(2) is wrong")
```

+++ {"nbgrader": {WHY}}

### BEGIN SOLUTION
Because it doubles.
### END SOLUTION
""".replace(
    "{WHY}",
    '{"grade": true, "grade_id": "why", "locked": false, "points": 2, "schema_version": 3, '
    '"solution": true}',
)
STUB = """\
def double(x):
    # YOUR CODE HERE
    raise NotImplementedError("write your code here")"""
VALUES = {"minutes": 5, "factor": 2}


def check(points):
    return Check("a check", points, lambda rng: [], lambda calls, outcomes: None)


ASSIGNMENT = Assignment(
    "small",
    "A small homework",
    (
        Question("double", "Double it", "Double a | number.", ("definition", "mnist"), (check(3),)),
        Question("why", "Say why", "give a reason", ("stability",), manual_points=2),
    ),
    parameters={"factor": "2"},
)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return a folder for nbgrader's course. Its gradebook takes seconds to make, once."""
    return tmp_path_factory.mktemp("course")


@pytest.fixture(scope="module")
def make(course):
    """Return a function that releases a small master."""

    def release(text=MASTER, address=""):
        released = master.convert(text, ASSIGNMENT, VALUES, course, address)
        master.run_solutions(released, ASSIGNMENT.name, course)
        return released

    return release


@pytest.fixture(scope="module")
def released(make):
    return make()


@pytest.fixture(scope="module")
def linked(make):
    """Return what a master without a place for its questions gives, with links to the chapters."""
    return make(MASTER.replace("<!-- questions -->", ""), "https://example.org/book")


def cells(text):
    return {cell.id: cell for cell in nbformat.reads(text, as_version=4).cells}


def test_students_get_a_stub_and_nbgraders_metadata(released):
    notebook = nbformat.reads(released.student, as_version=4)
    nbformat.validate(notebook)
    found = cells(released.student)
    assert list(found) == ["cell-000", "double", "double-check", "why"]
    assert found["double"].source == STUB
    assert found["why"].source == "YOUR ANSWER HERE"
    marks = found["double-check"].metadata.nbgrader
    assert marks.points == 3
    assert len(marks.checksum) == 32
    assert found["double-check"].metadata.editable is False
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.coursework == {"assignment": "small", "parameters": {"factor": "2"}}


def test_what_was_given_out_is_recorded_but_for_answers(released):
    record = json.loads(released.record)
    assert record["parameters"] == {"factor": "2"}
    (text,) = record["texts"]
    assert text.startswith("# A small homework")
    assert "Because it doubles" not in released.record


def test_no_solution_and_no_template_is_left(released):
    for text in (released.student, released.page):
        assert "* x" not in text
        assert "Because" not in text
        assert "SOLUTION" not in text
        assert "{{" not in text
        assert pages.MARK not in text
    assert "2 * x" in released.solved


def test_links_to_chapters_need_an_address(released, linked):
    assert "Read the *shift*,\nand all." in cells(released.student)["cell-000"].source
    source = cells(linked.student)["cell-000"].source
    assert "[the *shift*](https://example.org/book/stability.html#a-place)" in source
    assert "[all](https://example.org/book/mnist.html)" in source


def test_page_shows_the_notebook(released):
    start, _, rest = released.page.partition("# A small homework")
    assert start == "---\nsoftmax:\n  notebook: _build/coursework/small.ipynb\n---\n\n"
    assert "{notebook}`Download small.ipynb`" in rest
    assert "There are **5 points**." in rest
    assert "[all](../mnist.md)" in rest
    assert 'href="../stability.html#a-place"><span class="std std-ref">the *shift*<' in rest
    assert "\n:::{cell}\n```python\ndef double(x):\n    # YOUR CODE HERE" in rest
    check = "\n::::{cell} apart\n:::{dropdown} The visible check\n```python\nif double(2) != 4:"
    assert check in rest
    assert "{admonition} Your answer, in words\nYOUR ANSWER HERE\n" in rest


def test_page_has_the_table_of_the_questions_once(released, linked):
    rows = [
        "| Double it (3 points) | double a \\| number | [Definition](../definition.md), "
        "[MNIST](../mnist.md) |",
        "| Say why (2 points) | give a reason | [Stability](../stability.md) |",
    ]
    for page in (released.page, linked.page):
        assert page.count("\n".join(rows)) == 1


def test_fences_are_longer_than_what_they_hold():
    code = 'text = """\n````\n"""'
    assert pages.fence("`", "python", code) == f"`````python\n{code}\n`````"


BROKEN = {
    "no end": ("    ### END SOLUTION\n", "", "cell double .* do not make pairs"),
    "nested": ("    return", "    ### BEGIN SOLUTION\n    return", "do not make pairs"),
    "not marked": ("solution: true", "solution: false", "cell double has a solution, but"),
    "unknown name": ("{{ minutes }}", "{{ hours }}", "'hours' is undefined; there are: book, fac"),
    "no Jinja": ("{{ minutes }}", "{% if", "line [0-9]+ is not valid Jinja"),
    "points": ("points: 3", "points: 4", "double has 4 points in the notebook and 3 in checks.py"),
    "no question": ("grade_id: double,", "grade_id: twice,", "no cell has the grade_id double"),
    "twice": ("double-check", "double", "more than one cell has the grade_id double"),
    "no id": ("grade_id: double-check, ", "", "does not have a grade_id"),
    "hidden": ("if double", "### BEGIN HIDDEN TESTS\nif double", "hidden checks are in checks.py"),
    "schema": ("schema_version: 3", "schema_version: 99", "Schema version is too new"),
    "no title": ("# A small", "A small", "does not begin with a title"),
    "address": ("minutes.", "minutes. {{ book }}", "cell cell-000 uses `book` outside of a link"),
    "wrong": ("return {{", "return 1 + {{", "in cell double-check: AssertionError: double.2. is w"),
    "syntax": ("return", "retrun", "fails in cell double: SyntaxError"),
    "noisy": (
        "if double",
        "import sys\nprint('hm', file=sys.stderr)\nif double",
        "cell double-check: hm",
    ),
    "dead": ("if double", "import os\nos._exit(3)\nif double", "ends its kernel"),
}
LONG = ("syntax",)  # fails as "wrong" does, in a kernel, too


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=pytest.mark.slow if case in LONG else ()) for case in BROKEN],
)
def test_broken_master_gives_one_clear_error(make, case):
    old, new, message = BROKEN[case]
    assert old in MASTER
    with pytest.raises(ReleaseError, match=message) as caught:
        make(MASTER.replace(old, new, 1))
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_block_tags_leave_no_empty_lines():
    assert render("a\n{% if x %}\nb\n{% endif %}\nc\n", {"x": True}) == "a\nb\nc\n"


def test_same_master_gives_same_bytes_whatever_the_settings(make, released, monkeypatch, tmp_path):
    foreign = tmp_path / "kernels" / "python3"
    foreign.mkdir(parents=True)
    spec = {"argv": ["/nowhere/python"], "display_name": "Foreign", "language": "python"}
    (foreign / "kernel.json").write_text(json.dumps(spec))
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "foreign.py").write_text(
        "import sys\n"
        "def complain(result):\n    print('foreign', file=sys.stderr)\n"
        "get_ipython().events.register('post_run_cell', complain)\n"
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    monkeypatch.setenv("PATH", os.defpath)  # nbgrader starts alembic by its name
    before = dict(os.environ)
    assert make() == released
    assert dict(os.environ) == before


FAILING_STARTS = """\
import pathlib, runpy, sys
left = pathlib.Path(sys.argv.pop(1))
number = int(left.read_text())
left.write_text(str(number - 1))
if number > 0:
    sys.exit("Address already in use")
runpy.run_module("ipykernel_launcher", run_name="__main__")
"""


@pytest.fixture
def failing_starts(course, released, tmp_path):
    """Return the file with the number of the next starts of the course's kernel that fail."""
    path = course / "jupyter" / "kernels" / "python3" / "kernel.json"
    before = path.read_text()
    spec = json.loads(before)
    program, left = tmp_path / "kernel.py", tmp_path / "left"
    program.write_text(FAILING_STARTS)
    spec["argv"] = [sys.executable, str(program), str(left), "-f", "{connection_file}"]
    path.write_text(json.dumps(spec))
    yield left
    path.write_text(before)


def test_kernel_without_a_port_is_started_again(released, course, failing_starts):
    failing_starts.write_text("1")
    master.run_solutions(released, ASSIGNMENT.name, course)
    assert failing_starts.read_text() == "-1"


def test_no_kernel_is_one_clear_error(released, course, failing_starts):
    failing_starts.write_text("100")
    with pytest.raises(ReleaseError, match="no kernel starts for the version with solutions"):
        master.run_solutions(released, ASSIGNMENT.name, course)
    assert failing_starts.read_text() == "97"


# --- the command line ---


@pytest.fixture
def masters(monkeypatch, tmp_path):
    """Return a folder with copies of the masters, which the command takes for its own."""
    for name in ("hw1", "hw2"):
        folder = tmp_path / "masters" / name
        folder.mkdir(parents=True)
        text = (master.FOLDER / name / f"{name}.md").read_text(encoding="utf-8")
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    monkeypatch.setattr(master, "FOLDER", tmp_path / "masters")
    return tmp_path / "masters"


def test_nothing_is_written_if_one_master_is_broken(masters, tmp_path, capsys):
    (masters / "hw2" / "hw2.md").write_text("# {{ unknown }}\n", encoding="utf-8")
    status = main(["hw1", "hw2", "--out", str(tmp_path / "out"), "--pages", str(tmp_path / "out")])
    assert status == 1
    assert not (tmp_path / "out").exists()
    said = capsys.readouterr().err
    assert said.startswith("hw2: a value is missing: 'unknown' is undefined")
    assert said.count("\n") == 1


def test_a_release_runs_the_solutions(masters, course):
    path = masters / "hw1" / "hw1.md"
    begin = "### BEGIN SOLUTION\n"
    text = path.read_text(encoding="utf-8").replace(begin, f"{begin}    return 0\n", 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(
        ReleaseError, match=r"^hw1: the version with solutions fails in cell softmax"
    ):
        master.release_all(["hw1"], {}, "", course)


WAIT = """\
    import pathlib, time
    pathlib.Path("{here}").touch()
    end = time.monotonic() + 60
    while not pathlib.Path("{there}").exists():
        assert time.monotonic() < end
        time.sleep(0.1)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.cpu_count() == 1, reason="One processor runs one notebook at a time.")
def test_solutions_of_two_assignments_are_run_at_the_same_time(masters, course, tmp_path):
    begin = "### BEGIN SOLUTION\n"
    for name, other in (("hw1", "hw2"), ("hw2", "hw1")):
        path = masters / name / f"{name}.md"
        wait = WAIT.format(here=tmp_path / f"{name} runs", there=tmp_path / f"{other} runs")
        text = path.read_text(encoding="utf-8").replace(begin, begin + wait, 1)
        path.write_text(text, encoding="utf-8")
    # One after the other, the first would wait in vain.
    assert set(master.release_all(["hw1", "hw2"], {}, "", course)) == {"hw1", "hw2"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hw9"], "no assignment is called 'hw9'; there are: hw1, hw2"),
        (["--variant", "base=3"], "base=3 is not a variant of hw1; allowed: e, 2"),
        (["--variant", "root=2"], "no assignment here has a parameter 'root'; there are: base"),
        (["hw2", "--variant", "base=2"], "no assignment here has a parameter 'base'"),
        (["--variant", "base"], "'base' is not of the form name=value"),
        (["--variant", "base=2", "--pages", "x"], "the book shows the assignments without"),
        (["--solutions", "book/coursework"], "solutions do not go into book/coursework"),
        (["--solutions", "_build/html/x"], "solutions do not go into _build/html/x"),
        (["--book-url", "softmax"], "--book-url must be the address of a site, such as https:"),
    ],
)
def test_wrong_orders_are_refused(arguments, message, capsys, monkeypatch):
    monkeypatch.chdir(master.ROOT)
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("given", ["--book-url", "BOOK_URL"])
def test_both_ways_to_say_the_address_lead_where_feedback_leads(given, monkeypatch):
    site, other = "https://example.org/softmax", "https://example.org/other"
    monkeypatch.setenv("BOOK_URL", site if given == "BOOK_URL" else other)
    address = master.book_address(site if given == "--book-url" else None)
    assert address == find_chapters(site) == f"{site}/book/"


def test_without_an_address_notebooks_name_sections_and_no_files(course):
    for name in assignment_names():
        assignment = load_assignment(name)
        text, values = master.read_master(assignment)
        released = master.convert(text, assignment, values, course)
        assert ".html" not in released.student


def test_a_variant_is_made_of_the_assignments_that_have_its_parameters():
    assert master.names_with({}) == ["hw1", "hw2"]
    assert master.names_with({"base": "2"}) == ["hw1"]
    assert master.names_with({"update": "momentum", "penalty": "full"}) == ["hw2"]


def test_a_variant_has_the_books_address_and_says_where_it_is(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("BOOK_URL", "https://example.org/softmax/")
    out, own = tmp_path / "out", tmp_path / "own"
    assert main(["--variant", "base=2", "--out", str(out), "--solutions", str(own)]) == 0
    assert capsys.readouterr().out == (
        f"{out}: hw1.ipynb, hw1.released.json\n{own}: hw1-solutions.ipynb\n"
    )
    assert "](https://example.org/softmax/book/definition.html)" in (out / "hw1.ipynb").read_text()


def test_parameters_go_to_the_assignments_that_have_them():
    found = parameters_by_name(["hw1", "hw2"], {"base": "2"})
    assert found["hw1"] == {"base": "2"}
    assert "base" not in found["hw2"]
    with pytest.raises(GraderError):
        parameters_by_name(["hw2"], {"base": "2"})


def test_variants_lie_beside_the_public_ones():
    assert cli.folder_of(Path("out"), {}) == Path("out")
    assert cli.folder_of(Path("out"), {"b": "2", "a": "1"}) == Path("out/a-1-b-2")


def test_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "hw1.ipynb"
    cli.write(path, "old")

    def full(self, target):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="full"):
        cli.write(path, "new")
    assert [p.name for p in tmp_path.iterdir()] == ["hw1.ipynb"]
    assert path.read_text() == "old"


def test_unchanged_file_keeps_its_date(tmp_path):
    path = tmp_path / "hw1.md"
    cli.write(path, "text")
    os.utime(path, (1, 1))
    cli.write(path, "text")
    assert path.stat().st_mtime == 1
