"""Checks of what SoftmaxClassifier is given: parameters, examples, labels and sample weights."""

import math
from collections.abc import Iterator, Mapping, Set
from numbers import Integral, Real
from types import NoneType
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array, compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from softmax._validation import as_array, refuse_masked

FLOATS = [np.float64, np.float32]

# What to pass in place of arrays with masked entries, whose mask scikit-learn would drop.
_IMPUTE = (
    "Fill them in first, for example by SimpleImputer().fit_transform({0}.filled(np.nan)) from "
    "sklearn.impute."
)
NO_WEIGHT = "To leave these rows out, pass sample_weight.filled(0)."
SELECT = "To leave these rows out, select those where ~np.ma.getmaskarray({0})."


def _number(low, high=math.inf, kind=Real, low_included=True):
    """Return a function that says whether a value is a number of this kind, and in range."""

    def check(value):
        if not isinstance(value, kind) or isinstance(value, bool):
            return False
        return (low <= value if low_included else low < value) and value < high

    return check


# What each parameter may be: in words, and as strings, types and functions.
_BOOLEAN = ("True or False", bool, np.bool_)
_ALLOWED = {
    "learning_rate": ("'adaptive', 'constant' or 'cosine'", "adaptive", "constant", "cosine"),
    "learning_rate_init": ("'auto' or a finite number > 0", "auto", _number(0, low_included=False)),
    "alpha": ("'auto' or a finite number >= 0", "auto", _number(0)),
    "batch_size": ("'auto' or an int >= 1", "auto", _number(1, kind=Integral)),
    "max_iter": ("an int >= 1", _number(1, kind=Integral)),
    "momentum": ("a number >= 0 and < 1", _number(0, 1)),
    "tol": ("None or a finite number >= 0", NoneType, _number(0)),
    "n_iter_no_change": ("an int >= 1", _number(1, kind=Integral)),
    "early_stopping": _BOOLEAN,
    "validation_fraction": ("a number > 0 and < 1", _number(0, 1, low_included=False)),
    "class_weight": ("None, 'balanced' or a dict", NoneType, "balanced", dict),
    "shuffle": _BOOLEAN,
    "init_scale": ("a finite number >= 0", _number(0)),
    "verbose": ("True, False or an int >= 0", bool, np.bool_, _number(0, kind=Integral)),
    "warm_start": _BOOLEAN,
}


def check_parameters(estimator):
    """Raise a ValueError that names the first parameter that is out of its range."""
    for name, (in_words, *allowed) in _ALLOWED.items():
        value = getattr(estimator, name)
        if not any(_is_one(value, kind) for kind in allowed):
            raise ValueError(f"`{name}` must be {in_words}, got {value!r}.")


def _is_one(value, kind):
    if isinstance(kind, str):
        return isinstance(value, str) and value == kind
    return isinstance(value, kind) if isinstance(kind, type) else kind(value)


def refuse_unreadable(X, name):
    """Raise a TypeError for what scikit-learn would not name, or would read without its mask."""
    masked = _IMPUTE.format(name)
    refuse_masked(X, name, masked=masked)
    if isinstance(X, (Mapping, Set, Iterator)) and not issparse(X):  # some are dictionaries, too
        as_array(X, name, masked=masked)


def validate_training_data(estimator, X, y, reset, names=("X", "y")):
    """Return the examples in float32 or float64, dense or in canonical CSR format, and the labels.

    With `reset`, the estimator remembers the number and the names of the features.
    """
    refuse_unreadable(X, names[0])
    as_array(y, names[1], masked=SELECT.format(names[1]))
    if getattr(X, "dtype", None) == np.dtype("f4").newbyteorder():
        X = X.astype(np.float32)  # the other byte order, which scikit-learn makes float64
    X, y = validate_data(estimator, X, y, reset=reset, accept_sparse="csr", dtype=FLOATS, order="C")
    check_classification_targets(y)
    if issparse(X) and not X.has_canonical_format:
        # Medians and squares need each entry as a whole, and the caller's matrix must not change.
        X = X.copy()
        X.sum_duplicates()
    return X, y


def validate_sample_weight(estimator, sample_weight, labels):
    """Return the weights times the class weights, in float64; None if all are 1."""
    if sample_weight is not None:
        as_array(sample_weight, "sample_weight", masked=NO_WEIGHT)
        sample_weight = check_array(
            sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
        )
        if sample_weight.shape != labels.shape:
            raise ValueError(
                f"`sample_weight` must be of shape {labels.shape}, one weight for each row of "
                f"`X`, got shape {sample_weight.shape}."
            )
        if (sample_weight < 0).any():
            index = int(np.argmax(sample_weight < 0))
            raise ValueError(
                f"`sample_weight` must be >= 0, got {sample_weight[index]} at index {index}."
            )
        if not sample_weight.any():
            raise ValueError("`sample_weight` must have a weight > 0, got zeros only.")
    if estimator.class_weight is not None:
        by_class = compute_class_weight(
            estimator.class_weight, classes=estimator.classes_, y=estimator.classes_[labels]
        )
        for label, weight in zip(estimator.classes_, by_class, strict=True):
            if not 0 <= weight < math.inf:
                raise ValueError(
                    f"`class_weight` must map labels to finite numbers >= 0, got {weight} for "
                    f"{label!r}."
                )
        sample_weight = by_class[labels] * (1 if sample_weight is None else sample_weight)
    if sample_weight is None or not sample_weight.any():
        return sample_weight
    with np.errstate(over="ignore"):
        total = float(np.sum(sample_weight))
    least = 1e-12 if estimator.alpha == "auto" and estimator.learning_rate_init == "auto" else 0
    if not least <= total < math.inf:
        raise ValueError(
            "`sample_weight` times `class_weight` must have a sum that is finite and not close to "
            f"0, got {total:.3g}. Multiply the weights by a constant that brings their mean to 1."
        )
    return sample_weight


def drop_zero_weights(X, labels, sample_weight) -> tuple[Any, np.ndarray, np.ndarray | None]:
    """Leave out the rows of weight 0, which must not affect ranges and batches either."""
    if sample_weight is None or sample_weight.all():
        return X, labels, sample_weight
    rows = np.flatnonzero(sample_weight)
    return X[rows], labels[rows], sample_weight[rows]


def check_two_classes(classes):
    """Raise a ValueError unless at least two classes are left."""
    if len(classes) < 2:
        raise ValueError(
            "This solver needs samples of at least 2 classes in the data, but the data "
            f"contains only one class: {classes[0]!r}"
            if len(classes)
            else "All classes have the weight 0 in `class_weight`: at least 2 need more."
        )


def encode_labels(y, classes, name):
    """Return the index of each label in the sorted `classes`."""
    found = np.unique(y)
    if not np.isin(found, classes).all():
        raise ValueError(
            f"`{name}` has classes not in `self.classes_`. "
            f"`self.classes_` has {classes}. '{name}' has {found}."
        )
    return np.searchsorted(classes, y)
