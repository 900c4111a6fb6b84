"""The live figure of two balls on two losses, operated as a reader does."""

import numpy as np
import pytest

import softmax as sm
from softmax import live
from tests.browser.figures import (
    WIDTHS,
    address_of,
    button,
    click,
    close,
    control,
    find,
    follow_link,
    misfits,
    mostly_slow,
    press,
    start,
    switch_theme,
    too_wide,
    values,
    wait_for_status,
)

ANIMALS = ["seal", "panda", "duck"]
LOSSES, PROBABILITIES, LENGTHS, COUNTS = (f"td:nth-child({k})" for k in range(2, 6))
TARGET = np.array([0.0, 1.0, 0.0])
N_STEPS, GOAL = 5_000, 0.9
PAGE = "book/cross-entropy.html"


def squared_error(z):
    return 0.5 * np.sum((sm.softmax(z) - TARGET) ** 2)


def squared_error_grad(z):  # as the chapter defines it
    p = sm.softmax(z)
    return sm.softmax_vjp(p, p - TARGET)


def descend(gradient, lead, rate, n_steps):
    """Return the logits before the first step and after each, as the chapter computes them."""
    z = np.array([lead, 0.0, 0.0])
    path = [z]
    for _ in range(n_steps):
        z = z - rate * gradient(z)
        path.append(z)
    return path


RULES = [
    (lambda z: sm.cross_entropy(z, 1), lambda z: sm.cross_entropy_grad(z, TARGET)),
    (squared_error, squared_error_grad),
]
FIGURE = live.descent(8, ANIMALS)


def field(figure, label):
    return float(control(figure, f"{label}, as a number").input_value())


def assert_agrees_with_the_package(figure, step, lead=8.0, rate=1.0):
    assert field(figure, "Step") == step
    assert field(figure, "Lead of seal at the start") == lead
    assert field(figure, "Learning rate") == rate
    ends = [descend(gradient, lead, rate, step)[-1] for _, gradient in RULES]
    assert values(figure, PROBABILITIES) == close([sm.softmax(z)[1] for z in ends])
    assert values(figure, LOSSES) == close(
        [loss(z) for (loss, _), z in zip(RULES, ends, strict=True)]
    )
    lengths = [np.linalg.norm(gradient(z)) for (_, gradient), z in zip(RULES, ends, strict=True)]
    assert values(figure, LENGTHS) == close(lengths)


@pytest.mark.slow
def test_it_starts_as_the_chapter_says(visit, address):
    figure = find(visit(f"{address}/{PAGE}"), "descent")
    assert start(figure) == {"lead": 8.0, "labels": ANIMALS, "rate": 1.0}
    assert_agrees_with_the_package(figure, 0)
    assert values(figure, COUNTS) == [9, 652]
    assert wait_for_status(figure, "From a lead") == (
        "From a lead of 8 at learning rate 1, the steps until p of panda exceeds 0.9: "
        "9 with cross-entropy, 652 with squared error."
    )
    # Within the first two screens.
    assert figure.evaluate("e => e.getBoundingClientRect().top + scrollY") < 1600


@pytest.mark.parametrize("step", mostly_slow([1, 9, 300, 640, 652, 2000], 9, 652))
def test_steps_are_those_of_the_chapter(figure, step):
    control(figure, "Step, as a number").fill(str(step))
    assert_agrees_with_the_package(figure, step)


@pytest.mark.parametrize(
    "lead_and_rate", mostly_slow([(0, 10), (2.5, 0.1), (9.4, 1), (10, 4)], (2.5, 0.1))
)
def test_other_starts_and_rates(figure, lead_and_rate):
    lead, rate = lead_and_rate
    control(figure, "Lead of seal at the start, as a number").fill(str(lead))
    control(figure, "Learning rate, as a number").fill(str(rate))
    for count, (_, gradient) in zip(values(figure, COUNTS), RULES, strict=True):
        true = [sm.softmax(z)[1] for z in descend(gradient, lead, rate, N_STEPS)]
        assert count == np.argmax(np.array(true) > GOAL)
    control(figure, "Step, as a number").fill("150")
    assert_agrees_with_the_package(figure, 150, lead, rate)


def test_keys_move_the_step_by_one_and_later_by_more(figure):
    slider = control(figure, "Step")
    press(slider, "ArrowRight", 3)
    assert_agrees_with_the_package(figure, 3)
    wait_for_status(figure, "After 3 steps, p of panda is 0.114 with cross-entropy")
    press(slider, "ArrowLeft")
    assert field(figure, "Step") == 2
    control(figure, "Step, as a number").fill("1000")
    press(slider, "ArrowUp")
    assert field(figure, "Step") == 1030
    press(slider, "End")
    assert field(figure, "Step") == N_STEPS
    press(slider, "ArrowRight")
    assert field(figure, "Step") == N_STEPS
    press(slider, "Home")
    assert_agrees_with_the_package(figure, 0)
    press(button(figure, "Step"), "Enter", 2)
    assert_agrees_with_the_package(figure, 2)


def center(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_mouse_drags_a_ball_back_up(page, figure):
    balls = figure.locator(".ball .grip")
    x, y = center(balls.nth(0))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 10, y, steps=3)
    page.mouse.up()
    lead = field(figure, "Lead of seal at the start")
    assert 8.5 < lead < 9.2
    assert_agrees_with_the_package(figure, 0, lead)
    for ball in balls.all():
        assert center(ball)[0] == pytest.approx(x - 10, abs=2)
    # Anywhere on the drawing, as far as it goes.
    page.mouse.click(x + 60, y)
    assert field(figure, "Lead of seal at the start") < lead - 3
    page.mouse.click(*center(figure.get_by_text("0.99", exact=True)))
    assert field(figure, "Lead of seal at the start") == 0


def test_the_balls_are_on_their_losses(figure):
    """The curve is the way of steepest descent, which the steps of rate 1 leave by a pixel."""
    for step in (0, 4, 9, 630, 640, 652):
        control(figure, "Step, as a number").fill(str(step))
        gaps = figure.locator(".loss:has(.ball)").evaluate_all(
            "all => all.map(g => { const curve = g.querySelector('.curve');"
            " const { e, f } = g.querySelector('.ball').transform.baseVal[0].matrix;"
            " const total = curve.getTotalLength(); let best = Infinity;"
            " for (let at = 0; at <= total; at += 0.5) {"
            "  const { x, y } = curve.getPointAtLength(at);"
            "  best = Math.min(best, Math.hypot(x - e, y - f)); }"
            " return best; })"
        )
        assert max(gaps) < 1.5


def test_play_runs_until_both_are_there(figure):
    control(figure, "Lead of seal at the start, as a number").fill("2")
    count = int(max(values(figure, COUNTS)))
    click(figure, "Play")
    button(figure, "Pause").wait_for()
    button(figure, "Play").wait_for()
    assert_agrees_with_the_package(figure, count, 2.0)
    wait_for_status(figure, f"After {count} steps")


def test_pause_stops_at_a_whole_step(page, figure):
    click(figure, "Play")
    page.wait_for_function("document.querySelector('softmax-descent').time > 2")
    click(figure, "Pause")
    step = int(field(figure, "Step"))
    assert 2 <= step < 652
    assert_agrees_with_the_package(figure, step)


def test_the_challenge_checks_itself(figure):
    challenge = figure.locator(".challenge")
    lead = control(figure, "Lead of seal at the start, as a number")
    assert challenge.text_content() == (
        "Challenge. Make squared error need more than 3,000 steps at learning rate 1. "
        "How far back must it start? Now it needs 652 steps."
    )
    control(figure, "Learning rate, as a number").fill("0.2")
    assert challenge.text_content().endswith("Set the learning rate back to 1.")
    control(figure, "Learning rate, as a number").fill("1")
    lead.fill("9.5")
    assert challenge.text_content().endswith("Now it needs 2,814 steps.")
    lead.fill("9.6")
    assert challenge.text_content().startswith("✓ Challenge.")
    assert challenge.text_content().endswith(
        "Solved: a lead of 9.6 is enough, while cross-entropy still needs only 10 steps."
    )
    wait_for_status(figure, "Challenge solved.")


def test_the_address_keeps_the_state(page, figure, visit):
    control(figure, "Lead of seal at the start, as a number").fill("9.4")
    control(figure, "Learning rate, as a number").fill("2")
    control(figure, "Step, as a number").fill("40")
    assert address_of(page, "descent") == "#descent:lead=9.4&rate=2&step=40"
    other = find(visit(page.url), "descent")
    assert_agrees_with_the_package(other, 40, 9.4, 2.0)
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize(
    "state",
    mostly_slow(
        ["lead=11&rate=1", "lead=8&rate=0.01", "lead=8", "lead=8&rate=1&step=1.5", "z=1"],
        "lead=11&rate=1",
    ),
)
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    follow_link(page, f"descent:{state}")
    assert_agrees_with_the_package(figure, 0)


@pytest.mark.slow
def test_where_motion_is_unwelcome_only_steps_move_the_balls(visit, file):
    figure = find(visit(file, reduced_motion="reduce"), "descent")
    assert not figure.get_by_text("Play", exact=True).is_visible()
    press(control(figure, "Step"), "ArrowRight", 2)
    assert_agrees_with_the_package(figure, 2)


@pytest.mark.slow
def test_a_finger_drags_a_ball(visit, file):
    page = visit(file, width=390, has_touch=True, is_mobile=True)
    figure = find(page, "descent")
    grip = figure.locator(".ball .grip").nth(1)
    assert min(grip.bounding_box()[side] for side in ("width", "height")) >= 40
    x, y = center(grip)
    session = page.context.new_cdp_session(page)
    for kind, points in [
        ("touchStart", [{"x": x, "y": y}]),
        ("touchMove", [{"x": x + 50, "y": y + 5}]),
        ("touchEnd", []),
    ]:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert 4 < field(figure, "Lead of seal at the start") < 6


def test_colors_follow_the_theme(page, figure):
    def colors():
        curve = figure.locator(".curve").first.evaluate("e => getComputedStyle(e).stroke")
        return [figure.evaluate("e => getComputedStyle(e).backgroundColor"), curve]

    switch_theme(page, "light")
    light = colors()
    switch_theme(page, "dark")
    assert all(a != b for a, b in zip(light, colors(), strict=True))
    switch_theme(page, "light")
    assert colors() == light


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_figure(visit, file, width):
    page = visit(file, width=width)
    figure = find(page, "descent")
    control(figure, "Learning rate, as a number").fill("0.1")
    assert too_wide(page) == 0
    assert misfits(figure) == []


def test_an_arrow_shorter_than_its_head_is_not_drawn(figure):
    arrows = figure.locator("svg:has(.ball) .arrow")
    for step, expected in [
        ("0", [True, False]),
        ("10", [False, False]),
        ("630", [False, True]),
        ("5000", [False, False]),
    ]:
        control(figure, "Step, as a number").fill(step)
        drawn = arrows.evaluate_all("all => all.map(e => Boolean(e.getAttribute('d')))")
        assert drawn == expected
        assert drawn == [34 * length > 8 for length in values(figure, LENGTHS)]


def test_the_sentence_follows_the_balls_while_they_roll(page, figure):
    click(figure, "Play")
    page.wait_for_function(
        "() => { const e = document.querySelector('softmax-descent');"
        " return e.running && e.printed.textContent.startsWith(`After ${Math.floor(e.time)} step`)"
        " && e.status.textContent.startsWith('From a lead'); }"
    )
    click(figure, "Pause")
