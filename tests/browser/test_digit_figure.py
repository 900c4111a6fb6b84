"""The live figure in which the reader draws a digit, operated as a reader does."""

import base64
import json
from types import SimpleNamespace

import numpy as np
import pytest

import softmax as sm
from softmax import live
from softmax.digits import center_digit, draw_strokes
from softmax.live._digit.figure import LIMITS
from tests.browser.figures import (
    THEMES,
    WIDTHS,
    address_of,
    close,
    find,
    misfits,
    mostly_slow,
    press,
    span,
    start,
    switch_theme,
    too_wide,
    values,
    wait_for_rest,
    wait_for_status,
    write_page,
)
from tests.browser.test_touch import touch
from tests.site.test_site import soup
from tools.references import ROOT

PAGE = "book/mnist.html"
STROKES = json.loads((ROOT / "tests/fixtures/live/digit_strokes.json").read_text("utf-8"))
SIZE, PEN = LIMITS["paper"], LIMITS["pen"]
PROBABILITIES, PARTS, VERDICT = "tbody [data-value]", "dd[data-value]", ".verdict[data-value]"
SEEN, MAP = ".pictures canvas >> nth=0", ".pictures canvas >> nth=1"


@pytest.fixture(scope="module")
def file(site, tmp_path_factory):
    """Give the address of a page with the figure of the chapter and nothing else."""
    given = json.loads(soup(PAGE).select_one("softmax-digit")["data-start"])
    numbers = np.frombuffer(base64.b64decode(given["weights"]), "<f4").astype(float)
    model = SimpleNamespace(coef_=numbers[:-10].reshape(10, 784), intercept_=numbers[-10:])
    samples = [np.frombuffer(base64.b64decode(sample), np.uint8) for sample in given["samples"]]
    figure = live.draw_digit(model, np.array(samples) / 255, given["labels"])
    return write_page(tmp_path_factory.mktemp("page"), figure)


@pytest.fixture(scope="module")
def page(visit, file):
    return visit(file)


@pytest.fixture
def figure(page):
    figure = find(page, "digit")
    subject(figure).select_option("the winner")
    press(button(figure, "Clear"), "Enter")
    return figure


@pytest.fixture
def fresh(visit, file):
    """Return a function that opens the page anew, and returns it and its figure."""

    def show(fragment="", **options):
        page = visit(f"{file}{fragment}", **options)
        return page, find(page, "digit")

    return show


def button(figure, name):
    return figure.get_by_role("button", name=name, exact=True)


def subject(figure):
    return figure.get_by_role("combobox", name="explain")


def draw(page, figure, strokes):
    """Draw strokes with the mouse, in units of a 140th of the paper."""
    paper = figure.locator(".paper canvas")
    paper.scroll_into_view_if_needed()
    box = paper.bounding_box()
    scale = box["width"] / SIZE
    for stroke in strokes:
        points = [(box["x"] + x * scale, box["y"] + y * scale) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=3)
        page.mouse.up()


def recorded(figure):
    """Return the strokes as the figure has taken them from the pointer."""
    return figure.evaluate("e => e.marks.filter(mark => mark.points).map(mark => mark.points)")


def model(figure):
    """Return the weights and biases that came with the figure, less their means."""
    numbers = np.frombuffer(base64.b64decode(start(figure)["weights"]), "<f4").astype(float)
    W, b = numbers[:-10].reshape(10, 784), numbers[-10:]
    return W - W.mean(axis=0), b - b.mean()


def pixels(figure, selector):
    """Return the colors of a picture of 28 × 28 pixels, of shape (784, 3)."""
    data = figure.locator(selector).evaluate(
        "e => [...e.getContext('2d').getImageData(0, 0, 28, 28).data]"
    )
    return np.array(data).reshape(784, 4)[:, :3]


def assert_agrees_with_the_package(figure, ink, digit=None):
    """Compare all that the figure shows of a paper with what Python computes of it."""
    x = center_digit(ink).ravel()
    W, b = model(figure)
    z = W @ x + b
    p = sm.softmax(z)
    np.testing.assert_allclose(values(figure, PROBABILITIES), p, rtol=1e-11, atol=1e-13)
    winner = int(p.argmax())
    assert values(figure, VERDICT) == [winner]
    assert np.abs(pixels(figure, SEEN) - 255 * x[:, np.newaxis]).max() <= 0.51
    k = winner if digit is None else digit
    parts = x * W[k]
    expected = [parts[parts > 0].sum(), parts[parts < 0].sum(), b[k], z[k]]
    shown = values(figure, PARTS)
    assert shown == close(expected)
    assert sum(shown[:3]) == pytest.approx(shown[3])


def sample(figure, i):
    """Return the i-th sample on the paper, whose pixels are five times as fine."""
    data = np.frombuffer(base64.b64decode(start(figure)["samples"][i]), np.uint8)
    return np.kron(data.reshape(28, 28) / 255, np.ones((5, 5)))


def assert_is_empty(figure):
    assert figure.get_by_text("Draw a digit here").is_visible()
    for selector in (PROBABILITIES, PARTS, VERDICT):
        assert values(figure, selector) == []
    assert pixels(figure, SEEN).max() == 0


DIGITS = {"three": 3, "seven": 7, "seven with a bar": 7, "slanted one": 1, "zero in a corner": 0}


@pytest.mark.parametrize("name", mostly_slow(DIGITS, "three", "zero in a corner"))
def test_the_mouse_draws_a_digit_and_it_is_read(page, figure, name):
    draw(page, figure, STROKES[name])
    strokes = recorded(figure)
    for found, given in zip(strokes, STROKES[name], strict=True):
        assert len(found) >= len(given)
        assert np.abs(np.array(found)[[0, -1]] - np.array(given)[[0, -1]]).max() < 0.6
    assert values(figure, VERDICT) == [DIGITS[name]]
    assert_agrees_with_the_package(figure, draw_strokes(strokes, SIZE, PEN))
    wait_for_status(figure, f"It reads a {DIGITS[name]}, with probability")


def test_what_is_no_digit_is_read_as_one_all_the_same(page, figure):
    draw(page, figure, STROKES["dot"])
    assert_agrees_with_the_package(figure, draw_strokes(recorded(figure), SIZE, PEN))
    assert max(values(figure, PROBABILITIES)) > 0.8


def test_a_click_leaves_a_mark_that_is_seen(page, figure):
    figure.locator(".paper canvas").click(position={"x": 100, "y": 100})
    assert values(figure, VERDICT)
    bright = figure.locator(".paper canvas").evaluate(
        "e => e.getContext('2d').getImageData(0, 0, e.width, e.height).data"
        ".filter((x, i) => i % 4 === 0 && x > 128).length"
    )
    assert bright > 100


def test_the_sentence_says_an_8(figure):
    press(button(figure, "Test digit: 8"), "Enter")
    wait_for_status(figure, "It reads this 8 as an 8, with probability")
    assert "for an 8 add" in figure.locator(MAP).get_attribute("aria-label")


def test_keys_choose_samples(figure):
    labels = start(figure)["labels"]
    assert labels == list(range(10))
    for i, label in enumerate(labels):
        press(button(figure, f"Test digit: {label}"), "Enter" if i % 2 else "Space")
        assert_agrees_with_the_package(figure, sample(figure, i))
        # A digit of MNIST comes through the preparation as it was.
        np.testing.assert_allclose(
            pixels(figure, SEEN)[:, 0], 255 * sample(figure, i)[::5, ::5].ravel(), atol=1
        )
    assert wait_for_status(figure, "It reads this 9 as a 9, with probability")


def test_a_misread_sample_is_said_to_be(figure):
    press(button(figure, "Test digit: 5"), "Enter")
    assert values(figure, VERDICT) == [6]
    wait_for_status(figure, "This is a 5, but it reads a 6, with probability")


@pytest.mark.slow
def test_a_stroke_ends_when_what_is_on_the_paper_changes(browser, tmp_path):
    model = SimpleNamespace(coef_=np.zeros((10, 784)), intercept_=np.zeros(10))
    figure = live.draw_digit(model, np.eye(1, 784, 400), [1])
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    page.goto(write_page(tmp_path, figure))
    figure = find(page, "digit")
    box = figure.locator(".paper canvas").bounding_box()
    x, y = box["x"] + 50, box["y"] + 50
    for change in ["e.clear()", "{ const parent = e.parentNode; e.remove(); parent.append(e); }"]:
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 20, y, steps=2)
        figure.evaluate(f"e => {change}")
        marks = recorded(figure)
        page.mouse.move(x + 40, y, steps=2)
        page.mouse.up()
        assert recorded(figure) == marks
    draw(page, figure, [[[20, 20], [60, 20]]])
    assert len(recorded(figure)) == len(marks) + 1
    page.close()
    assert not errors


def test_undo_takes_back_strokes_samples_and_clear(page, figure):
    draw(page, figure, STROKES["seven with a bar"])
    seven = recorded(figure)
    press(button(figure, "Test digit: 2"), "Enter")
    assert values(figure, VERDICT) == [2]
    press(button(figure, "Undo"), "Enter")
    assert recorded(figure) == seven
    assert_agrees_with_the_package(figure, draw_strokes(seven, SIZE, PEN))
    button(figure, "Clear").click()
    assert_is_empty(figure)
    button(figure, "Undo").click()
    assert recorded(figure) == seven
    button(figure, "Undo").click()
    assert recorded(figure) == seven[:1]
    assert_agrees_with_the_package(figure, draw_strokes(seven[:1], SIZE, PEN))
    button(figure, "Undo").click()
    assert_is_empty(figure)
    wait_for_status(figure, "Draw a digit, or choose one")


def test_in_the_chapter_it_begins_with_the_sample_of_the_picture(visit, address):
    page = visit(f"{address}/{PAGE}")
    figure = find(page, "digit")
    assert_agrees_with_the_package(figure, sample(figure, start(figure)["first"]))
    wait_for_status(figure, "with probability")
    # The reader's first stroke takes its place.
    draw(page, figure, STROKES["seven"])
    assert_agrees_with_the_package(figure, draw_strokes(recorded(figure), SIZE, PEN))


# Figures of 358 and 310 pixels, as wide as on a page of the site at 390 and 342.
@pytest.mark.parametrize("width", mostly_slow([374, 326], 374))
def test_on_a_phone_a_finger_has_room(visit, file, width):
    figure = find(visit(file, width=width, has_touch=True), "digit")
    paper = figure.locator(".paper canvas").bounding_box()
    assert paper["width"] >= 220
    assert paper["height"] == paper["width"]
    hint = figure.locator(".hint")
    assert hint.text_content() == "Tap to draw your own"
    assert hint.bounding_box()["y"] >= paper["y"] + paper["height"]
    for sample in figure.locator(".sample").all():
        box = sample.bounding_box()
        assert min(box["width"], box["height"]) >= 40
    # What is drawn and what is read are in sight together.
    assert span(figure, ".paper", ".verdict", ".result") < 620


@pytest.mark.parametrize("part", mostly_slow([".samples", ".result", ".buttons"], ".samples"))
def test_a_swipe_beside_the_paper_scrolls(fresh, part):
    page, figure = fresh(width=374, has_touch=True, is_mobile=True)
    button(figure, "Clear").click()
    target = figure.locator(part)
    target.evaluate("e => e.scrollIntoView({ block: 'center' })")
    top = page.evaluate("scrollY")
    touch(target, 0, -100)
    assert page.evaluate("scrollY") != top
    assert_is_empty(figure)


@pytest.mark.slow
def test_a_clear_digit_does_not_meet_the_challenge(page, figure):
    draw(page, figure, STROKES["three"])
    assert figure.locator(".challenge").text_content().startswith("Challenge. Draw something")


def test_a_model_in_doubt_meets_the_challenge_only_when_the_reader_draws(browser, tmp_path):
    model = SimpleNamespace(coef_=np.zeros((10, 784)), intercept_=np.zeros(10))
    page = browser.new_page()
    page.goto(write_page(tmp_path, live.draw_digit(model, np.eye(1, 784, 400), [1])))
    figure = find(page, "digit")
    goal = figure.locator(".challenge")
    assert goal.text_content().startswith("Challenge. ")
    draw(page, figure, STROKES["three"])
    assert goal.text_content().startswith("✓ Challenge.")
    press(button(figure, "Clear"), "Enter")
    assert goal.text_content().startswith("Challenge. ")
    page.close()


def test_the_address_brings_a_drawing_back(page, figure, fresh):
    draw(page, figure, STROKES["seven with a bar"])
    fragment = address_of(page, "digit")
    _, again = fresh(fragment)
    assert recorded(again) == recorded(figure)
    assert values(again, PROBABILITIES) == values(figure, PROBABILITIES)


def test_empty_paper_says_why_nothing_happens(page, figure):
    assert_is_empty(figure)
    clear = button(figure, "Clear")
    assert clear.get_attribute("aria-disabled") == "true"
    press(clear, "Enter")
    wait_for_status(figure, "The paper is empty.")


def test_a_stroke_may_be_added_to_a_sample(page, figure):
    press(button(figure, "Test digit: 7"), "Enter")
    draw(page, figure, [[[40, 70], [100, 66]]])
    ink = np.maximum(sample(figure, 7), draw_strokes(recorded(figure), SIZE, PEN))
    assert_agrees_with_the_package(figure, ink)


def test_another_digit_may_be_asked_about(figure):
    press(button(figure, "Test digit: 4"), "Enter")
    subject(figure).focus()
    subject(figure).press("4")
    assert_agrees_with_the_package(figure, sample(figure, 4), digit=4)
    assert figure.get_by_text("for and against 4", exact=True).is_visible()


def test_map_is_blue_for_and_orange_against(figure):
    press(button(figure, "Test digit: 3"), "Enter")
    x = center_digit(sample(figure, 3)).ravel()
    parts = x * model(figure)[0][3]
    red, _, blue = pixels(figure, MAP).T
    strong = np.abs(parts) > 0.2 * np.abs(parts).max()
    assert strong.sum() > 20
    assert np.array_equal(blue[strong] > red[strong], parts[strong] > 0)
    assert np.ptp(pixels(figure, MAP)[parts == 0], axis=0).max() == 0


def test_only_the_first_button_of_the_mouse_draws(page, figure):
    paper = figure.locator(".paper canvas")
    paper.click(button="right")
    paper.hover()
    assert_is_empty(figure)


@pytest.mark.slow
def test_a_finger_on_the_example_scrolls_or_taps_before_it_draws(visit, address):
    page = visit(f"{address}/{PAGE}", width=390, has_touch=True, is_mobile=True)
    figure = find(page, "digit")
    paper = figure.locator(".paper canvas")
    paper.evaluate("e => e.scrollIntoView({ block: 'center' })")
    wait_for_rest(paper)
    example = figure.evaluate("e => e.marks.length && e.isExample")
    top = page.evaluate("scrollY")
    touch(paper, 0, -100, at=(0.5, 0.9))
    assert page.evaluate("scrollY") != top
    assert figure.evaluate("e => e.isExample") == example
    assert example
    touch(paper, 0, 0, at=(0.5, 0.5))
    assert_is_empty(figure)
    wait_for_rest(paper)
    top = page.evaluate("scrollY")
    touch(paper, 0, -60, at=(0.5, 0.8))
    assert page.evaluate("scrollY") == top
    assert len(recorded(figure)) == 1


@pytest.mark.slow
def test_a_finger_draws_and_the_page_stays(visit, address):
    page = visit(f"{address}/{PAGE}", width=390, has_touch=True, is_mobile=True)
    figure = find(page, "digit")
    paper = figure.locator(".paper canvas")
    paper.evaluate("e => e.scrollIntoView({ block: 'center' })")
    wait_for_rest(paper)
    box, before = paper.bounding_box(), page.evaluate("scrollY")
    session = page.context.new_cdp_session(page)
    scale = box["width"] / SIZE

    def touch(kind, *points):
        points = [{"x": box["x"] + x * scale, "y": box["y"] + y * scale} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    (stroke,) = STROKES["three"]
    touch("touchStart", stroke[0])
    for point in stroke[1:]:
        touch("touchMove", point)
    touch("touchEnd")
    assert values(figure, VERDICT) == [3]
    assert_agrees_with_the_package(figure, draw_strokes(recorded(figure), SIZE, PEN))
    assert page.evaluate("scrollY") == before
    # A second finger does not draw.
    touch("touchStart", (20, 20))
    touch("touchMove", (20, 20), (100, 100))
    touch("touchMove", (20, 30), (100, 120))
    touch("touchEnd")
    assert len(recorded(figure)) == 2
    assert all(x < 30 for x, _ in recorded(figure)[1])


def test_colors_follow_the_theme(page, figure):
    press(button(figure, "Test digit: 8"), "Enter")
    maps = []
    for theme in (*THEMES, THEMES[0]):
        switch_theme(page, theme)
        page.wait_for_function(
            "t => document.querySelector('softmax-digit').dataset.theme === t", arg=theme
        )
        maps.append(pixels(figure, MAP))
    assert maps[0][0].tolist() == [255] * 3
    assert maps[1][0].max() < 60
    assert np.array_equal(maps[0], maps[2])


def test_text_is_not_small_and_parts_have_names(figure):
    sizes = figure.evaluate(
        "e => [...e.shadowRoot.querySelectorAll('*')].filter(n => n.checkVisibility()"
        " && [...n.childNodes].some(c => c.nodeType === 3 && c.data.trim()))"
        ".map(n => parseFloat(getComputedStyle(n).fontSize))"
    )
    assert min(sizes) >= 13
    pictures = figure.locator("canvas[role=img]")
    assert all(picture.get_attribute("aria-label") for picture in pictures.all())


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_does_not_scroll_sideways(visit, file, width):
    page = visit(file, width=width)
    figure = find(page, "digit")
    press(button(figure, "Test digit: 4"), "Enter")
    assert too_wide(page) == 0
    assert misfits(figure) == []
