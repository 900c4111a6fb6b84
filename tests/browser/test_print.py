"""Chapters on paper: pictures in place of live figures, open solutions, no control, no cut code."""

import pytest

from tests.browser.figures import mostly_slow
from tools.references import ROOT, toc_pages

# The pages of the homework are not there before the first build.
PATHS = {name: ROOT / f"{name}.md" for name in toc_pages()}
CHAPTERS = [n for n, p in PATHS.items() if p.exists() and "live." in p.read_text(encoding="utf-8")]


def printed(visit, address, name, **options):
    """Open a page as it is printed."""
    page = visit(f"{address}/{name}.html", **options)
    page.wait_for_load_state("load")
    page.emulate_media(media="print")
    return page


@pytest.fixture(scope="module", params=mostly_slow(CHAPTERS, "book/definition"))
def paper(request, visit, address):
    return printed(visit, address, request.param)


def test_live_figures_are_pictures(paper):
    figures = paper.locator("main [data-start]")
    assert figures.count() > 0
    for figure in figures.all():
        picture = figure.locator(":scope > img")
        assert picture.is_visible()
        assert picture.bounding_box()["width"] > 200
        live = figure.evaluate(
            "e => [...e.shadowRoot.querySelectorAll('*')].filter(n => n.localName !== 'slot'"
            " && getComputedStyle(n).display !== 'none').map(n => n.outerHTML.slice(0, 80))"
        )
        assert live == []


def test_solutions_are_open_and_nothing_asks_to_be_clicked(paper):
    hidden = paper.locator("article .solution, article .admonition.dropdown").evaluate_all(
        "all => all.filter(n => [...n.querySelectorAll('p:not(:empty)')].some(p => "
        "!p.checkVisibility({ opacityProperty: true, visibilityProperty: true })"
        " || !p.getBoundingClientRect().height)).map(n => n.textContent.trim().slice(0, 60))"
    )
    assert hidden == []
    # The choices of a question are its summaries, and stay.
    asking = "article button:visible, article summary:not(.check-yourself *):visible"
    assert paper.locator(asking).count() == 0


def test_code_and_figures_are_kept_whole(paper):
    broken = paper.locator("main .highlight:visible, main .cell_output img, main [data-start]")
    rules = broken.evaluate_all("all => all.map(n => getComputedStyle(n).breakInside)")
    assert set(rules) <= {"avoid"}


def test_the_sidebars_stay_on_the_screen(paper):
    assert paper.locator(".bd-sidebar-primary:visible, .bd-sidebar-secondary:visible").count() == 0


def test_answers_of_the_review_are_open(visit, address):
    page = printed(visit, address, "book/review")
    answer = page.locator("details.sd-dropdown p").first
    assert answer.bounding_box()["height"] > 0
