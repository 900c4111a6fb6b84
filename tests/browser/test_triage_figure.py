"""The live figure of a machine that decides from some confidence on, operated as a reader does."""

import base64

import numpy as np
import pytest

import softmax as sm
from softmax import live
from softmax.live._triage.figure import LIMITS
from tests.browser.figures import (
    WIDTHS,
    address_of,
    assert_fits,
    assert_follows_the_theme,
    click,
    close,
    control,
    drag,
    find,
    follow_link,
    mostly_slow,
    press,
    span,
    start,
    values,
    wait_for_status,
)

PAGE = "book/fashion-mnist.html"
SLIDER = "Confidence from which the machine decides"
LABELS = ["seal", "panda", "duck", "bear"]

RNG = np.random.default_rng(0)
SIZE = 3_000
# The first classes are more certain than the last ones.
TRUTH = RNG.integers(0, 4, SIZE)
Z = RNG.normal(size=(SIZE, 4)) + sm.one_hot(TRUTH, 4) * (3.5 - TRUTH[:, None] / 2)
PICTURES = RNG.integers(0, 16, (SIZE, 784)) / 15
P = sm.softmax(Z)
CONFIDENCE, ANSWERS = P.max(axis=1), P.argmax(axis=1)
RIGHT = ANSWERS == TRUTH
SHOWN = np.argsort(-CONFIDENCE)[(2 * np.arange(56) + 1) * SIZE // 112]
FIGURE = live.triage(Z, TRUTH, PICTURES, LABELS)


def confidence(figure):
    return float(control(figure, f"{SLIDER}, as a number").input_value())


def set_to(figure, c):
    control(figure, f"{SLIDER}, as a number").fill(f"{c:.2f}")


def chosen(figure):
    return figure.locator("input[type=radio]").evaluate_all("all => all.findIndex(e => e.checked)")


def numbers(figure):
    """Return how many predictions are decided correctly, decided wrongly, and left to people."""
    return values(figure, "li b")


def assert_segments(figure, bar, shares):
    """Assert that the segments of a bar are these shares of it; browsers keep six digits."""
    widths = figure.locator(bar).locator("span").evaluate_all("all => all.map(e => e.style.width)")
    drawn = [float(width.removesuffix("%")) / 100 for width in widths]
    np.testing.assert_allclose(drawn, shares, atol=1e-6)


def assert_agrees_with_the_package(figure):
    decided = confidence(figure) <= CONFIDENCE
    expected = [np.sum(decided & RIGHT), np.sum(decided & ~RIGHT), np.sum(~decided)]
    assert numbers(figure) == expected
    assert_segments(figure, ".line + .bar", np.array(expected) / SIZE)
    assert values(figure, "tbody .number:not(.p)") == np.bincount(TRUTH[decided], None, 4).tolist()
    for k in range(4):
        parts = [decided & RIGHT, decided & ~RIGHT, ~decided]
        shares = [np.mean(part[k == TRUTH]) for part in parts]
        assert_segments(figure, f"tbody tr:nth-child({k + 1}) .bar", shares)
    # The pictures, and the one that is chosen.
    marks = figure.locator(".gallery label").evaluate_all("all => all.map(e => e.className.trim())")
    assert ["machine" in mark for mark in marks] == decided[SHOWN].tolist()
    assert ["mistake" in mark for mark in marks] == (~RIGHT[SHOWN]).tolist()
    index = SHOWN[chosen(figure)]
    assert values(figure, ".p") == close(P[index].round(4))
    assert figure.locator("tbody tr.true th").text_content() == LABELS[TRUTH[index]]
    who = figure.locator(".chosen p").text_content()
    assert who.startswith(
        f"True class: {LABELS[TRUTH[index]]}. The classifier says {LABELS[ANSWERS[index]]}, with "
        f"probability {start(figure)['probabilities'][chosen(figure)][ANSWERS[index]]:.2f}. "
    )
    ends = {
        (True, True): "The machine decides, correctly.",
        (True, False): "The machine decides, wrongly.",
        (False, True): "A person looks.",
        (False, False): "A person looks and can correct it.",
    }
    assert who.endswith(ends[decided[index], RIGHT[index]])


def test_the_chapter_opens_with_its_own_classifier(visit, address, needs_its_data):
    needs_its_data("fashion-mnist")
    page = visit(f"{address}/{PAGE}")
    figure = find(page, "triage")
    assert figure.evaluate("e => e.getBoundingClientRect().top + scrollY") < 1_600
    right, wrong, person = numbers(figure)
    assert (right, wrong, person) == (8109, 1124, 767)
    press(control(figure, SLIDER), "Home")
    assert numbers(figure) == [8444, 1556, 0]  # the accuracy in the chapter, 0.844
    set_to(figure, 0.92)
    assert values(figure, "tbody .number:not(.p)")[1::5] == [909, 91]
    assert challenge(figure).startswith("✓ Challenge.")


@pytest.mark.parametrize("c", mostly_slow([0, 0.5, 0.57, 0.83, 0.92, 0.99, 1], 0.57, 0.99))
def test_counts_agree_with_the_package(figure, c):
    set_to(figure, c)
    assert confidence(figure) == c
    assert_agrees_with_the_package(figure)


def test_keys_move_the_threshold(figure):
    assert confidence(figure) == 0.5
    press(control(figure, SLIDER), "ArrowRight", 7)
    assert confidence(figure) == 0.57
    assert_agrees_with_the_package(figure)
    for key, c in (("Home", 0), ("End", 1)):
        press(control(figure, SLIDER), key)
        assert confidence(figure) == c
        assert_agrees_with_the_package(figure)
    wait_for_status(figure, "the machine decides 0 of 3,000 pictures; so it makes no mistake.")


def test_the_mouse_drags_the_threshold(page, figure):
    drag(page, control(figure, SLIDER), 0.8)
    assert 0.75 < confidence(figure) < 0.85
    assert_agrees_with_the_package(figure)


def test_a_typed_threshold_is_rounded_to_a_step(figure):
    control(figure, f"{SLIDER}, as a number").fill("0.777")
    assert confidence(figure) == 0.78
    assert_agrees_with_the_package(figure)
    control(figure, f"{SLIDER}, as a number").fill("7")
    assert confidence(figure) == 7
    assert numbers(figure)[2] == np.sum(CONFIDENCE < 0.78)


def test_the_first_picture_is_the_most_confident_mistake(figure):
    assert chosen(figure) == np.flatnonzero(~RIGHT[SHOWN])[0]
    assert_agrees_with_the_package(figure)


def test_a_click_and_the_arrow_keys_choose_a_picture(figure):
    figure.locator(".gallery label").nth(40).click()
    assert chosen(figure) == 40
    assert_agrees_with_the_package(figure)
    figure.locator("input:checked").press("ArrowRight")
    assert chosen(figure) == 41
    assert_agrees_with_the_package(figure)
    figure.locator("input:checked").press("ArrowUp")
    assert chosen(figure) == 40


def test_the_gallery_is_one_stop_of_the_keyboard_and_shows_where_it_is(page, figure):
    press(figure.get_by_role("button", name="Reset"), "Tab")
    focused = "e => [...e.shadowRoot.querySelectorAll('input')].indexOf(e.shadowRoot.activeElement)"
    assert figure.evaluate(focused) == 2 + chosen(figure)
    label = figure.locator("label:has(:focus-visible)")
    assert label.evaluate("e => getComputedStyle(e).outlineWidth") == "3px"
    page.keyboard.press("Tab")
    assert figure.evaluate("e => e.shadowRoot.activeElement") is None


def test_pictures_are_read_out_with_their_classes(figure):
    index = SHOWN[30]
    name = f"{LABELS[TRUTH[index]]}, read as {LABELS[ANSWERS[index]]}, {CONFIDENCE[index]:.2f}"
    radio = figure.get_by_role("radio").nth(30)
    assert radio.get_attribute("aria-label") == f"{name}, machine"
    set_to(figure, 1)
    assert radio.get_attribute("aria-label") == f"{name}, person"


def test_pixels_arrive_as_they_are_in_python(figure):
    pairs = np.frombuffer(base64.b64decode(start(figure)["pictures"]), np.uint8)
    levels = np.column_stack([pairs // 16, pairs % 16]).reshape(56, 784)
    np.testing.assert_array_equal(levels, np.rint(15 * PICTURES[SHOWN]))
    read = (
        "(all, i) => [...all[i].getContext('2d').getImageData(0, 0, 28, 28).data]"
        ".filter((_, j) => j % 4 === 0)"
    )
    canvases = figure.locator(".gallery canvas")
    for i in (0, 55):
        assert canvases.evaluate_all(read, i) == (17 * levels[i]).tolist()
    large = figure.locator(".chosen canvas").evaluate_all(read, 0)
    assert large == (17 * levels[chosen(figure)]).tolist()


def challenge(figure):
    return figure.locator(".challenge").text_content()


def solution():
    """Return the lowest threshold at which at most 1 decision in 50 is wrong."""
    steps = np.arange(101) / 100
    return next(
        c for c in steps if LIMITS["rate"] * np.sum(~RIGHT[c <= CONFIDENCE]) <= sum(c <= CONFIDENCE)
    )


def test_the_challenge_checks_itself(figure):
    assert challenge(figure).startswith("Challenge. Let the machine decide as many")
    decided = CONFIDENCE >= 0.5
    rate = decided.sum() / np.sum(decided & ~RIGHT)
    assert challenge(figure).endswith(f"Now 1 in {rate:.1f} is wrong.")
    set_to(figure, 1)
    assert challenge(figure).endswith("Now it decides nothing.")
    c = solution()
    set_to(figure, c + 0.01)
    assert challenge(figure).endswith("Few enough are wrong, but it could decide more.")
    set_to(figure, c - 0.01)
    assert challenge(figure).endswith(" is wrong.")
    set_to(figure, c)
    counts = np.bincount(TRUTH[c <= CONFIDENCE])
    shares = counts / np.bincount(TRUTH)
    best, worst = shares.argmax(), shares.argmin()
    assert challenge(figure).startswith("✓ Challenge.")
    assert challenge(figure).endswith(
        f"Solved: it decides {counts.sum():,}, among them {counts[best]} of the class "
        f"{LABELS[best]}, but only {counts[worst]} of the class {LABELS[worst]}."
    )
    wait_for_status(figure, "Challenge solved.")


def test_the_status_line_says_the_counts(figure):
    decided = CONFIDENCE >= 0.5
    n, wrong = decided.sum(), np.sum(decided & ~RIGHT)
    wait_for_status(figure, "of 3,000 pictures")
    assert wait_for_status(figure, "From confidence 0.50").startswith(
        f"From confidence 0.50 on, the machine decides {n:,} of 3,000 pictures; {wrong} of these "
        f"decisions are wrong, 1 in {n / wrong:.1f}. A person looks at {SIZE - n}."
    )


def test_the_address_keeps_the_state(page, figure, visit):
    set_to(figure, 0.83)
    figure.locator(".gallery label").nth(40).click()
    assert address_of(page, "triage") == "#triage:c=0.83&picture=40"
    other = find(visit(page.url), "triage")
    assert (confidence(other), chosen(other)) == (0.83, 40)
    assert_agrees_with_the_package(other)
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize(
    "state",
    mostly_slow(
        ["", "c=0.8", "c=&picture=1", "c=1.2&picture=1", "c=x&picture=1", "c=0.8&picture=56",
         "c=0.8&picture=", "c=0.8&picture=1.5"],
        "c=1.2&picture=1",
    ),
)  # fmt: skip
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    before = chosen(figure)
    follow_link(page, f"triage:{state}")
    assert (confidence(figure), chosen(figure)) == (0.5, before)
    assert_agrees_with_the_package(figure)


def test_colors_follow_the_theme(figure):
    marks = [".line + .bar .right", ".line + .bar .wrong", ".gallery .machine", ".true .track div"]
    assert_follows_the_theme(figure, *(figure.locator(mark).first for mark in marks))


@pytest.mark.slow
def test_nothing_moves_by_itself_with_reduced_motion(visit, file):
    figure = find(visit(file, reduced_motion="reduce"), "triage")
    press(control(figure, SLIDER), "End")
    assert figure.evaluate("e => e.shadowRoot.getAnimations().length") == 0
    assert_agrees_with_the_package(figure)


@pytest.mark.parametrize(
    ("width", "most"), [(390, 600), pytest.param(1280, 520, marks=pytest.mark.slow)]
)
def test_the_slider_and_the_pictures_are_in_sight_together(visit, file, width, most):
    figure = find(visit(file, width=width), "triage")
    assert span(figure, ".line", ".gallery") < most


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_figure(visit, file, width):
    assert_fits(find(visit(f"{file}#triage:c=0.83&picture=3", width=width), "triage"))
