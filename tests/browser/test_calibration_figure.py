"""The live figure of calibration and temperature, operated as a reader does."""

import base64

import numpy as np
import pytest

import softmax as sm
from softmax import live
from softmax.live._calibration.figure import LIMITS, slider_temperatures
from tests.book.chapters import chapter_functions
from tests.browser.figures import (
    WIDTHS,
    address_of,
    click,
    close,
    control,
    drag,
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

PAGE = "book/calibration.html"
BEFORE, NOW = ".numbers tbody tr:first-child td", ".numbers .now"
chapter = chapter_functions("calibration")


def predictions(seed, size):
    """Return logits that are twice as large as those the classes are drawn from, and the classes.

    So the best temperature is about 2.
    """
    rng = np.random.default_rng(seed)
    Z = rng.normal(scale=2, size=(size, 5))
    return 2 * Z, np.array([rng.choice(5, p=p) for p in sm.softmax(Z)])


SETS = {"validation": predictions(0, 2_000), "test": predictions(1, 1_500)}
FIGURE = live.calibration(*SETS["validation"], *SETS["test"])


def temperature(figure):
    return float(control(figure, "Temperature, as a number").input_value())


def chosen(figure):
    return next(name for name in SETS if control(figure, f"{name} set").is_checked())


def received(figure, name):
    """Return the logits that a figure received for a set, the true class first."""
    data = start(figure)
    gaps = np.frombuffer(base64.b64decode(data[name]), np.uint8).reshape(-1, data["classes"])
    return -LIMITS["unit"] * gaps


def expected(Z, T):
    """Return the four numbers and the bins, by the functions of the chapter."""
    P = sm.softmax(Z / T)
    confidence, correct = P.max(axis=1), Z[:, 0] == 0
    bin_of = chapter.equal_width(confidence, LIMITS["bins"])
    error = chapter.calibration_error(confidence, correct, bin_of)
    numbers = [sm.cross_entropy(Z / T, np.zeros(len(Z), int))]
    numbers += [error, confidence.mean(), correct.mean()]
    return numbers, np.transpose(chapter.reliability(confidence, correct, bin_of))


def assert_agrees_with_the_package(figure):
    Z, T = received(figure, chosen(figure)), temperature(figure)
    numbers, bins = expected(Z, T)
    assert values(figure, BEFORE) == close(expected(Z, 1)[0])
    assert values(figure, NOW) == close(numbers)
    table = np.reshape(values(figure, ".bins td"), (-1, 3))
    table = table[table[:, 0] > 0]
    np.testing.assert_allclose(table, bins, rtol=1e-12)
    losses = [sm.cross_entropy(Z / t, np.zeros(len(Z), int)) for t in slider_temperatures()]
    assert values(figure, ".ring") == close([min(losses)])
    # The points, in the units of the drawing: 0 and 1 are where the diagonal begins and ends.
    x0, y0, x1, y1 = figure.locator(".diagonal").evaluate(
        "e => [0, e.getTotalLength()].flatMap(d => { const p = e.getPointAtLength(d);"
        " return [p.x, p.y]; })"
    )
    points = figure.locator("svg g .point").evaluate_all(
        "all => all.filter(e => e.parentNode.style.display !== 'none')"
        ".map(e => [e.cx.baseVal.value, e.cy.baseVal.value])"
    )
    shown = (np.array(points) - [x0, y0]) / [x1 - x0, y1 - y0]
    np.testing.assert_allclose(shown, bins[:, 1:], atol=1e-5)


@pytest.mark.slow
def test_the_chapter_opens_with_its_own_network(visit, address, needs_its_data):
    needs_its_data("calibration")
    page = visit(f"{address}/{PAGE}")
    figure = find(page, "calibration")
    assert_agrees_with_the_package(figure)
    assert figure.evaluate("e => e.getBoundingClientRect().top + scrollY") < 1_600
    control(figure, "test set").check()
    assert_agrees_with_the_package(figure)
    # The chapter's numbers, of all 10,000 photos and with logits that are not rounded.
    loss, error, confidence, accuracy = values(figure, BEFORE)
    assert loss == pytest.approx(0.80, abs=0.06)
    assert error == pytest.approx(0.115, abs=0.01)
    assert confidence == pytest.approx(0.91, abs=0.01)
    assert accuracy == pytest.approx(0.80, abs=0.01)


def test_what_travels_is_light_and_keeps_the_accuracy(figure):
    for name, (Z, t) in SETS.items():
        Z_received = received(figure, name)
        assert np.array_equal(Z_received[:, 0] == 0, Z.argmax(axis=1) == t)
        gap = Z[np.arange(len(t)), t] - Z.max(axis=1)
        np.testing.assert_allclose(Z_received[:, 0], gap, atol=LIMITS["unit"])


def test_keys_move_the_temperature_and_leave_the_accuracy(figure):
    accuracy = values(figure, BEFORE)[3]
    press(control(figure, "Temperature"), "ArrowRight", 3)
    assert temperature(figure) == 1.04
    assert_agrees_with_the_package(figure)
    for key, T in (("Home", 0.5), ("End", 5)):
        press(control(figure, "Temperature"), key)
        assert temperature(figure) == T
        assert_agrees_with_the_package(figure)
        assert values(figure, NOW)[3] == accuracy


def test_the_mouse_drags_the_temperature_from_a_place_on_the_curve(page, figure):
    drag(page, control(figure, "Temperature"), 0.8)
    assert 3 < temperature(figure) < 3.4
    assert_agrees_with_the_package(figure)
    ball, knob = figure.evaluate(
        "e => { const b = e.shadowRoot.querySelector('.ball').getBoundingClientRect();"
        " const r = e.shadowRoot.querySelector('input[type=range]');"
        " const at = Number(r.style.getPropertyValue('--at')), w = r.getBoundingClientRect();"
        " return [b.x + b.width / 2, w.x + 7 + at * (w.width - 14)]; }"
    )
    assert ball == pytest.approx(knob, abs=0.5)


def test_a_typed_temperature_counts_with_all_its_digits(figure):
    control(figure, "Temperature, as a number").fill("1.23456789")
    assert temperature(figure) == 1.23456789
    assert_agrees_with_the_package(figure)
    control(figure, "Temperature, as a number").fill("50")
    assert values(figure, NOW) == close(expected(received(figure, "validation"), 1.23456789)[0])


def test_bins_without_a_prediction_are_missing(figure):
    press(control(figure, "Temperature"), "Home")
    counts = values(figure, ".bins td:nth-child(2)")
    assert counts[:2] == [0, 0]  # five classes: the confidence is at least 0.2
    shown = figure.locator("svg g").evaluate_all("all => all.map(e => e.style.display !== 'none')")
    assert shown == [count > 0 for count in counts]


def test_gaps_are_colored_by_their_sign(figure):
    for T, way in (("0.5", "over"), ("5", "under")):
        control(figure, "Temperature, as a number").fill(T)
        gaps = figure.locator("svg g:not(.few):not([style*=none]) .gap")
        assert set(gaps.evaluate_all("all => all.map(e => e.classList[1])")) == {way}
        wait_for_status(figure, f"Overall, it is {way}confident by 0.")


def test_gaps_stay_within_the_diagram(figure):
    ends = "all => all.map(e => e.getBBox().x + e.getBBox().width)"
    for T in ("0.5", "1", "5"):
        control(figure, "Temperature, as a number").fill(T)
        edge = figure.locator(".diagonal").evaluate("e => e.getBBox().x + e.getBBox().width")
        assert max(figure.locator(".gap").evaluate_all(ends)) <= edge + 1e-3


def test_the_status_line_reads_the_fullest_bin(figure):
    Z = received(figure, "validation")
    count, confidence, accuracy = expected(Z, 1)[1][-1]
    assert wait_for_status(figure, f"{count:.0f} of 2000").startswith(
        f"In its fullest bin ({count:.0f} of 2000 predictions), the mean confidence is "
        f"{confidence:.2f} and the accuracy {accuracy:.2f}. Overall, it is overconfident by 0."
    )


def challenge(figure):
    return figure.locator(".challenge").text_content()


def test_the_challenge_checks_itself(figure):
    assert challenge(figure).startswith("Challenge. Find the T with the lowest loss")
    assert " above its minimum." in challenge(figure)
    control(figure, "test set").check()
    assert challenge(figure).endswith("First choose T on the validation set.")
    control(figure, "validation set").check()
    Z = received(figure, "validation")
    best = chapter.fit_temperature(Z, np.zeros(len(Z), int))
    control(figure, "Temperature, as a number").fill(f"{best:.2f}")
    assert challenge(figure).endswith("Found. Now look at the test set.")
    control(figure, "test set").check()
    before, now = values(figure, BEFORE), values(figure, NOW)
    assert challenge(figure).startswith("✓ Challenge.")
    assert challenge(figure).endswith(
        f"Solved: there, the ECE goes from {before[1]:.3f} to {now[1]:.3f}, "
        f"and the accuracy stays {now[3]:.3f}."
    )
    wait_for_status(figure, "Challenge solved.")
    press(control(figure, "Temperature"), "ArrowRight", 20)
    assert challenge(figure).startswith("Challenge.")


def test_the_address_keeps_the_state(page, figure, visit):
    control(figure, "Temperature, as a number").fill("2.05")
    control(figure, "test set").check()
    assert address_of(page, "calibration") == "#calibration:T=2.05&set=test"
    other = find(visit(page.url), "calibration")
    assert (temperature(other), chosen(other)) == (2.05, "test")
    assert_agrees_with_the_package(other)
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize(
    "state",
    mostly_slow(
        ["", "T=2", "T=0&set=test", "T=9&set=test", "T=x&set=test", "T=2&set=training"],
        "T=9&set=test",
    ),
)
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    follow_link(page, f"calibration:{state}")
    assert (temperature(figure), chosen(figure)) == (1, "validation")
    assert_agrees_with_the_package(figure)


def test_colors_follow_the_theme(page, figure):
    def colors():
        marks = [figure.locator(part).first for part in ("svg .gap", ".point", ".ball")]
        style = "e => [getComputedStyle(e).fill, getComputedStyle(e).backgroundColor]"
        return [mark.evaluate(style) for mark in (figure, *marks)]

    switch_theme(page, "light")
    light = colors()
    switch_theme(page, "dark")
    assert all(a != b for a, b in zip(light, colors(), strict=True))
    switch_theme(page, "light")
    assert colors() == light


@pytest.mark.slow
def test_nothing_moves_by_itself_with_reduced_motion(visit, file):
    figure = find(visit(file, reduced_motion="reduce"), "calibration")
    press(control(figure, "Temperature"), "End")
    assert_agrees_with_the_package(figure)
    assert figure.evaluate("e => e.shadowRoot.getAnimations().length") == 0


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_figure(visit, file, width):
    page = visit(f"{file}#calibration:T=2.05&set=test", width=width)
    figure = find(page, "calibration")
    figure.locator("summary").click()
    assert too_wide(page) == 0
    assert misfits(figure) == []
