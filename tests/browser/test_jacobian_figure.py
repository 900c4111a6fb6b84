"""The live figure of the Jacobian, operated as a reader does."""

import numpy as np
import pytest

import softmax as sm
from softmax import live
from softmax.live._jacobian.figure import flows
from tests.browser.figures import (
    THEMES,
    WIDTHS,
    address_of,
    button,
    click,
    close,
    control,
    drag,
    find,
    follow_link,
    misfits,
    mostly_slow,
    press,
    span,
    start,
    switch_theme,
    too_wide,
    values,
    wait_for_status,
    write_page,
)

START = {"z": [0.25, 1.23, -0.8], "target": 1, "labels": ["seal", "panda", "duck"], "step": 0.5}
PAGE = "book/derivation.html"
FIGURE = live.jacobian(START["z"], START["target"], START["labels"])


def challenge(figure):
    return figure.locator(".challenge").text_content()


def shown(figure, selector):
    return figure.locator(selector).all_text_contents()


def assert_agrees_with_the_package(figure, z, target=1, step=0.5):
    z = np.array(z, float)
    p = sm.softmax(z)
    J = sm.softmax_jacobian(p)
    nudge = step * np.eye(len(z))[target]
    moved = sm.softmax(z + nudge) - p
    assert values(figure, ".entry") == close(J.ravel())
    assert values(figure, ".predicted") == close(J @ nudge)
    assert values(figure, ".moved") == close(moved)
    assert values(figure, ".error") == close(moved - J @ nudge)
    assert values(figure, ".sum") == close([0] * (len(z) + 3))
    flow = flows(p, target, step)
    assert values(figure, "path[data-value]") == close(flow[flow > 0])
    assert figure.locator("th.lit").all_text_contents() == [START["labels"][target]]
    # The framed column is what the step multiplies.
    assert values(figure, ".entry.lit") == close(J[:, target])
    assert shown(figure, "text.change") == shown(figure, ".moved")


@pytest.mark.slow
def test_it_starts_as_the_chapter_says(visit, address):
    figure = find(visit(f"{address}/{PAGE}"), "jacobian")
    assert start(figure) == START
    assert_agrees_with_the_package(figure, START["z"])
    assert wait_for_status(figure, "By the Jacobian") == (
        "By the Jacobian, panda gains 0.112: 0.083 from seal and 0.029 from duck. "
        "The true change is 0.101."
    )


def test_keys_move_logits_and_the_nudge(figure):
    control(figure, "Logit of seal, as a number").fill("0.2")
    press(control(figure, "Logit of seal"), "ArrowRight", 3)
    assert_agrees_with_the_package(figure, [0.5, 1.23, -0.8])
    press(control(figure, "Step"), "Home")
    assert_agrees_with_the_package(figure, [0.5, 1.23, -0.8], step=-1)
    wait_for_status(figure, "panda loses")
    press(control(figure, "Nudge the logit of panda"), "ArrowDown")
    assert control(figure, "Nudge the logit of duck").is_checked()
    assert_agrees_with_the_package(figure, [0.5, 1.23, -0.8], 2, -1)


def test_the_mouse_drags_a_logit_until_the_matrix_fades(page, figure):
    drag(page, control(figure, "Logit of panda"), 1)
    assert_agrees_with_the_package(figure, [0.25, 8, -0.8])
    assert np.abs(values(figure, ".entry")).max() < 0.001
    shares = figure.locator(".entry").evaluate_all("all => all.map(e => e.style.cssText)")
    assert all(float(style.split("--share: ")[1].split("%")[0]) < 1 for style in shares)


def test_typed_numbers_and_an_invalid_one(figure):
    control(figure, "Logit of duck, as a number").fill("2.5")
    field = control(figure, "Step, as a number")
    field.fill("0.123")
    assert_agrees_with_the_package(figure, [0.25, 1.23, 2.5], step=0.123)
    field.fill("2")
    assert field.get_attribute("aria-invalid") == "true"
    field.blur()
    assert field.input_value() == "1"


def test_a_nudge_of_zero_moves_nothing(figure):
    control(figure, "Step, as a number").fill("0")
    assert_agrees_with_the_package(figure, START["z"], step=0)
    wait_for_status(figure, "nothing moves")


@pytest.mark.slow
def test_a_step_is_taken_until_the_slider_ends(figure):
    click(figure, "Step")
    assert_agrees_with_the_package(figure, [0.25, 1.73, -0.8])
    press(button(figure, "Step"), "Enter", 13)
    assert button(figure, "Step").get_attribute("aria-disabled") == "true"
    assert_agrees_with_the_package(figure, [0.25, 7.73, -0.8])
    wait_for_status(figure, "The sliders end at 8.")


def test_half_the_step_has_a_quarter_of_the_error(figure):
    errors = []
    for _ in range(4):
        errors.append(max(map(abs, values(figure, ".error"))))
        click(figure, "Halve Δz")
    assert_agrees_with_the_package(figure, START["z"], step=0.0313)
    wait_for_status(figure, "Half the step: the largest error went from")
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 4, rtol=0.1)


def test_halving_ends_before_rounding_is_all_that_is_left(figure):
    half = button(figure, "Halve Δz")
    press(half, "Enter", 20)
    assert 0.01 <= float(control(figure, "Step, as a number").input_value()) < 0.02
    assert half.get_attribute("aria-disabled") == "true"
    wait_for_status(figure, "This figure takes no steps smaller than 0.01.")
    shown = figure.locator(".error").all_text_contents()
    for text, error in zip(shown, values(figure, ".error"), strict=True):
        number, power = text.split("×10⁻")
        digits, exponent = f"{error:+.1e}".split("e-0")
        assert (number, power) == (digits.replace("-", "−"), "⁰¹²³⁴⁵⁶⁷⁸⁹"[int(exponent)])


def test_the_challenge_checks_itself(figure):
    assert challenge(figure) == (
        "Challenge. Make the slope ∂p/∂z of panda as large as it can be. Now 0.223."
    )
    control(figure, "Logit of seal, as a number").fill("1.23")
    assert challenge(figure).endswith("Now 0.249.")
    control(figure, "Logit of duck, as a number").fill("-8")
    assert challenge(figure).startswith("✓ Challenge.")
    assert challenge(figure).endswith(
        "Solved: ¼, where p is ½. Softmax responds most where it is undecided."
    )
    wait_for_status(figure, "Challenge solved.")


def test_the_address_keeps_the_state(page, figure, visit):
    control(figure, "Nudge the logit of duck").check()
    control(figure, "Step, as a number").fill("-0.25")
    assert address_of(page, "jacobian") == "#jacobian:z=0.25,1.23,-0.8&target=2&step=-0.25"
    other = find(visit(page.url), "jacobian")
    assert_agrees_with_the_package(other, START["z"], 2, -0.25)
    assert control(other, "Nudge the logit of duck").is_checked()
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize(
    "state",
    mostly_slow(
        [
            "z=1,2&target=0&step=1",
            "z=1,2,9&target=0&step=1",
            "z=1,2,3&target=3&step=1",
            "z=1,2,3&target=0&step=1.1",
            "z=1,2,3&target=0",
            "z=",
        ],
        "z=1,2,9&target=0&step=1",
    ),
)
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    follow_link(page, f"jacobian:{state}")
    assert_agrees_with_the_package(figure, START["z"])


@pytest.mark.slow
def test_names_may_hold_any_character(visit, tmp_path):
    names = ["<b>&", '"', "a long name of a class"]
    figure = find(visit(write_page(tmp_path, live.jacobian(START["z"], 0, names))), "jacobian")
    assert figure.locator("text.name").all_text_contents() == [
        "<b>& 0.249",
        '" 0.664',
        "a lon… 0.087",
    ]


def test_colors_follow_the_theme(page, figure):
    def colors():
        nodes = [figure, figure.locator(".entry").first]
        color = "e => getComputedStyle(e).backgroundColor"
        stream = figure.locator(".moves").first.evaluate("e => getComputedStyle(e).fill")
        return [*(node.evaluate(color) for node in nodes), stream]

    seen = []
    for theme in THEMES:
        switch_theme(page, theme)
        seen.append(colors())
    switch_theme(page, "light")
    assert all(a != b for a, b in zip(*seen, strict=True))
    assert colors() == seen[0]


@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_a_screen(visit, file, width):
    page = visit(file, width=width)
    figure = find(page, "jacobian")
    assert too_wide(page) == 0
    assert misfits(figure) == []
    assert span(figure, "input[type=range]", "svg") < page.viewport_size["height"]
    assert (
        figure.locator("text, td, th").evaluate_all(
            "all => Math.min(...all.map(e => parseFloat(getComputedStyle(e).fontSize)))"
        )
        >= 13
    )
