"""What the grader remembers between two runs, in a folder beside the marks.

Beside ``grades.csv`` lies ``grades.work/``:

- ``settings.json``: the assignment, its variant, the seed, the deadline, the roster's students;
- ``students/<student>.json``: for each student, what marking the notebook gave (``marked``),
  what it depended on (``key``), and the same with the deadline applied (``result``);
- ``manual.json``: marks given by hand, each with the answer that it was given for;
- ``lock``: held by the grader that is at work.

Each file is written aside, flushed to the disk and renamed: a killed grader leaves the one
before or the one after, never half of one.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from coursework.files import write_atomically
from coursework.grader import model
from coursework.grader.inbox.roster import safe_name
from coursework.grader.model import GraderError, Result

FORMAT = 1


class WorkError(GraderError):
    """The folder cannot be used: another grader holds it, or it is of something else."""


@dataclass(frozen=True)
class Record:
    """What is remembered of one student.

    `marked` is what marking gave, or None where there was nothing to mark; `result` is the same
    with the deadline applied; `key` is what `marked` depends on.
    """

    key: str
    marked: Result | None
    result: Result


class WorkFolder:
    """The folder beside the marks.

    Parameters
    ----------
    grades : path-like
        The marks, such as ``grades.csv``; the folder is then ``grades.work``.
    """

    def __init__(self, grades):
        self.grades = Path(grades)
        self.path = self.grades.with_suffix(".work")
        self.feedback = self.grades.parent / "feedback"

    @contextlib.contextmanager
    def lock(self):
        """Hold the folder; the system lets go of it when this process ends, however it ends.

        Raises
        ------
        WorkError
            Where another grader holds it, or it cannot be made.
        """
        try:
            (self.path / "students").mkdir(parents=True, exist_ok=True)
            file = open(self.path / "lock", "a+")  # noqa: SIM115  (closed below)
        except OSError as error:
            raise WorkError(f"{self.path} cannot be written: {error.strerror}") from None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise WorkError(
                    f"another grader (process {file.read().strip() or 'unknown'}) is at work on "
                    f"{self.grades}; wait until it has ended, or choose another --out"
                ) from None
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            self._sweep()
            yield

    def _sweep(self):
        """Remove what a killed grader was writing."""
        begun = [*self.path.glob(".*"), *self.path.glob("students/.*")]
        for path in [*begun, *self.grades.parent.glob(f".{self.grades.name[:40]}-*")]:
            path.unlink(missing_ok=True)

    def read_settings(self):
        """Return the settings of the last run, a dict; None where there was none.

        Raises
        ------
        WorkError
            Where another version of the grader wrote them.
        """
        settings = self._read(self.path / "settings.json")
        if settings is not None and settings.get("format") != FORMAT:
            raise WorkError(f"{self.path} is of another version of the grader; remove it")
        return settings

    def write_settings(self, settings):
        """Keep the settings of a run."""
        write_json(self.path / "settings.json", {"format": FORMAT, **settings})

    def read_record(self, student):
        """Return the `Record` of a student; None where there is none that can be used."""
        kept = self._read(self._path_of(student))
        try:
            marked = kept["marked"] and model.from_dict(kept["marked"])
            result = model.from_dict(kept["result"])
            record = Record(kept["key"], marked, result)
        except (KeyError, TypeError, ValueError):
            return None
        return record if record.result.student == student else None

    def write_record(self, record):
        """Keep what became of a student."""
        write_json(self._path_of(record.result.student), asdict(record))

    def _path_of(self, student):
        return self.path / "students" / f"{safe_name(student)}.json"

    def read_results(self):
        """Return the results of the last run in the order of the roster, with marks by hand.

        Returns
        -------
        dict of str to Result
            By student; without those that have not been marked yet.

        Raises
        ------
        WorkError
            Where nothing has been graded.
        """
        settings = self.read_settings()
        if settings is None:
            raise WorkError(f"nothing has been graded yet to {self.grades}: no {self.path}")
        manual = self.read_manual()
        records = [self.read_record(row["student"]) for row in settings["students"]]
        return {record.result.student: apply_manual(record, manual) for record in records if record}

    def read_manual(self):
        """Return the marks given by hand: by student, by question."""
        return self._read(self.path / "manual.json") or {}

    def write_manual(self, before, after):
        """Keep the marks given by hand in which some results differ from what they were.

        Parameters
        ----------
        before, after : sequence of Result
            The same students in the same order.
        """
        manual = self.read_manual()
        for old, new in zip(before, after, strict=True):
            for question, marked in zip(old.questions, new.questions, strict=True):
                if marked != question:
                    manual.setdefault(new.student, {})[marked.name] = {
                        "answer": _fingerprint(marked.answer),
                        "points": marked.points,
                        "comment": marked.comment,
                    }
        write_json(self.path / "manual.json", manual)

    @staticmethod
    def _read(path):
        """Return what a JSON file holds; None where there is none, or it is damaged."""
        try:
            return json.loads(path.read_bytes())
        except (OSError, ValueError):
            return None


def apply_manual(record, manual):
    """Return the result of a record, with the marks given by hand for these very answers."""
    result = record.result
    answers = {q.name: _fingerprint(q.answer) for q in result.questions if q.manual}
    marks = manual.get(result.student, {})
    return result.marked_by_hand(
        {
            name: (mark["points"], mark["comment"])
            for name, mark in marks.items()
            if mark["answer"] == answers.get(name)
        }
    )


def _fingerprint(answer):
    return hashlib.sha256(answer.encode("utf-8", "replace")).hexdigest()


def write_json(path, value):
    """Write a file whole, and to the disk at once."""
    # In ASCII, which also holds halves of surrogate pairs.
    write_atomically(path, json.dumps(value, indent=1), encoding="ascii", flush=True)
