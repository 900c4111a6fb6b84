"""The roster, finding what was handed in, and reading notebooks."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dateutil.tz import gettz
from nbgrader.exchange.abc import Exchange

from coursework.grader import model
from coursework.grader.inbox import find
from coursework.grader.inbox.find import (
    FILE,
    MAX_FILES,
    NBGRADER,
    find_submissions,
    read_submission,
)
from coursework.grader.inbox.roster import Student, parse_timezone
from coursework.grader.inbox.timestamp import parse_timestamp
from coursework.grader.marking.notebook import MAX_BYTES, UnreadableError
from coursework.grader.model import GraderError
from coursework.grader.output.wording import say

NOON = datetime(2025, 11, 30, 12, tzinfo=UTC)


NOTEBOOK = b'{"cells": [], "nbformat": 4}'


def put(path, data=NOTEBOOK, hours=0):
    """Write a file that was changed last some hours after noon."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    when = (NOON + timedelta(hours=hours)).timestamp()
    os.utime(path, (when, when))
    return path


def find_one(root, student="ann", times=FILE, timezone=None, **columns):
    """Return what one student handed in."""
    students = [Student(student, **columns)]
    [found], _ = find_submissions(root, students, "hw1", times=times, timezone=timezone)
    return found


def refusal(found):
    """Return the status of a submission without a notebook, and the reason in words."""
    assert found.path is None
    return found.reason.cause.status, say(found.reason)


# Finding


@pytest.mark.parametrize(
    ("place", "columns"),
    [
        ("ann/hw1.ipynb", {}),
        ("ann/hw1/hw1.ipynb", {}),
        ("ann/attempt-2/deep/HW1 (1).IPYNB", {}),
        ("ann/hw1-2.ipynb", {}),
        ("ann/hw1.ipynb.ipynb", {}),
        ("ann/hw1.ipynb.txt", {}),
        ("ann_hw1.ipynb", {}),
        ("ann /hw1.ipynb", {}),
        ("ann_4711_hw1.ipynb", {}),
        ("leeann_77_901_hw1-1.ipynb", {"folder": "leeann"}),
        ("leeann_LATE_77_901_hw1.ipynb", {"folder": "leeann"}),
        ("leeann_LATE_77_901_hw1.ipynb", {"folder": "leeann_77"}),
        ("Ann Lee_12345_assignsubmission_file_/hw1.ipynb", {"folder": "Ann Lee"}),
        ("Ann Lee_12345_assignsubmission_file_/hw1.ipynb", {"folder": "Ann Lee_12345"}),
        ("hw2_LATE_77_901_hw1.ipynb", {"folder": "hw2_77"}),
        ("Zoe\u0308/hw1.ipynb", {"folder": "Zo\u00eb"}),
    ],
)
def test_a_notebook_is_found_where_websites_put_it(tmp_path, place, columns):
    put(tmp_path / place)
    found = find_one(tmp_path, **columns)
    assert (found.file, found.reason, found.note) == (place, None, "")
    assert read_submission(found) == NOTEBOOK


def test_the_longer_name_owns_a_folder_and_strangers_are_told(tmp_path):
    for name in ("ann_b_1/hw1.ipynb", "ann/hw1.ipynb", "anna/hw1.ipynb", "x_hw1.ipynb", "y.py"):
        put(tmp_path / name)
    put(tmp_path / "__MACOSX" / "ann" / "hw1.ipynb")
    put(tmp_path / ".git" / "hw1.ipynb")
    students = [Student("ann"), Student("ann_b"), Student("eve")]
    found, strangers = find_submissions(tmp_path, students, "hw1")
    assert [one.file for one in found] == ["ann/hw1.ipynb", "ann_b_1/hw1.ipynb", ""]
    assert refusal(found[2]) == (model.MISSING, "nothing was handed in")
    assert strangers == ["anna", "x_hw1.ipynb", "y.py"]


def test_a_name_is_one_line_and_not_too_long(tmp_path):
    forged = "x\nmarks: all of them"
    put(tmp_path / forged / "hw1.ipynb")
    put(tmp_path / "ann" / forged / "/".join(["\u202e" * 80] * 8) / "hw1.ipynb")
    [ann], [stranger] = find_submissions(tmp_path, [Student("ann")], "hw1")
    assert stranger == "x marks: all of them"
    assert ann.file.startswith("ann/x marks: all of them/[U+202E]")
    assert len(ann.file) < 400
    assert read_submission(ann) == NOTEBOOK


def test_the_latest_counts_and_the_others_are_named(tmp_path):
    put(tmp_path / "ann/hw1.ipynb", hours=3)
    put(tmp_path / "ann/attempt-2/hw1 (1).ipynb", hours=5)
    put(tmp_path / "ann_hw1-3.ipynb", hours=4)
    put(tmp_path / "ann/scratch.ipynb", hours=9)
    put(tmp_path / "ann/.ipynb_checkpoints/hw1-checkpoint.ipynb", hours=9)
    found = find_one(tmp_path)
    assert found.file == "ann/attempt-2/hw1 (1).ipynb"
    assert found.submitted == NOON + timedelta(hours=5)
    assert "3 notebooks, the latest counts; others: hw1.ipynb, ann_hw1-3.ipynb" in found.note


@pytest.mark.parametrize("hours", [0, 1.9 / 3600])
def test_of_two_with_the_same_date_the_longest_name_counts(tmp_path, hours):
    put(tmp_path / "ann/a/hw1.ipynb")
    put(tmp_path / "ann/b/hw1.ipynb")
    assert find_one(tmp_path).file == "ann/b/hw1.ipynb"
    put(tmp_path / "bob/hw1.ipynb", hours=hours)
    for name in ("hw1 (1).ipynb", "hw1 (9).ipynb", "hw1 (10).ipynb"):
        put(tmp_path / "bob" / name)
        found = find_one(tmp_path, "bob")
        assert (found.file, found.doubtful) == (f"bob/{name}", True)
    assert "hw1.ipynb have the same date, so the longest name counts" in found.note
    put(tmp_path / "bob/hw1-new.ipynb", hours=hours + 2 / 3600)
    found = find_one(tmp_path, "bob")
    assert (found.file, found.doubtful) == ("bob/hw1-new.ipynb", False)


def test_nbgraders_timestamp_counts_where_nbgrader_writes_it(tmp_path):
    put(tmp_path / "ann/hw1/hw1.ipynb", hours=-5)
    put(tmp_path / "ann/hw1/timestamp.txt", b"2025-11-30 21:04:05.500000 UTC\n")
    found = find_one(tmp_path, times=NBGRADER)
    assert found.submitted == datetime(2025, 11, 30, 21, 4, 5, 500000, UTC)
    assert (found.note, found.doubtful, found.stamped) == ("", False, False)
    put(tmp_path / "bob/timestamp.txt", b"2020-01-01 00:00:00 UTC")
    put(tmp_path / "bob/hw1.ipynb")
    found = find_one(tmp_path, "bob", times=NBGRADER)
    assert found.submitted == NOON
    assert "no timestamp.txt of nbgrader's, so the date of the file counts" in found.note
    put(tmp_path / "eve/hw1/timestamp.txt", b"2025-11-30 11:56:00 UTC")
    put(tmp_path / "eve/hw1/hw1.ipynb")
    assert find_one(tmp_path, "eve", times=NBGRADER).note == ""  # changed 4 minutes later
    put(tmp_path / "eve/hw1.ipynb", hours=1)
    assert "no timestamp.txt of nbgrader's" in find_one(tmp_path, "eve", times=NBGRADER).note


def test_a_timestamp_that_the_student_may_have_written_does_not_count(tmp_path):
    put(tmp_path / "ann/hw1/hw1.ipynb", hours=5)
    put(tmp_path / "ann/hw1/timestamp.txt", b"2025-11-30 01:00:00 UTC")
    found = find_one(tmp_path)
    assert (found.submitted, found.note) == (NOON + timedelta(hours=5), "")
    assert found.stamped


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2025-12-02 22:04:05.123456 UTC", 22),
        ("2025-12-02 22:04:05.123456 CET", 21),
        ("2025-12-02 22:04:05 EET", 20),
        ("2025-12-02 12:04:05.1 EST", 17),
        ("2025-12-02 22:04:05 IST", 16.5),
        ("2025-12-02 22:04:05.123456 +03", 19),
        ("2025-12-02 12:04:05.123456 -0330", 15.5),
        ("2025-12-02T22:04:05+01:00", 21),
        ("2025-12-02 22:04:05Z", 22),
        ("2025-12-02 22:04", 22),
    ],
)
def test_a_timestamp_is_read_in_any_zone(tmp_path, text, hour):
    put(tmp_path / "ann/hw1/hw1.ipynb")
    put(tmp_path / "ann/hw1/timestamp.txt", f"{text}\n".encode())
    found = find_one(tmp_path, times=NBGRADER, timezone=parse_timezone("Asia/Kolkata"))
    assert found.note == ""
    gone = found.submitted - datetime(2025, 12, 2, 0, 4, tzinfo=UTC)
    assert gone.total_seconds() // 60 == hour * 60


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata",
                                  "America/Sao_Paulo", "Australia/Lord_Howe", "UTC"])  # fmt: skip
@pytest.mark.parametrize("month", [1, 7])
def test_what_nbgrader_writes_in_a_zone_is_read(name, month):
    zone = gettz(name)
    when = datetime(2025, month, 2, 12, 30, 1, 5, tzinfo=zone)
    text = when.strftime(Exchange.timestamp_format.default_value)
    assert parse_timestamp(text, parse_timezone(name)) == when


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2026-11-01 01:30:00 PDT", "America/Los_Angeles", "2026-11-01T08:30"),
        ("2026-11-01 01:30:00 PST", "America/Los_Angeles", "2026-11-01T09:30"),  # not Manila's
        ("2026-11-01 01:30:00 CST", "America/Chicago", "2026-11-01T07:30"),
        ("2026-04-05 02:30:00 NZST", "Pacific/Auckland", "2026-04-04T14:30"),
        ("2026-04-05 02:30:00 NZST", None, "2026-04-04T14:30"),
    ],
)
def test_the_hour_that_comes_twice_is_told_by_the_name_of_its_zone(text, zone, utc):
    found = parse_timestamp(text, zone and parse_timezone(zone))
    assert found == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_a_name_that_two_zones_have_in_the_hour_that_comes_twice_is_not_guessed():
    with pytest.raises(ValueError, match="of which there are several"):
        parse_timestamp("2026-11-01 01:30:00 PST")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"long ago", "'long ago' is not a time such as"),
        (b"", "'' is not a time such as"),
        (b"\xff\xfe\x00", "is not a time such as"),
        (b"2025-13-45 22:04:05 UTC", "month must be in 1..12"),
        (b"0001-01-01T00:00:00+23:59", "is beyond all calendars"),
        (b"9999-12-31 23:59:59 -23", "is beyond all calendars"),
        (b"2025-12-02 22:04:05 XYZ", "a time zone that is not known"),
        (b"2025-12-02 22:04:05 CST", "several: give that of the course, such as --timezone"),
        (b"x" * 2000, "xxx' is not a time such as"),
    ],
)
def test_a_timestamp_that_cannot_be_read_is_told(tmp_path, text, words):
    put(tmp_path / "ann/hw1/hw1.ipynb", hours=3)
    put(tmp_path / "ann/hw1/timestamp.txt", text)
    found = find_one(tmp_path, times=NBGRADER)
    assert words in found.note
    assert "so the date of the file counts" in found.note
    assert found.doubtful
    assert found.submitted == NOON + timedelta(hours=3)


@pytest.mark.parametrize("part", ["1", " ", "1 "])
def test_a_timestamp_is_read_in_a_time_that_grows_with_the_text(part):
    def seconds(count):
        began = time.process_time()
        with pytest.raises(ValueError, match="is not a time such as"):
            parse_timestamp(f"2025-12-02 22:04:05.1{part * count} a b")
        return time.process_time() - began

    assert seconds(20_000) < 40 * max(seconds(2_000), 0.01)


def test_a_timestamp_that_is_a_folder_a_pipe_or_a_link_is_told(tmp_path):
    secret = put(tmp_path / "secret.txt", b"2025-11-30 01:00:00 UTC")
    root = tmp_path / "all"
    for student in ("ann", "bob", "eve"):
        put(root / student / "hw1" / "hw1.ipynb")
    (root / "ann/hw1/timestamp.txt").mkdir()
    os.mkfifo(root / "bob/hw1/timestamp.txt")
    (root / "eve/hw1/timestamp.txt").symlink_to(secret)
    for student, problem in (
        ("ann", "cannot be read: Is a directory"),
        ("bob", "is not a regular file"),
        ("eve", "is a link that leaves the student's folder"),
    ):
        found = find_one(root, student, times=NBGRADER)
        assert found.note == f"timestamp.txt {problem}, so the date of the file counts"
        assert found.submitted == NOON


def test_a_time_that_cannot_be_true_is_told(tmp_path):
    for student, year in (("ann", 1980), ("bob", 2025), ("eve", datetime.now(UTC).year + 2)):
        path = put(tmp_path / student / "hw1" / "hw1.ipynb")
        when = datetime(year, 1, 1, 12, tzinfo=UTC).timestamp()
        os.utime(path, (when, when))
    found = {name: find_one(tmp_path, name) for name in ("ann", "bob", "eve")}
    assert "1980-01-01 12:00:00+00:00, is too long ago to be true" in found["ann"].note
    assert (found["bob"].note, found["bob"].doubtful) == ("", False)
    assert "01-01 12:00:00+00:00, is in the future" in found["eve"].note
    assert found["ann"].doubtful
    assert found["eve"].doubtful
    put(tmp_path / "bob/hw1/timestamp.txt", b"2024-12-31 12:00:00 UTC")
    assert (
        "the file was changed at 2025-01-01 12:00:00+00:00, later than it was handed in by "
        "timestamp.txt, 2024-12-31 12:00:00+00:00"
    ) in find_one(tmp_path, "bob", times=NBGRADER).note


def test_a_time_beyond_all_calendars_is_not_in_time(tmp_path, monkeypatch):
    put(tmp_path / "ann/hw1.ipynb")
    # As for a file changed in the year 11476, which not every file system can hold.
    monkeypatch.setattr(
        Path, "lstat", lambda path: os.stat_result((*os.lstat(path)[:7], 0, 3e11, 0))
    )
    found = find_one(tmp_path)
    assert datetime.now(UTC) - found.submitted < timedelta(minutes=1)
    assert found.note == "when hw1.ipynb was changed cannot be told, so it counts as handed in now"


def test_a_notebook_of_another_name_is_taken_only_where_it_is_alone(tmp_path):
    put(tmp_path / "ann/solution.ipynb")
    put(tmp_path / "ann/notes.txt", b"")
    found = find_one(tmp_path)
    assert (found.file, found.note) == ("ann/solution.ipynb", "the file is not called hw1.ipynb")
    put(tmp_path / "ann/other.ipynb")
    found = find_one(tmp_path)
    assert refusal(found) == (
        model.UNREADABLE,
        "none of the notebooks is called hw1.ipynb: other.ipynb, solution.ipynb",
    )


@pytest.mark.parametrize(
    "name",
    [
        "Copy of hw1.ipynb",
        "hw1 (1).ipynb",
        "hw1-Copy1.ipynb",
        "hw1_final.ipynb",
        "Kopie von hw1.ipynb",
        "lee_ann_HW1.ipynb",
        "My work/hw1.ipynb",
        "hw1 – résumé.ipynb",
        "hw1 – re\u0301sume\u0301.ipynb",
        f"hw1 {'x' * 180}.ipynb",
    ],
)
def test_of_two_names_of_an_assignment_the_later_counts_and_the_other_is_named(tmp_path, name):
    put(tmp_path / "ann/hw1.ipynb")
    put(tmp_path / "ann" / name, hours=1)
    found = find_one(tmp_path)
    assert found.file == f"ann/{name}"
    assert found.note == "2 notebooks, the latest counts; others: hw1.ipynb"
    put(tmp_path / "ann/hw1.ipynb", hours=2)
    found = find_one(tmp_path)
    assert found.file == "ann/hw1.ipynb"
    assert f"others: {name[:40]}" in found.note
    assert found.if_unanswered == "no question is answered in ann/hw1.ipynb"


@pytest.mark.parametrize(
    "name",
    ["Untitled.ipynb", "homework.ipynb", "old/solution.ipynb", "hw1b.ipynb", "my hw10.ipynb"],
)
def test_a_notebook_of_another_name_beside_the_right_one_is_named(tmp_path, name):
    put(tmp_path / "ann/hw1.ipynb")
    put(tmp_path / "ann" / name, hours=1)
    found = find_one(tmp_path)
    assert (found.file, found.note) == ("ann/hw1.ipynb", f"not marked: {name}")
    assert found.if_unanswered == "no question is answered in ann/hw1.ipynb"


def test_all_other_files_are_known_for_a_notebook_without_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(find, "assignment_names", lambda: ["hw1", "hw2"])
    for name in (
        "hw1.ipynb",
        ".ipynb_checkpoints/hw1-checkpoint.ipynb",
        ".old.ipynb",
        "hw2/hw1.ipynb",
        "hw1.py",
        "work.zip",
        "hw1/timestamp.txt",
        "__MACOSX/._hw1.ipynb",
        "._hw1.ipynb",
        ".DS_Store",
    ):
        put(tmp_path / "ann" / name)
    found = find_one(tmp_path)
    assert (found.file, found.note) == ("ann/hw1.ipynb", "")
    told = "no question is answered in ann/hw1.ipynb; also there, and not marked: "
    assert sorted(found.if_unanswered.removeprefix(told).split(", ")) == [
        ".ipynb_checkpoints/hw1-checkpoint.ipynb",
        ".old.ipynb",
        "hw1.py",
        "hw2/hw1.ipynb",
        "work.zip",
    ]


def test_hidden_files_do_not_crowd_out_the_others(tmp_path):
    for number in range(MAX_FILES):
        put(tmp_path / f"ann/zoo/.git/{number}")
    put(tmp_path / "ann/ape/hw1.ipynb")
    found = find_one(tmp_path)
    assert (found.file, found.note) == ("ann/ape/hw1.ipynb", "")


def test_another_assignments_notebook_is_not_taken_for_this_one(tmp_path, monkeypatch):
    monkeypatch.setattr(find, "assignment_names", lambda: ["hw1", "hw2"])
    put(tmp_path / "ann/hw2/hw2.ipynb")
    found = find_one(tmp_path)
    assert refusal(found) == (model.UNREADABLE, "no notebook hw1.ipynb, only: hw2/hw2.ipynb")


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("ann/hw1.py", model.UNREADABLE, "no notebook hw1.ipynb, only: hw1.py"),
        (
            "ann_hw1.zip",
            model.UNREADABLE,
            "no notebook hw1.ipynb, only: ann_hw1.zip; archives are not opened: unpack it and "
            "mark again",
        ),
        (
            "ann/.hidden/hw1.ipynb",
            model.UNREADABLE,
            "no notebook hw1.ipynb, only hidden files or checkpoints of Jupyter, which are not "
            "marked: .hidden/hw1.ipynb",
        ),
        (
            "ann/.ipynb_checkpoints/hw1-checkpoint.ipynb",
            model.UNREADABLE,
            "no notebook hw1.ipynb, only hidden files or checkpoints of Jupyter, which are not "
            "marked: .ipynb_checkpoints/hw1-checkpoint.ipynb",
        ),
        ("ann/__MACOSX/._hw1.ipynb", model.MISSING, "the folder holds no files"),
        (
            "ann/.hw1.ipynb.icloud",
            model.MISSING,
            "the folder holds only hidden files: .hw1.ipynb.icloud",
        ),
    ],
)
def test_what_is_no_notebook_is_named(tmp_path, name, status, reason):
    put(tmp_path / name)
    assert refusal(find_one(tmp_path)) == (status, reason)


def test_links_that_leave_the_folder_are_not_followed(tmp_path):
    secret = put(tmp_path / "teacher" / "hw1.ipynb")
    root = tmp_path / "all"
    for student in ("ann", "bob", "eve"):
        (root / student).mkdir(parents=True)
    (root / "ann" / "hw1.ipynb").symlink_to(secret)
    (root / "bob" / "hw1").symlink_to(secret.parent)
    put(root / "eve" / "real" / "hw1-1.ipynb")
    (root / "eve" / "hw1.ipynb").symlink_to("real/hw1-1.ipynb")
    (root / "joe").symlink_to(secret.parent)
    (root / "kim_hw1.ipynb").symlink_to(secret)
    (root / "lea").mkdir()
    (root / "lea" / "hw1.ipynb").symlink_to("../eve/real/hw1-1.ipynb")
    for student in ("ann", "lea"):
        with pytest.raises(UnreadableError, match="a link that leaves the student's folder"):
            read_submission(find_one(root, student))
    assert find_one(root, "bob").path is None
    assert read_submission(find_one(root, "eve")) == NOTEBOOK
    for student in ("joe", "kim"):
        status, reason = refusal(find_one(root, student))
        assert status == model.UNREADABLE
        assert "is a symbolic link, which is not followed" in reason


def test_pipes_folders_and_huge_files_are_refused(tmp_path):
    (tmp_path / "ann").mkdir()
    os.mkfifo(tmp_path / "ann" / "hw1.ipynb")
    with pytest.raises(UnreadableError, match="not a regular file"):
        read_submission(find_one(tmp_path))
    with open(put(tmp_path / "bob" / "hw1.ipynb"), "ab") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(
        UnreadableError, match=r"hw1\.ipynb has 10\.1 MB, and at most 10 are read: clear"
    ):
        read_submission(find_one(tmp_path, "bob"))


def test_folders_as_deep_or_full_as_can_be_do_no_harm(tmp_path):
    inner = tmp_path / "ann" / "/".join("d" * 300)
    for parent in reversed([inner, *inner.parents][:301]):
        parent.mkdir(exist_ok=True)
    put(tmp_path / "bob" / "0" / "hw1.ipynb")
    for number in range(2100):
        (tmp_path / "bob" / f"{number}.txt").touch()
    assert "more than 10 deep were not looked at" in refusal(find_one(tmp_path))[1]
    assert "only the first 2000 files were looked at" in refusal(find_one(tmp_path, "bob"))[1]


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(GraderError, match="No such file"):
        find_submissions(tmp_path / "nowhere", [Student("ann")], "hw1")
