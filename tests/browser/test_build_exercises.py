"""Exercises with a check on a page: wrong and right answers, and what stays without Python."""

import pytest

from tests.browser.figures import THEMES, switch_theme, too_wide
from tests.browser.test_page_python import PARTS, button, ended, runtime  # noqa: F401
from tests.browser.test_pages import settled, violations

pytestmark = pytest.mark.slow

PAGE = "book/definition.html"
WRONG = "def softmax_of_words(logits):\nreturn sm.softmax(logits, axis=1)"
RIGHT = WRONG.replace("axis=1", "axis=-1")
CORRECT = (
    "Correct: softmax_of_words passes every check. "
    "Below, you can use it with all that the chapter defines."
)
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
    shared.evaluate("document.querySelectorAll('.attempt').forEach(d => { d.open = false; })")
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
    assert sentence == CORRECT
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
            "use. Under “Try it in Python”, it can use all of them.",
        ),
        (
            WRONG.replace("return", "print('begun', end='')\nreturn").replace("axis=1", "axis=-1"),
            CORRECT,
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


def run_cell(cell, code):
    """Run code in a cell of the page, and return what it prints last."""
    cell.locator("pre").first.dblclick()
    cell.page.keyboard.press("Control+A")
    cell.page.keyboard.insert_text(code)
    cell.page.keyboard.press("Shift+Enter")
    return ended(cell)[-1]


def test_checks_and_the_page_do_not_touch_each_other(visit, address):
    page = visit(f"{address}/{PAGE}")
    page.evaluate("document.querySelectorAll('.cell details').forEach(d => { d.open = true; })")
    first, second = (page.locator(".cell:has(.python-bar)").nth(i) for i in (0, 1))
    counted = "import math, numpy as np\nmath.runs = getattr(math, 'runs', 0) + 1"
    run_cell(first, f"{counted}\nnp.exp = sm = None\nnp.random.seed(3)\nprint('ran')")
    exercise = page.locator(".starter").first
    answer = RIGHT.replace("return", "np.random.seed(0)\nreturn")
    assert check(exercise, answer) == CORRECT
    write(exercise, "while True:\npass")
    button(exercise, "Check").click()
    exercise.get_by_text("Checking").wait_for()
    button(exercise, "Stop").click()
    button(exercise, "Reset").click()
    state = "math.runs, np.exp, sm, 'softmax_of_words' in globals()"
    draw = "np.random.random() == np.random.RandomState(3).random_sample()"
    assert run_cell(second, f"print({state}, {draw})") == "1 None None False True"
    page.context.close()


def test_check_knows_nothing_of_the_one_before(exercise):
    assert check(exercise, f"helper = 1\n{RIGHT}") == CORRECT
    assert "NameError" in check(exercise, RIGHT.replace("return", "helper\nreturn"))


def attempt_at(page, label):
    """Return the fold below an exercise, and its cell."""
    fold = page.locator(f"#{label} .attempt")
    return fold, fold.locator(".cell")


def test_correct_answer_can_be_used_below_with_what_the_chapter_defines(exercise, shared):
    _, attempt = attempt_at(shared, "ex-definition-axis")
    check(exercise, WRONG)
    assert not attempt.is_visible()
    check(exercise, RIGHT)
    use = "print(softmax_of_words(np.log([[1, 3]])), animals, 'candidates' in globals())"
    shown = "[[0.25 0.75]] ['seal', 'panda', 'duck'] False"  # the last is of a solution
    assert run_cell(attempt, use) == shown
    write(exercise, "1 / 0")
    run_cell(attempt, use)
    assert "A cell above failed" in attempt.get_by_role("status").text_content()
    assert "ZeroDivisionError" in exercise.locator(".cell_output").text_content()
    button(attempt, "Reset").click()


def test_every_exercise_has_a_cell_that_no_other_needs(shared):
    exercises = shared.locator(".exercise")
    assert exercises.locator(".attempt").count() == exercises.count()
    fold, attempt = attempt_at(shared, "ex-definition-inverse")
    fold.get_by_text("Try it in Python").click()
    assert run_cell(attempt, "own = [*animals]\nprint(len(own))") == "3"
    below = shared.locator("#ex-definition-inverse ~ .solution .cell").first
    below.evaluate("cell => cell.querySelector('.python-bar button').click()")
    ended(below)
    assert run_cell(attempt, "own.append(1)\nprint(len(own))") == "4"  # the one from before
    button(attempt, "Reset").click()
    assert attempt.locator("pre").first.text_content() == ""
    _, other = attempt_at(shared, "ex-definition-scale")
    other.evaluate("cell => { cell.parentElement.open = true; }")
    assert run_cell(other, "print(len(own))") == "4"
    button(other, "Reset").click()
    shared.emulate_media(media="print")
    assert not fold.is_visible()
    shared.emulate_media(media="screen")


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
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.insert_text("print('from below')")
    page.keyboard.press("Shift+Enter")
    assert ended(attempt_at(page, "ex-definition-axis")[1]) == ["from below"]
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Run"


@pytest.mark.parametrize("theme", THEMES)
def test_exercise_in_use_is_fit_to_read(exercise, theme):
    settled(exercise.page)
    check(exercise, WRONG)
    switch_theme(exercise.page, theme)
    exercise.page.evaluate(
        "for (const e of document.querySelectorAll('mjx-container')) e.replaceChildren('f')"
    )
    exercise.page.locator(".what-is-checked").first.evaluate("fold => { fold.open = true; }")
    fold, attempt = attempt_at(exercise.page, "ex-definition-axis")
    fold.evaluate("fold => { fold.open = true; }")
    run_cell(attempt, "1")
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
