"""Marks one notebook: runs each question in its own process and judges what came back."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence

from coursework.grader.marking.compare import STRANGE
from coursework.grader.marking.magics import to_python
from coursework.grader.model import (
    AWAITING,
    OK,
    Assignment,
    Cause,
    CheckResult,
    DetectedMisconception,
    Question,
    QuestionResult,
    Reason,
)
from coursework.grader.sandbox.host import run_calls

NOT_CODE = {"markdown": "Markdown", "raw": "raw"}  # types of cells, in words
SHOWN_PROBLEMS = 3  # of the errors in a submission's cells, in the reason for its marks


def mark_cells(
    assignment: Assignment,
    cells: Sequence[str],
    *,
    seed: int,
    sandbox: bool = True,
    answers: Mapping[str, str] | None = None,
    texts: Sequence[Mapping] = (),
) -> tuple[QuestionResult, ...]:
    """Return the marks of a notebook, question by question.

    `cells` are the sources of its code cells in order, and `answers` the answers in words, by
    question. `texts` are all its cells: an answer in one that is not code is named in the reason.
    The same `seed` draws the same inputs. Without `sandbox`, answers run without bubblewrap.
    """
    cells = to_python(cells)
    return tuple(
        mark_question(
            question, cells, seed=seed, assignment=assignment, sandbox=sandbox, texts=texts
        )
        if question.checks
        else _await_marks(question, (answers or {}).get(question.name, ""))
        for question in assignment.questions
    )


def mark_question(
    question: Question,
    cells: Sequence[str],
    *,
    seed: int,
    assignment: Assignment,
    sandbox: bool = True,
    texts: Sequence[Mapping] = (),
) -> QuestionResult:
    """Return the marks of an answer in code; parameters as in `mark_cells`, and cells in Python."""
    calls_of_checks = question.draw_calls(seed)
    calls = [call for calls in calls_of_checks for call in calls]
    run = run_calls(
        [*cells, question.given],
        calls,
        limits=question.limits,
        prelude=assignment.prelude,
        libraries=assignment.libraries,
        sandbox=sandbox,
    )
    outcomes = iter(run.outcomes)
    checks = tuple(
        _judge(check, calls, [next(outcomes) for _ in calls])
        for check, calls in zip(question.checks, calls_of_checks, strict=True)
    )
    points = sum(check.points for check in checks)
    full = points == question.out_of
    cause = None if full else _find_cause(run.outcomes)
    reasons: tuple[Reason, ...] = ()
    if not full or run.status != OK:
        reasons = tuple(_give_reasons(calls, run, checks, cause, texts))
        cause = cause or reasons[0].cause
    return QuestionResult(
        name=question.name,
        title=question.title,
        points=points,
        out_of=question.out_of,
        status=run.status,
        cause=cause,
        reasons=reasons,
        seconds=run.seconds,
        checks=checks,
        detected=() if full else _detect(question, calls, run.outcomes),
    )


def _await_marks(question, answer):
    """Return an answer in words, to be marked by hand; one that is not there has its mark."""
    written = bool(answer.strip())
    cause = Cause.AWAITING if written else Cause.UNWRITTEN
    return QuestionResult(
        name=question.name,
        title=question.title,
        points=0.0,
        out_of=question.out_of,
        status=AWAITING if written else OK,
        cause=cause,
        reasons=(Reason(cause),),
        manual=True,
        answer=answer,
    )


def _judge(check, calls, outcomes):
    message = check.judge(calls, outcomes) or ""
    points = 0.0 if message else float(check.points)
    return CheckResult(check.title, points, check.points, message)


def _detect(question, calls, outcomes):
    """Return the misconceptions that are seen; a value that cannot be looked at shows none."""
    detected = []
    for item in question.misconceptions:
        with contextlib.suppress(*STRANGE):
            if item.seen(calls, outcomes):
                shown = DetectedMisconception(item.name, item.title, item.text, item.link)
                detected.append(shown)
    return tuple(detected)


def _find_cause(outcomes):
    """Return the cause where no call reached an answer; else None."""
    kinds = {outcome.kind for outcome in outcomes}
    causes = {"unimplemented": Cause.STUB, "undefined": Cause.UNDEFINED}
    return causes.get(kinds.pop()) if len(kinds) == 1 else None


def _give_reasons(calls, run, checks, cause, texts):
    """Yield why the question has not all its points."""
    if run.reason:
        yield run.reason
    if cause == Cause.STUB:
        yield Reason(cause)
        return
    pairs = zip(calls, run.outcomes, strict=True)
    undefined = {call.function for call, outcome in pairs if outcome.kind == "undefined"}
    for name in sorted(undefined):
        yield Reason(Cause.UNDEFINED, (name,))
        yield from _find_in_texts(name, texts)
    for problem in run.problems[:SHOWN_PROBLEMS]:
        yield Reason(Cause.CELL_ERROR, (problem,))
    missed = [check for check in checks if check.points < check.out_of]
    if missed and not undefined and not run.reason:
        yield Reason(Cause.CHECKS_MISSED, (len(missed), len(checks), missed[0].message))


def _find_in_texts(name, cells):
    """Yield where a function is defined in a cell that is not code."""
    for number, cell in enumerate(cells, start=1):
        kind = NOT_CODE.get(cell["cell_type"])
        if kind and re.search(rf"\b(def|class)\s+{name}\b|\b{name}\s*=", cell["source"]):
            yield Reason(Cause.NOT_CODE, (kind, number))
            return
