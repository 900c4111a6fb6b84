"""Mini-batch gradient descent with momentum for softmax regression, and its step sizes."""

import math
from dataclasses import dataclass

import numpy as np
from sklearn.utils import gen_batches

# Training is called off when the objective is this many times as bad as at the start, which is
# measured on about so many rows: evenly spaced, for the data may be sorted by class.
_DIVERGED = 100
_ROWS_AT_START = 1000

# Enough for two digits of the largest eigenvalue, which is all that a step size needs.
_POWER_ITERATIONS = 50
_POWER_TOLERANCE = 0.01


@dataclass
class Descent:
    """Parameters in training. The arrays are changed in place.

    `weights` is of shape (D, K), `bias` of shape (K,), each with a velocity of its shape.
    `weight_step` is a float or of shape (D, 1), `bias_step` a float.
    """

    weights: np.ndarray
    bias: np.ndarray
    weight_velocity: np.ndarray
    bias_velocity: np.ndarray
    weight_step: float | np.ndarray
    bias_step: float
    alpha: float
    momentum: float
    batch_size: int
    shuffle: bool
    loss_limit: float

    @np.errstate(over="ignore", invalid="ignore")  # an overflow is reported as divergence
    def epoch(self, X, labels, rates, rng):
        """Take one step for each mini-batch; return the mean of the objectives met on the way.

        `rates` holds a factor of the learning rate for each step. Raises a ValueError if training
        diverges.
        """
        W, b = self.weights, self.bias
        n = len(X)
        order = rng.permutation(n) if self.shuffle else np.arange(n)
        buffer = np.empty((min(self.batch_size, n), X.shape[1]), X.dtype)
        total = 0.0
        for start, rate in zip(range(0, n, self.batch_size), rates.tolist(), strict=True):
            batch = order[start : start + self.batch_size]
            # mode="clip" because the default mode gathers into a second buffer first.
            X_batch = np.take(X, batch, axis=0, out=buffer[: len(batch)], mode="clip")

            loss, delta = mean_loss_and_delta(X_batch @ W + b, labels[batch])
            total += len(batch) * float(loss + self.alpha / 2 * np.vdot(W, W))

            self.weight_velocity *= self.momentum
            self.weight_velocity += X_batch.T @ delta + self.alpha * W
            self.bias_velocity *= self.momentum
            self.bias_velocity += delta.sum(axis=0)
            W -= rate * self.weight_step * self.weight_velocity
            b -= rate * self.bias_step * self.bias_velocity
        self._check(total / n)
        return total / n

    def _check(self, loss):
        """Raise a ValueError unless the loss is reasonable and the parameters are finite."""
        finite = np.isfinite(self.weights).all() and np.isfinite(self.bias).all()
        if finite and loss <= self.loss_limit:
            return
        raise ValueError(
            f"Training diverged: the mean objective of an epoch was {loss:.3g}, where guessing "
            f"costs {math.log(len(self.bias)):.3g}. Nothing of this call is kept. Try a smaller "
            "learning_rate_init ('auto' fits it to the data), features of a smaller scale (with "
            "StandardScaler, for example), or a smaller momentum or alpha."
        )


def loss_limit(X, labels, weights, bias, alpha):
    """Return the objective that counts as divergence, given the parameters to start from.

    The gradient of the cross-entropy is bounded. Without a penalty, steps that are too long
    therefore do not overflow: they throw the parameters about, with a loss that is far above the
    log K of a uniform guess and does not come down.
    """
    rows = slice(None, None, math.ceil(len(X) / _ROWS_AT_START))
    weights = weights.astype(np.float64)
    start, _ = mean_loss_and_delta(X[rows] @ weights + bias, labels[rows])
    penalty = alpha / 2 * np.vdot(weights, weights)
    return _DIVERGED * max(float(start + penalty), math.log(len(bias)))


def mean_loss_and_delta(logits, labels):
    """Return the mean cross-entropy and its gradient (p - y) / N; `logits` is overwritten.

    This is `softmax.cross_entropy_with_grad` in a third of the time, for a loop that needs
    neither its checks of the arguments nor its care for losses far below the rounding error.
    """
    rows = np.arange(len(logits))
    logits -= logits.max(axis=1, keepdims=True)
    label_logits = logits[rows, labels]
    p = np.exp(logits, out=logits)
    total = p.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - label_logits)
    p /= total
    p[rows, labels] -= 1
    p /= len(p)
    return loss, p


def cosine(step, n_steps):
    """Return the factor of the learning rate: 1 at step 0, falling to 0 at step n_steps."""
    return 0.5 * (1 + np.cos(np.pi * step / n_steps))


def curvature_bound(X, batch_size, seen=None):
    """Return the scale of each feature, and a bound of the curvature in the coordinates X / scale.

    The scale is the largest absolute value. The bound is the expected smoothness of mini-batches
    drawn without replacement (Gower et al. 2019, "SGD: General analysis and improved rates",
    section 3), with the bound diag(p) - p pᵀ ≤ I/2 of Böhning (1992) for the curvature in the
    logits. The bias counts as a feature that is always 1. `seen` is the result for earlier data,
    which the new one bounds as well.
    """
    seen_scale, seen_bound = seen or (0, 0)
    scale = np.maximum(X.max(axis=0), -X.min(axis=0)).astype(np.float64)
    scale = np.maximum(scale, seen_scale)
    safe_scale = np.where(scale > 0, scale, 1).astype(X.dtype)
    largest_row = 1 + max(
        float(np.square(X[rows] / safe_scale).sum(axis=1).max())
        for rows in gen_batches(len(X), 4096)
    )
    n, b = len(X), min(batch_size, len(X))
    if b == 1:
        return scale, max(largest_row / 2, seen_bound)
    mean = n * (b - 1) / (b * (n - 1)) * _largest_eigenvalue(X, safe_scale)
    bound = (mean + (n - b) / (b * (n - 1)) * largest_row) / 2
    return scale, max(bound, seen_bound)


def auto_steps(scale, bound, alpha, dtype):
    """Return the learning rates: of the weights, shape (D, 1), and of the biases, a float."""
    # Features that are always zero, or nearly, need no step, and must not get an infinite one.
    floor = 1 / math.sqrt(np.finfo(np.float32).max)
    curvature = np.maximum(bound * scale**2 + alpha, floor)
    return (1 / curvature)[:, None].astype(dtype), 1 / bound


def _largest_eigenvalue(X, scale):
    """Return the largest eigenvalue of the second moments of [X / scale, 1], by power iteration.

    It is approached from below. What is missing is far less than Böhning's bound gives away.
    """
    v = np.random.RandomState(0).standard_normal(X.shape[1] + 1).astype(X.dtype)
    estimate = float(np.linalg.norm(v))
    for _ in range(_POWER_ITERATIONS):
        v /= np.linalg.norm(v)
        u = X @ (v[:-1] / scale) + v[-1]
        v = np.append(X.T @ u / scale, u.sum()) / len(X)
        previous, estimate = estimate, float(np.linalg.norm(v))
        if abs(estimate - previous) <= _POWER_TOLERANCE * estimate:
            break
    return estimate
