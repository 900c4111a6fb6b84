"""Live figures under a finger: a swipe scrolls the page, a drag along a slider moves it."""

import numpy as np
import pytest

from softmax import live
from tests.browser.figures import find, mostly_slow, unfold, write_page

FIGURES = {
    "logits": live.logits([0.25, 1.23, -0.8], ["seal", "panda", "duck"]),
    "gradient": live.gradient([0.25, 1.23, -0.8], 1, ["seal", "panda", "duck"]),
    "decision": live.decision([1.5, 0.6], [[1, 0], [0, 1]], [0, 0.5]),
    "descent": live.descent(8, ["seal", "panda", "duck"]),
    "divergence": live.divergence([0.5, 0.3, 0.2], [0.25, 0.66, 0.09]),
    "jacobian": live.jacobian([0.25, 1.23, -0.8], 1, ["seal", "panda", "duck"]),
    "precision": live.precision([1.0, 1.1, 1.2], "float32", 100),
    "calibration": live.calibration(4 * np.eye(3), [0, 1, 1], 4 * np.eye(3), [0, 1, 2]),
    "attention": live.attention([1.5, 0.5], [[1, -1], [-1, -1], [1, 1]], [[0, 0], [4, 1], [1, 3]]),
    "triage": live.triage(4 * np.eye(3), [0, 1, 1], np.eye(3, 784)),
    "playground": live.playground(),
    "contrastive": live.contrastive([20, 110, 200, 300], [150, 60, 330, 220]),
    "drift": live.drift([0.25, 1.23, -0.8], 1, ["seal", "panda", "duck"], shift=100),
    "gumbel": live.gumbel([0.25, 1.23, -0.8], ["seal", "panda", "duck"]),
    "sampling": live.sampling(np.eye(20), range(20), "3"),
    "sparsemax": live.sparsemax([0.25, 1.23, -0.8], ["seal", "panda", "duck"]),
    "vocabulary": live.vocabulary(np.linspace(3, -3, 24), 21),
    "blocks": live.blocks(np.linspace(3, -3, 16), np.eye(16, 2), block=1),
    "preferences": live.preferences(["yes", "no", "perhaps"], [0.5, 0.3, 0.2]),
}
SLIDERS = "input[type=range]"
ROOM = "<style>body { padding: 2000px 0 }</style>"  # so that every page can scroll


@pytest.fixture(scope="module", params=mostly_slow(FIGURES, "logits"))
def figure(request, browser, tmp_path_factory):
    """Open a page with one figure on a phone."""
    address = write_page(tmp_path_factory.mktemp(request.param), FIGURES[request.param])
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(address)
    page.locator("body").evaluate("(e, html) => e.insertAdjacentHTML('beforeend', html)", ROOM)
    yield unfold(find(page, request.param))
    context.close()


def touch(target, along, down, at=(0.8, 0.5)):
    """Put a finger on a place of an element, move it by (along, down) pixels, and lift it.

    Return by how many pixels the page has scrolled meanwhile.
    """
    target.evaluate("e => e.scrollIntoView({ block: 'center' })")
    box = target.bounding_box()
    x, y = box["x"] + at[0] * box["width"], box["y"] + at[1] * box["height"]
    page = target.page
    top = page.evaluate("scrollY")
    session = page.context.new_cdp_session(page)

    def send(kind, *points):
        points = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", (x, y))
    steps = 12 if along or down else 0
    for i in range(1, steps + 1):
        send("touchMove", (x + along * i / steps, y + down * i / steps))
        page.wait_for_timeout(16)
    send("touchEnd")
    session.detach()
    # After a swipe the page goes on for a while.
    before, now = None, page.evaluate("scrollY")
    while now != before:
        page.wait_for_timeout(100)
        before, now = now, page.evaluate("scrollY")
    return now - top


def state(figure):
    """Return what all controls of the figure hold, and all of its numbers."""
    return figure.evaluate(
        "e => [...e.shadowRoot.querySelectorAll('input, select, [data-value]')]"
        ".map(n => n.dataset.value ?? n.value)"
    )


@pytest.mark.parametrize("down", mostly_slow([-200, 200], -200))
def test_a_swipe_that_starts_on_a_slider_scrolls_and_changes_nothing(figure, down):
    for slider in figure.locator(SLIDERS).all():
        before = state(figure)
        label = slider.get_attribute("aria-label")
        assert touch(slider, -15, down) != 0, label
        assert state(figure) == before, label


SMALL = """figure => [...figure.shadowRoot.querySelectorAll("button, summary, select, input")]
  .filter(e => e.checkVisibility())
  .map(e => (e.matches("[type=radio], [type=checkbox]") ? e.closest("label") : e))
  .filter(e => e.getBoundingClientRect().height < 44)
  .map(e => e.outerHTML)"""


def test_a_finger_finds_every_control(figure):
    assert figure.evaluate(SMALL) == []


def share(slider):
    """Return where the knob is, as a share of the way from the left end to the right one."""
    first, last = (float(slider.get_attribute(end)) for end in ("min", "max"))
    return (float(slider.input_value()) - first) / (last - first)


def test_a_drag_along_a_slider_and_a_tap_move_it(figure):
    for slider in figure.locator(SLIDERS).all():
        label = slider.get_attribute("aria-label")
        assert touch(slider, -40, 4) == 0, label
        reached = 0.8 - 40 / slider.bounding_box()["width"]
        assert share(slider) == pytest.approx(reached, abs=0.06), label
        assert touch(slider, 0, 0) == 0, label
        assert share(slider) == pytest.approx(0.8, abs=0.06), label


@pytest.mark.parametrize(
    "figure", mostly_slow(["logits", "decision", "attention", "sparsemax"], "logits"), indirect=True
)
def test_a_finger_on_the_grip_of_a_picture_drags_it_and_beside_it_scrolls(figure):
    figure.get_by_role("button", name="Reset").click()
    grip = figure.locator(".grip")
    grip.evaluate("e => e.scrollIntoView({ block: 'center' })")
    before, box = state(figure), grip.bounding_box()
    assert min(box["width"], box["height"]) >= 40  # wide enough for a finger
    assert touch(grip, 10, 80, at=(0.5, 0.5)) == 0
    moved = grip.bounding_box()
    assert moved["x"] - box["x"] == pytest.approx(10, abs=3)
    assert moved["y"] - box["y"] == pytest.approx(80, abs=3)
    assert state(figure) != before
    before = state(figure)
    assert touch(figure.locator("svg").first, 0, -150, at=(0.3, 0.75)) != 0
    assert state(figure) == before


@pytest.mark.parametrize(
    "figure", mostly_slow(["logits", "decision", "attention", "sparsemax"], "logits"), indirect=True
)
def test_a_tap_beside_the_grip_moves_the_point_there(figure):
    figure.get_by_role("button", name="Reset").click()
    drawing, grip = figure.locator("svg").first, figure.locator(".grip")
    at = (0.6, 0.7)
    touch(drawing, 0, 0, at=at)
    box, moved = drawing.bounding_box(), grip.bounding_box()
    for share, start, size in zip(at, "xy", ("width", "height"), strict=True):
        middle = moved[start] + moved[size] / 2
        assert middle == pytest.approx(box[start] + share * box[size], abs=3)
