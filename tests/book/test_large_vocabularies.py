"""The functions that the chapter on large vocabularies builds, taken out of its cells."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import softmax as sm
from tests.book.chapters import chapter_functions

COUNTS = st.lists(st.integers(1, 1000), min_size=2, max_size=40)


chapter = chapter_functions("large-vocabularies")
huffman_tree = chapter.huffman_tree
tree_codes = chapter.tree_codes
upward = chapter.upward
path = chapter.path
log_sigmoid = chapter.log_sigmoid
path_log_probability = chapter.path_log_probability
all_log_probabilities = chapter.all_log_probabilities
best_word = chapter.best_word
greedy_word = chapter.greedy_word
path_gradient = chapter.path_gradient
corrected_logits = chapter.corrected_logits
softmax_loss = chapter.softmax_loss
tree_loss = chapter.tree_loss
sampled_loss = chapter.sampled_loss
chunked_loss = chapter.chunked_loss


def code_lengths(counts):
    return np.array([len(code) for code in tree_codes(huffman_tree(counts))])


def random_model(K, D, seed):
    rng = np.random.default_rng(seed)
    children = huffman_tree(rng.integers(1, 100, size=K))
    return rng.normal(size=D), 3 * rng.normal(size=(D, K - 1)), rng.normal(size=K - 1), children


def least_mean_path(counts):
    """Return the least sum of count times length, by trying every set of lengths with Kraft's sum.

    Lengths l of the leaves of a binary tree are exactly those with sum(2 ** -l) = 1.
    """
    longest = len(counts) - 1
    return min(
        int(np.dot(counts, lengths))
        for lengths in product(range(1, longest + 1), repeat=len(counts))
        if sum(2 ** (longest - length) for length in lengths) == 2**longest
    )


@given(COUNTS)
def test_no_code_begins_another_and_kraft_holds_with_equality(counts):
    codes = tree_codes(huffman_tree(counts))
    assert len(set(codes)) == len(counts)
    assert all(a == b or not b.startswith(a) for a in codes for b in codes)
    assert sum(2.0 ** -len(code) for code in codes) == 1


@given(COUNTS)
def test_each_node_has_one_parent_and_comes_before_it(counts):
    children = huffman_tree(counts)
    K = len(counts)
    assert children.shape == (K - 1, 2)
    assert sorted(children.ravel()) == list(range(2 * K - 2))  # all but the root
    assert np.all(children.max(axis=1) < K + np.arange(K - 1))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=2, max_size=6))
def test_huffmans_tree_is_the_best_of_all(counts):
    assert int(np.dot(counts, code_lengths(counts))) == least_mean_path(counts)


@given(COUNTS)
def test_mean_path_lies_between_the_entropy_and_one_more(counts):
    q = np.array(counts) / sum(counts)
    bits = sm.entropy(q) / np.log(2)
    assert bits - 1e-9 <= q @ code_lengths(counts) < bits + 1


@given(COUNTS)
def test_a_more_common_word_never_has_the_longer_path(counts):
    lengths = code_lengths(counts)
    order = np.argsort(counts, kind="stable")
    for rare, common in pairwise(order):
        if counts[rare] < counts[common]:
            assert lengths[common] <= lengths[rare]


def test_the_tree_of_the_whole_list():
    english = sm.load_word_frequencies()
    lengths, q = code_lengths(english.counts), english.counts / english.counts.sum()
    assert np.sum(2.0**-lengths) == 1  # exact: all terms are powers of two
    assert lengths.min() == lengths[0] == 4
    bits = sm.entropy(q) / np.log(2)
    assert bits <= q @ lengths < bits + 0.05


@pytest.mark.parametrize("K", [2, 3, 10, 1000])
@pytest.mark.parametrize("seed", range(3))
def test_probabilities_of_any_tree_sum_to_one(K, seed):
    x, W, b, children = random_model(K, 5, seed)
    p = np.exp(all_log_probabilities(x @ W + b, children))
    assert np.all(p > 0)
    assert p.sum() == pytest.approx(1, rel=0, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_a_path_alone_gives_what_the_whole_tree_gives(seed):
    x, W, b, children = random_model(50, 5, seed)
    log_p = all_log_probabilities(x @ W + b, children)
    parent, sign = upward(children)
    codes = tree_codes(children)
    for leaf in range(50):
        nodes, signs = path(leaf, parent, sign)
        assert path_log_probability(x, W, b, nodes, signs) == pytest.approx(log_p[leaf], rel=1e-12)
        turns = "".join("0" if turn > 0 else "1" for turn in signs[::-1])
        assert turns == codes[leaf]


def test_huge_scores_do_not_overflow():
    children = huffman_tree([1, 2, 4, 8])
    with np.errstate(over="raise", invalid="raise"):
        log_p = all_log_probabilities(np.array([1e4, -1e4, 1e4]), children)
    assert np.all(np.isfinite(log_p))
    assert sm.logsumexp(log_p) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_gradient_along_the_path_is_that_of_finite_differences(seed):
    x, W, b, children = random_model(12, 3, seed)
    parent, sign = upward(children)
    nodes, signs = path(4, parent, sign)
    _, grad_W, grad_b = path_gradient(x, W, b, nodes, signs)
    full_W, full_b = np.zeros_like(W), np.zeros_like(b)
    full_W[:, nodes], full_b[nodes] = grad_W, grad_b

    def loss(W, b):
        return -all_log_probabilities(x @ W + b, children)[4]

    h = 1e-5
    for place in np.ndindex(*W.shape):
        step = np.zeros_like(W)
        step[place] = h
        slope = (loss(W + step, b) - loss(W - step, b)) / (2 * h)
        assert full_W[place] == pytest.approx(slope, abs=1e-8)
    for n in range(len(b)):
        step = h * (np.arange(len(b)) == n)
        slope = (loss(W, b + step) - loss(W, b - step)) / (2 * h)
        assert full_b[n] == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("seed", range(20))
def test_best_first_search_finds_the_argmax(seed):
    x, W, b, children = random_model(200, 4, seed)
    log_p = all_log_probabilities(x @ W + b, children)
    leaf, opened = best_word(x, W, b, children)
    assert leaf == log_p.argmax()
    assert 1 <= opened <= 199


def test_the_greedy_walk_can_miss_the_argmax():
    # The example of the text: furry 0.6, shared equally by seal and panda; duck 0.4.
    children = np.array([[0, 1], [3, 2]])
    W, b = np.zeros((1, 2)), np.array([0.0, np.log(0.6 / 0.4)])
    assert greedy_word(np.ones(1), W, b, children) in (0, 1)
    assert best_word(np.ones(1), W, b, children)[0] == 2


# Three classes and two draws: every outcome can be listed, so means are exact.
Z_SMALL, LABEL = np.array([0.25, 1.23, -0.8]), 1
PROPOSAL = np.array([0.3, 0.0, 0.7])


def exact_means(proposal, draws):
    """Return the means of the estimate of Z, its logarithm, and the label's probability."""
    means = np.zeros(3)
    for outcome in product([0, 2], repeat=draws):
        log_Z = sm.logsumexp(corrected_logits(Z_SMALL, LABEL, np.array(outcome), proposal))
        probability = np.prod(proposal[list(outcome)])
        means += probability * np.array([np.exp(log_Z), log_Z, np.exp(Z_SMALL[LABEL] - log_Z)])
    return means


@pytest.mark.parametrize("draws", [1, 2, 5])
def test_the_estimate_is_unbiased_for_the_sum_and_biased_for_its_logarithm(draws):
    mean_Z, mean_log_Z, mean_p = exact_means(PROPOSAL, draws)
    log_Z = sm.logsumexp(Z_SMALL)
    assert mean_Z == pytest.approx(np.exp(log_Z), rel=1e-14)
    assert mean_log_Z < log_Z - 1e-3
    assert mean_p > sm.softmax(Z_SMALL)[LABEL] + 1e-3


def test_more_draws_make_the_bias_smaller_as_the_theory_says():
    r = np.exp(Z_SMALL[[0, 2]]) / PROPOSAL[[0, 2]]
    variance = PROPOSAL[[0, 2]] @ r**2 - (PROPOSAL[[0, 2]] @ r) ** 2
    log_Z = sm.logsumexp(Z_SMALL)
    bias = [exact_means(PROPOSAL, draws)[1] - log_Z for draws in (1, 4, 12)]
    assert bias[0] < bias[1] < bias[2] < 0
    assert bias[2] == pytest.approx(-variance / (24 * np.exp(2 * log_Z)), rel=0.05)


def test_the_model_itself_is_the_proposal_without_bias():
    proposal = np.exp(Z_SMALL)
    proposal[LABEL] = 0
    proposal /= proposal.sum()
    logits = corrected_logits(Z_SMALL, LABEL, np.array([[0, 0], [0, 2], [2, 2]]), proposal)
    np.testing.assert_allclose(sm.logsumexp(logits), sm.logsumexp(Z_SMALL), rtol=1e-14)


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


@pytest.mark.parametrize("size", [1, 4, 10, 100])
def test_the_loss_in_pieces_is_the_loss(size):
    rng = np.random.default_rng(1)
    X, W, b, t = (
        rng.normal(size=(6, 3)),
        rng.normal(size=(3, 10)),
        rng.normal(size=10),
        np.arange(6),
    )
    expected = sm.cross_entropy(X @ W + b, t)
    assert chunked_loss(X, W, b, t, size) == pytest.approx(expected, rel=1e-12)
