"""Offer the questions of a page as a package of cards for Anki.

The page is the only source. Each dropdown with a name on it is a question: its title is the front
of a card, what is inside the back. The first reference of its section says which chapter it
belongs to. The cards are written when the site is, from the page as Sphinx resolved it, so a card
says "Theorem 5" where the page does.

Anki knows a note by its guid, which is made from the name of the question alone, and replaces a
note that it has if the new one is younger. So whoever imports a later edition keeps what was
learned, and an unchanged book gives the same bytes.
"""

from __future__ import annotations

import io
import itertools
import os
import posixpath
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import genanki
from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole
from sphinx_design.dropdown import dropdown_main

PACKAGE = "softmax-from-first-principles.apkg"
NAME = "Softmax from First Principles"
DECK_ID, MODEL_ID = 1727356049, 1903184217  # arbitrary; another number would be another deck

# How Anki wants what the page writes otherwise; an empty tag leaves the text as it is.
TAGS = {
    nodes.paragraph: "p",
    nodes.emphasis: "em",
    nodes.strong: "b",
    nodes.literal: "code",
    nodes.inline: "",
}
FRONT = '<div class="chapter">{{Chapter}}</div>\n<div class="question">{{Question}}</div>'
BACK = '{{FrontSide}}\n<hr id="answer">\n{{Answer}}'
STYLE = """\
.card {
  max-width: 36em; margin: 0 auto; padding: 0.5em 1em;
  font: 20px/1.5 system-ui, sans-serif; text-align: left;
  color: #1a1a1a; background: #fff;
}
.chapter { margin-bottom: 0.5em; font-size: 0.75em; color: #595959; }
.question { font-weight: 600; }
.chapter a { color: inherit; }
a { color: #0060a8; }
code { font-size: 0.9em; }
mjx-container[display="true"] { overflow-x: auto; overflow-y: hidden; }
.card.nightMode { color: #e4e4e4; background: #1f1f1f; }
.nightMode .chapter { color: #adadad; }
.nightMode a { color: #8cc2f2; }
"""


@dataclass(frozen=True)
class Card:
    """One question, ready for Anki: `question`, `answer` and `chapter` are HTML."""

    label: str
    question: str
    answer: str
    chapter: str
    tag: str


def html_of(node, page_address):
    """Return resolved nodes as the HTML of a field.

    Links lead to `page_address`, the address of the page that the nodes are from. If it is empty
    there is nowhere to lead to, and only the text of a link inside the book is left.
    """
    if isinstance(node, nodes.Text):
        return escape(node.astext(), quote=False)
    if isinstance(node, nodes.math):
        return rf"\({escape(node.astext(), quote=False)}\)"
    if isinstance(node, nodes.math_block):
        return rf"\[{escape(node.astext().strip(), quote=False)}\]"
    if not isinstance(node, (nodes.reference, *TAGS)):
        raise ExtensionError(
            f"A card cannot show a {type(node).__name__}, only paragraphs with formulas, links, "
            f"code and emphasis. {node.source or 'The page'} has one: {node.astext()[:60]!r}"
        )
    inner = "".join(html_of(child, page_address) for child in node.children)
    if isinstance(node, nodes.reference):
        address = urljoin(page_address, target(node))
        return f'<a href="{escape(address)}">{inner}</a>' if urlsplit(address).scheme else inner
    tag = TAGS[type(node)]
    return f"<{tag}>{inner}</{tag}>" if tag else inner


def target(reference):
    """Return where a resolved reference leads, relative to its page."""
    return reference.get("refuri") or "#" + reference["refid"]


def cards(doctree, page, base):
    """Yield the cards of a resolved page.

    Parameters
    ----------
    doctree : docutils.nodes.document
        The page, resolved for HTML.
    page : str
        Its name.
    base : str
        The address of the site, or an empty string.
    """
    page_address = f"{base.rstrip('/')}/{page}.html" if base else ""
    for dropdown in doctree.findall(dropdown_main):
        if not dropdown["ids"]:
            continue
        title, body = dropdown.children
        section = dropdown
        while not isinstance(section, nodes.section):
            section = section.parent
        chapter = next(section.findall(nodes.reference))
        yield Card(
            label=dropdown["ids"][0],
            question=html_of(title.next_node(nodes.inline), page_address),
            answer="".join(html_of(child, page_address) for child in body.children),
            chapter=html_of(chapter, page_address),
            tag=Path(urlsplit(target(chapter)).path).stem,
        )


def make_deck(found):
    """Return the deck of some cards."""
    model = genanki.Model(
        MODEL_ID,
        NAME,
        fields=[{"name": "Question"}, {"name": "Answer"}, {"name": "Chapter"}],
        templates=[{"name": "Card", "qfmt": FRONT, "afmt": BACK}],
        css=STYLE,
    )
    deck = genanki.Deck(DECK_ID, NAME, "Questions and answers of the book, one card each.")
    for due, card in enumerate(found):
        deck.add_note(
            genanki.Note(
                model,
                [card.question, card.answer, card.chapter],
                guid=genanki.guid_for(NAME, card.label),
                tags=[f"softmax::{card.tag}"],
                due=due,
            )
        )
    return deck


def make_package(deck, time):
    """Return the bytes of a package, which depend on nothing but the deck and the time.

    genanki would write the time of the build into the archive.
    """
    with closing(sqlite3.connect(":memory:")) as connection:
        ids = itertools.count(time * 1000)
        genanki.Package(deck).write_to_db(connection.cursor(), time, ids)
        connection.commit()
        collection = connection.serialize()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in [("collection.anki2", collection), ("media", b"{}")]:
            package.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def edition(app):
    """Return when the cards last changed, in seconds: no card is younger than its sources.

    SOURCE_DATE_EPOCH, if it is set, says it for builds that must be the same everywhere.
    """
    if "SOURCE_DATE_EPOCH" in os.environ:
        return int(os.environ["SOURCE_DATE_EPOCH"])
    sources = [app.env.doc2path(name) for name in app.env.found_docs]
    return int(max(os.path.getmtime(path) for path in [__file__, *sources]))


def write_package(app, exception):
    """Write the package into the site."""
    page = app.config.anki_page
    if exception is not None or app.builder.name != "html" or page not in app.env.found_docs:
        return
    # What is wrong with a reference was already said when its page was written.
    with logging.suppress_logging():
        doctree = app.env.get_and_resolve_doctree(page, app.builder)
    deck = make_deck(cards(doctree, page, app.config.html_baseurl))
    (Path(app.outdir) / PACKAGE).write_bytes(make_package(deck, edition(app)))


class Download(SphinxRole):
    """``{anki}`text` ``: a link to the package, which is made after all pages are."""

    def run(self):
        """Return the link."""
        address = posixpath.relpath(PACKAGE, posixpath.dirname(self.env.docname) or ".")
        return [nodes.reference(self.rawtext, self.text, refuri=address, internal=True)], []


def add_script(app, pagename, templatename, context, doctree):
    """Let the page itself ask its questions, too."""
    if app.builder.name == "html" and pagename == app.config.anki_page:
        app.add_js_file("ask-me.js", loading_method="defer")


def setup(app):
    """Register with Sphinx."""
    app.add_config_value("anki_page", "book/review", "")
    app.add_role("anki", Download())
    app.connect("html-page-context", add_script)
    app.connect("build-finished", write_package)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
