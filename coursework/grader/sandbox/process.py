"""Starts the process that runs a student's code, reads what it sends, and ends it for good."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
from dataclasses import dataclass

import psutil

from coursework.grader.sandbox.policy import bubblewrap
from coursework.grader.sandbox.policy.libraries import PACKAGES, interpreter, library_paths
from coursework.grader.sandbox.policy.seccomp import filter_program

_CHUNK = 1 << 18
_PATIENCE = 5  # seconds for bubblewrap to notice that its child was killed


@dataclass
class Child:
    """A process that runs, and our ends of its two pipes.

    Attributes
    ----------
    process : subprocess.Popen
        Bubblewrap, or the child itself where there is no sandbox.
    channel, output : io.FileIO
        The child's messages; its standard output and error.
    """

    process: subprocess.Popen
    channel: object
    output: object

    def __post_init__(self):
        self.open = {self.channel, self.output}

    def read(self, timeout):
        """Return what has arrived, a dict from `channel` or `output` to bytes.

        Waits up to `timeout` seconds for something. At the end of a pipe its bytes are empty,
        once.
        """
        with selectors.DefaultSelector() as selector:
            for pipe in self.open:
                selector.register(pipe, selectors.EVENT_READ)
            ready = [key.fileobj for key, _ in selector.select(timeout)]
        arrived = {pipe: pipe.read(_CHUNK) for pipe in ready}
        self.open -= {pipe for pipe, data in arrived.items() if not data}
        return arrived

    def usage(self):
        """Return how many processes there are, their bytes of memory and seconds of computing.

        What several of them share is divided among them where the kernel tells; the seconds are
        also those of processes that have ended.
        """
        family = _family(self.process.pid)
        return len(family), sum(map(_memory_of, family)), sum(map(_seconds_of, family))

    def wait(self, timeout):
        """Return the exit code, as `subprocess` has it; None where it still runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout)
        return self.process.returncode


@contextlib.contextmanager
def spawn(make_request, libraries, limits, sandbox):
    """Start a child with a request on its standard input; yield a `Child`, and end it after.

    Parameters
    ----------
    make_request : callable
        From the folder of the libraries, as the child sees it, to the request's bytes.
    libraries : tuple of str
    limits : Limits
    sandbox : bool
        Without it the child sees all that we see. It runs in a temporary folder.
    """
    prepare = _with_sandbox if sandbox else _without_sandbox
    with contextlib.ExitStack() as stack, contextlib.ExitStack() as theirs:
        channel, output, lifeline = os.pipe(), os.pipe(), os.pipe()
        ours = [
            stack.enter_context(open(end, "rb", buffering=0)) for end in (channel[0], output[0])
        ]
        stack.enter_context(open(lifeline[1], "wb", buffering=0))
        for end in (channel[1], output[1], lifeline[0]):
            theirs.callback(os.close, end)
        command, packages, inherited, folder, environment = prepare(
            stack, theirs, libraries, limits, channel[1], lifeline[0]
        )
        process = subprocess.Popen(
            command,
            stdin=_file(theirs, make_request(packages)),
            stdout=output[1],
            stderr=output[1],
            pass_fds=inherited,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        stack.callback(_end, process, sandbox)
        theirs.close()
        yield Child(process, *ours)


def _with_sandbox(_stack, theirs, libraries, limits, channel, lifeline):
    arguments, uid = bubblewrap.arguments(libraries, limits.file_bytes)
    program = _file(theirs, filter_program())
    arguments += ["--seccomp", str(program)]
    # Not on the command line, which all users of this machine can read.
    listed = _file(theirs, b"".join(os.fsencode(a) + b"\0" for a in arguments))
    command = [bubblewrap.find(), "--args", str(listed)]
    script = f"{bubblewrap.GRADER}/child.py"
    command += _python(script, channel, lifeline, uid, limits.cpu_seconds, bubblewrap.MAX_FILES)
    return command, PACKAGES, [channel, lifeline, program, listed], "/", {}


def _without_sandbox(stack, _theirs, libraries, limits, channel, _lifeline):
    folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
    packages = os.path.join(folder, "packages")
    os.mkdir(packages)
    for name, path in library_paths(libraries).items():
        os.symlink(path, os.path.join(packages, name))
    environment = {**bubblewrap.ENVIRONMENT, "HOME": folder, "MPLCONFIGDIR": folder}
    command = _python(bubblewrap.GUEST / "child.py", channel, -1, -1, limits.cpu_seconds, -1)
    return command, packages, [channel], folder, environment


def _python(script, *arguments):
    """Return the command of the child: no environment, no `site`, nothing written beside it."""
    return [interpreter(), "-I", "-S", "-B", "-X", "utf8", str(script), *map(str, arguments)]


def _file(stack, data):
    """Return a descriptor of a nameless file with some bytes, to be read from the beginning."""
    file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
    stack.enter_context(file)
    file.write(data)
    file.seek(0)
    return file.fileno()


def _family(pid):
    """Return a process and all its descendants, those that still are there."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def _memory_of(process):
    try:
        full = process.memory_full_info()
        return getattr(full, "pss", full.rss) + getattr(full, "swap", 0)
    except psutil.AccessDenied:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def _seconds_of(process):
    try:
        return sum(process.cpu_times()[:4])  # its own, and those of its children that have ended
    except psutil.Error:
        return 0


def _end(process, sandbox):
    """Kill a process and its descendants, and wait until it is gone."""
    if process.poll() is None:
        below = _family(process.pid)[1:]
        for descendant in below:
            with contextlib.suppress(psutil.Error):
                descendant.kill()
        # Bubblewrap takes leave of its child and ends by itself, so that no zombie remains.
        if below:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
        process.kill()
    process.wait()
    if not sandbox:  # what it left behind, unless that has changed its group
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
