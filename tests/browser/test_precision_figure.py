"""The live figure of floating-point types, operated as a reader does."""

import numpy as np
import pytest

import softmax as sm
from softmax import live
from softmax.live._precision.figure import three_ways
from tests.browser.figures import (
    WIDTHS,
    click,
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
)
from tests.browser.test_precision_numerics import (
    naive_softmax,
    shifted_log_softmax,
    shifted_softmax,
    tolerance,
)

PATTERN = np.array([1.0, 1.1, 1.2])
PAGE = "book/stability.html"
FIGURE = live.precision(PATTERN, "float32", 100)


def part(figure, number):
    """Return the numbers of a part of the table, one row for each of its rows."""
    return np.reshape(values(figure, f"tbody:nth-of-type({number}) [data-value]"), (-1, 3))


def assert_agrees_with_numpy(figure, dtype, scale, target=0):
    z = (scale * PATTERN).astype(dtype)
    rtol = tolerance(dtype)
    atol = 2 * float(np.finfo(dtype).smallest_subnormal)
    with np.errstate(all="ignore"):
        d = z - z.max()
        p, q, log_p = naive_softmax(z), shifted_softmax(z), shifted_log_softmax(z)
        losses = -np.log(p[target]), -np.log(q[target]), -log_p[target]
        steps = [[z, d, d], np.exp([z, d, d]), np.exp([z, d, d]).sum(axis=1), [p, q, log_p], losses]
    for number, expected in enumerate(steps, start=1):
        expected = np.array(expected, float).T.reshape(-1, 3)
        absolute = rtol if number > 3 else 0
        np.testing.assert_allclose(part(figure, number), expected, rtol, atol + absolute)
    true_loss = sm.cross_entropy(scale * PATTERN, target)
    assert values(figure, ".truth [data-value]") == pytest.approx([true_loss], rel=1e-12)


def words(figure, number):
    """Return what a part of the table says of the numbers of each way."""
    text = figure.locator(f"tbody:nth-of-type({number}) small").all_text_contents()
    return [text[way::3] for way in range(3)]


@pytest.mark.slow
def test_it_starts_as_the_chapter_says(visit, address):
    figure = find(visit(f"{address}/{PAGE}"), "precision")
    assert start(figure) == {
        "z": PATTERN.tolist(),
        "dtype": "float32",
        "scale": 10.0,
        "target": 0,
        "labels": ["class 1", "class 2", "class 3"],
    }
    assert_agrees_with_numpy(figure, np.float32, 10)
    assert figure.locator(".losses b").all_text_contents() == ["2.408"] * 3
    control(figure, "Scale, as a number").fill("74")  # the first whole number that breaks one way
    assert figure.locator(".losses b").all_text_contents()[0] == "inf"
    control(figure, "Scale, as a number").fill("100")
    assert words(figure, 2) == [["overflow"] * 3, [""] * 3, [""] * 3]
    assert words(figure, 4) == [["invalid"] * 3, [""] * 3, [""] * 3]
    assert wait_for_status(figure, "In float32 the logits are 100") == (
        "In float32 the logits are 100, 110 and 120. "
        "The loss is NaN by naive, 20 by shifted and 20 by log-softmax."
    )


def test_dots_lie_in_the_part_of_the_line_that_the_exponentials_are_in(figure):
    """The part under the middle of each dot is what the table says of its exponential."""
    under = (
        "e => { const parts = [...e.shadowRoot.querySelectorAll('.parts div')]; return"
        " [...e.shadowRoot.querySelectorAll('.marks i')].map(i => { const b ="
        " i.getBoundingClientRect(), x = b.x + b.width / 2; return parts.find(p => x <="
        " p.getBoundingClientRect().right + 0.5).className; }); }"
    )
    for dtype in ("float32", "float64", "float16", "bfloat16"):
        control(figure, dtype).check()
        for scale in (10, 75, 80, 100, 600, 1000, -7.3, -11, -15, -80, -85, -90, -700):
            control(figure, "negative").set_checked(scale < 0)
            control(figure, "Scale, as a number").fill(f"{abs(scale)}")
            naive, shifted, _ = words(figure, 2)
            assert figure.evaluate(under) == naive + shifted, (dtype, scale)


@pytest.mark.slow
def test_on_a_phone_the_result_is_in_sight_of_the_scale(visit, file):
    figure = find(visit(file, width=390), "precision")
    assert span(figure, "input[type=range]", ".losses", ".parts", ".challenge") < 500


def test_keys_choose_the_type(figure):
    press(control(figure, "float32"), "ArrowRight")
    assert control(figure, "float64").is_checked()
    assert_agrees_with_numpy(figure, np.float64, 100)
    assert words(figure, 4) == [[""] * 3] * 3
    press(control(figure, "float64"), "ArrowRight")
    assert control(figure, "bfloat16").is_checked()
    press(control(figure, "bfloat16"), "ArrowRight")
    assert_agrees_with_numpy(figure, np.float16, 100)
    wait_for_status(figure, "In float16 the logits are 100, 110 and 120.")


def test_keys_take_the_scale_to_both_ends(figure):
    scale = control(figure, "Scale")
    press(scale, "End")
    assert_agrees_with_numpy(figure, np.float32, 1e5)
    assert part(figure, 5).tolist()[0][1:] == [np.inf, 20_000]
    press(scale, "Home")
    assert_agrees_with_numpy(figure, np.float32, 0.1)
    press(scale, "ArrowRight")
    assert_agrees_with_numpy(figure, np.float32, 0.112)


def test_the_mouse_drags_the_scale_and_ticks_the_sign(page, figure):
    drag(page, control(figure, "Scale"), 0.8)
    scale = float(control(figure, "Scale, as a number").input_value())
    assert 5_000 < scale < 20_000
    assert_agrees_with_numpy(figure, np.float32, scale)
    figure.get_by_text("negative", exact=True).click()
    assert_agrees_with_numpy(figure, np.float32, -scale)
    figure.get_by_text("float64", exact=True).click()
    assert_agrees_with_numpy(figure, np.float64, -scale)


def test_a_typed_scale_and_another_true_class(figure):
    control(figure, "Scale, as a number").fill("525")
    assert_agrees_with_numpy(figure, np.float32, 525)
    assert words(figure, 5) == [["invalid"], ["infinite"], [""]]
    control(figure, "True class").select_option("class 3")
    assert_agrees_with_numpy(figure, np.float32, 525, target=2)
    # Log-softmax of the winner has lost its tail.
    assert words(figure, 5) == [["invalid"], ["vanished"], ["vanished"]]


def test_negative_logits_vanish_without_a_nan(figure):
    press(control(figure, "negative"), "Space")
    assert_agrees_with_numpy(figure, np.float32, -100)
    assert words(figure, 2)[0] == ["subnormal", "vanished", "vanished"]
    assert part(figure, 5)[0, 0] == 0
    assert part(figure, 5)[0, 2] == pytest.approx(4.54e-5, rel=1e-3)


def test_float16_cannot_hold_the_largest_logits(figure):
    control(figure, "float16").check()
    press(control(figure, "Scale"), "End")
    assert words(figure, 1)[0] == ["overflow"] * 3
    assert words(figure, 5) == [["invalid"]] * 3
    assert values(figure, ".truth [data-value]") == pytest.approx([20_000])


def test_logits_can_be_typed_and_bfloat16_rounds_them(figure):
    field = control(figure, "Logit of class 2, before scaling")
    control(figure, "Scale, as a number").fill("10")
    control(figure, "bfloat16").check()
    field.fill("9.97")
    # Between 64 and 128, bfloat16 has a number every half.
    assert part(figure, 1)[:, 0].tolist() == [10, 99.5, 12]
    with np.errstate(all="ignore"):
        expected = [p for p, _ in three_ways(10 * np.array([1, 9.97, 1.2]), "bfloat16")]
    np.testing.assert_array_equal(part(figure, 4).T, expected)
    field.fill("11")
    assert field.get_attribute("aria-invalid") == "true"
    field.blur()
    assert field.input_value() == "10"
    assert field.get_attribute("aria-invalid") == "false"


def test_the_challenge_checks_itself(figure):
    challenge = figure.locator(".challenge")
    assert challenge.text_content() == (
        "Challenge. Make the naive loss wrong by 1 % or more, but not NaN or infinite. "
        "Now it is NaN."
    )
    control(figure, "float64").check()
    assert "Now it is off by" in challenge.text_content()
    control(figure, "float32").check()
    control(figure, "negative").check()
    assert challenge.text_content().startswith("✓ Challenge.")
    assert challenge.text_content().endswith(
        "Solved: 0 in place of 4.54×10⁻⁵, and nothing warns you."
    )
    wait_for_status(figure, "Challenge solved.")


def test_the_address_keeps_the_state(page, figure, visit):
    control(figure, "bfloat16").check()
    control(figure, "Logit of class 1, before scaling").fill("-3")
    control(figure, "negative").check()
    page.wait_for_function("location.hash.includes('bfloat16&scale=-100')")
    assert page.url.endswith("#precision:z=-3,1.1,1.2&type=bfloat16&scale=-100&target=0")
    other = find(visit(page.url), "precision")
    assert part(other, 1)[:, 0].tolist() == [300, -110, -120]
    assert control(other, "bfloat16").is_checked()
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize(
    "state",
    mostly_slow(
        ["z=1,2&type=float32&scale=1&target=0", "z=1,2,3&type=int8&scale=1&target=0", "z="],
        "z=1,2,3&type=int8&scale=1&target=0",
    ),
)
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    follow_link(page, f"precision:{state}")
    assert_agrees_with_numpy(figure, np.float32, 100)


def test_colors_follow_the_theme(page, figure):
    def colors():
        marked = figure.locator("td.overflow div").first
        color = "e => getComputedStyle(e).backgroundColor"
        return [node.evaluate(color) for node in (figure, marked)]

    switch_theme(page, "light")
    light = colors()
    switch_theme(page, "dark")
    assert all(a != b for a, b in zip(light, colors(), strict=True))
    switch_theme(page, "light")
    assert colors() == light


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_figure(visit, file, width):
    page = visit(file, width=width)
    figure = find(page, "precision")
    control(figure, "negative").check()
    assert too_wide(page) == 0
    assert misfits(figure) == []
