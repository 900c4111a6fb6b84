"""The first page of the book: what is on the first screen, and how it is operated."""

import base64
import gzip
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup

import softmax as sm
from softmax.digits import center_digit, draw_strokes
from softmax.live._digit.figure import LIMITS, SEVEN
from tests.browser.figures import (
    address_of,
    close,
    control,
    drag,
    find,
    misfits,
    mostly_slow,
    press,
    start,
    too_wide,
    values,
    wait_for_status,
)

PAGE = "book/index.html"
SCREENS = {"wide": (1280, 800), "phone": (390, 844)}
SCORES, PROBABILITIES = "td.z[data-value]", "td.p[data-value]"
# What a start page may weigh, compressed: its text, the weights, the samples and the picture.
BUDGET = 60_000


@pytest.fixture
def open_page(visit, address):
    """Return a function that opens the page without motion, and returns it and its figure."""

    def show(fragment="", *, screen="wide", **options):
        width, height = SCREENS[screen]
        url = f"{address}/{PAGE}{fragment}"
        page = visit(url, width=width, **{"reduced_motion": "reduce"} | options)
        page.set_viewport_size({"width": width, "height": height})
        return page, find(page, "digit")

    return show


def scores(figure, ink):
    """Return the scores of a paper as Python computes them, from the figure's own weights."""
    numbers = np.frombuffer(base64.b64decode(start(figure)["weights"]), "<f4").astype(float)
    W, b = numbers[:-10].reshape(10, 784), numbers[-10:]
    return (W - W.mean(axis=0)) @ center_digit(ink).ravel() + b - b.mean()


def seven():
    return draw_strokes(SEVEN, LIMITS["paper"], LIMITS["pen"])


def assert_agrees_with_the_package(figure, ink, temperature=1.0):
    z = scores(figure, ink)
    np.testing.assert_allclose(values(figure, SCORES), z, rtol=1e-11, atol=1e-12)
    p = sm.softmax(z, temperature=temperature)
    np.testing.assert_allclose(values(figure, PROBABILITIES), p, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("screen", mostly_slow(SCREENS, "phone"))
def test_first_screen_has_pad_scores_probabilities_and_temperature(open_page, screen):
    page, figure = open_page(screen=screen)
    page.evaluate("scrollTo(0, 0)")  # the challenge may lie below
    parts = [
        *figure.locator(".paper canvas").all(),
        *figure.locator(SCORES).all(),
        *figure.locator(PROBABILITIES).all(),
        control(figure, "Temperature"),
    ]
    assert len(parts) == 1 + 10 + 10 + 1
    width, height = SCREENS[screen]
    for part in parts:
        box = part.bounding_box()
        assert part.is_visible()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height
        assert box["x"] + box["width"] <= width
    assert too_wide(page) == 0
    assert misfits(figure) == []


@pytest.mark.slow
def test_pad_moves_nothing_when_it_takes_the_place_of_its_picture(open_page):
    page, _ = open_page(screen="phone")
    doors = page.locator(".doors")
    expected = doors.bounding_box()["y"]
    held = []  # a script before that of the pad, which waits for it
    page.route("**/doctools.js*", lambda route: held.append(route))
    page.reload(wait_until="commit")
    doors.wait_for()
    # Until its style sheets are here, nobody sees the page, but it can be measured.
    page.wait_for_function(
        "Array.from(document.querySelectorAll('link[rel=stylesheet]')).every((link) => link.sheet)"
    )
    assert page.locator("softmax-digit:not(:defined) img").is_visible()
    assert doors.bounding_box()["y"] == pytest.approx(expected, abs=50)
    for route in held:
        route.continue_()
    find(page, "digit")


def test_it_begins_with_a_7(open_page):
    _, figure = open_page()
    assert_agrees_with_the_package(figure, seven())
    assert values(figure, ".verdict") == [7]
    assert figure.get_by_text("Draw your own").is_visible()


@pytest.mark.slow
def test_the_7_is_drawn_by_a_hand_unless_motion_is_unwanted(open_page):
    # The marks when the figure opens, and two frames later.
    watch = (
        "e => { e.open(JSON.parse(e.dataset.start)); return new Promise(done =>"
        " requestAnimationFrame(() => requestAnimationFrame(() => done(e.marks.map(m => m.points)))"
        ")); }"
    )
    _, still = open_page()
    whole = [[list(point) for point in stroke] for stroke in SEVEN]
    assert still.evaluate(watch) == whole
    page, figure = open_page(reduced_motion="no-preference")
    (part,) = figure.evaluate(watch)
    assert 1 <= len(part) < len(whole[0])
    page.wait_for_function(
        "whole => JSON.stringify(document.querySelector('softmax-digit').marks.map(m => m.points))"
        " === JSON.stringify(whole)",
        arg=whole,
    )
    assert_agrees_with_the_package(figure, seven())


def test_dragging_the_temperature_changes_probabilities_and_no_score(open_page):
    page, figure = open_page()
    before = values(figure, PROBABILITIES)
    drag(page, control(figure, "Temperature"), 0.9)
    temperature = float(control(figure, "Temperature, as a number").input_value())
    assert temperature > 5
    assert_agrees_with_the_package(figure, seven(), temperature)
    assert max(values(figure, PROBABILITIES)) < max(before)
    wait_for_status(figure, f"at temperature {temperature:g}")


def test_everything_works_by_keyboard(open_page):
    _, figure = open_page()
    press(control(figure, "Temperature"), "ArrowRight", 20)
    temperature = float(control(figure, "Temperature, as a number").input_value())
    assert temperature > 1
    assert_agrees_with_the_package(figure, seven(), temperature)
    press(figure.get_by_role("button", name="Test digit: 3", exact=True), "Enter")
    pixels = np.frombuffer(base64.b64decode(start(figure)["samples"][3]), np.uint8)
    ink = np.kron(pixels.reshape(28, 28) / 255, np.ones((5, 5)))
    assert_agrees_with_the_package(figure, ink, temperature)
    press(figure.get_by_role("button", name="Undo", exact=True), "Enter")
    assert_agrees_with_the_package(figure, seven(), temperature)
    press(figure.get_by_role("button", name="Clear", exact=True), "Enter")
    assert values(figure, PROBABILITIES) == []


@pytest.mark.slow
def test_the_first_stroke_takes_the_place_of_the_example(open_page):
    page, figure = open_page()
    box = figure.locator(".paper canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 160, steps=5)
    page.mouse.up()
    strokes = figure.evaluate("e => e.marks.map(mark => mark.points)")
    assert len(strokes) == 1
    assert np.ptp(np.array(strokes[0])[:, 0]) == 0
    assert_agrees_with_the_package(figure, draw_strokes(strokes, LIMITS["paper"], LIMITS["pen"]))


@pytest.mark.slow
def test_the_challenge_is_met_where_half_is_reached(open_page):
    _, figure = open_page()
    press(figure.get_by_role("button", name="Test digit: 7", exact=True), "Enter")
    z = np.array(values(figure, SCORES))
    low, high = LIMITS["temperature"]
    for _ in range(40):
        middle = (low + high) / 2
        if sm.softmax(z, temperature=middle).max() > 0.5:
            low = middle
        else:
            high = middle
    number = control(figure, "Temperature, as a number")
    number.fill(f"{1.2 * low:.2f}")
    assert figure.locator(".challenge").text_content().startswith("Challenge. ")
    number.fill(f"{low:.2f}")
    challenge = figure.locator(".challenge").text_content()
    assert challenge.startswith("✓ Challenge.")
    assert challenge.endswith("the order stayed, only the confidence fell.")
    wait_for_status(figure, "Challenge solved.")
    # It is about what is on the paper now.
    press(figure.get_by_role("button", name="Clear", exact=True), "Enter")
    assert figure.locator(".challenge").text_content().startswith("Challenge. ")


def test_the_address_holds_what_is_shown(open_page):
    page, figure = open_page()
    assert "#" not in page.url
    press(figure.get_by_role("button", name="Test digit: 4", exact=True), "Enter")
    press(control(figure, "Temperature"), "ArrowRight", 10)
    box = figure.locator(".paper canvas").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 70, box["y"] + 33, steps=7)
    page.mouse.up()
    shown = values(figure, PROBABILITIES)
    fragment = address_of(page, "digit")
    _, again = open_page(fragment)
    assert values(again, PROBABILITIES) == close(shown)
    assert again.evaluate("e => e.marks.length") == 2


@pytest.mark.parametrize(
    "fragment",
    mostly_slow(["#the-chapters", "#digit:marks=s99", "#digit:marks=1.2_3&T=9"], "#the-chapters"),
)
def test_another_address_opens_the_page_as_usual(open_page, fragment):
    _, figure = open_page(fragment)
    assert_agrees_with_the_package(figure, seven())


@pytest.mark.slow
def test_a_finger_that_scrolls_over_the_slider_does_not_move_it(open_page):
    page, figure = open_page(screen="phone", has_touch=True, is_mobile=True)
    slider = control(figure, "Temperature")
    box, before = slider.bounding_box(), values(figure, PROBABILITIES)
    session = page.context.new_cdp_session(page)
    x, y = box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2
    for kind, points in [
        ("touchStart", [(x, y)]),
        *(("touchMove", [(x, y - 15 * step)]) for step in range(1, 12)),
        ("touchEnd", []),
    ]:
        points = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.wait_for_function("scrollY > 50")
    assert values(figure, PROBABILITIES) == before
    assert slider.get_attribute("aria-valuetext") == "1"


def test_map_leads_to_pages_that_exist_and_by_keyboard(open_page, site):
    page, _ = open_page()
    links = page.get_by_role("navigation", name="Map of the chapters").get_by_role("link")
    assert links.count() >= 13
    for link in links.all():
        assert (site / "book" / link.get_attribute("href")).is_file()
        assert re.match(r"\d+ \w", link.get_attribute("aria-label"))
    links.nth(3).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/cross-entropy.html")


def test_map_is_a_list_on_a_phone(open_page):
    page, _ = open_page(screen="phone")
    links = page.get_by_role("navigation", name="Map of the chapters").get_by_role("link")
    texts = [link.text_content() for link in links.all()]
    assert [text.split()[0] for text in texts] == [f"{i + 1}" for i in range(len(texts))]
    assert len(texts) >= 13
    assert min(link.bounding_box()["height"] for link in links.all()) >= 36
    page.set_viewport_size({"width": 1280, "height": 900})
    assert {link.evaluate("a => a.localName + !!a.closest('svg')") for link in links.all()} == {
        "atrue"
    }


def test_labels_of_the_map_keep_off_their_frames(open_page):
    page, _ = open_page()
    gaps = page.evaluate(
        """() => [...document.querySelectorAll(".chapter-map a:has(rect)")].map(link => {
          const box = (name) => link.querySelector(name).getBoundingClientRect();
          const [frame, text] = [box("rect"), box("text")];
          return Math.min(text.left - frame.left, frame.right - text.right);
        })"""
    )
    assert min(gaps) >= 5


@pytest.mark.slow
def test_doors_lead_to_pages_that_exist(open_page, site):
    page, _ = open_page()
    doors = page.locator(".door")
    assert doors.count() == 3
    for door in doors.all():
        links = door.get_by_role("link").all()
        assert links
        for link in links:
            assert (site / "book" / link.get_attribute("href")).is_file()


@pytest.mark.slow
def test_without_javascript_there_is_a_picture_and_the_map(visit, address):
    page = visit(f"{address}/{PAGE}", java_script_enabled=False)
    picture = page.locator("softmax-digit img")
    assert picture.is_visible()
    assert "ten scores" in picture.get_attribute("alt")
    assert page.locator(".chapter-map a").first.is_visible()


@pytest.mark.slow
def test_page_is_light_and_its_classifier_good(site):
    html = (site / PAGE).read_bytes()
    assert len(gzip.compress(html)) < BUDGET
    data = BeautifulSoup(html, "html.parser").find("softmax-digit")["data-start"]
    numbers = np.frombuffer(base64.b64decode(re.search('"weights": "(.+?)"', data)[1]), "<f4")
    mnist = sm.load_mnist()
    said = mnist.X_test @ numbers[:-10].reshape(10, 784).T + numbers[-10:]
    assert np.mean(said.argmax(axis=1) == mnist.y_test) > 0.915
