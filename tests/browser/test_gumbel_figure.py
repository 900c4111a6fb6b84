"""The live figure of Gumbel noise, operated as a reader does."""

import numpy as np
import pytest

import softmax as sm
from softmax import live
from softmax.live._gumbel.figure import LIMITS, gumbel_noise
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
    start,
    values,
    wait_for_status,
)

Z = [0.25, 1.23, -0.8]
ANIMALS = ["seal", "panda", "duck"]
PAGE = "book/learning-from-choices.html"
FIGURE = live.gumbel(Z, ANIMALS)


def number(figure, label):
    return float(control(figure, f"{label}, as a number").input_value())


def assert_agrees_with_python(figure, draws, seed=0):
    """Compare all numbers with those of the same noise in NumPy."""
    z = np.array([number(figure, f"Logit of {name}") for name in ANIMALS])
    tau = number(figure, "Temperature tau")
    noisy = z + gumbel_noise(seed, 3 * draws).reshape(draws, 3)
    wins = np.bincount(noisy.argmax(axis=1), minlength=3)
    assert values(figure, ".noisy") == close(noisy[-1])
    assert values(figure, ".share") == close(wins / draws)
    assert values(figure, ".p") == close(sm.softmax(z))
    assert values(figure, ".relaxed") == close(sm.softmax(noisy[-1] / tau))
    assert values(figure, ".count [data-value]") == [draws]
    winner = figure.locator("li.winner b").text_content()
    assert ANIMALS[noisy[-1].argmax()] in winner


@pytest.mark.slow
def test_it_starts_as_the_chapter_says(visit, address):
    figure = find(visit(f"{address}/{PAGE}"), "gumbel")
    assert start(figure) == {"z": Z, "labels": ANIMALS, "tau": 1.0, "seed": 9}
    assert_agrees_with_python(figure, 1, seed=9)
    assert "duck" in figure.locator("li.winner b").text_content()


def test_draws_count_the_winners(figure):
    click(figure, "Draw")
    assert_agrees_with_python(figure, 2)
    click(figure, "Draw 100")
    assert_agrees_with_python(figure, 102)
    click(figure, "Clear the wins")
    assert values(figure, ".count [data-value]") == [1]


def test_keys_move_a_logit_and_the_temperature_with_the_same_noise(figure):
    click(figure, "Draw 100")
    press(control(figure, "Logit of duck"), "End")
    assert number(figure, "Logit of duck") == 4
    assert values(figure, ".count [data-value]") == [1]
    click(figure, "Reset")
    press(control(figure, "Logit of seal"), "ArrowRight")
    press(control(figure, "Temperature tau"), "Home")
    assert number(figure, "Temperature tau") == 0.05
    assert_agrees_with_python(figure, 1)
    wait_for_status(figure, "of the relaxed sample.")


def test_the_mouse_drags_the_temperature(page, figure):
    before = figure.locator("li.winner b").text_content()
    drag(page, control(figure, "Temperature tau"), 0.9)
    assert number(figure, "Temperature tau") > 2
    assert_agrees_with_python(figure, 1)
    assert figure.locator("li.winner b").text_content() == before


def test_the_challenge_wants_many_draws(figure):
    assert "Now 1 of 500" in figure.locator(".challenge").text_content()
    for _ in range(30):
        click(figure, "Draw 100")
        (draws,) = values(figure, ".count [data-value]")
        gap = np.abs(np.subtract(values(figure, ".share"), values(figure, ".p"))).max()
        solved = draws >= LIMITS["draws"] and gap <= LIMITS["goal"]
        assert figure.locator(".challenge").text_content().startswith("✓") == solved
        if solved:
            break
    wait_for_status(figure, "Challenge solved.")


def test_the_address_keeps_logits_temperature_and_noise(visit, page, figure):
    control(figure, "Logit of seal, as a number").fill("1.5")
    control(figure, "Temperature tau, as a number").fill("0.5")
    click(figure, "Draw")
    seed = address_of(page, "gumbel").partition("seed=")[2]
    assert address_of(page, "gumbel").startswith("#gumbel:z=1.5,1.23,-0.8&tau=0.5&seed=")
    other = find(visit(page.url), "gumbel")
    assert values(other, ".noisy") == values(figure, ".noisy")
    assert_agrees_with_python(other, 1, int(seed))
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize(
    "state",
    mostly_slow(
        [
            "z=1,2&tau=1&seed=0",
            "z=1,2,5&tau=1&seed=0",
            "z=0,0,0&tau=9&seed=0",
            "z=0,0,0&tau=1&seed=0.5",
            "z=0,0,0&tau=1",
        ],
        "z=1,2,5&tau=1&seed=0",
    ),
)
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    follow_link(page, f"gumbel:{state}")
    assert_agrees_with_python(figure, 1)
    assert number(figure, "Logit of seal") == 0.25


def test_colors_follow_the_theme(figure):
    assert_follows_the_theme(figure, figure.locator(".bar").first)


def test_the_bars_of_a_class_are_on_one_line_on_a_phone(page, figure):
    page.set_viewport_size({"width": 390, "height": 900})
    tops = (
        figure.locator("li")
        .first.locator(".track")
        .evaluate_all("all => all.map(e => e.getBoundingClientRect().top)")
    )
    assert len(tops) == 3
    assert max(tops) - min(tops) < 1


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_figure(page, figure, width):
    page.set_viewport_size({"width": width, "height": 900})
    click(figure, "Draw 100")
    assert_fits(figure)
    assert figure.bounding_box()["height"] < (820 if width == 390 else 600)
