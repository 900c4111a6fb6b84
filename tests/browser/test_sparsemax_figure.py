"""The live figure of sparsemax, operated as a reader does."""

import numpy as np
import pytest

import softmax as sm
from softmax import live
from softmax.live._sparsemax.figure import CORNERS, entmax
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
    span,
    start,
    values,
    wait_for_status,
)

Z = [0.25, 1.23, -0.8]
ANIMALS = ["seal", "panda", "duck"]
PAGE = "book/beyond-softmax.html"
FIGURE = live.sparsemax(Z, ANIMALS)


def fields(figure):
    return [control(figure, f"Logit of {name}, as a number") for name in ANIMALS]


def logits(figure):
    return np.array([float(field.input_value()) for field in fields(figure)])


def alpha(figure):
    return float(control(figure, "Alpha, as a number").input_value())


def middles(figure, *selectors):
    """Return the middle of an element for each selector, in pixels."""
    boxes = [figure.locator(selector).bounding_box() for selector in selectors]
    return np.array([[b["x"] + b["width"] / 2, b["y"] + b["height"] / 2] for b in boxes])


def assert_agrees_with_python(figure):
    """Compare with the package, and what is drawn with the numbers."""
    z = logits(figure)
    soft, sparse = sm.softmax(z), entmax(z, alpha(figure))
    assert values(figure, ".dense-p") == close(soft)
    assert values(figure, ".sparse-p") == close(sparse)
    assert [x == 0 for x in values(figure, ".sparse-p")] == (sparse == 0).tolist()
    assert values(figure, ".head [data-value]") == [3, np.sum(sparse > 0)]
    # In the plane, distances of the three points are those of the distributions and the logits.
    points = np.array([soft, sparse, z - z.mean() + 1 / 3]) @ CORNERS * [1, -1]
    shown = middles(figure, "circle.dense", "rect.sparse", ".z .grip")
    width = figure.locator(".field").bounding_box()["width"]
    assert (shown - shown[0]) / width == pytest.approx(points - points[0], abs=0.03)


@pytest.mark.slow
def test_it_starts_as_the_chapter_says(visit, address):
    figure = find(visit(f"{address}/{PAGE}"), "sparsemax")
    assert start(figure) == {"z": Z, "alpha": 2.0, "labels": ANIMALS}
    assert_agrees_with_python(figure)
    figure.page.wait_for_timeout(600)  # an address is written after 400 ms
    assert "#" not in figure.page.url


def test_typed_logits_and_the_dial_agree_with_python(figure):
    for z, exponent in [
        ([1.25, -1.25, 0.3], 1.0),
        ([0, 0, 0], 1.001),
        ([0.4, 0.1, -0.2], 1.3),
        ([1, 0.2, -1], 1.5),
        ([1.25, 0.25, 0.25], 2.0),
        ([0.3, 0.3, -1.25], 1.95),
    ]:
        for field, x in zip(fields(figure), z, strict=True):
            field.fill(str(x))
        control(figure, "Alpha, as a number").fill(str(exponent))
        assert logits(figure).tolist() == z
        assert_agrees_with_python(figure)


def test_keys_move_logits_and_the_dial(figure):
    press(control(figure, "Logit of duck"), "End")
    press(control(figure, "Logit of seal"), "ArrowLeft", 3)
    press(control(figure, "Alpha"), "ArrowLeft", 2)
    assert (alpha(figure), logits(figure)[2]) == (1.9, 1.25)
    assert_agrees_with_python(figure)
    press(control(figure, "Alpha"), "Home")
    assert values(figure, ".sparse-p") == close(values(figure, ".dense-p"))
    wait_for_status(figure, "At α = 1, entmax is softmax: seal ")
    assert figure.locator(".by").text_content() == "entmax, α = 1"


def test_the_mouse_drags_the_logits_and_they_stay_in_range(page, figure):
    mean = logits(figure).mean()
    control(figure, "Alpha, as a number").fill("1.8")
    drag(page, control(figure, "Alpha"), 0.5)
    assert 1.4 < alpha(figure) < 1.6
    for along, across in [(40, 90), (60, 30), (-400, 300), (0, -400)]:
        x, y = middles(figure, ".z .grip")[0]
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + along, y + across, steps=4)
        page.mouse.up()
        z = logits(figure)
        assert np.abs(z).max() <= 1.25
        assert_agrees_with_python(figure)
        if across > 0 and along > 0:  # within range: the mean stays
            assert z.mean() == pytest.approx(mean, abs=0.02)


def test_the_line_to_the_nearest_point_is_for_sparsemax_alone(figure):
    assert figure.locator(".string").is_visible()
    press(control(figure, "Alpha"), "ArrowLeft")
    assert not figure.locator(".string").is_visible()


def test_the_challenge_checks_itself(figure):
    challenge = figure.locator(".challenge")
    assert challenge.text_content() == (
        "Challenge. Make two probabilities exactly 0 while softmax gives the third at most 0.6. "
        "Now 2 are above 0."
    )
    seal, _, duck = fields(figure)
    seal.fill("-0.8")
    assert challenge.text_content().endswith("Now softmax gives it 0.792.")
    for field in (seal, duck):
        field.fill("0.2")
    assert challenge.text_content().startswith("✓ Challenge.")
    wait_for_status(figure, "Challenge solved.")
    press(control(figure, "Alpha"), "ArrowLeft", 2)
    assert challenge.text_content().endswith("Now 3 are above 0.")


def test_the_address_keeps_the_state(page, figure, visit):
    fields(figure)[0].fill("-0.25")
    control(figure, "Alpha, as a number").fill("1.35")
    assert address_of(page, "sparsemax") == "#sparsemax:z=-0.25,1.23,-0.8&alpha=1.35"
    other = find(visit(page.url), "sparsemax")
    assert (logits(other).tolist(), alpha(other)) == ([-0.25, 1.23, -0.8], 1.35)
    assert_agrees_with_python(other)
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize(
    "state",
    mostly_slow(["", "z=1,1&alpha=1", "z=1,1,2&alpha=1", "z=1,1,1&alpha=3"], "z=1,1,2&alpha=1"),
)
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    follow_link(page, f"sparsemax:{state}")
    assert logits(figure).tolist() == Z
    assert_agrees_with_python(figure)


def test_colors_follow_the_theme(figure):
    assert_follows_the_theme(
        *(figure.locator(node).first for node in (".field", "svg", "circle.dense", ".bar.sparse"))
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_picture_and_bars_are_seen_at_once(visit, file, width):
    page = visit(file, width=width)
    figure = find(page, "sparsemax")
    control(figure, "Alpha, as a number").fill("1.05")
    assert_fits(figure)
    assert span(figure, "svg", ".class") < page.viewport_size["height"]
    sizes = figure.locator("svg text").evaluate_all(
        "all => all.map(e => parseFloat(getComputedStyle(e).fontSize) * e.getCTM().a)"
    )
    assert min(sizes) >= 13
