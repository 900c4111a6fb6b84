"""Runs the code of strangers in a process of its own, and takes down what it answers.

The process lives under bubblewrap: it has no network and sees Python, a few libraries and
`child.py`, all read-only. It gets a request and answers in plain numbers; see `values`. What it
may use is limited, and whatever it does, `run_calls` returns in time and leaves nothing behind.
"""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import dataclass, field

from . import bubblewrap
from .assignment import Call, Function, Limits, Outcome
from .libraries import LibraryError
from .process import started
from .results import CRASHED, MEMORY, OK, OUTPUT, TIMEOUT
from .values import (
    MAX_LINE,
    ValueProblem,
    clean_text,
    decode,
    encode,
    read_line,
    refuse,
    write_line,
)

MAX_CHANNEL = 2 * MAX_LINE  # bytes of all answers to one question
_STARTUP = 60  # seconds for Python and NumPy to load, on a busy machine
_TICK = 0.1  # seconds between two looks at the memory
_KEPT = 2000  # bytes of the output that are kept, for the reason
_MESSAGE = 800  # characters of one message
_KINDS = ("returned", "raised", "undefined", "refused")


class SandboxError(RuntimeError):
    """The sandbox does not work here; the message says what to do."""


@dataclass(frozen=True)
class Run:
    """What became of the calls of one question.

    Attributes
    ----------
    outcomes : list of Outcome
        Exactly one for each call, in order.
    status : str
        One of `results`: OK, TIMEOUT, MEMORY, OUTPUT, CRASHED.
    reason : str
        In words for the student; empty where `status` is OK.
    seconds : float
        The wall time, with the start of the process.
    problems : list of str
        The exceptions of the cells that were run, in words.
    """

    outcomes: list[Outcome]
    status: str
    reason: str
    seconds: float
    problems: list[str]


def check_sandbox():
    """Run a trivial child once.

    Raises
    ------
    SandboxError
        Where bubblewrap is missing or does not work here.
    """
    run_calls(["def f():\n    return 1"], [Call("f")], limits=Limits())


def run_calls(
    cells: list[str],
    calls: list[Call],
    *,
    limits: Limits,
    prelude: str = "",
    libraries: tuple[str, ...] = ("numpy", "matplotlib"),
    sandbox: bool = True,
) -> Run:
    """Run the cells of a notebook that some calls need, and make the calls.

    Parameters
    ----------
    cells : list of str
        The sources of the code cells, in the order of the notebook. Only those are run that
        the calls need; see `cells.choose`.
    calls : list of Call
    limits : Limits
        For all of this together.
    prelude : str
        Python that runs first.
    libraries : tuple of str
        The distributions that can be imported, with all that they require.
    sandbox : bool
        False runs the same process without a sandbox: it can read and write what we can.

    Returns
    -------
    Run

    Raises
    ------
    SandboxError
        Where the process cannot be started, through no fault of the student's.
    ValueProblem
        Where an argument of a call is not plain.
    """
    if sandbox:
        _require_bubblewrap()
    began = time.monotonic()

    def make_request(packages):
        return _request(cells, calls, limits, prelude, packages, sandbox)

    talk = _Talk(calls, len(cells) + 1)
    try:
        with started(make_request, tuple(libraries), limits, sandbox) as child:
            ending = _listen(child, talk, limits)
    except LibraryError as error:
        raise SandboxError(str(error)) from None
    missing = [Outcome("unanswered", message=ending.reason or "no answer came")]
    outcomes = talk.outcomes + missing * (len(calls) - len(talk.outcomes))
    seconds = time.monotonic() - began
    return Run(outcomes, ending.status, ending.reason, seconds, talk.problems)


@dataclass(frozen=True)
class _Ending:
    status: str
    reason: str = ""


def _require_bubblewrap():
    if not sys.platform.startswith("linux"):
        raise SandboxError(f"the sandbox needs Linux, and this is {sys.platform}. {_WITHOUT}")
    if bubblewrap.find() is None:
        raise SandboxError(
            "the sandbox needs bubblewrap, which is not installed here: on Debian and Ubuntu, "
            f"apt-get install bubblewrap. {_WITHOUT}"
        )


_WITHOUT = (
    "With --no-sandbox the students' code runs as you: it can read, change and delete all that "
    "you can, and use the network."
)


def _request(cells, calls, limits, prelude, packages, sandbox):
    """Return the bytes that tell the child what to do."""
    encoded = [
        [call.function, encode(list(call.args), _function), encode(dict(call.kwargs), _function)]
        for call in calls
    ]
    cpu, memory = limits.cpu_seconds, limits.memory_bytes
    bounds = {
        "RLIMIT_CPU": (cpu, cpu + 1),  # first a signal that says why
        "RLIMIT_AS": (memory, memory),
        "RLIMIT_FSIZE": (limits.file_bytes, limits.file_bytes),
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_NOFILE": (128, 128),
        "RLIMIT_MSGQUEUE": (0, 0),
    }
    if sandbox:  # elsewhere all processes of this user would count
        bounds["RLIMIT_NPROC"] = (limits.processes + 1, limits.processes + 1)
    return write_line(
        {
            "limits": bounds,
            "packages": packages,
            "prelude": prelude,
            "cells": cells,
            "calls": encoded,
        }
    )


def _function(value):
    """Return the encoding of a `Function`, which only we may send."""
    if not isinstance(value, Function):
        refuse(value)
    return ["function", value.source, encode(dict(value.constants))[1]]


class _Broken(Exception):
    """The child sent what no child of ours sends."""


@dataclass
class _Talk:
    """What the child has said so far."""

    calls: list[Call]
    max_problems: int
    outcomes: list[Outcome] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    ready: bool = False
    done: bool = False
    memory: str = ""
    received: int = 0
    rest: list[bytes] = field(default_factory=list)

    def take(self, data):
        """Take some bytes of the channel."""
        self.received += len(data)
        if self.received > MAX_CHANNEL:
            raise _Broken(f"it sent more than {MAX_CHANNEL >> 20} MB of results")
        *lines, rest = data.split(b"\n")
        for line in lines:
            self.take_line(b"".join([*self.rest, line]))
            self.rest = []
        self.rest.append(rest)

    def take_line(self, line):
        """Take one message: its name, and what belongs to it."""
        try:
            name, *parts = read_line(line)
            if self.done or name not in ("ready", "problem", "outcome", "done"):
                raise _Broken("it wrote to the channel of the grader")
            getattr(self, f"take_{name}")(*parts)
        except (ValueProblem, TypeError, ValueError):
            raise _Broken("it wrote to the channel of the grader") from None

    def take_ready(self):
        self.ready = True

    def take_problem(self, text, memory):
        if len(self.problems) >= self.max_problems:
            raise _Broken("it wrote to the channel of the grader")
        self.problems.append(_text(text))
        if memory is True:
            self.memory = self.problems[-1]

    def take_outcome(self, number, kind, value, message, changed, memory):
        if number != len(self.outcomes) or number >= len(self.calls) or kind not in _KINDS:
            raise ValueError
        call = self.calls[number]
        known = {*range(len(call.args)), *call.kwargs}
        if type(changed) is not list or not all(type(c) in (int, str) for c in changed):
            raise TypeError
        changed = tuple(c for c in changed if c in known)
        self.outcomes.append(Outcome(kind, decode(value), _text(message), changed))
        if memory is True:
            self.memory = self.outcomes[-1].message

    def take_done(self):
        if len(self.outcomes) < len(self.calls):
            raise ValueError
        self.done = True


def _text(value):
    """Return a text of the child's as one line that can be written to any file."""
    if type(value) is not str:
        raise TypeError
    return clean_text(" ".join(value.split()), _MESSAGE)


def _listen(child, talk, limits):
    """Take down what a child says until it is done, is killed or has died; return how it ended."""
    written, tail = 0, b""
    deadline = time.monotonic() + _STARTUP
    looked = time.monotonic()
    ended = False
    while True:
        ready = talk.ready
        try:
            arrived = child.read(0 if ended else _TICK)
            talk.take(arrived.get(child.channel, b""))
        except _Broken as broken:
            return _Ending(CRASHED, f"the process was stopped: {broken}")
        new = arrived.get(child.output, b"")
        written, tail = written + len(new), (tail + new)[-_KEPT:]
        now = time.monotonic()
        if talk.ready and not ready:
            deadline = now + limits.wall_seconds
        if written > limits.output_bytes:
            return _Ending(OUTPUT, f"it printed more than {_size(limits.output_bytes)}")
        if talk.done and not new:
            return _last(talk)
        if ended and not any(arrived.values()):
            return _died(child.process.returncode, talk, limits, tail)
        ended = ended or child.process.poll() is not None
        if child.channel not in child.open and not ended:
            ended = child.wait(1) is not None
            if not ended:
                return _Ending(CRASHED, "the process closed the channel of the grader")
        if now > deadline:
            if not talk.ready:
                raise SandboxError(f"the sandbox did not start within {_STARTUP} s")
            return _Ending(TIMEOUT, f"no answer within {limits.wall_seconds} s")
        if now > looked + _TICK:
            looked = now
            if child.memory() > limits.memory_bytes:
                return _Ending(MEMORY, f"it used more than {_size(limits.memory_bytes)} of memory")


def _last(talk):
    """Return the ending of a child that has answered all."""
    raised = any(outcome.kind == "raised" for outcome in talk.outcomes)
    undefined = any(outcome.kind == "undefined" for outcome in talk.outcomes)
    if talk.memory and (raised or undefined):
        return _Ending(MEMORY, f"there was not enough memory: {talk.memory}")
    return _Ending(OK)


def _died(code, talk, limits, tail):
    """Return the ending of a child that died before it had answered all."""
    words = tail.decode("utf-8", "replace").strip()
    if not talk.ready:
        raise SandboxError(_no_start(words, code))
    if code > 128:
        code = 128 - code
    if code == -signal.SIGXCPU:
        return _Ending(TIMEOUT, f"it used more than {limits.cpu_seconds} s of computing time")
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = "unknown"
        return _Ending(CRASHED, f"the process died of signal {-code} ({name})")
    return _Ending(CRASHED, f"the process ended itself (exit code {code}) before it had answered")


def _no_start(words, code):
    """Return what to do where bubblewrap or Python did not start."""
    last = clean_text(" ".join(words.split()), 500) or f"exit code {code}"
    return f"the sandbox does not work here: {last}. {_WITHOUT}"


def _size(count):
    """Return a number of bytes in words."""
    for unit, name in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count} bytes"
