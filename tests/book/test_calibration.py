"""The functions of the chapter on calibration, taken out of its own cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar

import softmax as sm
from tests.book.chapters import chapter_functions

pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")

chapter = chapter_functions("calibration")
equal_width, equal_mass = chapter.equal_width, chapter.equal_mass
reliability, calibration_error = chapter.reliability, chapter.calibration_error
fit_temperature = chapter.fit_temperature


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
    with pytest.raises(ValueError, match="Every prediction is right"):
        fit_temperature(Z, np.arange(3))
    with pytest.raises(ValueError, match="not above average"):
        fit_temperature(-Z, np.arange(3))


# --- training with any target ---------------------------------------------------------------------


def test_training_reaches_the_smoothed_target():
    X = np.repeat(np.eye(2), 100, axis=0)
    target = np.repeat([[0.95, 0.05], [0.05, 0.95]], 100, axis=0)
    W, b = chapter.train_linear(X, target, epochs=3_000)
    assert_allclose(sm.softmax(X @ W + b), target, atol=2e-3)


def test_student_at_a_temperature_reaches_its_teacher():
    X = np.repeat(np.eye(2), 100, axis=0)
    teacher = np.repeat([[2.0, -1.0], [0.5, 0.0]], 100, axis=0)
    W, b = chapter.train_linear(X, sm.softmax(teacher / 4), T=4.0, epochs=3_000)
    assert_allclose(sm.softmax(X @ W + b), sm.softmax(teacher), atol=5e-3)


def test_class_wise_error_by_hand():
    P = np.repeat([[0.7, 0.3], [0.2, 0.8]], 10, axis=0)
    t = np.repeat([0, 1, 0, 1], [8, 2, 2, 8])  # class 0: 0.8 against 0.7, then as predicted
    assert chapter.class_wise_error(P, t) == pytest.approx(0.05)


def test_photos_move_to_the_right():
    photo = np.arange(784.0)[None]
    moved = chapter.move_right(photo, 3).reshape(28, 28)
    assert_array_equal(moved[:, :3], 0)
    assert_array_equal(moved[:, 3:], photo.reshape(28, 28)[:, :-3])
    assert_array_equal(chapter.move_right(photo, 0), photo)


# --- the exercise on sorting ----------------------------------------------------------------------


def test_threshold_is_the_smallest_that_keeps_the_promise():
    said = np.array([0.99, 0.6, 1.0, 0.95])
    assert chapter.threshold_for(said, 0.021) == 0.95
    assert chapter.threshold_for(said, 0.01) == 0.99
    assert chapter.threshold_for(said, 0.2) == 0.6
    assert chapter.threshold_for(np.array([0.5, 1.0, 0.5, 0.5]), 0.3) == 1.0
