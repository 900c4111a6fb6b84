"""The functions that the chapter on learning from choices defines, taken from its cells."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy import integrate, stats

import softmax as sm
from tests.book.chapters import chapter_until

chapter = chapter_until("learning-from-choices", "def spread_among")

ANIMALS = np.array([0.25, 1.23, -0.8])
REWARDS = np.array([4.0, 5.0, 3.0])
WORDS_AFTER_THE = np.log([12, 11, 10, 9, 8, 7, 7, 6, 5, 4, 3, 3, 2, 1, 1, 1])

# A busy machine may take long for one example; that is no error.
unhurried = settings(deadline=None)


def slopes(function, z, h=1e-5):
    """Return the gradient of a function by central differences."""
    return [(function(z + step) - function(z - step)) / (2 * h) for step in h * np.eye(len(z))]


# --- Gumbel-max -----------------------------------------------------------------------------------


def p_value(sampler, seed, n=9000):
    drawn = sampler(np.tile(WORDS_AFTER_THE, (n, 1)), np.random.default_rng(seed))
    expected = n * sm.softmax(WORDS_AFTER_THE)
    return stats.chisquare(np.bincount(drawn, minlength=16), expected).pvalue


@pytest.mark.parametrize("seed", range(5))
def test_gumbel_noise_passes_and_normal_noise_fails_the_chi_square_test(seed):
    assert p_value(chapter.gumbel_max, seed) > 0.001
    assert p_value(chapter.normal_max, seed) < 1e-50


def test_masked_class_never_wins():
    z = np.tile([0.0, -np.inf, -5.0], (20_000, 1))
    assert set(chapter.gumbel_max(z, np.random.default_rng(0))) == {0, 2}


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
    estimates = chapter.gradient_estimates(z, np.arange(4), r, baseline)
    assert_allclose(pi @ estimates, sm.softmax_vjp(pi, r), atol=1e-12)


@unhurried
@given(arrays(float, 4, elements=st.floats(-3, 3)), arrays(float, 4, elements=st.floats(-5, 5)))
def test_gradient_of_the_expected_reward_against_finite_differences(z, r):
    differences = slopes(lambda z: sm.softmax(z) @ r, z)
    assert_allclose(sm.softmax_vjp(sm.softmax(z), r), differences, atol=1e-8)


def test_sampled_estimates_meet_the_gradient_and_a_baseline_narrows_them():
    rng = np.random.default_rng(0)
    pi = sm.softmax(ANIMALS)
    actions = rng.choice(3, size=100_000, p=pi)
    rewards = REWARDS[actions] + rng.standard_normal(100_000)
    without, with_baseline = (
        chapter.gradient_estimates(ANIMALS, actions, rewards, b) for b in (0.0, pi @ REWARDS)
    )
    exact = sm.softmax_vjp(pi, REWARDS)
    for estimates in (without, with_baseline):
        error = np.abs(estimates.mean(axis=0) - exact)
        assert np.all(error < 4 * estimates.std(axis=0) / np.sqrt(100_000))
    assert with_baseline.var(axis=0).sum() < without.var(axis=0).sum() / 5


def test_policies_with_a_baseline_find_the_best_action():
    for use_baseline, low, high in ((True, 0.99, 1), (False, 0.7, 0.95)):
        expected, z = chapter.learn(REWARDS, 0.1, use_baseline, steps=300, runs=300)
        assert_allclose(expected[0], REWARDS.mean())
        assert_allclose(z.sum(axis=1), 0, atol=1e-9)  # each step sums to zero
        assert low < np.mean(z.argmax(axis=1) == 1) <= high


# --- Relaxed choices ------------------------------------------------------------------------------

LAMPS = np.log([[0.7, 0.3], [0.5, 0.5], [0.1, 0.9]])


@pytest.mark.parametrize("z", LAMPS)
def test_exact_gradient_of_the_lamp_against_finite_differences(z):
    differences = slopes(lambda z: sm.softmax(z) @ [0.45**2, 0.55**2], z)
    assert_allclose(chapter.exact_gradient(z), differences, atol=1e-9)


@pytest.mark.parametrize("z", LAMPS)
def test_reinforce_is_unbiased_and_straight_through_follows_the_dimmed_lamp(z):
    rows, rng = np.tile(z, (100_000, 1)), np.random.default_rng(0)
    on = sm.softmax(z)[1]
    dimmed = on * (1 - on) * 2 * (on - 0.45)
    expected = {chapter.reinforce: chapter.exact_gradient(z)[1], chapter.straight_through: dimmed}
    for estimator, mean in expected.items():
        estimates = estimator(rows, rng)[:, 1]
        error = 5 * estimates.std() / np.sqrt(len(rows)) + 1e-12
        assert abs(estimates.mean() - mean) < error


@pytest.mark.parametrize("tau", [0.1, 1.0])
@pytest.mark.parametrize("z", LAMPS)
def test_relaxed_gradient_against_an_integral_over_logistic_noise(z, tau):
    """The difference of two Gumbel numbers is logistic; differentiate the mean relaxed cost."""

    def mean_cost(shift):
        def integrand(x):
            y = 1 / (1 + np.exp(-(z[1] - z[0] + shift + x) / tau))
            return (y - 0.45) ** 2 * stats.logistic.pdf(x)

        return integrate.quad(integrand, -40, 40, limit=400, points=[z[0] - z[1]])[0]

    slope = (mean_cost(1e-3) - mean_cost(-1e-3)) / 2e-3
    mean, spread = chapter.relaxed_moments(z, tau)
    assert mean == pytest.approx(slope, abs=1e-6)
    estimates = chapter.relaxed(np.tile(z, (100_000, 1)), np.random.default_rng(1), tau)[:, 1]
    assert abs(estimates.mean() - slope) < 5 * spread / np.sqrt(100_000)


def test_cold_relaxed_samples_are_one_hot_with_the_right_frequencies():
    y = chapter.gumbel_softmax(np.tile(ANIMALS, (9000, 1)), 1e-3, np.random.default_rng(0))
    assert np.mean(y.max(axis=1) > 0.999) > 0.99
    observed = np.bincount(y.argmax(axis=1), minlength=3)
    assert stats.chisquare(observed, 9000 * sm.softmax(ANIMALS)).pvalue > 0.001


@unhurried
@given(arrays(float, 3, elements=st.floats(-3, 3)), st.integers(0, 1000))
def test_straight_through_has_the_gradient_of_a_quadratic_at_the_mean(z, seed):
    rng = np.random.default_rng(seed)
    A, b = rng.normal(size=(3, 3)), rng.normal(size=3)
    A += A.T
    pi = sm.softmax(z)
    mean = pi @ sm.softmax_vjp(np.tile(pi, (3, 1)), A + b)  # A + b: at each choice the slopes

    def at_the_mean(z):
        y = sm.softmax(z)
        return y @ A @ y / 2 + b @ y

    assert_allclose(mean, slopes(at_the_mean, z), atol=1e-7)
