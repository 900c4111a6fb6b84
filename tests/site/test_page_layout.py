"""The order of a chapter on the site: the live figure first, then the box, then code to open."""

import pytest
from page_layout import ROW

from tests.site.test_site import CHAPTERS, soup

LIVE = ".cell_output [data-start]"


def lead(name):
    """Return the elements of a chapter before its first section."""
    article = soup(f"{CHAPTERS[name]}.html").article
    elements = article.h1.find_next_siblings(True)
    end = next(i for i, node in enumerate(elements) if node.name == "section")
    return elements[:end]


def is_box(node):
    return node.name == "div" and "In this chapter" in (node.p or node).get_text()


PLAYFUL = sorted(
    name for name in CHAPTERS if name != "index" and any(n.select(LIVE) for n in lead(name))
)


def test_most_chapters_open_with_a_live_figure():
    assert len(PLAYFUL) >= 12


@pytest.mark.parametrize("name", PLAYFUL)
def test_box_follows_the_live_figure_with_which_a_chapter_opens(name):
    nodes = lead(name)
    figure = next(i for i, node in enumerate(nodes) if node.select(LIVE))
    (box,) = [i for i, node in enumerate(nodes) if "admonition-title" in str(node) and is_box(node)]
    assert box == figure + 1


@pytest.mark.parametrize("name", sorted(CHAPTERS))
def test_code_of_a_live_figure_is_below_it(name):
    for fold in soup(f"{CHAPTERS[name]}.html").select(".cell > details"):
        if fold.parent.select(LIVE):
            assert fold.find_previous_sibling("div", class_="cell_output")


def test_sentences_are_told_from_rows_of_tables():
    assert not ROW.search("loss 0.70, right 1 of 3\nmax |difference| = 0.0")
    assert not ROW.search("   100 photos: ECE 0.081\n10,000 photos: ECE 0.008")
    for table in (
        "a  1\nb 22",
        "z: [1.  0.2]",
        "  [1. 0.2]\n  [0. 1.2]",
        "[[1 2]\n [3 4]]",
        "   d  mean\n  64  0.2",
    ):
        assert ROW.search(table)


def test_pages_mark_their_sentences():
    prose = [node.get_text() for node in soup("book/sampling.html").select(".output.prose pre")]
    assert "This is the house that Jack built. This is the house that Jack built.\n" in prose
    tables = soup("book/calibration.html").select(".output:not(.prose) pre")
    assert any("number of bins" in node.get_text() for node in tables)
