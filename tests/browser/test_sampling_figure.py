"""The live figure of sampling, operated as a reader does."""

from itertools import pairwise

import numpy as np
import pytest

import softmax as sm
from softmax import live
from tests.book.chapters import chapter_functions, chapter_until
from tests.browser.figures import (
    WIDTHS,
    address_of,
    button,
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
    write_page,
)

chapter = chapter_functions("sampling")
model = chapter_until("sampling", "live.sampling")
WORDS = [str(word) for word in model.vocabulary]
LOGITS = np.log(model.counts + 0.001)
TEXT = ["This", "is", "the"]
ROWS = 10
PAGE = "book/sampling.html"
CUTS = ("top-k", "top-p", "min-p")
FIELDS = [f"{name}, as a number" for name in ("Temperature", "Top-k", "Top-p", "Min-p")]
# Temperature, top-k, top-p, min-p.
SETTINGS = [
    (1, 48, 1, 0),
    (0.01, 48, 1, 0),
    (3, 48, 0.9, 0),
    (3, 48, 1, 0.3),
    (10, 7, 0.55, 0),
    (0.7, 12, 0.85, 0.4),
    (2, 1, 0.3, 0.9),
    (1, 48, 0.01, 1),
    (1, 48, 0.5, 0.5),  # exactly reached by four equal words
]


def masks(z, T, k, mass, min_p):
    """Return the classes that are left from the temperature on, with the chapter's functions."""
    z = z / T
    kept = [np.isfinite(z)]
    cuts = [(chapter.top_k_mask, k), (chapter.nucleus_mask, mass), (chapter.min_p_mask, min_p)]
    for mask, setting in cuts:
        left = np.where(kept[-1], z, -np.inf)
        kept.append(kept[-1] & mask(left, setting))
    return kept


def cut(z, *settings):
    return sm.softmax(z / settings[0], where=masks(z, *settings)[-1])


class Sequence:
    """The figure's random numbers, as a generator of the chapter's `draw`."""

    def __init__(self, seed):
        self.seed = seed

    def random(self, size=None):
        self.seed = (1664525 * self.seed + 1013904223) % 2**32
        return self.seed / 2**32


def written(text, sequence, count, *settings):
    """Return the words that the chapter's `draw` writes, up to a full stop."""
    line = []
    while len(line) < count and line[-1:] != ["."]:
        z = LOGITS[WORDS.index([*text, *line][-1])]
        line.append(WORDS[chapter.draw(cut(z, *settings), sequence)])
    return line


# --- Numerics -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def evaluate(browser, modules):
    """Return a function that calls one of the figure's numerics for each tuple of arguments."""
    page = browser.new_page()
    page.goto(f"{modules}/_sampling/numerics.mjs")

    def call(function, calls):
        return page.evaluate(
            "async ([name, calls]) => { const module = await import('/_sampling/numerics.mjs');"
            " return calls.map((args) => module[name](...args)); }",
            [function, calls],
        )

    yield call
    page.close()


def random_rows():
    rng = np.random.default_rng(0)
    rows = [*LOGITS[:12], np.zeros(4), np.array([0.0, -np.inf, 1, 1, -np.inf, 0])]
    return rows + [rng.normal(scale=3, size=size) for size in (1, 2, 5, 40)]


def test_cuts_agree_with_the_chapter(evaluate):
    cases = [(z, settings) for z in random_rows() for settings in SETTINGS]
    keys = ("T", "k", "p", "min")
    found = evaluate("cut", [[z.tolist(), dict(zip(keys, s, strict=True))] for z, s in cases])
    for (z, settings), result in zip(cases, found, strict=True):
        kept = masks(z, *settings)
        assert result["tempered"] == close(sm.softmax(z / settings[0]))
        assert result["p"] == close(cut(z, *settings))
        assert result["counts"] == [mask.sum() for mask in kept]
        for name, before, after in zip(CUTS, kept, kept[1:], strict=False):
            assert [cut == name for cut in result["by"]] == (before & ~after).tolist()


def test_draws_agree_with_the_chapter(evaluate):
    sequence, calls, expected = Sequence(5), [], []
    for z in random_rows():
        for settings in SETTINGS:
            p, seed = cut(z, *settings), sequence.seed
            expected.append(chapter.draw(p, sequence))
            calls.append([seed, p.tolist(), sequence.seed / 2**32])
    assert evaluate("draw", [call[1:] for call in calls]) == expected
    seeds = evaluate("following", [call[:1] for call in calls])
    assert [seed / 2**32 for seed in seeds] == [call[2] for call in calls]


# --- The figure -----------------------------------------------------------------------------------
FIGURE = live.sampling(LOGITS, WORDS, " ".join(TEXT))
WINDOW = {"reduced_motion": "reduce"}


def click(figure, name, times=1):
    for _ in range(times):
        figure.get_by_role("button", name=name, exact=True).click()


def set_to(figure, *chosen):
    for name, value in zip(FIELDS, chosen, strict=True):
        control(figure, name).fill(str(value))


def settings(figure):
    T, k, mass, min_p = (float(control(figure, name).input_value()) for name in FIELDS)
    return T, int(k), mass, min_p


def text(figure):
    return figure.locator(".text").text_content().replace(".", " .").split()


def rows(figure):
    """Return the words of the chart with their two probabilities and the cut that took them."""
    return figure.locator(".row:not(.soft)").evaluate_all(
        "all => all.filter(row => row.style.visibility !== 'hidden').map(row => ["
        " row.querySelector('.name').textContent, ...[...row.querySelectorAll('.number')]"
        ".map(n => Number(n.dataset.value)), row.dataset.cut])"
    )


def assert_agrees_with_the_chapter(figure):
    chosen = settings(figure)
    z = LOGITS[WORDS.index(text(figure)[-1])]
    tempered, p, kept = sm.softmax(z / chosen[0]), cut(z, *chosen), masks(z, *chosen)
    order = np.argsort(-z, kind="stable")
    found = rows(figure)
    assert [row[0] for row in found] == [WORDS[i] for i in order[:ROWS]] + ["38 more"]
    for column, q in ((1, tempered), (2, p)):
        shown = [*q[order[:ROWS]], q[order[ROWS:]].sum()]
        assert [row[column] for row in found] == close(shown)
    survived = np.sum(kept[1:], axis=0)  # so many cuts, and all words were possible before
    assert [row[3] for row in found[:ROWS]] == [[*CUTS, ""][survived[i]] for i in order[:ROWS]]
    assert values(figure, ".count") == [mask.sum() for mask in kept]


@pytest.mark.slow
def test_it_starts_as_the_chapter_says(visit, address):
    figure = find(visit(f"{address}/{PAGE}"), "sampling")
    sent = start(figure)
    np.testing.assert_allclose(np.array(sent["values"])[sent["codes"]], LOGITS, rtol=1e-15)
    assert sent["vocabulary"] == WORDS
    assert text(figure) == TEXT
    assert_agrees_with_the_chapter(figure)
    assert "#" not in figure.page.url


@pytest.mark.parametrize("chosen", mostly_slow(SETTINGS, (3, 48, 0.9, 0), (0.7, 12, 0.85, 0.4)))
def test_typed_settings_agree_with_the_chapter(figure, chosen):
    set_to(figure, *chosen)
    assert settings(figure) == chosen
    assert_agrees_with_the_chapter(figure)


def test_keys_move_every_slider(figure):
    press(control(figure, "Temperature"), "End")
    press(control(figure, "Top-k"), "ArrowLeft", 4)
    press(control(figure, "Top-p"), "ArrowLeft", 3)
    press(control(figure, "Min-p"), "ArrowRight", 7)
    assert settings(figure) == (10, 44, 0.97, 0.07)
    assert_agrees_with_the_chapter(figure)
    press(control(figure, "Temperature"), "Home")
    assert settings(figure)[0] == 0.01
    assert_agrees_with_the_chapter(figure)


def test_the_mouse_drags_the_nucleus(page, figure):
    set_to(figure, 1, 48, 0.8, 0)
    drag(page, control(figure, "Top-p"), 0.5)
    assert 0.4 < settings(figure)[2] < 0.6
    assert_agrees_with_the_chapter(figure)


def test_a_typed_number_of_words_is_made_whole(figure):
    field = control(figure, "Top-k, as a number")
    field.fill("2.6")
    assert field.input_value() == "3"
    assert values(figure, ".count") == [48, 3, 3, 3]
    field.fill("0")
    assert field.get_attribute("aria-invalid") == "true"
    field.blur()
    assert field.input_value() == "1"


def test_a_cut_word_is_hollow_hatched_and_names_its_cut(figure):
    set_to(figure, 1.2, 9, 0.5, 0.9)
    found = rows(figure)
    assert [row[3] for row in found] == ["", "", *["min-p"] * 2, *["top-p"] * 5, *["top-k"] * 2]
    bars = figure.locator(".row:not(.soft)").evaluate_all(
        "all => all.map(row => [row.querySelector('.kept').getBoundingClientRect().width,"
        " getComputedStyle(row.querySelector('.whole')).backgroundImage,"
        " row.querySelector('.after').textContent])"
    )
    for (_, _, _, by), (width, pattern, words) in zip(found, bars, strict=True):
        assert (width == 0) == bool(by)
        assert "repeating-linear-gradient" in pattern
        assert not by or words == by


@pytest.mark.slow
def test_bars_are_as_long_as_the_axis_says(figure):
    for chosen in SETTINGS:
        set_to(figure, *chosen)
        end = float(figure.locator(".axis > :last-child").text_content())
        widths = figure.locator(".row:not(.soft)").evaluate_all(
            "all => all.map(row => ['whole', 'kept'].map(name =>"
            " parseFloat(row.querySelector(`.${name}`).style.width) / 100))"
        )
        shares = [[row[1] / end, row[2] / end] for row in rows(figure)]
        assert max(map(max, shares)) <= 1
        assert widths == [pytest.approx(pair, abs=1e-5) for pair in shares]


@pytest.mark.parametrize("chosen", mostly_slow(SETTINGS, (3, 48, 0.9, 0), (0.7, 12, 0.85, 0.4)))
def test_lines_are_those_of_the_chapter(figure, chosen):
    set_to(figure, *chosen)
    sequence, expected = Sequence(0), [*TEXT]
    for count, name in [(16, "Write a line"), (1, "One word"), (16, "Write a line")]:
        expected += written(expected, sequence, count, *chosen)
        click(figure, name)
        assert text(figure) == expected[-40:]
        assert_agrees_with_the_chapter(figure)
    rare = [
        sm.softmax(LOGITS[WORDS.index(a)])[WORDS.index(b)] < 0.01 for a, b in pairwise(expected)
    ]
    marked = figure.locator(".text > *").evaluate_all("all => all.map(e => e.className)")
    assert marked[1:] == ["rare" if is_rare else "" for is_rare in rare]


@pytest.mark.slow
def test_a_cold_model_goes_round_in_a_circle_and_a_hot_one_babbles(figure):
    set_to(figure, 0.01, 48, 1, 0)
    click(figure, "Write a line", 3)
    assert " ".join(text(figure)).startswith(
        "This is the house that Jack built . This is the house"
    )
    set_to(figure, 3, 48, 1, 0)
    click(figure, "Write a line", 4)
    assert figure.locator(".text .rare").count() > 10
    set_to(figure, 3, 48, 1, 0.2)
    click(figure, "Write a line", 6)
    assert figure.locator(".text .rare").count() == 0


@pytest.mark.slow
def test_the_text_keeps_its_last_words(visit, file):
    figure = find(visit(file, width=390, reduced_motion="reduce"), "sampling")
    click(figure, "Write a line", 8)
    assert len(text(figure)) == 40
    # The last word is in sight, at the lower end of the paper.
    last, paper = (figure.locator(name).bounding_box() for name in (".text mark", ".paper"))
    assert paper["y"] <= last["y"]
    assert last["y"] + last["height"] <= paper["y"] + paper["height"]


def test_a_line_is_read_out_when_it_is_whole(figure):
    click(figure, "Write a line")
    line = written(TEXT, Sequence(0), 16, *SETTINGS[0])
    assert figure.locator("[aria-live=polite]").text_content() == " ".join(line)


def test_words_come_one_by_one_and_can_be_stopped(visit, file):
    figure = find(visit(file), "sampling")
    expected = written(TEXT, Sequence(0), 16, *SETTINGS[0])
    click(figure, "Write a line")
    figure.locator(".row.drawn").wait_for()  # the chart shows which word was drawn
    # From inside of the page: a slow machine would miss the button before the line ends.
    figure.evaluate(
        "e => new Promise(done => { const look = () => e.said.length > 4"
        " ? done(e.writer.click()) : requestAnimationFrame(look); look(); })"
    )
    line = text(figure)[3:]
    assert line == expected[: len(line)]
    assert len(line) < len(expected)
    assert figure.locator("[aria-live=polite]").text_content() == " ".join(line)
    # Nothing is lost: the rest of the sequence comes next.
    click(figure, "One word")
    figure.page.wait_for_function(
        "n => document.querySelector('softmax-sampling').said.length > n", arg=len(line) + 3
    )
    assert text(figure)[3:] == expected[: len(line) + 1]


def test_quick_clicks_on_one_word_write_a_word_each(visit, file):
    figure = find(visit(file), "sampling")
    sequence, expected = Sequence(0), [*TEXT]
    for _ in range(6):
        expected += written(expected, sequence, 1, *SETTINGS[0])
    button(figure, "One word").evaluate("e => { for (let i = 0; i < 6; i++) e.click(); }")
    figure.page.wait_for_function("() => !document.querySelector('softmax-sampling').run")
    assert text(figure) == expected


@pytest.mark.slow
def test_the_settings_can_change_while_it_writes(visit, file):
    figure = find(visit(file), "sampling")
    click(figure, "Write a line")
    set_to(figure, 3, 1, 1, 0)
    figure.get_by_role("button", name="Write a line").wait_for()
    assert len(text(figure)) > 4
    assert_agrees_with_the_chapter(figure)


def test_a_word_of_the_chart_can_be_chosen_even_if_it_is_cut(figure):
    set_to(figure, 1, 2, 1, 0)
    figure.locator("button.row").filter(has_text="cat").click()
    assert text(figure) == [*TEXT, "cat"]
    assert_agrees_with_the_chapter(figure)
    press(figure.locator("button.row").filter(has_text="that"), "Enter")
    assert text(figure) == [*TEXT, "cat", "that"]


def test_the_status_line_says_what_is_left(figure):
    set_to(figure, 1, 48, 0.9, 0)
    assert wait_for_status(figure, "11 of 48") == (
        "After “the”, 11 of 48 words are left. The most probable is “house”, 0.146."
    )
    set_to(figure, 1, 1, 1, 0)
    assert wait_for_status(figure, "1 of 48 words is left")


def test_the_challenge_checks_itself(figure):
    challenge = figure.locator(".challenge")
    assert challenge.text_content() == (
        "Challenge. At temperature 3 or more, cut all rare words and no others, "
        "whatever the word before. Now T is 1."
    )
    set_to(figure, 3, 48, 1, 0)
    rare = sm.softmax(LOGITS) < 0.01
    for chosen in [(3, 48, 1, 0), (3, 1, 1, 0), (3, 48, 0.3, 0), (4, 20, 0.7, 0.1)]:
        set_to(figure, *chosen)
        kept = np.array([masks(z, *chosen)[-1] for z in LOGITS])
        missed, lost = (mask.any(axis=1).sum() for mask in (rare & kept, ~rare & ~kept))
        assert challenge.text_content().endswith(
            f"Rare words survive after {missed} of the 48 words; common ones are cut after {lost}."
        )
        assert "✓" not in challenge.text_content()
    set_to(figure, 3, 48, 1, 0.2)
    assert challenge.text_content().startswith("✓ Challenge.")
    wait_for_status(figure, "Challenge solved.")
    set_to(figure, 2.9, 48, 1, 0.2)
    assert challenge.text_content().endswith("Now T is 2.9.")


def test_no_other_cut_solves_the_challenge():
    """One top-k and one nucleus for all words: the challenge needs min-p."""
    rare = sm.softmax(LOGITS) < 0.01
    for k in range(1, 49):
        for mass in np.linspace(0.01, 1, 34):
            kept = [masks(z, 3, k, mass, 0)[-1] for z in LOGITS[[WORDS.index("the"), 0]]]
            assert not np.array_equal(kept, ~rare[[WORDS.index("the"), 0]])


def test_the_address_keeps_the_state(page, figure, visit):
    set_to(figure, 2.5, 40, 0.95, 0.05)
    click(figure, "Write a line")
    assert address_of(page, "sampling").startswith("#sampling:T=2.5&k=40&p=0.95&min=0.05&seed=")
    other = find(visit(page.url, reduced_motion="reduce"), "sampling")
    assert settings(other) == (2.5, 40, 0.95, 0.05)
    assert text(other) == text(figure)
    for one in (figure, other):
        click(one, "Write a line")
    assert text(other) == text(figure)
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize(
    "state",
    mostly_slow(
        [
            "",
            "T=1&k=48&p=1&min=0&seed=0&text=This+was+the",
            "T=1&k=48&p=1&min=0&seed=0&text=",
            "T=0&k=48&p=1&min=0&seed=0&text=This",
            "T=1&k=0&p=1&min=0&seed=0&text=This",
            "T=1&k=2.5&p=1&min=0&seed=0&text=This",
            "T=1&k=48&p=0&min=0&seed=0&text=This",
            "T=1&k=48&p=1&min=2&seed=0&text=This",
            "T=1&k=48&p=1&min=0&seed=-1&text=This",
            "T=1&k=48&p=1&min=0&seed=0&text=" + "+".join(["This"] * 41),
            "%",
        ],
        "T=1&k=0&p=1&min=0&seed=0&text=This",
    ),
)
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    follow_link(page, f"sampling:{state}")
    assert text(figure) == TEXT
    assert settings(figure) == (1, 48, 1, 0)


@pytest.mark.slow
def test_impossible_words_are_not_shown(visit, tmp_path):
    with np.errstate(divide="ignore"):
        figure = live.sampling(np.log(model.counts), WORDS, "This is", temperature=3)
    figure = find(visit(write_page(tmp_path, figure)), "sampling")
    assert rows(figure) == [["the", 1, 1, ""]]
    assert not figure.locator(".challenge").is_visible()
    figure.locator("button.row").filter(has_text="the").click()
    assert rows(figure)[-1][0] == "6 more"
    assert values(figure, ".count") == [16, 16, 16, 16]


def test_colors_follow_the_theme(page, figure):
    def colors():
        color = "e => getComputedStyle(e).backgroundColor"
        return [node.evaluate(color) for node in (figure, figure.locator(".kept").first)]

    switch_theme(page, "light")
    light = colors()
    switch_theme(page, "dark")
    assert all(a != b for a, b in zip(light, colors(), strict=True))
    switch_theme(page, "light")
    assert colors() == light


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_figure(visit, file, width):
    page = visit(file, width=width, reduced_motion="reduce")
    figure = find(page, "sampling")
    set_to(figure, 3, 40, 0.9, 0.3)
    click(figure, "Write a line", 3)
    assert too_wide(page) == 0
    assert misfits(figure) == []
