r"""Cross-entropy from logits, its gradient, and its parts: entropy and KL divergence.

The loss is computed from the logits, by log-sum-exp, and never as the logarithm of a softmax:
a probability that underflows to 0 still has a finite logarithm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from softmax._validation import (
    as_array,
    as_float,
    as_int,
    check_axis,
    check_labels,
    first_true_index,
    float_dtype,
    real_array,
    working_dtype,
)
from softmax.functional import log_softmax

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# What to pass in place of an array with masked entries.
_MASKED_LOGITS = "To give these classes probability 0, pass logits.astype(float).filled(-np.inf)."
_MASKED_TARGETS = (
    "To leave these labels out, pass targets.filled(-1) and ignore_index=-1. To give these classes "
    "probability 0, pass targets.filled(0)."
)


def cross_entropy(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    axis: int = -1,
    weight: ArrayLike | None = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    reduction: Literal["mean", "sum", "none"] = "mean",
) -> np.ndarray | Any:
    r"""Cross-entropy between logits and targets.

    For one slice of logits with softmax `p`, class weights `w` and target distribution `y`,

    .. math:: L = -\sum_c w_c \, y_c \log p_c,

    and for a class label `t`, which stands for the one-hot `y`, :math:`L = -w_t \log p_t`. Every
    argument means what it means in PyTorch's ``cross_entropy``. Two defaults differ: the axis of
    the classes is the last one here, axis 1 there; and no label is ignored here, -100 is there.

    Parameters
    ----------
    logits : array_like of bool, int or float
        Scores of the K classes along `axis`, of any shape.
    targets : array_like
        Class labels: integers from 0 to K - 1, of the shape of `logits` without `axis`. Or
        probabilities, of the shape of `logits`.
    axis : int, default -1
        The axis of the classes.
    weight : array_like of shape (K,), optional
        A weight for each class, 1 by default.
    ignore_index : int, optional
        Slices with this label are left out: their loss and gradient are 0, whatever their logits
        hold, and the mean does not count them. It may be outside 0 to K - 1. Labels only. None,
        the default, ignores nothing.
    label_smoothing : float, default 0.0
        :math:`\varepsilon` from 0 to 1: the target becomes
        :math:`(1 - \varepsilon)\,y + \varepsilon / K`.
    reduction : {"mean", "sum", "none"}, default "mean"
        "none" returns the loss of each slice, "sum" their sum. "mean" divides the sum by the total
        weight :math:`\sum w_t` of the counted labels, or, with probabilities, by the number of
        slices.

    Returns
    -------
    scalar or ndarray
        The loss, in the dtype of the logits (float64 if they are integers). With "none", an
        array of the shape of `logits` without `axis`.

    Raises
    ------
    TypeError
        If logits, targets or weight do not hold real numbers or have masked entries, or labels or
        `ignore_index` are not integers.
    ValueError
        If the shapes do not fit, a label is out of range, a probability is NaN or infinite (the
        first one and its index are named), or an option is none of those allowed.
    numpy.exceptions.AxisError
        If `logits` has no such axis.

    See Also
    --------
    cross_entropy_grad : Its gradient.
    cross_entropy_with_grad : Both, from one evaluation.
    log_softmax : The logarithms that it sums.

    Notes
    -----
    For some infinite logits PyTorch returns NaN. Here, as in `softmax`, a +inf logit has all the
    probability. A class with :math:`w_c y_c = 0` adds 0 even if its probability is
    0. The mean over no counted slice is NaN, without a warning, and so is its gradient, which
    PyTorch makes 0. Probabilities are not required to sum to 1.

    Accuracy: for labels without weights or smoothing, the relative error of each slice's loss is
    that of `log_softmax`, at most ``8 * eps``, however small the loss. With non-negative weights,
    smoothing or probabilities it is at most ``16 * eps``.

    Examples
    --------
    >>> float(cross_entropy([[0.0, 0.0], [1000.0, 0.0]], [0, 1]))
    500.34657359027995
    """
    options = (axis, weight, ignore_index, label_smoothing, reduction)
    with np.errstate(all="ignore"):
        return _cross_entropy(logits, targets, *options, with_grad=False)[0]


def cross_entropy_grad(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    axis: int = -1,
    weight: ArrayLike | None = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    reduction: Literal["mean", "sum", "none"] = "mean",
) -> np.ndarray:
    r"""Gradient of `cross_entropy` with respect to the logits.

    .. math:: \frac{\partial L}{\partial z_j} = p_j \sum_c w_c y_c - w_j y_j

    which for a label and weight 1 is :math:`p - y`.

    Parameters
    ----------
    logits, targets, axis, weight, ignore_index, label_smoothing, reduction
        As for `cross_entropy`. With reduction "none", each slice gets the gradient of its own
        loss, as it does with "sum".

    Returns
    -------
    ndarray
        The gradient, of the shape and dtype of the logits (float64 if they are integers).

    Raises
    ------
    TypeError, ValueError, numpy.exceptions.AxisError
        As for `cross_entropy`.

    See Also
    --------
    cross_entropy : The loss.
    cross_entropy_with_grad : The loss and the gradient, from one evaluation.

    Notes
    -----
    Accuracy: the absolute error is at most ``8 * eps`` times the weight of the slice. At the
    label of a confident prediction, 1 would cancel against `p`; there the value is taken from
    the loss as :math:`p_t - 1 = e^{-L} - 1` by ``expm1``, and keeps a small relative error.

    Examples
    --------
    >>> cross_entropy_grad([[0.0, 0.0]], [1])
    array([[ 0.5, -0.5]])
    """
    options = (axis, weight, ignore_index, label_smoothing, reduction)
    with np.errstate(all="ignore"):
        return _cross_entropy(logits, targets, *options, with_grad=True)[1]


def cross_entropy_with_grad(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    axis: int = -1,
    weight: ArrayLike | None = None,
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    reduction: Literal["mean", "sum", "none"] = "mean",
) -> tuple[np.ndarray | Any, np.ndarray]:
    """Cross-entropy and its gradient, from one evaluation of log-softmax.

    Parameters
    ----------
    logits, targets, axis, weight, ignore_index, label_smoothing, reduction
        As for `cross_entropy`.

    Returns
    -------
    loss : scalar or ndarray
        The loss, as from `cross_entropy`: a scalar, or with reduction "none" an array of the shape
        of `logits` without `axis`.
    grad : ndarray
        Its gradient, as from `cross_entropy_grad`, of the shape of `logits`.

    Raises
    ------
    TypeError, ValueError, numpy.exceptions.AxisError
        As for `cross_entropy`.

    See Also
    --------
    cross_entropy, cross_entropy_grad : Either alone.

    Examples
    --------
    >>> loss, grad = cross_entropy_with_grad([[0.0, 0.0]], [1])
    >>> float(loss), grad
    (0.6931471805599453, array([[ 0.5, -0.5]]))
    """
    options = (axis, weight, ignore_index, label_smoothing, reduction)
    with np.errstate(all="ignore"):
        return _cross_entropy(logits, targets, *options, with_grad=True)


def entropy(p: ArrayLike, axis: int | tuple[int, ...] | None = -1) -> np.ndarray | Any:
    r"""Entropy of a distribution, in nats: :math:`-\sum_i p_i \log p_i`, with 0 log 0 = 0.

    Parameters
    ----------
    p : array_like
        Probabilities along `axis`. They are not required to sum to 1.
    axis : int, tuple of int or None, default -1
        The axis or axes to sum over.

    Returns
    -------
    scalar or ndarray
        The entropy of each slice: the shape is that of `p` without the summed axes, and the dtype
        that of `p`, or float64 if it holds integers. NaN stays NaN.

    Raises
    ------
    TypeError
        If `p` does not hold real numbers or has masked entries, or `axis` does not hold integers.
    ValueError
        If a probability is negative; the first one and its index are named.
    numpy.exceptions.AxisError
        If `p` has no such axis.

    See Also
    --------
    kl_divergence : What a wrong distribution costs in addition.
    cross_entropy : Entropy plus divergence, from logits.

    Examples
    --------
    >>> float(entropy([0.5, 0.5]))
    0.6931471805599453
    """
    p, dtype = _non_negative(p, "p")
    axis = check_axis(axis)
    with np.errstate(all="ignore"):
        return (np.sum(_neg_xlogp(p, np.log(p)), axis=axis)).astype(dtype)[()]


def kl_divergence(
    p: ArrayLike, q: ArrayLike, axis: int | tuple[int, ...] | None = -1
) -> np.ndarray | Any:
    r"""Kullback-Leibler divergence, in nats: :math:`\sum_i p_i \log (p_i/q_i)`.

    Parameters
    ----------
    p, q : array_like
        Probabilities along `axis`, of shapes that broadcast. They are not required to sum to 1.
    axis : int, tuple of int or None, default -1
        The axis or axes to sum over.

    Returns
    -------
    scalar or ndarray
        The divergence of each slice: the shape is the broadcast one without the summed axes, and
        the dtype the wider of the two. A term is 0 where ``p_i`` is 0, and +inf where only ``q_i``
        is. NaN stays NaN.

    Raises
    ------
    TypeError
        If `p` or `q` does not hold real numbers or has masked entries, or `axis` does not hold
        integers.
    ValueError
        If a probability is negative (the first one and its index are named), or the shapes do
        not broadcast.
    numpy.exceptions.AxisError
        If the broadcast shape has no such axis.

    See Also
    --------
    entropy : The entropy of one distribution.
    cross_entropy : Their sum, from logits.

    Notes
    -----
    Within a factor of 2, the logarithm of the ratio is taken as ``log1p((p - q)/q)``, whose
    difference is exact; elsewhere as ``log p - log q``, where the ratio could overflow.

    Examples
    --------
    >>> float(kl_divergence([1.0, 0.0], [0.5, 0.5]))
    0.6931471805599453
    """
    p, p_dtype = _non_negative(p, "p")
    q, q_dtype = _non_negative(q, "q")
    axis = check_axis(axis)
    try:
        p, q = np.broadcast_arrays(p, q)
    except ValueError:
        raise ValueError(
            f"`p` and `q` must have shapes that broadcast, got {p.shape} and {q.shape}."
        ) from None
    with np.errstate(all="ignore"):
        near = (p <= 2 * q) & (q <= 2 * p)
        log_ratio = np.where(near, np.log1p((p - q) / q), np.log(p) - np.log(q))
        terms = np.where(p == 0, 0 * q, p * log_ratio)  # 0 * q: NaN stays NaN
        return np.sum(terms, axis=axis).astype(np.result_type(p_dtype, q_dtype))[()]


def _cross_entropy(
    logits, targets, axis, weight, ignore_index, label_smoothing, reduction, *, with_grad
):
    """Return the loss and, if asked for, its gradient (else None)."""
    if not isinstance(reduction, str) or reduction not in ("mean", "sum", "none"):
        raise ValueError(f"`reduction` must be 'mean', 'sum' or 'none', got {reduction!r}.")
    smoothing = as_float(label_smoothing, "label_smoothing")
    if not 0 <= smoothing <= 1:
        raise ValueError(
            f"`label_smoothing` must be a number from 0 to 1, got {label_smoothing!r}."
        )
    if ignore_index is not None:
        several = " or None (to ignore several classes, give their labels one value first)"
        ignore_index = as_int(ignore_index, "ignore_index", several)
    logits = real_array(logits, "logits", masked=_MASKED_LOGITS)
    dtype = float_dtype(logits)
    axis = normalize_axis_index(as_int(axis, "axis"), logits.ndim)
    batch, k = logits.shape[:axis] + logits.shape[axis + 1 :], logits.shape[axis]
    if k == 0:
        raise ValueError(f"`logits` must have at least one class, got shape {logits.shape}.")

    def as_rows(x):
        return np.moveaxis(x, axis, -1).reshape(-1, k).astype(working_dtype(dtype), copy=False)

    log_p = log_softmax(as_rows(logits))
    weight = _check_weight(weight, k, log_p.dtype)
    shape = as_array(targets, "targets", masked=_MASKED_TARGETS).shape
    if shape == logits.shape:
        y = as_rows(_check_probabilities(targets, ignore_index))
        loss, grad, total = _loss_soft_targets(log_p, y, weight, smoothing, with_grad)
    elif shape == batch:
        labels = check_labels(
            targets,
            k,
            "targets",
            ignore_index=ignore_index,
            left_out=" To leave such labels out, pass their value as `ignore_index`.",
            masked=_MASKED_TARGETS,
        ).ravel()
        ignored = np.zeros(labels.shape, bool) if ignore_index is None else labels == ignore_index
        labels = np.where(ignored, 0, labels).astype(np.intp)
        loss, grad, total = _loss_hard_targets(log_p, labels, ignored, weight, smoothing, with_grad)
    else:
        real_array(targets, "targets", masked=_MASKED_TARGETS)  # is it an array at all?
        raise ValueError(
            f"`targets` must have shape {batch} (class labels) or {logits.shape} (probabilities) "
            f"for `logits` of shape {logits.shape}, got {shape}."
        )

    loss = loss.reshape(batch) if reduction == "none" else _sum(loss)
    divisor = log_p.dtype.type(total if reduction == "mean" else 1)
    loss = (loss / divisor).astype(dtype)[()]
    if not with_grad:
        return loss, None
    grad /= divisor
    return loss, np.moveaxis(grad.reshape(*batch, k), -1, axis).astype(dtype, copy=False)


def _loss_hard_targets(log_p, labels, ignored, weight, smoothing, with_grad):
    """Return losses, gradient and divisor of the mean, for N labels; `log_p` is overwritten."""
    rows, each = np.arange(len(labels)), weight[labels]
    if smoothing > 0:
        y = np.zeros_like(log_p)
        y[rows, labels] = 1
        loss, grad, _ = _loss_soft_targets(log_p, y, weight, smoothing, with_grad)
    else:
        log_p_label = log_p[rows, labels]
        loss, grad = _neg_xlogp(each, log_p_label), None
        if with_grad:
            grad = np.exp(log_p, out=log_p)
            grad[rows, labels] = np.expm1(log_p_label)  # p - 1 without cancellation
            grad *= each[:, None]
    loss[ignored] = 0
    if with_grad:
        grad[ignored] = 0
    return loss, grad, _sum(each[~ignored])


def _loss_soft_targets(log_p, y, weight, smoothing, with_grad):
    """Return the same for N rows of target probabilities; `log_p` is overwritten."""
    y = ((1 - smoothing) * y + smoothing / y.shape[1]) * weight
    loss, grad = np.sum(_neg_xlogp(y, log_p), axis=1), None
    if with_grad:
        grad = np.exp(log_p, out=log_p)
        grad *= np.sum(y, axis=1, keepdims=True)
        grad -= y
    return loss, grad, len(y)


def _neg_xlogp(factor, log):
    """Return -factor * log, with 0 log 0 = 0; never -0.0, which would be printed as such."""
    return np.where((factor == 0) & (log == -np.inf), 0, 0 - factor * log)


def _sum(x):
    """Sum everything, in float64 at least: a batch may be long."""
    return np.sum(x, dtype=np.result_type(x, np.float64))


def _check_weight(weight, k, dtype):
    if weight is None:
        return np.ones(k, dtype)
    left_out = "To give these classes no weight, pass weight.filled(0)."
    weight = real_array(weight, "weight", masked=left_out)
    if weight.shape != (k,):
        raise ValueError(
            f"`weight` must have one entry for each of the {k} classes, shape ({k},), "
            f"got shape {weight.shape}."
        )
    return weight.astype(dtype)


def _check_probabilities(targets, ignore_index):
    if ignore_index is not None:
        raise ValueError(
            "`ignore_index` must be None where `targets` are probabilities, "
            f"got {ignore_index}. It needs class labels."
        )
    targets = real_array(targets, "targets", masked=_MASKED_TARGETS)
    bad = ~np.isfinite(targets)
    if bad.any():
        index = first_true_index(bad)
        raise ValueError(
            f"`targets` must be finite probabilities, got {targets[index]} at index {index}."
        )
    return targets


def _non_negative(p: ArrayLike, name: str) -> tuple[np.ndarray, np.dtype]:
    """Return `p` in the dtype to compute in, and the dtype of the result."""
    left_out = f"To give these entries probability 0, pass {name}.filled(0)."
    p = real_array(p, name, masked=left_out)
    if (p < 0).any():
        index = first_true_index(p < 0)
        raise ValueError(f"`{name}` must not be negative, got {p[index]} at index {index}.")
    return p.astype(working_dtype(float_dtype(p))), float_dtype(p)
