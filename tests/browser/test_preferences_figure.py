"""The live figure of preferences, operated as a reader does."""

import numpy as np
import pytest

import softmax as sm
from softmax import live
from softmax.live._preferences.figure import LIMITS, fit_scores
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
    values,
    wait_for_status,
    write_page,
)

ANSWERS = ["Bamboo.", "Pandas eat bamboo.", "All day long.", "I cannot say.", "Bamboo! Bamboo!"]
REFERENCE = np.array([0.40, 0.25, 0.10, 0.20, 0.05])
PAIRS = [[1, 0], [2, 1], [1, 3]]
BETA = "Price of divergence beta"
FIGURE = live.preferences(ANSWERS, REFERENCE, question="Food?", comparisons=PAIRS)
WINDOW = {"reduced_motion": "reduce"}


def shown(figure):
    """Return the two answers to choose from, as indices."""
    return [ANSWERS.index(text) for text in figure.locator(".choice").all_text_contents()]


def choose(figure, better, other):
    """Skip to a pair, and choose one of its answers."""
    while sorted(shown(figure)) != sorted([better, other]):
        click(figure, "Skip")
    figure.locator(".choice").nth(shown(figure).index(better)).click()


def assert_agrees_with_python(figure, pairs, beta):
    scores = fit_scores(pairs, len(ANSWERS))
    pi = sm.softmax(np.log(REFERENCE) + scores / beta)
    assert values(figure, ".half:first-child .number") == close(scores)
    assert values(figure, ".half:last-child .number") == close(pi)
    cost = beta * sm.kl_divergence(pi, REFERENCE)
    assert values(figure, ".terms b") == close([pi @ scores, cost, pi @ scores - cost])
    i, j = shown(figure)
    expected = sm.sigmoid(scores[i] - scores[j])
    assert values(figure, ".odds [data-value]") == close([expected, 1 - expected])
    widths = figure.locator(".kept").evaluate_all("all => all.map(e => parseFloat(e.style.width))")
    assert widths == pytest.approx(100 * pi, abs=1e-3)


def test_it_starts_with_the_given_comparisons(figure):
    assert_agrees_with_python(figure, PAIRS, 1)
    assert shown(figure) == [0, 2]  # the first pair that was not compared
    assert "3 choices" in figure.locator(".heading").first.text_content()


def test_two_answers_of_the_list_can_be_compared(figure):
    def pick(answer):
        figure.locator(".pick").nth(answer).click()

    def pressed():
        picks = figure.locator(".pick[aria-pressed=true]").all_text_contents()
        return [ANSWERS.index(text) for text in picks]

    pick(4)
    assert pressed() == [4]
    assert shown(figure) == [0, 2]
    wait_for_status(figure, "Which answer is to be compared with “Bamboo! Bamboo!”?")
    pick(4)
    assert pressed() == []
    pick(4)
    press(figure.locator(".pick").nth(1), "Enter")
    assert (shown(figure), pressed()) == ([1, 4], [])
    figure.locator(".choice").first.click()
    assert_agrees_with_python(figure, [*PAIRS, [1, 4]], 1)
    assert shown(figure) == [0, 2]
    pick(4)
    pick(3)
    click(figure, "Skip")
    assert shown(figure) != [3, 4]
    # The bars of an answer belong to what can be pressed.
    figure.locator(".track").nth(2).click(force=True)
    assert pressed() == [1]


def test_choices_move_scores_and_policy_and_can_be_undone(figure):
    pairs = [*PAIRS]
    for better, other in [(2, 0), (4, 3), (3, 4), (0, 4)]:
        choose(figure, better, other)
        pairs.append([better, other])
        assert_agrees_with_python(figure, pairs, 1)
    click(figure, "Undo")
    assert_agrees_with_python(figure, pairs[:-1], 1)
    click(figure, "Clear")
    assert_agrees_with_python(figure, [], 1)
    assert wait_for_status(figure, "Without a choice")
    press(figure.get_by_role("button", name="Undo"), "Enter")  # nothing is left to undo
    assert_agrees_with_python(figure, [], 1)


@pytest.mark.parametrize("beta", mostly_slow([0.1, 0.37, 10], 0.37))
def test_beta_can_be_typed(figure, beta):
    control(figure, f"{BETA}, as a number").fill(str(beta))
    assert_agrees_with_python(figure, PAIRS, beta)


def test_keys_and_the_mouse_move_beta(page, figure):
    press(control(figure, BETA), "Home")
    assert_agrees_with_python(figure, PAIRS, 0.1)
    drag(page, control(figure, BETA), 0.75)
    beta = float(control(figure, f"{BETA}, as a number").input_value())
    assert beta == pytest.approx(10**0.5, rel=0.1)
    assert_agrees_with_python(figure, PAIRS, beta)


def test_the_keyboard_chooses(figure):
    press(figure.locator(".choice").nth(1), "Enter", 3)
    assert "6 choices" in figure.locator(".heading").first.text_content()


def test_the_challenge_is_solved_through_other_answers_only(figure):
    challenge = figure.locator(".challenge")
    pairs = [*PAIRS]
    for better, other in [(4, 2), (4, 2), (4, 1), (2, 0)]:
        assert "✓" not in challenge.text_content()
        choose(figure, better, other)
        pairs.append([better, other])
    scores = fit_scores(pairs, len(ANSWERS))
    assert sm.sigmoid(scores[4] - scores[0]) > LIMITS["goal"]
    assert challenge.text_content().startswith("✓ Challenge.")
    assert wait_for_status(figure, "Challenge solved.")
    choose(figure, 4, 0)
    assert challenge.text_content().endswith("You compared the two: undo it.")
    click(figure, "Undo")
    assert "✓" in challenge.text_content()


@pytest.mark.slow
def test_the_list_of_choices_has_an_end(visit, file):
    pairs = [[1, 0]] * LIMITS["comparisons"]
    text = ".".join("10" for _ in pairs)
    figure = find(visit(f"{file}#preferences:pairs={text}&beta=0.5"), "preferences")
    assert_agrees_with_python(figure, pairs, 0.5)
    figure.locator(".choice").first.click()
    assert wait_for_status(figure, "room for 60 choices only")
    assert_agrees_with_python(figure, pairs, 0.5)


def test_the_address_keeps_the_state(page, figure, visit):
    choose(figure, 4, 2)
    control(figure, f"{BETA}, as a number").fill("0.5")
    assert address_of(page, "preferences") == "#preferences:pairs=10.21.13.42&beta=0.5"
    other = find(visit(page.url), "preferences")
    assert_agrees_with_python(other, [*PAIRS, [4, 2]], 0.5)
    click(figure, "Reset")
    page.wait_for_function("location.hash === ''")


def test_scores_are_rounded_to_be_read(page, figure):
    follow_link(page, "preferences:pairs=34.03&beta=1")
    shown = figure.locator(".half:first-child .number")
    assert shown.all_text_contents() == ["+0.67", "0.00", "0.00", "0.00", "−0.67"]


@pytest.mark.parametrize(
    "state",
    mostly_slow(
        ["pairs=11&beta=1", "pairs=15&beta=1", "pairs=1&beta=1", "pairs=102&beta=1",
         "pairs=10.&beta=1", "pairs=10&beta=0", "pairs=ab&beta=1",
         f"pairs={'.'.join(['10'] * 61)}&beta=1", "%"],
        "pairs=15&beta=1",
    ),
)  # fmt: skip
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    follow_link(page, f"preferences:{state}")
    assert_agrees_with_python(figure, PAIRS, 1)


@pytest.mark.slow
def test_two_answers_have_no_challenge(visit, tmp_path):
    figure = live.preferences(["yes", "no"], [0.5, 0.5])
    figure = find(visit(write_page(tmp_path, figure)), "preferences")
    assert not figure.locator(".challenge").is_visible()


def test_colors_follow_the_theme(figure):
    assert_follows_the_theme(figure, figure.locator(".kept").first)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_figure(visit, file, width):
    page = visit(file, width=width)
    figure = find(page, "preferences")
    control(figure, f"{BETA}, as a number").fill("0.1")
    assert_fits(figure)
