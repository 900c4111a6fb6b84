"""Finding what each student handed in.

The page for instructors says which notebook counts, under "Collect". Besides:

- Where the names of two students fit, the longer key is meant.
- Of notebooks with the same date the one with the longest name counts, such as ``hw1 (1).ipynb``.
- A file that is not a regular file is refused.
"""

import os
import re
import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from coursework.grader.inbox.roster import Student, normalize
from coursework.grader.inbox.timestamp import parse_timestamp
from coursework.grader.marking.notebook import MAX_BYTES, UnreadableError, tell_size
from coursework.grader.model import Cause, GraderError, Reason, assignment_names
from coursework.grader.sanitize import join, one_line, shorten

FORKS = "__MACOSX"  # what macOS puts beside the files in an archive: they are not notebooks
# Browsers add an ending to what they take for text.
NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$", re.IGNORECASE)
ARCHIVE = re.compile(r"\.(zip|tar|tgz|gz|bz2|xz|7z|rar)$", re.IGNORECASE)
STAMP = "timestamp.txt"
MAX_DEPTH = 10
MAX_FILES = 2000  # looked at for one student
LONGEST_NAME = 300  # shown of the name of a file with its folders
SHOWN = 10  # of the files that a reason lists
LONGEST_SHOWN = 80  # of the name of one of them
FILE, NBGRADER = "file", "nbgrader"  # whose times count
# Archives without dates have files from 1980 or 1970.
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
CLOCK_ERROR = timedelta(minutes=5)
SAME_DATE = timedelta(seconds=2)  # dates in a zip archive are even seconds


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    `path` is the notebook that counts, and `file` its name below `root`, to be shown; or there is
    none, and `reason` says why. `note` is what is worth saying besides, and `if_unanswered` what is
    to be added where nothing is answered. `doubtful` is true where the
    time cannot be relied on, and `stamped` where there is a time of nbgrader's that was not asked
    for.
    """

    student: Student
    path: Path | None = None
    root: Path = Path()
    file: str = ""
    submitted: datetime | None = None
    reason: Reason | None = None
    note: str = ""
    if_unanswered: str = ""
    doubtful: bool = False
    stamped: bool = False


@dataclass(frozen=True)
class _File:
    """A file below `folder`, which is the student's, or that of all where it is beside them.

    `name` is the one that the student gave it, without what a website put before it.
    """

    path: Path
    folder: Path
    name: str
    hidden: bool = False

    def __str__(self):
        """Return the path below the folder, to be shown."""
        return shorten(one_line(self.path.relative_to(self.folder)), LONGEST_SHOWN)

    @property
    def is_notebook(self):
        return bool(NOTEBOOK.search(self.path.name))


def find_submissions(folder, students, assignment, *, times=FILE, timezone=None):
    """Return a `Submission` for each student, and the names of what belongs to nobody.

    `times` is "file", or "nbgrader" where nbgrader has collected the files, so that its
    ``timestamp.txt`` says when they were handed in. `timezone`, that of the course, is meant by
    names of zones that there are several of, such as CST.
    """
    root = Path(folder)
    try:
        entries = sorted(os.scandir(root), key=lambda entry: entry.name)
    except OSError as error:
        raise GraderError(f"the submissions {folder}: {error.strerror}") from None
    by_key = {student.key: student for student in students}
    theirs = {student.student: [] for student in students}
    strangers = []
    for entry in entries:
        if entry.name.startswith(".") or entry.name == FORKS:
            continue
        student = _find_owner(entry, by_key)
        if student:
            theirs[student.student].append(Path(entry.path))
        else:
            strangers.append(shorten(one_line(entry.name), LONGEST_NAME))
    found = [
        _choose(root, student, theirs[student.student], assignment, times, timezone)
        for student in students
    ]
    return found, strangers


def _find_owner(entry, by_key):
    """Return the student whose key a name is or begins with, up to an underscore; or None."""
    stem = normalize(entry.name)
    if not entry.is_dir(follow_symlinks=False):
        stem = Path(NOTEBOOK.sub(".ipynb", stem)).stem
    # Canvas writes LATE between the two parts of a key such as leeann_123.
    for name in (stem, stem.replace("_LATE_", "_", 1)):
        while name:
            if name.strip() in by_key:
                return by_key[name.strip()]
            name = name.rpartition("_")[0]
    return None


def _choose(root, student, paths, assignment, times, timezone):
    if not paths:
        return Submission(student, reason=Reason(Cause.NOTHING_HANDED_IN))
    found, notes = _list_files(paths, student.key)
    files = [file for file in found if not file.hidden]
    hidden = [file for file in found if file.hidden]
    notebooks = [
        file for file in files if file.is_notebook and not _is_of_another(file, assignment)
    ]
    named = [file for file in notebooks if _find_assignment(file) == assignment]
    if not named and len(notebooks) != 1:
        cause, told = _explain_lack(notebooks, files, hidden, f"{assignment}.ipynb")
        reason = Reason(Cause.NO_NOTEBOOK if notes else cause, (join(told, *notes),))
        return Submission(student, reason=reason)
    dates = {file: _date(file, assignment, times, timezone) for file in named or notebooks}
    last = max(when for when, _ in dates.values())
    tied = [file for file in dates if last - dates[file][0] < SAME_DATE]
    latest = max(tied, key=lambda file: (len(file.path.name), str(file.path)))
    earlier = [file for file in dates if file != latest]
    submitted, doubts = dates[latest]
    if len(tied) > 1:
        doubts.append(f"{_list_names(tied)} have the same date, so the longest name counts")
    loose = [file for file in notebooks if file not in dates]
    if not named:
        notes.append(f"the file is not called {assignment}.ipynb")
    if earlier:
        notes.append(f"{len(dates)} notebooks, the latest counts; others: {_list_names(earlier)}")
    if loose:
        notes.append(f"not marked: {_list_names(loose)}")
    rest = [file for file in files if file not in notebooks and file.path.name != STAMP]
    rest += [file for file in hidden if file.is_notebook]
    name = shorten(one_line(latest.path.relative_to(root)), LONGEST_NAME)
    told = f"no question is answered in {name}"
    if rest:
        told = join(told, f"also there, and not marked: {_list_names(rest)}")
    return Submission(
        student,
        latest.path,
        root,
        name,
        submitted,
        note=join(*notes, *doubts),
        if_unanswered=told,
        doubtful=bool(doubts),
        stamped=times == FILE and _find_stamp(latest, assignment) is not None,
    )


def _explain_lack(notebooks, files, hidden, due):
    """Return the cause, and in words why there is no notebook to mark where `due` is the name."""
    checkpoints = [file for file in hidden if file.is_notebook]
    if notebooks:
        told = f"none of the notebooks is called {due}: {_list_names(notebooks)}"
    elif files:
        told = f"no notebook {due}, only: {_list_names(files)}"
        if any(ARCHIVE.search(file.path.name) for file in files):
            told = join(told, "archives are not opened: unpack it and mark again")
    elif checkpoints:
        told = (
            f"no notebook {due}, only hidden files or checkpoints of Jupyter, which are not "
            f"marked: {_list_names(checkpoints)}"
        )
    elif hidden:
        return Cause.NO_FILES, f"the folder holds only hidden files: {_list_names(hidden)}"
    else:
        return Cause.NO_FILES, "the folder holds no files"
    return Cause.NO_NOTEBOOK, told


def _list_files(paths, key):
    """Return the files at or below some paths, and notes on what could not be looked at."""
    files, notes = [], []
    for top in paths:
        if top.is_symlink():
            notes.append(f"{one_line(top.name)} is a symbolic link, which is not followed")
        elif top.is_dir():
            files += _walk(top, notes)
        else:
            name = normalize(top.name).replace("_LATE_", "_", 1).removeprefix(key).lstrip("_")
            files.append(_File(top, top.parent, re.sub(r"^(\d+_){1,2}", "", name)))
    return files, notes


def _walk(top, notes):
    """Yield the files below a student's folder; those that are not hidden come first."""
    waiting = [(top, 0, False)]
    seen = 0
    while waiting:
        folder, depth, hidden = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if not hidden:
                notes.append(f"{one_line(folder.name)} cannot be read ({error.strerror})")
            continue
        for entry in entries:
            seen += 1
            if seen > MAX_FILES:
                if not hidden:
                    notes.append(f"only the first {MAX_FILES} files were looked at")
                return
            if entry.name == FORKS or entry.name.startswith("._"):
                continue
            below = hidden or entry.name.startswith(".")
            if not entry.is_dir(follow_symlinks=False):
                yield _File(Path(entry.path), top, normalize(entry.name), below)
            elif depth < MAX_DEPTH:
                place = 0 if below else len(waiting)
                waiting.insert(place, (Path(entry.path), depth + 1, below))
            elif not hidden:
                notes.append(f"folders more than {MAX_DEPTH} deep were not looked at")


def _find_assignment(file):
    """Return the first assignment whose name is a word in that of a file, or None."""
    names = "|".join(map(re.escape, assignment_names()))
    found = re.search(rf"(?<![A-Za-z0-9])({names})(?![A-Za-z0-9])", file.name, re.IGNORECASE)
    return found[1].lower() if found else None


def _is_of_another(file, assignment):
    """Return whether a file is named as another assignment is, or lies in such a folder."""
    others = set(assignment_names()) - {assignment}
    inner = file.path.relative_to(file.folder).parts[:-1]
    return bool(others.intersection(inner)) or _find_assignment(file) in others


def _date(file, assignment, times, timezone):
    """Return when a file was handed in, and what speaks against that."""
    doubts, stamped = [], None
    now = datetime.now(UTC)
    try:
        when = changed = datetime.fromtimestamp(file.path.lstat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):  # such as a year beyond 9999
        when = changed = now
        doubts.append(f"when {file} was changed cannot be told, so it counts as handed in now")
    if times == NBGRADER:
        try:
            when = stamped = _read_stamp(file, assignment, timezone)
        except UnreadableError as error:
            doubts.append(f"{error}, so the date of the file counts")
    shown = when.isoformat(" ", "seconds")
    if when > now + CLOCK_ERROR:
        doubts.append(f"its time, {shown}, is in the future")
    if when < EARLIEST:
        doubts.append(f"its time, {shown}, is too long ago to be true")
    if stamped and changed > stamped + CLOCK_ERROR:
        doubts.append(
            f"the file was changed at {changed.isoformat(' ', 'seconds')}, later than it was "
            f"handed in by {STAMP}, {shown}"
        )
    return when, doubts


def _find_stamp(file, assignment):
    """Return the path of nbgrader's time of a file where there is one, or None.

    Only there does nbgrader write it; elsewhere the student may have.
    """
    stamp = file.folder / assignment / STAMP
    return stamp if file.path.is_relative_to(stamp.parent) and os.path.lexists(stamp) else None


def _read_stamp(file, assignment, timezone):
    stamp = _find_stamp(file, assignment)
    if stamp is None:
        raise UnreadableError(f"there is no {STAMP} of nbgrader's")
    text = _read_regular(stamp, stamp.parent).decode(errors="replace").strip()
    try:
        return parse_timestamp(text, timezone)
    except ValueError as error:
        shown = shorten(one_line(text), LONGEST_SHOWN)
        raise UnreadableError(f"{STAMP} cannot be read ({shown!r} {error})") from None


def _list_names(files):
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return ", ".join(map(str, files[:SHOWN])) + more


def read_submission(submission):
    """Return the bytes of the notebook that counts; the error says why it is refused."""
    path, root = submission.path, submission.root
    return _read_regular(path, root / path.relative_to(root).parts[0])


def _read_regular(path, inside):
    """Return the bytes of a regular file that lies at or below the path `inside`."""
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(Path(os.path.realpath(inside.parent)) / inside.name):
        raise UnreadableError(f"{path.name} is a link that leaves the student's folder")

    def opener(name, flags):  # opening a pipe would wait for its other end
        return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK)

    try:
        with open(real, "rb", opener=opener) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise UnreadableError(f"{path.name} is not a regular file")
            if found.st_size > MAX_BYTES:
                raise UnreadableError(tell_size(path.name, found.st_size))
            return file.read(MAX_BYTES)
    except OSError as error:
        raise UnreadableError(f"{path.name} cannot be read: {error.strerror}") from None
