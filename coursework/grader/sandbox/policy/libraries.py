"""What a student's process may see of Python: where the interpreter and some libraries are."""

import functools
import os
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from coursework.grader.model import GraderError

# Where the libraries are in the sandbox, whatever folder of this machine they come from.
PACKAGES = "/packages"


class SandboxError(GraderError):
    """The sandbox does not work here; the message says what to do."""


@functools.cache
def library_paths(names):
    """Return the files and folders of some distributions and of all that they require.

    They are paths, by their names on the import path, such as "numpy" or "numpy.libs". One of
    `names` that is not installed is a `SandboxError`.
    """
    paths, seen, waiting = {}, set(), list(names)
    while waiting:
        name = waiting.pop()
        if canonicalize_name(name) in seen:
            continue
        seen.add(canonicalize_name(name))
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            if name not in names:
                continue
            message = f"the library {name!r} is not installed here: python -m pip install {name}"
            raise SandboxError(message) from None
        paths.update(_top_level(distribution))
        for needed in map(Requirement, distribution.requires or ()):
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                waiting.append(needed.name)
    return paths


def _top_level(distribution):
    """Return the entries of the folder of libraries that belong to a distribution."""
    folder = Path(distribution.locate_file(""))
    firsts = {Path(file).parts[0] for file in distribution.files or ()}
    if not firsts:  # Debian's packages have no list of their files
        listed = (distribution.read_text("top_level.txt") or distribution.name).split()
        firsts = {*listed, *(f"{name}.py" for name in listed), Path(distribution._path).name}
    firsts -= {"..", "__pycache__"}
    return {first: folder / first for first in firsts if (folder / first).exists()}


def interpreter():
    """Return the path of the interpreter itself, outside of any virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


@functools.cache
def interpreter_paths():
    """Return the paths that this Python needs, and the folders in them that are to be hidden.

    These are the interpreter, its standard library and the shared libraries of the system; and
    the folders of libraries that somebody has installed for it.
    """
    prefix = os.path.realpath(sys.base_prefix)
    standard = os.path.dirname(os.path.realpath(os.__file__))
    shown = {interpreter(), standard, sysconfig.get_config_var("DESTSHARED") or standard}
    # Debian's own NumPy finds its linear algebra by way of /etc/alternatives.
    shown |= {"/etc/alternatives"} if prefix == "/usr" else {f"{prefix}/lib", f"{prefix}/lib64"}
    multiarch = f"/usr/lib/{getattr(sys.implementation, '_multiarch', '')}"
    shown |= {multiarch if os.path.exists(f"{multiarch}/libc.so.6") else "/usr/lib", "/usr/lib64"}
    shown = _outermost(path for path in shown if os.path.exists(path))
    parents = {*shown, standard, *(str(p) for path in shown for p in Path(path).glob("python3*"))}
    folders = {f"{p}/{name}" for p in parents for name in ("site-packages", "dist-packages")}
    return shown, sorted(path for path in folders if os.path.isdir(path))


def hide_paths(text):
    """Return a text with ``<python>`` for the folder of Python, such as one in the teacher's home.

    It is in messages of Python's own, such as that of an ImportError, which students read.
    """
    folders = {sys.base_prefix, os.path.realpath(sys.base_prefix)} - {"/", "/usr", "/usr/local"}
    for folder in sorted(folders, key=len, reverse=True):
        text = text.replace(folder, "<python>")
    return text


def _outermost(paths):
    """Return the paths that lie in none of the others, sorted."""
    paths = {os.path.normpath(path) for path in paths}
    return sorted(p for p in paths if not any(p.startswith(q + "/") for q in paths))
