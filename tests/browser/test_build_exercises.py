"""Exercises with a check on a page: wrong and right answers, and what stays without Python."""

import pytest

from tests.browser.figures import THEMES, switch_theme, too_wide
from tests.browser.test_page_python import PARTS, button, runtime  # noqa: F401
from tests.browser.test_pages import settled, violations

pytestmark = pytest.mark.slow

PAGE = "book/definition.html"
WRONG = "def softmax_of_words(logits):\nreturn sm.softmax(logits, axis=1)"
AXIS = "Axis 1 holds the words of a sentence. The classes are on the last axis."


@pytest.fixture(scope="module")
def shared(visit, address):
    """Give a page on which Python has started."""
    page = visit(f"{address}/{PAGE}")
    page.evaluate("document.querySelectorAll('.cell details').forEach(d => { d.open = true; })")
    return page


@pytest.fixture
def exercise(shared):
    """Give the first exercise of the page, as it was."""
    exercise = shared.locator(".starter").first
    yield exercise
    if button(exercise, "Reset").is_visible():
        button(exercise, "Reset").click()


def write(exercise, code):
    """Replace the code by the keyboard; the editor indents after a colon."""
    exercise.get_by_role("textbox", name="Your code").focus()
    exercise.page.keyboard.press("Control+A")
    for number, line in enumerate(code.split("\n")):
        if number:
            exercise.page.keyboard.press("Enter")
        exercise.page.keyboard.insert_text(line)


def verdict(exercise):
    """Wait for the end of a check, and return what it says."""
    exercise.page.wait_for_function(
        "node => !node.matches('.at-work')", arg=exercise.element_handle(), timeout=300_000
    )
    return exercise.get_by_role("status").text_content()


def check(exercise, code):
    write(exercise, code)
    button(exercise, "Check").click()
    return verdict(exercise)


def test_starter_wrong_and_right_answers_get_their_sentence(exercise):
    before = exercise.get_by_role("textbox").text_content()
    button(exercise, "Check").click()
    assert "returned None. Is its body written, and is there a return?" in verdict(exercise)
    assert exercise.locator(".python-status code").text_content() == "return"
    sentence = check(exercise, WRONG)
    assert sentence.startswith(
        "Not yet: softmax_of_words([[[0, 1.099], [0.6931, 0.6931]]]) returned"
    )
    assert sentence.endswith(AXIS)
    sentence = check(exercise, WRONG.replace("axis=1", "axis=-1"))
    assert sentence == "Correct: softmax_of_words passes every check."
    assert exercise.evaluate("node => node.matches('.correct')")
    button(exercise, "Reset").click()
    assert exercise.get_by_role("textbox").text_content() == before
    assert exercise.get_by_role("status").text_content() == ""


def test_what_the_code_prints_is_shown_and_what_stops_it_is_said(exercise):
    printing = WRONG.replace("return", "print(logits.shape)\nreturn")
    assert check(exercise, printing).endswith(AXIS)
    assert exercise.locator(".cell_output").text_content().strip() == "(1, 2, 2)"
    assert "NameError on line 2: name 'axes' is not defined" in check(
        exercise, WRONG.replace("axis=1", "axes")
    )
    sentence = check(exercise, "def f(:\npass")
    assert sentence.startswith("Not yet: your code stopped with SyntaxError on line 1: ")
    assert "line 1" in exercise.locator(".cell_output").text_content()


@pytest.mark.parametrize(
    ("code", "start", "end"),
    [
        (
            "raise ValueError('one\\ntwo')",
            "Not yet: your code stopped with ValueError on line 1: one two.",
            "",
        ),
        (
            WRONG.replace("softmax_of_words", "other"),
            "Not yet: the check stopped with NameError on line 5: name 'softmax_of_words' is not",
            "Keep the name of the function, and give no other meaning to the names listed under "
            "“What is checked”.",
        ),
        (
            f"np = None\n{WRONG}",
            "Not yet: the check stopped with AttributeError on line 3: 'NoneType' object has no",
            "to the names listed under “What is checked”.",
        ),
        (
            WRONG.replace("axis=1", "axes"),
            "Not yet: softmax_of_words(",
            "is not defined. “What is checked” lists the names of this chapter that your code can "
            "use.",
        ),
        (
            WRONG.replace("return", "print('begun', end='')\nreturn").replace("axis=1", "axis=-1"),
            "Correct: softmax_of_words passes every check.",
            "",
        ),
    ],
)
def test_sentence_says_what_went_wrong_and_what_to_do(exercise, code, start, end):
    sentence = check(exercise, code)
    assert sentence.startswith(start)
    assert sentence.endswith(end)


@pytest.mark.parametrize(
    "code", ["while True:\npass", WRONG.replace("return", "while True: print('begun')\nreturn")]
)
def test_code_that_hangs_is_stopped(exercise, code):
    write(exercise, code)
    button(exercise, "Check").click()
    exercise.get_by_text("Checking").wait_for()
    if "begun" in code:
        exercise.get_by_text("The rest of the output is not shown.").wait_for()
    button(exercise, "Stop").click()
    assert exercise.get_by_role("status").text_content().startswith("Stopped.")


def test_check_does_not_depend_on_what_the_page_has_run(exercise, shared):
    cell = shared.locator(".cell:has(.python-bar)").first
    cell.scroll_into_view_if_needed()
    cell.locator("pre").first.dblclick()
    shared.keyboard.press("Control+A")
    shared.keyboard.insert_text("sm = np = None\nprint(sm)")
    shared.keyboard.press("Shift+Enter")
    shared.wait_for_function("!document.querySelector('.at-work')")
    sentence = check(exercise, WRONG.replace("axis=1", "axis=-1"))
    assert sentence == "Correct: softmax_of_words passes every check."
    cell.locator(".cell_input").hover()
    button(cell, "Reset").click()


def test_keyboard_leads_from_the_code_to_check_and_on(exercise):
    page = exercise.page
    write(exercise, WRONG)
    page.keyboard.press("Tab")  # to the button that copies the code
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Check"
    page.keyboard.press("Enter")
    assert verdict(exercise).endswith(AXIS)
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "Reset"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "What is checked"


@pytest.mark.parametrize("theme", THEMES)
def test_exercise_in_use_is_fit_to_read(exercise, theme):
    settled(exercise.page)
    check(exercise, WRONG)
    switch_theme(exercise.page, theme)
    exercise.page.evaluate(
        "for (const e of document.querySelectorAll('mjx-container')) e.replaceChildren('f')"
    )
    exercise.page.locator(".what-is-checked").first.evaluate("fold => { fold.open = true; }")
    assert not violations(exercise.page, PARTS)


def test_phone_shows_it_without_moving_sideways(visit, address):
    page = visit(f"{address}/{PAGE}", width=390, has_touch=True, is_mobile=True)
    page.evaluate("document.querySelectorAll('.what-is-checked').forEach(d => { d.open = true; })")
    buttons = page.get_by_role("button", name="Check", exact=True).all()
    assert len(buttons) >= 2
    assert min(one.bounding_box()["height"] for one in buttons) >= 32
    assert too_wide(page) == 0
    page.context.close()


def test_page_without_javascript_shows_the_starter_and_the_fold(visit, address):
    page = visit(f"{address}/{PAGE}", java_script_enabled=False)
    assert page.locator(".starter pre").first.text_content().startswith("def softmax_of_words")
    assert page.get_by_role("button", name="Check", exact=True).count() == 0
    page.get_by_text("What is checked").first.click()
    assert page.get_by_text("from softmax.exercises import Check").first.is_visible()
    page.context.close()
