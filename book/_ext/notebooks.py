"""Offer every page of the book as a notebook that plain Jupyter shows well.

When the site is built, each page is also written to ``_notebooks/NAME.ipynb``, with the outputs
that the site shows, and its download menu gets an entry for it. Plain Jupyter does not know MyST's
directives and roles, so `plain_markdown` turns them into Markdown. What a reference or a
citation reads like is not guessed: Sphinx resolves it, as it does for the page.

A solution is one cell that a reader opens, its code and what that prints included, below an empty
cell for an own attempt. Above that, an exercise of build_exercises.py has its starter and its check
as cells. A live figure is its picture until the cell is run.

A page may name its own notebook in its front matter, as the pages of the coursework do::

    softmax:
      notebook: _build/coursework/hw1.ipynb

That file, a path from the folder of ``_config.yml``, is then offered as it is.
"""

from __future__ import annotations

import base64
import posixpath
import pydoc
import re
from functools import lru_cache
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import jupytext
import nbformat
import yaml
from docutils import frontend, nodes
from docutils.utils import new_document
from myst_parser.parsers.sphinx_ import MystParser
from needed_data import run_or_fill
from plain_markdown import PARSER, MarkdownWriter, as_directive, folded
from pybtex.backends import markdown
from small_pictures import shrink_png
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole, sphinx_domains
from sphinx.util.parallel import ParallelTasks, parallel_available
from stream_outputs import join_pieces

FOLDER = "_notebooks"
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
KEPT_TAGS = {"raises-exception"}  # the other tags are about the site's look
KEPT_TYPES = ("image/png", "text/html", "text/markdown", "text/latex", "text/plain")
GATE = re.compile(r"^(:::+)\{solution-(start|end)\} ?(.*)\n(?::.*\n)*\1$", re.MULTILINE)
PICTURE = re.compile(r'src="data:image/png;base64,([A-Za-z0-9+/=]+)"')
RUN_IT = "*A picture of a live figure. Run the cell, and you can change its values.*"

logger = logging.getLogger(__name__)


def notebook_path(docname):
    """Return where the notebook of a page is, relative to the site's root."""
    return f"{FOLDER}/{docname.removeprefix('book/')}.ipynb"


def text_of(node, address):
    """Return the Markdown of resolved inline nodes.

    `address` returns where a link leads from a notebook, or None to leave only its text.
    """
    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, nodes.math):
        return f"${node.astext()}$"
    inner = "".join(text_of(child, address) for child in node.children)
    if isinstance(node, nodes.literal):
        return f"`{inner}`"
    if isinstance(node, nodes.emphasis):
        return f"*{inner}*"
    if isinstance(node, nodes.strong):
        return f"**{inner}**"
    target = address(node.get("refuri", "")) if isinstance(node, nodes.reference) else None
    return f"[{inner}]({target})" if target else inner


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
        read = [text_of(paragraph, self.address) for paragraph in paragraphs]
        self.texts = dict(zip(self.texts, read, strict=True))

    def address(self, link):
        """Return where a link of the page leads from its notebook, or None if to nothing else.

        That is the published page or, if the site does not know its address, the notebook beside
        this one.
        """
        path = urlsplit(link).path
        if urlsplit(link).scheme:
            return link
        if not path or path == f"{posixpath.basename(self.docname)}.html":
            return None
        if base := self.env.config.html_baseurl:
            return urljoin(f"{base.rstrip('/')}/{self.docname}.html", link)
        return f"{path.removesuffix('.html')}.ipynb" if path.endswith(".html") else None

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


INSTALL = """try:
    import softmax
except ModuleNotFoundError:
    %pip install --quiet git+{repository}"""


def preface(app, docname, has_code=True):
    """Return the first cells of a notebook: what it is, and how to get the package of the book."""
    base = app.config.html_baseurl.rstrip("/")
    book = app.config.html_title
    where = f"[{book}]({base}/{docname}.html)" if base else f"*{book}*"
    what = (
        f"> This notebook is a page of {where}, as plain Markdown and code. Run the cells from top "
        "to bottom."
    )
    repository = app.config.html_theme_options.get("repository_url")
    if repository and not has_code:
        return [nbformat.v4.new_markdown_cell(what)]
    if repository:
        how = "The next cell installs the package that comes with the book, unless you have it."
        install = [nbformat.v4.new_code_cell(INSTALL.format(repository=repository))]
    else:
        how = (
            "**Does the first cell say that there is no module named `softmax`?** The notebook "
            "needs the package that comes with the book. Download the book, open a terminal in its "
            "folder, and run `pip install .` there. Then restart the kernel."
        )
        install = []
    return [nbformat.v4.new_markdown_cell(f"{what}\n>\n> {how}"), *install]


def markdown_cell(writer, text):
    """Return a cell with the Markdown of `text`, or None if nothing is left of it."""
    source = writer.convert(text)
    return with_pictures(writer, source) if source else None


def with_pictures(writer, source):
    """Return a cell with the plain Markdown `source` and the pictures that it names."""
    cell = nbformat.v4.new_markdown_cell(source)
    if writer.attachments:
        cell.attachments, writer.attachments = writer.attachments, {}
    return cell


def caption_cell(writer, cell):
    """Return a cell with the caption that the page puts under the figure of a code cell."""
    figure = cell.metadata.get("mystnb", {}).get("figure", {})
    if "caption" not in figure:
        return None
    return nbformat.v4.new_markdown_cell(writer.caption(figure.get("name"), figure["caption"]))


def code_cell(cell):
    """Return a fresh code cell, without what only the site needs."""
    fresh = nbformat.v4.new_code_cell(cell.source, outputs=cell.outputs)
    tags = [tag for tag in cell.metadata.get("tags", []) if tag in KEPT_TAGS]
    if tags:
        fresh.metadata["tags"] = tags
    return fresh


@lru_cache(1)
def read_page(source):
    """Return a page as a notebook: it takes long, and is asked for three times."""
    return jupytext.reads(source, fmt="md:myst")


def page_outputs(env, docname):
    """Return the outputs of each code cell of a page: those that MyST-NB shows on the site."""
    path = env.doc2path(docname)
    notebook = read_page(Path(path).read_text(encoding="utf-8"))
    if not any(cell.cell_type == "code" for cell in notebook.cells):
        return []
    with run_or_fill(notebook, path, env.mystnb_config, logger) as client:
        cells = [cell for cell in client.notebook.cells if cell.cell_type == "code"]
    return [list(chain(*map(plain_outputs, join_pieces(cell.outputs)))) for cell in cells]


def plain_outputs(output):
    """Return what plain Jupyter shows of an output, the same bytes for the same output."""
    data = {kind: output["data"][kind] for kind in KEPT_TYPES if kind in output.get("data", {})}
    html = data.get("text/html", "")
    live = "<script" in html and PICTURE.search(html)
    if live:
        data = {"image/png": live[1], "text/plain": data["text/plain"]}
    if "image/png" in data:
        picture = base64.b64decode(data["image/png"])
        data["image/png"] = base64.b64encode(shrink_png(picture)).decode("ascii")
    if not data:
        return [output]
    note = nbformat.v4.new_output("display_data", {"text/markdown": RUN_IT, "text/plain": RUN_IT})
    return [nbformat.v4.new_output("display_data", data), *([note] if live else [])]


def fenced(cell):
    """Return a code cell of a solution, and what it prints, as Markdown."""
    printed = [shown.get("text") or shown["data"]["text/plain"] for shown in cell.outputs]
    blocks = [f"```python\n{cell.source}\n```", *(f"```text\n{t.rstrip()}\n```" for t in printed)]
    return "\n\n".join(blocks)


def parts(cells):
    """Yield each cell with the exercise that it solves, or None: solutions start in the midst."""
    solved = None
    for cell in cells:
        if cell.cell_type == "code":
            yield solved, cell
            continue
        pieces = GATE.split(cell.source)
        yield solved, nbformat.v4.new_markdown_cell(pieces[0])
        for gate, label, text in zip(pieces[2::4], pieces[3::4], pieces[4::4], strict=True):
            solved = label if gate == "start" else None
            yield solved, nbformat.v4.new_markdown_cell(text)


def pieces(text):
    """Yield the cells of a text: those of its starters and checks are code."""
    lines, start = text.split("\n"), 0
    for token in PARSER.parse(text):
        directive = as_directive(token)
        if directive and directive.name in ("starter", "check"):
            yield nbformat.v4.new_markdown_cell("\n".join(lines[start : token.map[0]]))
            yield nbformat.v4.new_code_cell(directive.body)
            start = token.map[1]
    yield nbformat.v4.new_markdown_cell("\n".join(lines[start:]))


def solution_cell(writer, label, cells):
    """Return a cell that holds a whole solution, which the reader opens."""
    title = f"Solution to {writer.resolver(f'{{ref}}`{label}`')}"
    body = [
        fenced(cell) if cell.cell_type == "code" else writer.convert(cell.source) for cell in cells
    ]
    return with_pictures(writer, folded(title, "\n\n".join(filter(None, body))))


def plain_notebook(source, outputs, resolver, first):
    """Return the notebook of a page, given its MyST text and the outputs of its code cells."""
    writer = MarkdownWriter(resolver)
    read = read_page(source).cells
    for cell, shown in zip((c for c in read if c.cell_type == "code"), outputs, strict=True):
        cell.outputs = shown
    # Cells tagged remove-cell check the prose beside them: no reader sees them on the page.
    read = [cell for cell in read if "remove-cell" not in cell.metadata.get("tags", [])]
    cells = list(first)
    for solved, group in groupby(parts(read), key=itemgetter(0)):
        found = [cell for _, cell in group]
        if solved:
            cells += [nbformat.v4.new_code_cell(), solution_cell(writer, solved, found)]
            continue
        for cell in found:
            if cell.cell_type == "code":
                cells += [code_cell(cell), caption_cell(writer, cell)]
                continue
            for piece in pieces(cell.source):
                is_code = piece.cell_type == "code"
                cells.append(piece if is_code else markdown_cell(writer, piece.source))
        cells = [cell for cell in cells if cell is not None]
    for position, cell in enumerate(cells):
        cell.id = f"cell-{position:03d}"
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})


def start_writing(app, builder):
    """Begin to write the notebooks, in a process beside the one that writes the pages."""
    if builder.name == "html" and parallel_available:
        app.notebook_tasks = ParallelTasks(1)
        app.notebook_tasks.add_task(write_notebooks, app)


def write_notebooks(app):
    """Write the notebook of every page into the site."""
    for docname in sorted(app.env.found_docs):
        path = Path(app.outdir) / notebook_path(docname)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(notebook_text(app, docname), encoding="utf-8")


def finish_writing(app, exception):
    """Wait for the notebooks, or write them if that has not begun."""
    if exception is not None or app.builder.name != "html":
        return
    if hasattr(app, "notebook_tasks"):
        app.notebook_tasks.join()
    else:
        write_notebooks(app)


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
    outputs = page_outputs(app.env, docname)
    page = source, outputs, resolver, preface(app, docname, bool(outputs))
    plain_notebook(*page)
    resolver.resolve()
    notebook = plain_notebook(*page)
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
    app.connect("write-started", start_writing)
    app.connect("build-finished", finish_writing)
    # The theme fills its menus at priority 501.
    app.connect("html-page-context", add_download, priority=502)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
