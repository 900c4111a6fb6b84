"""The live figure of entropy and divergence, operated as a reader does."""

import numpy as np
import pytest

import softmax as sm
from softmax import live
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

Y, P = [0.5, 0.3, 0.2], [0.25, 0.66, 0.09]
ANIMALS = ["seal", "panda", "duck"]
PAGE = "book/cross-entropy.html"
FIGURE = live.divergence(Y, P, ANIMALS)


def label(kind, name):
    return f"{kind} probability of {name}"


def field(figure, kind, name):
    return control(figure, f"{label(kind, name)}, as a number")


def shares(figure, kind):
    return [float(field(figure, kind, name).input_value()) for name in ANIMALS]


def both(figure):
    return np.array([shares(figure, kind) for kind in ("True", "Predicted")])


def box(figure, selector):
    return figure.locator(selector).bounding_box()


def assert_agrees_with_python(figure):
    """Compare with the package, and what is drawn with the numbers."""
    y, p = both(figure)
    assert y.sum() == pytest.approx(1) == p.sum()
    with np.errstate(divide="ignore"):
        surprisals = -np.log(p)
    least, extra = sm.entropy(y), sm.kl_divergence(y, p)
    assert values(figure, ".height") == close(surprisals)
    assert values(figure, ".nats") == close([least + extra, extra, least, sm.kl_divergence(p, y)])
    # A nat is as high in the blocks as in the bar, and what is higher than the picture is cut.
    plot, most = box(figure, ".blocks"), FIGURE.limits["nats"]
    for block, wide, high in zip(figure.locator(".block").all(), y, surprisals, strict=True):
        shown = block.bounding_box()
        assert shown["width"] / plot["width"] == pytest.approx(wide, abs=0.01)
        assert shown["height"] / plot["height"] == pytest.approx(min(1, high / most), abs=0.01)
    top = min(1, (least + extra) / most)
    parts = [box(figure, f".bar .{part}")["height"] for part in ("entropy", "divergence")]
    assert np.divide(parts, plot["height"]) == pytest.approx(
        [least / most, top - least / most], abs=0.01
    )
    level = box(figure, ".level")
    middle = plot["y"] + plot["height"] - level["y"] - level["height"] / 2
    assert middle / plot["height"] == pytest.approx(top, abs=0.01)


@pytest.mark.slow
def test_it_starts_as_the_chapter_says(visit, address):
    figure = find(visit(f"{address}/{PAGE}"), "divergence")
    assert start(figure)["y"] == Y
    assert figure.locator(".nats").all_text_contents() == ["1.306", "0.276", "1.030", "0.281"]
    assert_agrees_with_python(figure)
    figure.page.wait_for_timeout(600)  # an address is written after 400 ms
    assert "#" not in figure.page.url


def test_typed_probabilities_agree_with_python(figure):
    for kind, name, x in [
        ("Predicted", "duck", "0.5"),
        ("Predicted", "seal", "0"),  # infinite
        ("True", "seal", "0"),  # but then it never happens
        ("Predicted", "panda", "0.001"),  # higher than the picture
        ("True", "duck", "1"),
        ("Predicted", "duck", "1"),
    ]:
        field(figure, kind, name).fill(x)
        assert float(field(figure, kind, name).input_value()) == float(x)
        assert_agrees_with_python(figure)


def test_shares_that_are_set_in_turn_stay_as_they_are_set(figure):
    """The largest makes room first, and then the one that was not touched for longest."""
    field(figure, "Predicted", "seal").fill("0.5")
    assert shares(figure, "Predicted") == [0.5, 0.41, 0.09]
    field(figure, "Predicted", "panda").fill("0.3")
    assert shares(figure, "Predicted") == Y
    assert values(figure, ".nats")[1::2] == close([0, 0])
    wait_for_status(figure, "= 1.030 nats, the entropy of y. No prediction pays less.")


def test_the_mouse_drags_a_share_there_and_back(page, figure):
    slider = control(figure, label("Predicted", "seal"))
    drag(page, slider, 0.98)
    assert shares(figure, "Predicted")[1] == 0
    assert_agrees_with_python(figure)
    press(slider, "Home")
    assert shares(figure, "Predicted") == [0, 0.91, 0.09]
    assert_agrees_with_python(figure)
    assert shares(figure, "True") == Y


def test_keys_move_a_share(figure):
    press(control(figure, label("True", "duck")), "ArrowRight", 4)
    press(control(figure, label("Predicted", "duck")), "ArrowLeft", 4)
    assert both(figure).tolist() == [[0.46, 0.3, 0.24], [0.25, 0.7, 0.05]]
    assert_agrees_with_python(figure)


def test_the_two_directions_change_places(figure):
    directions = values(figure, ".nats")[1::2]
    click(figure, "Swap y and p")
    assert both(figure).tolist() == [P, Y]
    assert_agrees_with_python(figure)
    assert values(figure, ".nats")[1::2] == directions[::-1]


def test_what_happens_and_was_called_impossible_is_named(figure):
    field(figure, "Predicted", "panda").fill("1")
    wait_for_status(
        figure, "The model calls seal and duck impossible, yet it happens: infinitely surprising."
    )
    assert figure.locator(".challenge").text_content().endswith("Now it pays without end.")
    field(figure, "True", "panda").fill("1")
    wait_for_status(figure, "is 1 × 0.000 = 0.000 nats, the entropy of y.")


def test_the_challenge_checks_itself(figure):
    challenge = figure.locator(".challenge")
    assert challenge.text_content().startswith(
        "Challenge. Let the model pay 1.09 nats or more, of which at most 0.001 is its own fault. "
        "Now 1.299, and 0.270 of it is its fault."
    )
    for kind in ("True", "Predicted"):  # a wrong model that pays enough is not a solution
        field(figure, kind, "seal").fill("0.33")
        assert not challenge.text_content().startswith("✓")
        field(figure, kind, "panda").fill("0.33")
    assert challenge.text_content().startswith("✓ Challenge.")
    wait_for_status(figure, "Challenge solved.")
    field(figure, "Predicted", "duck").fill("0.37")
    assert challenge.text_content().startswith("Challenge.")
    click(figure, "Reset")
    field(figure, "Predicted", "seal").fill("0.5")
    field(figure, "Predicted", "panda").fill("0.3")  # no fault, and too low
    assert challenge.text_content().endswith("Now 1.030, and 0.000 of it is its fault.")


def test_the_address_keeps_the_state(page, figure, visit):
    field(figure, "True", "duck").fill("0")
    field(figure, "Predicted", "seal").fill("0.125")
    assert address_of(page, "divergence") == "#divergence:y=0.7,0.3,0&p=0.125,0.785,0.09"
    other = find(visit(page.url), "divergence")
    assert both(other).tolist() == both(figure).tolist()
    assert_agrees_with_python(other)
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize(
    "state",
    mostly_slow(
        ["", "y=0.5,0.5&p=0.5,0.5", "y=1,0,0&p=1,1,-1", "y=1,0,0&p=0.5,0.3,0.3"],
        "y=1,0,0&p=0.5,0.3,0.3",
    ),
)
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    follow_link(page, f"divergence:{state}")
    assert both(figure).tolist() == [Y, P]


def test_colors_follow_the_theme(figure):
    assert_follows_the_theme(
        *(figure.locator(node).first for node in (".block", ".bar .entropy", ".challenge"))
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_bars_and_blocks_are_seen_at_once(visit, file, width):
    page = visit(file, width=width)
    figure = find(page, "divergence")
    field(figure, "Predicted", "seal").fill("0.0001")
    assert_fits(figure)
    assert span(figure, ".class", ".chart") < page.viewport_size["height"]
