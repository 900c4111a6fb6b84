"""What the browser makes of drawn strokes and pictures is what softmax.digits makes of them."""

import base64
import json

import numpy as np
import pytest

import softmax as sm
from softmax.digits import center_digit, draw_strokes
from tests.browser.figures import mostly_slow
from tools.references import ROOT

CLOSE = {"rtol": 1e-12, "atol": 1e-12}
STROKES = json.loads((ROOT / "tests/fixtures/live/digit_strokes.json").read_text("utf-8"))
SIZE, PEN = 140, 12
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def evaluate(browser, modules):
    """Return a function that evaluates an expression of `digits` and `x`."""
    page = browser.new_page()
    page.goto(f"{modules}/_digit/numerics.mjs")

    def run(expression, x):
        return page.evaluate(
            "async ([expression, x]) => { const digits = await import('/_digit/numerics.mjs');"
            " return new Function('digits', 'x', `return ${expression}`)(digits, x); }",
            [expression, x],
        )

    yield run
    page.close()


def drawn(evaluate, strokes):
    numbers = evaluate(
        "(() => { const ink = new Float64Array(140 * 140);"
        " for (const stroke of x) stroke.forEach((point, i) =>"
        " digits.drawLine(ink, 140, stroke[Math.max(i - 1, 0)], point, 12)); return [...ink]; })()",
        strokes,
    )
    return np.array(numbers).reshape(SIZE, SIZE)


def centered(evaluate, picture):
    numbers = evaluate(
        "[...digits.centerDigit(x.flat(), x.length, x[0].length)]", np.asarray(picture).tolist()
    )
    return np.array(numbers).reshape(28, 28)


@pytest.mark.parametrize("name", mostly_slow(STROKES, "three", "zero in a corner"))
def test_strokes_are_drawn_the_same_to_the_last_bit(evaluate, name):
    expected = draw_strokes(STROKES[name], SIZE, PEN)
    np.testing.assert_array_equal(drawn(evaluate, STROKES[name]), expected)


@pytest.mark.parametrize("name", mostly_slow(STROKES, "three", "zero in a corner"))
def test_strokes_are_centered_the_same(evaluate, name):
    ink = draw_strokes(STROKES[name], SIZE, PEN)
    np.testing.assert_allclose(centered(evaluate, ink), center_digit(ink), **CLOSE)


@pytest.mark.slow
def test_test_digits_are_centered_the_same(evaluate):
    for row in sm.load_mnist().X_test[:20].astype(float):
        picture = row.reshape(28, 28)
        np.testing.assert_allclose(centered(evaluate, picture), center_digit(picture), **CLOSE)


@pytest.mark.parametrize("shape", [(1, 1), (3, 50), (50, 3), (61, 47), (20, 20), (20, 2)])
def test_other_pictures_are_centered_the_same(evaluate, shape):
    for picture in (RNG.random(shape), np.ones(shape), RNG.random(shape) < 0.1):
        if picture.any():
            picture = picture.astype(float)
            np.testing.assert_allclose(centered(evaluate, picture), center_digit(picture), **CLOSE)


def test_a_picture_without_ink_has_no_digit(evaluate):
    assert evaluate("digits.centerDigit(x, 2, 2)", [0, 0, 0, 0]) is None


def test_weights_are_raised_to_float64(evaluate):
    weights = RNG.normal(size=100).astype("<f4")
    text = base64.b64encode(weights.tobytes()).decode("ascii")
    assert evaluate("[...digits.floats(x)]", text) == weights.astype(float).tolist()


def test_logits_are_those_of_the_model_less_their_mean(evaluate):
    W, b, x = RNG.normal(size=(10, 784)), RNG.normal(size=10), RNG.random(784)
    found = evaluate(
        "digits.logitsOf(x[0], digits.centeredWeights(x[1]))",
        [x.tolist(), [*W.ravel().tolist(), *b.tolist()]],
    )
    z = W @ x + b
    np.testing.assert_allclose(found, z - z.mean(), rtol=1e-12, atol=1e-11)
