"""The scaling of features, and what depends on it: offsets, units, the default penalty."""

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_digits, load_wine
from sklearn.linear_model import LogisticRegression

from softmax import SoftmaxClassifier
from softmax._feature_scaling import FeatureScaling
from tests.package.numeric import iris


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
    parameters = np.random.default_rng(1).standard_normal((3, 5))
    back = whole.to_scaled(whole.from_scaled(parameters))
    np.testing.assert_allclose(back, parameters, atol=1e-12)


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


@pytest.mark.usefixtures("no_warning")
def test_coordinates_in_float32():
    rng = np.random.default_rng(0)
    place = rng.uniform(0, 60, (20_000, 2))
    X = (place + np.array([692_000, 5_335_000])).astype(np.float32)
    y = (place > 30) @ [2, 1]

    def stream(model, X, y):
        for rows in (slice(7000), slice(7000, None)):
            model.partial_fit(X[rows], y[rows], classes=np.arange(4))
        return model

    for fit in (SoftmaxClassifier.fit, stream):
        models = [fit(SoftmaxClassifier(random_state=0), X.astype(t), y) for t in ("f4", "f8")]
        p = [model.predict_proba(X.astype(np.float64)) for model in models]
        np.testing.assert_allclose(p[0], p[1], atol=0.02)


@pytest.mark.usefixtures("no_warning")
@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array])
def test_parameters_that_float32_cannot_hold_are_float64(make):
    X = 2_460_000 + np.random.default_rng(0).uniform(0, 5, (2000, 1)).astype(np.float32)
    y = (X[:, 0] - 2_460_000).astype(int)
    model = SoftmaxClassifier(random_state=0).fit(make(X), y)
    assert model.coef_.dtype == model.predict_proba(make(X)).dtype == np.float64
    assert model.score(make(X), y) > 0.96
    assert model.partial_fit(make(X), y).score(make(X), y) > 0.9
    X -= 2_460_000
    assert SoftmaxClassifier(random_state=0).fit(make(X), y).coef_.dtype == np.float32
