"""The playground, operated as a reader does."""

import numpy as np
import pytest

import softmax as sm
from softmax import live
from tests.browser.figures import (
    THEMES,
    WIDTHS,
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
from tests.browser.test_playground_numerics import POINTS, PRESENT, X, Y, parameters, trained

PAGE = "book/softmax-regression.html"
PROBABILITIES = "tbody td:last-child"
COUNTS = "tbody td:nth-child(2)"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Return the address of a page with a playground and nothing else."""
    return write_page(tmp_path_factory.mktemp("playground"), live.playground())


@pytest.fixture(scope="module")
def page(visit, file):
    page = visit(file)
    page.add_style_tag(content="body { padding-top: 1200px }")  # so that it can leave the screen
    return page


@pytest.fixture
def figure(page):
    figure = find(page, "playground")
    button(figure, "Reset all").click()
    return figure


@pytest.fixture(scope="module")
def bare(browser, tmp_path_factory):
    """Give a page with nothing but a playground, which starts from the points of the fixture."""
    page = browser.new_page()
    page.goto(write_page(tmp_path_factory.mktemp("playground"), live.playground(X, Y)))
    yield page
    page.close()


def button(figure, name):
    return figure.get_by_role("button", name=name, exact=True)


def plane(figure):
    return figure.get_by_label("Plane of points")


def points(figure):
    return figure.evaluate("e => e.points")


def number(figure, name):
    return values(figure, f"dd.{name}Shown")[0]


def weights(figure):
    """Return the rows of the table: two weights and a bias for each class."""
    rows = [values(figure, f"tbody td:nth-child({column})") for column in (3, 4, 5)]
    return np.transpose(rows)


def where(figure, x1, x2):
    """Return where a place of the plane is on the screen."""
    box = plane(figure).bounding_box()
    # The margins of plane.mjs: 26 pixels at the left, 10 at the right, 8 above, 24 below.
    across, down = (x1 + 4) / 8, (4 - x2) / 8
    return box["x"] + 26 + across * (box["width"] - 36), box["y"] + 8 + down * (box["height"] - 32)


def pixels(figure, name):
    """Return the sum of a canvas's pixels, once what is to be drawn is drawn."""
    return figure.evaluate(
        "async (e, name) => { await new Promise(r => requestAnimationFrame(() => "
        "requestAnimationFrame(r))); const c = e[name]; const data = c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data; return data.reduce((a, b) => a + b, 0); }",
        name,
    )


def drawn(figure, name):
    """Draw the figure, and return the words on a canvas with their places, and how many shapes."""
    return figure.evaluate(
        """(e, name) => {
          const found = { words: [], shapes: 0 };
          const context = CanvasRenderingContext2D.prototype;
          const { fill, fillText } = context;
          context.fill = function () {
            if (this.canvas === e[name]) found.shapes += 1;
            fill.call(this);
          };
          context.fillText = function (word, x, y) {
            if (this.canvas === e[name]) found.words.push([word, x, y]);
            fillText.call(this, word, x, y);
          };
          e.draw();
          Object.assign(context, { fill, fillText });
          return found;
        }""",
        name,
    )


def assert_agrees_with_the_package(figure, steps, rate=0.5, alpha=0.001):
    data = np.array(points(figure))
    X, y = data[:, :2], data[:, 2].astype(int)
    assert number(figure, "steps") == steps
    model = trained(rate, alpha, steps, X, y)
    expected = parameters(model)
    assert weights(figure).ravel().tolist() == close(expected.ravel())
    penalty = alpha / 2 * np.sum(model.coef_**2)
    # Of two classes `decision_function` gives one column, `predict_log_proba` both.
    loss = sm.cross_entropy(model.predict_log_proba(X), np.searchsorted(model.classes_, y))
    assert [number(figure, "loss")] == close([loss + penalty])
    assert [number(figure, "penalty")] == close([penalty])
    assert number(figure, "accuracy") == pytest.approx(model.score(X, y))


@pytest.mark.slow
def test_it_starts_as_the_chapter_says(visit, address):
    figure = find(visit(f"{address}/{PAGE}"), "playground")
    given = start(figure)
    assert [given[name] for name in ("learning_rate", "alpha", "temperature")] == [0.5, 0.001, 1]
    assert points(figure) == given["presets"]["as at the start"]
    assert values(figure, COUNTS) == [10, 10, 10]
    assert number(figure, "steps") == 0
    assert [number(figure, "loss")] == close([np.log(3)])
    assert values(figure, PROBABILITIES) == close([1 / 3] * 3)


def test_steps_by_keyboard_are_those_of_the_classifier(figure):
    press(button(figure, "Step"), "Enter", 3)
    assert_agrees_with_the_package(figure, 3)
    press(button(figure, "100 steps"), "Enter")
    assert_agrees_with_the_package(figure, 103)
    wait_for_status(figure, "After 103 steps the loss is")


def test_settings_count(figure):
    press(control(figure, "L2 strength"), "End")
    control(figure, "L2 strength, as a number").fill("0.25")
    press(control(figure, "Learning rate"), "ArrowRight")
    rate = float(control(figure, "Learning rate, as a number").input_value())
    assert rate > 0.5
    button(figure, "100 steps").click()
    assert_agrees_with_the_package(figure, 100, rate, 0.25)
    press(control(figure, "L2 strength"), "Home")
    assert control(figure, "L2 strength, as a number").input_value() == "0"
    assert control(figure, "L2 strength").get_attribute("aria-valuetext") == "0"
    press(control(figure, "L2 strength"), "ArrowRight")
    assert control(figure, "L2 strength").get_attribute("aria-valuetext") == "0.0001"


@pytest.mark.slow
def test_a_fixture_is_trained_to_the_boundary_that_python_gives(bare):
    figure = find(bare, "playground")
    button(figure, "Reset all").click()
    assert points(figure) == POINTS
    for _ in range(30):
        button(figure, "100 steps").press("Enter")
    assert_agrees_with_the_package(figure, 3000)
    axis = np.linspace(-4, 4, 81)
    plane = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    rows = weights(figure)
    predicted = np.take(PRESENT, (plane @ rows[:, :2].T + rows[:, 2]).argmax(axis=1))
    assert predicted.tolist() == trained(0.5, 0.001, 3000).predict(plane).tolist()


def test_temperature_moves_probabilities_and_nothing_else(page, figure):
    button(figure, "100 steps").click()
    before, loss = weights(figure), number(figure, "loss")
    picture = pixels(figure, "plane")
    drag(page, control(figure, "Temperature"), 0.9)
    temperature = float(control(figure, "Temperature, as a number").input_value())
    assert temperature > 4
    assert weights(figure).tolist() == before.tolist()
    assert number(figure, "loss") == loss
    p = sm.softmax(before[:, 2], temperature=temperature)  # at the cursor, which is at 0, 0
    assert values(figure, PROBABILITIES) == close(p)
    assert pixels(figure, "plane") != picture
    button(figure, "100 steps").click()
    assert_agrees_with_the_package(figure, 200)


def test_training_runs_and_pauses(figure):
    curve = pixels(figure, "curve")
    press(button(figure, "Train"), "Enter")
    figure.page.wait_for_function(
        "Number(document.querySelector('softmax-playground').stepsShown.dataset.value) > 5"
    )
    press(button(figure, "Pause"), "Enter")
    steps = int(number(figure, "steps"))
    wait_for_status(figure, f"Paused. After {steps} steps")
    assert_agrees_with_the_package(figure, steps)
    assert pixels(figure, "curve") != curve
    assert number(figure, "steps") == steps


@pytest.mark.slow
def test_training_ends_where_nothing_moves(figure):
    figure.get_by_label("points", exact=True).select_option("a ring")
    button(figure, "Train").click()
    wait_for_status(figure, "Training has converged")
    assert button(figure, "Train").is_visible()
    assert number(figure, "loss") > 0.6


def test_training_stops_when_the_figure_leaves_the_screen(page, figure):
    button(figure, "Train").click()
    page.evaluate("window.scrollTo(0, 0)")
    wait_for_status(figure, "left the screen")
    assert not figure.evaluate("e => Boolean(e.running)")


@pytest.mark.slow
def test_training_stops_when_the_figure_leaves_the_page(bare):
    figure = find(bare, "playground")
    button(figure, "Train").click()
    running = "e => { const before = Boolean(e.running); const parent = e.parentNode; e.remove();"
    running += " const after = Boolean(e.running); parent.append(e); return [before, after]; }"
    assert figure.evaluate(running) == [True, False]
    button(figure, "Reset all").click()
    button(figure, "Step").click()
    assert_agrees_with_the_package(figure, 1)


@pytest.mark.slow
def test_a_second_finger_does_not_take_the_point_that_the_first_one_holds(bare):
    figure = find(bare, "playground")
    button(figure, "Reset all").click()
    x1, x2, _ = points(figure)[0]
    bare.mouse.move(*where(figure, x1, x2))
    bare.mouse.down()
    bare.mouse.move(*where(figure, x1 + 0.5, x2), steps=3)
    held = points(figure)
    for kind in ("pointermove", "pointerup"):
        figure.evaluate(
            "(e, kind) => e.plane.dispatchEvent(new PointerEvent(kind, { pointerId: 99 }))", kind
        )
    assert points(figure) == held
    bare.mouse.move(*where(figure, x1 + 1, x2), steps=3)
    bare.mouse.up()
    assert len(points(figure)) == len(held)
    assert points(figure) != held


@pytest.mark.slow
def test_a_point_that_is_held_when_the_figure_leaves_the_page_is_let_go(bare):
    figure = find(bare, "playground")
    button(figure, "Reset all").click()
    x1, x2, _ = points(figure)[0]
    bare.mouse.move(*where(figure, x1, x2))
    bare.mouse.down()
    figure.evaluate("e => { window.gone = e; e.remove(); }")
    bare.mouse.up()
    bare.evaluate("document.body.append(window.gone)")
    before = points(figure)
    bare.mouse.move(*where(figure, x1 + 1, x2), steps=3)
    assert points(figure) == before


@pytest.mark.slow
def test_a_press_that_ends_outside_is_over(bare):
    figure = find(bare, "playground")
    button(figure, "Reset all").click()
    before = points(figure)
    bare.mouse.move(*where(figure, -3.8, 3.8))
    bare.mouse.down()
    bare.mouse.move(1, 1, steps=3)
    bare.mouse.up()
    x1, x2, _ = before[0]
    bare.mouse.move(*where(figure, x1, x2))
    assert plane(figure).evaluate("e => e.style.cursor") == "grab"
    assert points(figure) == before


def test_training_that_diverges_says_so_and_stops(figure):
    control(figure, "Learning rate, as a number").fill("100")
    control(figure, "L2 strength, as a number").fill("1")
    button(figure, "100 steps").click()
    wait_for_status(figure, "Training diverged after")
    assert number(figure, "steps") < 100
    # What is kept is the last step that the classifier, too, would keep.
    assert_agrees_with_the_package(figure, int(number(figure, "steps")), 100.0, 1.0)
    assert np.isfinite(weights(figure)).all()
    assert np.isfinite(number(figure, "loss"))
    assert "NaN" not in figure.evaluate("e => e.shadowRoot.textContent")
    assert button(figure, "Step").get_attribute("aria-disabled") == "true"
    steps = number(figure, "steps")
    press(button(figure, "Step"), "Enter")
    assert number(figure, "steps") == steps
    control(figure, "Learning rate, as a number").fill("0.5")
    button(figure, "Reset weights").click()
    button(figure, "100 steps").click()
    assert_agrees_with_the_package(figure, 100, 0.5, 1.0)


def test_keys_add_move_and_remove_a_point(figure):
    press(plane(figure), "4")
    assert figure.get_by_label("diamond").is_checked()
    for key, times in [("ArrowRight", 3), ("ArrowDown", 2), ("Shift+ArrowDown", 4)]:
        press(plane(figure), key, times)
    press(plane(figure), "Enter")
    assert points(figure)[-1] == [0.3, -2.2, 3]
    assert values(figure, COUNTS) == [10, 10, 10, 1]
    wait_for_status(figure, "Added a diamond at 0.30, −2.20")
    press(plane(figure), " ")
    press(plane(figure), "ArrowLeft", 2)
    assert points(figure)[-1] == [0.1, -2.2, 3]
    press(plane(figure), " ")
    press(plane(figure), "ArrowLeft", 3)
    assert points(figure)[-1] == [0.1, -2.2, 3]
    wait_for_status(figure, "Cursor at −0.20, −2.20")
    button(figure, "100 steps").click()
    assert_agrees_with_the_package(figure, 100)
    press(plane(figure), "ArrowRight", 3)
    press(plane(figure), "Delete")
    assert len(points(figure)) == 30
    wait_for_status(figure, "Removed the diamond")


def test_keys_go_from_point_to_point(figure):
    press(plane(figure), "n")
    x1, x2, _ = points(figure)[0]
    button(figure, "Step").click()
    row = weights(figure)
    assert values(figure, PROBABILITIES) == close(sm.softmax(row @ [x1, x2, 1]))
    press(plane(figure), "Shift+N")
    press(plane(figure), "Backspace")
    assert values(figure, COUNTS) == [10, 10, 9]


def test_the_mouse_adds_drags_and_removes_a_point(page, figure):
    figure.get_by_label("panda").check()
    page.mouse.click(*where(figure, -3.2, 3.1))
    assert points(figure)[-1] == pytest.approx([-3.2, 3.1, 1], abs=0.03)
    page.mouse.move(*where(figure, -3.2, 3.1))
    page.mouse.down()
    page.mouse.move(*where(figure, 3.0, -3.0), steps=4)
    page.mouse.up()
    assert points(figure)[-1] == pytest.approx([3.0, -3.0, 1], abs=0.05)
    assert len(points(figure)) == 31
    button(figure, "100 steps").click()
    assert_agrees_with_the_package(figure, 100)
    button(figure, "Remove point").click()
    assert len(points(figure)) == 30


def test_a_point_cannot_leave_the_plane(page, figure):
    page.mouse.click(*where(figure, -3.2, 3.1))
    page.mouse.move(*where(figure, -3.2, 3.1))
    page.mouse.down()
    page.mouse.move(*where(figure, -7.0, 7.0), steps=4)
    page.mouse.up()
    assert points(figure)[-1][:2] == [-4, 4]


@pytest.mark.slow
def test_points_that_move_during_training_count_from_then_on(figure):
    press(button(figure, "Step"), "Enter")
    data = np.array(points(figure))
    before = weights(figure)
    press(plane(figure), "n")
    press(plane(figure), " ")
    press(plane(figure), "ArrowUp", 5)
    press(plane(figure), " ")
    press(button(figure, "Step"), "Enter")
    moved = np.array(points(figure))
    assert moved[0, 1] == pytest.approx(data[0, 1] + 0.5)
    ones = np.column_stack([moved[:, :2], np.ones(30)])
    delta = sm.cross_entropy_with_grad(ones @ before.T, moved[:, 2].astype(int))[1]
    gradient = delta.T @ ones + 0.001 * before * [1, 1, 0]
    assert weights(figure).ravel().tolist() == close((before - 0.5 * gradient).ravel())


@pytest.mark.slow
def test_an_empty_plane_waits_for_points(figure):
    figure.get_by_label("points", exact=True).select_option("none")
    wait_for_status(figure, "The plane is empty")
    press(button(figure, "Train"), "Enter")
    wait_for_status(figure, "two classes or more")
    for key in ("1", "Enter", "2", "Shift+ArrowUp", "Enter"):
        press(plane(figure), key)
    button(figure, "Step").click()
    assert_agrees_with_the_package(figure, 1)


@pytest.mark.slow
def test_a_class_that_loses_its_last_point_starts_from_zero(figure):
    figure.get_by_label("points", exact=True).select_option("none")
    for key in ("1", "Enter", "2", "Shift+ArrowUp", "Enter", "3", "Shift+ArrowUp", "Enter"):
        press(plane(figure), key)
    button(figure, "100 steps").click()
    press(plane(figure), "Delete")
    assert len(weights(figure)) == 2
    press(plane(figure), "Enter")
    assert weights(figure)[2].tolist() == [0, 0, 0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "loss"), [("a ring", 0.66), ("a chessboard (xor)", 0.69), ("six groups", 0.0)]
)
def test_presets_show_where_linear_ends(figure, preset, loss):
    figure.get_by_label("points", exact=True).select_option(preset)
    for _ in range(10):
        button(figure, "100 steps").press("Enter")
    assert_agrees_with_the_package(figure, 1000)
    assert number(figure, "loss") == pytest.approx(loss, abs=0.1)


def test_colors_follow_the_theme(page, figure):
    switch_theme(page, "light")
    light = [pixels(figure, name) for name in ("plane", "curve")]
    switch_theme(page, "dark")
    dark = [pixels(figure, name) for name in ("plane", "curve")]
    assert light[0] != dark[0]
    assert light[1] != dark[1]
    switch_theme(page, "light")
    assert [pixels(figure, name) for name in ("plane", "curve")] == light


@pytest.mark.slow
def test_where_motion_is_unwelcome_only_steps_train(visit, file):
    page = visit(file, reduced_motion="reduce")
    figure = find(page, "playground")
    press(button(figure, "Train"), "Enter")
    wait_for_status(figure, "reduced motion")
    assert number(figure, "steps") == 0
    button(figure, "100 steps").click()
    assert_agrees_with_the_package(figure, 100)


def test_a_finger_taps_and_a_phone_is_wide_enough(visit, file):
    page = visit(file, width=390, has_touch=True)
    figure = find(page, "playground")
    plane(figure).scroll_into_view_if_needed()
    page.touchscreen.tap(*where(figure, -3.2, 3.1))
    assert points(figure)[-1] == pytest.approx([-3.2, 3.1, 0], abs=0.05)
    figure.get_by_label("points", exact=True).select_option("six groups")
    button(figure, "100 steps").click()
    assert too_wide(page) == 0
    assert misfits(figure) == []


def test_no_text_is_small(figure):
    sizes = figure.evaluate(
        "e => [...e.shadowRoot.querySelectorAll('*')].filter(n => n.textContent.trim())"
        ".map(n => parseFloat(getComputedStyle(n).fontSize))"
    )
    assert min(sizes) >= 13
    fonts = figure.evaluate("e => [e.plane, e.curve].map(c => c.getContext('2d').font)")
    assert all(font.startswith("13px") for font in fonts)


def test_only_the_points_at_the_start_are_animals(figure):
    names = figure.locator(".choice").all_text_contents()
    assert names == ["seal", "panda", "duck", "diamond", "wedge", "pentagon"]
    control(figure, "points").select_option("six groups")
    names = figure.locator(".choice").all_text_contents()
    assert names[:3] == ["circle", "square", "triangle"]
    assert figure.locator(".name").all_text_contents() == names


def test_markers_are_points_and_regions_have_names(figure):
    animals = ["seal", "panda", "duck"]
    names = set(animals)
    assert not names & {word for word, *_ in drawn(figure, "plane")["words"]}
    button(figure, "100 steps").click()
    found = drawn(figure, "plane")
    assert found["shapes"] == len(points(figure))
    rows, box = weights(figure), plane(figure).bounding_box()
    left, top = where(figure, -4, 4)
    for word, x, y in found["words"]:
        if word in names:
            x1 = (box["x"] + x - left) / (box["width"] - 36) * 8 - 4
            x2 = 4 - (box["y"] + y - top) / (box["height"] - 32) * 8
            assert (rows @ [x1, x2, 1]).argmax() == animals.index(word)
            names.remove(word)
    assert not names


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
def test_the_sixth_class_is_not_a_second_blue(page, figure, theme):
    switch_theme(page, theme)
    colors = figure.evaluate(
        "e => [0, 5].map(k => getComputedStyle(e.shadowRoot.querySelector(`.s${k}`))"
        ".backgroundColor.match(/\\d+/g).map(Number))"
    )
    switch_theme(page, "light")
    assert np.linalg.norm(np.subtract(*colors)) > 100


def test_the_cross_hairs_are_visible_without_focus(figure):
    before = pixels(figure, "plane")
    figure.evaluate("e => { e.cursor = [-3, 3]; e.redraw(); }")
    assert pixels(figure, "plane") != before


@pytest.mark.slow
def test_the_status_is_never_behind_the_numbers(figure):
    button(figure, "100 steps").click()
    wait_for_status(figure, "After 100 steps")
    control(figure, "L2 strength, as a number").fill("0.5")
    wait_for_status(figure, f"the loss is {number(figure, 'loss'):.4f}")
    control(figure, "Learning rate, as a number").fill("0.01")
    button(figure, "Train").click()
    for key in ("n", " ", "ArrowUp"):
        press(plane(figure), key)
    assert "After" not in wait_for_status(figure, "Moved to")


def test_numbers_of_the_curve_keep_apart_at_any_rate(figure):
    control(figure, "Learning rate, as a number").fill("100")
    for _ in range(3):
        button(figure, "Step").click()
    assert number(figure, "loss") > 3
    heights = sorted(y for _, x, y in drawn(figure, "curve")["words"] if x < 34)
    assert len(heights) == 2
    assert np.diff(heights).min() > 13


def test_the_label_of_a_guess_stays_within_the_curve(figure):
    [(word, x)] = [(w, x) for w, x, _ in drawn(figure, "curve")["words"] if w.startswith("guess")]
    assert word == f"guess: {np.log(3):.2f}"
    wide = figure.evaluate("(e, w) => e.curve.getContext('2d').measureText(w).width", word)
    assert x - wide > 34


@pytest.mark.parametrize("width", WIDTHS)
def test_the_plane_is_in_sight_while_a_slider_moves(visit, file, width):
    page = visit(file, width=width)
    figure = find(page, "playground")
    assert too_wide(page) == 0
    parts = (".plane", "input[type=range]", ".curve")
    assert span(figure, *parts) < page.viewport_size["height"]


def test_the_challenge_checks_itself(figure):
    challenge = figure.locator(".challenge")
    data = np.array(points(figure))
    model = trained(0.5, 0.001, 100, data[:, :2], data[:, 2].astype(int))
    goal = sm.cross_entropy(model.predict_log_proba(data[:, :2]), data[:, 2].astype(int))
    goal += 0.001 / 2 * np.sum(model.coef_**2)
    assert challenge.text_content() == (
        f"Challenge. At a learning rate of 0.5, 100 steps bring the loss to {goal:.4f}. "
        "Get there in 10 or fewer. Now 1.0986."
    )
    button(figure, "100 steps").click()
    assert challenge.text_content().endswith("change the learning rate and reset the weights.")
    button(figure, "Reset weights").click()
    control(figure, "Learning rate, as a number").fill("4")
    for _ in range(7):
        button(figure, "Step").click()
    assert challenge.text_content().endswith("Solved in 6 steps. Can you do it in fewer?")
    wait_for_status(figure, "Challenge solved.")
    press(plane(figure), "Enter")
    assert challenge.text_content().endswith("The points have changed: Reset all brings them back.")


def test_the_address_keeps_settings_and_points(page, figure, visit):
    figure.get_by_label("points", exact=True).select_option("a ring")
    control(figure, "Learning rate, as a number").fill("2")
    control(figure, "Temperature, as a number").fill("0.5")
    link = "#playground:points=3&rate=2&alpha=0.001&temperature=0.5"
    page.wait_for_function("link => location.hash === link", arg=link)
    other = find(visit(page.url), "playground")
    assert values(other, COUNTS) == [12, 20]
    button(other, "Step").click()
    assert_agrees_with_the_package(other, 1, 2.0)
    figure.get_by_label("points", exact=True).select_option("none")
    for key in ("6", "Enter", "2", "Shift+ArrowUp", "Enter"):
        press(plane(figure), key)
    page.wait_for_function("location.hash.startsWith('#playground:points=0,0,5;0,0.5,1&')")
    other = find(visit(page.url), "playground")
    assert points(other) == [[0, 0, 5], [0, 0.5, 1]]
    button(figure, "Reset all").click()
    page.wait_for_function("location.hash === ''")


@pytest.mark.parametrize(
    "state",
    mostly_slow(
        [
            "points=6&rate=1&alpha=0&temperature=1",
            "points=0,0,6&rate=1&alpha=0&temperature=1",
            "points=0,4.1,5&rate=1&alpha=0&temperature=1",
            "points=0,0&rate=1&alpha=0&temperature=1",
            "points=0&rate=101&alpha=0&temperature=1",
            "points=0&rate=1&alpha=0",
            "points=",
        ],
        "points=0,0,6&rate=1&alpha=0&temperature=1",
    ),
)
def test_an_address_that_cannot_be_shown_opens_the_page_as_usual(page, figure, state):
    follow_link(page, f"playground:{state}")
    assert points(figure) == start(figure)["presets"]["as at the start"]
    assert control(figure, "Learning rate, as a number").input_value() == "0.5"
