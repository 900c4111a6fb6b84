"""The Jacobian figure's arguments, and the streams of its picture."""

import numpy as np
import pytest

import softmax as sm
from softmax import live
from softmax.live._jacobian.figure import flows

Z = np.array([0.25, 1.23, -0.8])


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0.0],), {}, r"`z` must be one vector of 2 to 5 logits, got shape \(1,\)"),
        ((np.zeros(6),), {}, r"shape \(6,\)"),
        (([0.0, 8.1],), {}, "logits from -8 to 8"),
        (([0.0, 1.0], 2), {}, "`target` must be an index from 0 to 1, got 2"),
        (([0.0, 1.0], 0, ["a"]), {}, "each of the 2 logits, got 1"),
        (([0.0, 1.0],), {"step": -1.1}, "`step` must be a number from -1 to 1, got -1.1"),
        (([0.0, 1.0],), {"step": np.nan}, "`step` .* got nan"),
    ],
)
def test_it_says_what_it_cannot_show(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        live.jacobian(*arguments, **options)


@pytest.mark.parametrize("step", [1.0, 0.5, 0.0, -1.0])
@pytest.mark.parametrize("target", range(3))
def test_streams_lead_from_p_to_what_the_jacobian_predicts(target, step):
    p = sm.softmax(Z)
    flow = flows(p, target, step)
    assert (flow >= 0).all()
    np.testing.assert_allclose(flow.sum(axis=1), p, rtol=1e-14)
    predicted = p + step * sm.softmax_jacobian(p)[:, target]
    np.testing.assert_allclose(flow.sum(axis=0), predicted, rtol=1e-14)


def test_the_words_for_the_picture_hold_its_numbers():
    alt = live.jacobian(Z, 1, ["seal", "panda", "duck"]).alt
    assert "logit of panda changes by +0.5: seal -0.083, panda +0.112, duck -0.029" in alt
