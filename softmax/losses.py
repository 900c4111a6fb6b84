"""Cross-entropy from logits, its gradient, entropy and Kullback-Leibler divergence."""

import numpy as np

from softmax.functional import _as_floating, _working, log_softmax


def cross_entropy(
    logits,
    targets,
    *,
    axis=-1,
    weight=None,
    ignore_index=None,
    label_smoothing=0.0,
    reduction="mean",
):
    """Cross-entropy between logits and targets."""
    return cross_entropy_with_grad(
        logits,
        targets,
        axis=axis,
        weight=weight,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
        reduction=reduction,
    )[0]


def cross_entropy_grad(
    logits,
    targets,
    *,
    axis=-1,
    weight=None,
    ignore_index=None,
    label_smoothing=0.0,
    reduction="mean",
):
    """Gradient of the cross-entropy with respect to the logits."""
    return cross_entropy_with_grad(
        logits,
        targets,
        axis=axis,
        weight=weight,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
        reduction=reduction,
    )[1]


@np.errstate(all="ignore")
def cross_entropy_with_grad(
    logits,
    targets,
    *,
    axis=-1,
    weight=None,
    ignore_index=None,
    label_smoothing=0.0,
    reduction="mean",
):
    """Cross-entropy and its gradient from one pass."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', got {reduction!r}")
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing must be between 0 and 1, got {label_smoothing!r}")
    logits = _as_floating(logits)
    dtype = logits.dtype
    z = np.moveaxis(logits, axis, -1).astype(_working(dtype))
    k = z.shape[-1]
    w = np.ones(k, z.dtype) if weight is None else np.asarray(weight, z.dtype)
    if w.shape != (k,):
        raise ValueError(f"weight must have shape ({k},), got {w.shape}")
    targets = np.asarray(targets)
    if targets.shape == logits.shape:
        if ignore_index is not None:
            raise ValueError("ignore_index needs integer class targets, got probabilities")
        y = np.moveaxis(targets, axis, -1).astype(z.dtype)
        if np.isnan(y).any():
            where = tuple(int(i) for i in np.argwhere(np.isnan(targets))[0])
            raise ValueError(f"targets hold NaN at index {where}")
        counted = np.ones(z.shape[:-1], bool)
        norm = counted.size
    elif targets.shape == z.shape[:-1]:
        if targets.size == 0:
            targets = targets.astype(np.intp)
        if targets.dtype.kind not in "iu":
            raise TypeError(f"class targets must be integers, got dtype {targets.dtype}")
        counted = np.ones(targets.shape, bool) if ignore_index is None else targets != ignore_index
        bad = counted & ((targets < 0) | (targets >= k))
        if bad.any():
            where = tuple(int(i) for i in np.argwhere(bad)[0])
            raise ValueError(
                f"class targets must be in 0..{k - 1}, got {targets[where]} at index {where}"
            )
        safe = np.where(counted, targets, 0)
        y = np.eye(k, dtype=z.dtype)[safe]
        norm = np.sum(np.where(counted, w[safe], 0), dtype=np.float64)
    else:
        raise ValueError(
            f"targets must have shape {z.shape[:-1]} (class indices) or {logits.shape} "
            f"(probabilities) for logits of shape {logits.shape}, got {targets.shape}"
        )
    y = (y * (1 - label_smoothing) + label_smoothing / k) * w
    log_p = log_softmax(z)
    terms = y * log_p
    terms[(y == 0) & (log_p == -np.inf)] = 0
    loss = np.where(counted, -np.sum(terms, axis=-1), 0)
    grad = np.exp(log_p) * np.sum(y, axis=-1, keepdims=True) - y
    grad = np.where(counted[..., None], grad, 0)
    if reduction != "none":
        loss = np.sum(loss, dtype=np.float64)
    if reduction == "mean":
        loss = np.float64(loss) / norm
        grad = grad / norm
    return loss.astype(dtype)[()], np.moveaxis(grad, -1, axis).astype(dtype)


@np.errstate(all="ignore")
def entropy(p, axis=-1):
    """Entropy in nats along `axis`."""
    p = _as_floating(p)
    return -np.sum(np.where(p == 0, 0, p * np.log(p)), axis=axis)


@np.errstate(all="ignore")
def kl_divergence(p, q, axis=-1):
    """Kullback-Leibler divergence of q from p in nats along `axis`."""
    p, q = _as_floating(p), _as_floating(q)
    return np.sum(np.where(p == 0, 0, p * (np.log(p) - np.log(q))), axis=axis)
