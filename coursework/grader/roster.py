"""The roster: who is in the class, and what is due when."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime

from coursework.grader.texts import safe_cell

COLUMNS = ("student", "name", "email", "folder", "due")


class RosterError(ValueError):
    """A roster that cannot be used, or a date that cannot be read."""


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


def read_roster(path):
    """Return the students of a roster, in its order.

    Parameters
    ----------
    path : path-like
        A CSV with the column ``student`` and, if wanted, ``name``, ``email``, ``folder`` and
        ``due``; UTF-8, with or without a byte order mark. Other columns are passed over.

    Returns
    -------
    list of Student

    Raises
    ------
    RosterError
        For a file that cannot be read, no column ``student``, no students, a student or a
        folder named twice or with a name that no folder can have, or a date that is no date.
        Says which line.
    """
    rows = _read_rows(path)
    number, header = next(rows, (1, []))
    header = [cell.strip().lower() for cell in header]
    if "student" not in header:
        found = ", ".join(header) or "nothing"
        raise RosterError(f"{path}, line {number}: no column 'student'; the first line has {found}")
    twice = [name for name in COLUMNS if header.count(name) > 1]
    if twice:
        raise RosterError(f"{path}, line {number}: the column {twice[0]!r} is there twice")
    students = []
    lines = {}
    for number, cells in rows:
        where = f"{path}, line {number}"
        student = _make_student(dict(zip(header, cells, strict=False)), where)
        for kind, name in (("student", student.student), ("folder", student.key)):
            first = lines.setdefault((kind, name), number)
            if first != number:
                raise RosterError(f"{where}: the {kind} {name!r} is in line {first} already")
        students.append(student)
    if not students:
        raise RosterError(f"{path} has no students: write one on each line below the first")
    return students


def _read_rows(path):
    """Yield the number of the line and the cells of each row that is not blank."""
    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8-sig")
    except OSError as error:
        raise RosterError(f"the roster {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise RosterError(
            f"{path} is not UTF-8 (byte {error.start}); save it as 'CSV UTF-8'"
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise RosterError(f"{path}, line {reader.line_num}: {error}") from None


def _make_student(cells, where):
    """Return the `Student` of one row, a dict from column to text."""
    values = {name: (cells.get(name) or "").strip() for name in COLUMNS}
    if not values["student"]:
        raise RosterError(f"{where}: the student is missing")
    for name in ("student", "folder"):
        problem = _name_problem(values[name])
        if problem:
            raise RosterError(f"{where}: the {name} {values[name]!r} {problem}")
    due = values.pop("due")
    return Student(**values, due=parse_due(due, where) if due else None)


def _name_problem(name):
    """Return why no folder among the submissions can be called `name`, or None."""
    if name[:1] == ".":
        return "begins with a dot; hidden files are passed over, so choose another name"
    if safe_cell(name) != name:
        return f"begins with {name[0]}, which a spreadsheet takes for a formula"
    bad = next((c for c in name if c in "/\\" or unicodedata.category(c) in ("Cc", "Cs")), None)
    if bad is not None:
        return f"has the character {bad!r}, which a folder's name cannot have"
    if len(name.encode()) > 200:
        return "is longer than 200 bytes"
    return None


def safe_name(student):
    """Return a name for files of `student`: its own where that is plain, or a like one.

    Different students have different names, also where the file system does not tell upper
    from lower case.
    """
    if re.fullmatch(r"[a-z0-9][a-z0-9._@-]{0,79}", student):
        return student
    plain = re.sub(r"[^A-Za-z0-9._@-]", "_", student).lstrip(".-")[:60] or "student"
    number = hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{plain}-{number}"


def parse_due(text, where="--due"):
    """Return a date and time with its zone.

    Raises
    ------
    RosterError
        Where `text` is no date and time in ISO 8601, or has no zone.
    """
    try:
        due = datetime.fromisoformat(text)
    except ValueError:
        raise RosterError(
            f"{where}: {text!r} is no date and time; write it as 2026-12-01T23:59+01:00"
        ) from None
    if due.tzinfo is None:
        wanted = f"{due.isoformat(timespec='minutes')}+01:00"
        raise RosterError(
            f"{where}: {text!r} has no time zone; write, for one hour ahead of UTC, {wanted}"
        )
    return due


def late_hours(submitted, due):
    """Return by how many hours a time is after another; 0 where either is None."""
    if submitted is None or due is None:
        return 0.0
    return max(0.0, (submitted - due).total_seconds() / 3600)


def late_penalty(hours, percent, out_of):
    """Return the points that lateness costs: a percentage of all points per started day."""
    return min(out_of, out_of * percent / 100 * math.ceil(hours / 24))


def to_utc(seconds):
    """Return the time of a file's last change as a datetime."""
    return datetime.fromtimestamp(seconds, UTC)
