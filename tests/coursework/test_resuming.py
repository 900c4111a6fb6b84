"""A grader that is killed at any moment goes on where it was."""

import random
import time

import psutil
import pytest

from coursework.grader.output.grades_csv import NOT_YET
from tests.coursework.classes import (
    grade_command,
    kill_all,
    kill_tree,
    make_class,
    read_grades,
    start,
)

pytestmark = pytest.mark.slow

KILLS = 3


def records(folder):
    """Return the time at which each student was finished."""
    paths = (folder / "grades.work" / "students").glob("*.json")
    return {path.stem: path.stat().st_mtime_ns for path in paths}


def wait_for(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def wait_for_more(folder, finished):
    wait_for(lambda: len(records(folder)) > len(finished))


def test_a_killed_grader_repeats_only_what_was_not_finished(tmp_path):
    totals = make_class(tmp_path, 6)
    command = grade_command(tmp_path, "--jobs", "2")
    settings = tmp_path / "grades.work" / "settings.json"
    finished, seeds = {}, set()
    for kill in range(KILLS):
        grader = start(command)
        wait_for(settings.exists)
        if kill:
            wait_for_more(tmp_path, finished)
        time.sleep(random.uniform(0, 0.5))
        kill_tree(grader)
        rows = read_grades(tmp_path)
        assert list(rows) == list(totals)
        for student, row in rows.items():
            assert row["status"] == NOT_YET or float(row["total"]) == totals[student]
        seeds |= {row["seed"] for row in rows.values() if row["seed"]}
        now = records(tmp_path)
        assert finished.items() <= now.items()  # nothing that was finished was done again
        finished = now
    assert finished
    grader = start(command)
    out, err = grader.communicate(timeout=600)
    assert (grader.returncode, err) == (0, ""), out
    assert f"{len(totals) - len(finished)} notebooks marked now" in out
    assert finished.items() <= records(tmp_path).items()
    rows = read_grades(tmp_path)
    assert {student: float(row["total"]) for student, row in rows.items()} == totals
    seeds |= {row["seed"] for row in rows.values()}
    assert len(seeds) == 1  # drawn once, and kept
    assert not [path.name for path in tmp_path.rglob(".*") if path.is_file()]


def test_a_second_grader_is_refused_and_a_dead_one_holds_nobody_up(tmp_path):
    make_class(tmp_path, 1)
    grader = start(grade_command(tmp_path, "--jobs", "1"))
    wait_for((tmp_path / "grades.work" / "settings.json").exists)
    second = start(grade_command(tmp_path))
    out, err = second.communicate(timeout=600)
    assert second.returncode == 2
    assert f"another grader (process {grader.pid}) is at work" in err
    assert "Traceback" not in out + err
    orphans = psutil.Process(grader.pid).children(recursive=True)
    grader.kill()  # alone: the processes that mark live a little longer
    grader.communicate()
    third = start(grade_command(tmp_path))
    try:
        third.communicate(timeout=600)
    finally:
        kill_all(orphans)
    assert third.returncode == 0
