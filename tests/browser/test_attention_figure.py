"""The live figure of attention, operated as a reader does."""

import numpy as np
import pytest

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
    span,
    start,
    switch_theme,
    too_wide,
    values,
    wait_for_status,
    write_page,
)

QUERY = [1.5, 0.5]
KEYS = np.array([[1.0, -1.0], [-1.0, -1.0], [1.0, 1.0]])
PLACES = np.array([[0.0, 0.0], [4.0, 1.0], [1.0, 3.0]])
ANIMALS = ["seal", "panda", "duck"]
FEATURES = ["lives in water", "flies"]
PAGE = "book/attention.html"
FIGURE = live.attention(QUERY, KEYS, PLACES, ANIMALS, features=FEATURES)


def fields(figure):
    return [control(figure, f"Query: {name}") for name in FEATURES]


def query(figure):
    """Return the query as its number fields hold it."""
    return [float(field.input_value()) for field in fields(figure)]


def scale(figure):
    return float(control(figure, "Scale, as a number").input_value())


def assert_agrees_with_numpy(figure):
    """Compare with the formula, and what is drawn with the numbers."""
    scores = scale(figure) * (KEYS @ query(figure))
    weights = np.exp(scores) / np.exp(scores).sum()
    assert values(figure, ".score [data-value]") == close(scores)
    assert values(figure, ".p") == close(weights)
    answer = weights @ PLACES
    assert values(figure, ".answer") == close(answer)
    for picture in (".plane", ".map"):
        widths = figure.locator(f"{picture} .spoke").evaluate_all(
            "all => all.map(e => parseFloat(e.style.strokeWidth))"
        )
        assert widths == pytest.approx(1 + 13 * weights, abs=1e-3)
    point, places = middles(figure, ".map .point"), middles(figure, ".map .value")
    # The places fix the map: from there to pixels.
    known = np.column_stack([PLACES, np.ones(3)])
    assert point[0] == pytest.approx([*answer, 1] @ np.linalg.solve(known, places), abs=0.1)


def middles(figure, selector):
    """Return the middle of each element that matches, in pixels."""
    boxes = figure.locator(selector).evaluate_all(
        "all => all.map(e => { const b = e.getBoundingClientRect();"
        " return [b.x + b.width / 2, b.y + b.height / 2]; })"
    )
    return np.array(boxes)


@pytest.mark.slow
def test_it_starts_as_the_chapter_says(visit, address):
    figure = find(visit(f"{address}/{PAGE}"), "attention")
    assert start(figure) == {
        "q": QUERY,
        "scale": 1.0,
        "keys": KEYS.tolist(),
        "values": PLACES.tolist(),
        "labels": ANIMALS,
        "features": FEATURES,
        "challenge": [0, 1],
    }
    assert_agrees_with_numpy(figure)
    assert "#" not in figure.page.url
    assert figure.bounding_box()["y"] + figure.page.evaluate("scrollY") < 1600


def test_the_status_line_says_the_weights_and_the_answer(figure):
    assert wait_for_status(figure, "at scale 1 ") == (
        "The query (1.5, 0.5) at scale 1 gives seal 0.265, panda 0.013 and duck 0.721. "
        "The answer is (0.77, 2.18), 0.85 from duck."
    )


def test_keys_move_the_query_to_its_limits_and_the_scale(figure):
    board = figure.get_by_role("application")
    press(board, "ArrowLeft", 3)
    board.press("Shift+ArrowUp")
    assert query(figure) == [1.2, 1]
    assert_agrees_with_numpy(figure)
    assert "lives in water 1.2, flies 1." in board.get_attribute("aria-label")
    for _ in range(8):
        board.press("Shift+ArrowDown")
    assert query(figure) == [1.2, -2]
    press(control(figure, "Scale"), "End")
    assert scale(figure) == 10
    assert_agrees_with_numpy(figure)
    press(control(figure, "Scale"), "Home")
    assert values(figure, ".p") == close([1 / 3] * 3)
    assert values(figure, ".answer") == close(PLACES.mean(axis=0))


def tip(figure):
    """Return where the query ends: the middle of its grip."""
    return middles(figure, ".grip")[0]


def test_the_mouse_drags_the_query(page, figure):
    before, origin = tip(figure), middles(figure, ".plane")[0]
    unit = (before - origin) / QUERY  # pixels for 1
    page.mouse.move(*before)
    page.mouse.down()
    page.mouse.move(*(origin + unit * [-1.2, 0.8]), steps=4)
    page.mouse.up()
    page.mouse.move(*before)  # let go, the query stays
    assert query(figure) == pytest.approx([-1.2, 0.8], abs=0.051)
    assert tip(figure) == pytest.approx(origin + unit * query(figure), abs=1)
    assert_agrees_with_numpy(figure)
    # The keys go on from there. Far outside, the query stays within its limits.
    there = query(figure)
    page.keyboard.press("ArrowRight")
    assert query(figure) == pytest.approx([there[0] + 0.1, there[1]])
    page.mouse.move(*tip(figure))
    page.mouse.down()
    page.mouse.move(1, 1)
    page.mouse.up()
    assert query(figure) == [-2, 2]


def test_the_mouse_drags_the_scale(page, figure):
    drag(page, control(figure, "Scale"), 0.5)
    assert 4 < scale(figure) < 6
    assert_agrees_with_numpy(figure)


def test_typed_numbers_count_with_all_their_digits(figure):
    fields(figure)[0].fill("-0.123456789")
    control(figure, "Scale, as a number").fill("2.5")
    assert query(figure) == [-0.123456789, 0.5]
    assert_agrees_with_numpy(figure)
    field = fields(figure)[1]
    field.fill("2.1")
    assert field.get_attribute("aria-invalid") == "true"
    field.blur()
    assert field.input_value() == "2"
    assert field.get_attribute("aria-invalid") == "false"


def test_a_weight_near_0_leaves_room_for_the_name(figure):
    control(figure, "Scale, as a number").fill("10")
    assert figure.locator(".p").all_text_contents() == ["≈ 0", "≈ 0", "1.000"]


def test_the_answer_never_leaves_the_hull_and_ends_at_an_animal(figure):
    control(figure, "Scale, as a number").fill("10")
    for animal, corner in enumerate([(1, -1), (-1, -1), (1, 1)]):
        for field, value in zip(fields(figure), corner, strict=True):
            field.fill(str(value))
        assert values(figure, ".answer") == pytest.approx(PLACES[animal], abs=1e-6)
        path = figure.locator(".path").get_attribute("points").split()
        ends = np.array([end.split(",") for end in path], float)
        places = figure.locator(".value").evaluate_all(
            "all => all.map(e => ['x', 'y'].map(side => Number(e.getAttribute(side)) + 6))"
        )
        assert ends[0] == pytest.approx(np.mean(places, axis=0))
        assert ends[-1] == pytest.approx(places[animal], abs=0.01)
        # Barycentric coordinates of the whole path are not negative.
        known = np.column_stack([places, np.ones(3)])
        shares = np.column_stack([ends, np.ones(len(ends))]) @ np.linalg.inv(known)
        assert shares.min() > -1e-6


def test_the_challenge_checks_itself(figure):
    challenge = figure.locator(".challenge")
    water, flies = fields(figure)
    assert challenge.text_content() == (
        "Challenge. Lead the answer into the ring, halfway between seal and panda. Now 2.08 away."
    )
    water.fill("0")
    flies.fill("-1")
    assert challenge.text_content().endswith("Now 0.17 away.")
    water.fill("0.01")
    flies.fill("-2")
    assert challenge.text_content().endswith(
        "Solved at this scale. At a larger one, seal would win."
    )
    control(figure, "Scale, as a number").fill("10")
    assert challenge.text_content().startswith("Challenge.")
    water.fill("0")
    assert challenge.text_content().startswith("✓ Challenge.")
    assert challenge.text_content().endswith(
        "Solved. Both fit equally well, so no scale decides between them."
    )
    wait_for_status(figure, "Challenge solved.")


def test_the_address_keeps_the_state(page, figure, visit):
    fields(figure)[1].fill("-0.25")
    control(figure, "Scale, as a number").fill("3")
    assert address_of(page, "attention") == "#attention:q=1.5,-0.25&scale=3"
    other = find(visit(page.url), "attention")
    assert (query(other), scale(other)) == ([1.5, -0.25], 3)
    assert_agrees_with_numpy(other)
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize(
    "state",
    mostly_slow(
        ["", "q=1&scale=1", "q=1,x&scale=1", "q=1,3&scale=1", "q=1,1", "q=1,1&scale=11"],
        "q=1,3&scale=1",
    ),
)
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    follow_link(page, f"attention:{state}")
    assert query(figure) == QUERY
    assert_agrees_with_numpy(figure)


@pytest.mark.slow
def test_nothing_moves_by_itself_where_motion_is_reduced(visit, file):
    figure = find(visit(file, reduced_motion="reduce"), "attention")
    press(figure.get_by_role("application"), "ArrowUp")
    assert figure.evaluate("e => e.shadowRoot.getAnimations().length") == 0
    assert_agrees_with_numpy(figure)


def test_colors_follow_the_theme(page, figure):
    def colors():
        nodes = [".hull", ".plane", ".query", ".plane .spoke"]
        style = (
            "e => { const s = getComputedStyle(e); return s.fill + s.stroke + s.backgroundColor; }"
        )
        return [figure.locator(node).first.evaluate(style) for node in nodes]

    switch_theme(page, "light")
    light = colors()
    switch_theme(page, "dark")
    assert all(a != b for a, b in zip(light, colors(), strict=True))
    switch_theme(page, "light")
    assert colors() == light


@pytest.mark.parametrize("width", WIDTHS)
def test_query_and_answer_are_seen_at_once(visit, file, width):
    page = visit(file, width=width)
    figure = find(page, "attention")
    press(control(figure, "Scale"), "End")
    assert too_wide(page) == 0
    assert misfits(figure) == []
    assert span(figure, ".plane", ".map", "input[type=range]") < page.viewport_size["height"]


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 5])
def test_two_keys_or_five(visit, tmp_path, count):
    angles = np.arange(count) * 2 * np.pi / count
    points = np.column_stack([np.cos(angles), np.sin(angles)])
    shown = live.attention([1, 0.5], points, points)
    figure = find(visit(write_page(tmp_path, shown), width=390), "attention")
    assert figure.locator(".hull").count() == (0 if count == 2 else 10)
    assert figure.locator(".edge").count() == count * (count - 1) / 2
    weights = np.exp(points @ [1, 0.5])
    assert values(figure, ".answer") == close(weights @ points / weights.sum())
    assert misfits(figure) == []
