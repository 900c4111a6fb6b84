"""Marking a notebook and a class: nobody is lost, and nothing is done twice."""

import os

import pytest

from coursework.grader import classroom, model
from coursework.grader.classroom import Settings, grade_class
from coursework.grader.inbox.find import find_submissions
from coursework.grader.inbox.roster import Student, parse_due
from coursework.grader.marking import grade
from coursework.grader.model import Cause, Reason, load_assignment
from coursework.grader.output.wording import explain
from coursework.grader.store import WorkFolder
from tests.coursework.tiny import TINY, Here, mark_tiny, write_tiny

# A class


CLASS = (Student("ann"), Student("bob"))


@pytest.fixture
def mark(tmp_path, monkeypatch):
    """Return a function that marks a class of two by a tiny assignment, without a sandbox."""
    monkeypatch.setattr(grade, "load_assignment", lambda name, parameters: TINY)
    monkeypatch.setattr(grade, "mark_cells", mark_tiny)
    work = WorkFolder(tmp_path / "grades.csv")
    write_tiny(tmp_path / "ann", "double = 2")

    def mark_class(students=CLASS, **changes):
        settings = Settings(TINY, **({"seed": 1, "sandbox": False} | changes))
        submissions, _ = find_submissions(tmp_path, students, "hw1")
        pool = Here()
        with work.lock():
            work.write_settings(
                {"students": [{"student": one.student, "name": one.name} for one in students]}
            )
            graded = {r.student: r for r, _ in grade_class(submissions, settings, work, pool)}
        return graded, pool.begun

    return mark_class


def test_what_is_marked_is_not_marked_again(mark, tmp_path):
    first, begun = mark()
    assert begun == ["ann"]
    assert first["ann"].points == 8
    assert (first["bob"].status, explain(first["bob"])) == (model.MISSING, "nothing was handed in")
    again, begun = mark()
    assert begun == []
    assert again == first


@pytest.mark.parametrize("change", [{"seed": 2}, {"sandbox": True}, {"released": ("x",)}])
def test_with_other_settings_all_are_marked_again(mark, monkeypatch, change):
    mark()
    assert mark(**change)[1] == ["ann"]
    assert mark(**change)[1] == []


def test_with_other_checks_all_are_marked_again(mark, monkeypatch):
    mark()
    monkeypatch.setattr(classroom, "source_version", lambda name: "new")
    monkeypatch.setattr(grade, "source_version", lambda name: "new")
    assert mark()[1] == ["ann"]


def test_another_file_is_marked_again(mark, tmp_path):
    mark()
    write_tiny(tmp_path / "ann", "double = 3")
    again, begun = mark()
    assert begun == ["ann"]
    assert again["ann"].points == 0
    assert mark() == (again, [])  # although its reason is no text that UTF-8 can hold


def test_what_failed_or_is_damaged_is_marked_again(mark, tmp_path):
    write_tiny(tmp_path / "ann", "die")
    assert mark()[0]["ann"].status == model.FAILED
    assert mark()[1] == ["ann"]
    write_tiny(tmp_path / "ann", "double = 2")
    mark()
    kept = tmp_path / "grades.work" / "students" / "ann.json"
    kept.write_text(kept.read_text()[:-20])
    assert mark()[1] == ["ann"]


def test_a_deadline_changes_the_penalty_and_marks_nothing_again(mark, tmp_path):
    write_tiny(tmp_path / "ann", "double = 2", hours=30)
    first, _ = mark()
    assert (first["ann"].late_hours, first["ann"].penalty) == (0, 0)
    due = parse_due("2025-11-30T13:00+01:00")
    late, begun = mark(due=due, penalty=10)
    assert begun == []
    assert (late["ann"].late_hours, late["ann"].penalty, late["ann"].total) == (30, 2, 6)
    assert late["bob"].penalty == 0
    own = parse_due("2025-12-02T12:00+00:00")
    spared, begun = mark((Student("ann", due=own),), due=due, penalty=10)
    assert begun == []
    assert (spared["ann"].late_hours, spared["ann"].total) == (0, 8)


def test_a_penalty_is_in_the_reason_also_where_it_takes_all(mark, tmp_path):
    write_tiny(tmp_path / "ann", "double = 2", hours=300)
    due = parse_due("2025-11-30T13:00+01:00")
    late = mark(due=due, penalty=10)[0]["ann"]
    assert late.total == 0
    assert explain(late).startswith("late by 300 hours: 10 of 10 points are taken off")
    assert late.note == ""


def test_where_nothing_is_answered_all_other_files_are_named(mark, tmp_path):
    write_tiny(tmp_path / "ann", "stub", words="", hours=2)
    alone = mark()[0]["ann"]
    assert (alone.attention, alone.note) == (True, "no question is answered in ann/hw1.ipynb")
    write_tiny(tmp_path / "ann", "double = 2", name="solution.ipynb")
    write_tiny(tmp_path / "ann/.ipynb_checkpoints", "double = 2", name="hw1-checkpoint.ipynb")
    (tmp_path / "ann" / "answers.py").touch()
    found, begun = mark()
    assert begun == []
    assert found["ann"].attention
    assert found["ann"].note == (
        "no question is answered in ann/hw1.ipynb; also there, and not marked: answers.py, "
        ".ipynb_checkpoints/hw1-checkpoint.ipynb; not marked: solution.ipynb"
    )
    assert explain(found["ann"]).startswith(found["ann"].note)
    write_tiny(tmp_path / "ann", "double = 2", words="", hours=2)
    answered = mark()[0]["ann"]
    assert (answered.attention, answered.note) == (False, "not marked: solution.ipynb")


def test_a_copy_of_colab_that_is_newer_is_marked(mark, tmp_path):
    write_tiny(tmp_path / "ann", "stub", words="")
    write_tiny(tmp_path / "ann", "double = 2", hours=1, name="Copy of hw1.ipynb")
    found = mark()[0]["ann"]
    assert (found.points, found.file) == (8, "ann/Copy of hw1.ipynb")
    assert "others: hw1.ipynb" in explain(found)


def test_a_file_that_cannot_be_read_does_not_hide_the_others(mark, tmp_path):
    write_tiny(tmp_path / "ann", "double = 2", name="hw1 (1).ipynb")
    (tmp_path / "ann/hw1.ipynb").unlink()
    (tmp_path / "ann/hw1.ipynb").symlink_to("/etc/passwd")
    os.utime(tmp_path / "ann/hw1.ipynb", (1.8e9, 1.8e9), follow_symlinks=False)
    found = mark()[0]["ann"]
    assert found.status == model.UNREADABLE
    assert "a link that leaves the student's folder" in explain(found)
    assert "others: hw1 (1).ipynb" in explain(found)


def test_a_time_in_doubt_asks_for_a_look(mark, tmp_path):
    write_tiny(tmp_path / "ann", "double = 2", hours=-400_000)
    found = mark()[0]["ann"]
    assert found.attention
    assert "is too long ago to be true" in explain(found)


def test_marks_by_hand_stay_as_long_as_the_answer_does(mark, tmp_path):
    first, _ = mark()
    assert first["ann"].status == model.AWAITING
    work = WorkFolder(tmp_path / "grades.csv")
    work.add_manual(first, {"ann": {"essay": (1.5, "short")}, "bob": {}})
    marked = work.read_results()["ann"]
    assert (marked.total, marked.status, explain(marked)) == (9.5, model.OK, "essay: short")
    write_tiny(tmp_path / "ann", "double = 3")
    again, begun = mark()
    assert begun == ["ann"]
    assert (again["ann"].total, again["ann"].status) == (1.5, model.OK)
    assert again["ann"].questions[1].comment == "short"
    write_tiny(tmp_path / "ann", "double = 3", words="I changed my mind.")
    changed, _ = mark()
    assert (changed["ann"].total, changed["ann"].status) == (0, model.AWAITING)


def test_a_class_goes_on_after_a_notebook_that_loses_its_process(mark, tmp_path, monkeypatch):
    class Losing(Here):
        def run(self, function, tasks):
            yield "ann", Reason(Cause.TASK_LOST, ("gone for good",))

    monkeypatch.setitem(globals(), "Here", Losing)
    graded, _ = mark()
    assert (graded["ann"].status, explain(graded["ann"])) == (model.FAILED, "gone for good")
    assert (graded["ann"].out_of, graded["bob"].status) == (10, model.MISSING)
    monkeypatch.undo()
    monkeypatch.setattr(grade, "load_assignment", lambda name, parameters: TINY)
    monkeypatch.setattr(grade, "mark_cells", mark_tiny)
    again, begun = mark()
    assert begun == ["ann"]
    assert again["ann"].status == model.AWAITING


def test_what_a_killed_grader_was_writing_is_removed(mark, tmp_path):
    mark()
    begun = [".grades.csv-x1y2", "grades.work/.manual.json-x1y2", "grades.work/students/.a-x1"]
    for name in begun:
        (tmp_path / name).touch()
    mark()
    assert not [name for name in begun if (tmp_path / name).exists()]


def test_the_real_assignment_has_a_time_limit():
    assert Settings(load_assignment("hw1"), 1).timeout > 100
