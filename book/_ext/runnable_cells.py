"""Let readers run and change the code cells of a page in their browser.

``make runtime`` puts Pyodide into ``.pyodide``. When it is there, the site carries it in
``_static/python``, together with the package, its data and the scripts of ``book/_python``, and
each page with code gets a Run button at each cell. Without it, this extension changes nothing.
A page that is not a notebook, such as those of the coursework, marks its cells by a directive::

    :::{cell}
    ```python
    print(1)
    ```
    :::

A cell that no other needs is a ``{cell} apart``: another one is then run without it. Below each
exercise, page.js adds such a cell, an empty one.

A cell that takes long in the browser, or prints something else there, says so in its metadata::

    softmax:
      browser: In a browser, the 100 epochs of this cell take five minutes.
      shorter: [max_iter=100, max_iter=5]

The sentence is shown below the cell, where it can be run, with a button that puts the second of two
pieces of code in place of the first.
"""

import filecmp
import hashlib
import json
import zipfile
from html import escape
from importlib.util import find_spec
from pathlib import Path
from shutil import copy2

from docutils import nodes
from needed_data import ROOT, place_of
from sphinx.util.docutils import SphinxDirective

RUNTIME = ROOT / ".pyodide"
SCRIPTS = ROOT / "book" / "_python"
FOLDER = "_static/python"
FOR_PAGES = ("page.js", "page.css", "check.js", "worker.mjs")
DATA = ROOT / "softmax" / "data"
# Code that needs a part of the runtime -> the name of its package for Pyodide.
PACKAGES = {
    "": "numpy",
    r"\b(matplotlib|plt|plotting|live)\b": "matplotlib",
    # Not the word "classifier", which many a docstring has.
    r"\b(scipy|sklearn|SoftmaxClassifier|(softmax|sm)\.classifier|sparsemax|playground)\b": (
        "scikit-learn"
    ),
}
# The function that loads a data set -> the folder in which Python looks for it.
LOADERS = {
    "load_mnist": "SITE/softmax/data/mnist",
    "load_word_frequencies": "SITE/softmax/data/words",
    "load_fashion_mnist": "/usr/share/datasets/fashion-mnist",
}


def is_there():
    """Return whether this site gets Python for the browser."""
    return (RUNTIME / "files.json").exists()


def package_files():
    """Return the modules that Pyodide lacks, by their paths there: the book's, and tqdm."""
    roots = [Path(find_spec("tqdm").origin).parent, ROOT / "softmax"]
    found = {"run_cells.py": SCRIPTS / "run_cells.py"}
    for root in roots:
        for path in root.rglob("*.*"):
            if path.suffix in (".py", ".mjs", ".mplstyle"):
                found[path.relative_to(root.parent).as_posix()] = path
    return found


def data_files(loader):
    """Return the files that a loader reads, by their names; none if this machine lacks them."""
    folder = {
        "load_mnist": lambda: DATA / "mnist",
        "load_word_frequencies": lambda: DATA / "words",
        "load_fashion_mnist": lambda: place_of("fashion-mnist"),
    }[loader]()
    return {path.name: path for path in folder.glob("*.gz")} if folder else {}


def write_archive(path, files):
    """Write files into an archive: the same bytes for the same files, on whatever day."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, source in sorted(files.items()):
            packed = zipfile.ZIP_STORED if source.suffix == ".gz" else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), source.read_bytes(), packed)


def copy(source, target):
    """Copy a file and its time; not if the same file is there, for the runtime is large."""
    if not target.exists() or not filecmp.cmp(source, target):
        copy2(source, target)


def write_runtime(app):
    """Write what the pages run on into the site, and a list of it with sizes and checksums.

    This comes before the pages, since Sphinx puts a checksum of a script into its address.
    """
    if app.builder.name != "html":
        return
    folder = Path(app.outdir, FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    listed = json.loads((RUNTIME / "files.json").read_text(encoding="utf-8"))
    for name in listed["files"]:
        copy(RUNTIME / name, folder / name)
    for name in FOR_PAGES:
        copy(SCRIPTS / name, folder / name)
    archives = {"softmax.zip": package_files()}
    parts = [{"when": "", "files": listed["core"]}]
    parts += [
        {"when": when, "files": listed["packages"][package], "package": package}
        for when, package in PACKAGES.items()
    ]
    parts.append({"when": "", "files": ["softmax.zip"], "folder": "SITE"})
    for loader, target in LOADERS.items():
        name = f"{loader.removeprefix('load_')}.zip"
        parts.append({"when": rf"\b{loader}\b", "files": [name], "folder": target})
        if files := data_files(loader):
            archives[name] = files
    for name, files in archives.items():
        write_archive(folder / name, files)
        content = (folder / name).read_bytes()
        checksum = hashlib.sha256(content).hexdigest()
        listed["files"][name] = {"size": len(content), "sha256": checksum}
    manifest = json.dumps({"files": listed["files"], "parts": parts})
    (folder / "manifest.json").write_text(manifest, encoding="utf-8")


def shown_code(doctree):
    """Yield the code cells of a page whose code is shown, each with the node of its code."""
    for cell in doctree.findall(nodes.container):
        for part in cell.findall(nodes.container) if "cell_metadata" in cell else ():
            if part.get("nb_element") == "cell_code_source":
                yield cell, part


def add_reasons(app, doctree, docname):
    """Put the sentence of a cell that runs differently in a browser below its code.

    An EPUB, which Sphinx makes from HTML too, has no Python.
    """
    for cell, code in shown_code(doctree) if app.builder.name == "html" else ():
        settings = cell["cell_metadata"].get("softmax", {})
        if "browser" in settings:
            shorter = json.dumps(settings.get("shorter", []))
            attributes = f'class="python-reason" data-shorter="{escape(shorter)}"'
            reason = f"<p {attributes}>{escape(settings['browser'])}</p>"
            code += nodes.raw("", reason, format="html")


class Cell(SphinxDirective):
    """The directive ``cell``: code that readers can run; it is not run when the book is built."""

    has_content = True
    optional_arguments = 1

    def run(self):
        """Return the cell, of the classes that MyST-NB gives to those of a notebook."""
        cell = nodes.container("", classes=["cell", *self.arguments])
        self.state.nested_parse(self.content, self.content_offset, cell)
        for code in list(cell.findall(nodes.literal_block)):
            box = nodes.container("", classes=["cell_input"])
            code.replace_self(box)
            box += code
        return [cell]


def add_script(app, pagename, templatename, context, doctree):
    """Put the script on a page that has code."""
    if app.builder.name != "html" or doctree is None:
        return
    if any("cell_input" in part["classes"] for part in doctree.findall(nodes.container)):
        version = {"data-version": app.config.pages_run_python}
        app.add_js_file("python/page.js", loading_method="defer", **version)
        app.add_css_file("python/page.css")


def setup(app):
    """Register with Sphinx, what runs cells if the runtime is there."""
    app.add_directive("cell", Cell)
    if is_there():
        # A change of this value, the checksum of the scripts, has all pages written anew: a browser
        # then takes no script that it kept of an earlier site.
        scripts = b"".join((SCRIPTS / name).read_bytes() for name in FOR_PAGES)
        app.add_config_value("pages_run_python", hashlib.sha256(scripts).hexdigest()[:8], "html")
        app.tags.add("runs_python")
        app.connect("doctree-resolved", add_reasons)
        app.connect("html-page-context", add_script)
        app.connect("builder-inited", write_runtime)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
