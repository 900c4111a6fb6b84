"""What marking yields: plain records that are written to disk and read back as they were."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

# The states of a question, and of a submission, from good to bad: a submission is as bad as
# its worst question.
OK = "ok"
AWAITING = "awaiting marks"  # an answer in words that nobody has marked yet
OUTPUT = "too much output"
TIMEOUT = "timeout"
MEMORY = "out of memory"
CRASHED = "crashed"
UNREADABLE = "unreadable"  # a file is there, but it is no notebook in Python
MISSING = "missing"  # on the roster, but nothing was handed in
FAILED = "grader failed"  # our own mistake: the teacher has to look
STATES = (OK, AWAITING, OUTPUT, TIMEOUT, MEMORY, CRASHED, UNREADABLE, MISSING, FAILED)

# Causes of a question without points that no check says: nothing is there to be checked.
STUB = "stub"  # the function is as it was given out
UNDEFINED = "undefined"  # no cell that ran defines the function
UNWRITTEN = "unwritten"  # there is no answer in words


@dataclass(frozen=True)
class CheckResult:
    """The points of one check; `message` says why they are not all there."""

    title: str
    points: float
    out_of: float
    message: str = ""


@dataclass(frozen=True)
class Recognized:
    """A misconception that was recognized: what the student reads."""

    name: str
    title: str
    text: str
    link: str


@dataclass(frozen=True)
class QuestionResult:
    """The marks of one question.

    `reason` is empty only where all is well, and `cause` where there was something to check.
    `answer` is the text of an answer in words, and `comment` what the person who marked it wrote.
    """

    name: str
    title: str
    points: float
    out_of: float
    status: str = OK
    reason: str = ""
    seconds: float = 0.0
    checks: tuple[CheckResult, ...] = ()
    recognized: tuple[Recognized, ...] = ()
    manual: bool = False
    answer: str = ""
    comment: str = ""
    cause: str = ""


@dataclass(frozen=True)
class Result:
    """The marks of one student: a row of grades.csv.

    `seed` and `parameters` reproduce the marks; `sha256` is that of the file as handed in;
    `late_hours` is 0 for a file in time; `penalty` (points) has been subtracted in `total`.
    `note` is what is worth saying of the student's files, and `attention` asks the teacher to
    look at them.
    """

    student: str
    assignment: str
    status: str
    reason: str
    questions: tuple[QuestionResult, ...]
    seed: int
    parameters: dict = field(default_factory=dict)
    file: str = ""
    sha256: str = ""
    submitted: str = ""
    late_hours: float = 0.0
    penalty: float = 0.0
    seconds: float = 0.0
    note: str = ""
    attention: bool = False

    @property
    def points(self):
        """The points of all questions, before a penalty for lateness."""
        return sum(question.points for question in self.questions)

    @property
    def total(self):
        """The points that count."""
        return max(0.0, self.points - self.penalty)

    @property
    def is_unanswered(self):
        """Whether there is an answer to none of the questions."""
        return all(question.cause for question in self.questions)

    @property
    def out_of(self):
        """The points that could be had."""
        return sum(question.out_of for question in self.questions)


def worst(states):
    """Return the worst of some states; OK where there are none."""
    return max(states, key=STATES.index, default=OK)


def to_dict(result):
    """Return a `Result` as what JSON can hold."""
    return asdict(result)


def from_dict(record):
    """Return the `Result` that `to_dict` made `record` from.

    Raises
    ------
    KeyError, TypeError
        Where the record is of another shape, such as one of an older version.
    """
    questions = tuple(
        QuestionResult(
            **{
                **question,
                "checks": tuple(CheckResult(**check) for check in question["checks"]),
                "recognized": tuple(Recognized(**item) for item in question["recognized"]),
            }
        )
        for question in record["questions"]
    )
    return Result(**{**record, "questions": questions})
