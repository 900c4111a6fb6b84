"""Softmax, its logarithm, its normalizer and its derivatives, in plain NumPy."""

import math
import operator

import numpy as np


def _as_floating(x):
    """Return `x` as a floating array (integers and booleans become float64)."""
    x = np.asarray(x)
    if x.dtype.kind in "biu":
        return x.astype(np.float64)
    if x.dtype.kind != "f":
        raise TypeError(
            f"expected real numbers (boolean, integer or floating), got an array of dtype {x.dtype}"
        )
    return x


def _working(dtype):
    return np.dtype(np.float32) if dtype == np.float16 else dtype


def _check_temperature(temperature):
    value = float(temperature)
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"temperature must be a finite number > 0, got {temperature!r}")
    return value


def _shifted(x, axis, temperature, where):
    """Return (x - max)/T in the working precision; masked entries are -inf."""
    z = x.astype(_working(x.dtype))
    if where is not None:
        z = np.where(where, z, -np.inf)
    m = np.max(z, axis=axis, keepdims=True, initial=-np.inf)
    d = np.where((m == np.inf) & (z == np.inf), 0, z - m)
    return d / temperature, m


@np.errstate(all="ignore")
def softmax(x, axis=-1, *, temperature=1.0, where=None):
    """Softmax along `axis`."""
    x = _as_floating(x)
    temperature = _check_temperature(temperature)
    d, _ = _shifted(x, axis, temperature, where)
    e = np.exp(d)
    p = e / np.sum(e, axis=axis, keepdims=True)
    if where is not None:
        p = np.where(where, p, 0)
    return p.astype(x.dtype)[()]


@np.errstate(all="ignore")
def log_softmax(x, axis=-1, *, temperature=1.0, where=None):
    """Logarithm of softmax along `axis`."""
    x = _as_floating(x)
    temperature = _check_temperature(temperature)
    d, _ = _shifted(x, axis, temperature, where)
    out = d - logsumexp(d, axis, keepdims=True)
    if where is not None:
        out = np.where(where, out, -np.inf)
    return out.astype(x.dtype)[()]


@np.errstate(all="ignore")
def logsumexp(x, axis=-1, *, keepdims=False, where=None):
    """Log of the sum of exponentials along `axis`."""
    x = _as_floating(x)
    d, m = _shifted(x, axis, 1.0, where)
    top = d == 0
    count = np.maximum(np.sum(top, axis=axis, keepdims=True), 1)
    rest = np.sum(np.where(top, 0, np.exp(d)), axis=axis, keepdims=True)
    out = m + np.log(count) + np.log1p(rest / count)
    out = np.where(m == -np.inf, m, out).astype(x.dtype)
    return (out if keepdims else np.squeeze(out, axis=axis))[()]


def online_logsumexp(chunks):
    """Log-sum-exp over the last axis of chunks that arrive one after the other."""
    total = -np.inf
    for chunk in chunks:
        part = logsumexp(np.atleast_1d(_as_floating(chunk)).astype(np.float64))
        total = logsumexp(np.stack(np.broadcast_arrays(total, part), axis=-1))
    return np.float64(total) if np.ndim(total) == 0 else total


@np.errstate(all="ignore")
def sigmoid(x):
    """Logistic sigmoid 1/(1 + exp(-x))."""
    x = _as_floating(x)
    e = np.exp(-np.abs(x.astype(_working(x.dtype))))
    return (np.where(x < 0, e, 1) / (1 + e)).astype(x.dtype)[()]


def one_hot(labels, num_classes):
    """One-hot rows of integer labels."""
    labels = np.asarray(labels)
    num_classes = operator.index(num_classes)
    if labels.size == 0:
        labels = labels.astype(np.intp)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"labels must be integers, got dtype {labels.dtype}")
    bad = (labels < 0) | (labels >= num_classes)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"labels must be in 0..{num_classes - 1}, got {labels[where]} at index {where}"
        )
    return np.eye(num_classes)[labels]


def softmax_jacobian(p):
    """Jacobian diag(p) - p p^T of softmax, of shape (..., K, K)."""
    p = _as_floating(p)
    j = -p[..., :, None] * p[..., None, :]
    i = np.arange(p.shape[-1])
    j[..., i, i] = p * (1 - p)
    return j


def softmax_vjp(p, g):
    """Gradient with respect to the logits, given the gradient `g` with respect to `p`."""
    p, g = _as_floating(p), _as_floating(g)
    return p * (g - np.sum(p * g, axis=-1, keepdims=True))
