"""How near SoftmaxClassifier comes to the minimum, also beside outliers, and when it warns."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import softmax._optimizer
import softmax.classifier
from softmax import SoftmaxClassifier, cross_entropy, entropy
from softmax import softmax as softmax_of
from softmax._optimizer import newton_decrease
from tests.package.numeric import iris


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


@pytest.mark.usefixtures("no_warning")
@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
def test_default_converges(load):
    X, y = load(return_X_y=True)
    model = SoftmaxClassifier(random_state=0).fit(X, y)
    assert model.score(X, y) > 0.97
    assert model.n_iter_ < 500


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


@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array])
def test_newton_decrease_by_blocks_and_only_as_far_as_asked(make, monkeypatch):
    rng = np.random.default_rng(0)
    X, labels, weight = rng.normal(size=(90, 4)), rng.integers(3, size=90), rng.uniform(0, 2, 90)
    parameters, alpha = rng.normal(size=(3, 5)), np.append(np.full(4, 0.01), 0)
    arguments = make(X), labels, weight, np.ones(4), parameters, alpha, np.ones(4)
    whole = newton_decrease(*arguments)
    monkeypatch.setattr(softmax._optimizer, "_BLOCK_LOGITS", 60)
    assert newton_decrease(*arguments) == pytest.approx(whole)
    assert whole / 10 < newton_decrease(*arguments, whole / 10) < 0.99 * whole


def test_warns_of_the_outlier_where_rounding_ends_training():
    X, y = iris()
    X[0, 2] = 1e10
    message = (
        r"has stopped improving.* Look at the outliers of `X`: feature 2 reaches from 1 to 1e\+10, "
        r"and at least half of its entries lie within 1\.2 of 4\.4\."
    )
    with pytest.warns(ConvergenceWarning, match=message):
        SoftmaxClassifier(random_state=0).fit(X, y)


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


def spoil_rows(X, rows):
    X[rows] = -9999


def spoil_cells(X, rows):
    X[rows, :3] = 9999


def spoil_one_row(X, rows):
    X[rows[0]] *= 1e6


def spoil_one_feature(X, rows):
    X[rows, 1] = np.geomspace(10, 1e8, len(rows))


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
    with warnings.catch_warnings(record=True) as caught:
        spoiled = SoftmaxClassifier(random_state=0).fit(X, y[:300]).score(X_test, y_test)
    assert spoiled > plain - 0.03
    assert not caught or spoil is spoil_one_feature  # whose fit is too good to be told so


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
    # Digits take 570 to 1,080 steps, depending on how sums are rounded.
    model = SoftmaxClassifier(max_iter=2000, random_state=0).fit(X, y[::2])
    assert -1e-6 < excess_objective(model, X, y[::2]) < 1e-4


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
    parameters = rng.normal(size=(n_classes, 6)) / np.append(np.abs(X).max(axis=0), 1)
    alpha = np.append(np.full(5, 0.01), 0)
    weight = rng.uniform(0, 2, size=60) if weighted else None
    center = X.mean(axis=0, dtype=float) if centered else None
    reach = np.median(np.abs(X), axis=0).astype(float)
    found = newton_decrease(make(X), labels, weight, center, parameters, alpha, reach)

    rows = np.column_stack([X - (center if centered else 0), np.ones(60)])
    p = softmax_of(rows @ parameters.T)
    share = (np.ones(60) if weight is None else weight) / 60
    gradient = ((p - np.eye(n_classes)[labels]) * share[:, None]).T @ rows
    gradient += alpha * parameters
    variance = np.einsum("nk,kl->nkl", p, np.eye(n_classes)) - np.einsum("nk,nl->nkl", p, p)
    hessian = np.einsum("n,nkl,ni,nj->kilj", share, variance, rows, rows)
    hessian += np.einsum("kl,ij->kilj", np.eye(n_classes), np.diag(alpha))
    hessian = hessian.reshape(gradient.size, -1)
    step = np.linalg.lstsq(hessian, gradient.ravel(), rcond=None)[0]
    exact = gradient.ravel() @ step / 2
    assert 0.99 * exact < found <= exact * (1 + 1e-6)


@pytest.mark.usefixtures("no_warning")
@pytest.mark.parametrize("seed", [4, 9, 10])
def test_one_mistyped_cell_does_not_keep_the_other_rows_from_being_fitted(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(500, 4))
    y = (X @ rng.normal(size=(4, 3)) + rng.gumbel(size=(500, 3)) * 0.5).argmax(axis=1)
    X[3, 1] *= rng.choice([100, 1000, 1e4])
    assert -1e-6 < excess_objective(SoftmaxClassifier(random_state=0).fit(X, y), X, y) < 1e-3


@pytest.mark.usefixtures("no_warning")
def test_a_cell_that_is_far_off_does_not_hide_the_other_rows():
    X, y = iris()
    X[108, 3] = 1e7
    assert excess_objective(SoftmaxClassifier(random_state=0).fit(X, y), X, y) < 1e-4
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5000, 6))
    y = X[:, 0] + 0.5 * rng.normal(size=5000) > 0
    plain = SoftmaxClassifier(random_state=0).fit(X, y).score(X, y)
    X[7, 0], y[7] = 1e9, True
    assert SoftmaxClassifier(random_state=0).fit(X, y).score(X, y) > plain - 0.005


@pytest.mark.usefixtures("no_warning")
def test_start_and_end_times_without_a_penalty():
    rng = np.random.default_rng(0)
    start, duration = 1.7e9 + rng.uniform(0, 3e7, 1000), rng.exponential(600, 1000)
    y = duration + 60 * rng.normal(size=1000) > 600
    X = np.column_stack([start, start + duration])
    assert SoftmaxClassifier(alpha=0, random_state=0).fit(X, y).score(X, y) > 0.97


@pytest.mark.usefixtures("no_warning")
@pytest.mark.parametrize("load", [load_breast_cancer, load_iris])
def test_uneven_weights(load):
    X, y = load(return_X_y=True)
    X = X[:, :10]
    weight = np.exp(4 * np.random.default_rng(0).normal(size=len(y)))
    model = SoftmaxClassifier(random_state=0).fit(X, y, weight)
    precise = SoftmaxClassifier(random_state=0, tol=1e-9, max_iter=5000).fit(X, y, weight)
    assert model.loss_curve_[-1] - precise.loss_curve_[-1] < 1e-4
