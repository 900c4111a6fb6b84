"""The functions of the chapter on fast attention: blocks, gradients, traffic, caches, parts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp

from tests.book.attention_cases import (
    assert_among_the_visible_values,
    prepare,
    problems,
    pytorch_cases,
)
from tests.book.chapters import chapter_functions

chapter = chapter_functions("fast-attention")


@pytest.mark.parametrize("block", [1, 2, 3, 64])
@pytest.mark.parametrize("case", pytorch_cases())
def test_values_of_pytorch(case, block):
    output, lse = chapter.blockwise_attention(*prepare(case), block=block)
    assert output.dtype == np.float64
    assert lse.shape == (*output.shape[:-1], 1)
    assert_allclose(output, case["output"], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("block", [1, 3, 64])
@pytest.mark.parametrize("case", pytorch_cases())
def test_gradients_of_pytorch(case, block):
    Q, K, V, mask, scale = prepare(case)
    output, lse = chapter.blockwise_attention(Q, K, V, mask, scale, block)
    G = np.array(case["slopes"])
    with np.errstate(all="raise", under="ignore"):
        grads = chapter.blockwise_vjp(Q, K, V, G, output, lse, mask, scale, block)
    for ours, theirs in zip(grads, case["grads"], strict=True):
        assert_allclose(ours, theirs, rtol=1e-11, atol=1e-11)


@given(problems(), st.integers(1, 12))
@settings(deadline=None)
def test_blocks_of_any_size_equal_attention_at_once(problem, block):
    at_once = chapter.attention(*problem)
    in_blocks, _ = chapter.blockwise_attention(*problem, block=block)
    # A score is rounded differently in a smaller product, and the exponential magnifies that.
    largest = np.abs(problem[0]).max() * np.abs(problem[1]).max() * problem[0].shape[-1]
    tolerance = 32 * np.finfo(float).eps * max(1, largest) * np.abs(problem[2]).max()
    assert_allclose(in_blocks, at_once, rtol=0, atol=tolerance)


@given(problems(), st.integers(1, 12))
@settings(deadline=None)
def test_log_sum_exp_is_that_of_the_visible_scores(problem, block):
    Q, K, V, mask = problem
    _, lse = chapter.blockwise_attention(Q, K, V, mask, block=block)
    scores = np.where(mask, Q @ np.swapaxes(K, -1, -2) / np.sqrt(Q.shape[-1]), -np.inf)
    expected = logsumexp(scores, axis=-1, keepdims=True)
    assert_allclose(lse, expected, rtol=1e-10, atol=1e-10)


@given(problems(), st.integers(1, 12))
@settings(deadline=None)
def test_outputs_lie_among_the_visible_values(problem, block):
    output, _ = chapter.blockwise_attention(*problem, block=block)
    assert_among_the_visible_values(output, problem)


def test_a_blind_query_gets_zeros_and_the_others_do_not_notice():
    rng = np.random.default_rng(0)
    Q, K, V = rng.normal(size=(3, 4, 4))
    mask = np.tri(4, dtype=bool)
    expected, _ = chapter.blockwise_attention(Q, K, V, mask, block=2)
    mask[2] = False
    with np.errstate(all="raise"):
        output, lse = chapter.blockwise_attention(Q, K, V, mask, block=2)
    assert_array_equal(output[2], 0)
    assert lse[2] == -np.inf
    assert_array_equal(output[[0, 1, 3]], expected[[0, 1, 3]])


def test_inputs_are_not_modified():
    rng = np.random.default_rng(2)
    inputs = [*rng.normal(size=(3, 5, 5)), np.tri(5, dtype=bool)]
    copies = [array.copy() for array in inputs]
    output, lse = chapter.blockwise_attention(*inputs, block=2)
    chapter.blockwise_vjp(*inputs[:3], output, output, lse, inputs[3], block=2)
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


class Ledger:
    """Remembers the size of everything that is read or written."""

    def __init__(self):
        self.sizes = []

    def read(self, array):
        self.sizes.append(array.size)
        return array

    write = read


@pytest.mark.parametrize(("n", "d", "rows"), [(8, 3, 2), (64, 16, 16), (96, 4, 96)])
def test_traffic_is_what_the_theorem_says(n, d, rows):
    Q, K, V = np.random.default_rng(1).normal(size=(3, n, d))
    plain, blocks = Ledger(), Ledger()
    expected = chapter.plain_traffic(Q, K, V, plain)
    output = chapter.block_traffic(Q, K, V, blocks, rows=rows, block=5)
    assert_allclose(output, expected, rtol=0, atol=1e-13)
    assert_allclose(expected, chapter.attention(Q, K, V), rtol=0, atol=1e-13)
    assert sum(plain.sizes) == 4 * n * n + 4 * n * d
    assert sum(blocks.sizes) == 2 * n * n * d // rows + 2 * n * d + n
    assert max(plain.sizes) == n * n
    assert max(blocks.sizes) <= rows * d or rows < 5


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_parts_of_any_sizes_merge(sizes, seed):
    rng = np.random.default_rng(seed)
    q, K, V = 30 * rng.normal(size=(2, 4)), *rng.normal(size=(2, sum(sizes), 4))
    cuts = np.cumsum(sizes)[:-1]
    parts = [
        chapter.blockwise_attention(q, k, v)
        for k, v in zip(np.split(K, cuts), np.split(V, cuts), strict=True)
    ]
    outputs, lses = (np.stack(column) for column in zip(*parts, strict=True))
    merged, lse = chapter.merge_parts(outputs, lses)
    assert_allclose(merged, chapter.attention(q, K, V), rtol=0, atol=1e-11)
    assert_allclose(lse, logsumexp(q @ K.T / 2, axis=1, keepdims=True), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("n", "block"), [(1, 4), (10, 4), (12, 4), (7, 100)])
def test_hidden_blocks_can_be_skipped(n, block):
    Q, K, V = np.random.default_rng(3).normal(size=(3, n, 5))
    output, computed = chapter.causal_attention(Q, K, V, block=block)
    mask = np.tri(n, dtype=bool)
    assert_allclose(output, chapter.attention(Q, K, V, mask), rtol=0, atol=1e-13)
    blocks = -(-n // block)
    assert computed == blocks * (blocks + 1) // 2


@pytest.mark.parametrize("C", [16, 64, 128])
def test_largest_rows_fit_and_more_do_not(C):
    def needed(B):
        return 2 * B * 64 + 2 * C * 64 + B * C

    B = chapter.largest_rows(C)
    assert B % 16 == 0
    assert needed(B) <= 48 * 1024 < needed(B + 16)
