"""Marks one notebook: runs each question in its own process and judges what came back."""

import contextlib
import re
from collections.abc import Mapping, Sequence

from coursework.grader.marking.compare import STRANGE
from coursework.grader.marking.free_response import extract_answer
from coursework.grader.marking.magics import to_python
from coursework.grader.model import (
    Assignment,
    Cause,
    CheckResult,
    Question,
    QuestionResult,
    Reason,
)
from coursework.grader.sandbox.host import run_calls

NOT_CODE = {"markdown": "Markdown", "raw": "raw"}  # types of cells, in words
SHOWN_PROBLEMS = 3  # of the errors in a submission's cells, in the reason for its marks


def mark_cells(
    assignment: Assignment,
    cells: Sequence[Mapping],
    *,
    seed: int,
    sandbox: bool = True,
    released: Sequence[str] = (),
) -> tuple[QuestionResult, ...]:
    """Return the marks of a notebook, question by question.

    `cells` are those of `read_notebook`, and `released` the texts that were given out. The same
    `seed` draws the same inputs. Without `sandbox`, answers run without bubblewrap.
    """

    def mark(question):
        if question.checks:
            return mark_question(
                question, code, seed=seed, assignment=assignment, sandbox=sandbox, texts=cells
            )
        answer = extract_answer(cells, question.name, released, names)
        reason = Reason(Cause.AWAITING if answer else Cause.UNWRITTEN)
        return question.mark(0.0, [reason], answer=answer)

    code = to_python([cell["source"] for cell in cells if cell["cell_type"] == "code"])
    names = [question.name for question in assignment.questions]
    return tuple(map(mark, assignment.questions))


def mark_question(
    question: Question,
    code: Sequence[str],
    *,
    seed: int,
    assignment: Assignment,
    sandbox: bool = True,
    texts: Sequence[Mapping] = (),
) -> QuestionResult:
    """Return the marks of an answer in code, the Python of a notebook's code cells.

    `texts` are all its cells: an answer in one that is not code is named in the reason.
    """
    calls_of_checks = question.draw_calls(seed)
    calls = [call for calls in calls_of_checks for call in calls]
    run = run_calls(
        [*code, question.given],
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
    missed = points < question.out_of
    return question.mark(
        points,
        _give_reasons(calls, run, checks, texts),
        checks=checks,
        detected=tuple(_detect(question, calls, run.outcomes)) if missed else (),
    )


def _judge(check, calls, outcomes):
    message = check.judge(calls, outcomes) or ""
    points = 0.0 if message else float(check.points)
    return CheckResult(check.title, points, check.points, message)


def _detect(question, calls, outcomes):
    """Yield the misconceptions that are seen; a value that cannot be looked at shows none."""
    for item in question.misconceptions:
        with contextlib.suppress(*STRANGE):
            if item.seen(calls, outcomes):
                yield item.name


def _give_reasons(calls, run, checks, texts):
    if run.reason:
        yield run.reason
    missed = [check for check in checks if check.points < check.out_of]
    if not missed:
        return
    if all(outcome.kind == "unimplemented" for outcome in run.outcomes):
        yield Reason(Cause.STUB)
        return
    pairs = zip(calls, run.outcomes, strict=True)
    undefined = {call.function for call, outcome in pairs if outcome.kind == "undefined"}
    for name in sorted(undefined):
        yield Reason(Cause.UNDEFINED, (name,))
        yield from _find_in_texts(name, texts)
    for problem in run.problems[:SHOWN_PROBLEMS]:
        yield Reason(Cause.CELL_ERROR, (problem,))
    if not undefined and not run.reason:
        yield Reason(Cause.CHECKS_MISSED, (len(missed), len(checks), missed[0].message))


def _find_in_texts(name, cells):
    """Yield where a function is defined in a cell that is not code."""
    for number, cell in enumerate(cells, start=1):
        kind = NOT_CODE.get(cell["cell_type"])
        if kind and re.search(rf"\b(def|class)\s+{name}\b|\b{name}\s*=", cell["source"]):
            yield Reason(Cause.NOT_CODE, (kind, number))
            return
