"""What an assignment is made of, and what marking yields.

A check draws its inputs anew for every class, from a seed, and judges what the student's
function returned. Only this process, never the student's, knows what was expected.
Results are plain records that are written to disk and read back as they were.
"""

import importlib
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent.parent


class GraderError(Exception):
    """What a teacher can set right; the message says how."""


@dataclass(frozen=True)
class Function:
    """An argument that is itself a function, made in the child from `source`.

    `source` is an expression, such as ``"lambda z: np.sum(a * z**3)"``, that knows ``np`` and the
    names in `constants`.
    """

    source: str
    constants: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One call of a student's function.

    Arguments are None, numbers, arrays, tuples, lists, dicts with strings as keys, or a `Function`.
    """

    function: str
    args: tuple = ()
    kwargs: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of one `Call`, as the child reported it.

    `kind` is "returned", "raised", "unimplemented" (it raised NotImplementedError, as the stub
    does), "undefined" (no cell defines the function), "refused" (it returned something other than
    plain numbers) or "unanswered" (the child ended first, or broke the channel).
    `value` is what it returned: None, a number, an array, or tuples, lists and dicts of these.
    `message` says what went wrong. `changed` are the arguments, by position or keyword, whose
    contents were different after the call; the child says so of itself, so it can be forged.
    """

    kind: str
    value: object = None
    message: str = ""
    changed: tuple[int | str, ...] = ()


Judge = Callable[[list[Call], list[Outcome]], str | None]
Seen = Callable[[list[Call], list[Outcome]], bool]


@dataclass(frozen=True)
class Check:
    """One thing that is asked of an answer, and its points: all of them or none.

    `title` says what is asked, as the student reads it: "each slice sums to one". `make_calls`
    draws the calls. `judge` returns None, or a sentence that says what was given, what came and
    what was expected; it must not raise, whatever came.
    """

    title: str
    points: float
    make_calls: Callable[[np.random.Generator], list[Call]]
    judge: Judge


@dataclass(frozen=True)
class Misconception:
    """A mistake that many make, how it is detected, and where the book treats it.

    `name` is short, such as "no-shift". `title` and `text` say what the mistake is and what helps,
    and `link` is a place in the book's chapters, such as "stability.html#sec-shift". `seen` returns
    whether all calls of the question and their outcomes show the mistake.
    """

    name: str
    title: str
    text: str
    link: str
    seen: Seen


@dataclass(frozen=True)
class Limits:
    """What one question may use. Seconds, bytes, and a number of processes and threads."""

    cpu_seconds: int = 10
    wall_seconds: int = 20
    memory_bytes: int = 1 << 30
    processes: int = 8
    file_bytes: int = 16 << 20
    output_bytes: int = 8 << 20


@dataclass(frozen=True)
class Question:
    """One exercise of an assignment.

    `name` is its column in the marks, and the ``grade_id`` of the answer's cell in the master.
    `title` and `objective` are as in the notebook, and `chapters` the pages of the book that teach
    it, such as "definition". `given` is Python that runs after the student's cells, such as a
    correct version of a function from an earlier question, so that a mistake there does not cost
    points here. `manual_points` are those of an answer in words, given by hand.
    """

    name: str
    title: str
    objective: str
    chapters: tuple[str, ...]
    checks: tuple[Check, ...] = ()
    misconceptions: tuple[Misconception, ...] = ()
    limits: Limits = Limits()
    given: str = ""
    manual_points: float = 0

    @property
    def out_of(self):
        """The points of the question."""
        return self.manual_points + sum(check.points for check in self.checks)

    def draw_calls(self, seed):
        """Return the calls of each check, a list of lists, drawn from the class's seed."""
        name = zlib.crc32(self.name.encode())
        return [
            check.make_calls(np.random.default_rng([seed, name, number]))
            for number, check in enumerate(self.checks)
        ]

    def mark(self, points, reasons, **more):
        """Return the marks of an answer to this question."""
        manual = bool(self.manual_points)
        return QuestionResult(
            self.name, self.title, points, self.out_of, tuple(reasons), manual=manual, **more
        )


@dataclass(frozen=True)
class Assignment:
    """An assignment, such as "hw1", in the variant that its `parameters` choose.

    `prelude` is Python that runs before the student's cells, so that a deleted line of imports
    costs nobody an answer. `libraries` are the distributions that an answer may import, with all
    that they require.
    """

    name: str
    title: str
    questions: tuple[Question, ...]
    prelude: str = "import numpy as np"
    libraries: tuple[str, ...] = ("numpy", "matplotlib")
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def out_of(self):
        """The points of the assignment."""
        return sum(question.out_of for question in self.questions)


def assignment_names():
    """Return the names of all assignments: the folders here that hold a master, hw1/hw1.md."""
    return sorted(path.stem for path in FOLDER.glob("*/*.md") if path.stem == path.parent.name)


def choose_parameters(name, chosen):
    """Return all parameters of an assignment: those `chosen`, and defaults for the others.

    Its module `checks` holds ``PARAMETERS``: for each name the allowed values, the default first.
    """
    if name not in assignment_names():
        known = ", ".join(assignment_names())
        raise GraderError(f"no assignment is called {name!r}; there are: {known}")
    allowed = importlib.import_module(f"coursework.{name}.checks").PARAMETERS
    for key, value in chosen.items():
        if key not in allowed:
            known = ", ".join(allowed) or "none"
            raise GraderError(f"{name} has no parameter {key!r}; its parameters: {known}")
        if value not in allowed[key]:
            values = ", ".join(allowed[key])
            raise GraderError(f"{key}={value} is not a variant of {name}; allowed: {values}")
    return {key: chosen.get(key, values[0]) for key, values in allowed.items()}


def load_assignment(name, parameters=None):
    """Return an `Assignment` by its name, in the variant that `parameters` choose."""
    chosen = choose_parameters(name, parameters or {})
    return importlib.import_module(f"coursework.{name}.checks").make_assignment(**chosen)


def parse_variant(text):
    """Return the parameters in a text such as ``"base=2 penalty=full"``."""
    parts = text.replace(",", " ").split()
    for part in parts:
        if not re.fullmatch(r"[\w-]+=[\w.-]+", part):
            raise GraderError(f"{part!r} is not of the form name=value, such as base=2")
    return dict(part.split("=", 1) for part in parts)


# --- results ------------------------------------------------------------------------------------

# The states of a question, and of a submission, from good to bad: a submission is as bad as
# its worst question.
OK = "ok"
AWAITING = "awaiting marks"  # an answer in words that nobody has marked yet
OUTPUT = "too much output"
TIMEOUT = "timeout"
MEMORY = "out of memory"
CRASHED = "crashed"
UNREADABLE = "unreadable"  # a file is there, but it is not a notebook in Python
MISSING = "missing"  # on the roster, but nothing was handed in
FAILED = "grader failed"  # our own mistake: the teacher has to look
STATES = (OK, AWAITING, OUTPUT, TIMEOUT, MEMORY, CRASHED, UNREADABLE, MISSING, FAILED)

LONGEST_ANSWER = 20_000  # characters of an answer in words; a cell of Excel holds 32,767


class Cause(StrEnum):
    """Why points are missing, in words, and the status of a question that this befalls.

    `output.wording.say` puts the details of a `Reason` into the words.
    """

    words: str
    status: str

    def __new__(cls, value, words, status=OK):
        """Return the cause with this value, its words and its status."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.words, member.status = words, status
        return member

    # Nothing is there to be checked.
    STUB = "stub", "not answered: the function raises NotImplementedError"
    UNDEFINED = "undefined", "{} is not defined in any cell that ran"
    UNWRITTEN = "unwritten", "nothing was written"
    DEFINES_OTHERS = "defines-others", "the notebook defines {}"
    # An answer is there.
    RAISE_LEFT = (
        "raise-left",
        "in code cell {}, line {}, raise NotImplementedError is still above your code, so Python "
        "never reaches it: delete that line",
    )
    NOT_CODE = (
        "not-code",
        "it is in a {} cell, number {} of all cells, and only code cells are run: change the type "
        "of the cell to Code",
    )
    CELL_ERROR = "cell-error", "{}"
    CHECKS_MISSED = "checks-missed", "{} of {} checks missed: {}"  # the message of the first
    AWAITING = "awaiting", "to be marked by hand", AWAITING
    BY_HAND = "by-hand", "marked by hand, not all points"
    COMMENT = "comment", "{}"
    # The process was stopped, or ended itself.
    WALL_TIME = "wall-time", "no answer within {} s", TIMEOUT
    CPU_TIME = "cpu-time", "it used more than {} s of computing time", TIMEOUT
    MEMORY_LIMIT = "memory-limit", "it used more than {} of memory", MEMORY  # in bytes
    MEMORY_ERROR = "memory-error", "there was not enough memory: {}", MEMORY
    OUTPUT_LIMIT = "output-limit", "it printed more than {}", OUTPUT  # in bytes
    FILE_LIMIT = "file-limit", "it created more than {:,} files", MEMORY
    PROCESS_LIMIT = "process-limit", "it started more than {} processes", CRASHED
    PROTOCOL = "protocol", "the process was stopped: {}", CRASHED
    CHANNEL_CLOSED = "channel-closed", "the process closed the channel of the grader", CRASHED
    SIGNAL = "signal", "the process died of signal {} ({})", CRASHED
    EXITED = "exited", "the process ended itself (exit code {}) before it had answered", CRASHED
    # No notebook was marked.
    NOTHING_HANDED_IN = "nothing-handed-in", "nothing was handed in", MISSING
    NO_FILES = "no-files", "{}", MISSING
    NO_NOTEBOOK = "no-notebook", "{}", UNREADABLE
    BAD_FILE = "bad-file", "{}", UNREADABLE
    FILE_LOST = "file-lost", "the file could not be read any more", UNREADABLE
    GRADER_FAILED = "grader-failed", "the grader failed ({})", FAILED
    TASK_LOST = "task-lost", "{}", FAILED


@dataclass(frozen=True)
class Reason:
    """A cause and what belongs to it: numbers, names, or text that a student may have written."""

    cause: Cause
    details: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """The points of one check; `message` says why they are not all there."""

    title: str
    points: float
    out_of: float
    message: str = ""


@dataclass(frozen=True)
class QuestionResult:
    """The marks of one question.

    `reasons` are empty only where all is well; the first counts most. `answer` is an answer in
    words, and `comment` what the person who marked it wrote. `detected` are the names of
    misconceptions.
    """

    name: str
    title: str
    points: float
    out_of: float
    reasons: tuple[Reason, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    detected: tuple[str, ...] = ()
    manual: bool = False
    answer: str = ""
    comment: str = ""

    @property
    def status(self):
        """The worst status of its reasons."""
        return _find_worst(reason.cause.status for reason in self.reasons)

    @property
    def is_unanswered(self):
        """Whether nothing was written, or the function is as it was given out or is not there."""
        if self.manual:
            return not self.answer
        causes = {reason.cause for reason in self.reasons}
        return not self.points and not causes.isdisjoint((Cause.STUB, Cause.UNDEFINED))

    def marked_by_hand(self, points, comment):
        """Return the question with the points and the comment of a person."""
        reason = Reason(Cause.COMMENT, (comment,)) if comment else Reason(Cause.BY_HAND)
        reasons = () if points == self.out_of else (reason,)
        return replace(self, points=points, reasons=reasons, comment=comment)


@dataclass(frozen=True)
class Result:
    """The marks of one student: a row of grades.csv.

    `reason` says why there are no marks at all; `seed` and `parameters` reproduce the marks;
    `sha256` is that of the file as handed in; `penalty`, in points, is subtracted in `total`.
    `note` is what is worth saying of the student's files, and `attention` asks the teacher to
    look at them; `doubt` is what the notebook itself says against its marks.
    """

    student: str
    assignment: str
    seed: int
    questions: tuple[QuestionResult, ...] = ()
    reason: Reason | None = None
    parameters: dict = field(default_factory=dict)
    file: str = ""
    sha256: str = ""
    submitted: str = ""
    late_hours: float = 0.0
    penalty: float = 0.0
    seconds: float = 0.0
    note: str = ""
    attention: bool = False
    doubt: str = ""

    @property
    def status(self):
        """That of the reason; without one, the worst of the questions."""
        if self.reason:
            return self.reason.cause.status
        return _find_worst(question.status for question in self.questions)

    @property
    def points(self):
        """The points of all questions, before a penalty for lateness."""
        return sum(question.points for question in self.questions)

    @property
    def out_of(self):
        """The points that could be had."""
        return sum(question.out_of for question in self.questions)

    @property
    def total(self):
        """The points that count."""
        return max(0.0, self.points - self.penalty)

    @property
    def is_unanswered(self):
        """Whether there is an answer to none of the questions."""
        return not self.reason and all(question.is_unanswered for question in self.questions)


def _find_worst(states):
    return max(states, key=STATES.index, default=OK)


def from_dict(record):
    """Return the `Result` that `dataclasses.asdict` made `record` from.

    For a record of another shape, such as one of an older version, the error is a KeyError,
    TypeError or ValueError.
    """
    questions = tuple(map(_read_question, record["questions"]))
    return Result(**record | {"questions": questions, "reason": _read_reason(record["reason"])})


def _read_question(record):
    parts = {
        "reasons": tuple(map(_read_reason, record["reasons"])),
        "checks": tuple(CheckResult(**check) for check in record["checks"]),
        "detected": tuple(record["detected"]),
    }
    return QuestionResult(**record | parts)


def _read_reason(record):
    return record and Reason(Cause(record["cause"]), tuple(record["details"]))
