"""SoftmaxClassifier as a scikit-learn estimator: streams, errors, dtypes, reproducibility."""

import pickle
import warnings

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from softmax import SoftmaxClassifier, cross_entropy


@parametrize_with_checks(
    [SoftmaxClassifier(), SoftmaxClassifier(alpha=1e-3, learning_rate="constant")]
)
def test_scikit_learn_compatible(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def data():
    return make_classification(
        240, 6, n_informative=5, n_redundant=0, n_classes=4, n_clusters_per_class=1, random_state=3
    )


# Most of these fits stop long before they converge.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def state(model):
    return {name: joblib.hash(value) for name, value in vars(model).items()}


# --- Streams and second calls -----------------------------------------------------------------


def test_stream_equals_one_epoch(data):
    X, y = data
    settings = {
        "learning_rate": "constant",
        "learning_rate_init": 0.1,
        "alpha": 0.01,
        "batch_size": 40,
        "max_iter": 1,
        "tol": None,
        "shuffle": False,
    }
    whole = SoftmaxClassifier(**settings).fit(X, y)
    stream = SoftmaxClassifier(**settings)
    for start in range(0, 240, 40):
        stream.partial_fit(X[start : start + 40], y[start : start + 40], classes=[3, 1, 0, 2])
    np.testing.assert_array_equal(stream.coef_, whole.coef_)
    np.testing.assert_array_equal(stream.intercept_, whole.intercept_)
    assert stream.n_iter_ == len(stream.loss_curve_) == 6
    assert np.mean(stream.loss_curve_) == pytest.approx(whole.loss_curve_[0])


def test_stream_continues_after_pickling(data):
    X, y = data
    model = SoftmaxClassifier(random_state=0).partial_fit(X[:100], y[:100], classes=range(4))
    copy = pickle.loads(pickle.dumps(model))
    assert state(model.partial_fit(X[100:], y[100:])) == state(copy.partial_fit(X[100:], y[100:]))


def test_stream_whose_features_grow(data):
    X, y = data
    model = SoftmaxClassifier(random_state=0).partial_fit(0.1 * X, y, classes=range(4))
    for _ in range(60):
        model.partial_fit(X, y)
    fit = SoftmaxClassifier(random_state=0).fit(X, y)
    assert model.score(X, y) > fit.score(X, y) - 0.1  # the rate does not fall in a stream


def test_stream_with_batches_of_one_class(data):
    X, y = data
    model = SoftmaxClassifier(random_state=0)
    for k in range(4):
        model.partial_fit(X[y == k], y[y == k], classes=range(4))
    assert model.coef_.shape == (4, 6)


def test_partial_fit_after_fit_continues(data):
    X, y = data
    model = SoftmaxClassifier(max_iter=20, random_state=0).fit(X, y)
    before, n_iter = cross_entropy(model.decision_function(X), y), model.n_iter_
    assert not any(velocity.any() for velocity in model._velocity)  # L-BFGS has overtaken it
    model.partial_fit(X, y)
    assert model.n_iter_ == n_iter + 1
    assert cross_entropy(model.decision_function(X), y) < before + 0.05


def test_warm_start_continues(data):
    X, y = data
    settings = {"learning_rate": "constant", "momentum": 0.0, "shuffle": False, "tol": None}
    long = SoftmaxClassifier(max_iter=10, **settings).fit(X, y)
    short = SoftmaxClassifier(max_iter=5, warm_start=True, **settings).fit(X, y).fit(X, y)
    # Between the calls the parameters are rounded, as those for the features as they are.
    np.testing.assert_allclose(short.coef_, long.coef_, rtol=0, atol=1e-13)
    np.testing.assert_allclose(short.loss_curve_, long.loss_curve_[5:], rtol=1e-13)
    cold = SoftmaxClassifier(max_iter=5, **settings).fit(X, y).fit(X, y)
    assert cold.loss_curve_ == long.loss_curve_[:5]


# --- Errors leave nothing behind --------------------------------------------------------------


def test_divergence_is_an_error(data):
    X, y = data
    model = SoftmaxClassifier(learning_rate_init=1e6, random_state=0)
    with pytest.raises(ValueError, match=r"diverged.*smaller learning_rate_init") as caught:
        model.fit(X, y)
    assert "StandardScaler" in str(caught.value)
    assert state(model) == state(clone(model))
    with pytest.raises(NotFittedError):
        model.predict(X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", [1e30, 1e300])
def test_overflow_is_the_same_error_without_warnings(data, rate, dtype):
    X, y = data[0].astype(dtype), data[1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="diverged"):
            SoftmaxClassifier(learning_rate_init=rate, alpha=1.0, random_state=0).fit(X, y)


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_divergence_leaves_a_fitted_model_alone(data, call):
    X, y = data
    model = SoftmaxClassifier(warm_start=True, random_state=0).fit(X, y).partial_fit(X, y)
    model.set_params(learning_rate_init=1e8, batch_size=10)
    before = state(model)
    with pytest.raises(ValueError, match="diverged"):
        getattr(model, call)(X, y)
    assert state(model) == before


def test_large_starting_weights_are_no_divergence(data):
    X, y = data
    with np.errstate(all="raise", under="ignore"):
        SoftmaxClassifier(init_scale=1e3, alpha=1.0, max_iter=500, random_state=0).fit(X, y)


@pytest.mark.parametrize("settings", [{"alpha": 1e4}, {"alpha": 1e4, "batch_size": 1}, {}])
def test_a_warm_start_far_from_the_new_optimum_is_no_divergence(data, settings):
    X, y = data
    order = np.argsort(y)  # the first rows, all of one class, do not show how far it is
    X, y = X[order], y[order]
    model = SoftmaxClassifier(warm_start=True, random_state=0, max_iter=50).fit(X, y)
    new_X = X if settings else 1e4 * X
    model.set_params(**settings).fit(new_X, y)
    assert model.loss_curve_[0] > 100 * np.log(len(model.classes_))  # what divergence looks like
    assert model.loss_curve_[-1] < model.loss_curve_[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X, np.zeros_like(y)), "contains only one class: .*0"),
        (lambda X, y: (np.where(X > 2, np.nan, X), y), "Input X contains NaN"),
        (lambda X, y: (X[:-1], y), "inconsistent numbers of samples"),
        (lambda X, y: (X[0], y[:1]), "Expected 2D array, got 1D array"),
        (lambda X, y: (X, y + 0.5), "Unknown label type: continuous"),
        (lambda X, y: (X, np.where(y == 0, np.nan, y)), "Input y contains NaN"),
    ],
)
def test_unfit_data(data, change, message):
    model = SoftmaxClassifier()
    with pytest.raises(ValueError, match=message):
        model.fit(*change(*data))
    assert state(model) == state(SoftmaxClassifier())


def test_unfit_validation_data(data):
    X, y = data
    model = SoftmaxClassifier(max_iter=1)
    with pytest.raises(ValueError, match="`X_val` and `y_val` must be passed together"):
        model.fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="X has 5 features, but SoftmaxClassifier is expecting 6"):
        model.fit(X, y, X_val=X[:, :5], y_val=y)
    with pytest.raises(ValueError, match=r"`y_val` has classes not in `self.classes_`"):
        model.fit(X, y, X_val=X, y_val=y + 1)
    assert not hasattr(model, "n_features_in_")


def test_partial_fit_labels(data):
    X, y = data
    model = SoftmaxClassifier()
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, y)
    with pytest.raises(ValueError, match=r"`y` has classes not in `self.classes_`"):
        model.partial_fit(X, y, classes=[2, 0, 1])
    with pytest.raises(ValueError, match="contains only one class"):
        model.partial_fit(X, np.zeros(240), classes=[0])
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(X, y, classes=[0, 1, 2, 3, np.nan])
    assert state(model) == state(SoftmaxClassifier())
    model.partial_fit(X, y, classes=[3, 1, 0, 2])
    assert model.classes_.tolist() == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="is not the same as on last call"):
        model.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="does not support early_stopping"):
        model.set_params(early_stopping=True).partial_fit(X, y)


def test_warm_start_with_other_data(data):
    X, y = data
    model = SoftmaxClassifier(warm_start=True, max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same"):
        model.fit(X, y + 1)
    with pytest.raises(ValueError, match="X has 5 features, but SoftmaxClassifier is expecting 6"):
        model.fit(X[:, :5], y)


@pytest.mark.parametrize(
    "wrong",
    [
        {"learning_rate": "invscaling"},
        {"learning_rate_init": 0},
        {"learning_rate_init": np.nan},
        {"alpha": -1},
        {"batch_size": 0},
        {"max_iter": 1.5},
        {"momentum": 1},
        {"tol": -1e-4},
        {"n_iter_no_change": 0},
        {"validation_fraction": 1.0},
        {"init_scale": -1},
    ],
)
def test_parameters_out_of_range(data, wrong):
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` must be .*, got "):
        SoftmaxClassifier(**wrong).fit(*data)


# --- Conventions ------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"learning_rate_init": np.float64(0.1)}])
def test_float32_stays_float32(data, settings):
    X, y = data[0].astype(np.float32), data[1]
    settings = settings | {"alpha": np.float64(1e-3), "momentum": np.float64(0.5), "max_iter": 20}
    model = SoftmaxClassifier(init_scale=0.1, random_state=0, **settings).fit(X, y)
    assert model.coef_.dtype == model.intercept_.dtype == np.float32
    assert model.predict_proba(X).dtype == np.float32
    assert model.partial_fit(X.astype(np.float64), y).coef_.dtype == np.float32
    double = SoftmaxClassifier(init_scale=0.1, random_state=0, **settings).fit(data[0], y)
    assert double.coef_.dtype == np.float64
    single = SoftmaxClassifier(init_scale=0.1, random_state=0, **settings).fit(X, y)
    np.testing.assert_allclose(single.coef_, double.coef_, rtol=0, atol=1e-4)
    assert SoftmaxClassifier(max_iter=1).fit(X.astype(int), y).coef_.dtype == np.float64


def test_same_random_state_same_bits(data):
    X, y = data
    settings = {"init_scale": 0.1, "max_iter": 5, "early_stopping": True}
    first = SoftmaxClassifier(random_state=7, **settings).fit(X, y)
    again = SoftmaxClassifier(random_state=7, **settings).fit(X, y)
    assert state(first) == state(again)
    other = SoftmaxClassifier(random_state=8, **settings).fit(X, y)
    assert not np.array_equal(first.coef_, other.coef_)


def test_data_are_not_modified(data):
    X, y = data[0].copy(), data[1].copy()
    X.flags.writeable = y.flags.writeable = False
    SoftmaxClassifier(max_iter=2, tol=None).fit(X, y, X_val=X, y_val=y).partial_fit(X, y)
    fortran = SoftmaxClassifier(max_iter=2, random_state=0).fit(np.asfortranarray(X), y)
    plain = SoftmaxClassifier(max_iter=2, random_state=0).fit(X, y)
    np.testing.assert_array_equal(fortran.coef_, plain.coef_)


def test_pipeline_grid_search_and_pickle(data):
    X, names = data[0], np.array(["ant", "bee", "cat", "dog"])[data[1]]
    pipeline = make_pipeline(StandardScaler(), SoftmaxClassifier(max_iter=10, random_state=0))
    grid = {"softmaxclassifier__alpha": np.logspace(-4, 0, 2)}
    search = GridSearchCV(pipeline, grid, cv=3, scoring="neg_log_loss").fit(X, names)
    assert search.best_params_ == {"softmaxclassifier__alpha": 1e-4}
    copy = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(copy.predict(X), search.predict(X))


def test_feature_names(data):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(data[0], columns=list("abcdef"))
    model = SoftmaxClassifier(max_iter=1).fit(X, data[1])
    assert model.feature_names_in_.tolist() == list("abcdef")
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(X.rename(columns={"a": "z"}))


def test_verbose_shows_a_bar(data, capsys):
    SoftmaxClassifier(max_iter=3, verbose=True).fit(*data)
    assert "Training" in capsys.readouterr().err
    SoftmaxClassifier(max_iter=3).fit(*data)
    assert capsys.readouterr() == ("", "")
