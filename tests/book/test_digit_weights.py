"""The weights on the page of MNIST are those that its chapter trains.

References and nbval leave them out: the last bits of a trained weight differ between machines.
Here they are compared with a tolerance, with a model that is trained by the chapter's own cells.
"""

import base64
import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bs4 import BeautifulSoup

from tools.references import chapters_with_code, read_chapter

pytestmark = pytest.mark.slow

# What rounding to float32 and another order of sums may change; weights are of the size of 1.
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def start(site):
    """Return what the figure on the built page starts from."""
    page = BeautifulSoup((site / "book" / "mnist.html").read_text("utf-8"), "html.parser")
    return json.loads(page.find("softmax-digit")["data-start"])


@pytest.fixture(scope="module")
def chapter(start):
    """Return the variables of the chapter once the figure's classifier is trained."""
    names = {}
    # The chapter sets a style and draws, which later tests should not see.
    with plt.rc_context():
        for cell in read_chapter(chapters_with_code()["mnist"]).cells:
            if cell.cell_type != "code":
                continue
            exec(cell.source, names)
            if "reader" in names:
                plt.close("all")
                return names
    raise AssertionError("The chapter trains no `reader`.")


@pytest.fixture(scope="module")
def weights(start):
    numbers = np.frombuffer(base64.b64decode(start["weights"]), "<f4").astype(float)
    return numbers[:-10].reshape(10, 784), numbers[-10:]


def test_weights_of_the_page_are_those_of_the_chapter(weights, chapter):
    model = chapter["reader"]
    np.testing.assert_allclose(weights[0], model.coef_, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(weights[1], model.intercept_, rtol=0, atol=TOLERANCE)


def test_weights_of_the_page_read_the_test_set_as_the_chapter_does(weights, chapter):
    W, b = weights
    X, model = chapter["digits"].X_test, chapter["reader"]
    unclear = np.diff(np.sort(model.decision_function(X), axis=1)[:, -2:], axis=1)[:, 0] < 0.01
    said = (X @ W.T + b).argmax(axis=1)
    np.testing.assert_array_equal(said[~unclear], model.predict(X)[~unclear])
    assert unclear.mean() < 0.01


def test_samples_of_the_page_are_test_digits(start, chapter):
    X, y = chapter["digits"].X_test, chapter["digits"].y_test
    for text, label in zip(start["samples"], start["labels"], strict=True):
        sample = np.frombuffer(base64.b64decode(text), np.uint8) / 255
        assert np.abs(X[y == label] - sample).max(axis=1).min() < 1e-6
