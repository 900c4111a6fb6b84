"""The functions of the chapter on calibration, taken out of its own cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize, minimize_scalar

import softmax as sm
from tests.book.chapters import chapter_functions

pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")

chapter = chapter_functions("calibration")
equal_width, equal_mass = chapter.equal_width, chapter.equal_mass
reliability, calibration_error = chapter.reliability, chapter.calibration_error
fit_temperature, sparsemax = chapter.fit_temperature, chapter.sparsemax


# --- bins and the expected calibration error ------------------------------------------------------


def test_reliability_by_hand():
    said = np.array([0.61, 0.69, 0.9, 1.0])
    count, mean_said, came = reliability(said, np.array([0, 1, 1, 1]), equal_width(said))
    assert_array_equal(count, [2, 2])
    assert_allclose(mean_said, [0.65, 0.95])
    assert_allclose(came, [0.5, 1.0])


def test_error_by_hand():
    said = np.repeat([0.95, 0.65], [60, 40])
    hit = np.repeat([1, 0, 1, 0], [51, 9, 30, 10])
    assert calibration_error(said, hit, equal_width(said)) == pytest.approx(0.10)
    assert calibration_error(said, hit, equal_width(said, 1)) == pytest.approx(0.02)


def test_error_of_bins_that_come_true_is_zero():
    said, hit = np.repeat([0.25, 0.75], 4), np.array([1, 0, 0, 0, 1, 1, 1, 0])
    assert calibration_error(said, hit, equal_width(said)) == pytest.approx(0, abs=1e-15)


def test_bins_of_equal_width_hold_their_borders():
    assert_array_equal(equal_width(np.array([0, 0.09, 0.5, 0.99, 1.0]), 10), [0, 0, 5, 9, 9])


@given(hnp.arrays(float, st.integers(1, 60), elements=st.floats(0, 1)), st.integers(1, 9))
def test_bins_of_equal_mass_hold_equally_many_in_order(said, bins):
    bin_of = equal_mass(said, bins)
    counts = np.bincount(bin_of, minlength=bins)
    assert counts.max() - counts.min() <= 1
    for b in range(bins - 1):
        if counts[b] and counts[b + 1]:
            assert said[bin_of == b].max() <= said[bin_of == b + 1].min()


@given(st.integers(0, 1000), st.integers(1, 8), st.integers(1, 6))
def test_finer_bins_never_lower_the_error(seed, bins, parts):
    rng = np.random.default_rng(seed)
    said = rng.random(50)
    hit = rng.random(50) < said
    wide = calibration_error(said, hit, equal_width(said, bins))
    assert calibration_error(said, hit, equal_width(said, bins * parts)) >= wide - 1e-12
    assert wide >= abs(hit.mean() - said.mean()) - 1e-12


# --- the temperature ------------------------------------------------------------------------------


def examples(seed, size=300, scale=4.0):
    """Return logits whose calibrated version is these logits divided by `scale`."""
    rng = np.random.default_rng(seed)
    Z = rng.normal(scale=2, size=(size, 5))
    t = np.array([rng.choice(5, p=p) for p in sm.softmax(Z)])
    return scale * Z, t


@pytest.mark.parametrize("scale", [0.2, 1.0, 4.0, 30.0])
def test_temperature_is_that_of_scipy(scale):
    Z, t = examples(0, scale=scale)
    best = minimize_scalar(
        lambda log_beta: sm.cross_entropy(np.exp(log_beta) * Z, t),
        bounds=(-8, 5),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert fit_temperature(Z, t) == pytest.approx(np.exp(-best.x), rel=1e-5)


def test_temperature_undoes_a_scale():
    Z, t = examples(1, size=20_000, scale=3.0)
    assert fit_temperature(Z, t) == pytest.approx(3, rel=0.05)
    assert fit_temperature(2 * Z, t) == pytest.approx(2 * fit_temperature(Z, t), rel=1e-9)


def test_temperature_is_where_the_expected_logit_is_the_true_one():
    Z, t = examples(2)
    P = sm.softmax(Z / fit_temperature(Z, t))
    assert np.mean(np.sum(P * Z, axis=1)) == pytest.approx(np.mean(Z[np.arange(300), t]), abs=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_temperature_keeps_every_prediction(seed):
    Z, t = examples(seed, size=100)
    scaled = sm.softmax(Z / fit_temperature(Z, t))
    assert_array_equal(scaled.argmax(axis=1), Z.argmax(axis=1))


def test_temperature_refuses_what_has_none():
    Z = np.eye(3)
    with pytest.raises(ValueError, match="every prediction is right"):
        fit_temperature(Z, np.arange(3))
    with pytest.raises(ValueError, match="not above average"):
        fit_temperature(-Z, np.arange(3))


# --- training with any target ---------------------------------------------------------------------


def test_training_reaches_the_smoothed_target():
    X = np.repeat(np.eye(2), 100, axis=0)
    target = np.repeat([[0.95, 0.05], [0.05, 0.95]], 100, axis=0)
    for output in (sm.softmax, sm.sigmoid):
        W, b = chapter.train_linear(X, target, output=output, epochs=3_000)
        assert_allclose(output(X @ W + b), target, atol=2e-3)


# --- sparsemax ------------------------------------------------------------------------------------

logits = hnp.arrays(float, st.integers(1, 7), elements=st.floats(-5, 5))


def nearest_by_brute_force(z):
    """Project onto each face of the simplex, and return the nearest point that is in it."""
    points = []
    for bits in range(1, 2 ** len(z)):
        face = np.array([bits >> i & 1 for i in range(len(z))], dtype=bool)
        p = np.zeros(len(z))
        p[face] = z[face] + (1 - z[face].sum()) / face.sum()
        if p.min() >= -1e-12:
            points.append(p)
    return min(points, key=lambda p: np.sum((p - z) ** 2))


@given(logits)
def test_sparsemax_is_the_nearest_distribution(z):
    assert_allclose(sparsemax(z), nearest_by_brute_force(z), atol=1e-9)


def test_sparsemax_is_what_a_solver_finds():
    for z in np.random.default_rng(0).normal(size=(10, 6)):
        total = {"type": "eq", "fun": lambda p: p.sum() - 1}
        found = minimize(
            lambda p, z=z: np.sum((p - z) ** 2),
            np.full(6, 1 / 6),
            bounds=[(0, 1)] * 6,
            constraints=total,
            tol=1e-12,
        )
        assert_allclose(sparsemax(z), found.x, atol=1e-5)


@given(logits, st.floats(-1e6, 1e6))
def test_sparsemax_is_a_distribution_and_ignores_a_shift(z, shift):
    p = sparsemax(z)
    assert p.min() >= 0
    assert p.sum() == pytest.approx(1)
    assert_allclose(sparsemax(z + shift), p, atol=1e-8)


@given(logits)
def test_sparsemax_keeps_the_order(z):
    order = np.argsort(z)
    assert np.all(np.diff(sparsemax(z)[order]) >= 0)


@given(logits)
def test_sparsemax_of_a_distribution_is_itself(z):
    p = sm.softmax(z)
    assert_allclose(sparsemax(p), p, atol=1e-12)


def test_sparsemax_gives_exact_zeros_and_ones():
    assert_array_equal(sparsemax(np.array([3.0, 2.0, 0.0])), [1, 0, 0])
    assert sparsemax(np.array([0.25, 1.23, -0.8]))[2] == 0
    assert_array_equal(sparsemax(np.array([1e300, 0.0])), [1, 0])


def test_sparsemax_works_row_by_row():
    Z = np.random.default_rng(0).normal(size=(4, 3, 5))
    rows = [[sparsemax(z) for z in block] for block in Z]
    assert_array_equal(sparsemax(Z), rows)


# --- the exercise on sorting ----------------------------------------------------------------------


def test_threshold_is_the_smallest_that_keeps_the_promise():
    said = np.array([0.99, 0.6, 1.0, 0.95])
    assert chapter.threshold_for(said, 0.021) == 0.95
    assert chapter.threshold_for(said, 0.01) == 0.99
    assert chapter.threshold_for(said, 0.2) == 0.6
