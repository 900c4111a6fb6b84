"""The functions of the chapter on attention: PyTorch's values, masks, gradients, learning."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm

from tests.book.attention_cases import (
    assert_among_the_visible_values,
    prepare,
    problems,
    pytorch_cases,
)
from tests.book.chapters import chapter_functions

chapter = chapter_functions("attention")


@pytest.mark.parametrize("case", pytorch_cases())
def test_values_of_pytorch(case):
    output = chapter.attention(*prepare(case))
    assert output.dtype == np.float64
    assert_allclose(output, case["output"], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("case", pytorch_cases())
def test_gradients_of_pytorch(case):
    Q, K, V, mask, scale = prepare(case)
    grads = chapter.attention_vjp(Q, K, V, np.array(case["slopes"]), mask, scale)
    for ours, theirs in zip(grads, case["grads"], strict=True):
        assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)


@given(problems())
@settings(deadline=None)
def test_outputs_lie_among_the_visible_values(problem):
    assert_among_the_visible_values(chapter.attention(*problem), problem)


def test_a_blind_query_gets_zeros_and_the_others_do_not_notice():
    rng = np.random.default_rng(0)
    Q, K, V = rng.normal(size=(3, 4, 4))
    mask = np.tri(4, dtype=bool)
    expected = chapter.attention(Q, K, V, mask)
    mask[2] = False
    with np.errstate(all="raise"):
        output = chapter.attention(Q, K, V, mask)
    assert_array_equal(output[2], 0)
    assert_array_equal(output[[0, 1, 3]], expected[[0, 1, 3]])


def test_causal_outputs_do_not_depend_on_the_future():
    rng = np.random.default_rng(1)
    Q, K, V = rng.normal(size=(3, 6, 4))
    before = chapter.attention(Q, K, V, np.tri(6, dtype=bool))
    K[4:], V[4:] = 1000 * rng.normal(size=(2, 2, 4))
    after = chapter.attention(Q, K, V, np.tri(6, dtype=bool))
    assert_array_equal(after[:4], before[:4])
    assert (after[4:] != before[4:]).any(axis=-1).all()


def test_inputs_are_not_modified():
    rng = np.random.default_rng(2)
    inputs = [*rng.normal(size=(3, 5, 5)), np.tri(5, dtype=bool)]
    copies = [array.copy() for array in inputs]
    chapter.attention(*inputs)
    for array, copy in zip(inputs, copies, strict=True):
        assert_array_equal(array, copy)


@pytest.mark.parametrize("h", [0.03, 0.4, 5.0])
def test_smoothing_is_the_average_of_nadaraya_and_watson(h):
    rng = np.random.default_rng(3)
    x, x_data, y_data = rng.uniform(0, 6, 30), rng.uniform(0, 6, 20), rng.normal(size=20)
    log_bells = norm.logpdf(x[:, None], x_data, h)  # relative to the largest, against underflow
    bells = np.exp(log_bells - log_bells.max(axis=1, keepdims=True))
    expected = np.average(np.tile(y_data, (30, 1)), axis=1, weights=bells)
    assert_allclose(chapter.smooth(x, x_data, y_data, h), expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("d", [16, 64])
def test_query_gradients_are_slopes_of_the_loss(d):
    norms, largest = chapter.query_gradients(d, s=d**-0.5, seed=5, keys=8)
    rng = np.random.default_rng(5)
    q, k = rng.normal(size=(100, 1, d)), rng.normal(size=(100, 8, d))
    g = rng.normal(size=(100, 8))
    for i in range(0, 100, 25):
        slopes, h = np.zeros(d), 1e-5
        for j in range(d):
            step = h * np.eye(d)[j]
            up, down = (chapter.attention_weights(q[i] + s, k[i])[0] for s in (step, -step))
            slopes[j] = g[i] @ (up - down) / (2 * h)
        assert norms[i] == pytest.approx(np.linalg.norm(slopes), rel=1e-6)
        assert largest[i] == pytest.approx(chapter.attention_weights(q[i], k[i]).max())
    assert len(norms) == len(largest) == 2000


def test_lists_hold_the_letter_that_is_asked_for_once():
    x, X, asked, t = chapter.recall_batch(np.random.default_rng(0), 50, pairs=5)
    assert X.shape == (50, 5, 16)
    assert (X[..., :10].sum(axis=-1) == 1).all()
    assert (X[..., 10:].sum(axis=-1) == 1).all()
    assert X[..., :10].sum(axis=1).max() == 1  # no letter twice
    matches = (X[..., :10] @ x[:, 0, :, None])[..., 0]
    assert_array_equal(matches, np.eye(5)[asked])
    assert_array_equal((matches[:, None] @ X[..., 10:])[:, 0], np.eye(6)[t])


@pytest.mark.parametrize("seed", range(3))
def test_head_learns_to_recall(seed):
    W, history = chapter.train_head(seed=seed)
    loss, correct, right_key = history.T
    assert max(correct[0], right_key[0]) < 0.5 < 1.4 < loss[0]
    assert correct[50:].min() == 1
    assert right_key[-1] > 0.93
    x, X, _, t = chapter.recall_batch(np.random.default_rng(100 + seed), 500, pairs=10)
    Z = chapter.attention(x @ W["Q"], X @ W["K"], X @ W["V"])[:, 0]
    assert np.mean(Z.argmax(axis=1) == t) > 0.99


@given(st.integers(1, 8), st.integers(-50, 50), st.integers(0, 2**32 - 1))
def test_rotation_is_the_matrix_of_its_angles(half, position, seed):
    x = np.random.default_rng(seed).normal(size=2 * half)
    R = np.zeros((2 * half, 2 * half))
    for r in range(half):
        angle = position * 10000 ** (-r / half)
        sin, cos = np.sin(angle), np.cos(angle)
        R[2 * r : 2 * r + 2, 2 * r : 2 * r + 2] = [[cos, -sin], [sin, cos]]
    assert_allclose(chapter.rotate(x[None], np.array([position]))[0], R @ x, rtol=0, atol=1e-12)


@given(st.integers(-1000, 1000))
def test_rotated_scores_depend_on_distances_only(shift):
    q, k = np.random.default_rng(4).normal(size=(2, 5, 8))
    i, j = np.array([0, 3, 7, 20, 21]), np.array([5, 1, 2, 30, 8])
    here = chapter.rotate(q, i) @ chapter.rotate(k, j).T
    there = chapter.rotate(q, i + shift) @ chapter.rotate(k, j + shift).T
    assert_allclose(there, here, rtol=0, atol=1e-10)


def test_masks_by_product_and_after_the_softmax_leak_and_a_right_one_does_not():
    rng = np.random.default_rng(5)
    Q, K = rng.normal(size=(2, 6, 4))
    mask = np.tri(6, dtype=bool)
    product = chapter.masked_scores(Q, K, mask)
    too_late = chapter.masked_too_late(Q, K, mask)
    right = chapter.attention_weights(Q, K, mask)
    assert (product[~mask] > 0).all()
    assert_allclose(product[0, 1:], product[0, 1], rtol=1e-14)  # each hidden key as much as any
    assert (too_late[~mask] == 0).all()
    assert (too_late.sum(axis=1)[:-1] < 1).all()
    assert (right[~mask] == 0).all()
    assert_allclose(too_late / too_late.sum(axis=1, keepdims=True), right, rtol=1e-13)
