"""A class of adversarial and broken submissions, and of honest ones that must not notice."""

import dataclasses
import json
import tempfile

import pytest

from coursework import adversarial
from coursework.adversarial import host_monitor
from coursework.adversarial.recipe import TARGET, total_range, write_notebook
from coursework.grader import classroom
from coursework.grader.inbox.find import find_submissions
from coursework.grader.inbox.roster import Student
from coursework.grader.model import AWAITING, OK, load_assignment
from coursework.grader.output import feedback
from coursework.grader.output.wording import explain
from coursework.grader.store import WorkFolder
from coursework.hw1 import checks
from tests.coursework.adversarial import short_homework
from tests.coursework.adversarial.short_homework import OTHER
from tests.coursework.sandboxed import require_sandbox

pytestmark = pytest.mark.slow

HONEST = {
    "honest-0": (OTHER, TARGET),
    "honest-half": (OTHER,),
    "honest-none": (),
    "王小明": (OTHER, TARGET),
    "Zoë 😀": (OTHER, TARGET),
    'O\'Brien, "Bob"; <b>': (OTHER, TARGET),
    "right-\u202eto-left": (OTHER, TARGET),
}


def hand_in(folder, listener):
    """Write all submissions; return the students."""
    kit = adversarial.make_kit(listener.tcp_port, listener.abstract_name)
    (folder / "wrong").mkdir(parents=True)
    write_notebook(adversarial.wrong_notebook(), folder / "wrong")
    for student, answered in HONEST.items():
        (folder / student).mkdir()
        write_notebook(adversarial.with_questions(answered), folder / student)
    for submission in adversarial.CATALOG:
        (folder / submission.name).mkdir()
        submission.write(kit, folder / submission.name)
    names = ["wrong", *HONEST, *(submission.name for submission in adversarial.CATALOG)]
    return [Student(name) for name in names]


def state_of(*folders):
    """Return what would change if somebody wrote into these folders."""
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def orphans():
    """Adopt what the graded processes leave behind, and nothing more of the tests to come."""
    host_monitor.adopt_orphans()
    yield
    host_monitor.adopt_orphans(False)


@pytest.fixture(scope="module")
def graded(tmp_path_factory, orphans):
    """Grade the class once; return everything that the tests look at."""
    require_sandbox()
    import numpy as np

    folder = tmp_path_factory.mktemp("class")
    temporary = tmp_path_factory.mktemp("temporary")
    watched = (checks.__file__, np.__file__)
    watched = [type(folder)(path).parent for path in watched]
    before = state_of(*watched)
    files = set(host_monitor.left_files())  # of another run on this machine
    with pytest.MonkeyPatch.context() as patch, host_monitor.Listener() as listener:
        patch.setenv(host_monitor.CANARY, "a secret of the teacher")
        patch.setenv("TMPDIR", str(temporary))
        patch.setattr(tempfile, "tempdir", str(temporary))
        patch.setattr(checks, "make_assignment", short_homework.make_assignment)
        students = hand_in(folder / "submissions", listener)
        submissions, strangers = find_submissions(folder / "submissions", students, "hw1")
        settings = classroom.Settings(load_assignment("hw1"), seed=7)
        work = WorkFolder(folder / "grades.csv")
        with work.lock():
            pool = short_homework.Processes(2, settings.timeout)
            marked = classroom.grade_class(submissions, settings, work, pool)
            results = {result.student: result for result, _ in marked}
        changed = {path for path, _ in before.items() ^ state_of(*watched).items()}
        yield {
            "results": results,
            "assignment": settings.assignment,
            "strangers": strangers,
            "visits": listener.visits,
            "processes": host_monitor.left_processes(),
            "files": {*host_monitor.left_files(), *map(str, temporary.iterdir())} - files,
            "changed": changed,
        }


def worth(graded):
    """Return the points of each question."""
    return {question.name: question.out_of for question in graded["assignment"].questions}


@pytest.mark.parametrize("submission", adversarial.CATALOG, ids=lambda submission: submission.name)
def test_each_gets_what_it_deserves(graded, submission):
    result = graded["results"][submission.name]
    wrong = next(q.points for q in graded["results"]["wrong"].questions if q.name == TARGET)
    low, high = total_range(submission, worth(graded), wrong)
    assert low <= result.total <= high, f"{submission.why} {explain(result)}"
    assert result.status in submission.statuses, f"{submission.why} {explain(result)}"


@pytest.mark.parametrize("submission", adversarial.CATALOG, ids=lambda submission: submission.name)
def test_no_mark_is_lost_without_a_reason(graded, submission):
    result = graded["results"][submission.name]
    if result.total < result.out_of or result.status != OK:
        assert explain(result)
    for question in result.questions:
        if question.points < question.out_of and question.status != AWAITING:
            assert question.reasons


@pytest.mark.parametrize("student", HONEST)
def test_honest_students_are_unharmed(graded, student):
    points = worth(graded)
    result = graded["results"][student]
    assert result.total == sum(points[name] for name in HONEST[student]), explain(result)
    assert result.status == OK


def test_a_wrong_answer_gets_little(graded):
    result = graded["results"]["wrong"]
    assert result.total <= worth(graded)[OTHER] + 0.1 * worth(graded)[TARGET]


def test_every_student_has_a_result(graded):
    assert graded["results"].keys() == {"wrong", *HONEST, *(s.name for s in adversarial.CATALOG)}
    assert not graded["strangers"]


def test_nobody_got_out(graded):
    assert graded["visits"] == 0
    assert not graded["changed"]


def test_nothing_remains(graded):
    assert not graded["processes"]
    assert not graded["files"]


def test_all_have_feedback_that_no_browser_runs(graded):
    for result in graded["results"].values():
        arguments = result, graded["assignment"], "https://example.org/book/"
        page = feedback.make_feedback("html", *arguments)
        assert "<script>alert" not in page
        assert 'href="javascript' not in page
        assert feedback.make_feedback("md", *arguments)


def test_reasons_are_short_and_whole_lines(graded):
    for result in graded["results"].values():
        assert "\n" not in explain(result)
        assert len(json.dumps(dataclasses.asdict(result))) < 200_000, result.student
