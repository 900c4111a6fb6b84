"""The live figure of Gumbel noise, operated as a reader does."""

import numpy as np
import pytest

import softmax as sm
from softmax import live
from softmax.live._gumbel.figure import gumbel_noise
from tests.browser.figures import (
    THEMES,
    address_of,
    close,
    control,
    drag,
    find,
    misfits,
    press,
    start,
    switch_theme,
    too_wide,
    values,
    wait_for_status,
    write_page,
)

Z = [0.25, 1.23, -0.8]
ANIMALS = ["seal", "panda", "duck"]
PAGE = "book/learning-from-choices.html"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Return the address of a page with the chapter's figure and nothing else."""
    return write_page(tmp_path_factory.mktemp("gumbel"), live.gumbel(Z, ANIMALS))


@pytest.fixture(scope="module")
def page(visit, file):
    return visit(file)


@pytest.fixture
def figure(page):
    figure = find(page, "gumbel")
    click(figure, "Reset")
    return figure


def click(figure, name):
    figure.get_by_role("button", name=name, exact=True).click()


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
    press(control(figure, "Logit of duck"), "Home")
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
        if "solved" in figure.locator(".challenge").get_attribute("class"):
            break
    gap = np.abs(np.subtract(values(figure, ".share"), values(figure, ".p")))
    assert gap.max() <= 0.02
    assert values(figure, ".count [data-value]")[0] >= 500
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


@pytest.mark.parametrize(
    "state", ["z=1,2&tau=1&seed=0", "z=1,2,5&tau=1&seed=0", "z=0,0,0&tau=9&seed=0", "z=0,0,0&tau=1"]
)
def test_an_invalid_address_is_ignored(visit, file, state):
    figure = find(visit(f"{file}#gumbel:{state}"), "gumbel")
    assert_agrees_with_python(figure, 1)
    assert number(figure, "Logit of seal") == 0.25


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [390, 600, 1280])
def test_it_fits(visit, file, width, theme):
    page = visit(file, width=width)
    switch_theme(page, theme)
    figure = find(page, "gumbel")
    click(figure, "Draw 100")
    assert not too_wide(page)
    assert not misfits(figure)
    assert figure.bounding_box()["height"] < (820 if width == 390 else 600)
