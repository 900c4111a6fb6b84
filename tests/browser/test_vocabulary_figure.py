"""The live figure of a loss in chunks, operated as a reader does."""

import numpy as np
import pytest

import softmax as sm
from softmax import live
from tests.book.chapters import chapter_until
from tests.browser.figures import (
    WIDTHS,
    address_of,
    assert_fits,
    assert_follows_the_theme,
    click,
    close,
    control,
    find,
    follow_link,
    mostly_slow,
    press,
    values,
    wait_for_status,
)

model = chapter_until("large-vocabularies", "live.vocabulary(")
WORDS = [
    "the", "of", "to", "a", "is", "it", "you", "that",
    "he", "was", "on", "his", "they", "one", "some", "this",
]  # fmt: skip
Z = [3.4, -2.5, -1, 3, -3, 2, 2.2, 1.9, 0.2, -3, -1, 1.2, 0, 1, 0.9, 0.5]
DUCK = 15
SIZES = [1, 3, 5, 8, 16]
FIGURE = live.vocabulary(Z, DUCK, WORDS, chunk=5)
WINDOW = {"reduced_motion": "reduce"}


def set_to(figure, size, step):
    control(figure, "Words in a chunk, as a number").fill(str(size))
    control(figure, "Step, as a number").fill(str(step))


def held(figure):
    """Return the size of the chunks, the step, and the logits."""
    size, step = (
        int(control(figure, f"{name}, as a number").input_value())
        for name in ("Words in a chunk", "Step")
    )
    return size, step, np.array(figure.evaluate("e => e.z"))


def assert_agrees_with_the_package(figure):
    size, step, z = held(figure)
    passes = -(-len(z) // size)
    seen = z[: min(step, passes) * size]
    total = sm.logsumexp(z)
    m, s, so_far, loss, *whole = values(figure, "td[data-value]")
    if step:
        running = sm.online_logsumexp(z[k : k + size] for k in range(0, len(seen), size))
        assert [m, s, so_far] == close([seen.max(), np.exp(seen - seen.max()).sum(), running])
    else:
        assert (m, s, so_far) == (-np.inf, 0, -np.inf)
    assert [loss] == (
        close([total - z[DUCK]]) if step >= passes else [pytest.approx(np.nan, nan_ok=True)]
    )
    assert whole == close([z.max(), np.exp(z - z.max()).sum(), total, total - z[DUCK]])

    second = step > passes
    index = step - passes if second else step
    end = min(index * size, len(z))
    assert values(figure, ".slope[data-value]") == (
        close(sm.cross_entropy_grad(z, np.array(DUCK))[:end]) if second else []
    )
    states = figure.locator(".bar").evaluate_all("all => all.map(e => e.dataset.state)")
    start = (index - 1) * size
    after = "gone" if second else "later"
    assert states == [
        "now" if start <= k < end else "gone" if k < start else after for k in range(len(z))
    ]
    held_now, work = values(figure, ".meter .number")
    assert held_now == states.count("now")
    assert work == second * len(z) + end


@pytest.mark.parametrize("size", mostly_slow(SIZES, 5))
def test_every_step_agrees_with_the_package(figure, size):
    set_to(figure, size, 0)
    assert_agrees_with_the_package(figure)
    for _ in range(2 * -(-len(Z) // size)):
        click(figure, "Step")
        assert_agrees_with_the_package(figure)
    assert figure.locator(".same").count() == 1
    # At the end, one more step begins anew.
    click(figure, "Step")
    assert held(figure)[1] == 0


def test_another_size_keeps_the_place(figure):
    set_to(figure, 5, 2)
    control(figure, "Words in a chunk, as a number").fill("2")
    assert held(figure)[:2] == (2, 5)  # ten words
    control(figure, "Step, as a number").fill("13")
    control(figure, "Words in a chunk, as a number").fill("8")
    assert held(figure)[:2] == (8, 4)  # the end of the second pass begins at step 3
    assert_agrees_with_the_package(figure)


def test_keys_move_every_control(figure):
    press(control(figure, "Step"), "End")
    assert held(figure)[1] == 8
    press(control(figure, "Words in a chunk"), "ArrowRight")
    assert held(figure)[0] == 6
    control(figure, "Word").select_option("his")
    press(control(figure, "Logit of the word"), "ArrowLeft", 3)
    assert held(figure)[2][11] == pytest.approx(0.9)
    assert_agrees_with_the_package(figure)


def test_the_mouse_drags_a_logit_and_a_name_chooses_a_word(page, figure):
    box = figure.locator("svg").bounding_box()
    x, scale = box["x"] + box["width"] * (24 + 4.5 * 312 / 16) / 340, box["width"] / 340
    page.mouse.move(x, box["y"] + 60 * scale)
    page.mouse.down()
    page.mouse.move(x, box["y"] + 71 * scale)
    page.mouse.move(x + 60, box["y"] + (10 + 12.2) * scale)  # sideways it stays with its word
    page.mouse.up()
    assert held(figure)[2].tolist() == [*Z[:4], 4, *Z[5:]]
    assert_agrees_with_the_package(figure)
    page.mouse.click(x + 312 / 16 * scale, box["y"] + 150 * scale)
    assert control(figure, "Word").input_value() == "it"
    assert held(figure)[2][5] == 2
    grip = figure.locator(".grip").bounding_box()
    page.mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    page.mouse.down()
    page.mouse.move(grip["x"], box["y"] + (10 + 12.2) * scale)
    page.mouse.up()
    assert held(figure)[2][5] == 4


@pytest.mark.parametrize("size", mostly_slow(range(1, 17), 1, 4, 16))
def test_the_challenge_is_not_solved_by_chunks_of_another_size(figure, size):
    set_to(figure, size, 1)
    assert "Now it only grows." in figure.locator(".challenge").text_content()


def test_the_challenge_needs_a_late_maximum(figure):
    challenge = figure.locator(".challenge")
    set_to(figure, 5, 1)
    control(figure, "Word").select_option("some")
    control(figure, "Logit of the word, as a number").fill("5")
    assert challenge.text_content().startswith("✓ Challenge.")
    assert "chunk 3 brings a new maximum" in challenge.text_content()
    assert f"= {np.exp(3.4 - 5):.3f}." in challenge.text_content()
    wait_for_status(figure, "Challenge solved.")


def test_it_plays_to_the_end(visit, file):
    figure = find(visit(file), "vocabulary")
    figure.evaluate("e => { e.go(6); }")
    click(figure, "Play")
    wait_for_status(figure, "as all at once, with 5 logits in memory")
    figure.get_by_role("button", name="Play").wait_for()
    assert held(figure)[1] == 8
    set_to(figure, 1, 16)
    wait_for_status(figure, "with 1 logit in memory")


def test_the_address_leads_back(visit, page, figure):
    control(figure, "Word").select_option("was")
    control(figure, "Logit of the word, as a number").fill("-1.5")
    set_to(figure, 4, 6)
    assert address_of(page, "vocabulary").endswith("&chunk=4&step=6&word=9")
    other = find(visit(page.url, reduced_motion="reduce"), "vocabulary")
    for one, two in zip(held(other), held(figure), strict=True):
        np.testing.assert_array_equal(one, two)
    assert control(other, "Word").input_value() == "was"
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize(
    "state",
    mostly_slow(
        [
            "",
            "%",
            "z=1,2&chunk=5&step=1&word=0",
            f"z={','.join(['9'] * 16)}&chunk=5&step=1&word=0",
            f"z={',' * 15}&chunk=5&step=1&word=0",
            f"z={','.join(['1'] * 16)}&chunk=0&step=1&word=0",
            f"z={','.join(['1'] * 16)}&chunk=5&step=9&word=0",
            f"z={','.join(['1'] * 16)}&chunk=5&step=1&word=16",
        ],
        f"z={','.join(['1'] * 16)}&chunk=5&step=9&word=0",
    ),
)
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    follow_link(page, f"vocabulary:{state}")
    size, step, z = held(figure)
    assert (size, step, z.tolist()) == (5, 1, Z)


def test_the_challenge_of_the_chapter_is_unsolved_for_all_chunks():
    z = np.array(model.logits_after_saw)
    assert z.argmax() == 0  # there is no later maximum
    assert len(z) == len(model.saw)
    assert "duck" in model.saw


def test_colors_follow_the_theme(figure):
    assert_follows_the_theme(figure, figure.locator(".max"))


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_figure(visit, file, width):
    page = visit(file, width=width, reduced_motion="reduce")
    figure = find(page, "vocabulary")
    set_to(figure, 5, 8)
    assert_fits(figure)
