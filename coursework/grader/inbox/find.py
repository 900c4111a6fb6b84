"""Finding what each student handed in.

The rules, in full:

- A folder belongs to the student whose ``folder`` on the roster (or id, where that is empty) is
  its name, or the beginning of its name up to an underscore:
  ``ann/``, ``Ann Lee_123_assignsubmission_file_/`` (Moodle). A notebook beside the folders
  belongs to a student by the same rule: ``leeann_LATE_123_456_hw1.ipynb`` (Canvas). Where two
  students fit, the one with the longer name is meant.
- A student's notebooks may lie anywhere below the folder, as nbgrader's ``ann/hw1/hw1.ipynb``.
  Hidden files and folders, ``.ipynb_checkpoints`` among them, are not marked, nor is what is
  named as another assignment is.
- Notebooks that are named as the assignment is count first: that have its name in theirs, as a
  word (``hw1.ipynb``, ``hw1 (1).ipynb``, ``hw1-2.ipynb``, ``Copy of hw1.ipynb``). Where there is
  none, the only other notebook is taken, with a note.
- Of several the latest counts, by the time of the file's last change; of two at the same time,
  the last by name. Where the teacher says that nbgrader has collected the files, its
  ``timestamp.txt`` in ``ann/hw1/`` is the time of what lies there.
- Whatever notebook was not marked is named in the reason, and so is a time that cannot be right.
- Symbolic links are followed only within the student's folder. A file that is not a regular file,
  or is larger than 10 MB, is refused.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from coursework.grader import model
from coursework.grader.inbox.roster import Student, normalize, to_utc
from coursework.grader.inbox.timestamp import parse_timestamp
from coursework.grader.marking.notebook import MAX_BYTES, tell_size
from coursework.grader.model import Cause, GraderError, assignment_names
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


class SubmissionError(GraderError):
    """A folder of submissions that cannot be read; or a file, and the message is its reason."""


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    `path` is the notebook that counts, or None; then `status` (one of `model.STATES`) and
    `reason`, with its `cause`, say why. Otherwise `reason` holds what is worth a note, or nothing.
    `others` are the names of the other notebooks, all of them named in `reason`, and `rest` those
    of all other files, for a reason where nothing is answered. `doubtful` is true where the time
    cannot be relied on, and `stamped` where there is a time of nbgrader's that was not asked for.
    """

    student: Student
    path: Path | None = None
    root: Path = Path()
    submitted: datetime | None = None
    status: str = model.OK
    reason: str = ""
    cause: Cause = Cause.NOT_FOUND
    others: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    doubtful: bool = False
    stamped: bool = False

    def tell_rest(self):
        """Return a reason that names the other files, for a notebook in which nothing is done."""
        told = f"no question is answered in {self.file}"
        return join(told, self.rest and f"also there, and not marked: {_list_names(self.rest)}")

    @property
    def file(self):
        """The path of the notebook below the folder of submissions, or ''."""
        if self.path is None:
            return ""
        return shorten(one_line(self.path.relative_to(self.root)), LONGEST_NAME)


@dataclass(frozen=True)
class _File:
    """A file below a student's folder, or beside the folders."""

    path: Path
    folder: Path | None  # the student's; None for a file beside the folders
    key: str
    hidden: bool = False

    @property
    def shown(self):
        """The path below the student's folder, to be shown."""
        path = self.path.relative_to(self.folder) if self.folder else self.path.name
        return shorten(one_line(path), LONGEST_SHOWN)

    @property
    def is_notebook(self):
        return bool(NOTEBOOK.search(self.path.name))


@dataclass(frozen=True, order=True)
class _Dated:
    """A notebook with the time at which it was handed in; in the order of time."""

    when: datetime
    name: str
    file: _File = field(compare=False)
    doubts: tuple[str, ...] = field(compare=False)


def find_submissions(folder, students, assignment, *, times=FILE, timezone=None):
    """Return what each student handed in, and what belongs to nobody.

    Parameters
    ----------
    folder : path-like
    students : list of Student
    assignment : str
        Such as "hw1".
    times : str
        "file": a notebook was handed in when it was changed last. "nbgrader": nbgrader has
        collected the files, and its ``timestamp.txt`` says when they were handed in.
    timezone : tzinfo, optional
        The time zone of the course, for names of zones that there are several of, such as CST.

    Returns
    -------
    submissions : list of Submission
        One for each student, in the same order.
    strangers : list of str
        Names of folders and notebooks that belong to nobody on the roster.

    Raises
    ------
    SubmissionError
        Where `folder` cannot be read.
    """
    root = Path(folder)
    try:
        entries = sorted(os.scandir(root), key=lambda entry: entry.name)
    except OSError as error:
        raise SubmissionError(f"the submissions {folder}: {error.strerror}") from None
    by_key = {student.key: student for student in students}
    theirs = {student.student: [] for student in students}
    strangers = []
    for entry in entries:
        if entry.name.startswith(".") or entry.name == FORKS:
            continue
        student = _owner(_stem(entry), by_key)
        if student:
            theirs[student.student].append(Path(entry.path))
        else:
            strangers.append(shorten(one_line(entry.name), LONGEST_NAME))
    clock = _Clock(assignment, times, timezone)
    found = [_choose(root, one, theirs[one.student], assignment, clock) for one in students]
    return found, strangers


def _stem(entry):
    """Return the name of a folder, or that of a file without its ending."""
    if entry.is_dir(follow_symlinks=False):
        return entry.name
    name = NOTEBOOK.sub("", entry.name)
    return name if name != entry.name else Path(name).stem


def _owner(stem, by_key):
    """Return the student whose key `stem` is or begins with, up to an underscore; or None."""
    # Canvas writes LATE between the two parts of a key such as leeann_123.
    for name in (normalize(stem), normalize(stem).replace("_LATE_", "_", 1)):
        parts = name.split("_")
        for length in range(len(parts), 0, -1):
            student = by_key.get("_".join(parts[:length]).strip())
            if student:
                return student
    return None


def _choose(root, student, paths, assignment, clock):
    """Return the `Submission` of one student from the folders and files with that name."""

    def refuse(status, reason, cause=Cause.NOT_FOUND):
        return Submission(student, root=root, status=status, reason=reason, cause=cause)

    if not paths:
        return refuse(model.MISSING, "nothing was handed in", Cause.NOTHING_HANDED_IN)
    files, notes = _list_files(paths, student.key)
    hidden = [file for file in files if file.hidden]
    files = [file for file in files if not file.hidden]
    notebooks = [
        file for file in files if file.is_notebook and not _is_of_another(file, assignment)
    ]
    named = [file for file in notebooks if _find_assignment(file) == assignment]
    if not named and len(notebooks) > 1:
        reason = f"none of the notebooks is called {assignment}.ipynb: {_list_names(notebooks)}"
        return refuse(model.UNREADABLE, join(reason, *notes))
    if not notebooks:
        if files:
            reason = f"no notebook {assignment}.ipynb, only: {_list_names(files)}"
            return refuse(model.UNREADABLE, join(reason, _tell_archives(files), *notes))
        checkpoints = [file for file in hidden if file.is_notebook]
        if checkpoints:
            reason = (
                f"no notebook {assignment}.ipynb, only hidden files or checkpoints of Jupyter, "
                f"which are not marked: {_list_names(checkpoints)}"
            )
            return refuse(model.UNREADABLE, join(reason, *notes))
        reason = "the folder holds no files"
        if hidden:
            reason = f"the folder holds only hidden files: {_list_names(hidden)}"
        return refuse(model.UNREADABLE if notes else model.MISSING, join(reason, *notes))
    *earlier, latest = sorted(clock.date(file) for file in named or notebooks)
    if not named:
        notes.append(f"the file is not called {assignment}.ipynb")
    if earlier:
        notes.append(
            f"handed in {len(earlier) + 1} times, the latest counts; others: "
            f"{_list_names(one.file for one in reversed(earlier))}"
        )
    loose = [file for file in notebooks if named and file not in named]
    if loose:
        notes.append(f"not marked: {_list_names(loose)}")
    others = [file for file in notebooks if file is not latest.file]
    rest = [file for file in files if file not in notebooks and file.path.name != STAMP]
    rest += [file for file in hidden if file.is_notebook]
    return Submission(
        student,
        latest.file.path,
        root,
        latest.when,
        reason=join(*notes, *latest.doubts),
        others=tuple(file.shown for file in others),
        rest=tuple(file.shown for file in rest),
        doubtful=bool(latest.doubts),
        stamped=clock.times == FILE and clock.find_stamp(latest.file) is not None,
    )


def _tell_archives(files):
    """Return what to do where there are archives in place of notebooks."""
    archives = [file for file in files if ARCHIVE.search(file.path.name)]
    return "archives are not opened: unpack it and mark again" if archives else ""


def _list_files(paths, key):
    """Return the files at or below some paths, and notes on what could not be looked at."""
    files, notes = [], []
    for top in paths:
        if top.is_symlink():
            notes.append(f"{one_line(top.name)} is a symbolic link, which is not followed")
        elif top.is_dir():
            files += [_File(path, top, key, hidden) for path, hidden in _walk(top, notes)]
        else:
            files.append(_File(top, None, key))
    return files, notes


def _walk(top, notes):
    """Yield the files below a folder, and whether they are hidden: those that are not come first.

    Not by `os.walk`, which recurses as deep as the folders.
    """
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
                yield Path(entry.path), below
            elif depth < MAX_DEPTH:
                place = 0 if below else len(waiting)
                waiting.insert(place, (Path(entry.path), depth + 1, below))
            elif not hidden:
                notes.append(f"folders more than {MAX_DEPTH} deep were not looked at")


def _own_name(file):
    """Return the name that the student gave to a file, without what a website put before it."""
    name = normalize(file.path.name)
    if file.folder is not None:
        return name
    name = name.replace("_LATE_", "_", 1).removeprefix(file.key).lstrip("_")
    return re.sub(r"^(\d+_){1,2}", "", name)


def _find_assignment(file):
    """Return the first assignment whose name is a word in that of a file, or None."""
    names = "|".join(map(re.escape, assignment_names()))
    found = re.search(rf"(?<![A-Za-z0-9])({names})(?![A-Za-z0-9])", _own_name(file), re.IGNORECASE)
    return found[1].lower() if found else None


def _is_of_another(file, assignment):
    """Return whether a file is named as another assignment is, or lies in such a folder."""
    others = set(assignment_names()) - {assignment}
    inner = file.path.relative_to(file.folder).parts[:-1] if file.folder else ()
    return bool(others.intersection(inner)) or _find_assignment(file) in others


class _Clock:
    """Tells when files were handed in, and what speaks against it."""

    def __init__(self, assignment, times, timezone):
        self.assignment = assignment
        self.times = times
        self.timezone = timezone
        self.now = datetime.now(UTC)

    def date(self, file):
        """Return the `_Dated` of a notebook."""
        doubts = []
        changed = self._read_date(file, doubts)
        told = self._read_stamp(file, doubts) if self.times == NBGRADER else None
        when = told or changed
        shown = when.isoformat(" ", "seconds")
        if when > self.now + CLOCK_ERROR:
            doubts.append(f"its time, {shown}, is in the future")
        if when < EARLIEST:
            doubts.append(f"its time, {shown}, is too long ago to be true")
        if told and changed > told + CLOCK_ERROR:
            doubts.append(
                f"the file was changed at {changed.isoformat(' ', 'seconds')}, later than it was "
                f"handed in by {STAMP}, {shown}"
            )
        return _Dated(when, str(file.path), file, tuple(doubts))

    def _read_date(self, file, doubts):
        """Return the time of a file's last change: now where that cannot be told."""
        try:
            return to_utc(file.path.lstat().st_mtime)
        except (OSError, OverflowError, ValueError):  # such as a year beyond 9999
            doubts.append(
                f"when {file.shown} was changed cannot be told, so it counts as handed in now"
            )
            return self.now

    def _read_stamp(self, file, doubts):
        """Return the time that nbgrader wrote, or None."""
        stamp = self.find_stamp(file)
        if stamp is None:
            doubts.append(f"there is no {STAMP} of nbgrader's, so the date of the file counts")
            return None
        text = ""
        try:
            text = read_regular(stamp, stamp.parent, 1000).decode(errors="replace").strip()
            return parse_timestamp(text, self.timezone)
        except SubmissionError as error:
            problem = str(error)
        except OSError as error:
            problem = error.strerror
        except ValueError as error:
            problem = f"{shorten(one_line(text), LONGEST_SHOWN)!r} {error}"
        doubts.append(f"{STAMP} cannot be read ({problem}), so the date of the file counts")
        return None

    def find_stamp(self, file):
        """Return the path of nbgrader's time of a file where there is one, or None.

        Only there does nbgrader write it; elsewhere the student may have.
        """
        stamp = file.folder / self.assignment / STAMP if file.folder else None
        if stamp and file.path.is_relative_to(stamp.parent) and os.path.lexists(stamp):
            return stamp
        return None


def _list_names(files):
    names = [file if isinstance(file, str) else file.shown for file in files]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def read_submission(submission):
    """Return the bytes of the notebook that counts.

    Raises
    ------
    SubmissionError
        Where it is not a regular file within the student's folder, too large or not to be read.
    """
    path, root = submission.path, submission.root
    inside = root / path.relative_to(root).parts[0]
    try:
        return read_regular(path, inside, MAX_BYTES)
    except OSError as error:
        raise SubmissionError(f"{path.name} cannot be read: {error.strerror}") from None


def read_regular(path, inside, max_bytes):
    """Return the bytes of a regular file that lies at or below the path `inside`.

    Raises
    ------
    SubmissionError
        Where it is something else, leads elsewhere, or is larger than `max_bytes`.
    OSError
    """
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(Path(os.path.realpath(inside.parent)) / inside.name):
        raise SubmissionError(f"{path.name} is a link that leaves the student's folder")
    # O_NONBLOCK: opening a pipe would wait for its other end.
    descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise SubmissionError(f"{path.name} is not a regular file")
        if found.st_size > max_bytes:
            if max_bytes == MAX_BYTES:
                raise SubmissionError(tell_size(path.name, found.st_size))
            raise SubmissionError(
                f"{path.name} has {found.st_size:,} bytes, and at most {max_bytes:,} are read"
            )
        return file.read(max_bytes)
