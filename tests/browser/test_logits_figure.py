"""The live figure of logits and temperature, operated as a reader does."""

import pytest

import softmax as sm
from softmax import live
from tests.browser.figures import (
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

PROBABILITIES, SIGMOIDS, ARGMAX = (
    "tbody .p",
    "tbody td:last-child",
    "tbody td:nth-child(4)",
)
PAGE = "book/definition.html"


@pytest.fixture(scope="module")
def page(visit, address):
    return visit(f"{address}/{PAGE}")


@pytest.fixture
def figure(page):
    figure = find(page, "logits")
    figure.get_by_role("button", name="Reset").click()
    return figure


def logits(figure):
    """Return the logits as their number fields hold them."""
    return [
        float(field.input_value()) for field in figure.locator(".list input[type=number]").all()
    ]


def temperature(figure):
    return float(control(figure, "Temperature, as a number").input_value())


def assert_agrees_with_the_package(figure):
    z = logits(figure)
    assert values(figure, PROBABILITIES) == close(sm.softmax(z, temperature=temperature(figure)))
    assert values(figure, SIGMOIDS) == close(sm.sigmoid(z))
    assert values(figure, ARGMAX) == [float(k == z.index(max(z))) for k in range(len(z))]


def test_it_starts_as_the_chapter_says(figure):
    assert start(figure) == {
        "z": [0.25, 1.23, -0.8],
        "labels": ["seal", "panda", "duck"],
        "temperature": 1.0,
    }
    assert logits(figure) == [0.25, 1.23, -0.8]
    assert_agrees_with_the_package(figure)
    assert wait_for_status(figure, "probabilities") == (
        "At temperature 1 the probabilities are seal 0.249, panda 0.664 and duck 0.087."
    )


def test_keys_move_a_logit_and_the_temperature(figure):
    press(control(figure, "Logit of seal"), "ArrowRight", 3)
    press(control(figure, "Temperature"), "Home")
    assert logits(figure) == [0.6, 1.23, -0.8]  # 0.25 is nearest to the slider's step 0.3
    assert temperature(figure) == 0.05
    assert_agrees_with_the_package(figure)
    press(control(figure, "Temperature"), "End")
    assert temperature(figure) == 20
    assert_agrees_with_the_package(figure)


def test_the_mouse_drags_a_bar(page, figure):
    drag(page, control(figure, "Logit of duck"), 0.9)
    assert 3 < logits(figure)[2] < 4
    assert_agrees_with_the_package(figure)
    wait_for_status(figure, f"duck {sm.softmax(logits(figure))[2]:.3f}")


def test_a_typed_number_counts_with_all_its_digits(figure):
    control(figure, "Logit of panda, as a number").fill("33.123456789")
    assert logits(figure) == [0.25, 33.123456789, -0.8]
    assert_agrees_with_the_package(figure)


def test_what_is_no_number_of_the_scale_is_given_back(figure):
    field = control(figure, "Logit of panda, as a number")
    field.fill("1000")
    assert field.get_attribute("aria-invalid") == "true"
    assert values(figure, PROBABILITIES) == close(sm.softmax([0.25, 1.23, -0.8]))
    field.blur()
    assert field.input_value() == "1.23"
    assert field.get_attribute("aria-invalid") == "false"


def test_a_common_shift_moves_no_probability(figure):
    before = values(figure, PROBABILITIES)
    sigmoids = values(figure, SIGMOIDS)
    shift = figure.get_by_role("button", name="Add 5 to every logit")
    press(shift, "Enter")
    assert logits(figure) == [5.25, 6.23, 4.2]
    assert values(figure, PROBABILITIES) == close(before)
    assert all(b > a for a, b in zip(sigmoids, values(figure, SIGMOIDS), strict=True))
    assert_agrees_with_the_package(figure)
    wait_for_status(figure, "Every logit rose by 5, and no probability moved")
    for _ in range(30):
        shift.press("Enter")
    assert max(logits(figure)) < 100
    assert shift.get_attribute("aria-disabled") == "true"
    wait_for_status(figure, "The sliders end at 100")


def test_classes_come_and_go(figure):
    add = figure.get_by_role("button", name="Add a class")
    press(add, "Enter", 6)
    assert logits(figure) == [0.25, 1.23, -0.8, 0, 0, 0, 0, 0]
    assert_agrees_with_the_package(figure)
    wait_for_status(figure, "room for 8 classes")
    for name in ["panda", "class 2", "class 1", "class 3", "class 4", "class 5", "seal", "duck"]:
        press(figure.get_by_role("button", name=f"Remove {name}"), "Enter")
        assert_agrees_with_the_package(figure)
    assert logits(figure) == [-0.8]
    wait_for_status(figure, "The last class cannot be removed")
    figure.get_by_role("button", name="Reset").click()
    assert logits(figure) == [0.25, 1.23, -0.8]


def test_focus_stays_in_the_figure_when_a_class_goes(page, figure):
    press(figure.get_by_role("button", name="Remove duck"), "Enter")
    focused = "document.activeElement.shadowRoot.activeElement.getAttribute('aria-label')"
    assert page.evaluate(focused) == "Remove panda"


def test_colors_follow_the_theme(page, figure):
    def colors():
        style = "getComputedStyle(e)"
        return figure.evaluate(f"e => [{style}.backgroundColor, {style}.color]")

    switch_theme(page, "light")
    light = colors()
    switch_theme(page, "dark")
    dark = colors()
    assert light != dark
    switch_theme(page, "light")
    assert colors() == light


def test_the_picture_gives_way_to_the_figure(page, figure):
    assert figure.get_by_role("status").is_visible()
    assert not page.locator("softmax-logits > img").is_visible()


@pytest.mark.parametrize("width", [390, 600, 1280])
def test_the_page_does_not_scroll_sideways(visit, address, width):
    page = visit(f"{address}/{PAGE}", width=width)
    figure = find(page, "logits")
    for _ in range(5):
        figure.get_by_role("button", name="Add a class").click()
    assert too_wide(page) == 0
    assert misfits(figure) == []


def test_very_negative_logits_can_be_raised(browser, tmp_path):
    page = browser.new_page()
    page.goto(write_page(tmp_path, live.logits([-100.0, 0.0])))
    figure = find(page, "logits")
    shift = figure.get_by_role("button", name="Add 5 to every logit")
    assert shift.get_attribute("aria-disabled") == "false"
    shift.click()
    assert logits(figure) == [-95, 5]
    page.close()


def test_it_works_from_a_file_twice_on_a_page(browser, tmp_path):
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(error))
    page.goto(write_page(tmp_path, live.logits([0.0, 1.0]), live.logits([2.0])))
    both = page.locator("softmax-logits")
    assert values(both.nth(0), PROBABILITIES) == close(sm.softmax([0.0, 1.0]))
    assert values(both.nth(1), PROBABILITIES) == [1]
    page.close()
    assert not errors
