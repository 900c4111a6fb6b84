"""What a student's process may see of Python: where the interpreter and some libraries are."""

from __future__ import annotations

import functools
import os
import re
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

# Where the libraries are in the sandbox, whatever folder of this machine they come from.
PACKAGES = "/packages"
_INSTALLED = ("site-packages", "dist-packages")


class LibraryError(RuntimeError):
    """A library that the assignment allows is not installed here."""


@functools.cache
def library_paths(names):
    """Return the files and folders of some distributions and of all that they require.

    Parameters
    ----------
    names : tuple of str

    Returns
    -------
    dict of str to pathlib.Path
        From a name on the import path, such as "numpy" or "numpy.libs", to where it is.

    Raises
    ------
    LibraryError
        Where one of `names` is not installed.
    """
    paths, seen, waiting = {}, set(), list(names)
    while waiting:
        name = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in seen:
            continue
        seen.add(key)
        distribution = _find(name, required=name in names)
        if distribution is None:
            continue
        paths.update(_top_level(distribution))
        waiting.extend(_requirements(distribution))
    return paths


def _find(name, required):
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        if not required:
            return None
        message = f"the library {name!r} is not installed here: python -m pip install {name}"
        raise LibraryError(message) from None


def _requirements(distribution):
    requirements = map(Requirement, distribution.requires or ())
    return [r.name for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]


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

    Returns
    -------
    shown, hidden : list of str
        The interpreter, its standard library and the shared libraries of the system; the
        folders of libraries that somebody has installed for it.
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
    folders = {f"{parent}/{name}" for parent in parents for name in _INSTALLED}
    return shown, sorted(path for path in folders if os.path.isdir(path))


@functools.cache
def _python_folders():
    """Return where Python is on this machine, longest first; nothing where every system has it."""
    folders = {sys.base_prefix, os.path.realpath(sys.base_prefix)}
    return sorted(folders - {"/", "/usr", "/usr/local"}, key=len, reverse=True)


def hide_paths(text):
    """Return a text with ``<python>`` for the folder of Python, such as one in the teacher's home.

    It is in messages of Python's own, such as that of an ImportError, which students read.
    """
    for folder in _python_folders():
        text = text.replace(folder, "<python>")
    return text


def _outermost(paths):
    """Return the paths that lie in none of the others, sorted."""
    paths = {os.path.normpath(path) for path in paths}
    return sorted(p for p in paths if not any(p.startswith(q + "/") for q in paths))
