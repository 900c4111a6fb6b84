"""The questions for exams: each is short and leads to its proof, and Anki gets the same."""

import io
import json
import os
import re
import sqlite3
import sys
import zipfile
from difflib import SequenceMatcher
from functools import cache
from itertools import combinations

import anki_deck as cards
import pytest
from bs4 import BeautifulSoup
from genanki import guid_for
from plain_markdown import find_directives
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace
from typeset_math import typesetter

from tests.book.test_form import CHAPTERS, count_words, directives, figures, prose, role_targets
from tools.references import ROOT, toc_pages

MOST_WORDS = 80
REVIEW = (ROOT / "book" / "review.md").read_text("utf-8")
QUESTIONS = [d for d in find_directives(REVIEW) if d.name == "dropdown"]
by_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda d: d.label)


def sections():
    """Return the questions of each section, by the chapter that it says they are from."""
    found = {}
    for section in re.split(r"^## ", REVIEW, flags=re.MULTILINE)[1:]:
        (chapter,) = role_targets(section.partition(":::")[0], "doc")
        found[chapter] = [d for d in find_directives(section) if d.name == "dropdown"]
    return found


@cache
def places(name):
    """Return what can be linked to in a chapter, by the role that does it."""
    labels = [(d.name, d.label) for d in directives(CHAPTERS[name]) if d.label]
    return {
        "prf:ref": {label for kind, label in labels if kind.startswith("prf:")},
        "ref": {label for kind, label in labels if kind.startswith("exercise")},
        "eq": set(re.findall(r"^\$\$ \(([\w-]+)\)$", prose(CHAPTERS[name]), re.MULTILINE)),
        "numref": {label for label, _, _ in figures(CHAPTERS[name])},
        "doc": {name},
    }


@pytest.mark.prose
def test_there_are_enough_questions_and_each_has_a_name_of_its_own():
    assert len(QUESTIONS) >= 40
    labels = [question.label for question in QUESTIONS]
    assert all(re.fullmatch(r"review-[a-z0-9-]+", label) for label in labels), labels
    assert len(set(labels)) == len(labels)


def test_chapters_are_asked_about_in_their_order():
    order = [page.removeprefix("book/") for page in toc_pages()]
    assert list(sections()) == [name for name in order if name in CHAPTERS]
    few = [chapter for chapter, questions in sections().items() if len(questions) < 2]
    assert not few, f"Chapters with fewer than two questions: {few}"
    assert sum(map(len, sections().values())) == len(QUESTIONS)


@pytest.mark.prose
@by_question
def test_answer_can_be_said_in_half_a_minute(question):
    words = count_words(question.body)
    assert 15 <= words <= MOST_WORDS, f"The answer of {question.label} has {words} words."


@by_question
def test_answer_ends_with_a_link_to_its_chapter(question):
    chapter = next(name for name, questions in sections().items() if question in questions)
    last = question.body.split("\n\n")[-1]
    assert last.startswith("See "), f"{question.label} does not end with “See …”."
    links = {(role, target) for role in places(chapter) for target in role_targets(last, role)}
    everywhere = {
        (role, target)
        for place in map(places, CHAPTERS)
        for role, targets in place.items()
        for target in targets
    }
    assert links <= everywhere, f"{question.label} links to {links - everywhere}: no such place."
    own = {(role, target) for role, targets in places(chapter).items() for target in targets}
    assert links & own, f"{question.label} is asked under {chapter}, but leads to {links}."


@pytest.mark.prose
def test_no_two_questions_are_alike():
    for one, other in combinations(QUESTIONS, 2):
        alike = SequenceMatcher(None, one.argument.lower(), other.argument.lower()).ratio()
        assert alike < 0.75, f"{one.label} and {other.label} ask the same."
        assert one.body != other.body


def read_package(content):
    """Return the notes of a package by guid: their fields by name, tag and time; and its deck."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert package.testzip() is None
        collection = package.read("collection.anki2")
        assert json.loads(package.read("media")) == {}
    connection = sqlite3.connect(":memory:")
    connection.deserialize(collection)
    models, decks = map(json.loads, connection.execute("SELECT models, decks FROM col").fetchone())
    (model,) = models.values()
    names = [field["name"] for field in model["flds"]]
    notes = {
        guid: dict(zip(names, fields.split("\x1f"), strict=True)) | {"tags": tags.split(), "mod": t}
        for guid, fields, tags, t in connection.execute("SELECT guid, flds, tags, mod FROM notes")
    }
    (cards,) = connection.execute("SELECT count(*) FROM cards").fetchone()
    connection.close()
    assert cards == len(notes)
    return notes, model, decks


def said(html):
    """Return the text of HTML, its formulas as MathML says them; on a card they are still TeX."""

    def typeset(match):
        formula = typesetter().typeset(match[1] or match[2], display=bool(match[2]))
        return BeautifulSoup(formula, "html.parser").get_text()

    text = BeautifulSoup(html, "html.parser").get_text(" ")
    text = re.sub(r"\\\((.+?)\\\)|\\\[(.+?)\\\]", typeset, text, flags=re.DOTALL)
    return "".join(text.replace("\N{WORD JOINER}", "").split())


@pytest.fixture(scope="module")
def package(site):
    """Return the notes of the package that the site offers."""
    return read_package((site / cards.PACKAGE).read_bytes())[0]


def test_page_offers_the_package(site):
    page = BeautifulSoup((site / "book" / "review.html").read_text("utf-8"), "html.parser")
    link = page.find("a", string="download the deck")
    assert (site / "book" / link["href"]).resolve() == (site / cards.PACKAGE).resolve()


def test_cards_are_the_questions_of_the_page(site, package):
    page = BeautifulSoup((site / "book" / "review.html").read_text("utf-8"), "html.parser")
    shown = {details["id"]: details for details in page.select("details.sd-dropdown[id]")}
    assert list(shown) == [question.label for question in QUESTIONS]
    assert not [label for label, details in shown.items() if details.has_attr("open")]
    assert package.keys() == {guid_for(cards.NAME, label) for label in shown}
    tags = {d.label: f"softmax::{name}" for name, found in sections().items() for d in found}
    for label, details in shown.items():
        note = package[guid_for(cards.NAME, label)]
        title, body = details.select_one(".sd-summary-text"), details.select_one(".sd-card-body")
        assert said(note["Question"]) == said(str(title)), f"The front of {label} differs."
        assert said(note["Answer"]) == said(str(body)), f"The back of {label} differs."
        assert note["tags"] == [tags[label]]


def test_fields_hold_only_what_anki_understands(package):
    for guid, note in package.items():
        text = " ".join(note[name] for name in ("Question", "Answer", "Chapter"))
        assert not re.search(r"\$|`|\{[a-z:]+\}`|:::|<(?!/?(p|em|b|code|a)\b)", text), (guid, text)
        assert text.count(r"\(") == text.count(r"\)")
        assert text.count(r"\[") == text.count(r"\]")
        assert note["Chapter"].strip()


def test_identity_of_deck_and_cards_never_changes():
    # With other numbers, readers would get every card twice when they import a new edition.
    card = cards.Card("review-softmax", "Q", "A", "C", "definition")
    notes, model, decks = read_package(cards.make_package(cards.make_deck([card]), 1_800_000_000))
    assert list(notes) == ["rJ4y(@.!M_"]
    assert model["id"] in (1903184217, "1903184217")
    assert "1727356049" in decks


def test_same_cards_are_the_same_bytes():
    card = cards.Card("review-softmax", "Q", "A", "C", "definition")
    one, other = (cards.make_package(cards.make_deck([card]), 1_800_000_000) for _ in range(2))
    assert one == other
    with zipfile.ZipFile(io.BytesIO(one)) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert one != cards.make_package(cards.make_deck([card]), 1_800_000_001)


ADDRESS = "https://example.org/softmax/"
PAGE = """\
# Questions

Get {anki}`the cards`.

## One

From {doc}`end`.

:::{dropdown} Is $a < b$?
:name: q-less

*Yes*, see `f` & [the end](end.md):

$$
a < b
$$
:::

:::{dropdown} Without a name, this is no question.
Text.
:::

```{toctree}
end
```
"""


def build(source, page=PAGE, *, written=None, **settings):
    """Build a small book whose page `index` has the questions; return the folder of its site."""
    (source / "index.md").write_text(page)
    if written:
        os.utime(source / "index.md", (written, written))
    (source / "end.md").write_text("# The end & more\n\nLast words.\n")
    defaults = {
        "extensions": ["myst_parser", "sphinx_design", "anki_deck"],
        "myst_enable_extensions": ["colon_fence", "dollarmath"],
        "anki_page": "index",
    }
    site = source / "_site"
    with docutils_namespace():  # Sphinx may be started several times in one process
        Sphinx(
            source, None, site, source / "_doctrees", "html", defaults | settings,
            status=None, warning=sys.stderr, warningiserror=True,
        ).build()  # fmt: skip
    return site


@pytest.mark.parametrize("address", ["", ADDRESS], ids=["no address", "address"])
def test_card_of_a_small_book(tmp_path, address):
    site = build(tmp_path, html_baseurl=address)
    notes, _, _ = read_package((site / cards.PACKAGE).read_bytes())
    (note,) = notes.values()
    link = f'<a href="{ADDRESS}end.html">{{}}</a>' if address else "{}"
    assert note["Question"] == r"Is \(a &lt; b\)?"
    end = link.format("the end")
    assert note["Answer"] == (
        rf"<p><em>Yes</em>, see <code>f</code> &amp; {end}:</p>" r"\[a &lt; b\]"
    )
    assert note["Chapter"] == link.format("The end &amp; more")
    assert note["tags"] == ["softmax::end"]
    page = BeautifulSoup((site / "index.html").read_text("utf-8"), "html.parser")
    assert page.find("a", string="the cards")["href"] == cards.PACKAGE


def edit(source, page):
    """Write the page anew, a minute after it was last written, and return its package."""
    later = os.path.getmtime(source / "index.md") + 60
    return (build(source, page, written=later) / cards.PACKAGE).read_bytes()


def test_an_edited_answer_is_the_same_card_but_younger(tmp_path, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.setattr(cards, "__file__", str(tmp_path / "index.md"))
    first = (build(tmp_path) / cards.PACKAGE).read_bytes()
    second = edit(tmp_path, PAGE.replace("*Yes*", "*Always*"))
    ((guid, before),) = read_package(first)[0].items()
    ((same_guid, after),) = read_package(second)[0].items()
    assert guid == same_guid
    assert ("Yes" in before["Answer"], "Always" in after["Answer"]) == (True, True)
    assert after["mod"] > before["mod"]


def test_time_can_be_given(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    first = (build(tmp_path) / cards.PACKAGE).read_bytes()
    assert edit(tmp_path, PAGE) == first


def test_what_a_card_cannot_show_is_an_error(tmp_path):
    with pytest.raises(ExtensionError, match="A card cannot show a bullet_list, only paragraphs"):
        build(tmp_path, PAGE.replace("*Yes*", "- Yes\n\nWell"))


def test_a_book_without_the_page_has_no_package(tmp_path):
    site = build(tmp_path, PAGE.replace("Get {anki}`the cards`.", ""), anki_page="elsewhere")
    assert not (site / cards.PACKAGE).exists()
