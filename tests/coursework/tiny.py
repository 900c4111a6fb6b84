"""An assignment so small that the tests of a class need neither a sandbox nor time."""

import json
import os

from coursework.grader.inbox.roster import parse_due
from coursework.grader.marking.free_response import extract_answer
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
from coursework.grader.workers.processes import Pool

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


class Here(Pool):
    """Runs tasks in this process, and records whose they were."""

    def __init__(self):
        super().__init__(timeout=1)
        self.begun = []

    def _run_side_by_side(self, function, tasks):
        for name, task in tasks.items():
            self.begun.append(name)
            yield name, function(*task())


def mark_tiny(assignment, cells, *, seed, sandbox, released):
    """Return marks that depend on the first cell, with an answer in words."""
    first = cells[0]["source"]
    if "die" in first:
        raise MemoryError
    points, told = (8.0, "") if "2" in first else (0.0, "not \ud800 the double")
    missed = Reason(Cause.CHECKS_MISSED, (1, 1, told))
    reason = Reason(Cause.STUB) if "stub" in first else missed
    checks = (CheckResult("doubles", points, 8, told),)
    reasons = (reason,) if told else ()
    code = QuestionResult("double", "Double", points, 8, reasons, checks=checks)
    answer = extract_answer(cells, "essay", released, ["double", "essay"])
    reasons = (Reason(Cause.AWAITING if answer else Cause.UNWRITTEN),)
    words = QuestionResult("essay", "In words", 0.0, 2, reasons, manual=True, answer=answer)
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
