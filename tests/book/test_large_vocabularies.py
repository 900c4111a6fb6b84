"""The functions that the chapter on large vocabularies builds, taken out of its cells."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import softmax as sm
from benchmarks.vocabulary_cost import sampled_loss, softmax_loss, tree_loss
from tests.book.chapters import chapter_functions

chapter = chapter_functions("large-vocabularies")
chunks = chapter.chunks
chunked_loss = chapter.chunked_loss
in_chunks = chapter.in_chunks
in_row_chunks = chapter.in_row_chunks
plain = chapter.plain
extra_memory = chapter.extra_memory
round_up = chapter.round_up
learned = chapter.learned
corrected_logits = chapter.corrected_logits
without = chapter.without
tree_log_probabilities = chapter.tree_log_probabilities
huffman_mean_path = chapter.huffman_mean_path


def layer(N=6, D=3, K=10, scale=1.0):
    rng = np.random.default_rng(1)
    X, W, b = rng.normal(size=(N, D)), scale * rng.normal(size=(D, K)), rng.normal(size=K)
    return X, W, b, rng.integers(K, size=N)


# --- Chunks ---------------------------------------------------------------------------------------


@given(st.integers(1, 40), st.integers(1, 50))
def test_chunks_hold_every_class_once_in_order(K, size):
    parts = chunks(K, size)
    assert [k for part in parts for k in range(K)[part]] == list(range(K))
    assert all(part.stop - part.start == size for part in parts[:-1])


@pytest.mark.parametrize("size", [1, 3, 4, 10, 100])
@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_the_loss_and_its_gradients_in_chunks_are_those_of_scipy(size, scale):
    X, W, b, t = layer(scale=scale)
    Z = X @ W + b
    G = (special.softmax(Z, axis=1) - np.eye(10)[t]) / 6
    expected = [-np.mean(special.log_softmax(Z, axis=1)[np.arange(6), t])]
    expected += [G @ W.T, X.T @ G, G.sum(axis=0)]
    with np.errstate(over="raise", invalid="raise"):
        found = [in_chunks(X, W, b, t, size), in_row_chunks(X, W, b, t, size), plain(X, W, b, t)]
    for results in found:
        for one, other in zip(results, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-12)


def test_the_gradient_in_chunks_is_that_of_differences():
    X, W, b, t = layer()
    _, grad_X, grad_W, grad_b = in_chunks(X, W, b, t, 4)
    h = 1e-5
    for array, gradient in [(X, grad_X), (W, grad_W), (b, grad_b)]:
        for place in np.ndindex(*array.shape):
            value = array[place]
            losses = []
            for step in (h, -h):
                array[place] = value + step
                losses.append(sm.cross_entropy(X @ W + b, t))
            array[place] = value
            assert gradient[place] == pytest.approx((losses[0] - losses[1]) / (2 * h), abs=1e-9)


def test_the_log_sum_exp_is_returned_for_each_row():
    X, W, b, t = layer()
    _, lse = chunked_loss(X, W, b, t, 3)
    np.testing.assert_allclose(lse, special.logsumexp(X @ W + b, axis=1), rtol=1e-13)


def test_memory_grows_with_the_chunk_and_not_with_the_vocabulary():
    wide = [extra_memory(in_chunks, *layer(50, 2, K), 100) for K in (2000, 8000)]
    assert wide[1] < 1.5 * wide[0]
    assert extra_memory(plain, *layer(50, 2, 8000)) > 20 * wide[1]
    assert extra_memory(in_chunks, *layer(50, 2, 8000), 2000) > 5 * wide[1]
    rows = extra_memory(in_row_chunks, *layer(50, 2, 8000), 1)
    assert rows < extra_memory(plain, *layer(50, 2, 8000)) / 10


@pytest.mark.parametrize(("x", "step"), [(0.1, 1), (1, 1), (1.01, 2), (2.5, 5), (51, 100)])
def test_megabytes_are_rounded_up(x, step):
    assert round_up(x) == step


# --- Sampled softmax ------------------------------------------------------------------------------

F = np.array([0.5, 0.3, 0.15, 0.05])
PROPOSALS = [F, np.full(4, 0.25), F[::-1], np.array([0.1, 0.2, 0.3, 0.4])]


@pytest.mark.parametrize("q", PROPOSALS)
@pytest.mark.parametrize("S", [1, 2, 3])
def test_without_a_correction_the_ratio_is_learned_and_with_it_the_distribution(q, S):
    ratio = F / q / np.sum(F / q)
    np.testing.assert_allclose(learned(F, q, S), ratio, atol=1e-6)
    np.testing.assert_allclose(learned(F, q, S, "every logit"), F, atol=1e-6)


def test_correcting_the_drawn_logits_only_leaves_a_bias_that_more_draws_make_smaller():
    def error(S):
        return np.abs(learned(F, F, S, "drawn only", collisions=False) - F).max()

    assert error(1) > error(2) > error(4) > 0.01


def test_collisions_left_out_change_what_is_learned():
    assert np.abs(learned(F, F, 2, "every logit", collisions=False) - F).max() > 0.03
    # With one drawn word a collision costs log 2, whatever the logits are.
    np.testing.assert_allclose(learned(F, F, 1, "every logit", False), F, atol=1e-6)


# Three classes and two draws: every outcome can be listed, so means are exact.
Z_SMALL, LABEL = np.array([0.25, 1.23, -0.8]), 1
PROPOSAL = np.array([0.3, 0.0, 0.7])


def exact_means(proposal, draws):
    """Return the means of the estimate of Z and of its logarithm."""
    means = np.zeros(2)
    for outcome in product([0, 2], repeat=draws):
        log_Z = sm.logsumexp(corrected_logits(Z_SMALL, LABEL, np.array(outcome), proposal))
        means += np.prod(proposal[list(outcome)]) * np.array([np.exp(log_Z), log_Z])
    return means


@pytest.mark.parametrize("draws", [1, 2, 5])
def test_the_estimate_is_unbiased_for_the_sum_and_biased_for_its_logarithm(draws):
    mean_Z, mean_log_Z = exact_means(PROPOSAL, draws)
    log_Z = sm.logsumexp(Z_SMALL)
    assert mean_Z == pytest.approx(np.exp(log_Z), rel=1e-14)
    assert mean_log_Z < log_Z - 1e-3


def test_more_draws_make_the_bias_smaller_as_the_theory_says():
    r = np.exp(Z_SMALL[[0, 2]]) / PROPOSAL[[0, 2]]
    variance = PROPOSAL[[0, 2]] @ r**2 - (PROPOSAL[[0, 2]] @ r) ** 2
    log_Z = sm.logsumexp(Z_SMALL)
    bias = [exact_means(PROPOSAL, draws)[1] - log_Z for draws in (1, 4, 12)]
    assert bias[0] < bias[1] < bias[2] < 0
    assert bias[2] == pytest.approx(-variance / (24 * np.exp(2 * log_Z)), rel=0.05)


def test_the_model_itself_is_the_proposal_without_bias():
    proposal = without(np.exp(Z_SMALL), LABEL)
    assert proposal[LABEL] == 0
    assert proposal.sum() == pytest.approx(1)
    logits = corrected_logits(Z_SMALL, LABEL, np.array([[0, 0], [0, 2], [2, 2]]), proposal)
    np.testing.assert_allclose(sm.logsumexp(logits), sm.logsumexp(Z_SMALL), rtol=1e-14)


# --- Trees ----------------------------------------------------------------------------------------


def random_tree(K, rng):
    """Return the children of each inner node; subtrees are joined at random."""
    free, children = list(range(K)), []
    while len(free) > 1:
        pair = [free.pop(rng.integers(len(free))) for _ in range(2)]
        free.append(K + len(children))
        children.append(pair)
    return np.array(children)


@pytest.mark.parametrize("K", [2, 3, 10, 300])
def test_probabilities_of_any_tree_sum_to_one(K):
    rng = np.random.default_rng(K)
    children, scores = random_tree(K, rng), 3 * rng.normal(size=K - 1)
    log_p = tree_log_probabilities(scores, children)
    assert np.exp(log_p).sum() == pytest.approx(1, rel=0, abs=1e-12)
    leaf, log_product = 0, 0.0
    while leaf < 2 * K - 2:  # the path of the first class, from the leaf up
        n, side = (int(i[0]) for i in np.nonzero(children == leaf))
        log_product += special.log_expit(scores[n] if side == 0 else -scores[n])
        leaf = K + n
    assert log_p[0] == pytest.approx(log_product, rel=1e-12)


def test_huge_scores_do_not_overflow():
    children = np.array([[0, 1], [2, 3], [4, 5]])
    with np.errstate(over="raise", invalid="raise"):
        log_p = tree_log_probabilities(np.array([1e4, -1e4, 1e4]), children)
    assert np.all(np.isfinite(log_p))
    assert sm.logsumexp(log_p) == pytest.approx(0, abs=1e-12)


def least_mean_path(counts):
    """Return the least mean length, by trying every set of lengths with Kraft's sum.

    Lengths l of the leaves of a binary tree are exactly those with sum(2 ** -l) = 1.
    """
    longest = len(counts) - 1
    return min(
        np.dot(counts, lengths) / sum(counts)
        for lengths in product(range(1, longest + 1), repeat=len(counts))
        if sum(2 ** (longest - length) for length in lengths) == 2**longest
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=2, max_size=6))
def test_huffmans_tree_is_the_best_and_near_the_entropy(counts):
    mean = huffman_mean_path(counts)
    assert mean == pytest.approx(least_mean_path(counts), rel=1e-12)
    bits = sm.entropy(np.array(counts) / sum(counts)) / np.log(2)
    assert bits - 1e-9 <= mean < bits + 1


# --- The benchmark --------------------------------------------------------------------------------


@pytest.mark.parametrize("K", [2, 3, 7, 8, 100])
def test_the_balanced_tree_of_the_benchmark_is_a_distribution(K):
    rng = np.random.default_rng(K)
    rows, x = rng.normal(size=(K, 4)), rng.normal(size=4)
    losses = [tree_loss(x[None], rows, np.array([t]), K, rng) for t in range(K)]
    assert np.exp(-np.array(losses)).sum() == pytest.approx(1, rel=0, abs=1e-12)


def test_the_losses_of_the_benchmark_agree_where_they_must():
    rng = np.random.default_rng(0)
    X, rows, t = rng.normal(size=(5, 4)), rng.normal(size=(30, 4)), rng.integers(30, size=5)
    full = softmax_loss(X, rows, t, 30, rng)
    assert full == pytest.approx(sm.cross_entropy(X @ rows.T, t), rel=1e-14)
    assert sampled_loss(X, rows, t, 30, rng, S=200_000) == pytest.approx(full, abs=0.01)
    means = [tree_loss(X[n : n + 1], rows, t[n : n + 1], 30, rng) for n in range(5)]
    assert tree_loss(X, rows, t, 30, rng) == pytest.approx(np.mean(means), rel=1e-12)
