"""Marks one notebook: runs each question in a child of its own and judges what came back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from coursework.grader import model
from coursework.grader.marking.magics import to_python
from coursework.grader.model import (
    Assignment,
    CheckResult,
    Outcome,
    Question,
    QuestionResult,
    Recognized,
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
    all_is_well = points == question.out_of
    recognized = () if all_is_well else _recognize(question, calls, run.outcomes)
    cause = "" if all_is_well else _find_cause(run.outcomes)
    return QuestionResult(
        name=question.name,
        title=question.title,
        points=points,
        out_of=question.out_of,
        status=run.status,
        reason=""
        if all_is_well and run.status == model.OK
        else _reason(calls, run, checks, cause, texts),
        seconds=run.seconds,
        checks=checks,
        recognized=recognized,
        cause=cause,
    )


def _awaiting(question, answer):
    """Return an answer in words, to be marked by hand; one that is not there has its mark."""
    written = bool(answer.strip())
    return QuestionResult(
        name=question.name,
        title=question.title,
        points=0.0,
        out_of=question.out_of,
        status=model.AWAITING if written else model.OK,
        reason="to be marked by hand" if written else "nothing was written",
        manual=True,
        answer=answer,
        cause="" if written else model.UNWRITTEN,
    )


def _judge(question, calls_of_checks, outcomes):
    outcomes = iter(outcomes)
    judged = []
    for check, calls in zip(question.checks, calls_of_checks, strict=True):
        message = check.judge(calls, [next(outcomes) for _ in calls])
        points = 0.0 if message else float(check.points)
        judged.append(CheckResult(check.title, points, check.points, message or ""))
    return tuple(judged)


def _recognize(question, calls, outcomes):
    return tuple(
        Recognized(item.name, item.title, item.text, item.link)
        for item in question.misconceptions
        if _is_seen(item, calls, outcomes)
    )


def _is_seen(item, calls, outcomes):
    """Return whether a misconception is seen; a value that cannot be looked at shows none."""
    try:
        return bool(item.seen(calls, outcomes))
    except (ArithmeticError, AttributeError, LookupError, MemoryError, TypeError, ValueError):
        return False


def _find_cause(outcomes: Sequence[Outcome]):
    """Return one of the causes in `results` where there is nothing to check; else ''."""
    if outcomes and all(_is_stub(outcome) for outcome in outcomes):
        return model.STUB
    if outcomes and all(outcome.kind == "undefined" for outcome in outcomes):
        return model.UNDEFINED
    return ""


def _is_stub(outcome):
    return outcome.kind == "raised" and outcome.message.startswith("NotImplementedError")


def _reason(calls, run: Run, checks, cause, texts):
    """Say in one line why the question has not all its points."""
    parts = [run.reason] if run.reason else []
    if cause == model.STUB:
        parts.append("not answered: the function raises NotImplementedError")
        return "; ".join(parts)
    undefined = {
        call.function
        for call, outcome in zip(calls, run.outcomes, strict=True)
        if outcome.kind == "undefined"
    }
    for name in sorted(undefined):
        parts += [f"{name} is not defined in any cell that ran", *_find_in_texts(name, texts)]
    parts += run.problems[:SHOWN_PROBLEMS]
    missed = sum(check.points < check.out_of for check in checks)
    if missed and not undefined and not run.reason:
        parts.append(f"{missed} of {len(checks)} checks missed: {_first_words(checks)}")
    return "; ".join(parts)


def _find_in_texts(name, cells):
    """Yield where a function is defined in a cell that is not code."""
    for number, cell in enumerate(cells, start=1):
        kind = NOT_CODE.get(cell["cell_type"])
        if kind and re.search(rf"\b(def|class)\s+{name}\b|\b{name}\s*=", cell["source"]):
            yield (
                f"it is in a {kind} cell, number {number} of all cells, and only code cells are "
                "run: change the type of the cell to Code"
            )
            return


def _first_words(checks):
    """Return what the first missed check says."""
    return next(check.message for check in checks if check.points < check.out_of)
