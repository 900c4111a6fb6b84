"""What the grader remembers between two runs."""

import json
import os
from pathlib import Path

import pytest

from coursework.grader.model import GraderError
from coursework.grader.store import WorkFolder


def test_two_graders_do_not_share_a_folder(tmp_path):
    work, other = WorkFolder(tmp_path / "grades.csv"), WorkFolder(tmp_path / "grades.csv")
    with work.lock():
        message = f"another grader .process {os.getpid()}. is at work on .*grades.csv"
        with pytest.raises(GraderError, match=message), other.lock():
            pass
    with other.lock():
        pass


def test_a_record_is_on_the_disk_before_it_is_renamed(tmp_path, monkeypatch):
    work, done = WorkFolder(tmp_path / "grades.csv"), []
    monkeypatch.setattr("os.fsync", lambda _: done.append("fsync"))
    monkeypatch.setattr("os.replace", lambda aside, path: done.append(str(aside)))
    work.write_settings({"seed": 1})
    first, aside = done
    assert first == "fsync"
    assert json.loads(Path(aside).read_text()) == {"seed": 1}
    with work.lock():
        assert not Path(aside).exists()  # what a killed grader was writing is removed
