"""What the tests of the sandbox share: short limits, and answers made from a few lines."""

import ast
import functools
import os
import textwrap

import psutil
import pytest

from coursework.grader.model import Call, Limits
from coursework.grader.output.wording import say
from coursework.grader.sandbox.host import SandboxError, check_sandbox, run_calls

# The wall clock also counts what other processes of the machine take.
QUICK = Limits(cpu_seconds=3, wall_seconds=60, memory_bytes=512 << 20, processes=12)

# An answer may return numbers only: what holds a text comes as the bytes of its source.
_IN_NUMBERS = """
import numpy as _numpy
_inner = f
def f(*args):
    found = _inner(*args)
    source = repr(found)
    if not {"'", '"'} & set(source):
        return False, found
    return True, _numpy.frombuffer(source.encode("utf-8", "surrogatepass"), _numpy.uint8)
"""


@functools.cache
def why_not():
    """Return why the sandbox does not work here, or None."""
    try:
        check_sandbox()
    except SandboxError as error:
        return str(error)
    return None


def require_sandbox():
    """Pass over a test where the sandbox does not work; in continuous integration, fail."""
    if why_not() is None:
        return
    if os.environ.get("CI"):
        pytest.fail(why_not(), pytrace=False)
    pytest.skip(why_not())


def find_children():
    """Return the processes below this one."""
    return set(psutil.Process().children(recursive=True))


def answer(body, argument="x=None"):
    """Return a cell that defines `f` with these lines as its body."""
    return f"def f({argument}):\n" + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")


def run(body, *calls, limits=QUICK, **options):
    """Return the `Run` of an answer; by default of one call without arguments."""
    calls = [Call("f", args) for args in calls] or [Call("f")]
    return run_calls([answer(body)], calls, limits=limits, **options)


def make_cells(sources, kind="code"):
    """Return cells as `read_notebook` does."""
    return [{"cell_type": kind, "source": source, "metadata": {}} for source in sources]


def status_of(result):
    """Return the status of a question whose run this was."""
    return result.reason.cause.status if result.reason else "ok"


def value(body, *calls, **options):
    """Return what an answer returned to its only call; all must be well."""
    calls = [Call("f", args) for args in calls] or [Call("f")]
    options = {"limits": QUICK, **options}
    result = run_calls([answer(body), _IN_NUMBERS], calls, **options)
    assert say(result.reason) == "", result
    (outcome,) = result.outcomes
    assert outcome.kind == "returned", outcome
    in_words, found = outcome.value
    return ast.literal_eval(bytes(found).decode("utf-8", "surrogatepass")) if in_words else found
