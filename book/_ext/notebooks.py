"""Offer every page of the book as a notebook that plain Jupyter shows well.

When the site is built, each page is also written to ``_notebooks/NAME.ipynb``, without
outputs, and its download menu gets an entry for it. Plain Jupyter does not know MyST's
directives and roles, so `plain_markdown` turns them into Markdown. What a reference or a
citation reads like is not guessed: Sphinx resolves it, as it does for the page.

A page may name its own notebook in its front matter, as the pages of the coursework do::

    softmax:
      notebook: _build/coursework/hw1.ipynb

That file, a path from the folder of ``_config.yml``, is then offered as it is.
"""

from __future__ import annotations

import posixpath
import pydoc
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import jupytext
import nbformat
import yaml
from docutils import frontend, nodes
from docutils.utils import new_document
from myst_parser.parsers.sphinx_ import MystParser
from plain_markdown import MarkdownWriter
from pybtex.backends import markdown
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole, sphinx_domains

FOLDER = "_notebooks"
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
KEPT_TAGS = {"raises-exception"}  # the other tags are about the site's look


def notebook_path(docname):
    """Return where the notebook of a page is, relative to the site's root."""
    return f"{FOLDER}/{docname.removeprefix('book/')}.ipynb"


def text_of(node):
    """Return the Markdown of resolved inline nodes, without their links."""
    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, nodes.math):
        return f"${node.astext()}$"
    inner = "".join(text_of(child) for child in node.children)
    if isinstance(node, nodes.literal):
        return f"`{inner}`"
    if isinstance(node, nodes.emphasis):
        return f"*{inner}*"
    if isinstance(node, nodes.strong):
        return f"**{inner}**"
    return inner


class Resolver:
    """What `MarkdownWriter` has to know of the book, asked of Sphinx for one page.

    Sphinx takes milliseconds to set up a document, however short. So a page is written twice:
    the first time notes what has to be resolved, and all of it is resolved in one document.
    """

    def __init__(self, env, docname):
        self.env = env
        self.docname = docname
        self.texts = {}

    def __call__(self, snippet):
        """Return the text that the page shows for a role or a link, once it is resolved."""
        return self.texts.setdefault(snippet, "")

    def resolve(self):
        """Let Sphinx parse and resolve each noted snippet as if it were a paragraph of the page."""
        settings = frontend.get_default_settings(MystParser)
        settings.env = self.env
        document = new_document(self.env.doc2path(self.docname), settings)
        self.env.temp_data["docname"] = self.docname
        source = "\n\n".join(" ".join(snippet.split()) for snippet in self.texts)
        # What is wrong with a reference was already said when its page was written.
        with sphinx_domains(self.env), logging.suppress_logging():
            MystParser().parse(source, document)
            self.env.apply_post_transforms(document, self.docname)
        paragraphs = [node for node in document.children if isinstance(node, nodes.paragraph)]
        self.texts = dict(zip(self.texts, map(text_of, paragraphs), strict=True))

    def image(self, source):
        """Return the path of a picture that the page names."""
        return Path(self.env.relfn2path(source, self.docname)[1])

    def bibliography(self):
        """Return the entries of the page's bibliography as Markdown."""
        citations = self.env.get_domain("cite").citations
        own = [c for c in citations if c.bibliography_key.docname == self.docname]
        # An instance: by its name, pybtex would look through all installed packages each time.
        style = markdown.Backend()
        return [citation.formatted_entry.text.render(style) for citation in own]

    def summary(self, name):
        """Return the first line of the docstring of a function or class."""
        return pydoc.getdoc(pydoc.locate(name)).partition("\n")[0]


def preface(app, docname):
    """Return the text of a notebook's first cell."""
    base = app.config.html_baseurl.rstrip("/")
    book = app.config.html_title
    where = f"[{book}]({base}/{docname}.html)" if base else f"*{book}*"
    return (
        f"> This notebook is a page of {where}, as plain Markdown and code.\n>\n"
        "> It needs the package `softmax` that comes with the book; the book's README says how "
        "to install it. Run the cells from top to bottom."
    )


def markdown_cell(writer, text):
    """Return a cell with the Markdown of `text`, or None if nothing is left of it."""
    writer.attachments = {}
    source = writer.convert(text)
    if not source:
        return None
    cell = nbformat.v4.new_markdown_cell(source)
    if writer.attachments:
        cell.attachments = writer.attachments
    return cell


def caption_cell(writer, cell):
    """Return a cell with the caption that the page puts under the figure of a code cell."""
    figure = cell.metadata.get("mystnb", {}).get("figure", {})
    if "caption" not in figure:
        return None
    return nbformat.v4.new_markdown_cell(writer.caption(figure.get("name"), figure["caption"]))


def code_cell(cell):
    """Return a fresh code cell, without what only the site needs."""
    fresh = nbformat.v4.new_code_cell(cell.source)
    tags = [tag for tag in cell.metadata.get("tags", []) if tag in KEPT_TAGS]
    if tags:
        fresh.metadata["tags"] = tags
    return fresh


def plain_notebook(source, resolver, first):
    """Return the notebook of a page, given its MyST text."""
    writer = MarkdownWriter(resolver)
    cells = [nbformat.v4.new_markdown_cell(first)]
    for cell in jupytext.reads(source, fmt="md:myst").cells:
        if cell.cell_type != "code":
            cells.append(markdown_cell(writer, cell.source))
        # Cells tagged remove-cell check the prose beside them: no reader sees them on the page.
        elif "remove-cell" not in cell.metadata.get("tags", []):
            cells += [code_cell(cell), caption_cell(writer, cell)]
    cells = [cell for cell in cells if cell is not None]
    for position, cell in enumerate(cells):
        cell.id = f"cell-{position:03d}"
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})


def write_notebooks(app, exception):
    """Write the notebook of every page into the site."""
    if exception is not None or app.builder.format != "html":
        return
    with remembered_doctrees(app.env):
        for docname in sorted(app.env.found_docs):
            path = Path(app.outdir) / notebook_path(docname)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(notebook_text(app, docname), encoding="utf-8")


@contextmanager
def remembered_doctrees(env):
    """Unpickle each page once: Sphinx does so for every single reference to a figure."""
    read = env.get_doctree
    env.get_doctree = cache(read)
    try:
        yield
    finally:
        env.get_doctree = read


def named_notebook(source):
    """Return the path that the front matter of a page gives for its notebook, or None."""
    if not source.startswith("---\n"):
        return None
    front_matter = yaml.safe_load(source[4:].partition("\n---\n")[0]) or {}
    return front_matter.get("softmax", {}).get("notebook")


def notebook_text(app, docname):
    """Return the notebook of a page as the text of its file."""
    source = Path(app.env.doc2path(docname)).read_text(encoding="utf-8")
    if named := named_notebook(source):
        return Path(app.srcdir, named).read_text(encoding="utf-8")
    resolver = Resolver(app.env, docname)
    plain_notebook(source, resolver, preface(app, docname))
    resolver.resolve()
    notebook = plain_notebook(source, resolver, preface(app, docname))
    return nbformat.writes(notebook) + "\n"


def add_download(app, pagename, templatename, context, doctree):
    """Put the notebook at the top of the page's download menu."""
    if pagename not in app.env.found_docs:
        return
    menus = [b for b in context["header_buttons"] if b.get("label") == "download-buttons"]
    for menu in menus:
        menu["buttons"].insert(
            0,
            {
                "type": "link",
                "url": context["pathto"](notebook_path(pagename), 1),
                "text": ".ipynb",
                "icon": "fas fa-code",
                "tooltip": "Download as a notebook",
                "label": "download-notebook-button",
            },
        )


class Download(SphinxRole):
    """``{notebook}`text` ``: a link to the notebook of the page, which is written after it."""

    def run(self):
        """Return the link."""
        page = self.env.docname
        address = posixpath.relpath(notebook_path(page), posixpath.dirname(page) or ".")
        return [nodes.reference(self.rawtext, self.text, refuri=address, internal=True)], []


def setup(app):
    """Register with Sphinx."""
    app.add_role("notebook", Download())
    app.connect("build-finished", write_notebooks)
    # The theme fills its menus at priority 501.
    app.connect("html-page-context", add_download, priority=502)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
