"""Problems of attention for the tests of two chapters: stored ones of PyTorch, and random ones."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from numpy.testing import assert_array_equal


def pytorch_cases():
    path = Path(__file__).parents[1] / "fixtures" / "pytorch_attention.json"
    return [pytest.param(case, id=case["name"]) for case in json.loads(path.read_text())["cases"]]


def prepare(case):
    """Return Q, K, V, the mask and the scale of a stored case, in our functions' terms."""
    Q, K, V = (np.array(array) for array in case["inputs"])
    mask = None if case["mask"] is None else np.array(case["mask"])
    if case["options"].get("is_causal"):
        mask = np.tri(Q.shape[-2], K.shape[-2], dtype=bool)
    return Q, K, V, mask, case["options"].get("scale")


@st.composite
def problems(draw):
    """Return Q, K, V and a mask of random shapes; scores are up to some thousands."""
    sizes = st.integers(1, 9)
    n, m, d, d_v = (draw(sizes) for _ in range(4))
    leading = draw(st.sampled_from([(), (2,), (2, 3)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    Q = 10.0 ** draw(st.integers(-1, 3)) * rng.normal(size=(*leading, n, d))
    K, V = rng.normal(size=(*leading, m, d)), rng.normal(size=(*leading, m, d_v))
    mask = rng.random((n, m)) < draw(st.sampled_from([0.0, 0.3, 0.9, 1.0]))
    return Q, K, V, mask


def assert_among_the_visible_values(output, problem):
    """Compare outputs with the range of the values that each query sees, or with 0 without any."""
    _, _, V, mask = problem
    for i, visible in enumerate(mask):
        if not visible.any():
            assert_array_equal(output[..., i, :], 0)
            continue
        low, high = V[..., visible, :].min(axis=-2), V[..., visible, :].max(axis=-2)
        assert (output[..., i, :] >= low - 1e-14).all()
        assert (output[..., i, :] <= high + 1e-14).all()
