"""Pages that need a data set which does not come with the book, and what is done without it.

A page says what it needs in its front matter::

    softmax:
      needs: fashion-mnist

(``jupytext: notebook_metadata_filter: softmax`` keeps that line when Jupyter saves the page.)
Where that cannot be had, its cells are not run. The page then shows the outputs of its
reference notebook and the figures that were stored with it, and says so. The tests ask here
too, and skip what they cannot run. Where the environment variable SOFTMAX_REQUIRE_DATA is set,
as in `.ci/run`, nothing is passed over: the build and the tests fail instead.

``python book/_ext/needed_data.py`` gets the data and prints where from, or how to get them.
"""

from __future__ import annotations

import base64
import os
import re
import sys
from functools import cache
from pathlib import Path

import nbformat
import yaml
from docutils import nodes
from myst_nb import sphinx_ as myst_nb_sphinx
from myst_nb.core.execute import NotebookClientBase
from sphinx.errors import ExtensionError
from sphinx.util import logging

ROOT = Path(__file__).resolve().parents[2]
REFERENCES = ROOT / "tests" / "notebooks"
FIGURES = ROOT / "tests" / "figures"

TITLES = {"fashion-mnist": "Fashion-MNIST"}
HOW_TO_GET = {
    "fashion-mnist": (
        "apt-get install dataset-fashion-mnist (Debian, Ubuntu), or name a folder that has its "
        "four files in SOFTMAX_DATA, or connect to the network once: it is then downloaded"
    )
}

NOT_HERE = "which is not here"

logger = logging.getLogger(__name__)
run_notebook = myst_nb_sphinx.create_client


def needs_of(path):
    """Return the name of the data set that a page needs, or None."""
    text = Path(path).read_text(encoding="utf-8")
    if not text.startswith("---\n"):
        return None
    front_matter = yaml.safe_load(text[4:].partition("\n---\n")[0]) or {}
    return front_matter.get("softmax", {}).get("needs")


@cache
def place_of(dataset):
    """Return the folder that has a data set, downloaded if need be, or None."""
    from softmax import datasets

    find = {"fashion-mnist": datasets._find_fashion_mnist}[dataset]
    try:
        return find()[0]
    except FileNotFoundError:
        return None


def why_not(path):
    """Return one line that says why a page cannot be run and how to mend it, or None if it can."""
    dataset = needs_of(path)
    return why_not_dataset(dataset, Path(path).stem) if dataset else None


def why_not_dataset(dataset, who):
    """Return one line that says why a data set cannot be had, or None if it can."""
    if place_of(dataset):
        return None
    return f"{who} needs {TITLES[dataset]}, {NOT_HERE}: {HOW_TO_GET[dataset]}."


def is_required():
    """Return whether a data set that is missing is an error."""
    return bool(os.environ.get("SOFTMAX_REQUIRE_DATA"))


def figure_path(page, position):
    """Return where the figure of a cell is stored; `position` counts all cells of the page."""
    return FIGURES / page / f"cell-{position:03d}.png"


def fill_from_reference(notebook, page):
    """Give the code cells of a page the outputs of its reference, and its stored figures."""
    reference = nbformat.read(REFERENCES / f"{page}.ipynb", as_version=4)
    old = [(i, cell) for i, cell in enumerate(reference.cells) if cell.cell_type == "code"]
    new = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.source for cell in new] != [cell.source for _, cell in old]:
        raise ExtensionError(
            f"The code of {page}.md is not that of its reference notebook, and without its data "
            f"it cannot be run. With the data: python -m tools.references {page}"
        )
    for cell, (position, known) in zip(new, old, strict=True):
        cell.outputs = known.outputs
        cell.execution_count = known.execution_count
        path = figure_path(page, position)
        if not path.exists():
            continue
        picture = base64.b64encode(path.read_bytes()).decode("ascii")
        data = next(out.data for out in reversed(cell.outputs) if out.get("data"))
        image = re.search(r"<img [^>]*>", data.get("text/html", ""))
        if image:  # of a live figure, whose script the reference leaves out
            data["text/html"] = image[0].replace("LEFT+OUT", picture)
        else:
            data["image/png"] = picture


def run_or_fill(notebook, source, nb_config, page_logger, read_fmt=None):
    """Run a page, or fill it; takes the place of MyST-NB's own function."""
    reason = why_not(source) if source.endswith(".md") else None
    if reason is None:
        return run_notebook(notebook, source, nb_config, page_logger, read_fmt)
    if is_required():
        raise ExtensionError(reason)
    logger.info("%s The outputs of its reference are shown.", reason, color="yellow")
    fill_from_reference(notebook, Path(source).stem)
    return NotebookClientBase(notebook, Path(source), nb_config, page_logger)


def say_so(app, doctree):
    """Tell the reader of a page that was not run, above its first cell."""
    path = app.env.doc2path(app.env.docname)
    if not path.endswith(".md") or why_not(path) is None:
        return
    app.env.note_reread()  # the next build asks again whether the data are there
    text = (
        f"{TITLES[needs_of(path)]} was not at hand when this copy of the book was built. The "
        "numbers and figures on this page are those of an earlier, tested run."
    )
    cells = (node for node in doctree.findall(nodes.container) if "cell" in node["classes"])
    first = next(cells)
    first.parent.insert(first.parent.index(first), nodes.note("", nodes.paragraph("", text)))


def setup(app):
    """Register with Sphinx."""
    myst_nb_sphinx.create_client = run_or_fill
    app.connect("doctree-read", say_so)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def main():
    """Get every data set, say where it is, and return the exit status."""
    sys.path.insert(0, str(ROOT))
    status = 0
    for dataset, title in TITLES.items():
        place = place_of(dataset)
        if place:
            print(f"{title}: found in {place}.")
            continue
        print(
            f"{title}: not here and not downloadable. To get it: {HOW_TO_GET[dataset]}.\n"
            "Until then the tests of the pages that need it are skipped, and these pages show the "
            "outputs of their reference notebooks."
        )
        status = int(is_required())
    return status


if __name__ == "__main__":
    sys.exit(main())
