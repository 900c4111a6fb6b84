"""The checks of the exercises that begin with *Build*: right for the solution, wrong for others.

Each check runs in ordinary Python, after the statements of its chapter that a page runs before it.
"""

import ast
import contextlib
import io
import re
from decimal import Decimal, localcontext
from functools import cache

import numpy as np
import pytest
from build_exercises import DEFINITIONS, read_exercises
from sklearn.datasets import load_iris

import softmax as sm
from tests.book.chapters import chapter_functions
from tools.references import chapters_with_code

AT_LEAST = 2  # exercises with a check in these chapters
CHAPTERS = (
    "classification",
    "definition",
    "derivation",
    "cross-entropy",
    "stability",
    "softmax-regression",
    "mnist",
    "inside-the-classifier",
    "fashion-mnist",
    "attention",
    "fast-attention",
    "calibration",
    "beyond-softmax",
    "large-models",
)
PATHS = chapters_with_code()


@cache
def exercises():
    """Return the exercises of all chapters that have a starter, by their labels."""
    return {
        label: exercise
        for path in PATHS.values()
        for label, exercise in read_exercises(path).items()
    }


def softmax(z, axis=-1):
    return sm.softmax(z, axis=axis)


def picked(scores):
    return np.sum(np.asarray(scores) > 0, axis=1)


def shares(*which):
    return [np.mean(rows) for rows in which]


def loss_and_grad(Z, t, epsilon=0.0, skip=-1, **options):
    return sm.cross_entropy_with_grad(Z, t, label_smoothing=epsilon, ignore_index=skip, **options)


def naive_average(pairs):
    weights = np.exp([z for z, _ in pairs])
    return weights / weights.sum() @ np.array([v for _, v in pairs])


def half_online_average(pairs):
    m, s, w = -np.inf, 0.0, 0.0
    for z, v in pairs:
        new = max(m, z)
        s, w, m = s * np.exp(m - new) + np.exp(z - new), w + np.exp(z - new) * v, new
    return w / s


def compensated(z, sign):
    d = z - z.max(axis=-1, keepdims=True)
    h = (z - (d - (d - z))) - (z.max(axis=-1, keepdims=True) + (d - z))
    exp_z = np.exp(d) * (1 + sign * h)
    return exp_z / exp_z.sum(axis=-1, keepdims=True)


def decimal_logs(z, digits):
    with localcontext(prec=digits):
        z = [Decimal(x) for x in z]
        return [x - sum(y.exp() for y in z).ln() for x in z]


def macro(C, recall):
    f1 = 2 * np.diag(C) / (C.sum(axis=0) + C.sum(axis=1))
    return recall, f1.mean()


def weighted(W, b, X, t, alpha, weight, total=None, divided=False, on_biases=False):
    total = total or weight.sum()
    delta = (softmax(X @ W + b) - np.eye(3)[t]) * weight[:, None] / total
    penalty = alpha * W / (total if divided else 1)
    return X.T @ delta + penalty, delta.sum(axis=0) + on_biases * alpha * b


def shuffled_without(X, y):
    order = np.random.default_rng().permutation(len(y))
    return X[order], y[order]


def best(N, settings, rng):
    return rng.binomial(N, 0.92, size=(2000, settings)) / N


def batch_norm(X, m_0, v_0, axis=0, power=0.5, shift=1):
    m, v = X.mean(axis=axis, keepdims=True), X.var(axis=axis, keepdims=True)
    return (X - m) * ((v_0 + 1e-5) / (v + 1e-5)) ** power + shift * np.asarray(m_0)


def gaps(predicted, confidence, correct):
    return np.array([np.sum((correct - confidence)[predicted == k]) for k in (0, 1)])


def threshold_by_rank(confidence, share_wrong):
    ordered = -np.sort(-confidence)
    expected = np.cumsum(1 - ordered) / np.arange(1, len(ordered) + 1)
    return ordered[np.flatnonzero(expected <= share_wrong)[-1]]


def scaled_loss(Z, b, *factors):
    return tuple(x * c for x, c in zip(SIGMOID_LOSS(Z, b), factors, strict=True))


def overflowing_loss(Z, b):
    signs = 2 * np.eye(len(Z)) - 1
    return np.sum(np.log1p(np.exp(-signs * (Z + b)))) / len(Z), *SIGMOID_LOSS(Z, b)[1:]


def gated_average(pairs, start=0.0):
    """Average in one pass, with the sum of weights and the largest score at their start."""
    m, s, w = start, 1.0, 0.0
    for z, v in pairs:
        new = max(m, z)
        s, w, m = (
            s * np.exp(m - new) + np.exp(z - new),
            w * np.exp(m - new) + np.exp(z - new) * v,
            new,
        )
    return w / s


def half_gated_average(pairs):
    m, s, w = 0.0, 1.0, 0.0
    for z, v in pairs:
        new = max(m, z)
        s, w, m = s * np.exp(m - new) + np.exp(z - new), w + np.exp(z - new) * v, new
    return w / s


def gates(z, k, axis=-1):
    kept = (-z).argsort(axis=axis, kind="stable").argsort(axis=axis) < k
    return softmax(np.where(kept, z, -np.inf), axis=axis)


def strengths(s, C, n):
    return C.sum(axis=1) / (n / (np.exp(s)[:, None] + np.exp(s))).sum(axis=1)


def centered_log(strengths):
    return np.log(strengths) - np.log(strengths).mean()


def lengths_and_hits(P, labels, hits=None):
    own = P[np.arange(len(P)), labels] > 0
    return np.mean(np.sum(P > 0, axis=1)), np.mean(own if hits is None else hits)


def many_heads(X, W_Q, W_K, W_V, W_O, heads, width=None, joined=np.hstack, split=np.split):
    Q, K, V = (np.stack(split(X @ W, heads, axis=1)) for W in (W_Q, W_K, W_V))
    width = width or X.shape[1] / heads
    return joined(sm.softmax(Q @ K.swapaxes(1, 2) / np.sqrt(width)) @ V) @ W_O


def causal(Q, K, V, block, mask=None, count=lambda b: b * (b + 1) // 2):
    mask = np.tri(len(Q), dtype=bool) if mask is None else mask
    return ATTENTION.attention(Q, K, V, mask), count(-(-len(Q) // block))


def whole_blocks(n, block):
    return np.kron(np.tri(n), np.ones((block, block)))[:n, :n] > 0


def by_law(p, d, accepted=np.minimum, weight=lambda alpha: 1 - alpha):
    return accepted(p, d) + weight(np.minimum(p, d).sum()) * p


def lamp_slope(y):
    return np.stack([0 * y[:, 1], 2 * (y[:, 1] - 0.45)], axis=1)


def through_softmax(noisy, tau, at=None, relaxed=None, factor=1.0):
    hard = np.eye(2)[noisy.argmax(axis=1)]
    relaxed = sm.softmax(noisy / tau) if relaxed is None else relaxed
    return factor * sm.softmax_vjp(relaxed, lamp_slope(hard if at is None else at)) / tau


def rows_at_a_time(X, W, b, t, rows, weight=lambda n, N: n / N, weight_X=None, total=sum):
    parts = []
    for start in range(0, len(X), rows):
        x, label = X[start : start + rows], t[start : start + rows]
        loss, G = sm.cross_entropy_with_grad(x @ W + b, label)
        w = weight(len(x), len(X))
        w_X = (weight_X or weight)(len(x), len(X))
        parts.append((w * loss, w_X * G @ W.T, w * x.T @ G, w * G.sum(axis=0)))
    loss, grad_X, grad_W, grad_b = zip(*parts, strict=True)
    return sum(loss), np.concatenate(grad_X), total(grad_W), total(grad_b)


ATTENTION = chapter_functions("attention")
FAST = chapter_functions("fast-attention")
IRIS = sm.one_hot(load_iris().target, 3)
SPARSE = chapter_functions("beyond-softmax").sparsemax
ZERMELO_ROUND = chapter_functions("preferences").zermelo_round
SIGMOID_LOSS = chapter_functions("contrastive").sigmoid_loss

# Label -> words of the sentence that the check says -> an answer that deserves it.
WRONG = {
    "ex-classification-threshold": {
        "numbers of rows": lambda Z: [
            np.sum(picked(Z) == 0),
            np.sum(picked(Z) == 1),
            np.sum(picked(Z) > 1),
        ],
        "not of at least one": lambda Z: shares(picked(Z) == 0, picked(Z) >= 1, picked(Z) > 1),
        "not above 0.5": lambda Z: shares(
            *(picked(np.subtract(Z, 0.5)) == k for k in (0, 1)), picked(np.subtract(Z, 0.5)) > 1
        ),
    },
    "ex-classification-cost": {
        "sum over the rows": lambda p, cost: (cost @ p, (cost @ p).argmin()),
        "the one with the lowest": lambda p, cost: (p @ cost, (p @ cost).argmax()),
        "expected 2 values": lambda p, cost: p @ cost,
    },
    "ex-definition-axis": {
        "its own sum": lambda Z: np.exp(Z) / np.exp(Z).sum(),
        "words of a sentence": lambda Z: softmax(Z, axis=1),
        "holds the sentences": lambda Z: softmax(Z, axis=0),
        "expected an array of shape": lambda Z: np.exp(Z).sum(axis=-1),
    },
    "ex-definition-solve": {
        "This is 1/T": lambda z, c: np.log(c * (len(z) - 1) / (1 - c)) / np.ptp(z),
        "the logarithm of the temperature": lambda z, c: -np.log(np.log(c / (1 - c))),
        "([0, 2, 0], 0.5) returned inf, expected 2.89": lambda z, c: (
            np.ptp(z) / np.log(c / (1 - c))
        ),
    },
    "ex-derivation-log": {
        "they are swapped": lambda z: np.eye(len(z)) - softmax(z)[:, None],
        "not of its logarithm": lambda z: np.diag(softmax(z)) - np.outer(softmax(z), softmax(z)),
        "raised ValueError": lambda z: np.eye(2) - softmax(z),
    },
    "ex-derivation-backward": {
        "through the sum": lambda z, g: softmax(z) * g,
        "straight to the division": lambda z, g: -softmax(z) * (g @ softmax(z)),
        "One more step leads to z": lambda z, g: sm.softmax_vjp(softmax(z), g) / np.exp(z),
    },
    "ex-cross-entropy-iris": {
        "gradient of the sum": lambda z: sm.softmax_vjp(softmax(z), softmax(z) - IRIS),
        "of cross-entropy": lambda z: (softmax(z) - IRIS) / len(z),
        "factor 1/2": lambda z: 2 * sm.softmax_vjp(softmax(z), softmax(z) - IRIS) / len(z),
    },
    "ex-cross-entropy-build": {
        "sum of the losses": lambda Z, t, *e: loss_and_grad(Z, t, *e, reduction="sum"),
        "divided by the number of rows": lambda Z, t, *e: (
            loss_and_grad(Z, t, *e)[0],
            loss_and_grad(Z, t, *e, reduction="sum")[1],
        ),
        "not of all rows": lambda Z, t, *e: tuple(
            part * np.mean(t >= 0) for part in loss_and_grad(Z, t, *e)
        ),
        "−1 is the last class": lambda Z, t, *e: loss_and_grad(Z, t % 2, *e),
        "the true one included": lambda Z, t, e=0.0: loss_and_grad(Z, t, e * 2),
        "`epsilon` is not used": lambda Z, t, e=0.0: loss_and_grad(Z, t),
    },
    "ex-stability-average": {
        "Weight the values": lambda pairs: np.mean([v for _, v in pairs], axis=0),
        "rescales both sums": half_online_average,
        "Look for an overflow": naive_average,
    },
    "ex-stability-two-sum": {
        "1 + h": lambda z: compensated(z, 0),
        "the right sign": lambda z: compensated(z, -1),
        "must have the precision of z": lambda z: softmax(z.astype(float)),
    },
    "ex-stability-decimal": {
        "not their logarithms": lambda z, digits: list(softmax(z)),
        "but not 50 of them": lambda z, digits: sm.log_softmax(z),
        "Are they in use": lambda z, digits: decimal_logs(z, 50),
    },
    "ex-softmax-regression-weights": {
        "not in use": lambda W, b, X, t, alpha, weight: weighted(
            W, b, X, t, alpha, np.ones(len(t))
        ),
        "the sum of the weights": lambda *given: weighted(*given, total=3),
        "The penalty is added once": lambda *given: weighted(*given, divided=True),
        "The biases have no penalty": lambda *given: weighted(*given, on_biases=True),
    },
    "ex-softmax-regression-rings": {
        "the product is missing": lambda X: np.column_stack([X, X**2]),
        "comes last": lambda X: np.column_stack([X, X[:, 0] * X[:, 1], X**2]),
        "a column a feature": lambda X: np.array([*X.T, *(X**2).T, X[:, 0] * X[:, 1]]),
    },
    "ex-softmax-regression-phm": {
        "is transposed": lambda x, A, S: sum(
            (a @ x.reshape(len(A), -1) @ s).ravel() for a, s in zip(A, S, strict=True)
        ),
        "row by row": lambda x, A, S: sum(
            (a.T @ x.reshape(-1, len(A)).T @ s).ravel() for a, s in zip(A, S, strict=True)
        ),
        "the first of the n terms": lambda x, A, S: x @ np.kron(A[0], S[0]),
        "expected an array of shape (6,)": lambda x, A, S: sum(
            a.T @ x.reshape(len(A), -1) @ s for a, s in zip(A, S, strict=True)
        ),
    },
    "ex-mnist-always-one": {
        "divides by the sum of a row": lambda C: macro(C, np.mean(np.diag(C) / C.sum(axis=0))),
        "not made of averages": lambda C: (0.625, 2 * 0.625 * 0.7 / (0.625 + 0.7)),
        "the logarithm of 0": lambda C: (
            (
                np.mean(np.diag(C) / C.sum(axis=1)),
                np.mean(2 / (C.sum(axis=1) / np.diag(C) + C.sum(axis=0) / np.diag(C))),
            )
            if C[0, 0]
            else (np.nan, 0.0)
        ),
        "the same weight": lambda C: (
            np.trace(C) / C.sum(),
            np.average(2 * np.diag(C) / (C.sum(axis=0) + C.sum(axis=1)), weights=C.sum(axis=1)),
        ),
    },
    "ex-mnist-shuffle": {
        "one order for both": lambda X, y, rng: (X[rng.permutation(len(y))], y),
        "others are lost": lambda X, y, rng: (X, y[rng.integers(0, len(y), len(y))]),
        "The order is unchanged": lambda X, y, rng: (X, y),
        "Draw the order": lambda X, y, rng: (X[::-1], y[::-1]),
        "from `rng`": lambda X, y, rng: shuffled_without(X, y),
        "changed argument 1 in place": lambda X, y, rng: (rng.shuffle(X), (X, y))[1],
    },
    "ex-inside-paired": {
        "only the first model": lambda a, b: (
            (np.sum(b & ~a) - np.sum(a & ~b)) / np.sqrt(np.sum(a != b))
        ),
        "Divide by the standard deviation": lambda a, b: a.sum() - b.sum(),
        "on which the models differ": lambda a, b: (a.sum() - b.sum()) / np.sqrt(len(a)),
        "its square root": lambda a, b: (a.sum() - b.sum()) / np.sum(a != b),
    },
    "ex-inside-tuning": {
        "mean of all settings": lambda N, settings, rng: best(N, settings, rng).mean(),
        "Divide by N": lambda N, settings, rng: N * best(N, settings, rng).max(axis=1).mean(),
        "one row's maximum": lambda N, settings, rng: best(N, settings, rng).max(),
    },
    "ex-fashion-top2": {
        "This is a share": lambda scores, labels, k: (
            np.mean((-scores).argsort()[:, :k] == labels[:, None]) * k
        ),
        "not the k-th alone": lambda scores, labels, k: np.sum(
            (-scores).argsort()[:, k - 1] == labels
        ),
        "in falling order": lambda scores, labels, k: np.sum(
            scores.argsort()[:, :k] == labels[:, None]
        ),
    },
    "ex-fashion-batchnorm": {
        "X stays as it is": lambda X, m_0, v_0, training: batch_norm(X, m_0, v_0),
        "the batch is normalized": lambda X, m_0, v_0, training: X,
        "the square root": lambda X, m_0, v_0, training: (
            batch_norm(X, m_0, v_0, power=1) if training else X
        ),
        "is missing": lambda X, m_0, v_0, training: (
            batch_norm(X, m_0, v_0, shift=0) if training else X
        ),
        "over the examples": lambda X, m_0, v_0, training: (
            batch_norm(X, m_0, v_0, axis=1) if training else X
        ),
    },
    "ex-contrastive-sigmoid": {
        "by the number of pairs": lambda Z, b: scaled_loss(Z, b, *[1 / len(Z)] * 3),
        "the sum over all pairs. Divide": lambda Z, b: scaled_loss(Z, b, *[len(Z)] * 3),
        "Divide its gradients": lambda Z, b: scaled_loss(Z, b, 1, len(Z), len(Z)),
        "not their mean": lambda Z, b: scaled_loss(Z, b, 1, 1, 1 / Z.size),
        "those on the diagonal": lambda Z, b: (
            SIGMOID_LOSS(Z[::-1], b)[0],
            SIGMOID_LOSS(Z[::-1], b)[1][::-1],
            SIGMOID_LOSS(Z[::-1], b)[2],
        ),
        "b is not added": lambda Z, b: SIGMOID_LOSS(Z, 0),
        "b is subtracted": lambda Z, b: SIGMOID_LOSS(Z, -b),
        "Look for an overflow": overflowing_loss,
        "expected 3 values": lambda Z, b: SIGMOID_LOSS(Z, b)[0],
    },
    "ex-preferences-zermelo": {
        "Subtract the mean": lambda s, C: np.log(strengths(s, C, C + C.T)),
        "Take the logarithm": lambda s, C: strengths(s, C, C + C.T),
        "column i its losses": lambda s, C: ZERMELO_ROUND(s, C.T),
        "won or lost": lambda s, C: centered_log(strengths(s, C, C)),
        "Are they used": lambda s, C: ZERMELO_ROUND(0 * s, C),
        "a division by 0": lambda s, C: centered_log(
            C.sum(axis=1) / ((C + C.T) / (s[:, None] + s)).sum(axis=1)
        ),
    },
    "ex-large-models-online": {
        "What is in the sum before": lambda pairs: gated_average(pairs, start=-np.inf),
        "rescales both sums": half_gated_average,
        "at the end": lambda pairs: (
            gated_average(pairs)
            * (1 + sum(np.exp(z) for z, _ in pairs))
            / np.exp(max(0, *(z for z, _ in pairs)))
        ),
        "takes all the weight": lambda pairs: gated_average(
            pairs, start=min(0, *(z for z, _ in pairs))
        ),
        "Look for an overflow": lambda pairs: (
            sum(np.exp(z) * v for z, v in pairs) / (1 + sum(np.exp(z) for z, _ in pairs))
        ),
    },
    "ex-large-models-topk": {
        "have to add up to 1": lambda z, k: softmax(z) * (gates(z, k) > 0),
        "Only the k largest": lambda z, k: softmax(z),
        "the k smallest": lambda z, k: softmax(np.where(gates(-z, k) > 0, z, -np.inf)),
        "at the place of its expert": lambda z, k: -np.sort(-gates(z, k)),
        "minus infinity": lambda z, k: softmax(z * (gates(z, k) > 0)),
        "along the last axis": lambda z, k: gates(z, k, axis=0),
        "not all": lambda z, k: softmax(np.where(z >= np.sort(z)[..., -k, None], z, -np.inf)),
        "Look for an overflow": lambda z, k: (
            np.exp(z) * (gates(z, k) > 0) / (np.exp(z) * (gates(z, k) > 0)).sum(-1, keepdims=True)
        ),
    },
    "ex-attention-heads": {
        "one head of full width": lambda X, W_Q, W_K, W_V, W_O, heads: many_heads(
            X, W_Q, W_K, W_V, W_O, 1
        ),
        "the width of a head, not of D": lambda *given: many_heads(*given, width=6),
        "multiplied by W_O": lambda *given: many_heads(*given[:4], np.eye(len(given[4])), given[5]),
        "groups of columns": lambda *given: many_heads(
            *given, split=lambda A, heads, axis: A.reshape(heads, len(A), -1)
        ),
        "before you join": lambda *given: many_heads(
            *given, joined=lambda parts: parts.reshape(parts.shape[1], -1)
        ),
        "not every third one": lambda *given: many_heads(
            *given,
            split=lambda A, heads, axis: A.reshape(len(A), -1, heads).transpose(2, 0, 1),
            joined=lambda parts: parts.transpose(1, 2, 0).reshape(parts.shape[1], -1),
        ),
    },
    "ex-attention-garbage": {
        "before the product with the weights": lambda Q, K, V, real: np.nan_to_num(
            ATTENTION.attention(Q, K, V, real)
        ),
        "still gets weight": lambda Q, K, V, real: ATTENTION.attention(
            Q, np.nan_to_num(K), np.nan_to_num(V)
        ),
        "returned [[nan]], expected [[4]]": lambda Q, K, V, real: ATTENTION.attention(
            Q, K, V, real
        ),
    },
    "ex-fast-attention-queries": {
        "needs all keys": lambda Q, K, V, block: np.concatenate(
            [
                ATTENTION.attention(Q[i : i + block], K[i : i + block], V[i : i + block])
                if block > 1
                else np.full((1, 1), 2.0)
                for i in range(0, len(Q), block)
            ]
        ),
        "2.0 times the memory": lambda Q, K, V, block=64: FAST.blockwise_attention(
            Q, K, V, block=block
        )[0],
        "returned a tuple of length 2": lambda *given: FAST.blockwise_attention(*given[:3]),
    },
    "ex-fast-attention-skip": {
        "must not look ahead": lambda Q, K, V, block: causal(
            Q, K, V, block, whole_blocks(len(Q), block)
        ),
        "transposed": lambda Q, K, V, block: causal(Q, K, V, block, np.tri(len(Q), dtype=bool).T),
        "its own key, too": lambda Q, K, V, block: causal(
            Q, K, V, block, np.tri(len(Q), k=-1, dtype=bool)
        ),
        "is hidden. Skip it": lambda *given: causal(*given, count=np.square),
        "not their share": lambda *given: causal(*given, count=lambda b: (b + 1) / (2 * b)),
    },
    "ex-sampling-wrong-residual": {
        "draws from the residual": lambda p, d: p,
        "leads to a word, too": lambda p, d: np.minimum(p, d),
        "weight it by that probability": lambda p, d: by_law(p, d, weight=lambda alpha: 1),
        "0.6 is that of acceptance": lambda p, d: by_law(p, d, weight=lambda alpha: alpha),
        "with the probabilities min(p, d)": lambda p, d: by_law(
            p, d, accepted=lambda p, d: np.minimum(p, d).sum() * d
        ),
    },
    "ex-choices-hard": {
        "a one-hot code": lambda noisy, tau: through_softmax(
            noisy, tau, at=sm.softmax(noisy / tau)
        ),
        "leads back to z": lambda noisy, tau: lamp_slope(np.eye(2)[noisy.argmax(axis=1)]),
        "Take it at the relaxed one": lambda noisy, tau: through_softmax(
            noisy, tau, relaxed=np.eye(2)[noisy.argmax(axis=1)]
        ),
        "So is their slope": lambda noisy, tau: through_softmax(noisy, tau, factor=tau),
        "a softmax at the temperature tau": lambda noisy, tau: through_softmax(
            noisy, tau, relaxed=sm.softmax(noisy)
        ),
    },
    "ex-large-vocabularies-rows": {
        "counts as much as": lambda *given: rows_at_a_time(
            *given, weight=lambda n, N: 1 / -(-N // given[4])
        ),
        "Divide them by the number of all rows": lambda *given: rows_at_a_time(
            *given, weight=lambda n, N: n
        ),
        "are added up": lambda *given: rows_at_a_time(*given, weight=lambda n, N: 1),
        "the weight of its chunk": lambda *given: rows_at_a_time(*given, weight_X=lambda n, N: 1),
        "Add up those of all chunks": lambda *given: rows_at_a_time(
            *given, total=lambda parts: parts[-1]
        ),
        "all logits take 6.4 MB": lambda X, W, b, t, rows: rows_at_a_time(X, W, b, t, len(X)),
    },
    "ex-calibration-classes": {
        "confidence minus accuracy": lambda k, p, c: -gaps(k, p, c) / np.bincount(k),
        "These are sums": gaps,
        "not of all classes": lambda k, p, c: gaps(k, p, c) / len(k),
        "the accuracy of each class": lambda k, p, c: np.bincount(k, weights=c) / np.bincount(k),
    },
    "ex-calibration-coverage": {
        "What counts is their mean": lambda p, wrong: p[p >= 1 - wrong].min(),
        "the largest threshold": lambda p, wrong: p.max(),
        "are sorted together": threshold_by_rank,
    },
    "ex-beyond-list": {
        "Count the classes of each row": lambda P, t: (
            np.sum(P > 0) / P.shape[1],
            lengths_and_hits(P, t)[1],
        ),
        "need not be the largest": lambda P, t: lengths_and_hits(P, t, P.argmax(axis=1) == t),
        "with its own label": lambda P, t: lengths_and_hits(P, t, P[:, t] > 0),
    },
    "ex-beyond-backward": {
        "over the support only": lambda z, g: np.where(SPARSE(z) > 0, g - g.mean(), 0),
        "in place of the support": lambda z, g: sm.softmax_vjp(SPARSE(z), g),
        "moves the threshold": lambda z, g: np.where(SPARSE(z) > 0, g, 0),
    },
}


def says(exercise, answer):
    """Return what a check says of an answer: code, or a function that takes its place."""
    names = {}
    exec(exercise.needed, names)
    if callable(answer):
        answer.__name__ = function_name(exercise)
        names[answer.__name__] = answer
    else:
        exec(answer, names)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(exercise.check, names)
    return printed.getvalue()


def function_name(exercise):
    (function,) = ast.parse(exercise.starter).body
    return function.name


def definitions(source):
    """Return what a solution defines and imports, without what it prints."""
    body = [node for node in ast.parse(source).body if isinstance(node, DEFINITIONS)]
    return ast.unparse(body)


by_exercise = pytest.mark.parametrize("label", WRONG)


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_has_exercises_with_a_check(name):
    labels = read_exercises(PATHS[name])
    assert len(labels) >= AT_LEAST
    text = PATHS[name].read_text(encoding="utf-8")
    for label in labels:
        pattern = (
            rf":label: {label}\n:::\n\*\*Build\.\*\*(?:(?!exercise-end).)*```{{starter}} {label}\n"
        )
        assert re.search(pattern, text, re.DOTALL), f"{label} is no exercise to build."


def test_every_exercise_with_a_check_has_wrong_answers():
    assert WRONG.keys() == exercises().keys()


@by_exercise
def test_solution_passes(label):
    exercise = exercises()[label]
    assert says(exercise, definitions(exercise.solution)).startswith("Correct: ")


@by_exercise
def test_starter_fails_and_says_that_it_is_not_written(label):
    sentence = says(exercises()[label], exercises()[label].starter)
    assert re.fullmatch(r"Not yet: .* returned None\. Is its body written, .*\n", sentence)


@by_exercise
def test_wrong_answers_fail_with_the_sentence_that_names_the_fault(label):
    assert len(WRONG[label]) >= 2
    for words, answer in WRONG[label].items():
        sentence = says(exercises()[label], answer)
        assert re.fullmatch(rf"Not yet: .*{re.escape(words)}.*\n", sentence), (words, sentence)


@by_exercise
def test_starter_says_what_it_returns(label):
    (function,) = ast.parse(exercises()[label].starter).body
    assert ast.get_docstring(function).startswith("Return ")
    assert ast.unparse(function.body[1:]) == "..."


@by_exercise
def test_solution_has_the_signature_of_the_starter(label):
    solved = ast.parse(exercises()[label].solution).body
    (function,) = ast.parse(exercises()[label].starter).body
    (same,) = (node for node in solved if getattr(node, "name", "") == function.name)
    assert ast.unparse(function.args) == ast.unparse(same.args)
