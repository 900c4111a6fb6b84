"""SoftmaxClassifier: the training loop, what it arrives at, its default step, when it stops."""

import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_digits, load_iris, load_wine, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import softmax._optimizer
from softmax import (
    SoftmaxClassifier,
    cross_entropy,
    cross_entropy_with_grad,
    load_mnist,
)
from softmax import softmax as softmax_of
from softmax._optimizer import (
    certified_decrease,
    cosine_schedule,
    curvature_bound,
    find_whitener,
    mean_loss_and_delta,
    objective_and_gradient,
)

# One plain step of gradient descent over all rows, from random weights.
ONE_STEP = {
    "learning_rate": "constant",
    "learning_rate_init": 0.1,
    "batch_size": 1000,
    "max_iter": 1,
    "momentum": 0.0,
    "tol": None,
    "init_scale": 0.5,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def data():
    return make_classification(
        240, 6, n_informative=5, n_redundant=0, n_classes=4, n_clusters_per_class=1, random_state=3
    )


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return train_test_split(X, y, random_state=0, stratify=y)


def objective(coef, intercept, X, y, alpha):
    return cross_entropy(X @ coef.T + intercept, y) + alpha / 2 * np.sum(coef**2)


# --- The step ---------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.0, 0.7])
def test_step_is_the_gradient_of_the_objective(data, alpha):
    X, y = data
    model = SoftmaxClassifier(alpha=alpha, **ONE_STEP).partial_fit(X, y, classes=range(4))
    coef, intercept = model.coef_.copy(), model.intercept_.copy()
    model.partial_fit(X, y)
    assert model.loss_curve_[1] == pytest.approx(objective(coef, intercept, X, y, alpha))
    grad_coef = (coef - model.coef_) / 0.1
    grad_intercept = (intercept - model.intercept_) / 0.1

    def central_difference(parameter, index, h=1e-5):
        start, values = parameter[index], []
        for shifted in (start + h, start - h):
            parameter[index] = shifted
            values.append(objective(coef, intercept, X, y, alpha))
        parameter[index] = start
        return (values[0] - values[1]) / (2 * h)

    for index in np.ndindex(coef.shape):
        assert grad_coef[index] == pytest.approx(central_difference(coef, index), abs=1e-8)
    for k in range(4):
        assert grad_intercept[k] == pytest.approx(central_difference(intercept, k), abs=1e-8)


def test_rows_written_down_twice_change_nothing(data):
    # The gradient is a mean: without its 1/N, the step would double.
    X, y = data
    once = SoftmaxClassifier(**ONE_STEP).fit(X, y)
    twice = SoftmaxClassifier(**ONE_STEP).fit(np.tile(X, (2, 1)), np.tile(y, 2))
    np.testing.assert_allclose(once.coef_, twice.coef_, rtol=0, atol=1e-14)


def test_momentum_is_a_sum_of_earlier_gradients(data):
    X, y = data
    settings = ONE_STEP | {"init_scale": 0.0, "alpha": 0.1}
    step = SoftmaxClassifier(**settings).partial_fit(X, y, classes=range(4))
    first = step.coef_.copy()  # from zeros: -rate * g0
    second = step.partial_fit(X, y).coef_ - first  # -rate * g1
    heavy = SoftmaxClassifier(**settings | {"momentum": 0.75}).partial_fit(X, y, classes=range(4))
    np.testing.assert_array_equal(heavy.coef_, first)
    heavy.partial_fit(X, y)
    np.testing.assert_allclose(heavy.coef_, first + second + 0.75 * first, rtol=0, atol=1e-15)


def test_loop_of_the_book_in_plain_numpy(data):
    X, y = data
    settings = {"learning_rate_init": 0.3, "batch_size": 50, "max_iter": 3, "alpha": 0.01}
    settings |= {"learning_rate": "cosine", "tol": None}
    model = SoftmaxClassifier(shuffle=False, momentum=0.9, **settings).fit(X, y)

    W, b, v_W, v_b, t = np.zeros((6, 4)), np.zeros(4), 0, 0, 0
    for _ in range(3):
        for start in range(0, 240, 50):  # 240 rows: the last batch holds 40
            batch = slice(start, start + 50)
            _, delta = cross_entropy_with_grad(X[batch] @ W + b, y[batch])
            v_W = 0.9 * v_W + X[batch].T @ delta + 0.01 * W
            v_b = 0.9 * v_b + delta.sum(axis=0)
            rate = 0.3 * (1 + np.cos(np.pi * t / 15)) / 2
            W, b, t = W - rate * v_W, b - rate * v_b, t + 1
    np.testing.assert_allclose(model.coef_, W.T, rtol=0, atol=1e-13)
    np.testing.assert_allclose(model.intercept_, b, rtol=0, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fast_loss_is_the_cross_entropy(dtype):
    rng = np.random.default_rng(0)
    logits = (10 * rng.normal(size=(300, 7))).astype(dtype)
    labels = rng.integers(0, 7, 300)
    expected_loss, expected_delta = cross_entropy_with_grad(logits.astype(np.float64), labels)
    loss, delta = mean_loss_and_delta(logits.T.copy(), labels)
    assert delta.dtype == dtype
    assert loss == pytest.approx(expected_loss, rel=float(20 * np.finfo(dtype).eps))
    np.testing.assert_allclose(delta.T, expected_delta, rtol=0, atol=2 * np.finfo(dtype).eps)


def test_cosine_falls_from_1_to_0():
    factors = cosine_schedule(np.arange(101), 100)
    assert factors[0] == 1
    assert factors[50] == pytest.approx(0.5)
    assert factors[100] == 0
    assert (np.diff(factors) < 0).all()


# --- What training arrives at -----------------------------------------------------------------


# A full batch arrives at the optimum; of mini-batches some noise is left, which falls with time.
@pytest.mark.parametrize(
    ("rate", "batch_size", "error"),
    [("auto", 240, 1e-4), (0.3, 240, 1e-4), ("auto", 32, 1e-2), (0.02, 32, 1e-2)],
)
def test_optimum_of_logistic_regression(data, rate, batch_size, error):
    X, y = data
    alpha = 0.02
    reference = LogisticRegression(C=1 / (len(X) * alpha), tol=1e-10, max_iter=5000).fit(X, y)
    settings = {"batch_size": batch_size, "learning_rate_init": rate, "max_iter": 1500}
    settings |= {"learning_rate": "cosine", "tol": None}
    model = SoftmaxClassifier(alpha=alpha, random_state=0, **settings).fit(X, y)
    np.testing.assert_allclose(model.coef_, reference.coef_, rtol=0, atol=error)
    shift = model.intercept_ - reference.intercept_
    np.testing.assert_allclose(shift, shift.mean(), rtol=0, atol=error)
    p, p_reference = model.predict_proba(X), reference.predict_proba(X)
    np.testing.assert_allclose(p, p_reference, rtol=0, atol=error)


def test_two_classes_have_two_rows(data):
    X, y = data[0], np.where(data[1] < 2, "no", "yes")
    model = SoftmaxClassifier(random_state=0).fit(X, y)
    assert model.coef_.shape == (2, 6)
    assert model.intercept_.shape == (2,)
    z = X @ model.coef_.T + model.intercept_
    assert model.decision_function(X).shape == (240,)
    np.testing.assert_allclose(model.decision_function(X), z[:, 1] - z[:, 0], atol=1e-13)
    np.testing.assert_array_equal(model.decision_function(X) > 0, model.predict(X) == "yes")
    sigmoid = 1 / (1 + np.exp(-model.decision_function(X)))
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], sigmoid, rtol=1e-13)


def test_logits_probabilities_and_classes_agree(data):
    X, y = data
    model = SoftmaxClassifier(random_state=0).fit(X, np.array(list("dbca"))[y])
    assert model.classes_.tolist() == list("abcd")
    z = model.decision_function(X)
    np.testing.assert_allclose(z, X @ model.coef_.T + model.intercept_, atol=1e-13)
    log_p = model.predict_log_proba(X)
    np.testing.assert_allclose(np.exp(log_p), model.predict_proba(X), rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), model.classes_[z.argmax(axis=1)])
    assert model.score(X, np.array(list("dbca"))[y]) > 0.8


def test_log_proba_does_not_underflow(data):
    X, y = data
    model = SoftmaxClassifier(random_state=0).fit(X, y)
    assert np.isfinite(model.predict_log_proba(1e4 * X)).all()


def test_default_on_digits(digits):
    X, X_test, y, y_test = digits
    model = SoftmaxClassifier(random_state=0).fit(X, y)
    assert model.score(X_test, y_test) >= 0.96
    assert model.n_iter_ < 200
    assert model.loss_curve_[0] < np.log(10)  # already the mean of the first epoch
    assert (np.diff(model.loss_curve_[::20]) < 0).all()
    assert min(model.loss_curve_) > model.loss_curve_[-1] - 1e-4


# --- The default learning rate ----------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize(("load", "accuracy"), [(load_iris, 0.95), (load_wine, 0.95)])
def test_default_at_every_scale(load, accuracy, scale):
    X, y = load(return_X_y=True)
    model = SoftmaxClassifier(random_state=0).fit(scale * X, y)
    assert model.score(scale * X, y) >= accuracy
    unscaled = SoftmaxClassifier(random_state=0).fit(X, y)
    np.testing.assert_allclose(scale * model.coef_, unscaled.coef_, rtol=1e-6, atol=1e-9)


def test_default_with_features_of_mixed_scales(digits):
    X, X_test, y, y_test = digits
    scales = np.logspace(-3, 3, 64)[np.random.default_rng(0).permutation(64)]
    model = SoftmaxClassifier(random_state=0).fit(X * scales, y)
    assert model.score(X_test * scales, y_test) >= 0.96


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_default_learning_rate_reaches_the_penalized_optimum(data, scale):
    X, y = scale * data[0], data[1]
    alpha = 1e-4
    reference = LogisticRegression(C=1 / (len(X) * alpha), tol=1e-9, max_iter=20_000).fit(X, y)
    least = objective(reference.coef_, reference.intercept_, X, y, alpha)
    model = SoftmaxClassifier(alpha=alpha, random_state=0).fit(X, y)
    assert objective(model.coef_, model.intercept_, X, y, alpha) < 1.01 * least


@pytest.mark.parametrize("batch_size", [1, 7, 240])
def test_default_learning_rate_for_every_batch_size(data, batch_size):
    X, y = data
    settings = {"learning_rate": "cosine", "max_iter": 50, "tol": None, "random_state": 0}
    model = SoftmaxClassifier(batch_size=batch_size, **settings).fit(X, y)
    assert model.loss_curve_[-1] < 0.6


def test_curvature_bound_in_full_batches(data):
    # For the full batch, expected smoothness is the Lipschitz constant of the mean alone.
    X, _ = data
    bound = curvature_bound(X, None, batch_size=240)
    extended = np.c_[X, np.ones(240)]
    largest = np.linalg.eigvalsh(extended.T @ extended / 240)[-1]
    assert 0.95 * largest / 2 <= bound <= largest / 2 * (1 + 1e-12)


def test_curvature_bound_in_mini_batches(data):
    # Expected smoothness counts the largest row for 1/b of what is left to chance.
    X, _ = data
    mean = curvature_bound(X, None, batch_size=240)
    largest = np.max(np.sum(np.c_[X, np.ones(240)] ** 2, axis=1)) / 2
    for b in (1, 2, 32, 239):
        expected = (240 * (b - 1) * mean + (240 - b) * largest) / (b * 239)
        assert curvature_bound(X, None, batch_size=b) == pytest.approx(expected)


def test_curvature_bound_of_weighted_and_of_centered_rows(data):
    X, _ = data
    weight = np.random.default_rng(0).integers(1, 4, 240)
    repeated = curvature_bound(X.repeat(weight, axis=0), None, batch_size=weight.sum())
    weighted = curvature_bound(X, weight / weight.mean(), batch_size=240)
    assert weighted == pytest.approx(repeated)
    for b in (1, 32, 240):
        for center in (np.zeros(6), np.arange(6.0)):
            sparse = curvature_bound(scipy.sparse.csr_array(X), None, b, center)
            assert sparse == pytest.approx(curvature_bound(X - center, None, b))


def test_bound_holds_for_the_hessian(data):
    # diag(p) - p pᵀ ≤ I/2, and the Hessian is a mean of its Kronecker products with x xᵀ.
    X, y = data
    bound = curvature_bound(X, None, batch_size=240)
    model = SoftmaxClassifier(init_scale=1.0, max_iter=1, tol=None, random_state=0).fit(X, y)
    extended = np.c_[X, np.ones(240)]
    p = model.predict_proba(X)
    jacobians = p[:, :, None] * np.eye(4) - p[:, :, None] * p[:, None, :]
    hessian = np.einsum("nkl,nd,ne->kdle", jacobians, extended, extended).reshape(28, 28) / 240
    assert np.linalg.eigvalsh(hessian)[-1] <= bound


@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array])
@pytest.mark.parametrize("block", [2**20, 28])
def test_objective_and_gradient_in_blocks(data, monkeypatch, make, block):
    monkeypatch.setattr(softmax._optimizer, "_BLOCK_LOGITS", block)  # 28: of seven rows
    X, y = data
    rng = np.random.default_rng(0)
    parameters, weight = rng.normal(size=(4, 7)), rng.uniform(0, 2, 240)
    coef, intercept = parameters[:, :-1], parameters[:, -1]
    center, alpha = X.mean(axis=0), np.append(rng.uniform(0, 1, 6), 0)
    found, gradient = objective_and_gradient(make(X), y, weight, center, parameters, alpha)
    shifted = X - center
    p = softmax_of(shifted @ coef.T + intercept)
    delta = (p - np.eye(4)[y]) * weight[:, None] / 240
    losses = cross_entropy(shifted @ coef.T + intercept, y, reduction="none")
    expected = np.mean(weight * losses) + np.sum(alpha[:-1] * coef**2) / 2
    assert found == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient[:, :-1], delta.T @ shifted + alpha[:-1] * coef, atol=1e-12)
    np.testing.assert_allclose(gradient[:, -1], delta.sum(axis=0), atol=1e-12)


def test_certified_decrease_is_reached(data):
    # Böhning's bound is a bound: the objective can fall by at least so much.
    X, y = data
    center, alpha = X.mean(axis=0), np.append(np.full(6, 0.1), 0)
    start = np.log(4)  # of parameters that are 0
    best = SoftmaxClassifier(alpha=0.1, tol=1e-12, batch_size=240).fit(X, y)
    fall = start - objective(best.coef_, best.intercept_, X, y, 0.1)
    certified = certified_decrease(X, y, None, center, np.zeros((4, 7)), alpha)
    assert fall >= certified > 0.2 * fall


@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array])
def test_whitened_features_have_no_curvature_above_1(data, make):
    X = data[0] * 10.0 ** np.arange(6)
    weight = np.random.default_rng(0).uniform(0, 2, 240)
    center, ridge = X[0], np.append(np.full(6, 0.1), 0)
    whitener = find_whitener(make(X), weight, ridge, center)
    rows = np.column_stack([X - center, np.ones(240)])
    bound = rows.T @ (weight[:, None] * rows) / 480 + np.diag(ridge)
    np.testing.assert_allclose(whitener.T @ bound @ whitener, np.eye(7), atol=1e-9)
    squares = np.square(rows @ whitener).sum(axis=1)
    assert curvature_bound(make(X), weight, 240, center, whitener) == pytest.approx(1)
    one_row = curvature_bound(make(X), weight, 1, center, whitener)
    assert one_row == pytest.approx(np.max(weight * squares) / 2)


def test_features_that_never_change(data):
    X, y = data
    padded = np.c_[np.zeros(240), X, np.full(240, 5.0), np.full(240, 1e-30)]
    accuracy = SoftmaxClassifier(random_state=0).fit(X, y).score(X, y)
    for dtype in (np.float32, np.float64):
        model = SoftmaxClassifier(random_state=0, init_scale=0.01).fit(padded.astype(dtype), y)
        assert np.isfinite(model.coef_).all()
        assert model.score(padded, y) > accuracy - 0.02


# --- Stopping ---------------------------------------------------------------------------------


def test_stops_when_the_objective_stands_still(data):
    X, y = data
    model = SoftmaxClassifier(
        learning_rate="constant", alpha=0.1, batch_size=240, max_iter=10_000, n_iter_no_change=3
    ).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) < 1000
    # The last three did not improve on the best before them by tol, and the one before them did.
    before, last = model.loss_curve_[:-3], model.loss_curve_[-3:]
    assert min(before) - min(last) < 1e-4
    assert before[-1] == min(before)


@pytest.mark.usefixtures("no_warning")
def test_halves_a_learning_rate_of_your_own_until_the_gradient_is_small(data):
    settings = {"learning_rate_init": 1.0, "alpha": 0.1, "batch_size": 240, "max_iter": 1000}
    # Measured: 87. Until the learning rate is below its least factor, it takes 177.
    assert SoftmaxClassifier(**settings).fit(*data).n_iter_ < 110


def test_tol_is_the_least_improvement_that_counts(data):
    settings = {"learning_rate": "constant", "n_iter_no_change": 4, "random_state": 0}
    assert SoftmaxClassifier(tol=10.0, **settings).fit(*data).n_iter_ == 5


def test_runs_every_epoch_without_tol(data):
    X, y = data
    settings = {"learning_rate": "constant", "alpha": 1.0, "max_iter": 150, "batch_size": 240}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert SoftmaxClassifier(tol=None, **settings).fit(X, y).n_iter_ == 150
    assert SoftmaxClassifier(**settings).fit(X, y).n_iter_ < 150
    cosine_model = SoftmaxClassifier(**settings | {"learning_rate": "cosine"}).fit(X, y)
    assert cosine_model.n_iter_ == 150


def test_warns_when_epochs_run_out(data):
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached"):
        SoftmaxClassifier(learning_rate="constant", max_iter=2).fit(*data)


def test_early_stopping_keeps_the_best_epoch(data):
    X, y = data
    model = SoftmaxClassifier(
        early_stopping=True, n_iter_no_change=4, max_iter=200, random_state=0
    ).fit(X[:160], y[:160], X_val=X[160:], y_val=y[160:])
    assert model.n_iter_ < 200
    best = max(model.validation_scores_)
    assert model.validation_scores_[-4:] != [best] * 4
    assert model.score(X[160:], y[160:]) == best


def test_early_stopping_sets_data_aside(data):
    X, y = data
    settings = {"early_stopping": True, "validation_fraction": 0.25, "random_state": 5}
    model = SoftmaxClassifier(**settings).fit(X, y)
    _, X_val, _, y_val = train_test_split(X, y, test_size=0.25, stratify=y, random_state=5)
    assert model.score(X_val, y_val) == max(model.validation_scores_)


def test_validation_data_are_recorded_and_override_the_fraction(data):
    X, y = data
    model = SoftmaxClassifier(max_iter=5, random_state=0).fit(X, y, X_val=X[:50], y_val=y[:50])
    assert len(model.validation_scores_) == 5
    assert model.validation_scores_[-1] == model.score(X[:50], y[:50])
    without = SoftmaxClassifier(max_iter=5, random_state=0).fit(X, y)
    assert without.validation_scores_ == []
    np.testing.assert_array_equal(model.coef_, without.coef_)
    # Early stopping then holds nothing back: the epochs themselves are the same.
    stopping = SoftmaxClassifier(max_iter=5, early_stopping=True, random_state=0)
    stopping.fit(X, y, X_val=X[:50], y_val=y[:50])
    assert stopping.loss_curve_ == model.loss_curve_


# --- MNIST ------------------------------------------------------------------------------------


def test_mnist():
    mnist = load_mnist()
    model = SoftmaxClassifier(
        batch_size=128,
        learning_rate="cosine",
        learning_rate_init=0.4,
        alpha=1e-4,
        max_iter=3,
        tol=None,
        random_state=0,
    ).fit(mnist.X_train, mnist.y_train, X_val=mnist.X_val, y_val=mnist.y_val)
    assert model.coef_.dtype == np.float32
    # Measured: 0.9281 and 0.9237.
    assert model.validation_scores_[-1] > 0.925
    assert model.score(mnist.X_test, mnist.y_test) > 0.92
