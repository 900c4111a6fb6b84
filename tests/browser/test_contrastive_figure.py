"""The live figure of pairs on a circle, operated as a reader does."""

import numpy as np
import pytest

import softmax as sm
from softmax import live
from tests.book.chapters import chapter_functions
from tests.browser.figures import (
    WIDTHS,
    address_of,
    assert_fits,
    assert_follows_the_theme,
    click,
    close,
    control,
    find,
    follow_link,
    mostly_slow,
    press,
    start,
    values,
    wait_for_status,
)

chapter = chapter_functions("contrastive")
LABELS = ["seal", "panda", "duck", "koala"]
QUERIES, PARTNERS = [20, 110, 200, 300], [150, 60, 330, 220]
N, RATE = 4, 2.0
PAGE = "book/contrastive.html"
FIGURE = live.contrastive(QUERIES, PARTNERS, LABELS)
WINDOW = {"reduced_motion": "reduce"}


def handle(figure, kind, letter):
    return figure.get_by_label(f"{kind} {letter}, {LABELS[ord(letter) - 65]}: angle in degrees")


def angles(figure):
    found = values(figure, ".handle")
    return np.array(found[:N]), np.array(found[N:])


def temperature(figure):
    return float(control(figure, "Temperature, as a number").input_value())


def step(queries, partners, T):
    """Turn all vectors by gradient descent on the row loss, with the package's gradient."""
    a, b = np.radians(queries), np.radians(partners)
    difference = a[:, None] - b
    errors = sm.cross_entropy_grad(np.cos(difference) / T, np.arange(N))
    pull = errors * np.sin(difference)
    return a + RATE * pull.sum(axis=1), b - RATE * pull.sum(axis=0)


def assert_agrees_with_the_package(figure):
    queries, partners = angles(figure)
    Z = np.cos(np.radians(queries[:, None] - partners)) / temperature(figure)
    losses = [sm.cross_entropy(row, i) for i, row in enumerate(Z)]
    assert values(figure, ".entry") == close(sm.softmax(Z).ravel())
    assert values(figure, "td.loss") == close(losses)
    assert values(figure, ".total") == close([np.mean(losses)])
    assert values(figure, ".floor") == close([chapter.smallest_loss(N, temperature(figure))])


@pytest.mark.slow
def test_it_starts_as_the_chapter_says(visit, address):
    figure = find(visit(f"{address}/{PAGE}"), "contrastive")
    assert start(figure) == {"queries": QUERIES, "partners": PARTNERS, "labels": LABELS, "T": 1.0}
    assert_agrees_with_the_package(figure)
    assert figure.evaluate("e => e.getBoundingClientRect().top + scrollY") < 1600


@pytest.mark.parametrize("T", mostly_slow([0.05, 0.3, 5], 0.3))
def test_steps_are_those_of_gradient_descent(figure, T):
    control(figure, "Temperature, as a number").fill(str(T))
    for _ in range(3):
        turned = step(*angles(figure), T)
        click(figure, "Step")
        for found, expected in zip(angles(figure), turned, strict=True):
            assert np.cos(np.radians(found) - expected) == pytest.approx(1, abs=1e-12)
            assert np.sin(np.radians(found) - expected) == pytest.approx(0, abs=1e-12)
        assert_agrees_with_the_package(figure)


def test_arrows_lead_to_the_next_step(figure):
    ends = figure.locator(".arrow").evaluate_all(
        "all => all.map(e => e.getAttribute('d').match(/A.* ([-\\d.]+),([-\\d.]+)M/))"
        ".map(m => m && Math.atan2(145 - m[2], m[1] - 160))"
    )
    for end, angle in zip(ends, np.concatenate(step(QUERIES, PARTNERS, 1.0)), strict=True):
        assert np.cos(end - angle) == pytest.approx(1, abs=1e-9)


def test_keys_turn_a_vector_by_five_degrees(figure):
    press(handle(figure, "Query", "A"), "ArrowLeft", 2)
    press(handle(figure, "Partner", "D"), "ArrowDown")
    queries, partners = angles(figure)
    assert (queries[0], partners[3]) == pytest.approx((30, 215))
    assert_agrees_with_the_package(figure)
    press(control(figure, "Temperature"), "Home")
    assert temperature(figure) == 0.05
    assert_agrees_with_the_package(figure)


def center(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_mouse_drags_the_nearest_vector(page, figure):
    x, y = center(figure.locator(".circle"))
    partner = figure.locator(".handle.partners .grip").nth(1)
    page.mouse.move(*center(partner))
    page.mouse.down()
    page.mouse.move(x - 60, y - 60, steps=4)
    page.mouse.up()
    queries, partners = angles(figure)
    assert partners == pytest.approx([150, 135, 330, 220], abs=1.5)
    assert queries == pytest.approx(QUERIES)
    assert_agrees_with_the_package(figure)


def test_a_finger_drags_a_vector(visit, file):
    page = visit(file, width=390, has_touch=True, is_mobile=True)
    figure = find(page, "contrastive")
    grip = figure.locator(".handle.queries .grip").first
    assert min(grip.bounding_box()[side] for side in ("width", "height")) >= 34
    (x, y), (x0, y0) = center(grip), center(figure.locator(".circle"))
    session = page.context.new_cdp_session(page)
    for kind, points in [
        ("touchStart", [{"x": x, "y": y}]),
        ("touchMove", [{"x": x0, "y": y0 - 60}]),
        ("touchEnd", []),
    ]:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert angles(figure)[0] == pytest.approx([90, *QUERIES[1:]], abs=1.5)


def test_the_challenge_takes_warm_training_and_then_a_low_temperature(figure):
    challenge = figure.locator(".challenge")
    assert challenge.text_content() == (
        "Challenge. Bring every pair within 5° of each other, and the loss below 0.01. "
        "Now the loss is 1.737, and the widest pair is 130° apart."
    )
    click(figure, "Train")
    assert challenge.text_content().endswith(
        "The pairs have met, but at this T no arrangement gets below 0.583."
    )
    control(figure, "Temperature, as a number").fill("0.15")
    assert challenge.text_content().startswith("✓ Challenge.")
    wait_for_status(figure, "Challenge solved.")
    # Trained at a low temperature from the start, the pairs never meet.
    click(figure, "Reset")
    control(figure, "Temperature, as a number").fill("0.1")
    click(figure, "Train")
    assert "almost told apart is good enough" in challenge.text_content()
    assert_agrees_with_the_package(figure)


def test_training_moves_until_it_is_stopped(visit, file):
    page = visit(file)
    figure = find(page, "contrastive")
    click(figure, "Train")
    page.wait_for_function("document.querySelector('softmax-contrastive').loss < 1.2")
    click(figure, "Stop")
    assert figure.get_by_role("button", name="Train", exact=True).is_visible()
    assert_agrees_with_the_package(figure)


def test_the_address_keeps_the_state(page, figure, visit):
    press(handle(figure, "Query", "B"), "ArrowUp")
    control(figure, "Temperature, as a number").fill("0.2")
    assert address_of(page, "contrastive") == (
        "#contrastive:T=0.2&queries=20,115,200,300&partners=150,60,330,220"
    )
    click(figure, "Step")
    address_of(page, "contrastive")
    other = find(visit(page.url), "contrastive")
    for found, given in zip(angles(other), angles(figure), strict=True):
        assert found == pytest.approx(given, abs=0.006)
    assert_agrees_with_the_package(other)
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize(
    "state",
    mostly_slow(
        ["T=9", "T=1&queries=1,2,3&partners=1,2,3", "T=1&queries=1,2,3,x&partners=1,2,3,4"], "T=9"
    ),
)
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    follow_link(page, f"contrastive:{state}")
    assert angles(figure)[0] == pytest.approx(QUERIES)


def test_colors_follow_the_theme(figure):
    assert_follows_the_theme(figure, figure.locator(".mark").first)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_figure(visit, file, width):
    page = visit(file, width=width)
    figure = find(page, "contrastive")
    control(figure, "Temperature, as a number").fill("0.07")
    assert_fits(figure)
