"""Softmax regression, trained by mini-batch SGD and L-BFGS, as a scikit-learn estimator."""

from __future__ import annotations

import copy
import math
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from tqdm import tqdm

from softmax import _classifier_validation as checks
from softmax._feature_scaling import FeatureScaling
from softmax._optimizer import (
    MomentumSGD,
    certified_decrease,
    compute_logits,
    cosine_schedule,
    curvature_bound,
    find_whitener,
    loss_limit,
    minimize_lbfgs,
    newton_decrease,
    objective_and_gradient,
    sample_of_rows,
)
from softmax._validation import as_array
from softmax.functional import log_softmax, softmax
from softmax.losses import entropy

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike
    from scipy.sparse import sparray, spmatrix

# Prior variances under alpha="auto": of how far one feature usually moves a logit, and of how far
# all features of an example do.
_PRIOR_VARIANCE, _PRIOR_LOGIT_VARIANCE = 10.0, 40.0
# Without a penalty, the bound of the curvature could be singular: it is at least this, in features
# that usually reach to 1.
_LEAST_RIDGE = 1e-6
# "adaptive" divides the learning rate by the first, and ends training below the second factor.
_RATE_DIVISOR, _LEAST_RATE = 2.0, 1e-3
# Mini-batches come near the minimum in a few epochs, and L-BFGS then gets there.
_EPOCHS_BEFORE_REFINING = 10
# Without these steps, one mistyped cell left iris 0.027 above its minimum without a warning. After
# 10, 50 or 200 it is within 1e-4, and 50 of them lead there in the fewest steps in all.
_STEPS_BESIDE_OUTLIERS = 50
# Weights of examples are uneven if the largest is so many times their mean. At 30, some lognormal
# weights left iris 0.009 above its minimum without a warning; at 10, no set was more than 0.0012.
_UNEVEN = 10
# Outliers in a few rows are fitted one by one. In more rows they keep the others from being fitted.
_MOST_FAR_ROWS = 0.01


class SoftmaxClassifier(ClassifierMixin, BaseEstimator):
    r"""Softmax regression (multinomial logistic regression), by mini-batch SGD and L-BFGS.

    The logits of an example are ``X @ coef_.T + intercept_``, one for each class, and softmax
    turns them into probabilities. Training minimizes the mean cross-entropy plus an L2 penalty of
    the weights; the intercepts are not penalized. The objective is convex.

    With the defaults, features may have any offset and any unit: they are centered and scaled for
    training, and `coef_` and `intercept_` are those for the features as they are. Ten epochs lead
    near the minimum, and L-BFGS goes on from there. Given a `learning_rate_init`, training is plain
    mini-batch gradient descent on the features as they are.

    Parameters
    ----------
    learning_rate : {"adaptive", "constant", "cosine"}, default "adaptive"
        "adaptive" keeps the learning rate while training makes progress, and halves it each
        time that `n_iter_no_change` epochs in a row have brought none. If `learning_rate_init` is
        "auto", training instead switches to L-BFGS after at most ten epochs, unless
        `early_stopping` is True or `tol` is None. "constant" keeps the learning rate throughout.
        "cosine" lets it fall to 0 along half a period of a cosine over the `max_iter` epochs [1]_.
        `partial_fit` keeps it constant.
    learning_rate_init : "auto" or float, default "auto"
        The learning rate at the start. "auto" centers and scales the features, and takes the
        longest step that their curvature makes safe (see Notes).
    alpha : "auto" or float, default "auto"
        Strength of the L2 penalty ``alpha / 2 * np.sum(coef_**2)``. A given strength means
        something else in other units of the features. "auto" does not depend on units: it puts a
        weak prior on what a feature can change in a logit (see Notes). With a
        `learning_rate_init` given as a number, "auto" is 0.
    batch_size : "auto" or int, default "auto"
        Examples in a mini-batch. The last one of an epoch may be smaller. "auto" takes 200, or a
        100th of the examples if that is more, or, for sparse data, a 400th of the number of
        weights. Where two batches would hold everything, it takes all examples at once.
    max_iter : int, default 500
        The largest number of epochs, that is, of passes over the data. A step of L-BFGS counts as
        one.
    momentum : float, default 0.9
        In [0, 1): ``velocity = momentum * velocity + gradient``, and each step is the learning
        rate times the velocity [2]_.
    tol : float or None, default 1e-4
        An epoch makes progress if it improves the objective, or the validation accuracy with
        `early_stopping`, by more than `tol` over its value at the last progress. `tol` also
        decides when the gradient is small (see Notes). None runs all `max_iter` epochs of gradient
        descent without a test of convergence.
    n_iter_no_change : int, default 10
        Epochs in a row without progress before "constant" stops, and "adaptive" halves the
        learning rate or stops: it stops once the gradient is small (see Notes) or, with
        `early_stopping`, once halving has brought no progress either. L-BFGS tests the
        gradient every `n_iter_no_change` steps. With "cosine", whose best progress comes at the
        end, only `early_stopping` ends training early.
    early_stopping : bool, default False
        Monitor the validation accuracy instead, and keep the parameters of its best epoch.
    validation_fraction : float, default 0.1
        Share of the training data, stratified, that `early_stopping` sets aside unless `fit` is
        given validation data.
    class_weight : dict, "balanced" or None, default None
        Factors of the sample weights by class label. "balanced" makes them inversely proportional
        to the frequencies of the classes.
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
        class also when there are two. Where `X` is float32 and a feature's offset is more than
        800 times its range, as of Unix times within a day, float32 could not hold them: they are
        float64, and so are the predictions.
    intercept_ : ndarray of shape (n_classes,)
        The biases.
    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted.
    n_features_in_, feature_names_in_ : int, and ndarray of shape (D,)
        Number of features, and their names if all of them are strings.
    n_iter_ : int
        Epochs and L-BFGS steps of the last `fit`, plus one epoch for each `partial_fit` since.
    loss_curve_ : list of float
        For each epoch, the mean objective of its mini-batches, each before its step; for each step
        of L-BFGS, the objective after it.
    validation_scores_ : list of float
        The accuracy on the validation data after each epoch and L-BFGS step of `fit`; empty
        without such data.

    Warns
    -----
    ConvergenceWarning
        If `fit` ends with a loss above that of always predicting the class frequencies. Unless
        `tol` is None, also if the objective is still falling, if its gradient is large, or if
        extreme outliers hide whether training has converged.

    See Also
    --------
    softmax.cross_entropy_with_grad : The loss and its gradient, for your own training loop.

    Notes
    -----
    scikit-learn's ``LogisticRegression`` is the same model, trained by L-BFGS alone by default.

    **Steps.** The Hessian of the cross-entropy in the logits is
    :math:`\operatorname{diag}(p) - pp^\mathsf{T} \preceq \tfrac12 I` [3]_. With
    :math:`\tilde X = [X, 1]`, which includes the column of the bias, the curvature of the mean is
    therefore at most :math:`L_\text{mean} = \tfrac12 \sigma_{\max}(\tilde X^\mathsf{T} \tilde X /
    N)`, and that of one example at most :math:`L_\text{max}`, half the largest squared norm of a
    row. For mini-batches of b examples the two mix to the expected smoothness [4]_

    .. math:: L = \frac{N(b-1)}{b(N-1)} L_\text{mean} + \frac{N-b}{b(N-1)} L_\text{max} ,

    and steps of 1/L are safe. "auto" finds L for features that are centered and divided by their
    largest distance from the mean. The center is the mean, or, where outliers drag it away, the
    median. `partial_fit` does so with the mean and the range of all rows seen so far.

    A few outliers, such as -9999 for a missing value, would leave the other rows next to no range.
    If a feature reaches ten times as far as it usually does (see below), if `alpha` is given, or if
    the largest weight of an example is over 10 times their mean, and if there are at most 256
    features, `fit` multiplies each step by the inverse of the bound B of the Hessian, which for
    each class is :math:`\tfrac12 X^\mathsf{T} X / N` plus the penalty's, as Böhning's algorithm
    does [3]_. In these units the curvature is at most 1 in every direction. Where a feature reaches
    over 1,000 times as far as usual, L-BFGS in these units is followed by 50 steps in units of how
    far each feature usually reaches, which find what the outliers hide, and goes on from there.
    This does not replace filling in missing values: where sentinels are scattered over many cells,
    the rows that hold them still slow training for all others. A `ConvergenceWarning` then says so.
    Beside sentinels that are large enough the gradient vanishes nevertheless. So the warning is
    also given where more than 1 % of the rows hold an entry over 10,000 times as far from the
    median of its feature as the feature usually reaches.

    **L-BFGS.** Near the minimum the curvature is often far below its bound, above all where the
    classes can be told apart without error, and steps of 1/L are then far too short. L-BFGS [5]_
    estimates the curvature from how the gradient changed over its last five steps, and chooses the
    length of each step by a line search. It works in the same units, on all examples at once,
    and needs memory for about 30 copies of the parameters in float64.

    **Penalty.** The objective with ``alpha="auto"`` is

    .. math:: \frac1N \sum_n \ell_n + \frac{1}{2 v N} \sum_{k,d} (r_d w_{kd})^2 ,

    where :math:`r_d` is how far a feature usually reaches from its center: five times the median
    distance from the median, of the entries that differ from it, or the largest distance from the
    mean if that is less. The minimum is the most probable point under the prior that
    :math:`r_d w_{kd}`, which is how far the feature alone usually moves a logit, is normal with
    mean 0 and variance :math:`v = \min(10, 40/S)`. Here S is the mean over the examples of
    :math:`\sum_d \min\{((x_d - m_d) / r_d)^2, 1\}`, with the medians :math:`m_d`. The second
    bound is for many features, which together could move a logit by more than is plausible: it
    keeps the prior variance of an average example's logits at 40. This is a weakly informative
    prior in the sense of [6]_: it hardly shows where data are plentiful, and keeps the weights
    finite where the classes can be separated. A few outliers do not change it. With sample weights,
    N is their sum. The prior ignores units, and so also factors built into the features, such as
    the inverse document frequency in tf-idf. To keep their effect, pass ``alpha=1/N``, the default
    penalty of ``LogisticRegression``. The prior is also strong where many features are correlated,
    as in spectra: choose `alpha` there by cross-validation.

    **Convergence.** A gradient g is small if `n_iter_no_change` times
    :math:`(g^\mathsf{T} g)^2 / (2\, g^\mathsf{T} B g)` is at most `tol`, in scaled features. The
    fraction is the decrease that the bound B of the Hessian guarantees for the best step along -g.
    An outlier that is already fitted still dominates B, and so hides what the other rows can gain.
    Where there are outliers, a given `alpha` or such weights, the same must therefore hold of
    :math:`\tfrac12 g^\mathsf{T} H^{-1} g`, with the Hessian H itself, which a few steps of
    conjugate gradients estimate from below. Where rounding, for example in float32, leaves L-BFGS
    no step that improves the objective, it is enough that one such decrease is at most `tol`.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "SGDR: Stochastic gradient descent with warm restarts",
       ICLR 2017.
    .. [2] B. T. Polyak, "Some methods of speeding up the convergence of iteration methods",
       USSR Computational Mathematics and Mathematical Physics 4(5), 1964.
    .. [3] D. Böhning, "Multinomial logistic regression algorithm", Annals of the Institute of
       Statistical Mathematics 44(1), 1992.
    .. [4] Robert M. Gower et al., "SGD: General analysis and improved rates", ICML 2019.
    .. [5] D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale
       optimization", Mathematical Programming 45, 1989.
    .. [6] A. Gelman, A. Jakulin, M. G. Pittau and Y.-S. Su, "A weakly informative default prior
       distribution for logistic and other regression models", Annals of Applied Statistics 2(4),
       2008.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from softmax import SoftmaxClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxClassifier(random_state=0).fit(X + 1000, y)
    >>> model.coef_.shape
    (3, 4)
    >>> bool(model.score(X + 1000, y) > 0.95)
    True
    """

    coef_: np.ndarray
    intercept_: np.ndarray
    classes_: np.ndarray
    n_iter_: int
    loss_curve_: list[float]
    validation_scores_: list[float]
    _random_state: np.random.RandomState

    def __init__(
        self,
        *,
        learning_rate: Literal["adaptive", "constant", "cosine"] = "adaptive",
        learning_rate_init: Literal["auto"] | float = "auto",
        alpha: Literal["auto"] | float = "auto",
        batch_size: Literal["auto"] | int = "auto",
        max_iter: int = 500,
        momentum: float = 0.9,
        tol: float | None = 1e-4,
        n_iter_no_change: int = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        class_weight: dict | Literal["balanced"] | None = None,
        shuffle: bool = True,
        init_scale: float = 0.0,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
        warm_start: bool = False,
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
        self.class_weight = class_weight
        self.shuffle = shuffle
        self.init_scale = init_scale
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start

    def fit(
        self,
        X: ArrayLike | sparray | spmatrix,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | sparray | spmatrix | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Train on `X` and `y` for at most `max_iter` epochs.

        Parameters
        ----------
        X : {array_like, sparse matrix} of shape (n_samples, n_features)
            The examples. float32 is trained in float32, anything else in float64. A sparse matrix
            is used in CSR format and stays sparse.
        y : array_like of shape (n_samples,)
            The class labels, of at least two classes.
        sample_weight : array_like of shape (n_samples,), optional
            Weights >= 0. An integer weight counts an example so many times; the mean in the
            objective is a weighted one.
        X_val, y_val : array_like, optional
            Validation data, whose accuracy is recorded after each epoch. They take the place of
            `validation_fraction`.

        Returns
        -------
        SoftmaxClassifier
            The estimator itself, trained.

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, or if training diverges. The estimator is then
            left as it was.

        See Also
        --------
        partial_fit : One epoch on a part of the data.
        """
        checks.check_parameters(self)
        if (X_val is None) != (y_val is None):
            raise ValueError("`X_val` and `y_val` must be passed together, got only one of them.")
        with _unchanged_on_error(self):
            continued = self.warm_start and hasattr(self, "coef_")
            X, y = checks.validate_training_data(self, X, y, reset=not continued)
            self._set_classes(np.unique(y), continued)
            labels = checks.encode_labels(y, self.classes_, "y")
            sample_weight = checks.validate_sample_weight(self, sample_weight, labels)
            X, labels, sample_weight = checks.drop_zero_weights(X, labels, sample_weight)
            checks.check_two_classes(self.classes_[np.unique(labels)])
            rng = check_random_state(self.random_state)
            val_weight = None
            if X_val is not None:
                X_val, y_val = checks.validate_training_data(
                    self, X_val, y_val, reset=False, names=("X_val", "y_val")
                )
                y_val = checks.encode_labels(y_val, self.classes_, "y_val")
            elif self.early_stopping:
                rows, val_rows = train_test_split(
                    np.arange(len(labels)),
                    test_size=self.validation_fraction,
                    stratify=labels,
                    random_state=rng,
                )
                X_val, y_val, X, labels = X[val_rows], labels[val_rows], X[rows], labels[rows]
                if sample_weight is not None:
                    val_weight, sample_weight = sample_weight[val_rows], sample_weight[rows]
            if not continued:
                self._init_parameters(X, rng)
            self._reset_training_state(rng)
            self._fit(X, labels, sample_weight, (X_val, y_val, val_weight), rng)
        return self

    def partial_fit(
        self,
        X: ArrayLike | sparray | spmatrix,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on a part of the data; the momentum carries over to the next call.

        The learning rate stays at `learning_rate_init`. "auto" fits it to this part, and centers
        and scales by the mean and the range of all parts so far.

        Parameters
        ----------
        X : {array_like, sparse matrix} of shape (n_samples, n_features)
            The examples.
        y : array_like of shape (n_samples,)
            Their class labels.
        classes : array_like of shape (n_classes,), optional
            All labels that will ever occur, in any order. Required at the first call.
        sample_weight : array_like of shape (n_samples,), optional
            Weights >= 0, on the same scale in all calls.

        Returns
        -------
        SoftmaxClassifier
            The estimator itself, trained further.

        Raises
        ------
        ValueError
            If a parameter or the data are invalid, or if training diverges. The estimator is then
            left as it was.

        See Also
        --------
        fit : Many epochs on all of the data.
        """
        checks.check_parameters(self)
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        if self.class_weight == "balanced":
            raise ValueError(
                "partial_fit does not support class_weight='balanced', which needs all labels at "
                "once. Compute the weights with sklearn.utils.compute_class_weight and pass them "
                "as a dict."
            )
        with _unchanged_on_error(self):
            first = not hasattr(self, "classes_")
            if first and classes is None:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            if classes is not None:
                as_array(classes, "classes", masked="Pass classes.compressed().")
                check_classification_targets(classes)
            X, y = checks.validate_training_data(self, X, y, reset=first)
            if first:
                self._set_classes(np.unique(classes), continued=False)  # type: ignore[arg-type]
                checks.check_two_classes(self.classes_)
            elif classes is not None and not np.array_equal(self.classes_, np.unique(classes)):
                raise ValueError(
                    f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
                    f"{self.classes_!r}"
                )
            labels = checks.encode_labels(y, self.classes_, "y")
            sample_weight = checks.validate_sample_weight(self, sample_weight, labels)
            X, labels, sample_weight = checks.drop_zero_weights(X, labels, sample_weight)
            if first:
                rng = check_random_state(self.random_state)
                self._init_parameters(X, rng)
                self._reset_training_state(rng)
            if len(labels) == 0:
                return self
            X = X.astype(self.coef_.dtype, copy=False)
            self._random_state = copy.deepcopy(self._random_state)  # a failed call undoes this
            optimizer, data = self._prepare_training(X, labels, sample_weight, whiten=False)
            rates = np.ones(math.ceil(len(labels) / optimizer.batch_size))
            objective = optimizer.epoch(*data, rates, self._random_state)
            self._store(optimizer)
            self.loss_curve_.append(objective)
            self.n_iter_ += 1
        return self

    def decision_function(self, X: ArrayLike | sparray | spmatrix) -> np.ndarray:
        """Return the logits, or for two classes the logit of the second minus that of the first.

        Parameters
        ----------
        X : {array_like, sparse matrix} of shape (n_samples, n_features)
            The examples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            The logits.

        Raises
        ------
        NotFittedError
            If the classifier has not been fitted.
        ValueError
            If `X` is invalid, or has another number of features than the training data.

        See Also
        --------
        predict_proba : Their softmax.
        """
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict_proba(self, X: ArrayLike | sparray | spmatrix) -> np.ndarray:
        """Return the probability of each class.

        Parameters
        ----------
        X : {array_like, sparse matrix} of shape (n_samples, n_features)
            The examples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            The probabilities, in the order of `classes_`. Each row sums to 1.

        Raises
        ------
        NotFittedError
            If the classifier has not been fitted.
        ValueError
            If `X` is invalid, or has another number of features than the training data.

        See Also
        --------
        predict_log_proba : Their logarithm, also where a probability underflows to 0.
        decision_function : The logits.
        """
        return softmax(self._logits(X))

    def predict_log_proba(self, X: ArrayLike | sparray | spmatrix) -> np.ndarray:
        """Return the log-probability of each class.

        Parameters
        ----------
        X : {array_like, sparse matrix} of shape (n_samples, n_features)
            The examples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            The log-probabilities, in the order of `classes_`.

        Raises
        ------
        NotFittedError
            If the classifier has not been fitted.
        ValueError
            If `X` is invalid, or has another number of features than the training data.

        See Also
        --------
        predict_proba : The probabilities.
        """
        return log_softmax(self._logits(X))

    def predict(self, X: ArrayLike | sparray | spmatrix) -> np.ndarray:
        """Return the most probable class of each example.

        Parameters
        ----------
        X : {array_like, sparse matrix} of shape (n_samples, n_features)
            The examples.

        Returns
        -------
        ndarray of shape (n_samples,)
            The class labels, of the dtype of `classes_`. Of classes that tie, it is the first.

        Raises
        ------
        NotFittedError
            If the classifier has not been fitted.
        ValueError
            If `X` is invalid, or has another number of features than the training data.

        See Also
        --------
        predict_proba : The probability of each class.
        """
        logits = self._logits(X)
        return self.classes_[logits.argmax(axis=1)]

    def score(
        self,
        X: ArrayLike | sparray | spmatrix,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Return the accuracy: the share of examples whose most probable class is their own.

        Parameters
        ----------
        X : {array_like, sparse matrix} of shape (n_samples, n_features)
            The examples.
        y : array_like of shape (n_samples,)
            Their class labels.
        sample_weight : array_like of shape (n_samples,), optional
            Weights >= 0.

        Returns
        -------
        float
            The accuracy, weighted if there are weights.

        Raises
        ------
        NotFittedError
            If the classifier has not been fitted.
        ValueError
            If the data are invalid.

        See Also
        --------
        predict : The most probable class of each example.
        """
        as_array(y, "y", masked=checks.SELECT.format("y"))
        if sample_weight is not None:
            as_array(sample_weight, "sample_weight", masked=checks.NO_WEIGHT)
        return super().score(X, y, sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _logits(self, X):
        check_is_fitted(self)
        checks.refuse_unreadable(X, "X")
        X = validate_data(self, X, reset=False, accept_sparse="csr", dtype=checks.FLOATS)
        return X @ self.coef_.T + self.intercept_

    def _set_classes(self, classes, continued):
        if continued and not np.array_equal(classes, self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {classes}"
            )
        self.classes_ = classes

    def _init_parameters(self, X, rng):
        """Set the parameters to start from."""
        shape = len(self.classes_), X.shape[1]
        self.coef_ = np.zeros(shape, X.dtype)
        if self.init_scale > 0:
            # Drawn one column for each class: one seed then gives the same start as a matrix W.
            self.coef_ += self.init_scale * rng.standard_normal(shape[::-1]).T
        self.intercept_ = np.zeros(shape[0], X.dtype)

    def _reset_training_state(self, rng):
        """Clear the record of training and the state that carries over from call to call."""
        self.loss_curve_, self.validation_scores_, self.n_iter_ = [], [], 0
        self._random_state = np.random.RandomState(rng.randint(np.iinfo(np.int32).max))
        self._n_seen, self._weight_seen = 0, 0.0
        self._velocity = self._scaling = self._loss_limit = None

    def _prepare_training(self, X, labels, sample_weight, whiten):
        """Return an optimizer, and its data: X, labels, sample weights and center."""
        batch_size = min(X.shape[0], self._batch_size(X))
        automatic = self.learning_rate_init == "auto"
        center = whitener = None
        if automatic:
            scaling = FeatureScaling.of(X, sample_weight)
            self._scaling = scaling if self._scaling is None else self._scaling.merge(scaling)
            self._scaling.check(X.dtype)
            if self._scaling.needs_float64:
                X, self.coef_, self.intercept_ = (
                    a.astype(np.float64, copy=False) for a in (X, self.coef_, self.intercept_)
                )
        parameters = np.column_stack([self.coef_, self.intercept_])
        velocity = np.zeros_like(parameters) if self._velocity is None else self._velocity
        if automatic:
            X, center = self._scaling.transform(X)
            parameters, velocity = map(self._scaling.to_scaled, (parameters, velocity))
        sample_weight = self._relative_weights(sample_weight, len(labels), X.dtype)
        alpha = self._penalty(X.shape[1])
        if not automatic:
            step = float(self.learning_rate_init)
        else:
            if whiten and self._needs_curvature(sample_weight):
                least = _LEAST_RIDGE * self._scaling.usual_reach**2
                ridge = np.maximum(alpha, np.append(least, 0.0))
                whitener = find_whitener(X, sample_weight, ridge, center)
            bound = curvature_bound(X, sample_weight, batch_size, center, whitener)
            step = 1 / bound if whitener is not None else (1 / (bound + alpha)).astype(X.dtype)
        alpha = alpha.astype(X.dtype)
        if self._loss_limit is None:
            self._loss_limit = loss_limit(X, labels, parameters, alpha, center)
        # The gradient of sparse data is made column by column, and so is added to the parameters.
        order = "F" if issparse(X) else "C"
        optimizer = MomentumSGD(
            *(np.array(a, X.dtype, order=order) for a in (parameters, velocity)),
            step=step,
            alpha=alpha,
            momentum=float(self.momentum),
            batch_size=batch_size,
            shuffle=self.shuffle,
            loss_limit=self._loss_limit,
            whitener=whitener,
        )
        return optimizer, (X, labels, sample_weight, center)

    def _penalty(self, n_features):
        """Return the strength of the penalty of each weight, and 0 for the bias."""
        automatic = self.learning_rate_init == "auto"
        if automatic and self.alpha == "auto":
            length = self._scaling.squared_length
            precision = max(1 / _PRIOR_VARIANCE, length / _PRIOR_LOGIT_VARIANCE)
            alpha = precision * self._scaling.usual_reach**2 / self._weight_seen
            return np.append(alpha, 0.0)
        alpha = np.append(np.full(n_features, 0.0 if self.alpha == "auto" else self.alpha), 0.0)
        return self._scaling.to_scaled_alpha(alpha) if automatic else alpha

    def _needs_curvature(self, sample_weight):
        """Return whether training must go by the curvature in every direction.

        Otherwise, the default penalty and features in [-1, 1] make all directions alike enough.
        """
        uneven = sample_weight is not None and sample_weight.max() > _UNEVEN
        return self._scaling.has_outliers or (self._refines and (self.alpha != "auto" or uneven))

    @property
    def _refines(self):
        """Whether L-BFGS takes over after some epochs."""
        automatic = self.learning_rate_init == "auto" and self.learning_rate == "adaptive"
        return automatic and self.tol is not None and not self.early_stopping

    def _batch_size(self, X):
        if self.batch_size != "auto":
            return self.batch_size
        n = X.shape[0]
        size = max(200, n // 100)
        if issparse(X):
            # A step changes every weight, however few of the features its batch has: where there
            # are many weights, fewer and larger steps cost less.
            size = max(size, self.coef_.size // 400)
        return size if 2 * size < n else n

    def _relative_weights(self, sample_weight, n, dtype):
        """Return the weights divided by their mean over all rows seen so far; None if all are 1."""
        self._n_seen += n
        self._weight_seen += float(n if sample_weight is None else sample_weight.sum())
        mean = self._weight_seen / self._n_seen
        if sample_weight is None and mean == 1:
            return None
        if sample_weight is None:
            sample_weight = np.ones(n)
        return (sample_weight / mean).astype(dtype)

    def _store(self, optimizer):
        """Keep the parameters and velocities of an optimizer, for the features as they are."""
        self._velocity = self._unscaled(optimizer.velocity)
        parameters = self._unscaled(optimizer.parameters)
        self.coef_ = np.ascontiguousarray(parameters[:, :-1])
        self.intercept_ = parameters[:, -1].copy()

    def _unscaled(self, parameters):
        if self.learning_rate_init == "auto":
            parameters = self._scaling.from_scaled(parameters)
        return parameters.astype(self.coef_.dtype)

    def _fit(self, X, labels, sample_weight, validation, rng):
        """Train from the present parameters, with a new schedule and zero velocity."""
        optimizer, data = self._prepare_training(X, labels, sample_weight, whiten=True)
        n_batches = math.ceil(len(labels) / optimizer.batch_size)
        patience = self.n_iter_no_change
        monitored = self.tol is not None and (self.early_stopping or self.learning_rate != "cosine")
        n_epochs = min(_EPOCHS_BEFORE_REFINING, self.max_iter) if self._refines else self.max_iter
        X_val, y_val, val_weight = validation
        best_score = progress_score = -np.inf
        n_no_improvement, progressed, factor, best_parameters = 0, False, 1.0, None
        progress = tqdm(
            total=self.max_iter, desc="Training", unit="epoch", disable=not self.verbose
        )

        def record(objective):
            self.loss_curve_.append(objective)
            self.n_iter_ += 1
            progress.set_postfix(objective=objective, refresh=False)
            progress.update()
            if X_val is not None:
                parameters = self._unscaled(optimizer.parameters)
                hits = compute_logits(X_val, parameters).argmax(axis=0) == y_val
                self.validation_scores_.append(float(np.average(hits, weights=val_weight)))

        for epoch in range(n_epochs):
            rates = np.full(n_batches, factor)
            if self.learning_rate == "cosine":
                steps = epoch * n_batches + np.arange(n_batches)
                rates = cosine_schedule(steps, self.max_iter * n_batches)
            record(optimizer.epoch(*data, rates, rng))
            score = self.validation_scores_[-1] if self.early_stopping else -self.loss_curve_[-1]
            if self.early_stopping and score > best_score:
                best_score, best_parameters = score, optimizer.parameters.copy()
            n_no_improvement += 1
            if score > progress_score + (self.tol or 0):
                progress_score, n_no_improvement, progressed = score, 0, True
            if monitored and n_no_improvement >= patience:
                if self._refines or self.learning_rate != "adaptive" or factor < _LEAST_RATE:
                    break
                if self.early_stopping:
                    finished = not progressed
                else:
                    finished = self._has_converged(optimizer, X, data, patience)
                if finished:
                    break
                n_no_improvement, progressed = 0, False
                optimizer.velocity[:] = 0
                # A full batch has no noise to average out, and the step of "auto" is safe for it:
                # only the momentum can have carried it too far.
                if n_batches > 1 or self.learning_rate_init != "auto":
                    factor /= _RATE_DIVISOR
        refines = self._refines and self.n_iter_ < self.max_iter
        converged = refines and self._refine(optimizer, X, data, record)
        progress.close()
        if best_parameters is not None:
            optimizer.parameters = best_parameters
        self._store(optimizer)
        self._warn_unless_converged(optimizer, X, data, n_no_improvement, converged)

    def _refine(self, optimizer, X, data, record):
        """Go on by L-BFGS, and return whether it has converged."""
        converged = False

        def record_and_test(objective):
            nonlocal converged
            record(objective)
            if self.n_iter_ % self.n_iter_no_change == 0:
                converged = self._has_converged(optimizer, X, data, self.n_iter_no_change)
            return converged

        whitener = optimizer.whitener
        root = np.sqrt(optimizer.step) if whitener is None else whitener.copy()
        root[..., -1] /= root.flat[-1]  # the bias is in units of a logit
        phases = [(root, self.max_iter, record_and_test)]
        if self._scaling.has_extreme_outliers:
            # They dominate the bound, also where they are fitted already, and so hide the other
            # rows: steps in units of what is usual find what is left to gain there.
            usual = np.minimum(1 / self._scaling.usual_reach, np.finfo(root.dtype).max)
            usual = np.append(usual, 1.0).astype(root.dtype)
            phases += [(usual, _STEPS_BESIDE_OUTLIERS, record), *phases]
        for units, n_steps, after_step in phases:
            n_steps = min(n_steps, self.max_iter - self.n_iter_)
            if n_steps:
                converged = False
                minimize_lbfgs(optimizer, *data, n_steps, after_step, units)
        if not converged and self.n_iter_ < self.max_iter:
            # Rounding has ended the steps, in float32 for example.
            converged = self._has_converged(optimizer, X, data, 1)
        return converged

    def _has_converged(self, optimizer, X, data, n_steps):
        """Return whether so many of the best steps would gain at most `tol` (see the notes)."""
        X_scaled, labels, sample_weight, center = data
        parameters, alpha, scaling = optimizer.parameters, optimizer.alpha, self._scaling
        if self.learning_rate_init != "auto":
            scaling = FeatureScaling.of(X, sample_weight)
            X_scaled, center = scaling.transform(X)
            parameters = scaling.to_scaled(parameters).astype(X.dtype)
            alpha = scaling.to_scaled_alpha(alpha).astype(X.dtype)
        arguments = X_scaled, labels, sample_weight, center, parameters, alpha
        enough = self.tol / n_steps
        if certified_decrease(*arguments) > enough:
            return False
        automatic = self.learning_rate_init == "auto"
        if not (self._needs_curvature(sample_weight) if automatic else scaling.has_outliers):
            return True
        # An outlier that is fitted already hides in the bound what the other rows can still gain.
        return newton_decrease(*arguments, scaling.usual_reach, enough) <= enough

    def _warn_unless_converged(self, optimizer, X, data, n_no_improvement, converged):
        labels, sample_weight = data[1:3]
        frequencies = np.bincount(labels, sample_weight, len(self.classes_)) / len(labels)
        guess = float(entropy(frequencies))
        loss = self._final_loss(optimizer, data, guess)
        advice = "Increase max_iter, or tol if the result is good enough."
        if self.learning_rate_init != "auto":
            advice = (
                "Increase max_iter, scale the features (with StandardScaler, for example), or use "
                "learning_rate_init='auto'; tol=None trains without this test."
            )
        if loss > guess + max(1e-3, self.tol or 0):
            reason = (
                f"The loss of {loss:.3g} is above the {guess:.3g} of a guess by the frequencies of "
                "the classes: the optimization hasn't converged."
            )
        elif self.tol is None:
            return
        elif self.early_stopping and n_no_improvement < self.n_iter_no_change:
            reason = (
                f"Maximum iterations ({self.max_iter}) reached before the validation accuracy "
                "stopped improving."
            )
        elif (
            self.early_stopping
            or converged
            or self._has_converged(optimizer, X, data, self.n_iter_no_change)
        ):
            scaling = self._scaling or FeatureScaling.of(X, sample_weight)
            far = scaling.share_of_far_rows(X) if scaling.has_outliers else 0.0
            if far <= _MOST_FAR_ROWS:
                return
            reason = (
                f"In {far:.1%} of the rows, a feature is over 10,000 times as far from its median "
                "as usual: the optimization may not have converged for the other rows."
            )
            advice = (
                "If such entries stand for missing values, fill them in (with SimpleImputer, for "
                "example) or drop these rows."
            )
        else:
            reason = (
                f"Maximum iterations ({self.max_iter}) reached and the optimization hasn't "
                "converged yet."
                if self.n_iter_ == self.max_iter
                else "The objective has stopped improving, but its gradient is large: the "
                "optimization hasn't converged."
            )
            if self._scaling is not None and self._scaling.has_extreme_outliers:
                advice = self._scaling.describe_outlier()
        warnings.warn(f"{reason} {advice}", ConvergenceWarning, stacklevel=4)

    @np.errstate(over="ignore", invalid="ignore")  # an overflow is returned as infinity
    def _final_loss(self, optimizer, data, guess):
        """Return the mean loss, or an estimate if it is clear that it is below that of a guess."""
        X, labels, sample_weight, center = data
        parameters, free = optimizer.parameters, np.zeros_like(optimizer.alpha)
        rows = sample_of_rows(X)
        weight = None if sample_weight is None else sample_weight[rows]
        sample = X[rows], labels[rows], weight, center
        # The last epoch has seen all rows, the sample the last parameters.
        estimate = objective_and_gradient(*sample, parameters, free)[0]
        estimate = max(estimate, self.loss_curve_[-1])
        if estimate <= guess:
            return estimate
        loss = objective_and_gradient(*data, parameters, free)[0]
        return math.inf if math.isnan(loss) else loss


@contextmanager
def _unchanged_on_error(estimator):
    """Undo every change of the estimator's attributes if the block fails."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:  # an interrupt must not leave a half-trained estimator either
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
