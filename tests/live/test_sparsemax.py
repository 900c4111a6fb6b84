"""The sparsemax figure's arguments, its picture's numbers, and what it starts from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose

import softmax as sm
from softmax import live
from softmax.live._sparsemax.figure import entmax
from tests.book.chapters import chapter_functions

chapter = chapter_functions("beyond-softmax")
logits = hnp.arrays(float, st.integers(1, 6), elements=st.floats(-5, 5))


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0.0, 1.0],), {}, r"`z` must be one vector of 3 logits, got shape \(2,\)"),
        (([0.0, 1.0, 1.3],), {}, "`z` must hold logits from -1.25 to 1.25"),
        ((np.zeros(3), ["a", "b"]), {}, "each of the 3 logits, got 2"),
        ((np.zeros(3),), {"alpha": 2.1}, "`alpha` must be a number from 1 to 2, got 2.1"),
        ((np.zeros(3),), {"alpha": np.nan}, "`alpha` .* got nan"),
    ],
)
def test_it_says_what_it_cannot_show(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        live.sparsemax(*arguments, **options)


@given(logits)
def test_entmax_ends_at_softmax_and_at_sparsemax(z):
    assert_allclose(entmax(z, 1.0), sm.softmax(z), rtol=1e-12)
    assert_allclose(entmax(z, 1 + 1e-9), sm.softmax(z), rtol=1e-6)
    assert_allclose(entmax(z, 2.0), chapter.sparsemax(z), atol=1e-12)


@given(logits, st.floats(1.01, 2))
def test_entmax_maximizes_its_concave_objective(z, alpha):
    """The objective is p·z - sum p ** alpha / (alpha (alpha - 1)).

    At the maximum its slopes are equal where p > 0, and nowhere larger.
    """
    p = entmax(z, alpha)
    assert p.sum() == pytest.approx(1)
    slopes = z - p ** (alpha - 1) / (alpha - 1)
    top = slopes[z.argmax()]
    assert_allclose(slopes[p > 1e-9], top, atol=1e-5)
    assert (slopes <= top + 1e-5).all()


def test_the_picture_says_its_numbers():
    figure = live.sparsemax([0.25, 1.23, -0.8], ["seal", "panda", "duck"], alpha=1.5)
    assert figure.start == {
        "z": [0.25, 1.23, -0.8],
        "alpha": 1.5,
        "labels": ["seal", "panda", "duck"],
    }
    assert "softmax: seal 0.249, panda 0.664, duck 0.087" in figure.alt
    seal, panda, duck = entmax(np.array([0.25, 1.23, -0.8]), 1.5)
    shares = f"entmax, alpha = 1.5: seal {seal:.3f}, panda {panda:.3f}, duck {duck:.3f}"
    assert shares in figure.alt
    assert "sparsemax: class 1 0.010, class 2 0.990" in live.sparsemax([0.25, 1.23, -0.8]).alt
