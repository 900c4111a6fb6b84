"""The questions with choices, as a reader answers them: by mouse, by keyboard, on paper."""

import pytest

from tests.browser.figures import THEMES, mostly_slow, press, switch_theme, too_wide
from tests.browser.test_pages import settled, violations

PAGE = "book/definition.html"
# A part of a page has no landmarks and no heading of the first level.
PARTS = {"resultTypes": ["violations"], "preload": False, "runOnly": ["wcag2a", "wcag2aa"]}


@pytest.fixture(scope="module", params=mostly_slow([True, False], True))
def shared(visit, address, request):
    return visit(f"{address}/{PAGE}", width=390, java_script_enabled=request.param)


@pytest.fixture
def page(shared):
    """Give the page as it starts."""
    shared.emulate_media(media="screen")
    shared.evaluate("document.querySelectorAll('details[open]').forEach(e => (e.open = false))")
    return shared


def open_choices(question):
    """Return what is said about the choices that are open."""
    return question.locator("details[open] > p:first-of-type").all_text_contents()


def test_a_choice_says_at_once_whether_it_is_right(page):
    question = page.get_by_role("group", name="How many times as probable is the first?")
    says = question.locator("details > p")
    assert not any(text.is_visible() for text in says.all())

    question.get_by_text("3 times").click()
    assert [text.split(".")[0] for text in open_choices(question)] == ["Not quite"]
    assert says.first.is_visible()

    press(question.locator(".right summary"), "Enter")
    assert [text.split(".")[0] for text in open_choices(question)] == ["Not quite", "Right"]
    press(question.locator(".right summary"), "Space")
    assert len(open_choices(question)) == 1


def test_questions_in_a_row_have_one_title(page):
    titles = page.get_by_text("Check yourself", exact=True)
    # Whether it is shown, wherever the window is.
    shown = titles.evaluate_all("all => all.map(e => getComputedStyle(e).display !== 'none')")
    assert shown == [True, False, False, True, False]


def test_on_paper_all_choices_are_explained(page):
    if not page.evaluate("CSS.supports('selector(::details-content)')"):
        pytest.skip("This browser prints only what is open.")
    page.emulate_media(media="print")
    says = page.locator(".check-yourself details > p").all()
    assert says
    assert all(text.bounding_box()["height"] > 0 for text in says)


@pytest.mark.slow
def test_open_questions_are_fit_to_read(visit, address):
    page = settled(visit(f"{address}/{PAGE}", width=390))
    page.evaluate(
        "() => { const questions = [...document.querySelectorAll('.check-yourself')];"
        " for (const choice of document.querySelectorAll('details')) choice.open = true;"
        " for (const formula of document.querySelectorAll('mjx-container'))"
        " formula.replaceChildren('f');"
        " document.body.replaceChildren(...questions); }"
    )
    assert too_wide(page) == 0
    for theme in THEMES:
        switch_theme(page, theme)
        assert not violations(page, PARTS)
    page.context.close()
