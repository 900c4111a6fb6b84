"""Every page of the site in a real browser: quiet, within its window, and fit for all readers.

Links, anchors and alternative texts are read from the files themselves, in tests/site/test_site.py.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.figures import THEMES, switch_theme, too_wide
from tools.references import toc_pages

PAGES = (*toc_pages(), "search", "genindex", "404")

# What axe-core finds and is left as it is: the rule, a part of the element, and the reason.
ALLOWED = [
    ("region", 'class="sidebar-primary-item"', "The theme puts its logo outside of any landmark."),
    ("empty-table-header", '<th class="head', "The corner of a table has no text."),
    ("aria-allowed-role", "doc-biblioentry", "Docutils' role for a reference of a docstring."),
    ("aria-deprecated-role", "doc-biblioentry", "The same."),
    ("aria-required-children", 'class="citation-list"', "Docutils' list of such references."),
]
# Without it axe asks for the style sheets itself, where they are not.
OPTIONS = {"resultTypes": ["violations"], "preload": False}
# The rules that a change of theme can break; the others are tried in the first theme only.
COLORS = {"runOnly": ["color-contrast", "link-in-text-block"]}


def settled(page):
    """Return the page when it is loaded. Colors change at once from then on."""
    page.wait_for_load_state("load")
    page.add_style_tag(content="* { transition: none !important; }")
    return page


def shorten(page):
    """Leave out what is alike on every page, for axe-core takes its time over each element.

    A formula becomes a letter, which makes no table wider, and of the blocks of code three stay.
    """
    page.evaluate(
        "() => { for (const node of document.querySelectorAll('mjx-container'))"
        " node.replaceChildren('f');"
        " for (const node of [...document.querySelectorAll('.highlight pre')].slice(3))"
        " node.replaceChildren('code'); }"
    )


def violations(page, options):
    """Return what axe-core finds on a page, as one line for each rule."""
    found = {}
    for rule in Axe().run(page, options=options).response["violations"]:
        for node in rule["nodes"]:
            if not any(rule["id"] == name and part in node["html"] for name, part, _ in ALLOWED):
                found.setdefault(f"{rule['id']}: {rule['help']}", []).append(node["html"][:200])
    return [f"{rule}, {len(nodes)} times, first {nodes[0]}" for rule, nodes in found.items()]


def cut_formulas(page):
    """Return the formulas in lines of text that end beyond a box which hides what leaves it."""
    return page.evaluate(
        """() => [...document.querySelectorAll("article span.math")].filter(formula => {
          const characters = [...formula.querySelectorAll("mjx-c")];
          const right = Math.max(...characters.map(c => c.getBoundingClientRect().right));
          for (let box = formula; box.localName !== "article"; box = box.parentElement) {
            const hides = ["hidden", "clip"].includes(getComputedStyle(box).overflowX);
            if (hides && box.clientWidth && right > box.getBoundingClientRect().right + 1)
              return true;
          }
          return false;
        }).map(formula => formula.querySelector("mjx-assistive-mml").textContent)"""
    )


def assert_fit_to_read(page, what):
    """Fail if the page is wider than its window, or if axe-core finds something in either theme."""
    assert too_wide(page) == 0, f"{what} is {too_wide(page)} px too wide."
    shorten(page)
    for theme, options in zip(THEMES, (OPTIONS, OPTIONS | COLORS), strict=True):
        switch_theme(page, theme)
        found = violations(page, options)
        assert not found, f"{what}, {theme}:\n" + "\n".join(found)


@pytest.mark.parametrize("name", PAGES)
def test_page_is_fit_to_read(visit, address, name):
    page = settled(visit(f"{address}/{name}.html", width=390))
    try:
        assert too_wide(page) == 0, f"{name} is {too_wide(page)} px wider than a phone."
        assert not (cut := cut_formulas(page)), f"{name} cuts {cut} on a phone."
        page.set_viewport_size({"width": 1280, "height": 900})
        assert_fit_to_read(page, name)
    finally:
        page.context.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_page_is_fit_to_read_on_a_phone(visit, address, name):
    page = settled(visit(f"{address}/{name}.html", width=390))
    try:
        assert_fit_to_read(page, f"{name} at 390 px")
    finally:
        page.context.close()
