"""The pages for instructors: the plans add up, and what they say to type works."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import nbformat
import pytest
from distributed.cli import dask_scheduler, dask_worker
from nbgrader.apps import NbGraderApp
from plain_markdown import find_directives

from coursework.grader import cli, model
from coursework.grader.inbox.find import MAX_BYTES, find_submissions
from coursework.grader.inbox.roster import COLUMNS, read_roster, safe_name
from coursework.grader.marking.question import mark_cells
from coursework.grader.model import (
    assignment_names,
    load_assignment,
    parse_variant,
)
from tests.coursework.classes import read_grades
from tests.coursework.masters import read_master
from tests.coursework.sandboxed import require_sandbox
from tools.references import ROOT


def read_page(name):
    """Return a page's text; a backslash goes on with a session or a command on the next line."""
    return re.sub(r" *\\\n +", " ", (ROOT / "book" / f"{name}.md").read_text(encoding="utf-8"))


PAGE = read_page("instructors")
PLAN_PAGE = read_page("course-plans")
GRADER = "python -m coursework.grader "
DOCKER = {"--cap-add", "--security-opt", "--privileged"}
OTHERS = {"--update", "--paths"}  # of nbgrader and of jupyter
EXERCISE_MINUTES, ASSIGNMENT_HOURS = 15, "2 to 4 h"
PLANS = {"one-week": 60, "three-weeks": 90, "seven-weeks": 75}  # minutes of a session
by_plan = pytest.mark.parametrize("plan", PLANS)


def section(label, page=PAGE):
    """Return the text from a label to the next one."""
    found = re.search(rf"^\(sec-instructors-{label}\)=$(.*?)(?=^\(sec-|\Z)", page, re.M | re.S)
    return found[1]


def blocks(language, text=PAGE):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def commands(text=PAGE):
    return [line for block in blocks("bash", text) for line in block.splitlines()]


def grader_commands(text=PAGE):
    """Return the arguments of each of the grader's commands, in the order of the page."""
    lines = [line for line in commands(text) if line.startswith(GRADER)]
    return [shlex.split(line.removeprefix(GRADER)) for line in lines]


def table(text):
    """Return the cells of the first table, row by row, without its head."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def sessions(plan):
    """Return the sessions of a plan: chapters, minutes, and labels and titles of exercises."""
    found = []
    for item in re.findall(r"^\d+\. (.*)$", section(plan, PLAN_PAGE), re.M):
        reading, rest = item.split(" **In class:** ")
        exercises = re.findall(r"\{ref\}`([^`<]+) <([\w-]+)>`", rest.split("**Exercises:**")[1])
        chapters = re.findall(r"\{doc\}`([\w-]+)`", reading)
        found.append((chapters, int(re.search(r"\((\d+) minutes\)", reading)[1]), exercises))
    return found


def minutes_of(chapter):
    text = (ROOT / "book" / f"{chapter}.md").read_text(encoding="utf-8")
    return int(re.search(r"\*\*It takes\*\* about (\d+) minutes", text)[1])


def first_minutes_of(chapter):
    text = (ROOT / "book" / f"{chapter}.md").read_text(encoding="utf-8")
    return int(re.search(r"On a first reading.*?about (\d+) minutes", text, re.DOTALL)[1])


@cache
def titles_of_exercises(chapter):
    """Return the titles of a chapter's exercises, by label."""
    text = (ROOT / "book" / f"{chapter}.md").read_text(encoding="utf-8")
    starts = [d for d in find_directives(text) if d.name in ("exercise", "exercise-start")]
    return {directive.label: directive.argument for directive in starts}


def in_hours(minutes):
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


@by_plan
def test_minutes_are_those_of_the_chapters_and_add_up(plan):
    read, exercises = 0, 0
    for chapters, minutes, asked in sessions(plan):
        assert minutes == sum(map(minutes_of, chapters)), chapters
        read, exercises = read + minutes, exercises + len(asked)
    in_class = in_hours(len(sessions(plan)) * PLANS[plan])
    assert f"sessions of {PLANS[plan]} minutes" in section(plan, PLAN_PAGE)
    assert (
        f"In all: {in_hours(read)} of reading, {in_class} in class, "
        f"{in_hours(exercises * EXERCISE_MINUTES)} of exercises, and {ASSIGNMENT_HOURS} for the "
        "two assignments."
    ) in section(plan, PLAN_PAGE)
    if plan != "seven-weeks":
        first = sum(first_minutes_of(name) for chapters, *_ in sessions(plan) for name in chapters)
        assert f"First readings alone take {in_hours(first)}." in section(plan, PLAN_PAGE)


@by_plan
def test_exercises_have_their_titles_and_are_asked_once_their_chapter_is_read(plan):
    read, known = [], {}
    for chapters, _, exercises in sessions(plan):
        for chapter in chapters:
            read.append(chapter)
            known |= titles_of_exercises(chapter)
        for title, label in exercises:
            assert known.get(label) == title, f"{label} is called {known.get(label)!r}"
    assert len(read) == len(set(read))


@by_plan
def test_assignments_are_given_out_once_the_chapters_that_teach_them_are_read(plan):
    given, read = [], set()
    for item in re.findall(r"^\d+\. (.*)$", section(plan, PLAN_PAGE), re.M):
        read |= set(re.findall(r"\{doc\}`([\w-]+)`", item.split("**In class:**")[0]))
        for name in re.findall(r"[Gg]ive out \{doc\}`coursework/(\w+)`", item):
            given.append(name)
            taught_by = {page for q in load_assignment(name).questions for page in q.chapters}
            assert taught_by <= read, f"{name} needs {sorted(taught_by - read)}"
    assert given == assignment_names()


def test_each_command_of_the_grader_exists_with_its_options():
    found = grader_commands()
    for arguments in found:
        cli.make_parser().parse_args(arguments)
    assert {arguments[0] for arguments in found} == {
        "grade",
        "answers",
        "merge",
        "export",
        "gradebook",
    }


def test_options_that_the_text_names_exist(capsys):
    help_texts = []
    for command in ("grade", "answers", "merge", "export", "gradebook"):
        with pytest.raises(SystemExit):
            cli.make_parser().parse_args([command, "--help"])
        help_texts.append(capsys.readouterr().out)
    prose = re.sub(r"^```.*?^```$", "", PAGE, flags=re.M | re.S)
    named = {option for code in re.findall(r"`([^`]+)`", prose)
             for option in re.findall(r"--[a-z][a-z-]+", code)}  # fmt: skip
    assert len(named) > 8
    known = set(re.findall(r"--[a-z][a-z-]+", "\n".join(help_texts)))
    left = named - known - DOCKER - OTHERS
    assert not left, f"The page names {sorted(left)}, which no command has."


def test_targets_of_make_and_commands_of_other_programs_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {line.split()[1] for line in commands() if line.startswith("make ")}
    targets |= set(re.findall(r"`make (\w+)", PAGE + PLAN_PAGE))
    assert targets == {"coursework", "runtime", "soak"}
    assert all(re.search(rf"^{target}:", makefile, re.M) for target in targets)
    nbgrader = {line.split()[1] for line in commands() if line.startswith("nbgrader ")}
    assert nbgrader | set(re.findall(r"`nbgrader (\w+)", PAGE)) <= set(NbGraderApp.subcommands)
    for name, module in {"scheduler": dask_scheduler, "worker": dask_worker}.items():
        (line,) = [line for line in commands() if f"dask {name} " in line]
        known = {option for param in module.main.params for option in
                 (*param.opts, *param.secondary_opts)}  # fmt: skip
        assert set(re.findall(r"--[a-z-]+", line)) <= known


def test_every_status_and_every_column_is_explained():
    assert [row[0].strip("`") for row in table(section("status"))] == list(model.STATES)
    assert [row[0].strip("`") for row in table(section("once"))] == list(COLUMNS)


def test_limits_are_those_of_the_questions():
    found = {
        question.limits.wall_seconds: question.name
        for name in assignment_names()
        for question in load_assignment(name).questions
    }
    assert set(found) == {20, 90}
    assert found[90] == "fit_digits"
    assert "20 seconds for most questions and 90 for the training on digits" in PAGE
    assert f"above {MAX_BYTES >> 20} MB is refused" in PAGE


def test_layouts_of_the_table_are_understood(tmp_path):
    rows = table(section("collect"))
    assert len(rows) == 4
    for number, (_, path, folder) in enumerate(rows):
        place = tmp_path / str(number)
        file = place / "submissions" / path.strip("`")
        file.parent.mkdir(parents=True)
        file.write_text("{}")
        folder = "" if folder == "empty" else folder.strip("`")
        (place / "roster.csv").write_text(f"student,folder\nann,{folder}\nann_other,\n")
        students = read_roster(place / "roster.csv")
        (ann, other), strangers = find_submissions(place / "submissions", students, "hw1")
        assert (ann.path, other.path, strangers) == (file, None, [])


def test_rosters_made_from_exports_of_canvas_and_moodle_find_the_files(tmp_path):
    canvas, moodle = (block for block in blocks("text") if block.startswith("="))
    dropped = re.findall(r'"([^"]+)",""', canvas)
    name, moodle_name = "O'Neil-Lee, Dr. Ann", "Ann O'Neil-Lee"
    letters = name.lower()
    for character in dropped:
        letters = letters.replace(character, "")
    (word,) = re.findall(r'"(\w+ )",""', moodle)
    folders = {
        "ann": f"{letters}_123",
        "ann@example.org": f"{moodle_name}_{'Participant 123'.replace(word, '')}",
    }
    for student, folder in folders.items():
        path = tmp_path / f"{student}.csv"
        path.write_text(f'student,name,folder,Section\n{student},"{name}",{folder},7\n')
        submissions = tmp_path / student
        file = submissions / (
            f"{moodle_name}_123_assignsubmission_file_/hw1.ipynb"
            if "@" in student
            else "oneilleedrann_LATE_123_456_hw1.ipynb"
        )
        file.parent.mkdir(parents=True)
        file.write_text("{}")
        (found,), strangers = find_submissions(submissions, read_roster(path), "hw1")
        assert (found.path, strangers) == (file, [])


def test_the_folder_of_an_unusual_id_is_called_as_the_page_says():
    folder, student = re.search(r"as in `(Anna\S+)` for `(.+?)`", section("hand-back")).groups()
    assert safe_name(student) == folder


def write_class(folder):
    """Write the class of the page: one right answer in code, one answer in words, no more."""
    (folder / "marks").mkdir(parents=True)
    (roster,) = [block for block in blocks("text") if block.startswith("student,")]
    (folder / "roster.csv").write_text(roster)
    (folder / "appeal.csv").write_text("\n".join(roster.splitlines()[:2]) + "\n")
    submit(folder / "hw1" / "ann" / "hw1.ipynb", read_master("hw1"))
    words = nbformat.v4.new_markdown_cell("No.", metadata={"nbgrader": {"grade_id": "templates"}})
    submit(
        folder / "hw2" / "ben" / "hw2.ipynb",
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1"), words]),
    )


def submit(path, notebook):
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


@pytest.mark.slow
def test_the_commands_lead_from_a_folder_to_marks_that_are_handed_back(tmp_path):
    require_sandbox()
    folder = tmp_path / "class"
    write_class(folder)

    def run(arguments):
        assert cli.main([text.replace("../class", str(folder)) for text in arguments]) == 0

    def run_section(label):
        for arguments in grader_commands(section(label)):
            run(arguments)

    run_section("grade")
    marks = read_grades(folder / "marks", "hw1.csv")
    assert [row["status"] for row in marks.values()] == ["ok", *["missing"] * 3]
    assert marks["ann"]["total"] == "100"
    run([text.replace("hw1", "hw2") for text in grader_commands(section("grade"))[0]])

    answers, merge = grader_commands(section("words"))
    run(answers)
    path = folder / "marks" / "hw2-answers.csv"
    assert path.with_suffix(".html").exists()
    text = path.read_text(encoding="utf-8-sig")
    assert "ben" not in text
    path.write_text(text.replace("No.,,", "No.,4,Why?"), encoding="utf-8")
    run(merge)
    assert read_grades(folder / "marks", "hw2.csv")["ben"]["templates"] == "4"

    run_section("late")
    assert read_grades(folder / "marks", "hw1.csv")["ann"]["total"] == "100"
    run_section("appeal")
    assert "1234" in (folder / "appeal" / "hw1.csv").read_text()
    run_section("hand-back")
    assert ",,ann,,100" in (folder / "marks" / "hw1-canvas.csv").read_text()
    assert "ann@example.org,100" in (folder / "marks" / "hw1-moodle.csv").read_text()
    assert (folder / "gradebook.db").exists()
    for ending in ("html", "md"):
        assert (folder / "marks" / "hw1.feedback" / "ann" / f"hw1.{ending}").exists()
    run_section("variant")
    assert float(read_grades(folder / "marks", "hw1.csv")["ann"]["total"]) < 25


@pytest.mark.slow
@pytest.mark.parametrize("row", table(section("variant")), ids=lambda row: row[1])
def test_a_public_solution_loses_what_the_table_says(row):
    require_sandbox()
    name, variant, _, says = (cell.strip("`") for cell in row)
    marked = mark_cells(
        load_assignment(name, parse_variant(variant)), read_master(name).cells, seed=7
    )
    most, out_of = map(int, re.fullmatch(r"fewer than (\d+) of (\d+) points", says).groups())
    assert sum(q.out_of for q in marked if not q.manual) == out_of
    # The table is to be true, and not by far too careful.
    assert most - 10 < sum(question.points for question in marked) < most


@pytest.mark.slow
def test_the_steps_with_the_exchange_lead_to_submissions_and_feedback(tmp_path):
    if shutil.which("bash") is None:
        pytest.skip("there is no bash here")
    teacher, student = tmp_path / "class", tmp_path / "student"
    submit(tmp_path / "book" / "_build" / "coursework" / "hw1.ipynb", read_master("hw1"))
    (tmp_path / "exchange").mkdir()
    config = blocks("python", section("exchange"))[0]
    for folder in (teacher, student):
        folder.mkdir()
        moved = re.sub(r'root = ".*"', f'root = "{tmp_path / "exchange"}"', config)
        (folder / "nbgrader_config.py").write_text(moved)
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "JUPYTER_DATA_DIR": str(tmp_path / "data"),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_PATH": str(tmp_path / "path"),
    }

    def run(block, cwd):
        done = subprocess.run(
            ["bash", "-e", "-c", block], cwd=cwd, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    release, fetch_and_submit, collect = blocks("bash", section("exchange"))
    run(release, teacher)
    run(fetch_and_submit, student)
    run(collect, teacher)
    (name,) = os.listdir(teacher / "submitted")
    (teacher / "roster.csv").write_text(f"student\n{name}\n")
    students = read_roster(teacher / "roster.csv")
    (found,), strangers = find_submissions(teacher / "submitted", students, "hw1")
    assert (found.file, found.note, strangers) == (f"{name}/hw1/hw1.ipynb", "", [])

    page = teacher / "marks" / "hw1.feedback" / name / "hw1.html"
    page.parent.mkdir(parents=True)
    page.write_text("100 of 100")
    run(blocks("bash", section("hand-back"))[-1], teacher)
    run("nbgrader fetch_feedback hw1", student)
    (fetched,) = student.glob("hw1/feedback/*/hw1.html")
    assert fetched.read_text() == "100 of 100"
