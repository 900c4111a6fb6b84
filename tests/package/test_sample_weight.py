"""Weights of examples and of classes."""

import numpy as np
import pytest
import scipy.sparse
import sklearn
from sklearn.model_selection import StratifiedKFold, cross_validate, train_test_split
from sklearn.utils.class_weight import compute_class_weight

from softmax import SoftmaxClassifier
from tests.package.numeric import iris


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


def test_a_part_without_weights_counts_each_row_once():
    X, y = iris()
    models = SoftmaxClassifier(random_state=0), SoftmaxClassifier(random_state=0)
    for model, weight in zip(models, (None, np.ones(50)), strict=True):
        model.partial_fit(X[::2], y[::2], classes=[0, 1, 2], sample_weight=np.full(75, 3.0))
        model.partial_fit(X[1::3], y[1::3], sample_weight=weight)
    np.testing.assert_array_equal(models[0].coef_, models[1].coef_)


def test_early_stopping_weighs_what_it_sets_aside():
    X, y = iris()
    weight = np.random.default_rng(0).uniform(0.1, 2, 150)
    model = SoftmaxClassifier(early_stopping=True, random_state=0).fit(X, y, weight)
    _, rows = train_test_split(np.arange(150), test_size=0.1, stratify=y, random_state=0)
    score = model.score(X[rows], y[rows], weight[rows])
    assert max(model.validation_scores_) == pytest.approx(score)


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


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({0: -1, 1: 1, 2: 1}, r"`class_weight` must map labels to .* got -1.0 for .*0"),
        ({1: np.nan}, r"finite numbers >= 0, got nan for .*1"),
        ({2: np.inf}, r"finite numbers >= 0, got inf for .*2"),
        ({0: 0, 1: 0, 2: 0}, "All classes have the weight 0 in `class_weight`"),
        ({0: 1e-300, 1: 1e-300, 2: 1e-300}, "`sample_weight` times `class_weight` must have a sum"),
    ],
)
def test_invalid_class_weights(class_weight, message):
    X, y = iris()
    with pytest.raises(ValueError, match=message):
        SoftmaxClassifier(class_weight=class_weight).fit(X, y)


def test_stream_may_have_a_part_of_weight_zero():
    X, y = iris()
    model = SoftmaxClassifier(class_weight={0: 0}, random_state=0)
    model.partial_fit(X[:50], y[:50], classes=[0, 1, 2])
    assert not model.coef_.any()
