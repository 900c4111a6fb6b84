"""The live figure of logits that drift, operated as a reader does."""

import numpy as np
import pytest
from scipy import special

from softmax import live
from softmax.live._drift.figure import LIMITS
from tests.book.chapters import chapter_functions
from tests.browser.figures import (
    WIDTHS,
    address_of,
    assert_fits,
    assert_follows_the_theme,
    button,
    click,
    close,
    control,
    drag,
    find,
    follow_link,
    mostly_slow,
    press,
    start,
    values,
    wait_for_status,
    write_page,
)

to_bfloat16 = chapter_functions("large-models").to_bfloat16
Z = np.array([0.25, 1.23, -0.8])
ANIMALS = ["seal", "panda", "duck"]
LOG_Z = special.logsumexp(Z)
PAGE = "book/large-models.html"
FIGURE = live.drift(Z, 1, ANIMALS, shift=100)
WINDOW = {"reduced_motion": "reduce"}


def shift(figure):
    return float(control(figure, "Shift, as a number").input_value())


def set_to(figure, value):
    control(figure, "Shift, as a number").fill(str(value))


def centers(figure, selector):
    """Return where circles are, in units of the drawing."""
    return figure.locator(selector).evaluate_all(
        "all => all.map(e => parseFloat(e.getAttribute('cx')))"
    )


def assert_agrees_with_numpy(figure):
    c = shift(figure)
    stored = to_bfloat16(Z + c).astype(float)
    assert values(figure, ".paper") == close(special.softmax(Z))
    assert values(figure, ".stored") == close(special.softmax(stored))
    losses = [-special.log_softmax(x)[1] for x in (Z, stored)]
    assert values(figure, ".loss") == close(losses)
    assert values(figure, ".total") == close([LOG_Z + c])
    assert values(figure, ".penalty") == close([1e-4 * (LOG_Z + c) ** 2])
    middle = (Z.min() + Z.max()) / 2 + c
    for selector, x in ((".exact", Z + c), (".rounded", stored)):
        assert centers(figure, selector) == pytest.approx(
            160 * (1 + (x - middle) / LIMITS["reach"]), abs=1e-6
        )


@pytest.mark.slow
def test_it_starts_as_the_chapter_says(visit, address):
    figure = find(visit(f"{address}/{PAGE}"), "drift")
    expected = {"z": Z.tolist(), "target": 1, "labels": ANIMALS, "shift": 100.0, "challenge": True}
    assert start(figure) == expected
    assert_agrees_with_numpy(figure)
    figure.page.wait_for_timeout(600)  # an address is written after 400 ms
    assert "#" not in figure.page.url
    assert figure.bounding_box()["y"] + figure.page.evaluate("scrollY") < 1600


@pytest.mark.parametrize(
    "c", mostly_slow([-20, -1.64, 0, 0.1, 63.3, 255.5, 256, 300.7, 511.8, 620], 0.1, 300.7)
)
def test_typed_shifts_agree_with_numpy(figure, c):
    set_to(figure, c)
    assert shift(figure) == c
    assert_agrees_with_numpy(figure)


def test_keys_and_mouse_move_the_slider(page, figure):
    press(control(figure, "Shift"), "End")
    assert shift(figure) == 620
    press(control(figure, "Shift"), "Home")
    assert shift(figure) == -20
    drag(page, control(figure, "Shift"), 0.5)
    assert 280 < shift(figure) < 320
    assert_agrees_with_numpy(figure)


def test_ticks_are_the_numbers_of_bfloat16(figure):
    set_to(figure, 520)
    labels = figure.locator(".numbers text").all_text_contents()
    assert labels == ["516", "520", "524"]


def test_they_drift_and_are_pulled_back(visit, file):
    figure = find(visit(file), "drift")
    click(figure, "Let it drift")
    figure.page.wait_for_function("document.querySelector('softmax-drift').shift > 110")
    click(figure, "Stop")
    reached = shift(figure)
    assert reached > 110
    assert_agrees_with_numpy(figure)
    click(figure, "Pull it back")
    figure.page.wait_for_function("document.querySelector('softmax-drift').run === null")
    assert shift(figure) == round(-LOG_Z, 2)
    assert_agrees_with_numpy(figure)
    # It stops where it is taken off its page.
    click(figure, "Let it drift")
    figure.evaluate("e => { const { parentNode } = e; e.remove(); parentNode.prepend(e); }")
    assert button(figure, "Let it drift").is_visible()


@pytest.mark.slow
def test_pulling_back_ends_wherever_the_target_is(visit, tmp_path):
    figure = find(visit(write_page(tmp_path, live.drift([-0.02, 1.09, 1.72], 0))), "drift")
    click(figure, "Pull it back")
    button(figure, "Pull it back").wait_for()
    figure.page.wait_for_function("document.querySelector('softmax-drift').run === null")


def test_without_motion_a_press_is_a_leap(figure):
    click(figure, "Let it drift")
    assert shift(figure) == 132
    for _ in range(16):
        click(figure, "Let it drift")
    assert shift(figure) == 620
    assert button(figure, "Let it drift").get_attribute("aria-disabled") == "true"
    before = LOG_Z + 620
    click(figure, "Pull it back")
    assert shift(figure) + LOG_Z == pytest.approx(before * 0.95**32, abs=1e-2)


def test_the_challenge_checks_itself(figure):
    challenge = figure.locator(".challenge")
    assert challenge.text_content() == (
        "Challenge. Find a shift at which bfloat16 cannot tell any of them apart. "
        "Now 100, 101 and 99."
    )
    set_to(figure, 511.7)
    assert "✓" not in challenge.text_content()
    set_to(figure, 512)
    assert challenge.text_content().startswith("✓ Challenge.")
    assert wait_for_status(figure, "Shifted by 512") == (
        "Shifted by 512, bfloat16 holds seal 512, panda 512 and duck 512. Its probabilities are "
        "seal 0.333, panda 0.333 and duck 0.333. Challenge solved."
    )
    radii = figure.locator(".rounded").evaluate_all("all => all.map(e => e.r.baseVal.value)")
    assert len(set(radii)) == 3  # rings around one number


def test_the_address_keeps_the_state(page, figure, visit):
    set_to(figure, 333.25)
    assert address_of(page, "drift") == "#drift:shift=333.25"
    assert shift(find(visit(page.url), "drift")) == 333.25
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize("state", mostly_slow(["", "shift=621", "shift=x", "%"], "shift=621"))
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    follow_link(page, f"drift:{state}")
    assert shift(figure) == 100


def test_colors_follow_the_theme(figure):
    assert_follows_the_theme(figure.locator(".part").first)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_figure(visit, file, width):
    page = visit(file, width=width)
    figure = find(page, "drift")
    set_to(figure, 511.9)
    assert_fits(figure)
