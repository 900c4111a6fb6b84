"""Mini-batch gradient descent with momentum for softmax regression, its step size, and L-BFGS.

The parameters are an array of shape (K, D + 1): one row for each class, with its weights and, last,
its bias. Gradients, velocities and directions have that shape, too, and the strength `alpha` of the
penalty is of shape (D + 1,), with 0 for the biases. Logits have one column for each example. NumPy
then takes the maximum and the sum over whole rows of a batch, which for ten classes is several
times as fast as over its columns.

A matrix of examples is dense, or sparse in CSR format. Centering would fill a sparse one, so it
stays as it is, and the functions take its column means as `center`: they compute with X - center.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import minimize
from scipy.sparse import issparse
from sklearn.utils import gen_batches

from softmax.functional import softmax

# Training counts as diverged when the objective exceeds that at the start by this factor.
_DIVERGED = 100
_SAMPLED_ROWS = 1000

# Enough for one digit of the largest eigenvalue; a step size needs no more.
_POWER_ITERATIONS = 50
_POWER_TOLERANCE = 0.02

_BLOCK_LOGITS = 2**20

# Pairs of a step and its change of gradient that L-BFGS remembers, each twice the size of the
# parameters, in float64. Remembering more hardly reduces the number of steps.
_REMEMBERED = 5

# Up to so many features, steps can be corrected for the curvature in all directions. To find the
# whitener takes as long as 16 passes over the data then, and as 48 for the 784 pixels of MNIST.
_MOST_WHITENED = 256
_WHITENED_ROWS = 2048  # at a time

# A weight with next to no effect gets a unit of at most 1,000 times that of its feature.
_LEAST_ROOT = 1e-3


@dataclass
class MomentumSGD:
    """Parameters in training. `epoch` changes the arrays in place.

    `step` is the learning rate, a float or of shape (D + 1,). With a `whitener` F, of shape
    (D + 1, D + 1), the parameters move along the velocity times F Fᵀ.
    """

    parameters: np.ndarray
    velocity: np.ndarray
    step: float | np.ndarray
    alpha: np.ndarray
    momentum: float
    batch_size: int
    shuffle: bool
    loss_limit: float
    whitener: np.ndarray | None = None

    @np.errstate(over="ignore", invalid="ignore")  # an overflow is reported as divergence
    def epoch(self, X, labels, sample_weight, center, rates, rng):
        """Take one step for each mini-batch; return the mean of their objectives before the steps.

        `rates` holds a factor of the learning rate for each step. Raises a ValueError if training
        diverges.
        """
        n = X.shape[0]
        order = rng.permutation(n) if self.shuffle else np.arange(n)
        buffer = None
        if not issparse(X) and self.batch_size < n:
            buffer = np.empty((self.batch_size, X.shape[1]), X.dtype)
        penalized, scratch = np.any(self.alpha), np.empty_like(self.parameters)
        total = 0.0
        for start, rate in zip(range(0, n, self.batch_size), rates.tolist(), strict=True):
            batch = order[start : start + self.batch_size]
            X_batch = _take_rows(X, batch, buffer)
            weight = None if sample_weight is None else sample_weight[batch]
            logits = compute_logits(X_batch, self.parameters, center)
            loss, delta = mean_loss_and_delta(logits, labels[batch], weight)
            gradient = parameter_gradient(X_batch, delta, center)
            if penalized:
                np.multiply(self.parameters, self.alpha, out=scratch)
                loss += 0.5 * float(np.vdot(scratch.ravel("K"), self.parameters.ravel("K")))
                gradient += scratch
            total += len(batch) * loss
            self.velocity *= self.momentum
            self.velocity += gradient
            direction = self.velocity
            if self.whitener is not None:
                direction = direction @ self.whitener @ self.whitener.T
            self.parameters -= np.multiply(direction, rate * self.step, out=scratch)
        self._check(total / n)
        return total / n

    def _check(self, loss):
        """Raise a ValueError unless the loss is reasonable and the parameters are finite."""
        if np.isfinite(self.parameters).all() and loss <= self.loss_limit:
            return
        raise ValueError(
            f"Training diverged: the mean objective of an epoch was {loss:.3g}, where guessing "
            f"costs {math.log(len(self.parameters)):.3g}. Nothing of this call is kept. Try a "
            "smaller learning_rate_init ('auto' fits it to the data), features of a smaller scale "
            "(with StandardScaler, for example), or a smaller momentum or alpha. In partial_fit, "
            "shuffled rows and larger parts help, too."
        )


def _take_rows(X, rows, buffer):
    """Return these rows of `X`, in the buffer if there is one; all rows are X itself."""
    if issparse(X):
        return X[rows]
    # mode="clip" because the default mode gathers into a second buffer first.
    out = np.empty((len(rows), X.shape[1]), X.dtype) if buffer is None else buffer[: len(rows)]
    return np.take(X, rows, axis=0, out=out, mode="clip")


def compute_logits(X, parameters, center=None):
    """Return the logits, of shape (K, N)."""
    coef, intercept = parameters[:, :-1], parameters[:, -1]
    if issparse(X):
        logits = (X @ coef.T).T
    elif X.dtype == np.float32:
        # For a mini-batch in float32, this way takes two thirds of the time of coef @ X.T.
        logits = np.ascontiguousarray((X @ coef.T).T)
    else:
        logits = coef @ X.T
    logits += (intercept if center is None else intercept - coef @ center)[:, None]
    return logits


def parameter_gradient(X, delta, center=None):
    """Return the gradient for the parameters, from that for the logits, of shape (K, N)."""
    gradient, of_bias = (X.T @ delta.T).T if issparse(X) else delta @ X, delta.sum(axis=1)
    if center is not None:
        gradient -= np.outer(of_bias, center)
    return np.concatenate([gradient, of_bias[:, None]], axis=1)


def mean_loss_and_delta(logits, labels, sample_weight=None):
    """Return the mean cross-entropy and its gradient (p - y) / N, shape (K, N).

    `logits` is of this shape, too, and is overwritten. With sample weights w, the loss is the mean
    of w times the cross-entropy.

    This is `softmax.cross_entropy_with_grad` in a third of the time, for a loop that needs
    neither its checks of the arguments nor its accuracy for losses far below the rounding error.
    """
    n = logits.shape[1]
    columns = np.arange(n)
    logits -= logits.max(axis=0)
    label_logits = logits[labels, columns]
    p = np.exp(logits, out=logits)
    total = p.sum(axis=0)
    losses = np.log(total) - label_logits
    # One division for each example in place of one for each probability.
    factor = 1 / (n * total) if sample_weight is None else sample_weight / (n * total)
    p *= factor
    p[labels, columns] -= 1 / n if sample_weight is None else sample_weight / n
    return float(losses.sum() if sample_weight is None else losses @ sample_weight) / n, p


def loss_limit(X, labels, parameters, alpha, center=None):
    """Return the objective that counts as divergence, given the parameters to start from.

    The gradient of the cross-entropy is bounded. Without a penalty, steps that are too long
    therefore do not overflow: the parameters jump back and forth, with a loss that stays far above
    the log K of a uniform guess.
    """
    rows, parameters = sample_of_rows(X), parameters.astype(np.float64)
    start, _ = objective_and_gradient(X[rows], labels[rows], None, center, parameters, alpha)
    return _DIVERGED * max(start, math.log(len(parameters)))


def sample_of_rows(X):
    """Return a slice of up to 1,000 rows, evenly spaced, since the data may be sorted by class."""
    return slice(None, None, math.ceil(X.shape[0] / _SAMPLED_ROWS))


def objective_and_gradient(X, labels, sample_weight, center, parameters, alpha):
    """Return the mean cross-entropy plus the penalty, and the gradient."""
    objective = 0.5 * float(np.sum(alpha * np.square(parameters, dtype=np.float64)))
    gradient = alpha * parameters
    for rows in _blocks(X, parameters):
        weight = None if sample_weight is None else sample_weight[rows]
        logits = compute_logits(X[rows], parameters, center)
        share = logits.shape[1] / X.shape[0]
        loss, delta = mean_loss_and_delta(logits, labels[rows], weight)
        delta *= share
        objective += share * loss
        gradient += parameter_gradient(X[rows], delta, center)
    return objective, gradient


@np.errstate(over="ignore", invalid="ignore")  # the line search shortens a step that overflows
def minimize_lbfgs(optimizer, X, labels, sample_weight, center, max_iter, after_step, root):
    """Move the parameters of an optimizer by at most `max_iter` steps of L-BFGS on all examples.

    `after_step(objective)` is called after each step, and stops training by returning True. The
    variables are scaled so that a step along their gradient changes the parameters by F Fᵀ times
    their gradient, where `root` is F, of shape (D + 1, D + 1), or its diagonal, of shape (D + 1,).
    """
    start = optimizer.parameters

    def move(step):
        step = step.reshape(start.shape).astype(start.dtype)
        optimizer.parameters = start + (step * root if root.ndim == 1 else step @ root.T)

    def function(step):
        move(step)
        objective, gradient = objective_and_gradient(
            X, labels, sample_weight, center, optimizer.parameters, optimizer.alpha
        )
        gradient = gradient * root if root.ndim == 1 else gradient @ root
        return objective, gradient.ravel().astype(np.float64)

    def callback(intermediate_result):
        move(intermediate_result.x)
        if after_step(float(intermediate_result.fun)):
            raise StopIteration

    result = minimize(
        function,
        np.zeros(start.size),
        jac=True,
        method="L-BFGS-B",
        callback=callback,
        options={
            "maxiter": max_iter,
            "maxfun": math.inf,
            "ftol": 0.0,
            "gtol": 0.0,
            "maxcor": _REMEMBERED,
        },
    )
    move(result.x)
    optimizer.velocity[:] = 0


def certified_decrease(X, labels, sample_weight, center, parameters, alpha):
    """Return a lower bound of how far the objective can still decrease.

    The Hessian is at most B, with half the second moments of [X - center, 1] for each class and
    alpha on the diagonal (Böhning 1992). The best step along the gradient g therefore decreases the
    objective by at least (gᵀg)² / (2 gᵀBg).
    """
    gradient = objective_and_gradient(X, labels, sample_weight, center, parameters, alpha)[1]
    return _quadratic_decrease(
        -gradient,
        lambda direction: _hessian_times(direction, X, sample_weight, center, alpha),
        n_steps=1,
    )


def newton_decrease(X, labels, sample_weight, center, parameters, alpha, reach, enough=math.inf):
    """Estimate how far the objective can still decrease: half of gᵀH⁻¹g, from below.

    H is the Hessian itself. An outlier whose predicted probability is 0 or 1 hardly counts in it,
    while it dominates the bound B of `certified_decrease`. Conjugate gradients are run in units of
    `reach`, how far each feature usually reaches, until the decrease is above `enough`. With few
    features, they are preconditioned by the diagonal of H instead, which also reveals what outliers
    scattered over several features hide. Among many features, as in pictures, some always have next
    to no effect, and rescaling their weights would demand more training of a fit that is good
    enough.
    """
    parameters = parameters.astype(np.float64)
    gradient = objective_and_gradient(X, labels, sample_weight, center, parameters, alpha)[1]
    probabilities = [
        softmax(compute_logits(X[rows], parameters, center), axis=0)
        for rows in _blocks(X, parameters)
    ]
    unit, n_steps = 1 / np.append(reach, 1.0), 3
    if X.shape[1] <= _MOST_WHITENED:
        diagonal = _hessian_diagonal(X, sample_weight, center, alpha, probabilities)
        unit, n_steps = unit / np.maximum(unit * np.sqrt(np.maximum(diagonal, 0)), _LEAST_ROOT), 20

    def times(step):
        return unit * _hessian_times(unit * step, X, sample_weight, center, alpha, probabilities)

    return _quadratic_decrease(-unit * gradient, times, n_steps, enough)


def _hessian_times(direction, X, sample_weight, center, alpha, probabilities=None):
    """Return the Hessian times a direction; without the probabilities of each block, its bound B.

    For an example, the Hessian in the logits is diag(p) - p pᵀ, and B has I / 2 in its place.
    """
    product = alpha * direction
    for block, rows in enumerate(_blocks(X, direction)):
        change = compute_logits(X[rows], direction, center)
        if probabilities is None:
            change /= 2
        else:
            p = probabilities[block]
            change = p * (change - np.sum(p * change, axis=0))
        change *= (1 if sample_weight is None else sample_weight[rows]) / X.shape[0]
        product += parameter_gradient(X[rows], change, center)
    return product


def _hessian_diagonal(X, sample_weight, center, alpha, probabilities):
    """Return the diagonal of the Hessian, in the shape of the parameters."""
    diagonal = alpha
    for rows, p in zip(_blocks(X, probabilities[0]), probabilities, strict=True):
        variance = (
            p * (1 - p) * ((1 if sample_weight is None else sample_weight[rows]) / X.shape[0])
        )
        diagonal = diagonal + _moments(X[rows], variance, center)
    return diagonal


def _moments(X, weight, center):
    """Return the sums of the squares of [X - center, 1], for each row of `weight`."""
    if issparse(X):
        moments = weight @ X.astype(np.float64, copy=False).power(2)
    else:
        blocks = gen_batches(X.shape[0], _WHITENED_ROWS)
        moments = sum(weight[:, rows] @ np.square(X[rows], dtype=np.float64) for rows in blocks)
    total = weight.sum(axis=1)[:, None]
    if center is not None:
        moments = moments + center * (center * total - 2 * (weight @ X))
    return np.concatenate([moments, total], axis=1)


def _quadratic_decrease(residual, times, n_steps, enough=math.inf):
    """Return how far steps of conjugate gradients decrease ½ xᵀAx - rᵀx from x = 0.

    `residual` is r, and `times` multiplies by A. A decrease that is above `enough` needs no more
    steps.
    """
    direction, decrease = residual, 0.0
    square = float(np.vdot(residual, residual))
    for _ in range(n_steps):
        product = times(direction)
        curvature = float(np.vdot(direction, product))
        if not square * curvature > 0:
            break
        length = square / curvature
        decrease += length * square / 2
        if decrease > enough:
            break
        residual = residual - length * product
        previous, square = square, float(np.vdot(residual, residual))
        direction = residual + square / previous * direction
    return decrease


def _blocks(X, parameters):
    """Return slices of the rows of `X` whose logits do not take much memory."""
    return gen_batches(X.shape[0], max(1, _BLOCK_LOGITS // len(parameters)))


def cosine_schedule(step, n_steps):
    """Return the factor of the learning rate: 1 at step 0, falling to 0 at step n_steps."""
    return 0.5 * (1 + np.cos(np.pi * step / n_steps))


def find_whitener(X, sample_weight, ridge, center=None):
    """Return F such that F Fᵀ is the inverse of Böhning's bound B of the Hessian for a class.

    B is half the second moments of [X - center, 1] plus the `ridge` on the diagonal, of shape
    (D + 1,). The rows are taken into its triangular root block by block, without forming B: its
    smallest eigenvalues would be lost beside its largest. Returns None where this would cost more
    than it helps.
    """
    n, d = X.shape
    if d > _MOST_WHITENED:
        return None
    # The bias goes first into the root: its column of F then has no other entry.
    root = np.diag(np.sqrt(ridge[::-1]))
    for rows in gen_batches(n, _WHITENED_ROWS):
        dense = X[rows].toarray() if issparse(X) else X[rows]
        block = np.ones((len(dense), d + 1))
        block[:, :-1] = dense
        block[:, :-1] -= 0 if center is None else center
        block *= np.sqrt((1 if sample_weight is None else sample_weight[rows, None]) / (2 * n))
        root = np.linalg.qr(np.concatenate([root, block[:, ::-1]]), mode="r")
    return solve_triangular(root, np.eye(d + 1))[::-1, ::-1].astype(X.dtype)


def curvature_bound(X, sample_weight, batch_size, center=None, whitener=None):
    """Return a bound of the curvature of the loss, for steps on mini-batches of this size.

    It is the expected smoothness of mini-batches drawn without replacement (Gower et al. 2019,
    "SGD: General analysis and improved rates", section 3), with the bound diag(p) - p pᵀ ≤ I/2 of
    Böhning (1992) for the curvature in the logits. The bias counts as a feature that is always 1.
    With a whitener, curvature is measured in units of B, which is then at most 1.
    """
    n = X.shape[0]
    b = min(batch_size, n)
    largest_row = 0.0
    if b < n or b == 1:
        squares = _squared_norms(X, center, whitener)
        largest_row = float(np.max(squares if sample_weight is None else sample_weight * squares))
    if b == 1:
        return largest_row / 2
    mean = 2.0 if whitener is not None else _largest_eigenvalue(X, sample_weight, center)
    return (n * (b - 1) * mean + (n - b) * largest_row) / (2 * b * (n - 1))


def _squared_norms(X, center, whitener):
    """Return the squared norm of each row of [X - center, 1], or of its product with F."""
    if whitener is not None:
        blocks = gen_batches(X.shape[0], _WHITENED_ROWS)
        whitened = (compute_logits(X[rows], whitener.T, center) for rows in blocks)
        return np.concatenate([np.square(rows).sum(axis=0) for rows in whitened])
    if issparse(X):
        squares = 1 + np.asarray(X.multiply(X).sum(axis=1)).ravel()
    else:
        squares = 1 + np.einsum("nd,nd->n", X, X)
    return squares if center is None else squares - 2 * (X @ center) + center @ center


def _largest_eigenvalue(X, sample_weight, center):
    """Return the largest eigenvalue of the second moments of [X - center, 1], by power iteration.

    It is approached from below; the gap is far smaller than the slack of Böhning's bound.
    """
    v = np.random.RandomState(0).standard_normal(X.shape[1] + 1).astype(X.dtype)
    estimate = float(np.linalg.norm(v))
    for _ in range(_POWER_ITERATIONS):
        v /= np.linalg.norm(v)
        u = compute_logits(X, v[None], center)
        if sample_weight is not None:
            u *= sample_weight
        v = parameter_gradient(X, u, center)[0] / X.shape[0]
        previous, estimate = estimate, float(np.linalg.norm(v))
        if abs(estimate - previous) <= _POWER_TOLERANCE * estimate:
            break
    return estimate
