"""What `live.draw_digit` takes and refuses, and what it sends to the reader."""

import base64
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from bs4 import BeautifulSoup

import softmax as sm
from softmax import live
from softmax.digits import center_digit, draw_strokes
from softmax.live._digit.figure import LIMITS, SEVEN
from tools.references import LEFT_OUT

RNG = np.random.default_rng(0)
MODEL = SimpleNamespace(coef_=RNG.normal(size=(10, 784)), intercept_=RNG.normal(size=10))
SAMPLES = sm.load_mnist().X_test[:3]
LABELS = [7, 2, 1]


def decoded(text, kind):
    return np.frombuffer(base64.b64decode(text), kind)


def test_weights_travel_as_float32_and_samples_as_bytes():
    start = live.draw_digit(MODEL, SAMPLES, LABELS).start
    weights = decoded(start["weights"], "<f4")
    np.testing.assert_array_equal(weights[:7840].reshape(10, 784), np.float32(MODEL.coef_))
    np.testing.assert_array_equal(weights[7840:], np.float32(MODEL.intercept_))
    assert len(start["weights"]) == 41_868
    for text, sample in zip(start["samples"], SAMPLES, strict=True):
        np.testing.assert_array_equal(np.float32(decoded(text, np.uint8) / 255), sample)
    assert start["labels"] == LABELS


def test_picture_shows_the_sample_of_which_the_model_is_least_sure():
    X = np.array([center_digit(sample.reshape(28, 28)).ravel() for sample in SAMPLES])
    P = sm.softmax(X @ MODEL.coef_.T + MODEL.intercept_)
    hardest = P.max(axis=1).argmin()
    figure = live.draw_digit(MODEL, SAMPLES, LABELS)
    assert figure.start["first"] == hardest
    alt = figure.alt
    assert alt.startswith(f"A handwritten {LABELS[hardest]};")
    assert f"that of {P[hardest].argmax()}, with {P[hardest].max():.2f}." in alt


def test_compact_picture_shows_a_drawn_7_and_its_probability():
    figure = live.draw_digit(MODEL, SAMPLES, LABELS, compact=True)
    assert figure.start["strokes"] == SEVEN
    assert figure.start["temperature"] == 1
    x = center_digit(draw_strokes(SEVEN, LIMITS["paper"], LIMITS["pen"])).ravel()
    z = MODEL.coef_ @ x + MODEL.intercept_
    z -= z.mean()
    p = sm.softmax(z)
    assert f"the highest {z.max():.1f} for {z.argmax()}" in figure.alt
    assert f"{p.max():.3f} for {p.argmax()}" in figure.alt


def test_references_leave_out_the_weights_and_nothing_else_of_the_start():
    figure = live.draw_digit(MODEL, SAMPLES, LABELS)
    html = figure._repr_html_()
    for pattern, replacement in LEFT_OUT:
        html = re.sub(pattern, replacement, html)
    element = BeautifulSoup(html, "html.parser").find("softmax-digit")
    assert json.loads(element["data-start"]) == figure.start | {"weights": "LEFT+OUT"}


def changed(**changes):
    return {"model": MODEL, "samples": SAMPLES, "labels": LABELS} | changes


def small(shape):
    return SimpleNamespace(coef_=np.zeros(shape), intercept_=np.zeros(shape[0]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (changed(model=small((10, 64))), r"coef_ of shape \(10, 784\), got shape \(10, 64\)"),
        (changed(model=small((3, 784))), r"got shape \(3, 784\)"),
        (
            changed(model=SimpleNamespace(coef_=MODEL.coef_, intercept_=[0.0])),
            r"shape \(10,\), got \(1,\)",
        ),
        (
            changed(samples=SAMPLES[0], labels=[7]),
            r"1 to 10 rows of 784 pixels, got shape \(784,\)",
        ),
        (changed(samples=SAMPLES[:0], labels=[]), r"got shape \(0, 784\)"),
        (changed(samples=np.ones((11, 784))), r"shape \(11, 784\)"),
        (
            changed(samples=255 * SAMPLES),
            r"got \d+.0 at index \(0, \d+\). Divide the pixels by 255",
        ),
        (changed(samples=SAMPLES * np.nan), "got nan"),
        (changed(samples=0 * SAMPLES), "ink in every row, got none in row 0"),
        (changed(labels=[7, 2]), r"a digit from 0 to 9 for each sample, got \[7, 2\]"),
        (changed(labels=[7, 2, 10]), r"got \[7, 2, 10\]"),
    ],
)
def test_draw_digit_says_what_it_cannot_show(arguments, message):
    with pytest.raises(ValueError, match=message):
        live.draw_digit(**arguments)
