"""The questions for exams, asked one at a time."""

import pytest

PAGE = "book/review.html"
ALL = "article section section details"


def press(page, name):
    page.locator(".ask-me").get_by_role("button", name=name, exact=True).press("Enter")


def question(page):
    """Return the question that is asked."""
    return page.locator(".ask-me summary").text_content().strip()


def says(page):
    return page.locator(".ask-me").get_by_role("status").inner_text()


@pytest.fixture
def page(visit, address):
    page = visit(f"{address}/{PAGE}")
    page.evaluate("localStorage.clear()")
    page.reload(wait_until="load")
    return page


def test_keyboard_opens_the_answer_and_says_whether_it_was_known(page):
    n = page.locator(ALL).count()
    assert says(page) == f"0 of {n} known"
    press(page, "Ask me")
    first = question(page)
    assert not page.locator(".ask-me").get_by_role("button", name="Knew it").is_visible()
    page.keyboard.press("Enter")  # the question has the focus
    press(page, "Knew it")
    assert says(page) == f"1 of {n} known"
    second = question(page)
    assert second != first
    page.keyboard.press("Enter")
    press(page, "Again")
    assert says(page) == f"1 of {n} known"
    assert question(page) not in (first, second)
    assert page.locator(ALL).count() == n


def test_what_was_known_is_not_asked_again_until_the_reader_starts_over(page):
    names = page.locator(ALL).evaluate_all("all => all.map(details => details.id)")
    page.evaluate(
        "names => localStorage.setItem('softmax-from-first-principles:known', "
        "JSON.stringify(names))",
        names[:-1],
    )
    page.reload(wait_until="load")
    assert says(page) == f"{len(names) - 1} of {len(names)} known"
    press(page, "Ask me")
    assert question(page) == page.locator(f"#{names[-1]} summary").text_content().strip()
    page.keyboard.press("Enter")
    press(page, "Knew it")
    assert says(page) == f"You knew all {len(names)}."
    page.keyboard.press("Enter")  # Start over has the focus
    assert says(page) == f"0 of {len(names)} known"
    assert question(page)


def test_finger_works_and_the_card_is_within_a_phone(visit, address):
    page = visit(f"{address}/{PAGE}", width=390, has_touch=True, is_mobile=True)
    page.locator(".ask-me").get_by_role("button", name="Ask me").tap()
    page.locator(".ask-me summary").tap()
    box = page.locator(".ask-me").bounding_box()
    assert box["x"] + box["width"] <= 390
    for name in ("Knew it", "Again"):
        verdict = page.locator(".ask-me").get_by_role("button", name=name).bounding_box()
        assert verdict["height"] >= 40


def test_list_is_whole_without_javascript(visit, address):
    page = visit(f"{address}/{PAGE}", java_script_enabled=False)
    assert page.locator(".ask-me").count() == 0
    assert page.locator(ALL).count() > 80
