"""Starts the process that runs a student's code, reads what it sends, and ends it for good."""

import contextlib
import os
import signal
import subprocess
import tempfile
from multiprocessing.connection import wait

import psutil

from coursework.grader.sandbox.policy import bubblewrap
from coursework.grader.sandbox.policy.libraries import PACKAGES, interpreter, library_paths
from coursework.grader.sandbox.policy.seccomp import filter_program

_CHUNK = 1 << 18
_PATIENCE = 5  # seconds for bubblewrap to notice that its child was killed


class Child:
    """Bubblewrap or, without it, the child itself; with its messages, and what it prints."""

    def __init__(self, process, channel):
        self.process = process
        self.channel, self.output = channel, process.stdout
        self.open = {self.channel, self.output}

    def read(self, timeout):
        """Wait for something to arrive; return a dict from `channel` or `output` to its bytes.

        At the end of a pipe they are empty, once.
        """
        arrived = {pipe: pipe.read(_CHUNK) for pipe in wait(self.open, timeout)}
        self.open -= {pipe for pipe, data in arrived.items() if not data}
        return arrived

    def usage(self):
        """Return how many processes there are, their bytes of memory and seconds of computing.

        The seconds are also those of processes that have ended.
        """
        memory = seconds = 0
        family = _family(self.process.pid)
        for process in family:
            with contextlib.suppress(psutil.Error):  # it has ended meanwhile
                seconds += sum(process.cpu_times()[:4])
                memory += _memory_of(process)
        return len(family), memory, seconds

    def wait(self, timeout):
        """Return the exit code, as `subprocess` has it; None where it still runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout)
        return self.process.returncode


@contextlib.contextmanager
def spawn(request, libraries, limits, sandbox):
    """Start a child with a request, in bytes, on its standard input; yield it, and end it after.

    Without a sandbox it sees all that we see, and runs in a temporary folder.
    """
    with contextlib.ExitStack() as stack, contextlib.ExitStack() as theirs:
        (messages, channel), (lifeline, held) = os.pipe(), os.pipe()
        messages = stack.enter_context(open(messages, "rb", buffering=0))
        stack.callback(os.close, held)  # the lifeline ends with us, however we end
        for end in (channel, lifeline):
            theirs.callback(os.close, end)
        if sandbox:
            command, inherited = _with_sandbox(theirs, libraries, limits, channel, lifeline)
            folder, environment = "/", {}
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            command, inherited = _without_sandbox(folder, libraries, limits, channel), []
            environment = {**bubblewrap.ENVIRONMENT, "HOME": folder, "MPLCONFIGDIR": folder}
        process = subprocess.Popen(
            command,
            bufsize=0,
            stdin=_file(theirs, request),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[channel, *inherited],
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        child = Child(process, messages)
        stack.enter_context(child.output)
        stack.callback(_end, child, sandbox)
        theirs.close()
        yield child


def _with_sandbox(theirs, libraries, limits, channel, lifeline):
    arguments, uid = bubblewrap.arguments(libraries, limits.file_bytes)
    program = _file(theirs, filter_program())
    arguments += ["--seccomp", str(program)]
    # Not on the command line, which all users of this machine can read.
    listed = _file(theirs, b"".join(os.fsencode(a) + b"\0" for a in arguments))
    bounds = lifeline, uid, limits.cpu_seconds, bubblewrap.MAX_FILES
    child = _python(f"{bubblewrap.GRADER}/child.py", PACKAGES, channel, *bounds)
    return [bubblewrap.find(), "--args", str(listed), *child], [lifeline, program, listed]


def _without_sandbox(folder, libraries, limits, channel):
    packages = os.path.join(folder, "packages")
    os.mkdir(packages)
    for name, path in library_paths(libraries).items():
        os.symlink(path, os.path.join(packages, name))
    script = bubblewrap.GUEST / "child.py"
    return _python(script, packages, channel, -1, -1, limits.cpu_seconds, -1)


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
        full = process.memory_full_info()  # what several processes share is divided among them
        return getattr(full, "pss", full.rss) + getattr(full, "swap", 0)
    except psutil.AccessDenied:
        return process.memory_info().rss


def _end(child, sandbox):
    """Kill a process and its descendants, and wait until it is gone."""
    process = child.process
    if process.poll() is None:
        below = _family(process.pid)[1:]
        for descendant in below:
            with contextlib.suppress(psutil.Error):
                descendant.kill()
        if below:  # bubblewrap takes leave of its child and ends by itself: no zombie remains
            child.wait(_PATIENCE)
        process.kill()
    process.wait()
    if not sandbox:  # what it left behind, unless that has changed its group
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
