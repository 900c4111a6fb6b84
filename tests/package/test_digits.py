"""Drawn digits come into the form of MNIST, and are then read as MNIST's own are."""

import json

import numpy as np
import pytest

import softmax as sm
from softmax import digits
from softmax.digits import center_digit, draw_strokes
from tools.references import ROOT

STROKES = json.loads((ROOT / "tests/fixtures/live/digit_strokes.json").read_text("utf-8"))
PAPER = 140  # pixels of the side on which the live figure has its reader draw


@pytest.fixture(scope="module")
def mnist():
    return sm.load_mnist()


@pytest.fixture(scope="module")
def model(mnist):
    """A model as the chapter's, but trained for 3 quick epochs."""
    model = sm.SoftmaxClassifier(
        learning_rate="cosine",
        learning_rate_init=1.0,
        momentum=0.9,
        batch_size=256,
        max_iter=3,
        tol=None,
    )
    return model.set_params(random_state=0).fit(mnist.X_train, mnist.y_train)


@pytest.fixture(scope="module")
def some(mnist):
    """2,000 test digits as pictures, and what they are."""
    chosen = np.random.default_rng(0).choice(len(mnist.y_test), 2_000, replace=False)
    return mnist.X_test[chosen].astype(float).reshape(-1, 28, 28), mnist.y_test[chosen]


def placed(picture, scale, rng):
    """Return a digit scaled by `scale` and put somewhere on a paper five times as fine."""
    digit = digits._crop(picture)
    moved = []
    for length in digit.shape:
        size = 5 * scale
        start = rng.uniform(0, PAPER - size * length)
        starts = start + size * np.arange(length)
        cells = np.arange(PAPER)[:, np.newaxis]
        parts = np.minimum(starts + size, cells + 1) - np.maximum(starts, cells)
        moved.append(np.maximum(parts, 0))
    return moved[0] @ digit @ moved[1].T


def shrunk(paper):
    """Return the paper as 28 × 28 pixels, with the digit where it was."""
    return paper.reshape(28, 5, 28, 5).mean(axis=(1, 3))


def accuracy(model, pictures, labels):
    return model.score(np.array(pictures).reshape(len(labels), -1), labels)


@pytest.fixture(scope="module")
def moved(some):
    rng = np.random.default_rng(1)
    return [placed(picture, rng.uniform(0.5, 1.2), rng) for picture in some[0]]


def test_digits_of_mnist_come_back_as_they_were(some):
    for picture in some[0]:
        np.testing.assert_allclose(center_digit(picture), picture, rtol=0, atol=1e-12)


def test_moved_and_scaled_digits_are_read_nearly_as_well(model, some, moved):
    labels = some[1]
    there = accuracy(model, some[0], labels)
    back = accuracy(model, [center_digit(paper) for paper in moved], labels)
    print(f"as they were {there:.4f}, moved and scaled {back:.4f}")
    assert back >= 0.88
    assert back > there - 0.02


def test_without_centering_they_are_not(model, some, moved):
    lost = accuracy(model, [shrunk(paper) for paper in moved], some[1])
    print(f"moved and scaled, not centered: {lost:.4f}")
    assert lost < 0.3


def test_half_a_pixel_matters(model, some, moved, monkeypatch):
    at_14 = accuracy(model, [center_digit(paper) for paper in some[0]], some[1])
    monkeypatch.setattr(digits, "CENTER", 13.5)
    at_13 = accuracy(model, [center_digit(paper) for paper in some[0]], some[1])
    print(f"centered at 14: {at_14:.4f}, at 13.5: {at_13:.4f}")
    assert at_13 < at_14 - 0.015


@pytest.mark.parametrize(("name", "digit"), [("three", 3), ("seven", 7), ("zero in a corner", 0)])
def test_drawn_digits_are_read(model, name, digit):
    seen = center_digit(draw_strokes(STROKES[name], PAPER, 12))
    assert model.predict(seen.reshape(1, -1)) == digit


@pytest.mark.parametrize("shape", [(40, 4), (4, 40), (7, 3), (1, 1), (100, 99)])
def test_longer_side_fills_twenty_pixels_and_the_mass_lies_at_14(shape):
    paper = np.zeros((120, 130))
    paper[3 : 3 + shape[0], 17 : 17 + shape[1]] = 0.7
    seen = center_digit(paper)
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    for length, found in zip(shape, (rows, columns), strict=True):
        assert len(found) == np.ceil(20 * length / max(shape) - 1e-9)
    middle = [seen.sum(axis=axis) @ np.arange(28) / seen.sum() for axis in (1, 0)]
    assert np.all(np.abs(np.array(middle) - 14) <= 0.5 + 1e-9)
    # Area averaging keeps the ink: its mass grows by the square of the scale.
    assert seen.sum() == pytest.approx(0.7 * shape[0] * shape[1] * (20 / max(shape)) ** 2)


def test_a_tie_between_two_pixels_is_broken_the_same_way_despite_rounding():
    pixels = np.zeros((20, 20))
    pixels[:, 4:6] = 1.0
    for error in (-1e-13, 0, 1e-13):
        pixels[:, 5] = 1 + error
        columns = np.flatnonzero(center_digit(pixels).any(axis=0))
        assert columns.tolist() == [14, 15]


def test_ink_far_from_its_middle_is_lost_at_the_edge():
    paper = np.zeros((20, 20))
    paper[:, :5] = 1.0
    paper[0, :] = 0.01
    seen = center_digit(paper)
    assert seen.shape == (28, 28)
    assert seen[:, -1].max() == 0.01


def test_a_line_of_the_pen_has_its_width_and_round_ends():
    ink = draw_strokes([[(10, 20), (30, 20)]], size=40, width=6)
    assert ink[:, 20].sum() == pytest.approx(6)
    assert ink.sum() == pytest.approx(20 * 6 + np.pi * 9, abs=0.3)
    dot = draw_strokes([[(10, 20)]], size=40, width=6)
    assert dot.sum() == pytest.approx(np.pi * 9, abs=0.3)
    assert draw_strokes([], size=3, width=2).tolist() == [[0, 0, 0]] * 3


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.ones(784), r"must be a table .* got shape \(784,\)"),
        (np.full((28, 28), np.nan), r"numbers >= 0, got nan at index \(0, 0\)"),
        (-np.eye(28), "got -1.0"),
        (np.zeros((28, 28)), "must have ink"),
        (np.zeros((0, 0)), "must have ink"),
    ],
)
def test_what_is_no_picture_is_refused(picture, message):
    with pytest.raises(ValueError, match=message):
        center_digit(picture)


@pytest.mark.parametrize("exponent", [1023, -1000, 3])
def test_brightness_may_be_of_any_size(exponent, some):
    picture = some[0][0] / 256
    assert np.array_equal(
        center_digit(np.ldexp(picture, exponent)), np.ldexp(center_digit(picture), exponent)
    )


def test_masked_ink_is_refused():
    picture = np.ma.masked_greater(np.eye(28) * np.arange(28), 20)
    with pytest.raises(TypeError, match=r"pass picture\.filled\(0\)"):
        center_digit(picture)
    assert center_digit(picture.filled(0)).shape == (28, 28)
    stroke = np.ma.masked_greater([[1.0, 1.0], [2.0, 2.0], [99.0, 2.0]], 50)
    with pytest.raises(TypeError, match=r"pass np\.ma\.compress_rows\(stroke\)"):
        draw_strokes([stroke], size=10, width=2)
    drawn = draw_strokes([np.ma.compress_rows(stroke)], size=10, width=2)
    assert np.array_equal(drawn, draw_strokes([stroke[:2].data], size=10, width=2))


@pytest.mark.parametrize("stroke", [[], [1.0, 2.0], [[1.0, 2.0, 3.0]]])
def test_what_is_no_stroke_is_refused(stroke):
    with pytest.raises(ValueError, match="A stroke must have shape"):
        draw_strokes([stroke], size=10, width=2)


@pytest.mark.parametrize("width", [0, -2, np.nan, np.inf, "2"])
def test_width_that_is_not_positive_is_refused(width):
    message = f"^`width` must be a finite number > 0, got {width!r}\\.$"
    with pytest.raises(ValueError, match=message):
        draw_strokes([[(1.0, 1.0)]], size=10, width=width)


def test_a_stroke_from_nowhere_is_refused():
    with pytest.raises(ValueError, match="finite coordinates, got"):
        draw_strokes([[(1.0, np.nan)]], size=10, width=2)


@pytest.mark.parametrize(("size", "error"), [(2.5, TypeError), (-1, ValueError), (0, ValueError)])
def test_size_that_is_not_a_count_is_refused(size, error):
    with pytest.raises(error, match="`size` must be an integer"):
        draw_strokes([[(1.0, 1.0)]], size=size, width=1)
