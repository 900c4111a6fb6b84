"""The live figure of the gradient, operated as a reader does."""

import numpy as np
import pytest

import softmax as sm
from softmax import live
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

LOGITS = ".row input[type=number][data-value]"
PROBABILITIES, TARGETS, PUSH = (
    ".p[data-value]",
    ".arrows td:nth-child(4)",
    ".arrows td:nth-child(5)",
)
JACOBIAN = ".matrix td"
LOSS, FIRST_LOSS, STEPS = ".tally > b", ".tally .soft b:nth-of-type(2)", ".tally .soft b"
ANIMALS = ["seal", "panda", "duck"]
Z = [0.25, 1.23, -0.8]
PAGE = "book/cross-entropy.html"
FIGURE = live.gradient(Z, 1, ANIMALS)


def true_class(figure):
    (name,) = figure.locator("input[name=target]:checked").all()
    return ANIMALS.index(name.get_attribute("aria-label").split()[0])


def cross_entropy_grad(z, target):
    return sm.cross_entropy_grad(z, target)


def squared_error(z, target):
    return 0.5 * np.sum((sm.softmax(z) - np.eye(len(z))[target]) ** 2)


def squared_error_grad(z, target):
    p = sm.softmax(z)
    return sm.softmax_vjp(p, p - np.eye(len(z))[target])


RULES = {
    "cross-entropy": (sm.cross_entropy, cross_entropy_grad),
    "squared error": (squared_error, squared_error_grad),
}


def descend(z, target, rate, steps, kind="cross-entropy"):
    """Return the logits and the losses on the way."""
    loss, gradient = RULES[kind]
    z = np.array(z)
    losses = [loss(z, target)]
    for _ in range(steps):
        z = z - rate * gradient(z, target)
        losses.append(loss(z, target))
    return z, losses


def assert_agrees_with_the_package(figure, kind="cross-entropy"):
    assert figure.locator("input[name=loss]:checked").get_attribute("value") == kind
    loss, gradient = RULES[kind]
    z, target = np.array(values(figure, LOGITS)), true_class(figure)
    p = sm.softmax(z)
    assert values(figure, PROBABILITIES) == close(p)
    assert values(figure, TARGETS) == list(np.eye(3)[target])
    assert values(figure, PUSH) == close(-gradient(z, target))
    assert values(figure, JACOBIAN) == close(sm.softmax_jacobian(p).ravel())
    assert values(figure, LOSS) == close([loss(z, target)])


@pytest.mark.slow
def test_it_starts_as_the_chapter_says(visit, address):
    figure = find(visit(f"{address}/{PAGE}"), "gradient")
    assert start(figure) == {"z": Z, "target": 1, "labels": ANIMALS, "rate": 1.0}
    assert values(figure, LOGITS) == Z
    assert_agrees_with_the_package(figure)
    assert wait_for_status(figure, "true class") == (
        "The true class is panda: probability 0.664, loss 0.410. The push on its logit is +0.336."
    )


def test_keys_choose_the_true_class_and_move_a_logit(figure):
    press(control(figure, "panda is the true class"), "ArrowDown")
    assert true_class(figure) == 2
    assert_agrees_with_the_package(figure)
    press(control(figure, "Logit of duck"), "End")
    assert values(figure, LOGITS) == [0.25, 1.23, 4]
    assert_agrees_with_the_package(figure)
    wait_for_status(figure, f"loss {sm.cross_entropy([0.25, 1.23, 4], 2):.3f}")


def test_the_mouse_chooses_the_true_class_and_drags_a_logit(page, figure):
    figure.get_by_text("seal", exact=True).first.click()
    assert true_class(figure) == 0
    drag(page, control(figure, "Logit of panda"), 0.05)
    assert values(figure, LOGITS)[1] < -3
    assert_agrees_with_the_package(figure)


@pytest.mark.parametrize("kind", RULES)
def test_arrows_lead_from_the_probability_against_the_gradient(figure, kind):
    control(figure, kind).check()
    z = [2.0, 0.0, -0.5]
    for name, logit in zip(ANIMALS, z, strict=True):
        control(figure, f"Logit of {name}, as a number").fill(str(logit))
    assert_agrees_with_the_package(figure, kind)
    ends = figure.locator(".arrow").evaluate_all(
        "all => all.map(e => [e.style.left, e.style.width, e.classList.contains('left')])"
    )
    pushes = -RULES[kind][1](np.array(z), 1)
    for (left, width, turned), p, push in zip(ends, sm.softmax(z), pushes, strict=True):
        first, length = float(left[:-1]) / 100, float(width[:-1]) / 100
        tail, tip = (first + length, first) if turned else (first, first + length)
        assert [tail, tip] == pytest.approx([p, p + push], abs=1e-4)
    # From p to y, for cross-entropy.
    if kind == "cross-entropy":
        assert sm.softmax(z) + pushes == pytest.approx([0, 1, 0])


def test_steps_are_those_of_gradient_descent(figure):
    control(figure, "Learning rate, as a number").fill("2.5")
    press(figure.get_by_role("button", name="Step", exact=True), "Enter", 3)
    click(figure, "Ten steps")
    z, losses = descend(Z, 1, 2.5, 13)
    assert values(figure, LOGITS) == close(z)
    assert values(figure, LOSS) == close(losses[-1:])
    assert values(figure, FIRST_LOSS) == close(losses[:1])
    assert values(figure, STEPS)[0] == 13
    assert_agrees_with_the_package(figure)
    said = wait_for_status(figure, "10 steps at rate 2.5")
    assert f"from {losses[3]:.3f} to {losses[-1]:.3f}" in said
    assert f"panda is now {sm.softmax(z)[1]:.3f}" in said


@pytest.mark.slow
@pytest.mark.parametrize(("z", "rate", "steps"), [([8, 0, 0], 1, 60), ([4, -3, 3.5], 10, 40)])
def test_steps_on_squared_error(figure, z, rate, steps):
    control(figure, "squared error").check()
    for name, logit in zip(ANIMALS, z, strict=True):
        control(figure, f"Logit of {name}, as a number").fill(str(logit))
    control(figure, "Learning rate, as a number").fill(str(rate))
    for _ in range(steps // 10):
        click(figure, "Ten steps")
    end, losses = descend(z, 1, rate, steps, "squared error")
    assert values(figure, LOGITS) == close(end)
    assert_agrees_with_the_package(figure, "squared error")
    points = figure.locator("polyline").get_attribute("points").split()
    heights = [40 - float(point.split(",")[1]) for point in points]
    assert heights == pytest.approx(38 * np.array(losses) / max(losses), abs=1e-6)


def test_the_curve_shows_each_loss(figure):
    click(figure, "Ten steps")
    points = figure.locator("polyline").get_attribute("points").split()
    heights = [40 - float(point.split(",")[1]) for point in points]
    losses = np.array(descend(Z, 1, 1.0, 10)[1])
    assert heights == pytest.approx(38 * losses / losses[0], abs=1e-6)


@pytest.mark.slow
def test_the_axes_of_the_curve_have_numbers(figure):
    numbers = figure.locator(".path span")
    assert numbers.all_text_contents() == ["0.41", "0", "step 10"]
    click(figure, "Ten steps")
    click(figure, "Ten steps")
    assert numbers.all_text_contents() == ["0.41", "0", "step 20"]


def test_an_arrow_shorter_than_its_head_is_not_drawn(figure):
    """Its color fills the box from the left: all of it, or nothing."""
    control(figure, "Logit of panda, as a number").fill("4.5")
    figure.evaluate(
        "e => Promise.all([...e.shadowRoot.querySelectorAll('.bar, .arrow')]"
        ".flatMap(part => part.getAnimations().map(motion => motion.finished)))"
    )
    assert all(0 < arrow.bounding_box()["width"] < 9 for arrow in figure.locator(".arrow").all())
    before = figure.locator(".track").first.screenshot()
    figure.evaluate("e => e.shadowRoot.querySelectorAll('.arrow').forEach(a => a.remove())")
    assert figure.locator(".track").first.screenshot() == before


def test_the_loss_falls_at_the_largest_rate_from_far_away(figure):
    press(control(figure, "Learning rate"), "End")
    control(figure, "Logit of seal, as a number").fill("20")
    control(figure, "Logit of panda, as a number").fill("-20")
    loss = values(figure, LOSS)
    for _ in range(8):
        press(figure.get_by_role("button", name="Step", exact=True), "Enter")
        assert values(figure, LOSS) < loss
        loss = values(figure, LOSS)
    assert values(figure, LOGITS) == close(descend([20, -20, -0.8], 1, 10, 8)[0])


def test_what_the_reader_sets_is_a_new_start(figure):
    step = figure.get_by_role("button", name="Step", exact=True)
    step.click()
    assert values(figure, STEPS)[0] == 1
    press(control(figure, "Logit of seal"), "ArrowRight")
    assert values(figure, STEPS)[0] == 0
    step.click()
    control(figure, "duck is the true class").check()
    assert values(figure, STEPS)[0] == 0
    step.click()
    control(figure, "squared error").check()
    assert values(figure, STEPS)[0] == 0
    step.click()
    press(control(figure, "Learning rate"), "ArrowLeft")
    assert values(figure, STEPS)[0] == 0
    click(figure, "Reset")
    assert values(figure, LOGITS) == Z
    assert_agrees_with_the_package(figure)
    assert true_class(figure) == 1


def test_the_challenge_checks_itself(figure):
    challenge = figure.locator(".challenge")
    assert challenge.text_content() == (
        "Challenge. Make the true class all but impossible, p < 0.01, and yet pushed by less than "
        "0.001. Now p is 0.664 and the push 0.336."
    )
    control(figure, "Logit of seal, as a number").fill("9")
    assert not challenge.text_content().startswith("✓")
    control(figure, "squared error").check()
    assert challenge.text_content().startswith("✓ Challenge.")
    assert challenge.text_content().endswith("Cross-entropy would push by 1.000.")
    wait_for_status(figure, "Challenge solved.")


def test_the_address_keeps_the_state(page, figure, visit):
    control(figure, "squared error").check()
    control(figure, "seal is the true class").check()
    control(figure, "Logit of duck, as a number").fill("2.5")
    control(figure, "Learning rate, as a number").fill("3")
    click(figure, "Ten steps")
    assert address_of(page, "gradient") == (
        "#gradient:z=0.25,1.23,2.5&target=0&rate=3&loss=squared-error&step=10"
    )
    other = find(visit(page.url), "gradient")
    z, losses = descend([0.25, 1.23, 2.5], 0, 3, 10, "squared error")
    assert values(other, LOGITS) == close(z)
    assert values(other, FIRST_LOSS) == close(losses[:1])
    assert_agrees_with_the_package(other, "squared error")
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize(
    "state",
    mostly_slow(
        ["z=1,2&target=0&rate=1", "z=1,2,3&target=3&rate=1", "z=1,2,3&target=0&rate=1&loss=x"],
        "z=1,2,3&target=3&rate=1",
    ),
)
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    follow_link(page, f"gradient:{state}")
    assert values(figure, LOGITS) == Z
    assert_agrees_with_the_package(figure)


def test_a_confident_mistake_fades_the_jacobian_but_not_the_gradient(figure):
    control(figure, "Logit of seal, as a number").fill("8")
    assert max(map(abs, values(figure, JACOBIAN))) < 0.0025
    assert values(figure, PUSH)[1] > 0.99
    control(figure, "squared error").check()
    assert max(map(abs, values(figure, PUSH))) < 0.0025
    assert_agrees_with_the_package(figure, "squared error")
    assert figure.locator(".formula").text_content() == "J(y − p)"
    press(control(figure, "squared error"), "ArrowLeft")
    assert_agrees_with_the_package(figure)
    assert figure.locator(".formula").text_content() == "y − p"


def test_signs_of_the_jacobian_are_written(figure):
    texts = figure.locator(JACOBIAN).all_text_contents()
    assert texts[:3] == ["+0.187", "−0.165", "−0.022"]


def test_colors_follow_the_theme(page, figure):
    def colors():
        cell = figure.locator(JACOBIAN).first
        return [
            node.evaluate("e => getComputedStyle(e).backgroundColor") for node in (figure, cell)
        ]

    switch_theme(page, "light")
    light = colors()
    switch_theme(page, "dark")
    dark = colors()
    assert all(a != b for a, b in zip(light, dark, strict=True))
    switch_theme(page, "light")
    assert colors() == light


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_figure(visit, file, width):
    page = visit(file, width=width)
    figure = find(page, "gradient")
    control(figure, "squared error").check()
    assert too_wide(page) == 0
    assert misfits(figure) == []
