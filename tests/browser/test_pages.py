"""Every page of the site in a real browser: quiet, within its window, and fit for all readers.

Links, anchors and alternative texts are read from the files themselves, in tests/site/test_site.py.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.figures import THEMES, mostly_slow, switch_theme, too_wide
from tools.references import toc_pages

PAGES = (*toc_pages(), "search", "genindex", "404")
# Of the pages that are much alike, these are not slow: with a live figure, with code and formulas,
# and with neither.
TYPICAL = {"book/index", "book/coursework/hw1", "search"}
PHONE, SCREEN = {"width": 390, "height": 900}, {"width": 1280, "height": 900}

# These chapters open with something to play with. Others may join them.
PLAYFUL = {
    f"book/{name}"
    for name in (
        "classification",
        "definition",
        "derivation",
        "cross-entropy",
        "stability",
        "softmax-regression",
        "mnist",
        "fashion-mnist",
        "inside-the-classifier",
        "attention",
        "fast-attention",
        "sampling",
        "learning-from-choices",
        "large-vocabularies",
        "contrastive",
        "preferences",
        "large-models",
        "calibration",
        "beyond-softmax",
    )
}
# In pixels from the top of the page: two screens of a laptop for a figure of the first section, and
# the upper part of the first screen for one before it. There, this chapter trains its classifier.
FIRST_SCREENS, FIRST_SCREEN = 1600, 620
TRAINS_FIRST = "book/inside-the-classifier"
# To a reader without a mouse: the page's list of contents is most of the first number, and the link
# "Skip to main content" leaves the second.
STOPS, STOPS_OF_THE_TEXT = 52, 15

BEFORE_THE_FIGURE = """name => {
  const figure = [...document.querySelectorAll("main *")].find(e => e.localName.startsWith(name));
  const before = (e) => e.compareDocumentPosition(figure) & Node.DOCUMENT_POSITION_FOLLOWING;
  const kinds = "a[href], button, input, select, summary, [tabindex]";
  const stops = [...document.querySelectorAll(kinds)]
    .filter(e => e.tabIndex >= 0 && e.checkVisibility({ checkVisibilityCSS: true }) && before(e));
  return {
    top: figure.getBoundingClientRect().top + scrollY,
    isFirst: !figure.closest("section section"),
    stops: stops.length,
    inText: stops.filter(e => e.closest("article")).length,
  };
}"""

# What axe-core finds and is left as it is: the rule, a part of the element, and the reason.
ALLOWED = [
    ("region", 'class="sidebar-primary-item"', "The theme puts its logo outside of any landmark."),
    ("empty-table-header", '<th class="head', "The corner of a table has no text."),
]
# Without it axe asks for the style sheets itself, where they are not.
OPTIONS = {"resultTypes": ["violations"], "preload": False}
# The rules that a change of theme can break; the others are tried in the first theme only.
COLORS = {"runOnly": ["color-contrast", "link-in-text-block"]}


def settled(page):
    """Return the page when it is loaded. Colors change at once from then on.

    All of it is laid out: axe-core remembers where elements are, and must not see them move.
    """
    page.wait_for_load_state("load")
    page.add_style_tag(
        content="* { transition: none !important; content-visibility: visible !important; }"
    )
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


def cut_captions(page):
    """Return the captions that end beyond the window."""
    return page.evaluate(
        "() => [...document.querySelectorAll('caption, figcaption')].filter(caption =>"
        " caption.getBoundingClientRect().right > innerWidth).map(caption => caption.textContent)"
    )


def cut_code(page):
    """Unfold everything, and return how code begins that has to be scrolled sideways."""
    return page.evaluate(
        """() => {
          for (const fold of document.querySelectorAll("details")) fold.open = true;
          for (const box of document.querySelectorAll(".toggle-hidden"))
            box.classList.remove("toggle-hidden");
          return [...document.querySelectorAll(".cell_input pre, .highlight-python pre")]
            .filter(pre => pre.scrollWidth > pre.clientWidth)
            .map(pre => pre.textContent.trim().slice(0, 60));
        }"""
    )


def without_a_hint(page):
    """Return the formulas that scroll, and do not show it."""
    page.wait_for_function(
        """() => [...document.querySelectorAll("div.math mjx-container")].every(formula =>
          (formula.scrollWidth > formula.clientWidth + 1) === formula.matches("[data-more]"))"""
    )
    return page.evaluate(
        """() => [...document.querySelectorAll("div.math mjx-container[data-more]")].filter(
          formula => getComputedStyle(formula).maskImage === "none").map(f => f.textContent)"""
    )


def assert_fit_to_read(page, what):
    """Fail if the page is wider than its window, or if axe-core finds something in either theme."""
    assert too_wide(page) == 0, f"{what} is {too_wide(page)} px too wide."
    shorten(page)
    for theme, options in zip(THEMES, (OPTIONS, OPTIONS | COLORS), strict=True):
        switch_theme(page, theme)
        found = violations(page, options)
        assert not found, f"{what}, {theme}:\n" + "\n".join(found)


def assert_opens_with_a_live_figure(page, name):
    found = page.evaluate(BEFORE_THE_FIGURE, "softmax-")
    is_early = found["isFirst"] and name != TRAINS_FIRST
    assert found["top"] <= (FIRST_SCREEN if is_early else FIRST_SCREENS)
    assert found["stops"] <= STOPS
    assert found["inText"] <= STOPS_OF_THE_TEXT


@pytest.fixture(scope="module")
def opened(visit, address):
    """Return a function that opens a page of the site on a phone, in the window of the last one."""
    window = visit(f"{address}/book/errata.html")

    def show(name):
        window.evaluate("localStorage.clear()")  # no page knows that another was read
        window.set_viewport_size(PHONE)
        window.goto(f"{address}/{name}.html")
        return settled(window)

    return show


@pytest.mark.parametrize("name", PAGES)
def test_page_is_within_a_phone(opened, name):
    page = opened(name)
    assert too_wide(page) == 0, f"{name} is {too_wide(page)} px wider than a phone."
    assert not (cut := cut_formulas(page)), f"{name} cuts {cut} on a phone."
    assert not (cut := cut_captions(page)), f"{name} cuts {cut} on a phone."
    assert page.locator(".output.prose pre").evaluate_all(
        "all => all.every(pre => pre.scrollWidth <= pre.clientWidth)"
    )
    assert not (plain := without_a_hint(page)), f"{name} does not show that {plain} scroll."


@pytest.mark.parametrize("name", mostly_slow(PAGES, *TYPICAL, "book/definition"))
def test_page_is_within_a_screen(opened, name):
    page = opened(name)
    page.set_viewport_size(SCREEN)
    assert too_wide(page) == 0, f"{name} is {too_wide(page)} px wider than a screen."
    if name in PLAYFUL:
        assert_opens_with_a_live_figure(page, name)
    assert not (cut := cut_code(page)), f"{name} cuts code at the right: {cut}"


def test_table_of_the_package_needs_no_scrolling_on_a_phone(opened):
    table = opened("book/api").locator("table.autosummary").first
    assert table.evaluate("e => e.offsetWidth <= e.parentElement.clientWidth")


def test_phone_says_nothing_of_the_lines_of_a_map_that_it_does_not_show(opened):
    page = opened("book/index")
    lines = page.get_by_text("Lines lead down from a chapter")
    assert not lines.is_visible()
    page.set_viewport_size(SCREEN)
    assert lines.is_visible()


def test_bullets_keep_off_the_edge_of_their_box(opened):
    bullets = opened("book/classification").locator(".admonition > ul")
    paddings = bullets.evaluate_all(
        "all => all.map(e => parseFloat(getComputedStyle(e).paddingLeft))"
    )
    assert min(paddings) >= 20


@pytest.mark.parametrize("name", mostly_slow(PAGES, "book/review", "book/notation"))
@pytest.mark.parametrize("window", [PHONE, SCREEN], ids=["phone", "screen"])
def test_scroll_bar_is_about_right_before_the_page_is_laid_out(visit, address, name, window):
    page = visit(f"{address}/{name}.html")
    page.set_viewport_size(window)
    page.reload(wait_until="load")
    height = "document.documentElement.scrollHeight"
    guess = page.evaluate(height)
    settled(page)
    assert guess == pytest.approx(page.evaluate(height), rel=0.15, abs=500)


@pytest.mark.parametrize("name", mostly_slow(PAGES, *TYPICAL))
def test_page_is_fit_to_read(opened, name):
    page = opened(name)
    assert_fit_to_read(page, f"{name} at 390 px")
    page.set_viewport_size(SCREEN)
    assert_fit_to_read(page, name)
