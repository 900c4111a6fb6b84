"""The live figure of scores and a hard decision, operated as a reader does."""

import numpy as np
import pytest

import softmax as sm
from softmax import live
from tests.browser.figures import (
    WIDTHS,
    address_of,
    assert_fits,
    assert_follows_the_theme,
    button,
    click,
    close,
    control,
    find,
    follow_link,
    mostly_slow,
    press,
    span,
    start,
    values,
    wait_for_status,
)

X = [1.5, 0.4]
W = np.array([[0.9, 0.5, -1.4], [-2.0, 1.7, 0.5]])
B = np.array([-0.3, -0.2, 1.1])
ANIMALS = ["seal", "panda", "duck"]
FEATURES = ["Body length in meters", "Black share of the body"]
PAGE = "book/classification.html"
FIGURE = live.decision(X, W, B, ANIMALS)


def features(figure):
    return [float(control(figure, f"{name}, as a number").input_value()) for name in FEATURES]


def set_to(figure, x):
    for name, value in zip(FEATURES, x, strict=True):
        control(figure, f"{name}, as a number").fill(str(value))
    assert features(figure) == list(x)


def assert_agrees_with_the_package(figure):
    z = features(figure) @ W + B
    assert values(figure, ".wide .number") == close(z)
    assert values(figure, ".lamp") == sm.one_hot(z.argmax(), 3).tolist()
    assert values(figure, ".share .number") == close(sm.softmax(z))
    assert figure.locator(".answer b").text_content() == ANIMALS[z.argmax()]


def test_it_starts_as_the_chapter_says(visit, address):
    figure = find(visit(f"{address}/{PAGE}"), "decision")
    assert start(figure) == {
        "x": X, "W": W.tolist(), "b": B.tolist(), "labels": ANIMALS, "challenge": True,
    }  # fmt: skip
    assert_agrees_with_the_package(figure)
    # Within the first two screens.
    assert figure.evaluate("e => e.getBoundingClientRect().top + scrollY") < 1600


@pytest.mark.parametrize(
    "x",
    mostly_slow([(0, 0), (2.5, 1), (0.3, 0.9), (2.2, 0.05), (0.66, 0.04)], (2.5, 1), (0.66, 0.04)),
)
def test_scores_and_decisions_agree_with_the_package(figure, x):
    set_to(figure, x)
    assert_agrees_with_the_package(figure)


def test_classes_that_tie_by_hand_tie(figure):
    """At length 0.99 and share 0.08, rounding sets the scores of seal and panda apart."""
    set_to(figure, (0.99, 0.08))
    assert figure.locator(".answer").text_content() == "The answer: seal in a tie with panda"


def test_a_small_lead_does_not_read_as_0(figure):
    set_to(figure, (0.12, 0.89))
    answer = figure.locator(".answer")
    assert answer.text_content() == "The answer: duck less than 0.01 ahead of panda"
    set_to(figure, (0.12, 0.88))
    assert answer.text_content() == "The answer: duck 0.02 ahead of panda"


def test_the_answer_jumps_where_the_scores_do_not(figure):
    set_to(figure, (1.5, 0.14))
    before = values(figure, ".wide .number")
    assert figure.locator(".answer b").text_content() == "panda"
    press(control(figure, FEATURES[1]), "ArrowLeft")
    assert features(figure) == [1.5, 0.13]
    assert figure.locator(".answer b").text_content() == "seal"
    moved = np.abs(np.subtract(values(figure, ".wide .number"), before))
    assert moved.max() < 0.021
    assert_agrees_with_the_package(figure)


def test_the_mouse_drags_the_photo(page, figure):
    box = figure.locator(".grip").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 40, y + 20, steps=4)
    page.mouse.up()
    assert figure.locator(".grip").bounding_box()["x"] == pytest.approx(box["x"] - 40, abs=2)
    length, share = features(figure)
    assert 1 < length < 1.4
    assert 0.2 < share < 0.38
    assert_agrees_with_the_package(figure)
    # Beyond the map it stays on its rim.
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 600, y + 400)
    page.mouse.up()
    assert features(figure) == [2.5, 0]


def test_regions_are_those_of_the_decision(figure):
    """In each region of the map, the class whose name it has is the one with the largest score."""
    corners = figure.locator("polygon").evaluate_all(
        "all => all.map(e => [...e.points].map(({ x, y }) => [(x - 38) / 312 * 2.5,"
        " (214 - y) / 206]))"
    )
    areas = []
    for k, region in enumerate(corners):
        a, b = np.array(region), np.roll(region, -1, axis=0)
        areas.append(abs(np.sum(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])) / 2)
        z = a @ W + B
        assert z[:, k] == pytest.approx(z.max(axis=1), abs=1e-3)
    assert sum(areas) == pytest.approx(2.5, abs=1e-3)
    assert figure.locator(".region").all_text_contents() == ANIMALS


def test_the_challenge_is_where_all_scores_tie(figure):
    challenge = figure.locator(".challenge")
    assert "Now they are 2.030 apart." in challenge.text_content()
    set_to(figure, (0.63, 0.06))
    assert challenge.text_content().endswith("Now they are 0.101 apart.")
    set_to(figure, (0.67, 0.05))
    assert challenge.text_content().startswith("✓ Challenge.")
    assert "“panda”" in challenge.text_content()
    wait_for_status(figure, "Challenge solved.")


def test_softmax_is_shown_on_demand(figure):
    shown = figure.locator(".share .number").first
    assert not shown.is_visible()
    soft = control(figure, "Show softmax probabilities")
    press(soft, "Space")
    assert shown.text_content() == "0.249"
    assert shown.is_visible()
    wait_for_status(figure, "Softmax says seal 0.249, panda 0.664 and duck 0.087.")
    press(button(figure, "Reset"), "Enter")
    assert not soft.is_checked()


def test_the_address_leads_back(visit, page, figure):
    set_to(figure, (0.25, 1))
    control(figure, "Show softmax probabilities").check()
    assert address_of(page, "decision") == "#decision:x=0.25,1&soft=1"
    other = find(visit(page.url), "decision")
    assert features(other) == [0.25, 1]
    assert control(other, "Show softmax probabilities").is_checked()
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize(
    "state",
    mostly_slow(
        ["", "%", "x=1", "x=2.6,0&soft=0", "x=1,&soft=0", "x=1,0.5m&soft=0", "x=1,1&soft=2"],
        "x=2.6,0&soft=0",
    ),
)
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    follow_link(page, f"decision:{state}")
    assert features(figure) == X
    assert not control(figure, "Show softmax probabilities").is_checked()


@pytest.mark.parametrize("width", mostly_slow([390, 800], 390))
def test_probabilities_have_the_widest_bars(visit, file, width):
    figure = find(visit(file, width=width), "decision")
    control(figure, "Show softmax probabilities").check()
    assert figure.locator(".share .track").first.bounding_box()["width"] > 95
    assert not figure.locator(".wide .track").first.is_visible()


def test_colors_follow_the_theme(figure):
    nodes = [figure.locator(selector).first for selector in ("polygon", ".point", ".track div")]
    assert_follows_the_theme(*nodes)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_figure(visit, file, width):
    figure = find(visit(file, width=width), "decision")
    control(figure, "Show softmax probabilities").check()
    assert_fits(figure)
    assert span(figure, "polygon", ".rows") < 640
