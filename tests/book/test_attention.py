"""The functions of the chapter on attention: PyTorch's values, blocks, masks, gradients, memory."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from tests.book.chapters import chapter_functions

chapter = chapter_functions("attention")
VERSIONS = [chapter.attention, chapter.blockwise_attention]


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


@pytest.mark.parametrize("case", pytorch_cases())
@pytest.mark.parametrize("version", VERSIONS)
def test_values_of_pytorch(version, case):
    output = version(*prepare(case))
    assert output.dtype == np.float64
    assert_allclose(output, case["output"], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("block", [1, 2, 3, 100])
@pytest.mark.parametrize("case", pytorch_cases())
def test_values_of_pytorch_in_small_blocks(case, block):
    output = chapter.blockwise_attention(*prepare(case), block=block)
    assert_allclose(output, case["output"], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("case", pytorch_cases())
def test_gradients_of_pytorch(case):
    Q, K, V, mask, scale = prepare(case)
    if scale is not None:  # the exercise asks for the usual scale only
        Q = Q * scale * np.sqrt(Q.shape[-1])
    grads = list(chapter.attention_vjp(Q, K, V, np.array(case["slopes"]), mask))
    if scale is not None:
        grads[0] = grads[0] * scale * np.sqrt(Q.shape[-1])
    for ours, theirs in zip(grads, case["grads"], strict=True):
        assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)


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


@given(problems(), st.integers(1, 12))
@settings(deadline=None)
def test_blocks_of_any_size_equal_attention_at_once(problem, block):
    at_once = chapter.attention(*problem)
    in_blocks = chapter.blockwise_attention(*problem, block=block)
    # A score is rounded differently in a smaller product, and the exponential magnifies that.
    largest = np.abs(problem[0]).max() * np.abs(problem[1]).max() * problem[0].shape[-1]
    tolerance = 32 * np.finfo(float).eps * max(1, largest) * np.abs(problem[2]).max()
    assert_allclose(in_blocks, at_once, rtol=0, atol=tolerance)


@given(problems())
@settings(deadline=None)
def test_outputs_lie_among_the_visible_values(problem):
    _, _, V, mask = problem
    for version in VERSIONS:
        output = version(*problem)
        for i, visible in enumerate(mask):
            if not visible.any():
                assert_array_equal(output[..., i, :], 0)
                continue
            low, high = V[..., visible, :].min(axis=-2), V[..., visible, :].max(axis=-2)
            assert (output[..., i, :] >= low - 1e-14).all()
            assert (output[..., i, :] <= high + 1e-14).all()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_blind_query_gets_zeros_and_the_others_do_not_notice(version):
    rng = np.random.default_rng(0)
    Q, K, V = rng.normal(size=(3, 4, 4))
    mask = np.tri(4, dtype=bool)
    expected = version(Q, K, V, mask)
    mask[2] = False
    with np.errstate(all="raise"):
        output = version(Q, K, V, mask)
    assert_array_equal(output[2], 0)
    assert_array_equal(output[[0, 1, 3]], expected[[0, 1, 3]])


@pytest.mark.parametrize("version", VERSIONS)
def test_causal_outputs_do_not_depend_on_the_future(version):
    rng = np.random.default_rng(1)
    Q, K, V = rng.normal(size=(3, 6, 4))
    before = version(Q, K, V, np.tri(6, dtype=bool))
    K[4:], V[4:] = 1000 * rng.normal(size=(2, 2, 4))
    after = version(Q, K, V, np.tri(6, dtype=bool))
    assert_array_equal(after[:4], before[:4])
    assert (after[4:] != before[4:]).any(axis=-1).all()


@pytest.mark.parametrize("version", VERSIONS)
def test_inputs_are_not_modified(version):
    rng = np.random.default_rng(2)
    inputs = [*rng.normal(size=(3, 5, 5)), np.tri(5, dtype=bool)]
    copies = [array.copy() for array in inputs]
    version(*inputs)
    for array, copy in zip(inputs, copies, strict=True):
        assert_array_equal(array, copy)


def test_memory_grows_with_the_length_and_not_with_its_square():
    plain, blocks, tiles = (
        [chapter.peak_memory(function, n) for n in (1024, 2048)]
        for function in (chapter.attention, chapter.blockwise_attention, chapter.tiled_attention)
    )
    assert plain[1] / plain[0] == pytest.approx(4, rel=0.05)
    assert blocks[1] / blocks[0] == pytest.approx(2, rel=0.05)
    assert plain[1] > 10 * blocks[1]
    assert tiles[1] < blocks[1] / 3
