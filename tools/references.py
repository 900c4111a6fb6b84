"""Run the chapters and keep what they print as reference notebooks.

``python -m tools.references [NAME ...]`` runs ``book/NAME.md`` and writes
``tests/notebooks/NAME.ipynb``; without names it does so for every chapter of the
table of contents that has code. nbval runs these notebooks again and compares.

The files are made to be committed: nothing in them depends on the day, the machine
or the run, so an unchanged book gives the same bytes.
"""

from __future__ import annotations

import argparse
import base64
import copy
import os
import re
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import jupytext
import nbformat
import yaml
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, NbvalKernelspecManager
from nbval.plugin import coalesce_streams, get_sanitize_patterns

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "book" / "_ext"))  # the book's Sphinx extensions

import needed_data  # noqa: E402
from small_pictures import with_palette  # noqa: E402

NOTEBOOKS = ROOT / "tests" / "notebooks"
SMALL = 30_000  # bytes of a stored figure, if 16 colors can do it
TIMEOUT = 600  # seconds for one cell, as on the site (`execute: timeout` in _config.yml)

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}

# nbval does not compare pictures or the random ids of widgets, so they would only be weight.
UNCOMPARED_TYPES = {
    "application/pdf",
    "application/vnd.jupyter.widget-view+json",
    "image/jpeg",
    "image/png",
    "image/svg+xml",
}
# The same rules are nbval's, which applies them to what it compares (conftest.py tells it).
SANITIZE = ROOT / "tests" / "nbval-sanitize.cfg"
LEFT_OUT = get_sanitize_patterns(SANITIZE.read_text(encoding="utf-8"))


class ChapterError(Exception):
    """A chapter that cannot be run to its end."""


def toc_pages(root: Path = ROOT) -> list[str]:
    """Return the pages of the table of contents in reading order, without their suffix."""
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    pages = [toc["root"]]

    def collect(node):
        if isinstance(node, list):
            for child in node:
                collect(child)
        if isinstance(node, dict):
            if "file" in node:
                pages.append(node["file"].removesuffix(".md"))
            collect([value for value in node.values() if isinstance(value, list)])

    collect(toc)
    return pages


def read_chapter(path: Path) -> nbformat.NotebookNode:
    """Read a MyST chapter as a notebook without outputs."""
    return copy.deepcopy(_as_notebook(path.read_text(encoding="utf-8")))


@cache  # the tests read each chapter many times
def _as_notebook(text: str) -> nbformat.NotebookNode:
    return jupytext.reads(text, fmt="md:myst")


def chapters_with_code(root: Path = ROOT) -> dict[str, Path]:
    """Return the chapters that have code cells, as a dictionary from name to path."""
    paths = [root / f"{page}.md" for page in toc_pages(root)]
    return {
        path.stem: path
        for path in paths
        if path.exists() and "```{code-cell}" in path.read_text(encoding="utf-8")
    }


def prepare_environment(root: Path = ROOT) -> None:
    """Give kernels started from this process the package of this tree, and inline figures.

    ``PYTHONPATH`` comes before installed packages, so that what is tested is the code beside
    the tests. A backend named in ``MPLBACKEND`` would keep figures out of the outputs. The
    tests run kernels side by side, whose pools of threads would fight for the cores.
    """
    for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(threads, "1")
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(root) not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(root), *filter(None, paths)])
    os.environ.pop("MPLBACKEND", None)


def kernel_manager() -> AsyncKernelManager:
    """Return a manager of kernels that are run by this very interpreter.

    A kernelspec is found by its name, and one of the same name in the user's folder or in
    ``JUPYTER_PATH`` may belong to another Python. nbval's own way around that is used.
    """
    return AsyncKernelManager(
        kernel_name=CURRENT_ENV_KERNEL_NAME, kernel_spec_manager=NbvalKernelspecManager()
    )


def execute(notebook: nbformat.NotebookNode, name: str, folder: Path) -> None:
    """Run all cells of `notebook` in place, in `folder`.

    Raises
    ------
    ChapterError
        If a cell fails; the message names the chapter, the cell and the error.
    """
    started = []
    client = NotebookClient(
        notebook,
        km=kernel_manager(),
        timeout=TIMEOUT,
        startup_timeout=TIMEOUT,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=lambda cell, cell_index: started.append(cell_index),
    )
    try:
        # `cleanup_kc` ends the kernel, which nbclient else does for managers of its own only.
        # The errors are ipykernel's notes on its own transport.
        client.execute(cleanup_kc=True, stderr=subprocess.DEVNULL)
    except CellExecutionError as error:
        reason = f"{error.ename}: {error.evalue}"
    except (CellTimeoutError, DeadKernelError) as error:
        reason = str(error)
    else:
        return
    where = started[-1] if started else 0
    raise ChapterError(
        f"{name}: cell {where} failed with {reason}\nThe cell:\n{notebook.cells[where].source}"
    )


def clean_output(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Take out of an output what nbval does not compare."""
    if "data" in output:
        for mime_type in UNCOMPARED_TYPES & set(output.data):
            del output.data[mime_type]
        for pattern, replacement in LEFT_OUT if "text/html" in output.data else []:
            output.data["text/html"] = re.sub(pattern, replacement, output.data["text/html"])
        output.metadata = {}
    return output


def clean(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return `notebook` without anything that depends on the run, the day or the machine."""
    cells = notebook.cells
    for position, cell in enumerate(cells):
        cell.id = f"cell-{position:03d}"
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [clean_output(output) for output in coalesce_streams(cell.outputs)]
    fresh = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})
    fresh.nbformat_minor = 5
    return fresh


def write_atomically(path: Path, text: str) -> None:
    """Write `text` so that `path` holds either all of it or what it held before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def small_png(picture: bytes) -> bytes:
    """Return a PNG with a palette. Few colors are enough for a figure, fewer for gray photos."""
    for colors in (64, 32, 16):
        small = with_palette(picture, colors)
        if len(small) < SMALL:
            break
    return small


def pictures_of(data: dict[str, str]) -> list[str]:
    """Return the PNG of an output, also that of a live figure, as base64."""
    in_html = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", data.get("text/html", ""))
    return [data["image/png"]] if "image/png" in data else in_html


def store_figures(notebook: nbformat.NotebookNode, name: str) -> None:
    """Store the figures of a chapter whose data set may be missing where the site is built."""
    folder = needed_data.FIGURES / name
    shutil.rmtree(folder, ignore_errors=True)
    for position, cell in enumerate(notebook.cells):
        pictures = [
            picture
            for output in cell.get("outputs", [])
            for picture in pictures_of(output.get("data", {}))
        ]
        if pictures:
            path = needed_data.figure_path(name, position)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(small_png(base64.b64decode(pictures[-1])))


def make_reference(name: str, chapter: Path, notebooks: Path = NOTEBOOKS) -> None:
    """Run one chapter and write its reference notebook.

    It runs in the folder of the references, for nbval runs it there too. Chapters do not
    depend on the folder that they run in: the site runs them in their own.
    """
    notebook = read_chapter(chapter)
    notebooks.mkdir(parents=True, exist_ok=True)
    execute(notebook, name, notebooks)
    if needed_data.needs_of(chapter):
        store_figures(notebook, name)
    text = nbformat.writes(clean(notebook)).rstrip("\n") + "\n"
    write_atomically(notebooks / f"{name}.ipynb", text)


def main(arguments: list[str] | None = None) -> int:
    """Make the references that are named, or all, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.references", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a chapter, say `definition`")
    names = parser.parse_args(arguments).names

    chapters = chapters_with_code()
    unknown = [name for name in names if name not in chapters]
    if unknown:
        known = ", ".join(chapters) or "none yet"
        print(f"No chapter with code is called {', '.join(unknown)}. There are: {known}.")
        return 1

    prepare_environment()
    failed = False
    for name in names or chapters:
        start = time.perf_counter()
        try:
            make_reference(name, chapters[name])
        except ChapterError as error:
            print(error, file=sys.stderr)
            failed = True
            continue
        print(f"{name}: {time.perf_counter() - start:.1f} s", flush=True)

    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if path.stem not in chapters:
            path.unlink()
            print(f"{path.stem}: removed, the book has no such chapter with code")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
