"""An assignment so small that the tests of a class need neither a sandbox nor time."""

import json
import os

from coursework.grader import model
from coursework.grader.inbox.roster import parse_due
from coursework.grader.marking import grade
from coursework.grader.model import (
    Assignment,
    Call,
    Cause,
    Check,
    CheckResult,
    Question,
    QuestionResult,
    Reason,
)
from coursework.grader.workers.processes import Processes

ESSAY = "Because."


def make_calls(rng):
    return [Call("double", (float(rng.integers(100)),))]


def judge(calls, outcomes):
    return None


TINY = Assignment(
    "hw1",
    "Doubling",
    (
        Question("double", "Double", "", (), (Check("doubles", 8, make_calls, judge),)),
        Question("essay", "In words", "", (), manual_points=2),
    ),
    parameters={"base": "e"},
)


class Here(Processes):
    """Runs tasks in this process, and records whose they were."""

    def __init__(self):
        super().__init__(jobs=1, timeout=1)
        self.begun = []

    def _start(self, tasks):
        for function, arguments, _ in tasks:
            self.begun.append(arguments[1])
            yield function(*arguments)


def mark_tiny(assignment, cells, *, seed, sandbox, answers, texts):
    """Return marks that depend on the first cell, with an answer in words."""
    if "die" in cells[0]:
        raise MemoryError
    points, told = (8.0, "") if "2" in cells[0] else (0.0, "not \ud800 the double")
    cause = Cause.STUB if "stub" in cells[0] else None
    checks = (CheckResult("doubles", points, 8, told),)
    reasons = (Reason(Cause.CHECKS_MISSED, (1, 1, told)),) if told else ()
    kept = {"cause": cause, "reasons": reasons, "checks": checks}
    code = QuestionResult("double", "Double", points, 8, **kept)
    answer = answers["essay"]
    cause = Cause.AWAITING if answer else Cause.UNWRITTEN
    status = model.AWAITING if answer else model.OK
    words = QuestionResult(
        "essay",
        "In words",
        0.0,
        2,
        status,
        manual=True,
        answer=answer,
        cause=cause,
        reasons=(Reason(cause),),
    )
    return code, words


def write_tiny(folder, code, words=ESSAY, hours=0, name="hw1.ipynb"):
    """Write a submission that was changed last some hours after a certain noon."""
    folder.mkdir(parents=True, exist_ok=True)
    essay = {"nbgrader": {"grade_id": "essay"}}
    cells = [
        {"cell_type": "code", "source": code},
        {"cell_type": "markdown", "source": words, "metadata": essay},
    ]
    path = folder / name
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}))
    when = parse_due("2025-11-30T12:00+00:00").timestamp() + 3600 * hours
    os.utime(path, (when, when))


CACHES = (grade._version_here, grade._check_sandbox_once)


def forget():
    """Forget what this process knows of the sandbox and of the grader's sources."""
    for cache in CACHES:
        cache.cache_clear()
