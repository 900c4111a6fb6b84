"""Marks one notebook: runs each question in its own process and judges what came back."""

import contextlib
import re
from collections.abc import Mapping, Sequence

from coursework.grader.marking.compare import STRANGE
from coursework.grader.marking.free_response import extract_answer
from coursework.grader.marking.magics import to_python
from coursework.grader.marking.notebook import get_dict
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
# A statement after this one, in the same block, is never reached.
LEFT_RAISE = re.compile(
    r"^([ \t]+)raise NotImplementedError\b.*\n(?:[ \t]*(?:#.*)?\n)*\1[^\s#]", re.MULTILINE
)
SHOWN_NAMES = 10  # of the functions that a notebook defines
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

    `texts` are all its cells: an answer in one that is not code is named in the reason, and so
    are functions with other names.
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
        _give_reasons(calls, run, checks, code, texts),
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


def _give_reasons(calls, run, checks, code, texts):
    if run.reason:
        yield run.reason
    missed = [check for check in checks if check.points < check.out_of]
    if not missed:
        return
    if all(outcome.kind == "unimplemented" for outcome in run.outcomes):
        names = sorted({call.function for call in calls})
        for name in names:
            yield from _find_left_raise(name, code)
        yield Reason(Cause.STUB)
        for name in names:
            yield from _find_in_texts(name, texts)
        return
    pairs = zip(calls, run.outcomes, strict=True)
    undefined = {call.function for call, outcome in pairs if outcome.kind == "undefined"}
    for name in sorted(undefined):
        yield Reason(Cause.UNDEFINED, (name,))
        yield from _find_in_texts(name, texts)
        others = [
            other
            for cell in texts
            if cell["cell_type"] == "code"
            and not get_dict(cell["metadata"], "nbgrader").get("locked")
            for other in re.findall(r"^def (\w+)", cell["source"], re.MULTILINE)
        ]
        if others and name not in others:
            yield Reason(Cause.DEFINES_OTHERS, (", ".join(others[:SHOWN_NAMES]),))
    for problem in run.problems[:SHOWN_PROBLEMS]:
        yield Reason(Cause.CELL_ERROR, (problem,))
    if not undefined and not run.reason:
        yield Reason(Cause.CHECKS_MISSED, (len(missed), len(checks), missed[0].message))


def _find_left_raise(name, code):
    """Yield where the answer is below the statement that was given out in its place."""
    for number, source in enumerate(code, start=1):
        left = LEFT_RAISE.search(source)
        if left and re.search(rf"^def {name}\b", source, re.MULTILINE):
            line = source.count("\n", 0, left.start()) + 1
            yield Reason(Cause.RAISE_LEFT, (number, line))
            return


def _find_in_texts(name, cells):
    """Yield where a function is defined in a cell that is not code."""
    for number, cell in enumerate(cells, start=1):
        kind = NOT_CODE.get(cell["cell_type"])
        if kind and re.search(rf"\b(def|class)\s+{name}\b|\b{name}\s*=", cell["source"]):
            yield Reason(Cause.NOT_CODE, (kind, number))
            return
