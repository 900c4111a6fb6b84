"""The command that starts a process under bubblewrap, and what it sees there."""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path

from .libraries import PACKAGES, interpreter, interpreter_paths, library_paths
from .seccomp import filter_program

HERE = Path(__file__).resolve().parent
GRADER = "/grader"  # where the child's own files are in the sandbox
FILES = ("child.py", "cells.py", "values.py")
ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "MPLCONFIGDIR": "/tmp/matplotlib",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PATH": "/usr/bin",
}
_NOBODY = 65534
_ROOM = 1 << 29  # user ids to choose from, so that no two processes share one


def find():
    """Return the path of bubblewrap, or None."""
    return shutil.which("bwrap")


def arguments(libraries, scratch_bytes):
    """Return the arguments of bubblewrap and the user id that the child has to take on.

    Parameters
    ----------
    libraries : tuple of str
        The distributions that can be imported.
    scratch_bytes : int
        The size of /tmp, and that of /dev/shm.

    Returns
    -------
    arguments : list of str
    uid : int
        -1 where the child keeps the one that it has.
    """
    uid = spare_uid()
    arguments = ["--die-with-parent", "--new-session", "--as-pid-1", "--hostname", "sandbox"]
    arguments += _as_root() if uid >= 0 else ["--unshare-all", "--unshare-user", "--disable-userns"]
    arguments += ["--clearenv"]
    for name, value in ENVIRONMENT.items():
        arguments += ["--setenv", name, value]
    arguments += _view(libraries)
    scratch = ["--size", str(scratch_bytes), "--perms", "1777", "--tmpfs"]
    arguments += ["--proc", "/proc", "--dev", "/dev", *scratch, "/dev/shm", "--remount-ro", "/dev"]
    arguments += [*scratch, "/tmp", "--chdir", "/tmp", "--remount-ro", "/"]
    return arguments, uid


def spare_uid():
    """Return a user id for one child that nobody else has, or -1 where we are not root.

    The limit on processes counts by user id and does not bind root. In a container where root
    has no other ids to give, -1 as well: a namespace of its own serves there.
    """
    if os.geteuid() != 0:
        return -1
    first, _, count = map(int, Path("/proc/self/uid_map").read_text().split()[:3])
    if first != 0 or count < 10_000:
        return -1
    room = min(_ROOM, count // 2)
    uid = count // 2 + random.SystemRandom().randrange(room) - 2
    return uid if uid != _NOBODY else uid - 1


def _as_root():
    """Return the namespaces for root: no user namespace, in which it would still be root."""
    names = ("ipc", "pid", "net", "uts", "cgroup-try")
    capabilities = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return [f"--unshare-{name}" for name in names] + capabilities


def _view(libraries):
    """Return the arguments that show Python and the libraries, and nothing else."""
    shown, hidden = interpreter_paths()
    arguments, made = [], set()

    def show(source, target):
        for parent in reversed(Path(target).parents):
            if str(parent) != "/" and not any(p in made for p in (parent, *parent.parents)):
                arguments.extend(["--perms", "0755", "--dir", str(parent)])
        arguments.extend(["--ro-bind", str(source), str(target)])
        made.add(Path(target))

    for path in shown:
        show(path, path)
    for path in hidden:
        arguments.extend(["--size", "4096", "--perms", "0755", "--tmpfs", path])
        arguments.extend(["--remount-ro", path])
    for name, path in sorted(library_paths(libraries).items()):
        show(path, f"{PACKAGES}/{name}")
    for name in FILES:
        show(HERE / name, f"{GRADER}/{name}")
    for name in ("/lib", "/lib32", "/lib64"):
        arguments.extend(_link_or_folder(name))
    for name in ("/etc/ld.so.cache", "/etc/alternatives"):  # Debian's BLAS is an alternative
        arguments.extend(["--ro-bind-try", name, name])
    return arguments


def _link_or_folder(path):
    """Return the arguments for a folder of shared libraries that may be a link into /usr."""
    if os.path.islink(path):
        return ["--symlink", os.readlink(path), path]
    return ["--ro-bind", path, path] if os.path.isdir(path) else []
