"""The functions that the chapter on preferences defines, taken from its cells."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

import softmax as sm
from tests.book.chapters import chapter_functions, chapter_until

chapter = chapter_functions("preferences")
best_policy, best_of_n = chapter.best_policy, chapter.best_of_n
expected_estimate = chapter.expected_estimate

seeds = pytest.mark.parametrize("seed", range(3))


def random_counts(rng, size=4):
    """Return comparisons of all pairs in both directions, so that best scores exist."""
    C = rng.integers(1, 10, (size, size))
    np.fill_diagonal(C, 0)
    return C


def log_likelihood(s, C):
    return -np.sum(C * np.logaddexp(0, s - s[:, None]))


# --- Bradley-Terry --------------------------------------------------------------------------------


@seeds
@pytest.mark.parametrize("penalty", [0.0, 0.7])
def test_scores_are_those_of_an_optimizer(seed, penalty):
    C = random_counts(np.random.default_rng(seed))
    best = minimize(lambda s: penalty / 2 * s @ s - log_likelihood(s, C), np.zeros(4), tol=1e-9).x
    assert_allclose(chapter.bradley_terry(C, penalty, steps=3000)[0], best, atol=1e-5)


@seeds
def test_scores_settle_exactly_if_each_preference_has_a_way_back(seed):
    """Random graphs of four items; the powers of a matrix say which can reach which."""
    rng = np.random.default_rng(seed)
    C = (rng.random((4, 4)) < 0.45).astype(int)
    np.fill_diagonal(C, 0)
    C[0, 1] = 1
    reached = np.linalg.matrix_power(C + np.eye(4, dtype=int), 4) > 0
    _, path = chapter.bradley_terry(C, steps=4000)
    settled = np.abs(path[-1] - path[1999]).max() < 1e-6
    assert settled == np.all(reached.T[C > 0])  # each arrow has a way back


def test_published_scores_of_the_season():
    """Agresti's table, as the tests of the R package BradleyTerry2 have it, to two digits."""
    s, _ = chapter.bradley_terry(chapter_until("preferences", "def bradley_terry").C)
    assert_allclose(s - s[-1], [1.58, 1.44, 1.29, 1.25, 1.11, 0.68, 0], atol=0.005)


@seeds
def test_zermelo_raises_the_likelihood_to_the_same_maximum(seed):
    C = random_counts(np.random.default_rng(seed))
    s = np.zeros(4)
    for _ in range(300):
        new = chapter.zermelo_round(s, C)
        assert log_likelihood(new, C) >= log_likelihood(s, C) - 1e-12
        s = new
    assert_allclose(s, chapter.bradley_terry(C, steps=3000)[0], atol=1e-8)


def test_elo_is_a_step_of_gradient_ascent_on_one_game():
    points = chapter.elo([(2, 0)], 3) - 1500
    s, h = np.zeros(3), 1e-6
    C = np.zeros((3, 3))
    C[2, 0] = 1
    slope = [
        (log_likelihood(s + step, C) - log_likelihood(s - step, C)) / (2 * h)
        for step in h * np.eye(3)
    ]
    eta = 32 * np.log(10) / 400
    assert_allclose(points * np.log(10) / 400, eta * np.array(slope), atol=1e-8)


def test_rankings_sum_to_one_and_their_pairs_are_bradley_terry():
    s = np.array([0.3, -1.0, 0.8, 0.1])
    rankings = list(itertools.permutations(range(4)))
    p = np.array([chapter.ranking_probability(ranking, s) for ranking in rankings])
    assert_allclose(p.sum(), 1)
    for i, j in itertools.combinations(range(4), 2):
        before = [ranking.index(i) < ranking.index(j) for ranking in rankings]
        assert_allclose(p @ before, sm.sigmoid(s[i] - s[j]))


@seeds
def test_reward_model_is_logistic_regression_on_differences(seed):
    rng = np.random.default_rng(seed)
    better, worse = rng.normal(size=(2, 60, 3))
    D = better - worse
    best = minimize(lambda w: np.logaddexp(0, -D @ w).mean(), np.zeros(3), tol=1e-10).x
    w = chapter.fit_reward(better, worse, steps=3000)
    assert_allclose(w, best, atol=1e-4)


# --- Policies -------------------------------------------------------------------------------------


@seeds
def test_no_policy_beats_the_best_one_and_the_gap_is_a_divergence(seed):
    rng = np.random.default_rng(seed)
    r, ref, beta = rng.normal(size=5), rng.dirichlet(np.ones(5)), rng.uniform(0.1, 3)
    best = best_policy(r, ref, beta)
    assert_allclose(best, ref * np.exp(r / beta) / np.sum(ref * np.exp(r / beta)))
    others = rng.dirichlet(np.ones(5), 200)
    gap = chapter.objective(best, r, ref, beta) - chapter.objective(others, r, ref, beta)
    assert_allclose(gap, beta * sm.kl_divergence(others, best), atol=1e-12)


@seeds
def test_dpo_arrives_at_the_policy_of_the_reward_model(seed):
    rng = np.random.default_rng(seed)
    C, ref = random_counts(rng), rng.dirichlet(np.full(4, 5.0))
    scores, _ = chapter.bradley_terry(C, steps=3000)
    direct = chapter.dpo(C, ref, 0.5, eta=0.05)
    assert_allclose(direct, best_policy(scores, ref, 0.5), atol=1e-8)


@seeds
@pytest.mark.parametrize("n", [1, 2, 5])
def test_best_of_n_by_enumeration_and_its_bound(seed, n):
    rng = np.random.default_rng(seed)
    r, ref = rng.permutation(4), rng.dirichlet(np.ones(4))
    enumerated = np.zeros(4)
    for draws in itertools.product(range(4), repeat=n):
        enumerated[max(draws, key=lambda i: r[i])] += ref[list(draws)].prod()
    policy = best_of_n(r, ref, n)
    assert_allclose(policy, enumerated, atol=1e-12)
    assert sm.kl_divergence(policy, ref) <= np.log(n) - (n - 1) / n + 1e-12


@seeds
@pytest.mark.parametrize("m", [2, 3, 5])
def test_group_mean_shrinks_the_gradient_and_the_mean_of_the_others_does_not(seed, m):
    rng = np.random.default_rng(seed)
    z, r = rng.normal(size=(2, 3))
    exact = sm.softmax_vjp(sm.softmax(z), r)
    shrunk = expected_estimate(z, r, m, chapter.minus_mean)
    assert_allclose(shrunk, (m - 1) / m * exact, atol=1e-12)
    assert_allclose(expected_estimate(z, r, m, chapter.minus_others), exact, atol=1e-12)


def test_simulated_choices_follow_the_rewards():
    r, ref = np.array([0.0, 1.0, -0.5]), np.array([0.5, 0.3, 0.2])
    C = chapter.simulated_comparisons(r, ref, 60_000, np.random.default_rng(0))
    assert C.trace() == 0
    share = C[1, 0] / (C[1, 0] + C[0, 1])
    assert abs(share - sm.sigmoid(1.0)) < 0.02
    assert abs((C[0, 1] + C[1, 0]) / 60_000 - 2 * 0.5 * 0.3) < 0.01
