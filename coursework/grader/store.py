"""What the grader remembers between two runs, in a folder beside the marks.

Beside ``grades.csv`` lies ``grades.work/``:

- ``settings.json``: the assignment, its variant, the seed, the book, the deadline, the students;
- ``students/<student>.json``: the result of each student, but for marks given by hand, and a
  ``key`` to what it depends on;
- ``manual.json``: marks given by hand, each with the answer that it was given for;
- ``lock``: held by the grader that is at work.

Each file is written aside, flushed to the disk and renamed: a killed grader leaves the one
before or the one after, never half of one.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from dataclasses import asdict, replace
from pathlib import Path

from coursework.files import write_atomically
from coursework.grader import model
from coursework.grader.inbox.roster import safe_name
from coursework.grader.model import GraderError


class WorkFolder:
    """The folder beside the marks: ``grades.work`` for ``grades.csv``; ``grades.feedback`` too."""

    def __init__(self, grades):
        self.grades = Path(grades)
        self.path = self.grades.with_suffix(".work")
        self.feedback = self.grades.with_suffix(".feedback")

    @contextlib.contextmanager
    def lock(self):
        """Hold the folder; the system lets go of it when this process ends, however it ends."""
        try:
            (self.path / "students").mkdir(parents=True, exist_ok=True)
            (self.path / "lock").touch()
        except OSError as error:
            raise GraderError(
                f"--out {self.grades}: nothing can be written there ({error.filename}: "
                f"{error.strerror}); choose another place"
            ) from None
        with open(self.path / "lock", "a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise GraderError(
                    f"another grader (process {file.read().strip() or 'unknown'}) is at work on "
                    f"{self.grades}; wait until it has ended, or choose another --out"
                ) from None
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            # What a killed grader was writing:
            begun = [*self.path.glob(".*"), *self.path.glob("students/.*")]
            for path in [*begun, *self.grades.parent.glob(f".{self.grades.name[:40]}-*")]:
                path.unlink(missing_ok=True)
            yield

    def read_settings(self):
        """Return the settings of the last run, a dict; None where there was none."""
        return _read_json(self.path / "settings.json")

    def write_settings(self, settings):
        """Keep the settings of a run."""
        _write_json(self.path / "settings.json", settings)

    def read_record(self, student):
        """Return key and result of a student; "" and None where there is none to be used."""
        kept = _read_json(self._path_of(student))
        try:
            key, result = kept["key"], model.from_dict(kept["result"])
        except (KeyError, TypeError, ValueError):
            return "", None
        return (key, result) if result.student == student else ("", None)

    def write_record(self, key, result):
        """Keep what became of a student."""
        _write_json(self._path_of(result.student), {"key": key, "result": asdict(result)})

    def _path_of(self, student):
        return self.path / "students" / f"{safe_name(student)}.json"

    def read_results(self):
        """Return the results of the last run by student, with the marks given by hand.

        They are in the order of the roster, without those that have not been marked yet.
        """
        settings = self.read_settings()
        if settings is None:
            raise GraderError(f"nothing has been graded yet to {self.grades}: no {self.path}")
        manual = self.read_manual()
        results = [self.read_record(row["student"])[1] for row in settings["students"]]
        return {result.student: apply_manual(result, manual) for result in results if result}

    def read_manual(self):
        """Return the marks given by hand: by student, by question."""
        return _read_json(self.path / "manual.json") or {}

    def add_manual(self, results, marks):
        """Keep marks given by hand: by student and question, pairs of points and comment."""
        manual = self.read_manual()
        for student, given in marks.items():
            answers = {question.name: question.answer for question in results[student].questions}
            for name, (points, comment) in given.items():
                mark = {"answer": _hash(answers[name]), "points": points, "comment": comment}
                manual.setdefault(student, {})[name] = mark
        _write_json(self.path / "manual.json", manual)


def apply_manual(result, manual):
    """Return a result with the marks given by hand for these very answers."""
    marks = manual.get(result.student, {})

    def apply(question):
        mark = marks.get(question.name)
        if mark is None or mark["answer"] != _hash(question.answer):
            return question
        return question.marked_by_hand(mark["points"], mark["comment"])

    return replace(result, questions=tuple(map(apply, result.questions)))


def _hash(answer):
    return hashlib.sha256(answer.encode("utf-8", "replace")).hexdigest()


def _read_json(path):
    """Return what a JSON file holds; None where there is none, or it is damaged."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def _write_json(path, value):
    # In ASCII, which also holds halves of surrogate pairs.
    write_atomically(path, json.dumps(value, indent=1), encoding="ascii", flush=True)
