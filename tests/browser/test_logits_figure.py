"""The live figure of logits and temperature, operated as a reader does."""

import numpy as np
import pytest

import softmax as sm
from softmax import live
from tests.browser.figures import (
    WIDTHS,
    click,
    close,
    control,
    drag,
    find,
    misfits,
    mostly_slow,
    press,
    start,
    switch_theme,
    too_wide,
    values,
    wait_for_status,
    write_page,
)

POWERS, SUM, PROBABILITIES = ".power", ".value:not(.power, .one)", ".p"
SHARES, ARGMAX, SIGMOIDS = (f"tbody td:nth-child({column})" for column in (2, 3, 4))
START = {
    "z": [0.25, 1.23, -0.8],
    "labels": ["seal", "panda", "duck"],
    "temperature": 1.0,
    "challenge": 1,
}
SIMPLEX = "svg"
PAGE = "book/definition.html"
FIGURE = live.logits(START["z"], START["labels"])


def logits(figure):
    """Return the logits as their number fields hold them."""
    return [
        float(field.input_value()) for field in figure.locator(".list input[type=number]").all()
    ]


def temperature(figure):
    return float(control(figure, "Temperature, as a number").input_value())


def assert_agrees_with_the_package(figure):
    z, T = np.array(logits(figure)), temperature(figure)
    p = sm.softmax(z, temperature=T)
    assert values(figure, POWERS) == close(np.exp(z / T))
    assert values(figure, SUM) == close([np.exp(z / T).sum()])
    assert values(figure, PROBABILITIES) == close(p)
    assert values(figure, SHARES) == close(p)
    assert values(figure, SIGMOIDS) == close(sm.sigmoid(z))
    assert values(figure, ARGMAX) == [float(k == z.argmax()) for k in range(len(z))]
    # The pieces of the shared bar are the probabilities, in pixels.
    widths = figure.locator(".whole div").evaluate_all(
        "all => all.map(e => parseFloat(e.style.width) / 100)"
    )
    assert widths == pytest.approx(p.tolist(), abs=1e-6)


def test_it_starts_as_the_chapter_says(visit, address):
    figure = find(visit(f"{address}/{PAGE}"), "logits")
    assert start(figure) == START
    assert logits(figure) == [0.25, 1.23, -0.8]
    assert_agrees_with_the_package(figure)
    assert "#" not in figure.page.url


def test_the_status_line_says_the_probabilities_and_the_lead(figure):
    assert wait_for_status(figure, "probabilities") == (
        "The probabilities are seal 0.249, panda 0.664 and duck 0.087. "
        "Since panda leads seal by 0.98, it is e^0.98 = 2.66 times as probable."
    )
    control(figure, "Score of seal, as a number").fill("1.23")
    wait_for_status(figure, "The scores of seal and panda are equal, and so are")


def test_keys_move_a_logit_and_the_temperature(figure):
    press(control(figure, "Score of seal"), "ArrowRight", 3)
    press(control(figure, "Temperature"), "Home")
    assert logits(figure) == [0.5, 1.23, -0.8]  # the first press leads from 0.25 to the step 0.3
    assert temperature(figure) == 0.05
    assert_agrees_with_the_package(figure)
    press(control(figure, "Temperature"), "End")
    assert temperature(figure) == 20
    assert_agrees_with_the_package(figure)


def test_the_mouse_drags_a_bar(page, figure):
    drag(page, control(figure, "Score of duck"), 0.9)
    assert 3 < logits(figure)[2] < 4
    assert_agrees_with_the_package(figure)
    wait_for_status(figure, f"duck {sm.softmax(logits(figure))[2]:.3f}")


def test_a_typed_number_counts_with_all_its_digits(figure):
    control(figure, "Score of panda, as a number").fill("33.123456789")
    assert logits(figure) == [0.25, 33.123456789, -0.8]
    assert_agrees_with_the_package(figure)


def test_what_is_beyond_the_scale_becomes_its_end(figure):
    field = control(figure, "Score of panda, as a number")
    field.fill("1000")
    assert field.get_attribute("aria-invalid") == "true"
    assert values(figure, PROBABILITIES) == close(sm.softmax([0.25, 1.23, -0.8]))
    field.blur()
    assert field.input_value() == "100"
    assert field.get_attribute("aria-invalid") == "false"


def test_a_common_shift_moves_no_probability(figure):
    before = values(figure, PROBABILITIES)
    sigmoids = values(figure, SIGMOIDS)
    shift = figure.get_by_role("button", name="Add 5 to every score")
    press(shift, "Enter")
    assert logits(figure) == [5.25, 6.23, 4.2]
    assert values(figure, PROBABILITIES) == close(before)
    assert all(b > a for a, b in zip(sigmoids, values(figure, SIGMOIDS), strict=True))
    assert_agrees_with_the_package(figure)
    wait_for_status(figure, "Every score rose by 5, and no probability moved")
    for _ in range(30):
        shift.press("Enter")
    assert max(logits(figure)) < 100
    assert shift.get_attribute("aria-disabled") == "true"
    wait_for_status(figure, "The sliders end at 100")


def test_a_common_shift_leaves_each_bar_where_it_is_and_moves_the_scale(figure):
    ends = ".ends span"
    knobs = "input[type=range]"

    def places():
        return figure.locator(f".list {knobs}").evaluate_all(
            "all => all.map(e => parseFloat(e.style.getPropertyValue('--at')))"
        )

    before = places()
    assert values(figure, ends) == [-4, 4]
    for times in (1, 2, 3):
        click(figure, "Add 5 to every score")
        assert places() == pytest.approx(before, abs=1e-9)
        assert values(figure, ends) == [5 * times - 4, 5 * times + 4]
    assert figure.locator(ends).all_text_contents() == ["11", "19"]
    # A score far from the others has room again.
    field = control(figure, "Score of duck, as a number")
    field.fill("-90")
    field.blur()
    assert values(figure, ends) == [-100, 100]
    field.fill("3")
    field.blur()
    assert values(figure, ends) == [-32, 32]
    click(figure, "Reset")
    assert values(figure, ends) == [-4, 4]
    assert places() == pytest.approx(before, abs=1e-9)


def test_eight_classes_have_eight_colors(page, figure):
    press(figure.get_by_role("button", name="Add a class"), "Enter", 5)
    for theme in ("dark", "light"):
        switch_theme(page, theme)
        colors = figure.locator(".whole div").evaluate_all(
            "all => all.map(e => getComputedStyle(e).backgroundColor)"
        )
        assert len(set(colors)) == 8


def test_the_sentence_about_sigmoids_tells_what_can_be_seen(figure):
    shift = figure.get_by_role("button", name="Add 5 to every score")
    shift.click()
    assert "All sigmoids did: see the comparison." in wait_for_status(figure, "Every score rose")
    shift.click()  # the sigmoids of seal and panda read 1.000 from 10.25 and 11.23 on
    shift.click()
    shown = figure.locator(SIGMOIDS).all_text_contents()
    assert shown == ["1.000"] * 3
    figure.get_by_role("status").filter(has_text="sigmoid").wait_for(state="detached")
    shift.click()
    assert "sigmoid" not in wait_for_status(figure, "Every score rose")


def test_no_number_runs_into_the_next_one(figure):
    figure.locator("summary").click()
    press(control(figure, "Temperature"), "Home")
    assert figure.locator(PROBABILITIES).all_text_contents() == [
        "3.1×10⁻⁹",
        "1.000",
        "2.3×10⁻¹⁸",
    ]
    gaps = figure.locator("tbody tr").evaluate_all(
        "rows => rows.flatMap(row => { const boxes = [...row.querySelectorAll('td')].map(cell => {"
        " const range = document.createRange(); range.selectNodeContents(cell);"
        " return range.getBoundingClientRect(); });"
        " return boxes.slice(1).map((box, i) => box.left - boxes[i].right); })"
    )
    assert min(gaps) >= 8
    figure.locator("summary").click()


def test_numbers_beyond_float64_can_be_read(figure):
    press(control(figure, "Temperature"), "Home")
    control(figure, "Score of panda, as a number").fill("100")
    control(figure, "Score of duck, as a number").fill("-100")
    # e^2000 and e^-4000, by their logarithms to base 10.
    assert figure.locator(POWERS).all_text_contents()[1] == "3.9×10⁸⁶⁸"
    assert figure.locator(PROBABILITIES).all_text_contents()[2] == "6.6×10⁻¹⁷³⁸"


def test_classes_come_and_go(figure):
    more = figure.get_by_role("button", name="Add a class")
    press(more, "Enter", 6)
    assert logits(figure) == [0.25, 1.23, -0.8, 0, 0, 0, 0, 0]
    assert_agrees_with_the_package(figure)
    wait_for_status(figure, "room for 8 classes")
    fewer = figure.get_by_role("button", name="Remove a class")
    for _ in range(7):
        fewer.press("Enter")
        assert_agrees_with_the_package(figure)
    assert logits(figure) == [0.25]
    fewer.press("Enter")
    wait_for_status(figure, "The last class cannot be removed")
    assert fewer.get_attribute("aria-disabled") == "true"
    click(figure, "Reset")
    assert logits(figure) == [0.25, 1.23, -0.8]


def test_the_simplex_is_there_for_three_classes(figure):
    assert figure.locator(SIMPLEX).is_visible()
    click(figure, "Add a class")
    assert not figure.locator(SIMPLEX).is_visible()
    assert figure.get_by_text("With three classes, a triangle").is_visible()
    click(figure, "Remove a class")
    assert not figure.get_by_text("With three classes, a triangle").is_visible()
    assert figure.locator(SIMPLEX).is_visible()
    label = figure.locator(SIMPLEX).get_attribute("aria-label")
    assert "seal 0.249, panda 0.664 and duck 0.087" in label


def barycentric(figure):
    """Return the place of the point as shares of the corners, measured on the screen."""
    return figure.evaluate(
        "e => { const middle = n => { const b = n.getBoundingClientRect();"
        " return [b.x + b.width / 2, b.y + b.height / 2]; };"
        " const root = e.shadowRoot, p = middle(root.querySelector('.point'));"
        " const [a, b, c] = [...root.querySelectorAll('.corner')].map(middle);"
        " const top = (p[1] - a[1]) / (b[1] - a[1]);"
        " const right = (p[0] - a[0]) / (c[0] - a[0]) - top / 2;"
        " return [1 - top - right, top, right]; }"
    )


def test_the_point_is_where_the_probabilities_are_and_stays_on_its_path(figure):
    for T in ("1", "0.5", "4"):
        control(figure, "Temperature, as a number").fill(T)
        assert barycentric(figure) == pytest.approx(values(figure, PROBABILITIES), abs=0.01)
    path = figure.locator(".path").get_attribute("points").split()
    assert len(path) == 81


def test_the_mouse_drags_the_point_and_the_scores_follow(page, figure):
    total = sum(logits(figure))
    box = figure.locator(".point").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 60, steps=4)
    page.mouse.up()
    page.mouse.move(x, y)  # let go, the point stays
    assert_agrees_with_the_package(figure)
    p = values(figure, PROBABILITIES)
    assert p[2] > 0.3 > p[0]
    assert barycentric(figure) == pytest.approx(p, abs=0.01)
    assert sum(logits(figure)) == pytest.approx(total, abs=0.003)  # the common shift is left alone
    # Far outside, each probability stays above 0, and each score within its limits.
    page.mouse.move(*[box[side] + 4 for side in "xy"])
    control(figure, "Temperature, as a number").fill("20")
    box = figure.locator(".point").bounding_box()
    page.mouse.move(box["x"] + 4, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(1, 1)
    page.mouse.up()
    assert max(map(abs, logits(figure))) <= 100
    assert min(values(figure, PROBABILITIES)) > 0


def challenge(figure):
    return figure.locator(".challenge").text_content()


def test_the_challenge_checks_itself(figure):
    assert challenge(figure) == (
        "Challenge. Make panda at least 0.9 without moving its score. Now 0.664."
    )
    control(figure, "Score of panda, as a number").fill("5")
    assert challenge(figure).endswith("You moved its score: press Reset, or set it back to 1.23.")
    control(figure, "Score of panda, as a number").fill("1.23")
    press(control(figure, "Temperature"), "Home")
    assert challenge(figure).endswith(
        "Solved, with the help of the temperature. Can you do it at temperature 1?"
    )
    control(figure, "Temperature, as a number").fill("1")
    control(figure, "Score of seal, as a number").fill("-2")
    assert challenge(figure).endswith("Now 0.854.")
    control(figure, "Score of duck, as a number").fill("-3")
    assert challenge(figure).startswith("✓ Challenge.")
    assert challenge(figure).endswith("Solved: only the differences of the scores count.")
    wait_for_status(figure, "Challenge solved.")


def fragment(page):
    return page.evaluate("location.hash")


def test_the_address_keeps_the_state(page, figure, visit):
    control(figure, "Score of seal, as a number").fill("2.5")
    control(figure, "Temperature, as a number").fill("0.5")
    page.wait_for_function("location.hash.endsWith('T=0.5')")
    assert fragment(page) == "#logits:z=2.5,1.23,-0.8&T=0.5"
    other = find(visit(page.url), "logits")
    assert logits(other) == [2.5, 1.23, -0.8]
    assert temperature(other) == 0.5
    assert_agrees_with_the_package(other)
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


def test_a_link_on_the_page_moves_the_figure(page, figure):
    page.evaluate("location.hash = '#logits:z=1,2,3,4&T=2'")
    page.wait_for_function("document.querySelector('softmax-logits').rows.length === 4")
    assert logits(figure) == [1, 2, 3, 4]
    assert temperature(figure) == 2
    assert_agrees_with_the_package(figure)


@pytest.mark.parametrize(
    "state",
    mostly_slow(
        [
            "",
            "z=",
            "z=1,x&T=1",
            "z=1,2&T=0",
            "z=1,200&T=1",
            "z=1,2",
            "z=0,0,0,0,0,0,0,0,0&T=1",
            "%",
        ],
        "z=1,200&T=1",
    ),
)
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(visit, file, state):
    figure = find(visit(f"{file}#logits:{state}"), "logits")
    assert logits(figure) == [0.25, 1.23, -0.8]
    assert_agrees_with_the_package(figure)


@pytest.mark.slow
def test_an_address_of_the_page_itself_is_left_alone(visit, file):
    page = visit(f"{file}#exercises")
    find(page, "logits")
    page.wait_for_timeout(600)
    assert fragment(page) == "#exercises"


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


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_does_not_scroll_sideways(visit, file, width):
    page = visit(file, width=width)
    figure = find(page, "logits")
    for _ in range(5):
        click(figure, "Add a class")
    assert too_wide(page) == 0
    assert misfits(figure) == []


@pytest.mark.slow
def test_very_negative_logits_can_be_raised(browser, tmp_path):
    page = browser.new_page()
    page.goto(write_page(tmp_path, live.logits([-100.0, 0.0])))
    figure = find(page, "logits")
    shift = figure.get_by_role("button", name="Add 5 to every score")
    assert shift.get_attribute("aria-disabled") == "false"
    shift.click()
    assert logits(figure) == [-95, 5]
    page.close()


@pytest.mark.slow
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
