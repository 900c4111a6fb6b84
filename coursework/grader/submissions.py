"""Finding what each student handed in.

The rules, in full:

- A folder belongs to the student whose ``folder`` on the roster (or id, where that is empty) is
  its name, or the beginning of its name up to an underscore:
  ``ann/``, ``Ann Lee_123_assignsubmission_file_/`` (Moodle). A notebook beside the folders
  belongs to a student by the same rule: ``leeann_LATE_123_456_hw1.ipynb`` (Canvas). Where two
  students fit, the one with the longer name is meant.
- A student's notebooks may lie anywhere below the folder, as nbgrader's ``ann/hw1/hw1.ipynb``.
  Folders ``.ipynb_checkpoints`` and ``__MACOSX`` and whatever is hidden are passed over, and so
  is what is named as another assignment is.
- Notebooks that are named as the assignment is count first (``hw1.ipynb``, ``hw1 (1).ipynb``,
  ``hw1-2.ipynb``). Where there is none, the only other notebook is taken, with a note.
- Of several the latest counts: by ``timestamp.txt`` in ``ann/hw1/`` (nbgrader's), otherwise by
  the time of the file's last change; of two at the same time, the last by name.
- Symbolic links are followed only within the student's folder. A file that is no regular file,
  or is larger than 10 MB, is refused.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from coursework.grader import results
from coursework.grader.assignment import assignment_names
from coursework.grader.grades import join
from coursework.grader.notebooks import MAX_BYTES, tell_size
from coursework.grader.roster import Student, normalize, to_utc
from coursework.grader.texts import one_line, shorten

PASSED_OVER = {".ipynb_checkpoints", "__MACOSX"}
# Browsers add an ending to what they take for text.
NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$", re.IGNORECASE)
MAX_DEPTH = 10
MAX_FILES = 2000  # looked at for one student
LONGEST_NAME = 300  # shown of the name of a file with its folders
SHOWN = 3  # of the files that a reason lists


class SubmissionError(ValueError):
    """A folder of submissions that cannot be read; or a file, and the message is its reason."""


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    `path` is the notebook that counts, or None; then `status` (one of `results.STATES`) and
    `reason` say why. Otherwise `reason` holds what is worth a note, or nothing.
    """

    student: Student
    path: Path | None = None
    root: Path = Path()
    submitted: datetime | None = None
    status: str = results.OK
    reason: str = ""

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


def find_submissions(folder, students, assignment):
    """Return what each student handed in, and what belongs to nobody.

    Parameters
    ----------
    folder : path-like
    students : list of Student
    assignment : str
        Such as "hw1".

    Returns
    -------
    submissions : list of Submission
        One for each student, in the same order.
    strangers : list of str
        Names of folders and notebooks that belong to nobody on the roster.

    Raises
    ------
    SubmissionError
        Where `folder` is no folder that can be read.
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
        if _is_passed_over(entry.name):
            continue
        student = _owner(_stem(entry), by_key)
        if student:
            theirs[student.student].append(Path(entry.path))
        else:
            strangers.append(shorten(one_line(entry.name), LONGEST_NAME))
    found = [_choose(root, student, theirs[student.student], assignment) for student in students]
    return found, strangers


def _is_passed_over(name):
    return name.startswith(".") or name in PASSED_OVER


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
            student = by_key.get("_".join(parts[:length]))
            if student:
                return student
    return None


def _choose(root, student, paths, assignment):
    """Return the `Submission` of one student from the folders and files with that name."""

    def refuse(status, reason):
        return Submission(student, root=root, status=status, reason=reason)

    if not paths:
        return refuse(results.MISSING, "nothing was handed in")
    files, notes = _list_files(paths, student.key)
    notebooks = [file for file in files if NOTEBOOK.search(file.path.name)]
    notebooks = [file for file in notebooks if not _is_of_another(file, assignment)]
    named = [file for file in notebooks if _is_named(file, assignment)]
    if not named and len(notebooks) > 1:
        names = _list_names([file.path for file in notebooks])
        return refuse(
            results.UNREADABLE,
            join(f"none of the notebooks is called {assignment}.ipynb: {names}", *notes),
        )
    if not notebooks:
        names = _list_names([file.path for file in files])
        if names:
            reason = join(f"no notebook {assignment}.ipynb, only: {names}", *notes)
            return refuse(results.UNREADABLE, reason)
        reason = join("the folder holds no files", *notes)
        return refuse(results.UNREADABLE if notes else results.MISSING, reason)
    dated = sorted(
        (_submitted(file, assignment, notes), str(file.path)) for file in named or notebooks
    )
    (submitted, latest), others = dated[-1], [Path(path) for _, path in dated[:-1]]
    if not named:
        notes.append(f"the file is not called {assignment}.ipynb")
    if others:
        notes.append(f"handed in {len(dated)} times, the latest counts; others: "
                     f"{_list_names(reversed(others))}")  # fmt: skip
    return Submission(student, Path(latest), root, submitted, reason=join(*notes))


def _list_files(paths, key):
    """Return the files at or below some paths, and notes on what could not be looked at."""
    files, notes = [], []
    for top in paths:
        if top.is_symlink():
            notes.append(f"{one_line(top.name)} is a symbolic link, which is not followed")
        elif top.is_dir():
            files += [_File(path, top, key) for path in _walk(top, notes)]
        else:
            files.append(_File(top, None, key))
    return files, notes


def _walk(top, notes):
    """Yield the files below a folder; not `os.walk`, which recurses as deep as the folders."""
    waiting = [(top, 0)]
    seen = 0
    while waiting:
        folder, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            notes.append(f"{one_line(folder.name)} cannot be read ({error.strerror})")
            continue
        for entry in entries:
            seen += 1
            if seen > MAX_FILES:
                notes.append(f"only the first {MAX_FILES} files were looked at")
                return
            if _is_passed_over(entry.name):
                continue
            if not entry.is_dir(follow_symlinks=False):
                yield Path(entry.path)
            elif depth < MAX_DEPTH:
                waiting.append((Path(entry.path), depth + 1))
            else:
                notes.append(f"folders more than {MAX_DEPTH} deep were not looked at")


def _own_name(file):
    """Return the name that the student gave to a file, without what a website put before it."""
    name = normalize(file.path.name)
    if file.folder is not None:
        return name
    name = name.replace("_LATE_", "_", 1).removeprefix(file.key).lstrip("_")
    return re.sub(r"^(\d+_){1,2}", "", name)


def _is_named(file, assignment):
    """Return whether a file's name is that of an assignment, or begins with it."""
    begins = re.compile(rf"{re.escape(assignment)}(?![A-Za-z0-9])", re.IGNORECASE)
    return bool(begins.match(_own_name(file)))


def _is_of_another(file, assignment):
    """Return whether a file is named as another assignment is, or lies in such a folder."""
    others = set(assignment_names()) - {assignment}
    inner = file.path.relative_to(file.folder).parts[:-1] if file.folder else ()
    return any(name in inner or _is_named(file, name) for name in others)


def _submitted(file, assignment, notes):
    """Return when a file was handed in: now, with a note, where that cannot be told."""
    stamp = file.folder / assignment / "timestamp.txt" if file.folder else None
    # Only there does nbgrader write it; elsewhere the student may have.
    if stamp and file.path.is_relative_to(stamp.parent):
        told = _read_timestamp(stamp)
        if told:
            return told
    try:
        return to_utc(file.path.lstat().st_mtime)
    except (OSError, OverflowError, ValueError):  # such as a year beyond 9999
        name = one_line(file.path.name)
        notes.append(f"when {name} was changed cannot be told, so it counts as handed in now")
        return datetime.now(UTC)


def _read_timestamp(path):
    """Return the time that nbgrader wrote, such as 2026-11-30 21:04:05.123456 UTC; or None."""
    try:
        text = read_regular(path, path.parent, 1000).decode().strip()
        when = datetime.fromisoformat(re.sub(r"\s*(UTC|Z)$", "+00:00", text))
    except (SubmissionError, OSError, ValueError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _list_names(paths):
    paths = list(paths)
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return ", ".join(one_line(path.name) for path in paths[:SHOWN]) + more


def read_submission(submission):
    """Return the bytes of the notebook that counts.

    Raises
    ------
    SubmissionError
        Where it is no regular file within the student's folder, too large or not to be read.
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
            raise SubmissionError(f"{path.name} is no regular file")
        if found.st_size > max_bytes:
            raise SubmissionError(tell_size(path.name, found.st_size))
        return file.read(max_bytes)
