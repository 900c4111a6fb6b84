"""A link to a term shows the entry of the glossary, by mouse, keyboard and finger."""

import pytest

from tests.site.test_site import PAGES, soup

PAGE = "book/classification.html"
BOX = "#glossary-entry"
TERM = "main a[href*='#term-']"


@pytest.fixture(scope="module")
def shared(visit, address):
    page = visit(f"{address}/{PAGE}")
    page.wait_for_load_state("load")
    return page


@pytest.fixture
def page(shared):
    """Give the page at its top, with no entry open."""
    shared.mouse.move(0, 0)
    shared.keyboard.press("Escape")
    shared.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    shared.locator(BOX).wait_for(state="detached")
    return shared


def entry_of(link):
    """Return the words of the glossary about the term of a link."""
    term = soup("book/notation.html").find(id=link.get_attribute("href").split("#")[1])
    return " ".join(term.find_next_sibling("dd").get_text().split())


# The first test of the file: no other has opened an entry yet.
def test_pages_load_no_entry_before_it_is_wanted(shared):
    loaded = shared.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert not [name for name in loaded if "glossary-entries" in name]


def test_mouse_that_rests_on_a_term_reads_its_entry(page):
    link = page.locator(TERM).first
    link.hover()
    box = page.locator(BOX)
    box.wait_for()
    text, see = entry_of(link).split(" See ")
    assert see == "Which one? Classes, scores and decisions."  # this page, which is left out
    assert " ".join(box.text_content().split()) == text
    box.hover()  # the entry stays under the mouse
    page.wait_for_timeout(500)
    assert box.is_visible()
    page.locator("article h1").hover()
    box.wait_for(state="detached")


def test_escape_closes_the_entry(page):
    page.locator(TERM).first.hover()
    page.locator(BOX).wait_for()
    page.keyboard.press("Escape")
    page.locator(BOX).wait_for(state="detached")


def test_keyboard_opens_the_entry_and_reaches_the_link_in_it(visit, address):
    page = visit(f"{address}/book/mnist.html")  # its first term is of another chapter
    page.wait_for_load_state("load")
    link = page.locator(TERM).first
    page.keyboard.press("Tab")  # the keyboard is in use
    link.focus()
    page.locator(BOX).wait_for()
    assert link.get_attribute("aria-describedby") == "glossary-entry"
    page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('#glossary-entry')")
    assert page.locator(BOX).is_visible()
    page.keyboard.press("Tab")
    assert link.get_attribute("aria-describedby") is None
    assert not page.evaluate("!!document.activeElement.closest('#glossary-entry')")


def test_first_tap_shows_the_entry_and_the_second_follows(visit, address):
    page = visit(f"{address}/{PAGE}", width=390, has_touch=True, is_mobile=True)
    page.wait_for_load_state("load")
    link = page.locator(TERM).first
    link.tap()
    box = page.locator(BOX)
    box.wait_for()
    assert page.url.endswith(PAGE)
    edges = box.bounding_box()
    assert edges["x"] >= 0
    assert edges["x"] + edges["width"] <= 390
    page.locator("article h1").tap()  # elsewhere
    box.wait_for(state="detached")
    link.tap()
    box.wait_for()
    link.tap()
    page.wait_for_url("**/notation.html#term-*")


def linked_entry_with_a_formula():
    """Return a page and the anchor of a term that it links to, whose entry has a formula."""
    formulas = {
        entry.find_previous_sibling("dt")["id"]
        for entry in soup("book/notation.html").select("dl.glossary > dd:has(mjx-container)")
    }
    for page in PAGES:
        for link in soup(page).select("main a.reference[href*='#term-']"):
            anchor = link["href"].split("#")[1]
            if anchor in formulas and page != "book/notation.html":
                return page, anchor
    raise AssertionError("No page links to such a term.")


@pytest.mark.slow
@pytest.mark.parametrize("where", ["server", "file"])
def test_formula_in_an_entry_is_typeset_and_the_link_arrives(visit, address, site, where):
    name, anchor = linked_entry_with_a_formula()
    page = visit(f"{address if where == 'server' else site.as_uri()}/{name}")
    page.wait_for_load_state("load")
    page.locator(f"main a[href$='#{anchor}']").first.hover()
    page.locator(f"{BOX} mjx-c").first.wait_for()
    bare = page.locator(f"{BOX} mjx-c").evaluate_all(
        "all => all.filter(c => getComputedStyle(c, '::before').content === 'none').length"
    )
    assert bare == 0
    page.locator(f"{BOX} a").first.click()
    page.wait_for_url("**/book/*.html")
    assert page.locator("article h1").is_visible()
