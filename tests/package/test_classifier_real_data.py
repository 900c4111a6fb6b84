"""SoftmaxClassifier on data as people have them: offsets, units, weights, sparse matrices."""

import ast
import inspect
import tracemalloc
import warnings

import numpy as np
import pytest
import scipy.sparse
import sklearn
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_validate, train_test_split
from sklearn.utils.class_weight import compute_class_weight

import softmax._classifier_validation
import softmax._feature_scaling
import softmax._optimizer
import softmax.classifier
from softmax import SoftmaxClassifier, cross_entropy, entropy
from softmax import softmax as softmax_of
from softmax._feature_scaling import FeatureScaling
from softmax._optimizer import newton_decrease


@pytest.fixture
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def iris(dtype=np.float64):
    X, y = load_iris(return_X_y=True)
    return X.astype(dtype), y


# --- Offsets and units ------------------------------------------------------------------------


@pytest.mark.usefixtures("no_warning")
@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
def test_default_converges(load):
    X, y = load(return_X_y=True)
    model = SoftmaxClassifier(random_state=0).fit(X, y)
    assert model.score(X, y) > 0.97
    assert model.n_iter_ < 500


@pytest.mark.usefixtures("no_warning")
@pytest.mark.parametrize("offset", [100, 273.15, 1000, 1e6, 1e9, -1e9])
def test_offsets_change_nothing(offset):
    X, y = iris()
    p = SoftmaxClassifier(random_state=0).fit(X, y).predict_proba(X)
    shifted = SoftmaxClassifier(random_state=0).fit(X + offset, y).predict_proba(X + offset)
    np.testing.assert_allclose(shifted, p, atol=1e-6 * max(1, abs(offset) / 1e6))


@pytest.mark.usefixtures("no_warning")
@pytest.mark.parametrize(
    ("factor", "dtype"),
    [(f, np.float64) for f in (1e-300, 1e-200, 1e-13, 1e154, 1e200, 1e305)]
    + [(f, np.float32) for f in (1e-33, 1e-13, 1e30)],
)
def test_units_change_nothing(factor, dtype):
    X, y = iris(dtype)
    p = SoftmaxClassifier(random_state=0).fit(X, y).predict_proba(X)
    X *= dtype(factor)
    model = SoftmaxClassifier(random_state=0).fit(X, y)
    assert model.coef_.dtype == dtype
    np.testing.assert_allclose(
        model.predict_proba(X), p, atol=3e-4 if dtype == np.float32 else 1e-9
    )


@pytest.mark.usefixtures("no_warning")
@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array])
def test_one_cell_so_large_that_the_square_of_the_usual_share_underflows(make):
    X, y = iris()
    X[:, 1] *= 1e-100
    X[3, 1] = 1e300
    assert SoftmaxClassifier(random_state=0).fit(make(X), y).score(X, y) > 0.9


@pytest.mark.usefixtures("no_warning")
@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array])
def test_range_beyond_float64_is_an_error_alone(make):
    X = np.array([[1.5e308], [-1.5e308], [-1.5e308]])
    with pytest.raises(ValueError, match="beyond what a linear model can be fitted to"):
        SoftmaxClassifier().fit(make(X), [0, 1, 1])


@pytest.mark.usefixtures("no_warning")
def test_one_column_of_years_or_of_unix_times():
    rng = np.random.default_rng(0)
    years = rng.integers(1950, 2025, 400).astype(np.float64)
    for dtype in (np.float32, np.float64):
        X = years[:, None].astype(dtype)
        assert SoftmaxClassifier(random_state=0).fit(X, years > 1980).score(X, years > 1980) > 0.99
    times = 1_700_000_000 + rng.uniform(0, 86_400, 400)
    late = times > 1_700_040_000
    assert (
        SoftmaxClassifier(random_state=0).fit(times[:, None], late).score(times[:, None], late)
        > 0.98
    )


@pytest.mark.parametrize(
    ("factor", "dtype"), [(1e-307, np.float64), (1e-37, np.float32), (2e307, np.float64)]
)
def test_scales_that_floats_cannot_hold_are_an_error(factor, dtype):
    X, y = iris(dtype)
    X -= X.mean(axis=0)
    X[:, 2] *= dtype(factor)
    X[:, 2] *= 10 if factor > 1 else 1
    X = np.nan_to_num(X, posinf=1.7e308, neginf=-1.7e308)
    with pytest.raises(ValueError, match=r"Feature 2 of `X` reaches from .*Multiply it by"):
        SoftmaxClassifier().fit(X, y)


def test_scaling_of_a_stream_is_that_of_the_whole():
    X, _ = iris()
    weight = np.random.default_rng(0).uniform(1, 2, 150)
    merged = FeatureScaling.of(X[:20], weight[:20]).merge(FeatureScaling.of(X[20:], weight[20:]))
    whole = FeatureScaling.of(X, weight)
    np.testing.assert_allclose(merged.mean, np.average(X, axis=0, weights=weight))
    np.testing.assert_allclose(merged.mean, whole.mean)
    np.testing.assert_allclose(merged.scale, whole.scale)
    np.testing.assert_allclose(whole.scale, np.abs(X - whole.mean).max(axis=0))
    sparse = FeatureScaling.of(scipy.sparse.csr_array(X), weight)
    np.testing.assert_allclose(sparse.scale, whole.scale)
    coef, intercept = np.random.default_rng(1).standard_normal((2, 3, 4))
    back = whole.to_scaled(*whole.from_scaled(coef, intercept[:, 0]))
    np.testing.assert_allclose(back[0], coef)
    np.testing.assert_allclose(back[1], intercept[:, 0], atol=1e-12)


def test_stream_with_an_offset():
    X, y = iris()
    X += 1000
    order = np.random.default_rng(0).permutation(150)
    model = SoftmaxClassifier(random_state=0)
    for _ in range(30):
        for rows in np.array_split(order, 5):
            model.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    assert model.score(X, y) > 0.93


def test_stream_of_single_rows():
    # One row says nothing of a mean or a range: those of all rows before it must be remembered.
    X, y = iris()
    X += 1000
    model = SoftmaxClassifier(random_state=0)
    for _ in range(3):
        for n in np.random.default_rng(0).permutation(150):
            model.partial_fit(X[n : n + 1], y[n : n + 1], classes=[0, 1, 2])
    assert model.score(X, y) > 0.7


# --- Outliers ---------------------------------------------------------------------------------


def spoil_rows(X, rows):
    X[rows] = -9999


def spoil_cells(X, rows):
    X[rows, :3] = 9999


def spoil_one_row(X, rows):
    X[rows[0]] *= 1e6


def spoil_one_feature(X, rows):
    X[rows, 1] = np.geomspace(10, 1e8, len(rows))


@pytest.mark.usefixtures("no_warning")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("spoil", [spoil_rows, spoil_cells, spoil_one_row, spoil_one_feature])
def test_a_few_outliers_cost_no_accuracy_elsewhere(spoil, dtype):
    X, y = load_digits(return_X_y=True)
    keep = X.std(axis=0) > 0.5
    X, y = X[:600, keep], y[:600]
    X_test, y_test = X[300:], y[300:]
    plain = SoftmaxClassifier(random_state=0).fit(X[:300], y[:300]).score(X_test, y_test)
    X = X[:300].astype(dtype)
    spoil(X, np.arange(50, 300, 50))
    spoiled = SoftmaxClassifier(random_state=0).fit(X, y[:300]).score(X_test, y_test)
    assert spoiled > plain - 0.03


@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array])
def test_warns_where_outliers_hide_the_other_rows_in_many_features(make):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((400, 300)), np.arange(400) % 2
    X[:, :20] += 0.5 * y[:, None]
    X[::100] = -9999
    with pytest.warns(ConvergenceWarning, match="its gradient is large|Maximum iterations"):
        SoftmaxClassifier(random_state=0).fit(make(X), y)


@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array])
@pytest.mark.parametrize(
    ("load", "share", "code"), [(load_breast_cancer, 0.01, -9999), (load_digits, 0.002, 1e6)]
)
def test_warns_where_scattered_codes_for_missing_values_hide_all_rows(load, share, code, make):
    X, y = load(return_X_y=True)
    X[np.random.default_rng(1).random(X.shape) < share] = code
    X, y = X[::2], y[::2]
    with pytest.warns(ConvergenceWarning, match="its gradient is large|Maximum iterations"):
        SoftmaxClassifier(random_state=0).fit(make(X), y)


@pytest.mark.usefixtures("no_warning")
@pytest.mark.parametrize(("load", "share"), [(load_iris, 0.05), (load_digits, 0.05)])
def test_gets_past_scattered_codes_to_the_minimum(load, share):
    X, y = load(return_X_y=True)
    X = X[::2, X.std(axis=0) > 0]
    X[np.random.default_rng(0).random(X.shape) < share] = -9999
    excess = excess_objective(SoftmaxClassifier(random_state=0).fit(X, y[::2]), X, y[::2])
    assert -1e-6 < excess < 2e-3


@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_warns_where_codes_are_so_large_that_the_gradient_vanishes(make, early_stopping):
    X, y = iris()
    X[::8, 2] = 1e9
    model = SoftmaxClassifier(random_state=0, early_stopping=early_stopping)
    message = (
        r"In 1[12]\.\d% of the rows, a feature is over 10,000 times as far from its median as "
        r"usual: the optimization may not have converged for the other rows\. If such entries "
        r"stand for missing values, fill them in \(with SimpleImputer, for example\) or drop these "
        r"rows\."
    )
    with pytest.warns(ConvergenceWarning, match=message):
        model.fit(make(X), y)


@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array])
def test_share_of_far_rows(make):
    X = np.random.default_rng(0).standard_normal((1000, 4)).astype(np.float32)
    X[:, 1] += 1e6
    X[:, 2] *= np.arange(1000) % 3 == 0
    X[:, 3] = 7
    assert FeatureScaling.of(make(X)).share_of_far_rows(make(X)) == 0
    X[:7, :3] = 1e9
    X[7:9, 2] = -1e5
    X[9, 2] = 1e3
    assert FeatureScaling.of(make(X)).share_of_far_rows(make(X)) == 0.009


@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_newton_decrease_is_that_of_the_explicit_hessian(
    make, dtype, weighted, centered, n_classes
):
    rng = np.random.default_rng(n_classes)
    X = (3 + rng.normal(size=(60, 5)) * [1, 1e3, 1e-3, 1, 1]).astype(dtype)
    X[0, 0] = 500  # an outlier
    X[:, 3] += 1e4 if centered else 0
    labels = rng.integers(n_classes, size=60)
    coef = rng.normal(size=(n_classes, 5)) / np.abs(X).max(axis=0)
    intercept, alpha = rng.normal(size=n_classes), np.full(5, 0.01)
    weight = rng.uniform(0, 2, size=60) if weighted else None
    center = X.mean(axis=0, dtype=float) if centered else None
    reach = np.median(np.abs(X), axis=0).astype(float)
    found = newton_decrease(make(X), labels, weight, center, coef, intercept, alpha, reach)

    rows = np.column_stack([X - (center if centered else 0), np.ones(60)])
    p = softmax_of(rows @ np.column_stack([coef, intercept]).T)
    share = (np.ones(60) if weight is None else weight) / 60
    penalty = np.append(alpha, 0)
    gradient = ((p - np.eye(n_classes)[labels]) * share[:, None]).T @ rows
    gradient += penalty * np.column_stack([coef, intercept])
    variance = np.einsum("nk,kl->nkl", p, np.eye(n_classes)) - np.einsum("nk,nl->nkl", p, p)
    hessian = np.einsum("n,nkl,ni,nj->kilj", share, variance, rows, rows)
    hessian += np.einsum("kl,ij->kilj", np.eye(n_classes), np.diag(penalty))
    hessian = hessian.reshape(gradient.size, -1)
    step = np.linalg.lstsq(hessian, gradient.ravel(), rcond=None)[0]
    exact = gradient.ravel() @ step / 2
    assert 0.99 * exact < found <= exact * (1 + 1e-6)


# --- The default penalty ----------------------------------------------------------------------


def weighted_median(x, weight):
    """Return the smallest entry of a vector up to which lies half of the weight."""
    return min(value for value in x if weight[x <= value].sum() >= weight.sum() / 2)


def usual_reach(X, center, weight):
    reach = []
    for x, middle in zip(X.T, center, strict=True):
        distance = np.abs(x - weighted_median(x, weight))
        differs = distance > 0
        spread = weighted_median(distance[differs], weight[differs])
        reach.append(min(5 * spread, np.abs(x - middle).max()))
    return np.array(reach)


@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array])
def test_usual_reach_of_weighted_rows_and_of_sparse_ones(make):
    rng = np.random.default_rng(0)
    X = np.where(rng.random((150, 8)) < np.linspace(0, 1, 8), rng.lognormal(1, 2, (150, 8)), 0)
    X[:, 3] *= -1
    X[:, 4] = np.where(X[:, 4] > 0, 7, 7e5)
    X[:, 5] = np.eye(1, 150)
    weight = rng.integers(1, 4, 150)
    scaling = FeatureScaling.of(make(X), weight.astype(float))
    assert scaling.usual_reach[0] == 1  # a column of zeros
    np.testing.assert_allclose(
        (scaling.usual_reach * scaling.scale)[1:], usual_reach(X[:, 1:], scaling.mean[1:], weight)
    )
    repeated = FeatureScaling.of(make(X.repeat(weight, axis=0)))
    np.testing.assert_array_equal(repeated.spread, scaling.spread)
    merged = FeatureScaling.of(make(X)).merge(FeatureScaling.of(make(np.zeros((150, 8)))))
    np.testing.assert_array_equal(merged.spread, FeatureScaling.of(make(X)).spread)


def squared_length(X, reach, weight):
    median = [weighted_median(x, weight) for x in X.T]
    squares = np.minimum(((X - median) / reach) ** 2, 1).sum(axis=1)
    return np.average(squares, weights=weight)


@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array])
def test_squared_length_of_weighted_rows_and_of_sparse_ones(make):
    rng = np.random.default_rng(0)
    X = np.where(rng.random((150, 6)) < 0.3, rng.lognormal(1, 1, (150, 6)), 0)
    X[:, 2] = 0
    X[3, 4] = -1e9
    X[:, 5] += 1000
    weight = rng.integers(1, 4, 150)
    scaling = FeatureScaling.of(make(X), weight.astype(float))
    reach = scaling.usual_reach * scaling.scale
    expected = squared_length(X, reach, weight)
    assert scaling.squared_length == pytest.approx(expected)
    repeated = FeatureScaling.of(make(X.repeat(weight, axis=0)))
    assert repeated.squared_length == pytest.approx(expected)
    parts = FeatureScaling.of(make(X[:50])), FeatureScaling.of(make(X[50:]))
    merged = parts[0].merge(parts[1])
    mean = (parts[0].squared_length + 2 * parts[1].squared_length) / 3
    assert merged.squared_length == pytest.approx(mean)
    np.testing.assert_allclose(merged.median, (parts[0].median + 2 * parts[1].median) / 3)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("load", [load_wine, load_digits])
def test_default_penalty_is_a_prior_in_scaled_features(load, weighted):
    X, y = load(return_X_y=True)
    X, y = X[::4, X[::4].std(axis=0) > 0], y[::4]
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y)) if weighted else np.ones(len(y))
    model = SoftmaxClassifier(tol=1e-12, max_iter=20_000, random_state=0).fit(X, y, weight)
    center = np.average(X, axis=0, weights=weight)
    reach = usual_reach(X, center, weight)
    length = squared_length(X, reach, weight)
    assert (length > 4) == (load is load_digits)
    scaled = (X - center) / reach
    strength = min(10, 40 / length)
    reference = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-10)
    reference.fit(scaled, y, weight)
    np.testing.assert_allclose(
        model.predict_proba(X), reference.predict_proba(scaled), rtol=0, atol=1e-5
    )


def test_no_penalty_with_a_learning_rate_of_your_own():
    X, y = iris()
    settings = {
        "learning_rate": "constant",
        "learning_rate_init": 0.01,
        "max_iter": 50,
        "tol": None,
    }
    free = SoftmaxClassifier(random_state=0, alpha=0.0, **settings).fit(X, y)
    auto = SoftmaxClassifier(random_state=0, **settings).fit(X, y)
    np.testing.assert_array_equal(auto.coef_, free.coef_)


def excess_objective(model, X, y):
    """Return how far the objective of a default model of three or more classes is above the least.

    The least is that of Newton's method in units of the usual reach.
    """
    scaling = model._scaling
    reach = scaling.usual_reach * scaling.scale
    strength = min(10, 40 / scaling.squared_length)
    scaled = (X - np.median(X, axis=0)) / reach
    best = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-10).fit(scaled, y)

    def objective(logits, coef):
        return cross_entropy(logits, y) + np.sum(coef**2) / (2 * strength * len(y))

    found = objective(model._logits(X), model.coef_ * reach)
    return found - objective(scaled @ best.coef_.T + best.intercept_, best.coef_)


# --- Convergence ------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_warning")
@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_default_reaches_the_minimum(make, dtype):
    X, y = load_digits(return_X_y=True)
    X, y = X[:400].astype(dtype), y[:400]
    model = SoftmaxClassifier(random_state=0).fit(make(X), y)
    assert -1e-6 < excess_objective(model, X, y) < 1e-3
    assert model.n_iter_ == len(model.loss_curve_) < 60
    if dtype == np.float64:  # in float32, rounding may end the steps
        assert model.n_iter_ % model.n_iter_no_change == 0
    assert (np.diff(model.loss_curve_[10:]) < 1e-7).all()  # no step of L-BFGS goes up


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rate_init": 0.01},
        {"learning_rate": "constant"},
        {"learning_rate": "cosine"},
        {"early_stopping": True},
        {"tol": None},
    ],
)
def test_what_is_asked_for_by_name_stays_gradient_descent(settings, monkeypatch):
    def refuse(*args):
        raise AssertionError("L-BFGS")

    X, y = iris()
    monkeypatch.setattr(softmax.classifier, "minimize_lbfgs", refuse)
    SoftmaxClassifier(max_iter=30, random_state=0, **settings).fit(X, y)
    with pytest.raises(AssertionError, match="L-BFGS"):
        SoftmaxClassifier(max_iter=30, random_state=0).fit(X, y)


def test_steps_of_lbfgs_count_as_epochs():
    X, y = load_digits(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(13\) reached"):
        model = SoftmaxClassifier(max_iter=13, random_state=0).fit(X, y, X_val=X[:9], y_val=y[:9])
    assert model.n_iter_ == len(model.loss_curve_) == len(model.validation_scores_) == 13


@pytest.mark.slow
def test_max_iter_alone_bounds_the_steps_of_lbfgs():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 1)) + 1e-3 * rng.normal(size=(30, 6)) * 10.0 ** -np.arange(6)
    settings = {"alpha": 0, "tol": 1e-14, "max_iter": 16_000, "random_state": 0}
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(16000\) reached"):
        SoftmaxClassifier(**settings).fit(X, rng.integers(0, 3, 30))


@pytest.mark.parametrize("seed", [4, 10, 26])
def test_warns_where_rounding_ends_training_and_the_hessian_shows_more_to_gain(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, 5))
    y = (X @ rng.normal(size=(5, 3)) * 5 + rng.gumbel(size=(60, 3))).argmax(axis=1)
    X[rng.random(X.shape) < 0.02] = -9999
    with pytest.warns(ConvergenceWarning, match="has stopped improving"):
        SoftmaxClassifier(tol=1e-6, random_state=0).fit(X.astype(np.float32), y)


@pytest.mark.usefixtures("no_warning")
def test_rare_words_take_few_passes():
    # The classes are all but separable, and the steps that a bound of the curvature allows are
    # tiny near the minimum.
    rng = np.random.default_rng(0)
    topic = rng.integers(10, size=600)
    words = np.where(rng.random((600, 25)) < 0.4, topic[:, None], rng.integers(500, size=(600, 25)))
    X = scipy.sparse.csr_array(
        (np.ones(words.size), (np.repeat(np.arange(600), 25), words.ravel())), shape=(600, 5000)
    )
    model = SoftmaxClassifier(random_state=0).fit(X, topic)
    assert model.score(X, topic) == 1
    assert model.n_iter_ <= 40


def test_warns_where_offsets_make_the_steps_useless():
    X, y = iris()
    settings = {"learning_rate_init": 1e-6, "learning_rate": "constant", "random_state": 0}
    with pytest.warns(ConvergenceWarning, match=r"StandardScaler.*learning_rate_init='auto'"):
        SoftmaxClassifier(**settings).fit(X + 100, y)


@pytest.mark.parametrize("learning_rate", ["adaptive", "constant", "cosine"])
def test_warns_under_every_schedule(learning_rate):
    X, y = load_digits(return_X_y=True)
    model = SoftmaxClassifier(learning_rate=learning_rate, max_iter=2, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached and the optim"):
        model.fit(X, y)


def test_warns_of_a_plateau_that_is_not_the_bottom():
    X, y = iris()
    settings = {"learning_rate": "constant", "learning_rate_init": 1e-9, "random_state": 0}
    with pytest.warns(ConvergenceWarning, match="stopped improving, but its gradient is large"):
        SoftmaxClassifier(**settings).fit(X, y)


def test_warns_of_a_loss_above_a_guess_even_without_tol():
    X, y = iris()
    settings = {"learning_rate": "constant", "learning_rate_init": 0.002, "momentum": 0.0}
    model = SoftmaxClassifier(max_iter=3, tol=None, shuffle=False, **settings)
    with pytest.warns(ConvergenceWarning, match=r"above the 1.1 of a guess by the frequencies"):
        model.fit(X + 100, y)
    assert entropy(np.full(3, 1 / 3)) == pytest.approx(1.0986, abs=1e-4)


def test_loss_in_the_warning_is_that_of_all_rows():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2500, 3)) + 30, np.arange(2500) % 3  # more rows than are sampled
    settings = {"learning_rate": "constant", "learning_rate_init": 0.01, "max_iter": 2}
    model = SoftmaxClassifier(tol=None, random_state=0, **settings)
    with pytest.warns(ConvergenceWarning, match="above the 1.1 of a guess") as caught:
        model.fit(X, y)
    loss = cross_entropy(X @ model.coef_.T + model.intercept_, y)
    assert f"The loss of {loss:.3g} is" in str(caught[0].message)
    # Python shows a warning once for each line that it points to.
    assert caught[0].filename == __file__


@pytest.mark.parametrize(("factor", "dtype"), [(1e160, np.float64), (1e30, np.float32)])
@pytest.mark.parametrize("tol", [None, 1e-4])
def test_warns_of_logits_that_overflow(factor, dtype, tol):
    X, y = iris(dtype)
    model = SoftmaxClassifier(learning_rate_init=1.0, max_iter=1, tol=tol, random_state=0)
    with pytest.warns(ConvergenceWarning, match="loss of inf is above") as caught:
        model.fit(X * dtype(factor), y)
    assert len(caught) == 1


@pytest.mark.usefixtures("no_warning")
def test_tol_none_trains_without_a_test_of_convergence():
    X, y = iris()
    settings = {"learning_rate_init": 0.01, "learning_rate": "constant", "random_state": 0}
    assert SoftmaxClassifier(max_iter=3, tol=None, **settings).fit(X, y).n_iter_ == 3


@pytest.mark.usefixtures("no_warning")
def test_early_stopping_costs_no_accuracy():
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0, stratify=y)
    whole = SoftmaxClassifier(random_state=0).fit(X, y).score(X_test, y_test)
    early = SoftmaxClassifier(early_stopping=True, random_state=0).fit(X, y)
    assert early.score(X_test, y_test) > whole - 0.015
    assert early.n_iter_ < 500


# --- Weights ----------------------------------------------------------------------------------


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("settings", [{}, {"learning_rate_init": 0.05, "alpha": 0.01}])
def test_integer_weights_count_rows(sparse, settings):
    X, y = iris()
    weight = np.random.default_rng(0).integers(0, 4, 150)
    repeated = X.repeat(weight, axis=0)
    if sparse:
        X, repeated = scipy.sparse.csr_array(X), scipy.sparse.csr_array(repeated)
    settings = {"random_state": 0, "max_iter": 30, "tol": None, "batch_size": 1000} | settings
    weighted = SoftmaxClassifier(**settings).fit(X, y, weight)
    plain = SoftmaxClassifier(**settings).fit(repeated, y.repeat(weight))
    np.testing.assert_allclose(weighted.coef_, plain.coef_, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(weighted.loss_curve_, plain.loss_curve_, rtol=1e-10)
    score = np.average(weighted.predict(X) == y, weights=weight)
    assert weighted.score(X, y, weight) == pytest.approx(score)


def test_weights_in_mini_batches_and_streams():
    X, y = iris()
    settings = {
        "learning_rate": "constant",
        "learning_rate_init": 0.02,
        "batch_size": 50,
        "max_iter": 1,
        "shuffle": False,
        "tol": None,
    }
    weight = np.tile([1.0, 3.0], 75)
    whole = SoftmaxClassifier(**settings).fit(X, y, weight)
    stream = SoftmaxClassifier(**settings)
    for start in range(0, 150, 50):
        rows = slice(start, start + 50)
        stream.partial_fit(X[rows], y[rows], classes=[0, 1, 2], sample_weight=weight[rows])
    np.testing.assert_allclose(stream.coef_, whole.coef_, rtol=1e-12)
    tenfold = SoftmaxClassifier(**settings).fit(X, y, 10 * weight)
    np.testing.assert_allclose(tenfold.coef_, whole.coef_, rtol=1e-12)


def test_class_weight_multiplies_the_weights_of_its_class():
    X, y = iris()
    X, y = X[30:], y[30:]
    names = np.array(["a", "b", "c"])[y]
    by_class = {"a": 1.0, "b": 5.0, "c": 2.0}
    model = SoftmaxClassifier(class_weight=by_class, random_state=0).fit(X, names)
    other = SoftmaxClassifier(random_state=0).fit(X, names, [by_class[name] for name in names])
    np.testing.assert_array_equal(model.coef_, other.coef_)
    balanced = SoftmaxClassifier(class_weight="balanced", random_state=0).fit(X, y)
    weights = compute_class_weight("balanced", classes=np.unique(y), y=y)
    other = SoftmaxClassifier(random_state=0).fit(X, y, weights[y])
    np.testing.assert_allclose(balanced.coef_, other.coef_)
    with pytest.raises(ValueError, match="does not support class_weight='balanced'"):
        SoftmaxClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])


@pytest.mark.parametrize("factor", [1e-320, 1e-60, 1e60, 1e300])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_common_factor_of_all_weights_makes_no_difference(factor, dtype):
    X, y = iris(dtype)
    weight = np.random.default_rng(0).integers(1, 4, 150).astype(float)
    for settings in ({"alpha": 0.01}, {"learning_rate_init": 0.05, "tol": None, "max_iter": 20}):
        expected = SoftmaxClassifier(random_state=0, **settings).fit(X, y, weight)
        model = SoftmaxClassifier(random_state=0, **settings).fit(X, y, factor * weight)
        np.testing.assert_allclose(
            model.predict_proba(X), expected.predict_proba(X), rtol=0, atol=1e-3
        )


@pytest.mark.parametrize("factor", [1e-320, 1e-60, 1e307])
def test_weights_that_cannot_count_examples_are_an_error(factor):
    X, y = iris()
    with pytest.raises(ValueError, match=r"must have a sum .*brings their mean to 1"):
        SoftmaxClassifier().fit(X, y, np.full(150, factor))


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.r_[-1.0, np.ones(149)], r"must be >= 0, got -1.0 at index 0"),
        (np.zeros(150), "must have a weight > 0, got zeros only"),
        (np.ones(149), r"must be of shape \(150,\), one weight for each row of `X`, got shape"),
        (np.full(150, np.nan), "sample_weight contains NaN"),
        (np.r_[np.zeros(100), np.ones(50)], "contains only one class: 2|only one class"),
    ],
)
def test_invalid_weights(weight, message):
    X, y = iris()
    with pytest.raises(ValueError, match=message):
        SoftmaxClassifier().fit(X, y, weight)


def test_metadata_routing():
    X, y = iris()
    weight = np.random.default_rng(0).uniform(0.1, 2, 150)
    splits = list(StratifiedKFold(3).split(X, y))
    with sklearn.config_context(enable_metadata_routing=True):
        model = SoftmaxClassifier(random_state=0).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        params = {"sample_weight": weight}
        result = cross_validate(model, X, y, params=params, cv=splits, return_estimator=True)
    train, test = splits[0]
    direct = SoftmaxClassifier(random_state=0).fit(X[train], y[train], weight[train])
    np.testing.assert_array_equal(result["estimator"][0].coef_, direct.coef_)
    assert result["test_score"][0] == direct.score(X[test], y[test], weight[test])


# --- Sparse matrices --------------------------------------------------------------------------


@pytest.mark.parametrize("make", [scipy.sparse.csr_array, scipy.sparse.csc_matrix])
def test_sparse_is_trained_as_dense(make):
    X, y = load_digits(return_X_y=True)
    X = X[:400] + 0.0
    X[:, 5] = np.where(X[:, 5] > 3, 1000 + X[:, 5], 999)  # an offset, which is not filled in
    settings = {"random_state": 0, "max_iter": 20, "tol": None, "batch_size": 100}
    dense = SoftmaxClassifier(**settings).fit(X, y[:400])
    sparse = SoftmaxClassifier(**settings).fit(make(X), y[:400])
    np.testing.assert_allclose(sparse.coef_, dense.coef_, rtol=1e-6, atol=1e-8)
    p = sparse.predict_proba(make(X))
    np.testing.assert_allclose(p, dense.predict_proba(X), rtol=1e-5, atol=1e-8)
    sparse.partial_fit(make(X[:50]), y[:50])


def test_entries_stored_in_parts_are_their_sum():
    X, y = load_digits(return_X_y=True)
    whole = scipy.sparse.csr_array(X[:300])
    parts = [np.repeat(part, 2) for part in (whole.data / 2, whole.indices)]
    twice = scipy.sparse.csr_array((*parts, 2 * whole.indptr), whole.shape)
    models = [SoftmaxClassifier(random_state=0).fit(A, y[:300]) for A in (whole, twice)]
    np.testing.assert_array_equal(models[0].coef_, models[1].coef_)
    assert twice.nnz == 2 * whole.nnz


@pytest.mark.parametrize(
    ("settings", "copies"),
    [({"max_iter": 3, "tol": None}, 12), ({"tol": 10, "n_iter_no_change": 1}, 36)],
)
def test_sparse_is_never_densified(settings, copies):
    rng = np.random.default_rng(0)
    cells = rng.integers(10_000, size=500_000), rng.integers(50_000, size=500_000)
    X = scipy.sparse.csr_array((rng.random(500_000), cells), shape=(10_000, 50_000))
    y = (X[:, :25_000].sum(axis=1) > X[:, 25_000:].sum(axis=1)).astype(int)
    before = X.copy()
    model = SoftmaxClassifier(random_state=0, **settings)
    tracemalloc.start()
    model.fit(X, y)
    model.predict_proba(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    nonzeros = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    parameters = model.coef_.nbytes
    assert peak < 6 * nonzeros + copies * parameters < X.shape[0] * X.shape[1] / 5
    assert (before != X).nnz == 0


# --- Kinds of input ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [">f4", "<f4"])
def test_float32_of_either_byte_order_stays_float32(dtype):
    X, y = iris()
    model = SoftmaxClassifier(random_state=0).fit(X.astype(dtype), y)
    assert model.coef_.dtype == np.float32
    expected = SoftmaxClassifier(random_state=0).fit(X.astype(np.float32), y)
    np.testing.assert_array_equal(model.coef_, expected.coef_)


def test_masked_entries_are_refused_and_the_way_out_works():
    X, y = iris()
    mask = np.zeros(X.shape, bool)
    mask[0, 0] = True
    masked = np.ma.array(np.where(mask, 1e6, X), mask=mask)
    rows = np.arange(150) < 3
    model = SoftmaxClassifier(random_state=0)
    with pytest.raises(TypeError, match=r"`X` must not have masked entries.*SimpleImputer"):
        model.fit(masked, y)
    with pytest.raises(TypeError, match=r"`X` must not have masked entries"):
        model.partial_fit(masked, y, classes=[0, 1, 2])
    with pytest.raises(TypeError, match=r"`y` must not .*where ~np.ma.getmaskarray\(y\)"):
        model.fit(X, np.ma.array(y, mask=rows))
    with pytest.raises(TypeError, match=r"`sample_weight` must not .*sample_weight.filled\(0\)"):
        model.fit(X, y, np.ma.array(np.ones(150), mask=rows))
    with pytest.raises(TypeError, match=r"`X_val` must not have masked entries.*X_val.filled"):
        model.fit(X, y, X_val=masked, y_val=y)
    assert not hasattr(model, "coef_")
    model.fit(SimpleImputer().fit_transform(masked.filled(np.nan)), y)
    for method in (model.predict, model.predict_proba, model.decision_function):
        with pytest.raises(TypeError, match=r"`X` must not have masked entries"):
            method(masked)
    weight = np.ma.array(np.ones(150), mask=rows).filled(0)
    left_out = SoftmaxClassifier(random_state=0).fit(X[3:], y[3:])
    np.testing.assert_allclose(model.fit(X, y, weight).coef_, left_out.coef_, rtol=1e-10)
    assert model.fit(np.ma.array(X), np.ma.array(y)).score(X, y) > 0.95  # nothing is masked


def test_batches_grow_with_the_data():
    X, y = np.zeros((1_000_000, 1), np.float32), np.arange(1_000_000) % 2
    model = SoftmaxClassifier(max_iter=1, tol=None).fit(X, y)
    assert model._batch_size(X) == 10_000
    assert model._batch_size(X[:300]) == 300
    assert model._batch_size(X[:10_000]) == 200


def test_only_the_public_interface_of_scikit_learn():
    for module in (
        softmax.classifier,
        softmax._classifier_validation,
        softmax._optimizer,
        softmax._feature_scaling,
    ):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("sklearn"):
                names = [*node.module.split("."), *(alias.name for alias in node.names)]
                assert not [name for name in names if name.startswith("_")]


@pytest.mark.usefixtures("no_warning")
@pytest.mark.parametrize("seed", [4, 9, 10])
def test_one_mistyped_cell_does_not_keep_the_other_rows_from_being_fitted(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(500, 4))
    y = (X @ rng.normal(size=(4, 3)) + rng.gumbel(size=(500, 3)) * 0.5).argmax(axis=1)
    X[3, 1] *= rng.choice([100, 1000, 1e4])
    assert -1e-6 < excess_objective(SoftmaxClassifier(random_state=0).fit(X, y), X, y) < 1e-3
