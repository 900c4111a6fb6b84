"""Marks one notebook: runs each question in its own process and judges what came back."""

from __future__ import annotations

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
    Outcome,
    Question,
    QuestionResult,
    Reason,
)
from coursework.grader.sandbox.host import Run, run_calls

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

    Parameters
    ----------
    assignment : Assignment
    cells : sequence of str
        The sources of the code cells, in the order of the notebook.
    seed : int
        The class's seed: the same seed draws the same inputs.
    sandbox : bool
        False runs the answers without bubblewrap.
    answers : mapping of str to str, optional
        The answers in words, by question.
    texts : sequence of dict
        All cells of the notebook: an answer in one that is not code is named in the reason.

    Raises
    ------
    SandboxError
        Where bubblewrap does not work.
    """
    answers = answers or {}
    cells = to_python(cells)
    return tuple(
        mark_question(
            question,
            cells,
            seed=seed,
            assignment=assignment,
            sandbox=sandbox,
            answer=answers.get(question.name, ""),
            texts=texts,
        )
        for question in assignment.questions
    )


def mark_question(
    question: Question,
    cells: Sequence[str],
    *,
    seed: int,
    assignment: Assignment,
    sandbox: bool = True,
    answer: str = "",
    texts: Sequence[Mapping] = (),
) -> QuestionResult:
    """Return the marks of one question; parameters as in `mark_cells`, and cells in Python."""
    if not question.checks:
        return _awaiting(question, answer)
    calls_of_checks = question.draw_calls(seed)
    calls = [call for calls in calls_of_checks for call in calls]
    given = [question.given] if question.given else []
    run = run_calls(
        [*cells, *given],
        calls,
        limits=question.limits,
        prelude=assignment.prelude,
        libraries=assignment.libraries,
        sandbox=sandbox,
    )
    checks = _judge(question, calls_of_checks, run.outcomes)
    points = sum(check.points for check in checks)
    full = points == question.out_of
    detected = () if full else _detect(question, calls, run.outcomes)
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
        detected=detected,
    )


def _awaiting(question, answer):
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


def _judge(question, calls_of_checks, outcomes):
    outcomes = iter(outcomes)
    judged = []
    for check, calls in zip(question.checks, calls_of_checks, strict=True):
        message = check.judge(calls, [next(outcomes) for _ in calls])
        points = 0.0 if message else float(check.points)
        judged.append(CheckResult(check.title, points, check.points, message or ""))
    return tuple(judged)


def _detect(question, calls, outcomes):
    return tuple(
        DetectedMisconception(item.name, item.title, item.text, item.link)
        for item in question.misconceptions
        if _is_seen(item, calls, outcomes)
    )


def _is_seen(item, calls, outcomes):
    """Return whether a misconception is seen; a value that cannot be looked at shows none."""
    try:
        return bool(item.seen(calls, outcomes))
    except STRANGE:
        return False


def _find_cause(outcomes: Sequence[Outcome]):
    """Return the cause where no call reached an answer; else None."""
    kinds = {outcome.kind for outcome in outcomes}
    if len(kinds) != 1:
        return None
    return {"unimplemented": Cause.STUB, "undefined": Cause.UNDEFINED}.get(*kinds)


def _give_reasons(calls, run: Run, checks, cause, texts):
    """Yield why the question has not all its points."""
    if run.reason:
        yield run.reason
    if cause == Cause.STUB:
        yield Reason(cause)
        return
    undefined = {
        call.function
        for call, outcome in zip(calls, run.outcomes, strict=True)
        if outcome.kind == "undefined"
    }
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
