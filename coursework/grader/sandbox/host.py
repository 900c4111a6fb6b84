"""Runs untrusted code in a separate process, and records what it answers.

The process lives under bubblewrap: it has no network and sees Python, a few libraries and the
files of `guest`, all read-only. It gets a request and answers in plain numbers; see `guest.codec`.
Its resources are limited, and whatever it does, `run_calls` returns in time and leaves nothing
behind.
"""

import signal
import sys
import time
from dataclasses import dataclass

from coursework.grader.model import Call, Cause, Function, Limits, Outcome, Reason
from coursework.grader.sandbox.guest.codec import encode, refuse, write_line
from coursework.grader.sandbox.policy import bubblewrap
from coursework.grader.sandbox.policy.libraries import SandboxError, interpreter
from coursework.grader.sandbox.policy.seccomp import filter_program
from coursework.grader.sandbox.process import spawn
from coursework.grader.sandbox.protocol import ProtocolError, Transcript

_STARTUP = 60  # seconds for Python and NumPy to load, on a busy machine
_TICK = 0.1  # seconds between two looks at the memory
_KEPT = 2000  # bytes of the output that are kept, for the reason
_WITHOUT = (
    "With --no-sandbox the students' code runs as you: it can read, change and delete all that "
    "you can, and use the network."
)


@dataclass(frozen=True)
class Run:
    """What became of the calls of one question: exactly one outcome for each, in order.

    `reason` says why the process was stopped, or how it ended before it had answered all; else it
    is None. `problems` are the exceptions of the cells that were run, in words.
    """

    outcomes: list[Outcome]
    reason: Reason | None
    problems: list[str]


def check_sandbox():
    """Run a trivial child once; raise `SandboxError` where the sandbox does not work here."""
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

    The cells are the Python of the notebook's code cells, in its order; `prelude` runs before
    them. The `libraries` are distributions that can be imported, with all that they require.
    Without the sandbox, the same process can read and write what we can.

    Raises
    ------
    SandboxError
        Where the process cannot be started, through no fault of the student's.
    ValueProblem
        Where an argument of a call is not plain.
    """
    if sandbox and (missing := _find_missing()):
        raise SandboxError(f"the sandbox needs {missing}. {_WITHOUT}")
    request = _request(cells, calls, limits, prelude, sandbox)
    transcript = Transcript(calls, len(cells) + 1)
    with spawn(request, libraries, limits, sandbox) as child:
        reason = _listen(child, transcript, limits)
    unanswered = [Outcome("unanswered")] * (len(calls) - len(transcript.outcomes))
    return Run(transcript.outcomes + unanswered, reason, transcript.problems)


def _find_missing():
    """Return what the sandbox needs and does not find on this system, in words, or None."""
    if not sys.platform.startswith("linux"):
        return f"Linux, and this is {sys.platform}"
    path = bubblewrap.find()
    if path is None:
        return (
            "bubblewrap, which is not installed here: on Debian and Ubuntu, "
            "apt-get install bubblewrap"
        )
    version = bubblewrap.version(path)
    if version < bubblewrap.OLDEST:
        found, needed = (".".join(map(str, v)) for v in (version, bubblewrap.OLDEST))
        return f"bubblewrap {needed}, and this is {found}"
    try:
        filter_program()
    except OSError as error:
        return (
            "libseccomp, which does not work here: on Debian and Ubuntu, "
            f"apt-get install libseccomp2 ({error})"
        )
    return None


def _request(cells, calls, limits, prelude, sandbox):
    encoded = [
        [call.function, encode(list(call.args), _function), encode(dict(call.kwargs), _function)]
        for call in calls
    ]
    cpu, memory = limits.cpu_seconds, limits.memory_bytes
    bounds = {
        "RLIMIT_CPU": (cpu, cpu + 1),  # first a signal that says why
        "RLIMIT_AS": (memory, memory),
        "RLIMIT_FSIZE": (limits.file_bytes, limits.file_bytes),
        # A limit of 1 keeps the machine's own handler of crashes from starting; 0 does not.
        "RLIMIT_CORE": (1, 1),
        "RLIMIT_NOFILE": (64, 64),  # full sockets are memory that nobody counts
        "RLIMIT_SIGPENDING": (64, 64),  # they count for all processes of this user
    }
    if sandbox:  # elsewhere all processes of this user would count
        bounds["RLIMIT_NPROC"] = (limits.processes + 1, limits.processes + 1)
    return write_line({"limits": bounds, "prelude": prelude, "cells": cells, "calls": encoded})


def _function(value):
    """Return the encoding of a `Function`, which only we may send."""
    if not isinstance(value, Function):
        refuse(value)
    return ["function", value.source, encode(dict(value.constants))[1]]


def _listen(child, transcript, limits):
    """Take down what a child says until it ends; return the reason, as in `Run`."""
    deadline = time.monotonic() + _STARTUP
    looked = time.monotonic()
    written, tail = 0, b""
    while True:
        ready, exited = transcript.ready, child.process.poll() is not None  # before reading
        try:
            arrived = child.read(0 if exited else _TICK)
            transcript.take(arrived.get(child.channel, b""))
        except ProtocolError as error:
            return Reason(Cause.PROTOCOL, (str(error),))
        printed = arrived.get(child.output, b"")
        if transcript.done:
            printed += child.read(0).get(child.output, b"")
        written += len(printed)
        tail = (tail + printed)[-_KEPT:]
        now = time.monotonic()
        if transcript.ready and not ready:  # the student's time begins
            deadline = now + limits.wall_seconds
        if written > limits.output_bytes:
            return Reason(Cause.OUTPUT_LIMIT, (limits.output_bytes,))
        if transcript.done:
            child.wait(_TICK)
            if transcript.memory and any(o.kind != "returned" for o in transcript.outcomes):
                return Reason(Cause.MEMORY_ERROR, (transcript.memory,))
            return None
        if now > deadline and not transcript.ready:
            raise SandboxError(f"the process of an answer did not start within {_STARTUP} s")
        if now > deadline:
            return Reason(Cause.WALL_TIME, (limits.wall_seconds,))
        if exited and not any(arrived.values()):
            return _died(child.process.returncode, transcript, limits, tail)
        if child.channel not in child.open and child.wait(1) is None:  # it lives on
            return Reason(Cause.CHANNEL_CLOSED)
        if now > looked + _TICK:
            if reason := _too_big(child, limits):
                return reason
            looked = time.monotonic()  # a slow look on a busy machine does not take all the time


def _too_big(child, limits):
    """Return the reason to stop a child, which takes too much, or None."""
    processes, memory, seconds = child.usage()
    if memory > limits.memory_bytes:
        return Reason(Cause.MEMORY_LIMIT, (limits.memory_bytes,))
    if seconds > limits.cpu_seconds + 1:  # a single process has met its own limit before
        return Reason(Cause.CPU_TIME, (limits.cpu_seconds,))
    # Bubblewrap and the first process of its namespace come on top.
    if processes > limits.processes + 2:
        return Reason(Cause.PROCESS_LIMIT, (limits.processes,))
    return None


def _died(code, transcript, limits, tail):
    """Return why a child died before it had answered all."""
    words = " ".join(tail.decode("utf-8", "replace").split())
    if not transcript.ready:
        raise SandboxError(_no_start(words or f"exit code {code}"))
    if code > 128:  # as a shell has it
        code = 128 - code
    if code == -signal.SIGXCPU:
        return Reason(Cause.CPU_TIME, (limits.cpu_seconds,))
    if code == -signal.SIGXFSZ:
        return Reason(Cause.FILE_LIMIT, (bubblewrap.MAX_FILES,))
    if words.endswith("MemoryError"):  # there was too little left to say so on the channel
        return Reason(Cause.MEMORY_ERROR, (words.split()[-1],))
    if code < 0:
        known = {number.value: number.name for number in signal.Signals}
        return Reason(Cause.SIGNAL, (-code, known.get(-code, "unknown")))
    return Reason(Cause.EXITED, (code,))


def _no_start(words):
    """Return what to do where bubblewrap or Python did not start, from what they printed."""
    advice = _WITHOUT
    if "bwrap: execvp" in words:
        advice = (
            f"This Python, {interpreter()}, lies where the sandbox cannot see it, such as in the "
            f"home of another user; take one that every user can read and run. {advice}"
        )
    elif "bwrap:" in words:
        advice = f"{bubblewrap.why_forbidden()} {advice}"
    return f"the sandbox does not work here: {words[:500]}. {advice}"
