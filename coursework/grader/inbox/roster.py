"""The roster: who is in the class, and what is due when."""

import hashlib
import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from coursework.grader.inbox.csv_reader import read_csv
from coursework.grader.model import GraderError
from coursework.grader.sanitize import safe_cell

COLUMNS = ("student", "name", "email", "folder", "due")
END_OF_DAY = time(23, 59, 59)


@dataclass(frozen=True)
class Student:
    """One row of the roster.

    `folder` is the name, or the beginning of the name, of the student's folder or files among
    the submissions; `due` is the student's own deadline, or None for that of the class.
    """

    student: str
    name: str = ""
    email: str = ""
    folder: str = ""
    due: datetime | None = None

    @property
    def key(self):
        """What the names of the student's folder and files begin with."""
        return normalize(self.folder or self.student)


def normalize(name):
    """Return a file's name with its accents composed, as not every system writes them."""
    return unicodedata.normalize("NFC", name)


def read_roster(path, timezone=None, *, dues=True):
    """Return the students of a roster, in its order.

    `path` is a CSV with the column ``student`` and, if wanted, ``name``, ``email``, ``folder`` and
    ``due``, as `csv_reader.read_csv` reads it. `timezone`, that of the course, is for deadlines
    that name none. Without `dues`, the column ``due`` is left unread.
    """
    columns = COLUMNS if dues else COLUMNS[:-1]
    students, rows = [], {}
    for number, cells in read_csv(path, columns, ["student"]):
        where = f"{path}, row {number}"
        student = _make_student(cells, where, timezone)
        for kind, name in (("student", student.student), ("folder", student.key)):
            first = rows.setdefault((kind, name), number)
            if first != number:
                raise GraderError(f"{where}: the {kind} {name!r} is in row {first} already")
        students.append(student)
    if not students:
        raise GraderError(f"{path} has no students: write one in each row below the first")
    return students


def _make_student(cells, where, timezone):
    if not cells["student"]:
        raise GraderError(f"{where}: the student is missing")
    for name in ("student", "folder"):
        problem = _name_problem(cells[name])
        if problem:
            raise GraderError(f"{where}: the {name} {cells[name]!r} {problem}")
    if cells["email"] and "@" not in cells["email"]:  # as where a name has a comma in it
        raise GraderError(
            f"{where}: the email {cells['email']!r} is not an address; a text that holds the "
            "separator needs quotation marks around it"
        )
    due = cells.get("due")
    return Student(**cells | {"due": parse_due(due, where, timezone) if due else None})


def _name_problem(name):
    """Return why no folder among the submissions can be called `name`, or None."""
    if name.startswith("."):
        return "begins with a dot; hidden files are skipped, so choose another name"
    if safe_cell(name) != name:
        return "has a sign in a place where a spreadsheet takes what follows for a formula"
    bad = [c for c in name if c in "/\\" or unicodedata.category(c) == "Cc"]
    if bad:
        return f"has the character {bad[0]!r}, which a folder's name cannot have"
    return "is longer than 200 bytes" if len(name.encode()) > 200 else None


def safe_name(student):
    """Return a name for files of `student`: its own where that is plain, or a like one.

    Different students have different ones, also where upper and lower case are the same to the
    file system.
    """
    if re.fullmatch(r"[a-z0-9][a-z0-9._@-]{0,79}", student):
        return student
    plain = re.sub(r"[^A-Za-z0-9._@-]", "_", student).lstrip(".-")[:60] or "student"
    number = hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{plain}-{number}"


def parse_due(text, where="--due", timezone=None):
    """Return the deadline that a text in ISO 8601 names, with its zone.

    A date alone stands for the last second of that day. `timezone` is for a text that names none,
    and `where` is what an error names.
    """
    try:
        if re.fullmatch(r"[\d-]+|[\d-]*W[\d-]+", text):
            due = datetime.combine(date.fromisoformat(text), END_OF_DAY)
        else:
            due = datetime.fromisoformat(text)
        due = due if due.tzinfo else due.replace(tzinfo=timezone)
        if due.tzinfo is not None:
            due.astimezone(UTC)  # some times at the ends of the calendar have none
    except (OverflowError, ValueError):
        raise GraderError(
            f"{where}: {text!r} is not a date and time; write it as 2026-12-01T23:59+01:00"
        ) from None
    if due.tzinfo is None:
        raise GraderError(
            f"{where}: {text!r} has no time zone; write {due.isoformat()}+01:00, for one hour "
            "ahead of UTC, or give that of the course, such as --timezone Europe/Berlin"
        )
    return due


def parse_timezone(text):
    """Return a time zone by its name, such as Europe/Berlin or UTC."""
    try:
        return ZoneInfo(text)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        raise GraderError(
            f"--timezone: {text!r} is not a time zone that is known here, such as Europe/Berlin or "
            "UTC"
        ) from None


def late_hours(submitted, due):
    """Return by how many hours a time is after another; 0 where either is None."""
    if submitted is None or due is None:
        return 0.0
    return max(0.0, (submitted - due).total_seconds() / 3600)


def late_penalty(hours, percent, out_of):
    """Return the points that lateness costs: a percentage of all points per started day."""
    return min(out_of, out_of * percent / 100 * math.ceil(hours / 24))
