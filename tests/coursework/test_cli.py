"""The commands of the grader, as a teacher gives them."""

import json
import os
import signal
import time
from datetime import UTC, datetime

import pytest

from coursework import adversarial
from coursework.grader import cli, model
from coursework.grader.marking import grade
from coursework.grader.sandbox.host import SandboxError
from tests.coursework.classes import (
    grade_command,
    hand_in,
    kill_tree,
    make_class,
    read_grades,
    read_table,
    start,
    write_roster,
)
from tests.coursework.tiny import ESSAY, TINY, Here, mark_tiny, write_tiny

DUE = "2025-12-01T23:59+01:00"


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Return a function that runs a command on a class of two, with a tiny assignment."""
    for module in (cli, grade):
        monkeypatch.setattr(module, "load_assignment", lambda name, parameters: TINY)
    monkeypatch.setattr(grade, "mark_cells", mark_tiny)
    monkeypatch.setattr(cli, "read_released", lambda assignment, folder: ())
    monkeypatch.setattr(cli, "check_sandbox", lambda: None)
    monkeypatch.setattr(cli, "Processes", lambda jobs, timeout: Here())
    write_tiny(tmp_path / "submissions" / "ann", "double = 2")
    roster = "student,name,email\nann,Lee Ann,ann@x.org\nbob,Bo B,bob@x.org\n"
    (tmp_path / "roster.csv").write_text(roster)

    def run(*arguments):
        return cli.main([str(argument) for argument in arguments])

    return run


def grade_arguments(folder, *options):
    return grade_command(folder, *options)[3:]


def test_a_class_with_all_sorts_of_students(tmp_path):
    students = ["full", "none", "quits", "json", "r", "script", "absent", "late"]
    hand_in(tmp_path, "full", adversarial.solved_notebook())
    hand_in(tmp_path, "none", adversarial.stub_notebook())
    quits = adversarial.with_questions(("softmax", "log_softmax"))
    quits["cells"].append(
        {"cell_type": "code", "source": "def cross_entropy(*args):\n    import os\n    os._exit(0)"}
    )
    hand_in(tmp_path, "quits", quits)
    hand_in(tmp_path, "late", adversarial.solved_notebook())
    late = datetime(2025, 12, 3, 23, tzinfo=UTC).timestamp()
    os.utime(tmp_path / "submissions" / "late" / "hw1.ipynb", (late, late))
    for student in ("json", "r", "script", "stranger"):
        (tmp_path / "submissions" / student).mkdir()
    (tmp_path / "submissions/json/hw1.ipynb").write_text('{"cells": [')
    r = adversarial.solved_notebook() | {
        "metadata": {"kernelspec": {"name": "ir", "language": "R"}}
    }
    (tmp_path / "submissions/r/hw1.ipynb").write_text(json.dumps(r))
    (tmp_path / "submissions/script/hw1.py").write_text("x = 1")
    for path in tmp_path.glob("submissions/*/hw1.ipynb"):
        if path.parent.name != "late":
            os.utime(path, (late - 3 * 86400, late - 3 * 86400))
    write_roster(tmp_path, students)
    options = ("--jobs", "2", "--due", DUE, "--late-penalty", "10", "--seed", "7", "--progress")
    grader = start(grade_command(tmp_path, *options))
    out, err = grader.communicate(timeout=600)
    assert grader.returncode == 0, out + err
    assert "8/8" in err
    assert "Traceback" not in out + err

    rows = read_grades(tmp_path)
    assert list(rows) == students
    found = {name: (float(row["total"]), row["status"]) for name, row in rows.items()}
    assert found == {
        "full": (100, "ok"),
        "none": (0, "ok"),
        "quits": (45, "crashed"),
        "json": (0, "unreadable"),
        "r": (0, "unreadable"),
        "script": (0, "unreadable"),
        "absent": (0, "missing"),
        "late": (70, "ok"),
    }
    assert all(row["reason"] for row in rows.values() if float(row["total"]) < 100)
    assert rows["late"]["reason"] == "late by 48 hours: 30 of 100 points are taken off"
    assert (rows["late"]["late_hours"], rows["late"]["penalty"]) == ("48.02", "30")
    assert {row["seed"] for row in rows.values()} == {"7"}
    assert "8 students (3 ok, 1 crashed, 3 unreadable, 1 missing)" in out
    assert (
        "missing (1):\n  absent (looked for: absent)\nnot on the roster (1):\n  stranger\n" in out
    )
    assert "script: unreadable: no notebook hw1.ipynb, only: hw1.py" in out
    for student in students:
        assert (tmp_path / "grades.feedback" / student / "hw1.html").stat().st_size > 200


def test_an_interrupt_is_no_traceback_and_loses_nothing(tmp_path):
    make_class(tmp_path, 8)  # so many that they are not all marked when the signal comes
    # What a shell starts in the background, such as these tests, ignores interrupts.
    grader = start(
        grade_command(tmp_path, "--jobs", "1"),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    records = tmp_path / "grades.work" / "students"
    end = time.monotonic() + 300
    while not list(records.glob("*.json")) and time.monotonic() < end:
        time.sleep(0.02)
    grader.send_signal(signal.SIGINT)
    try:
        out, err = grader.communicate(timeout=300)
    finally:
        if grader.poll() is None:
            kill_tree(grader)
    assert grader.returncode == 130, out + err
    assert err == "stopped; the same command goes on from here\n"
    marked = [row for row in read_grades(tmp_path).values() if row["status"] == "ok"]
    assert 1 <= len(marked) < 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--assignment", "hw9"), "no assignment is called 'hw9'; there are: hw1"),
        (("--variant", "base"), "'base' is not of the form name=value"),
        (("--variant", "colour=red"), "has no parameter 'colour'"),
        (("--due", "2025-12-01T23:59"), "has no time zone; write 2025-12-01T23:59:00+01:00, for"),
        (("--due", "2025-12-01"), "write 2025-12-01T23:59:59+01:00"),
        (("--due", "soon"), "--due: 'soon' is not a date and time"),
        (("--timezone", "Berlin"), "--timezone: 'Berlin' is not a time zone that is known here"),
        (("--late-penalty", "110"), "is not a percentage from 0 to 100"),
        (("--late-penalty", "nan"), "is not a percentage from 0 to 100"),
        (("--seed", "-1"), "is not a whole number from 0"),
        (("--jobs", "0"), "is not a whole number from 1"),
        (("--jobs", "2", "--scheduler", "tcp://x"), "not allowed with argument"),
        (("--roster", "/nowhere.csv"), "/nowhere.csv cannot be read: No such file"),
        (("--out", "/dev/null/a.csv"), "--out /dev/null/a.csv: nothing can be written there ("),
        (
            ("--book-url", "softmax"),
            "--book-url: 'softmax' is not the address of a site, such as https://",
        ),
        (("--book-url", "https://x.org/?page=1"), "is not the address of a site"),
        (("--out", "grades.work"), "give the name of a file"),
        (("--out", "grades.feedback"), "give the name of a file"),
    ],
)
def test_a_bad_argument_is_one_sentence_and_writes_nothing(tmp_path, capsys, options, message):
    write_roster(tmp_path, ["ann"])
    write_tiny(tmp_path / "submissions" / "ann", "double = 2")
    before = sorted(tmp_path.rglob("*"))
    try:
        code = cli.main([*grade_arguments(tmp_path), *options])
    except SystemExit as stop:
        code = stop.code
    told = capsys.readouterr()
    assert code == 2
    assert message in told.err
    assert sorted(tmp_path.rglob("*")) == before


def test_the_books_address_is_understood_as_in_the_feedback(tmp_path):
    given = ("--book-url", "https://example.org/softmax/book/index.html")
    options = cli.make_parser().parse_args(grade_arguments(tmp_path, *given))
    assert options.book_url == "https://example.org/softmax/book/"


def test_without_bubblewrap_it_refuses_before_it_writes(tmp_path, capsys, monkeypatch):
    def check_sandbox():
        raise SandboxError("bubblewrap is missing: apt install bubblewrap")

    monkeypatch.setattr(cli, "check_sandbox", check_sandbox)
    write_roster(tmp_path, ["ann"])
    write_tiny(tmp_path / "submissions" / "ann", "double = 2")
    before = sorted(tmp_path.rglob("*"))
    assert cli.main(grade_arguments(tmp_path)) == 2
    assert capsys.readouterr().err == "error: bubblewrap is missing: apt install bubblewrap\n"
    assert sorted(tmp_path.rglob("*")) == before
    assert cli.main(grade_arguments(tmp_path, "--no-sandbox")) == 0
    assert "the students' code runs as you" in capsys.readouterr().err


def test_the_seed_is_drawn_once_and_another_is_told(tiny, tmp_path, capsys):
    command = grade_arguments(tmp_path)
    assert tiny(*command) == 0
    seed = read_grades(tmp_path)["ann"]["seed"]
    capsys.readouterr()
    assert tiny(*command) == 0
    assert "0 notebooks marked now" in capsys.readouterr().out
    assert read_grades(tmp_path)["ann"]["seed"] == seed
    assert tiny(*command, "--seed", "5") == 0
    told = capsys.readouterr()
    assert f"the seed of the last run was {seed}: all are marked again" in told.err
    assert "1 notebook marked now" in told.out
    assert read_grades(tmp_path)["ann"]["seed"] == "5"


def test_marks_of_another_assignment_are_not_written_over(tiny, tmp_path, capsys):
    assert tiny(*grade_arguments(tmp_path)) == 0
    settings = tmp_path / "grades.work" / "settings.json"
    settings.write_text(settings.read_text().replace('"hw1"', '"hw2"'))
    assert tiny(*grade_arguments(tmp_path)) == 2
    assert "has the marks of hw2; choose another --out for hw1" in capsys.readouterr().err


def test_a_failure_of_the_grader_is_the_exit_code_and_in_the_summary(tiny, tmp_path, capsys):
    write_tiny(tmp_path / "submissions" / "ann", "die")
    assert tiny(*grade_arguments(tmp_path)) == 1
    assert "ann: grader failed: the grader failed (MemoryError: )" in capsys.readouterr().out
    row = read_grades(tmp_path)["ann"]
    assert (row["status"], row["total"], row["out_of"]) == (model.FAILED, "0", "10")
    grades, roster = tmp_path / "grades.csv", tmp_path / "roster.csv"
    export = ("export", grades, "--to", "canvas", "--roster", roster, "--out", tmp_path / "out")
    assert tiny(*export) == 2
    assert "the grader failed with 1 student: ann" in capsys.readouterr().err
    assert tiny(*export, "--allow-awaiting") == 0
    for record in tmp_path.glob("grades.work/students/*"):
        record.unlink()
    assert tiny(*export, "--allow-awaiting") == 2
    assert "there are no marks to export" in capsys.readouterr().err


def test_the_summary_points_to_notebooks_that_were_not_marked(tiny, tmp_path, capsys):
    write_tiny(tmp_path / "submissions" / "ann", "stub", words="", hours=1)
    write_tiny(tmp_path / "submissions" / "ann", "double = 2", name="Copy of hw1.ipynb")
    assert tiny(*grade_arguments(tmp_path)) == 0
    out = capsys.readouterr().out
    assert "worth a look (1):\n  ann: ok: no question is answered in ann/hw1.ipynb; " in out
    assert "others: Copy of hw1.ipynb" in out
    assert "others: Copy of hw1.ipynb" in read_grades(tmp_path)["ann"]["reason"]
    page = (tmp_path / "grades.feedback/ann/hw1.md").read_text()
    assert "others: Copy of hw1.ipynb" in page
    assert "If your work is in another one, tell your teacher which one." in page


def test_notebooks_of_another_variant_are_told(tiny, tmp_path, capsys):
    path = tmp_path / "submissions/ann/hw1.ipynb"
    notebook = json.loads(path.read_text())
    for parameters, told in (({"base": "2"}, True), ({"base": "e"}, False), ("?", False)):
        metadata = {"coursework": {"assignment": "hw1", "parameters": parameters}}
        path.write_text(json.dumps(notebook | {"metadata": metadata}))
        for _ in range(2):
            assert tiny(*grade_arguments(tmp_path)) == 0
            out, err = capsys.readouterr()
            assert ("1 of 1 notebooks say that they are of another variant" in err) == told
            says = "ann: awaiting marks: the notebook says that it is of the variant base=2, and"
            assert (says in out) == told


def test_another_deadline_than_in_the_last_run_is_told(tiny, tmp_path, capsys):
    command = grade_arguments(tmp_path)
    assert tiny(*command, "--late-penalty", "10") == 0
    assert "has no effect without --due or a deadline in the roster" in capsys.readouterr().err
    (tmp_path / "roster.csv").write_text(f"student,due\nann,{DUE}\nbob,")
    for told in (1, 0):
        assert tiny(*command, "--due", "2025-12-01T23:59+01:00") == 0
        assert ("the last run had no deadline and a penalty of 10 % a day; this one has the "
                "deadline 2025-12-01T23:59:00+01:00 and a penalty of 0 % a day"
                in capsys.readouterr().err) == told  # fmt: skip
    assert tiny(*command, "--late-penalty", "10") == 0
    err = capsys.readouterr().err
    assert "this one has no deadline and a penalty of 10 % a day" in err
    assert "no effect" not in err


def test_nbgraders_times_count_where_the_teacher_says_so(tiny, tmp_path, capsys):
    folder = tmp_path / "submissions" / "ann" / "hw1"
    write_tiny(folder, "double = 2")
    (tmp_path / "submissions/ann/hw1.ipynb").unlink()
    (folder / "timestamp.txt").write_text("2025-12-01 23:30:00.000000 CET\n")
    command = grade_arguments(tmp_path, "--due", "2025-12-01", "--timezone", "Europe/Berlin")
    assert tiny(*command) == 0
    assert "the timestamp.txt of 1 student is not read" in capsys.readouterr().err
    assert read_grades(tmp_path)["ann"]["submitted"] == "2025-11-30T12:00:00+00:00"
    assert tiny(*command, "--times", "nbgrader") == 0
    assert capsys.readouterr().err == ""
    row = read_grades(tmp_path)["ann"]
    assert (row["submitted"], row["late_hours"]) == ("2025-12-01T22:30:00+00:00", "0.00")
    (folder / "timestamp.txt").write_text("2025-12-02 00:30:00.000000 CET\n")
    assert tiny(*command, "--times", "nbgrader") == 0
    assert read_grades(tmp_path)["ann"]["late_hours"] == "0.50"


def test_one_bad_time_stops_nobody(tiny, tmp_path, capsys):
    students = [f"s{number}" for number in range(4)]
    write_roster(tmp_path, students)
    for student in students:
        folder = tmp_path / "submissions" / student / "hw1"
        write_tiny(folder, "double = 2", words="")
        (folder / "timestamp.txt").write_text("2025-12-01 23:30:00.000000 CET")
    bad = tmp_path / "submissions/s2/hw1/timestamp.txt"
    bad.write_text("0001-01-01T00:00:00+23:59")
    grades = tmp_path / "grades.csv"
    assert tiny(*grade_arguments(tmp_path, "--times", "nbgrader", "--due", DUE)) == 0
    assert len(read_grades(tmp_path)) == 4
    assert "is beyond all calendars" in read_grades(tmp_path)["s2"]["reason"]
    out = tmp_path / "canvas.csv"
    roster = tmp_path / "roster.csv"
    assert tiny("export", grades, "--to", "canvas", "--roster", roster, "--out", out) == 0
    assert tiny("gradebook", grades, "--db", tmp_path / "gradebook.db") == 0
    assert out.read_text().count("\n") == 6
    assert f"{tmp_path / 'gradebook.db'} (new): 4 students" in capsys.readouterr().out


def test_each_file_of_marks_has_its_own_feedback(tiny, tmp_path):
    assert tiny(*grade_arguments(tmp_path)) == 0
    page = tmp_path / "grades.feedback/ann/hw1.html"
    before = page.read_text()
    write_tiny(tmp_path / "late" / "bob", "double = 3")
    command = grade_arguments(tmp_path, "--out", str(tmp_path / "late.csv"))
    command[1] = str(tmp_path / "late")
    assert tiny(*command) == 0
    assert page.read_text() == before
    assert "nothing was handed in" in (tmp_path / "late.feedback/ann/hw1.html").read_text()


def test_a_fault_in_the_feedback_stops_nobody(tiny, tmp_path, capsys, monkeypatch):
    def write_feedback(*args):
        raise ValueError("no paper")

    monkeypatch.setattr(cli, "write_feedback", write_feedback)
    assert tiny(*grade_arguments(tmp_path)) == 0
    assert "no feedback for ann (ValueError: no paper)" in capsys.readouterr().err
    assert read_grades(tmp_path)["ann"]["total"] == "8"


def test_answers_go_out_and_their_marks_come_back(tiny, tmp_path, capsys):
    grades, sheet = tmp_path / "grades.csv", tmp_path / "answers.csv"
    assert tiny(*grade_arguments(tmp_path)) == 0
    out = tmp_path / "out"
    for command in (
        ("export", grades, "--to", "canvas", "--roster", tmp_path / "roster.csv", "--out", out),
        ("gradebook", grades, "--db", out),
    ):
        assert tiny(*command) == 2
        assert (
            "answers that await marks: 1. Run answers, mark them and merge, or add"
            in capsys.readouterr().err
        )
        assert not out.exists()
    capsys.readouterr()
    assert tiny("answers", grades, "--out", sheet, "--names") == 0
    assert f"{sheet}: answers that await marks: 1; to read them: " in capsys.readouterr().out
    assert tiny("merge", grades, sheet) == 2
    assert f"{sheet}: no row has points; did you fill in" in capsys.readouterr().err
    [row] = read_table(sheet)
    assert (row["student"], row["question"], row["answer"]) == ("ann", "essay", ESSAY)
    exported = sheet.read_text()
    sheet.write_text(exported.replace(f"{ESSAY},,", f"{ESSAY},3,too many"))
    assert tiny("merge", grades, sheet) == 2
    assert "allowed are 0 to 2" in capsys.readouterr().err
    sheet.write_text(exported.replace(f"{ESSAY},,", f"{ESSAY},1.5,Too short"))
    for told in ("1 mark merged, 1 of them", "1 mark merged, 0 of them"):
        assert tiny("merge", grades, sheet) == 0
        out = capsys.readouterr().out
        assert f"{told} new or changed; answers that await marks: 0" in out
    for again in ([], [*grade_arguments(tmp_path, "--seed", "5")]):
        assert not again or tiny(*again) == 0
        row = read_grades(tmp_path)["ann"]
        assert (row["essay"], row["total"], row["status"]) == ("1.5", "9.5", "ok")
        page = (tmp_path / "grades.feedback/ann/hw1.md").read_text()
        assert "Too short" in page
        assert "For Lee Ann (ann)." in page


def test_marks_go_to_canvas_moodle_and_the_gradebook(tiny, tmp_path, capsys, monkeypatch):
    def write_gradebook(graded, assignment, path, roster):
        assert [result.student for result in graded] == ["ann", "bob"]
        assert (assignment, str(path), roster[1].name) == (TINY, "gradebook.db", "Bo B")
        return ["kept"]

    monkeypatch.setattr(
        "coursework.grader.output.nbgrader_gradebook.write_gradebook", write_gradebook
    )
    grades, roster = tmp_path / "grades.csv", tmp_path / "roster.csv"
    assert tiny(*grade_arguments(tmp_path)) == 0
    for place in ("canvas", "moodle"):
        out = tmp_path / f"{place}.csv"
        assert tiny("export", grades, "--to", place, "--roster", roster, "--out", out,
                    "--title", "Homework", "--allow-awaiting") == 0  # fmt: skip
        assert out.read_text().count("\n") == {"canvas": 4, "moodle": 6}[place]
        assert out.read_text().splitlines()[0].endswith("Homework")
    assert tiny("export", grades, "--to", "moodle", "--roster", roster, "--out", out,
                "--allow-awaiting") == 0  # fmt: skip
    assert out.read_text().splitlines()[0] == "Email address,Doubling,Feedback: Doubling"
    options = ("--db", "gradebook.db", "--roster", roster, "--allow-awaiting")
    assert tiny("gradebook", grades, *options) == 0
    assert capsys.readouterr().err == "note: kept\n"


def test_files_of_the_teacher_are_not_written_over(tiny, tmp_path, capsys):
    grades, roster = tmp_path / "grades.csv", tmp_path / "roster.csv"
    assert tiny(*grade_arguments(tmp_path)) == 0
    before = {path: path.read_bytes() for path in (grades, roster)}
    export = ("export", grades, "--roster", roster, "--allow-awaiting", "--to")
    commands = [(*export, "canvas"), (*export, "moodle"), ("answers", grades)]
    for command in (*commands, grade_arguments(tmp_path)):
        for path in (grades, roster)[command[0] == "grade" :]:
            assert tiny(*command, "--out", path) == 2
            assert f"{path} is there already, and this command did" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before
    assert not (tmp_path / "roster.work").exists()


@pytest.mark.parametrize(
    ("folder", "has"), [("nest", "submissions"), ("submissions/ann", "hw1.ipynb"), ("e", "nothing")]
)
def test_where_nobody_is_found_nothing_is_written(tiny, tmp_path, capsys, folder, has):
    assert tiny(*grade_arguments(tmp_path)) == 0
    (tmp_path / "nest").mkdir()
    (tmp_path / "e").mkdir()
    command = grade_arguments(tmp_path)
    if folder == "nest":
        (tmp_path / "submissions").rename(tmp_path / "nest" / "submissions")
    command[1] = str(tmp_path / folder)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert tiny(*command) == 2
    assert f"no folder or file of anybody on the roster; it has {has}. " in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("command", ["answers", "merge", "export", "gradebook"])
def test_the_other_commands_need_marks(tmp_path, capsys, command):
    write_roster(tmp_path, ["ann"])
    options = {
        "answers": ["--out", tmp_path / "a.csv"],
        "merge": [tmp_path / "a.csv"],
        "export": ["--to", "canvas", "--roster", tmp_path / "roster.csv", "--out", "x.csv"],
        "gradebook": ["--db", tmp_path / "g.db"],
    }[command]
    assert cli.main([command, str(tmp_path / "grades.csv"), *map(str, options)]) == 2
    assert "nothing has been graded yet" in capsys.readouterr().err
    assert not (tmp_path / "grades.work").exists()
