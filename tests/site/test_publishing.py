"""What a published site adds to its pages: cards, a sitemap, a page for wrong addresses."""

import sys
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from tools.references import ROOT

ADDRESS = "https://example.org/softmax/"


def read(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def card(page):
    """Return what OpenGraph says of a page, by property."""
    found = page.find_all("meta", property=lambda name: name and name.startswith("og:"))
    return {meta["property"]: meta["content"] for meta in found}


@pytest.fixture(scope="module", params=["", ADDRESS], ids=["no address", "address"])
def published(request, tmp_path_factory):
    """Return the address and the folder of a small site of two pages."""
    source = tmp_path_factory.mktemp("source")
    (source / "index.md").write_text("# A book\n\nIts first words.\n\n```{toctree}\nend\n```\n")
    (source / "end.md").write_text("# The end\n\nIts last words.\n")
    (source / "book").symlink_to(ROOT / "book")
    settings = {
        "extensions": ["myst_parser", "publishing"],
        "exclude_patterns": ["book"],
        "html_baseurl": request.param,
        "html_title": "A book of two pages",
        "project": "A book of two pages",
    }
    site = source / "_site"
    with docutils_namespace():  # Sphinx may be started twice in one process
        Sphinx(
            source, None, site, source / "_doctrees", "html", settings,
            status=None, warning=sys.stderr, warningiserror=True,
        ).build()  # fmt: skip
    return request.param, site


def test_each_page_has_a_card(published):
    address, site = published
    page = card(read(site / "end.html"))
    assert page["og:title"] == "The end"
    assert page["og:description"] == "Its last words."
    assert page["og:site_name"] == "A book of two pages"
    assert page["og:url"] == (address or "/") + "end.html"
    picture = page["og:image"].removeprefix(address or "/")
    assert (site / picture).read_bytes().startswith(b"\x89PNG")


def test_sitemap_is_written_where_the_address_is_known(published):
    address, site = published
    sitemap = site / "sitemap.xml"
    if not address:
        assert not sitemap.exists()
        return
    places = [node.text for node in ElementTree.parse(sitemap).iter() if node.tag.endswith("}loc")]
    assert {address + "index.html", address + "end.html"} <= set(places)


def test_wrong_addresses_lead_back_from_any_depth(published):
    address, site = published
    page = read(site / "404.html")
    prefix = "/softmax/" if address else "/"
    assert page.find("a", string="first page of the book")["href"] == prefix + "index.html"
    styles = [link["href"] for link in page.find_all("link", rel="stylesheet")]
    assert styles
    assert all(style.startswith(prefix + "_static/") for style in styles)


def test_the_book_has_cards_and_a_page_for_wrong_addresses(site):
    # The first heading of a page is the theme's, for print, and empty here.
    assert read(site / "404.html").find("h1", string="There is no such page")
    page = card(read(site / "book" / "definition.html"))
    assert page["og:site_name"] == "Softmax from First Principles"
    assert (site / page["og:image"].lstrip("/")).exists()
