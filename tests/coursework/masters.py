"""The masters of the assignments with their solutions, and answers judged in this process."""

import functools
import itertools

import numpy as np

from coursework.grader.model import Outcome, load_assignment
from coursework.hw1.reference import build
from coursework.release import master
from coursework.release.master import grade_id


@functools.cache
def read_master(name, **parameters):
    """Return the notebook of a variant, with its solutions: to be read, and not to be changed."""
    assignment = load_assignment(name, parameters)
    text, values = master.read_master(assignment)
    return master.make_notebook(master.render(text, values | {"book": "../"}), assignment)


def code_of(notebook):
    """Return the sources of the code cells."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def sources_of(notebook):
    """Return the sources of the cells that nbgrader knows, by their names."""
    return {grade_id(cell): cell.source for cell in notebook.cells if grade_id(cell)}


def find_question(name, question, **parameters):
    """Return a question of an assignment."""
    return next(q for q in load_assignment(name, parameters).questions if q.name == question)


def define(*sources):
    """Return what some cells define."""
    names = {"np": np}
    for source in sources:
        exec(source, names)
    return names


def judge(asked, functions, seed):
    """Return the points of functions and the names of the mistakes that are recognized.

    They are called here, which is quicker than in a child, and as honest.
    """
    exec(asked.given, functions)
    drawn = asked.draw_calls(seed)
    outcomes = [[_call(functions[call.function], call) for call in calls] for calls in drawn]
    points = sum(
        0 if check.judge(calls, came) else check.points
        for check, calls, came in zip(asked.checks, drawn, outcomes, strict=True)
    )
    both = [list(itertools.chain(*lists)) for lists in (drawn, outcomes)]
    return points, [item.name for item in asked.misconceptions if item.seen(*both)]


def _call(function, call):
    """Return what the child would report of a call."""
    args = [_copy(value) for value in call.args]
    try:
        with np.errstate(all="ignore"):
            value = function(*args, **call.kwargs)
    except Exception as error:
        return Outcome("raised", message=f"{type(error).__name__}: {error}")
    pairs = enumerate(zip(args, call.args, strict=True))
    changed = [n for n, (now, was) in pairs if not callable(now) and not np.array_equal(now, was)]
    return Outcome("returned", value, changed=tuple(changed))


def _copy(value):
    if hasattr(value, "source"):
        return build(value)
    return value.copy() if isinstance(value, np.ndarray) else value
