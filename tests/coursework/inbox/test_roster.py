"""The roster: who is in the class, deadlines, and lateness."""

from datetime import UTC, datetime, timedelta

import pytest

from coursework.grader.inbox.roster import (
    Student,
    late_hours,
    late_penalty,
    parse_due,
    parse_timezone,
    read_roster,
    safe_name,
)
from coursework.grader.model import GraderError

NOON = datetime(2025, 11, 30, 12, tzinfo=UTC)


def roster_of(folder, text):
    path = folder / "roster.csv"
    path.write_text(text)
    return read_roster(path)


# The roster


def test_a_roster_has_its_columns_in_any_order_and_blank_lines(tmp_path):
    text = "\ufeffName,student,due,section\n\nLee,ann,2025-12-01T12:00+01:00,A\n , ,\nBo,bob\n"
    ann, bob = roster_of(tmp_path, text)
    assert (ann.student, ann.name, ann.key) == ("ann", "Lee", "ann")
    assert ann.due == datetime(2025, 12, 1, 11, tzinfo=UTC)
    assert (bob.student, bob.email, bob.due) == ("bob", "", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("student\n", "has no students"),
        ("student\nann\n\nann\n", "row 4: the student 'ann' is in row 2 already"),
        ("student,folder\nann,x\nbob,x\n", "row 3: the folder 'x' is in row 2 already"),
        ("student,folder\nann,bob\nbob,\n", "row 3: the folder 'bob' is in row 2 already"),
        ("student,name\n,Lee\n", "row 2: the student is missing"),
        ("student,name,email\nann,Lee, Ann,\n", "row 2: the email 'Ann' is not an address; a text"),
        ("student,name,email,folder\nann,Lee, Ann,a@x.org\n", "row 2: the email 'Ann' is not an"),
        ("student\n../x\n", "row 2: the student '../x' begins with a dot"),
        ("student\n/etc\n", "has the character '/'"),
        ("student\na\\b\n", "has the character"),
        ("student\n=1+1\n", "takes what follows for a formula"),
        ('student\n"x;=1"\n', "takes what follows for a formula"),
        (f"student\n{'x' * 201}\n", "longer than 200 bytes"),
        ("student,due\nann,tomorrow\n", "row 2: 'tomorrow' is not a date and time"),
        ("student,due\nann,2025-12-01T12:00\n", r"row 2: .* no time zone; write.*12:00:00\+01"),
        ("student,due\nann,2025-12-01\n", r"no time zone; write 2025-12-01T23:59:59\+01:00"),
        ("student,due\nann,0001-01-01T00:00+23:59\n", "row 2: .* is not a date and time"),
    ],
)
def test_a_bad_roster_is_told_with_its_row(tmp_path, text, message):
    with pytest.raises(GraderError, match=message):
        roster_of(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("2025-12-01", "2025-12-01T22:59:59"),
        ("20251201", "2025-12-01T22:59:59"),
        ("2026-07-01", "2026-07-01T21:59:59"),
        ("2025-12-01T12:00", "2025-12-01T11:00"),
        ("2025-12-01T12:00Z", "2025-12-01T12:00"),
    ],
)
def test_a_deadline_is_in_the_zone_of_the_course_and_a_date_is_its_last_second(text, due):
    zone = parse_timezone("Europe/Berlin")
    assert parse_due(text, timezone=zone) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize("name", ["Berlin", "", "../../etc/passwd", "Europe", "CEST", "a\0"])
def test_a_zone_that_does_not_exist_is_told(name):
    with pytest.raises(GraderError, match="not a time zone that is known here"):
        parse_timezone(name)


def test_a_roster_whose_deadlines_are_not_needed_is_read_without_them(tmp_path):
    (tmp_path / "roster.csv").write_text("student,due\nann,tomorrow\n")
    assert read_roster(tmp_path / "roster.csv", dues=False) == [Student("ann")]


def test_names_of_files_are_plain_and_differ():
    names = ["ann", "Ann", "a b", "a_b", "Zoë", "..", "CON", "x" * 200, "x" * 201, "-rf", "王"]
    safe = [safe_name(name) for name in names]
    assert safe[0] == "ann"
    assert len({name.lower() for name in safe}) == len(names)
    assert all(len(name) < 100 and "/" not in name and name[0] not in ".-" for name in safe)


def test_lateness_counts_days_that_have_begun():
    due = parse_due("2025-11-30T13:00+01:00")
    assert late_hours(NOON, due) == 0
    assert late_hours(NOON + timedelta(hours=25), due) == 25
    assert [late_penalty(hours, 10, 50) for hours in (0, 0.01, 24, 24.1, 999)] == [0, 5, 5, 10, 50]
