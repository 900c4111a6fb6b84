"""The functions that the chapter on sampling defines, taken from its cells."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import softmax as sm
from tests.book.chapters import chapter_functions

chapter = chapter_functions("sampling")
draw, gumbel_max, normal_max = chapter.draw, chapter.gumbel_max, chapter.normal_max
top_k_mask, nucleus_mask = chapter.top_k_mask, chapter.nucleus_mask
min_p_mask = chapter.min_p_mask
gradient_estimates, learn = chapter.gradient_estimates, chapter.learn

ANIMALS = np.array([0.25, 1.23, -0.8])
REWARDS = np.array([4.0, 5.0, 3.0])
WORDS_AFTER_THE = np.log([12, 11, 10, 9, 8, 7, 7, 6, 5, 4, 3, 3, 2, 1, 1, 1])

logit_vectors = st.integers(1, 8).flatmap(
    lambda size: arrays(float, size, elements=st.floats(-10, 10, width=32))
)
masses = st.floats(0.01, 1.0)

# A busy machine may take long for one example; that is no error.
unhurried = settings(deadline=None)


class LargestUniform:
    """A generator whose every number is the largest that NumPy's can give."""

    def random(self, size=None):
        return np.full(() if size is None else size, 1 - 2.0**-53)[()]


# --- Drawing --------------------------------------------------------------------------------------


@unhurried
@given(logit_vectors, st.integers(0, 3))
def test_draw_stays_in_range_and_never_takes_a_masked_class(z, num_masked):
    p = np.append(sm.softmax(z), np.zeros(num_masked))
    for chosen in (draw(p, LargestUniform()), *draw(p, np.random.default_rng(0), 20)):
        assert p[chosen] > 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("num_classes", [3, 1000, 3000, 30_000])
def test_draw_at_the_largest_uniform_takes_the_last_class(num_classes, dtype):
    p = np.full(num_classes, 1 / num_classes, dtype)
    assert draw(p, LargestUniform()) == num_classes - 1


def test_draw_at_zero_skips_classes_of_probability_zero():
    class Zero:
        def random(self, size=None):
            return 0.0

    assert draw(np.array([0, 0, 0.5, 0.5]), Zero()) == 2


def test_draw_has_the_right_frequencies():
    p = sm.softmax(WORDS_AFTER_THE)
    drawn = draw(p, np.random.default_rng(5), 20_000)
    assert stats.chisquare(np.bincount(drawn, minlength=16), 20_000 * p).pvalue > 0.01


# --- Temperature ----------------------------------------------------------------------------------


@unhurried
@given(logit_vectors, st.floats(0.3, 5.0))
def test_slope_of_the_entropy_is_the_variance_over_the_cube(z, T):
    p, h = sm.softmax(z / T), 1e-5 * T
    below, above = (sm.entropy(sm.softmax(z / (T + s))) for s in (-h, h))
    variance = p @ (z - p @ z) ** 2
    assert_allclose((above - below) / (2 * h), variance / T**3, rtol=1e-5, atol=1e-7)


@unhurried
@given(logit_vectors)
def test_cold_samples_are_greedy(z):
    leads = z.max() - z
    if np.any((leads > 0) & (leads < 0.01)):
        return
    drawn = draw(sm.softmax(z / 1e-4), np.random.default_rng(0), 50)
    assert_array_equal(z[drawn], z.max())


# --- Cuts -----------------------------------------------------------------------------------------


@unhurried
@given(logit_vectors, masses)
def test_nucleus_has_the_mass_and_no_smaller_set_has(z, q):
    p, mask = sm.softmax(z), nucleus_mask(z, q)
    assert p[mask].sum() >= q - 1e-12
    smaller = itertools.combinations(range(len(z)), int(mask.sum()) - 1)
    assert max(p[list(group)].sum() for group in smaller) < q + 1e-12


@unhurried
@given(logit_vectors, masses)
@example(np.array([0.0, 1e-30]), 0.4)  # the probabilities round to a tie
def test_nucleus_keeps_the_most_probable_classes(z, q):
    mask = nucleus_mask(z, q)
    assert mask.any()
    assert np.min(z[mask]) >= np.max(z[~mask], initial=-np.inf)


@unhurried
@given(logit_vectors, masses)
def test_renormalizing_keeps_ratios_and_grows_by_one_over_the_mass_at_most(z, q):
    p, mask = sm.softmax(z), nucleus_mask(z, q)
    kept = sm.softmax(z, where=mask)
    assert_array_equal(kept[~mask], 0)
    assert_allclose(kept[mask] / kept.max(), p[mask] / p.max(), rtol=1e-12)
    assert np.all(kept <= p / q * (1 + 1e-12))


def test_nucleus_of_the_rhyme_with_its_tie():
    mask = nucleus_mask(WORDS_AFTER_THE, 0.9)
    assert_array_equal(np.flatnonzero(mask), range(11))


def test_nucleus_of_mass_one_leaves_out_the_impossible_only():
    z = np.array([-np.inf, 0.0, -np.inf, 1.0])
    assert_array_equal(nucleus_mask(z, 1.0), np.isfinite(z))


@unhurried
@given(logit_vectors, st.integers(1, 8))
def test_top_k_keeps_k_of_the_largest(z, k):
    mask = top_k_mask(z, k)
    assert mask.sum() == min(k, len(z))
    assert np.min(z[mask]) >= np.max(z[~mask], initial=-np.inf)
    assert np.count_nonzero(sm.softmax(z, where=mask)) == mask.sum()


@unhurried
@given(logit_vectors, st.integers(1, 8), st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_top_k_and_temperature_may_change_places(z, k, T):
    assert_array_equal(top_k_mask(z / T, k), top_k_mask(z, k))


@unhurried
@given(logit_vectors, st.floats(0.0, 1.0))
def test_min_p_keeps_what_is_near_the_largest(z, min_p):
    p, mask = sm.softmax(z), min_p_mask(z, min_p)
    assert mask[z.argmax()]
    assert_array_equal(mask, p / p.max() >= min_p)


def test_min_p_keeps_the_words_of_the_rhyme_at_a_temperature_where_no_nucleus_does():
    """A sure word and an unsure one, each with a tail of 0.001 of a count."""
    known = [(12, 11, 10, 9, 8, 7, 7, 6, 5, 4, 3, 3, 2, 1, 1, 1), (1,)]
    rows = [np.log(0.001 + np.pad(np.array(c, float), (0, 48 - len(c)))) / 3 for c in known]
    sizes = [[int(min_p_mask(z, 0.2).sum()) for z in rows]]
    sizes += [[int(nucleus_mask(z, q).sum()) for z in rows] for q in np.linspace(0.01, 1, 100)]
    assert sizes[0] == [16, 1]
    assert [16, 1] not in sizes[1:]


# --- Gumbel-max -----------------------------------------------------------------------------------


def p_value(sampler, seed, n=9000):
    drawn = sampler(np.tile(WORDS_AFTER_THE, (n, 1)), np.random.default_rng(seed))
    expected = n * sm.softmax(WORDS_AFTER_THE)
    return stats.chisquare(np.bincount(drawn, minlength=16), expected).pvalue


@pytest.mark.parametrize("seed", range(5))
def test_gumbel_noise_passes_and_normal_noise_fails_the_chi_square_test(seed):
    assert p_value(gumbel_max, seed) > 0.001
    assert p_value(normal_max, seed) < 1e-50


def test_masked_class_never_wins():
    z = np.tile([0.0, -np.inf, -5.0], (20_000, 1))
    assert set(gumbel_max(z, np.random.default_rng(0))) == {0, 2}


def test_maximum_is_a_shifted_gumbel_number_and_independent_of_its_index():
    rng = np.random.default_rng(2)
    noisy = ANIMALS - np.log(rng.standard_exponential((20_000, 3)))
    maximum, winner = noisy.max(axis=1) - sm.logsumexp(ANIMALS), noisy.argmax(axis=1)
    for group in (slice(None), winner == 0, winner == 1, winner == 2):
        assert stats.kstest(maximum[group], stats.gumbel_r.cdf).pvalue > 0.001


# --- Policies -------------------------------------------------------------------------------------


@unhurried
@given(
    arrays(float, 4, elements=st.floats(-3, 3)),
    arrays(float, 4, elements=st.floats(-5, 5)),
    st.floats(-5, 5),
)
def test_estimator_has_the_exact_gradient_as_its_mean_for_any_baseline(z, r, baseline):
    """The mean over the actions is taken exactly, with rewards that do not scatter."""
    pi = sm.softmax(z)
    estimates = gradient_estimates(z, np.arange(4), r, baseline)
    assert_allclose(pi @ estimates, sm.softmax_vjp(pi, r), atol=1e-12)


@unhurried
@given(arrays(float, 4, elements=st.floats(-3, 3)), arrays(float, 4, elements=st.floats(-5, 5)))
def test_gradient_of_the_expected_reward_against_finite_differences(z, r):
    h = 1e-5
    steps = h * np.eye(4)
    differences = (sm.softmax(z + steps) @ r - sm.softmax(z - steps) @ r) / (2 * h)
    assert_allclose(sm.softmax_vjp(sm.softmax(z), r), differences, atol=1e-8)


def test_sampled_estimates_meet_the_gradient_and_a_baseline_narrows_them():
    rng = np.random.default_rng(0)
    pi = sm.softmax(ANIMALS)
    actions = draw(pi, rng, 100_000)
    rewards = REWARDS[actions] + rng.standard_normal(100_000)
    without, with_baseline = (
        gradient_estimates(ANIMALS, actions, rewards, b) for b in (0.0, pi @ REWARDS)
    )
    exact = sm.softmax_vjp(pi, REWARDS)
    for estimates in (without, with_baseline):
        error = np.abs(estimates.mean(axis=0) - exact)
        assert np.all(error < 4 * estimates.std(axis=0) / np.sqrt(100_000))
    assert with_baseline.var(axis=0).sum() < without.var(axis=0).sum() / 5


def test_policies_with_a_baseline_find_the_best_action():
    for use_baseline, share in ((True, 0.99), (False, 0.7)):
        expected, z = learn(REWARDS, 0.1, use_baseline, steps=300, runs=300)
        assert_allclose(expected[0], REWARDS.mean())
        assert_allclose(z.sum(axis=1), 0, atol=1e-9)  # each step sums to zero
        assert np.mean(z.argmax(axis=1) == 1) > share
    assert np.mean(z.argmax(axis=1) == 1) < 0.95  # the last had no baseline
