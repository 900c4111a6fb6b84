"""Softmax regression, trained by mini-batch gradient descent, with scikit-learn's manners."""

import copy
import math
import warnings
from contextlib import contextmanager
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from tqdm import tqdm

from softmax._descent import Descent, auto_steps, cosine, curvature_bound, loss_limit
from softmax.functional import log_softmax, softmax

_FLOATS = [np.float64, np.float32]


class SoftmaxClassifier(ClassifierMixin, BaseEstimator):
    r"""Softmax regression (multinomial logistic regression) by mini-batch gradient descent.

    The logits of an example are ``X @ coef_.T + intercept_``, one for each class, and softmax
    turns them into probabilities. Training minimizes the mean cross-entropy plus
    ``alpha / 2 * np.sum(coef_**2)``; the intercepts are not penalized. The objective is convex.

    Parameters
    ----------
    learning_rate : {"cosine", "constant"}, default "cosine"
        "cosine" lets the learning rate fall to 0 along half a period of a cosine over the
        `max_iter` epochs [1]_, so that the noise of the mini-batches dies out. `partial_fit`,
        which does not know the end, keeps it constant.
    learning_rate_init : "auto" or float, default "auto"
        The learning rate at the start. "auto" gives each feature a step of its own, bounded by
        the data (see Notes): multiplying features by constants then changes nothing when `alpha`
        is 0.
    alpha : float, default 0.0
        Strength of the L2 penalty. What a given strength means depends on the units of the
        features, so there is none unless it is asked for.
    batch_size : int, default 32
        Examples in a mini-batch. The last one of an epoch may be smaller.
    max_iter : int, default 100
        Epochs, that is, passes over the data.
    momentum : float, default 0.9
        In [0, 1): ``velocity = momentum * velocity + gradient``, and each step is the learning
        rate times the velocity [2]_.
    tol : float or None, default 1e-4
        Training stops when the objective has not improved by `tol` for `n_iter_no_change` epochs
        in a row; None never stops. With "cosine", whose best progress comes at the end, only the
        validation accuracy of `early_stopping` is watched.
    n_iter_no_change : int, default 10
        Epochs without an improvement before training stops.
    early_stopping : bool, default False
        Watch the validation accuracy instead, and keep the parameters of its best epoch.
    validation_fraction : float, default 0.1
        Share of the training data, stratified, that `early_stopping` sets aside unless `fit` is
        given validation data.
    shuffle : bool, default True
        Shuffle the examples before each epoch.
    init_scale : float, default 0.0
        Standard deviation of the normal distribution that the starting weights are drawn from.
    random_state : int, RandomState instance or None, default None
        Determines the starting weights, the shuffling and the validation set. Pass an int for
        results that repeat bit by bit on the same machine.
    verbose : bool, default False
        Show a progress bar.
    warm_start : bool, default False
        Start `fit` from the parameters that the last call found.

    Attributes
    ----------
    coef_ : ndarray of shape (n_classes, n_features)
        The weights, in the dtype of `X` if that is float32 or float64. There is one row for each
        class also when there are two.
    intercept_ : ndarray of shape (n_classes,)
        The biases.
    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted.
    n_features_in_, feature_names_in_ : int, and ndarray of shape (D,)
        Number of features, and their names if all of them are strings.
    n_iter_ : int
        Epochs run by the last `fit` and by each `partial_fit` since.
    loss_curve_ : list of float
        For each of these epochs, the objective as it was met by the mini-batches on their way.
    validation_scores_ : list of float
        The accuracy on the validation data after each epoch of `fit`; empty without such data.

    Notes
    -----
    The Hessian of the cross-entropy in the logits is
    :math:`\operatorname{diag}(p) - pp^\mathsf{T} \preceq \tfrac12 I` [3]_. With
    :math:`\tilde X = [X, 1]`, which includes the column of the bias, the curvature of the mean is
    therefore at most :math:`L_\text{mean} = \tfrac12 \sigma_{\max}(\tilde X^\mathsf{T} \tilde X /
    N)`, and that of one example at most :math:`L_\text{max}`, half the largest squared norm of a
    row. For mini-batches of b examples the two mix to the expected smoothness [4]_

    .. math:: L = \frac{N(b-1)}{b(N-1)} L_\text{mean} + \frac{N-b}{b(N-1)} L_\text{max} ,

    and steps of 1/L are safe. "auto" finds L for the features divided by their largest absolute
    values :math:`s_d`. For the features as they are this means a learning rate of
    :math:`1/(L s_d^2 + \alpha)` for the weights of feature d, and of 1/L for the biases.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "SGDR: Stochastic gradient descent with warm restarts",
       ICLR 2017.
    .. [2] B. T. Polyak, "Some methods of speeding up the convergence of iteration methods",
       USSR Computational Mathematics and Mathematical Physics 4(5), 1964.
    .. [3] D. Böhning, "Multinomial logistic regression algorithm", Annals of the Institute of
       Statistical Mathematics 44(1), 1992.
    .. [4] R. M. Gower et al., "SGD: General analysis and improved rates", ICML 2019.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from softmax import SoftmaxClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxClassifier(random_state=0).fit(X, y)
    >>> model.coef_.shape
    (3, 4)
    >>> bool(model.score(X, y) > 0.95)
    True
    """

    _parameter_constraints = {  # noqa: RUF012, scikit-learn's way
        "learning_rate": [StrOptions({"constant", "cosine"})],
        "learning_rate_init": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "shuffle": ["boolean"],
        "init_scale": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
    }

    def __init__(
        self,
        *,
        learning_rate="cosine",
        learning_rate_init="auto",
        alpha=0.0,
        batch_size=32,
        max_iter=100,
        momentum=0.9,
        tol=1e-4,
        n_iter_no_change=10,
        early_stopping=False,
        validation_fraction=0.1,
        shuffle=True,
        init_scale=0.0,
        random_state=None,
        verbose=False,
        warm_start=False,
    ):
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.alpha = alpha
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.momentum = momentum
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.shuffle = shuffle
        self.init_scale = init_scale
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, X_val=None, y_val=None):
        """Train on `X` and `y` for at most `max_iter` epochs.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
            The examples. float32 is trained in float32, anything else in float64.
        y : array_like of shape (n_samples,)
            The class labels, of at least two classes.
        X_val, y_val : array_like, optional
            Validation data, whose accuracy is recorded after each epoch. They take the place of
            `validation_fraction`.

        Returns
        -------
        self : SoftmaxClassifier

        Raises
        ------
        ValueError
            If the data are unfit, or if training diverges. The estimator is then left as it was.
        """
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val belong together: pass both, or neither.")
        with _unchanged_on_error(self):
            continued = self.warm_start and hasattr(self, "coef_")
            X, y = self._validate_training_data(X, y, reset=not continued)
            self._set_classes(np.unique(y), continued)
            labels = self._encode(y, "y")
            rng = check_random_state(self.random_state)
            if X_val is not None:
                X_val, y_val = self._validate_training_data(X_val, y_val, reset=False)
                y_val = self._encode(y_val, "y_val")
            elif self.early_stopping:
                X, X_val, labels, y_val = train_test_split(
                    X,
                    labels,
                    test_size=self.validation_fraction,
                    stratify=labels,
                    random_state=rng,
                )
            if not continued:
                self._set_start(X, rng)
            self._fit(X, labels, X_val, y_val, rng)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None):
        """Train for one epoch on a part of the data; the momentum carries over to the next call.

        The learning rate stays at `learning_rate_init`. "auto" bounds it by all data seen so far.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
        y : array_like of shape (n_samples,)
        classes : array_like of shape (n_classes,), optional
            All labels that will ever occur, in any order. Required at the first call.

        Returns
        -------
        self : SoftmaxClassifier

        Raises
        ------
        ValueError
            If the data are unfit, or if training diverges. The estimator is then left as it was.
        """
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        with _unchanged_on_error(self):
            first = _check_partial_fit_first_call(self, classes)
            X, y = self._validate_training_data(X, y, reset=first)
            self._set_classes(self.classes_, continued=False)
            labels = self._encode(y, "y")
            if first:
                rng = check_random_state(self.random_state)
                self._set_start(X, rng)
                self._begin(X, labels, rng)
            X = X.astype(self.coef_.dtype, copy=False)
            self._random_state = copy.deepcopy(self._random_state)  # a failed call undoes this
            descent = self._descent(X)
            rates = np.ones(math.ceil(len(X) / self.batch_size))
            objective = descent.epoch(X, labels, rates, self._random_state)
            self._set_parameters(descent.weights, descent.bias)
            self._velocity = descent.weight_velocity, descent.bias_velocity
            self.loss_curve_.append(objective)
            self.n_iter_ += 1
        return self

    def decision_function(self, X):
        """Return the logits, or for two classes the logit of the second minus that of the first.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
        """
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes), in the order of `classes_`
        """
        return softmax(self._logits(X))

    def predict_log_proba(self, X):
        """Return the log-probability of each class.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes), in the order of `classes_`
        """
        return log_softmax(self._logits(X))

    def predict(self, X):
        """Return the most probable class of each example.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        logits = self._logits(X)
        return self.classes_[logits.argmax(axis=1)]

    def _logits(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=_FLOATS)
        return X @ self.coef_.T + self.intercept_

    def _validate_training_data(self, X, y, reset):
        X, y = validate_data(self, X, y, reset=reset, dtype=_FLOATS, order="C")
        check_classification_targets(y)
        return X, y

    def _set_classes(self, classes, continued):
        if continued and not np.array_equal(classes, self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {classes}"
            )
        if len(classes) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data "
                f"contains only one class: {classes[0]!r}"
            )
        self.classes_ = classes

    def _encode(self, y, name):
        """Return the place of each label in `classes_`."""
        found = np.unique(y)
        if not np.isin(found, self.classes_).all():
            raise ValueError(
                f"`{name}` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes_}. '{name}' has {found}."
            )
        return np.searchsorted(self.classes_, y)

    def _set_parameters(self, weights, bias):
        self.coef_ = np.ascontiguousarray(weights.T)
        self.intercept_ = bias

    def _set_start(self, X, rng):
        """Set the parameters to start from."""
        weights = np.zeros((X.shape[1], len(self.classes_)), X.dtype)
        if self.init_scale > 0:
            weights += self.init_scale * rng.standard_normal(weights.shape)
        self._set_parameters(weights, np.zeros_like(weights[0]))

    def _begin(self, X, labels, rng):
        """Start a new record of training, and forget what the last one carried along."""
        self._loss_limit = loss_limit(X, labels, self.coef_.T, self.intercept_, self.alpha)
        self.loss_curve_, self.validation_scores_, self.n_iter_ = [], [], 0
        self._random_state = np.random.RandomState(rng.randint(np.iinfo(np.int32).max))
        self._velocity = self._curvature = None

    def _descent(self, X):
        """Return copies of the parameters, ready to be trained on X."""
        weights, bias = self.coef_.T.astype(X.dtype, order="C"), self.intercept_.astype(X.dtype)
        velocity = self._velocity or (np.zeros_like(weights), np.zeros_like(bias))
        if self.learning_rate_init == "auto":
            self._curvature = curvature_bound(X, self.batch_size, self._curvature)
            steps = auto_steps(*self._curvature, self.alpha, X.dtype)
        else:
            steps = float(self.learning_rate_init), float(self.learning_rate_init)
        return Descent(
            weights,
            bias,
            *(v.copy() for v in velocity),
            *steps,
            # Python floats: with NumPy's own, float32 arrays would be multiplied in float64.
            alpha=float(self.alpha),
            momentum=float(self.momentum),
            batch_size=self.batch_size,
            shuffle=self.shuffle,
            loss_limit=self._loss_limit,
        )

    def _fit(self, X, labels, X_val, y_val, rng):
        """Train from the present parameters, with a schedule and a velocity that start anew."""
        self._begin(X, labels, rng)
        descent = self._descent(X)
        n_batches = math.ceil(len(X) / self.batch_size)
        watched = self.tol is not None and (self.early_stopping or self.learning_rate == "constant")
        best, waited = -np.inf, 0
        epochs = tqdm(range(self.max_iter), "Training", unit="epoch", disable=not self.verbose)
        for epoch in epochs:
            rates = np.ones(n_batches)
            if self.learning_rate == "cosine":
                rates = cosine(epoch * n_batches + np.arange(n_batches), self.max_iter * n_batches)
            objective = descent.epoch(X, labels, rates, rng)
            self.loss_curve_.append(objective)
            self.n_iter_ += 1
            epochs.set_postfix(objective=objective, refresh=False)
            if X_val is not None:
                predicted = (X_val @ descent.weights + descent.bias).argmax(axis=1)
                self.validation_scores_.append(float(np.mean(predicted == y_val)))

            score = self.validation_scores_[-1] if self.early_stopping else -objective
            waited = 0 if score >= best + (self.tol or 0) else waited + 1
            if score > best:
                best, kept = score, (descent.weights.copy(), descent.bias.copy())
            if watched and waited >= self.n_iter_no_change:
                break
        else:
            if watched and self.learning_rate == "constant":
                warnings.warn(
                    f"Maximum iterations ({self.max_iter}) reached and the optimization hasn't "
                    "converged yet. Raise max_iter, use learning_rate='cosine', or pass tol=None.",
                    ConvergenceWarning,
                    stacklevel=4,
                )
        epochs.close()
        self._set_parameters(*(kept if self.early_stopping else (descent.weights, descent.bias)))


@contextmanager
def _unchanged_on_error(estimator):
    """Take back every change of the estimator's attributes if the block fails."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:  # an interrupted training, too, must not leave half an estimator
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
