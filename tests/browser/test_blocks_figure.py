"""The live figure of attention in blocks, operated as a reader does."""

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
    button,
    click,
    close,
    control,
    find,
    follow_link,
    mostly_slow,
    press,
    unfold,
    wait_for_status,
)

model = chapter_until("fast-attention", "live.blocks(")
Z, VALUES = np.array(model.scores_by_hour), model.clock
COUNT = len(Z)
FIGURE = live.blocks(Z, VALUES, block=3)
WINDOW = {"reduced_motion": "reduce"}


@pytest.fixture
def figure(figure):
    """Open what is folded, as most tests operate it."""
    return unfold(figure)


def set_to(figure, size, step):
    control(figure, "Keys in a block, as a number").fill(str(size))
    control(figure, "Blocks, as a number").fill(str(step))


def give(figure, key, score):
    control(figure, "Key").select_option(f"key {key}")
    control(figure, "Score of the key, as a number").fill(str(score))


def workers(figure):
    return figure.get_by_label("two workers")


def held(figure):
    """Return the size of the blocks, the step, the scores, and whether there are two workers."""
    size, step = (
        int(control(figure, f"{name}, as a number").input_value())
        for name in ("Keys in a block", "Blocks")
    )
    return size, step, figure.evaluate("e => e.z"), workers(figure).is_checked()


def table(figure):
    """Return the numbers of each visible row of the table, by the start of its name."""
    rows = figure.locator("tbody tr").evaluate_all(
        "all => all.filter(e => !e.hidden).map(e => [e.firstChild.textContent,"
        " [...e.querySelectorAll('[data-value]')].map(n => n.dataset.value)])"
    )
    return {name: [float(x) for x in numbers] for name, numbers in rows}


def state(z, start, stop):
    """Return μ, s, a, o and the log-sum-exp of some keys, by the package."""
    z, v = z[start:stop], VALUES[start:stop]
    if not len(z):
        return -np.inf, 0, [0, 0], [], -np.inf
    e = np.exp(z - z.max())
    return z.max(), e.sum(), e @ v, sm.softmax(z) @ v, sm.logsumexp(z)


def assert_agrees_with_the_package(figure):
    size, step, z, split = held(figure)
    z = np.array(z)
    end = COUNT if split else min(step * size, COUNT)
    cut = min((step if split else max(step - 1, 0)) * size, COUNT)
    parts = [state(z, *ends) for ends in ((0, cut), (cut, end), (0, end), (0, COUNT))]
    mu, s, a, o, lse = ([part[i] for part in parts] for i in range(5))
    shares = sm.softmax(lse[:2]) if end else [0, 0]
    expected = {"output": np.concatenate(o), "share": shares}
    if split:
        both = 0 < cut < COUNT
        expected |= {"log-sum-exp": lse, "mean ×": np.mean(o[:2], axis=0) if both else []}
    else:
        factor = np.exp(np.array(mu[:2]) - mu[2]) if end else []
        expected |= {"largest": mu, "sum": s, "sum × value": np.concatenate(a)}
        expected["factor"] = factor
    found = table(figure)
    assert found.keys() == expected.keys()
    for name, numbers in expected.items():
        assert found[name] == close(numbers), name

    marks = figure.locator(".scores .mark").evaluate_all("all => all.map(e => e.dataset.state)")
    assert marks == ["one" if k < cut else "two" if k < end else "later" for k in range(COUNT)]


@pytest.mark.parametrize("size", mostly_slow([1, 3, 5, COUNT], 5))
def test_every_step_agrees_with_the_package(figure, size):
    last = -(-COUNT // size)
    for split in (False, True):
        workers(figure).set_checked(split)
        for step in {0, 1, last // 2, last - 1, last}:
            set_to(figure, size, step)
            assert_agrees_with_the_package(figure)
            assert figure.locator(".same").count() == (split or step == last)


def test_the_output_ends_where_attention_over_all_keys_ends(figure):
    places = "e => ['.output', '.whole'].map(n => e.shadowRoot.querySelector(n).style.transform)"
    apart = []
    for step in range(1, 5):
        set_to(figure, 3, step)
        here, there = figure.evaluate(places)
        apart.append(here != there)
    assert apart == [True, True, True, False]
    points = figure.locator(".path").get_attribute("points").split()
    assert len(points) == 4
    assert figure.locator(".past circle").count() == 4


def test_one_button_leads_from_block_to_block_and_says_what_is_kept(figure):
    unfold(figure, is_open=False)
    assert figure.locator("button.primary").all_text_contents() == ["Next block"]
    assert not figure.locator("table, select, input[type=checkbox]").locator("visible=true").count()
    for step in range(1, 5):
        assert held(figure)[1] == step
        mu, s, _, o, _ = state(Z, 0, 3 * step)
        kept = figure.locator(".kept dd").all_text_contents()
        point = ", ".join(f"{x:.2f}" for x in o).replace("-", "−")
        assert kept == [f"{mu:g}", f"{s:.2f}", f"({point})"]
        figure.locator("button.primary").click()
    assert held(figure)[1] == 0
    assert figure.locator(".kept dd").all_text_contents() == ["–"] * 3


def test_two_workers_show_the_numbers_that_they_send(figure):
    unfold(figure, is_open=False)
    figure.locator("summary").first.click()
    workers(figure).check()
    assert figure.locator("table").is_visible()
    assert not figure.locator(".kept, button.primary").locator("visible=true").count()


def test_a_key_is_marked_once_one_asks_for_it(page, figure):
    unfold(figure, is_open=False)
    ring = figure.locator(".scores .dot")
    page.wait_for_function("e => e.scores.matches('.bare')", arg=figure.element_handle())
    assert not ring.is_visible()
    box = figure.locator(".scores").bounding_box()
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.95 * box["height"])
    assert ring.is_visible()
    assert figure.locator(".plane .chosen").text_content() == "6"


def test_old_values_shrink_when_the_maximum_rises(figure):
    def size():
        return float(figure.locator(".plane .mark").nth(2).get_attribute("width"))

    set_to(figure, 3, 2)
    before = size()
    set_to(figure, 3, 3)
    assert before == pytest.approx(20)
    # The area beyond that of a weight of zero is the weight.
    assert size() == pytest.approx(2 * (2 + 8 * np.exp((1.4 - 3.9) / 2)))


def test_another_size_keeps_the_place_and_workers_share_the_blocks(figure):
    set_to(figure, 3, 2)
    control(figure, "Keys in a block, as a number").fill("4")
    assert held(figure)[:2] == (4, 2)  # six keys need two blocks
    set_to(figure, 3, 4)
    workers(figure).check()
    assert held(figure)[1] == 2  # neither worker is idle
    set_to(figure, 3, 1)
    workers(figure).uncheck()
    workers(figure).check()
    assert held(figure)[1] == 1


def test_keys_move_every_control(figure):
    press(control(figure, "Blocks"), "ArrowRight", 3)
    assert held(figure)[1] == 4
    press(control(figure, "Blocks"), "ArrowLeft")
    press(button(figure, "Next block"), "Enter")
    press(control(figure, "Blocks"), "ArrowLeft")
    assert held(figure)[1] == 3
    press(control(figure, "Keys in a block"), "ArrowRight")
    assert held(figure)[0] == 4
    control(figure, "Key").select_option("key 8")
    press(control(figure, "Score of the key"), "ArrowRight", 3)
    assert held(figure)[2][7] == pytest.approx(0)
    press(workers(figure), "Space")
    assert held(figure)[3]
    assert_agrees_with_the_package(figure)


def test_the_mouse_drags_a_score_and_a_number_chooses_a_key(page, figure):
    box = figure.locator(".scores").bounding_box()
    scale, wide = box["width"] / 340, 312 / COUNT
    x = box["x"] + (24 + 4.5 * wide) * scale
    page.mouse.move(x, box["y"] + 60 * scale)
    page.mouse.down()
    page.mouse.move(x + 60, box["y"] + (12 + 2 * 8.5) * scale)  # sideways it stays with its key
    page.mouse.up()
    assert held(figure)[2] == [*Z[:4], 4, *Z[5:]]
    page.mouse.click(x + wide * scale, box["y"] + 128 * scale)
    assert control(figure, "Key").input_value() == "key 6"
    assert held(figure)[2][5] == Z[5]
    # The grip can be dragged right after.
    y = box["y"] + (12 + (6 - Z[5]) * 8.5) * scale
    page.mouse.move(x + wide * scale, y)
    page.mouse.down()
    page.mouse.move(x + wide * scale, box["y"] + 63 * scale)
    page.mouse.up()
    assert held(figure)[2][5] == 0


def test_the_challenge_of_the_blocks_is_a_late_key(figure):
    challenge = figure.locator(".challenge")
    for size in range(1, COUNT + 1):
        set_to(figure, size, 1)
        assert not challenge.text_content().startswith("✓")
    assert "There is only one block." in challenge.text_content()
    set_to(figure, 3, 4)
    share = np.exp(Z[9:]).sum() / np.exp(Z).sum()
    assert f"Now it has {share:.3f}." in challenge.text_content()
    give(figure, 12, 6)
    assert not challenge.text_content().startswith("✓")
    give(figure, 10, 6)
    z = np.array(held(figure)[2])
    assert np.exp(z[9:]).sum() / np.exp(z).sum() > 0.9
    text = challenge.text_content()
    assert text.startswith("✓ Challenge.")
    assert f"e^({z[:9].max()} − 6) = {np.exp(z[:9].max() - 6):.3f}" in text
    wait_for_status(figure, "Challenge solved.")


def test_the_challenge_of_the_workers_is_a_lonely_block(figure):
    challenge = figure.locator(".challenge")
    workers(figure).check()
    for step in range(5):
        set_to(figure, 3, step)
        assert not challenge.text_content().startswith("✓")
    assert "Each worker needs keys." in challenge.text_content()
    set_to(figure, 3, 1)
    give(figure, 7, 5)
    assert challenge.text_content().startswith("✓ Challenge.")
    wait_for_status(figure, "Challenge solved.")
    assert_agrees_with_the_package(figure)


def test_the_status_says_what_a_new_maximum_does(figure):
    set_to(figure, 3, 3)
    wait_for_status(figure, "from 1.4 to 3.9, so what was kept counts e^(1.4 − 3.9) = 0.082 times")
    set_to(figure, 3, 4)
    wait_for_status(figure, "keeps the largest score")
    wait_for_status(figure, "Now each value has counted e^(score − 3.9) times")
    give(figure, 7, -0.5)
    set_to(figure, 12, 1)
    wait_for_status(figure, "Three things are kept of the first block")
    wait_for_status(figure, "e^(score − 3) times")
    set_to(figure, 3, 0)
    wait_for_status(figure, "No key has been read yet.")


def test_the_address_leads_back(visit, page, figure):
    give(figure, 4, -1.5)
    set_to(figure, 4, 2)
    workers(figure).check()
    assert address_of(page, "blocks").endswith("&block=4&step=2&key=3&split=1")
    other = find(visit(page.url, reduced_motion="reduce"), "blocks")
    assert held(other) == held(figure)
    assert control(other, "Key").input_value() == "key 4"
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize(
    "change",
    mostly_slow(
        [
            {"z": "1,2"},
            {"z": ",".join(["9"] * COUNT)},
            {"z": "," * (COUNT - 1)},
            {"block": 0},
            {"step": 5},
            {"step": 1.5},
            {"key": COUNT},
            {"split": 2},
            {"split": ""},
        ],
        {"step": 5},
    ),
)
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, change):
    state = {"z": ",".join(["1"] * COUNT), "block": 3, "step": 1, "key": 0, "split": 0, **change}
    follow_link(page, "blocks:" + "&".join(f"{name}={value}" for name, value in state.items()))
    assert held(figure) == (3, 1, Z.tolist(), False)


def test_colors_follow_the_theme(figure):
    assert_follows_the_theme(figure, figure.locator(".max.one"))


def test_the_table_of_two_workers_fits_the_text_of_the_book(page, figure):
    page.set_viewport_size({"width": 708, "height": 900})
    workers(figure).check()
    found = figure.locator(".scroll").evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert found[0] == found[1]


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_figure(page, figure, width):
    page.set_viewport_size({"width": width, "height": 900})
    for split in (False, True):
        workers(figure).set_checked(split)
        assert_fits(figure)
