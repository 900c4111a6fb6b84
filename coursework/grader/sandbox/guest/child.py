"""The process that runs one student's code: started by `process`, alone in its own world.

It stands by itself: it sees Python, some libraries, `cells.py` and `codec.py` beside it, and
nothing else of the grader. A request comes on standard input; answers go out on a channel of
their own, one line of JSON each. This process is never trusted: a student's code can change all
that is here and write to the channel. So the care taken below protects from accidents only.

Usage: ``python child.py PACKAGES CHANNEL LIFELINE UID CPU_SECONDS MAX_FILES``. Without a sandbox,
LIFELINE, UID and MAX_FILES are -1.
"""

import __future__

import _sitebuiltins
import ast
import builtins
import importlib.machinery
import importlib.util
import json
import linecache
import os
import resource
import select
import signal
import sys
import traceback
import types

# Functions look here for len and the like, also after a student has patched the real ones.
__builtins__ = dict(vars(builtins))  # type: ignore[assignment]
_write, _exit, _getpid = os.write, os._exit, os.getpid
_MESSAGE = 500  # the characters of an exception's message
_IMPORTS = "<imports>"  # a name that no student can have given
_SCRATCH = ("/tmp", "/dev/shm")
_FUTURE = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)


def main():
    """Do what the command line and the request say, and end."""
    channel, lifeline, uid, cpu_seconds, max_files = map(int, sys.argv[2:])
    if uid >= 0:
        drop_privileges(uid)
    if lifeline >= 0:
        if worker := os.fork():
            supervise(worker, lifeline, cpu_seconds, max_files)
        os.close(lifeline)
    os.set_inheritable(channel, False)
    request = json.loads(sys.stdin.buffer.read())
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)  # standard input is empty from now on
    os.close(null)
    set_limits(request["limits"])
    Session(request, channel, sys.argv[1]).run()
    _exit(0)


def drop_privileges(uid):
    """Give up the rights of root for those of a user of whom there is one process only."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def supervise(worker, lifeline, cpu_seconds, max_files):
    """Wait for the worker or for the grader to end, or for too many files; then end.

    This is the first process of its namespace, so the kernel ends all others with it.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    os.closerange(3, lifeline)
    os.closerange(lifeline + 1, 256)
    poll = select.poll()
    poll.register(lifeline, select.POLLHUP)
    poll.register(os.pidfd_open(worker), select.POLLIN)
    while True:
        if lifeline in dict(poll.poll(200)):
            _exit(0)
        if any(found.f_files - found.f_ffree > max_files for found in map(os.statvfs, _SCRATCH)):
            _exit(128 + signal.SIGXFSZ)
        reap(worker, cpu_seconds)


def reap(worker, cpu_seconds):
    """Take leave of processes that have ended; end with the worker's code if it is one."""
    pid = -1
    while pid:
        pid, status, usage = os.wait4(-1, os.WNOHANG)
        if pid != worker:
            continue
        code = os.waitstatus_to_exitcode(status)
        # The last resort of the limit on CPU time is SIGKILL.
        if code == -signal.SIGKILL and usage.ru_utime + usage.ru_stime >= cpu_seconds:
            code = -signal.SIGXCPU
        _exit(128 - code if code < 0 else min(code, 127))


def set_limits(limits):
    """Set the limits on this process, for good: its user may not raise them."""
    for name, (soft, hard) in limits.items():
        number = getattr(resource, name, None)  # not every system has them all
        if number is None:
            continue
        _, highest = resource.getrlimit(number)
        if highest != resource.RLIM_INFINITY:
            soft, hard = min(soft, highest), min(hard, highest)
        try:
            resource.setrlimit(number, (soft, hard))
        except (OSError, ValueError):
            if sys.platform == "linux":
                raise


class Session:
    """Runs the cells and the calls of one request."""

    def __init__(self, request, channel, packages):
        self.request = request
        self.channel = channel
        self.pid = os.getpid()
        self.reserve = bytearray(4 << 20)  # to be able to say that there is no more memory
        sys.path = [os.path.dirname(os.path.abspath(__file__)), *sys.path, packages]
        import cells
        import codec
        import numpy

        del sys.path[0]
        self.cells, self.codec, self.numpy = cells, codec, numpy
        self.imports = Imports()
        self.future = 0  # what cells have imported from __future__ holds for those after them
        self.module = types.ModuleType("__main__")
        self.names = vars(self.module)
        self.names.update(get_ipython=NullShell(), display=lambda *args, **kwargs: None)
        self.names["__builtins__"] = builtins  # the real ones, not those of this module

    def run(self):
        """Run all, and report each step at once."""
        sys.modules["__main__"] = self.module
        sys.meta_path.insert(0, LazyPyplotFinder)
        sys.argv = [""]
        for name in ("exit", "quit"):
            setattr(builtins, name, _sitebuiltins.Quitter(name, "Ctrl-D"))
        calls = [(name, args) for name, *args in self.request["calls"]]
        self.report("ready")
        self.execute(0, self.request["prelude"])
        read = [self.cells.read_cell(n, text) for n, text in enumerate(self.request["cells"], 1)]
        for cell in self.cells.choose(read, {name for name, _ in calls}):
            self.execute(cell.number, cell.source)
        for number, (name, args) in enumerate(calls):
            self.report("outcome", number, *self.outcome(name, args))
        self.report("done")

    def report(self, *message):
        """Write one message to the channel. A copy that student code has forked ends here."""
        if _getpid() != self.pid:
            _exit(0)
        data = memoryview(self.codec.write_line(message))
        while data:
            data = data[_write(self.channel, data) :]

    def execute(self, number, source):
        """Run one cell as Jupyter does: an exception ends it, and what it bound stays.

        Only an import at top level that fails does not end it: what else is imported there may
        be all that the answer needs.
        """
        filename = f"<cell {number}>"
        linecache.cache[filename] = len(source), None, source.splitlines(True), filename
        self.names[_IMPORTS] = self.imports
        known = len(self.imports.problems)
        memory = False
        try:
            waiting = eval(self.compile(source, filename), self.names)
            if isinstance(waiting, types.CoroutineType):  # there was an await at top level
                importlib.import_module("asyncio").run(waiting)
        except BaseException as error:
            self.imports.problems.append(in_words(error))
            memory = self.is_memory(error)
        if problems := self.imports.problems[known:]:
            self.report("problem", f"cell {number}: {'; '.join(problems)}", memory)

    def compile(self, source, filename):
        """Return the code of a cell, in which a failed import at top level is no exception."""
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | self.future
        tree = compile(source, filename, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
        tree.body = [guarded for node in tree.body for guarded in guard_import(node)]
        code = compile(tree, filename, "exec", flags, dont_inherit=True)
        self.future |= code.co_flags & _FUTURE
        return code

    def outcome(self, name, args):
        """Return what becomes of one call: kind, value, message, changed, want of memory."""
        if name not in self.names:
            return "undefined", None, f"no cell defines {name}", [], False
        used, kwargs = (self.codec.decode(part, self.make_function) for part in args)
        changed = []
        try:
            value = self.names[name](*used, **kwargs)
            changed = self.find_changed(args, used, kwargs)
            returned = "returned", self.codec.encode(value), "", changed, False
            # What the grader could not read is refused here, where there is a reason to give.
            line = self.codec.write_line(["outcome", len(self.request["calls"]), *returned])
            self.codec.check_line(line)
            return returned
        except self.codec.ValueProblem as problem:
            return "refused", None, f"{name} returned {problem}", changed, False
        except BaseException as error:  # also of an object that imitates a list
            kind = "unimplemented" if issubclass(type(error), NotImplementedError) else "raised"
            return kind, None, in_words(error) + where(error), changed, self.is_memory(error)

    def is_memory(self, error):
        """Return whether an exception says that there was not enough memory; make some."""
        if not isinstance(error, MemoryError):
            return False
        self.reserve = None
        return True

    def make_function(self, source, constants):
        """Return the function that an expression of the assignment makes."""
        return eval(source, {"np": self.numpy, **constants})

    def find_changed(self, encoded, args, kwargs):
        """Return the arguments, by position or keyword, that are no longer what they were."""
        (_, positional), (_, named) = encoded
        before = {**dict(enumerate(positional)), **dict(named)}
        after = {**dict(enumerate(args)), **kwargs}
        return [key for key in before if not self.is_same(after[key], before[key])]

    def is_same(self, value, encoded):
        """Return whether a value still is what it was, to the last bit. A function is."""
        try:
            return callable(value) or self.codec.encode(value) == encoded
        except BaseException:  # something that is not plain was put into it
            return False


class Imports:
    """Goes on after an import that fails, and keeps the exception in words, once."""

    def __init__(self):
        self.problems = []

    def __enter__(self):
        pass

    def __exit__(self, kind, error, trace):
        if isinstance(error, ImportError) and (words := in_words(error)) not in self.problems:
            self.problems.append(words)
        return isinstance(error, ImportError)


class LazyPyplotFinder:
    """Loads matplotlib.pyplot, which most notebooks import, when an answer first uses it."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Find the module as usual, with a loader that waits: it takes half a second."""
        if name != "matplotlib.pyplot":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


class NullShell:
    """Accepts whatever is done with an interactive shell, and does nothing."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args, **kwargs):
        """Do nothing."""
        return self

    __getitem__ = __setitem__ = __call__

    def __iter__(self):
        return iter(())


def guard_import(node):
    """Return a statement as a list; of an import, each name in its own ``with`` of `Imports`."""
    is_import = isinstance(node, ast.Import | ast.ImportFrom)
    if not is_import or getattr(node, "module", "") == "__future__":
        return [node]
    guarded = []
    for alias in node.names:
        single = ast.copy_location(type(node)(**{**vars(node), "names": [alias]}), node)
        guard = ast.withitem(ast.Name(_IMPORTS, ast.Load()))
        statement = ast.copy_location(ast.With([guard], [single]), node)
        guarded.append(ast.fix_missing_locations(statement))
    return guarded


def in_words(error):
    """Return an exception as a student knows it: its type and its message, on one line."""
    try:
        text = " ".join(str(error).split())
    except BaseException:
        text = ""
    name = type(error).__name__
    return f"{name}: {text[:_MESSAGE]}" if text else name


def where(error):
    """Return the last place in the student's cells that an exception passed, in brackets."""
    try:
        frames = traceback.extract_tb(error.__traceback__, limit=-100)
        last = [frame for frame in frames if frame.filename.startswith("<cell ")][-1]
    except BaseException:
        return ""
    return f" ({last.filename.strip('<>')}, line {last.lineno})"


if __name__ == "__main__":
    main()
