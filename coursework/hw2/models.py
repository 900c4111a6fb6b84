"""What the answers should return, and what they return after a common mistake.

The formulas are those of the book's chapter on softmax regression. `Rules` holds what differs
between the variants of the assignment.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

MOMENTUM = 0.9


@dataclass(frozen=True)
class Rules:
    """A variant: how the penalty is written and how a step is made."""

    penalty: str = "half"
    update: str = "sgd"

    @property
    def factor(self):
        """What multiplies ``alpha * np.sum(W**2)`` in the loss."""
        return {"half": 0.5, "full": 1.0}[self.penalty]

    @property
    def beta(self):
        """The share of the velocity that a step keeps."""
        return {"sgd": 0.0, "momentum": MOMENTUM}[self.update]


def collect_sums(W, b, X, t, alpha, factor):
    """Return what the loss, the gradients and their common mistakes are made of.

    Returns
    -------
    sums : types.SimpleNamespace
        ``N``; ``mean``, the mean cross-entropy; ``for_W`` and ``for_b``, the gradients of its
        sum; ``charge`` and ``pull``, the penalty and its gradient; ``swap``, which turns these
        into those of the other variant; ``log_P``, and the arguments.
    """
    W, b, X = (np.asarray(array, np.float64) for array in (W, b, X))
    rows, N = np.arange(len(t)), len(t)
    Z = X @ W + b
    Z = Z - Z.max(axis=1, keepdims=True)
    log_P = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
    delta = np.exp(log_P)
    delta[rows, t] -= 1
    return SimpleNamespace(
        N=N,
        mean=-log_P[rows, t].mean(),
        for_W=X.T @ delta,
        for_b=delta.sum(axis=0),
        charge=factor * alpha * np.sum(W**2),
        pull=2 * factor * alpha * W,
        swap=2.0 if factor == 0.5 else 0.5,
        log_P=log_P,
        W=W,
        b=b,
        t=t,
        alpha=alpha,
        factor=factor,
    )


def gradients_by(rules, formula):
    """Return a function like `loss_and_gradients` that puts the sums together by `formula`."""

    def loss_and_gradients(W, b, X, t, alpha):
        return formula(collect_sums(W, b, X, t, alpha, rules.factor))

    return loss_and_gradients


def right_formula(s):
    """Return the loss and the gradients as they should be."""
    return s.mean + s.charge, s.for_W / s.N + s.pull, s.for_b / s.N


def right_gradients(rules):
    """Return the right `loss_and_gradients`."""
    return gradients_by(rules, right_formula)


def _charge_bias(s):
    extra = s.factor * s.alpha
    gradient = s.for_b / s.N + 2 * extra * s.b
    return s.mean + s.charge + extra * np.sum(s.b**2), s.for_W / s.N + s.pull, gradient


def _all_labels(s):
    return -s.log_P[:, s.t].mean() + s.charge, s.for_W / s.N + s.pull, s.for_b / s.N


def _norm_not_squared(s):
    charge = s.factor * s.alpha * np.sqrt(np.sum(s.W**2))
    return s.mean + charge, s.for_W / s.N + s.pull, s.for_b / s.N


# By the name of the misconception: the right formula with one thing changed. Where there are
# several ways to make the mistake, each has its formula.
WRONG_FORMULAS = {
    "missing-n": (lambda s: (s.mean + s.charge, s.for_W + s.pull, s.for_b),),
    "sum-for-mean": (lambda s: (s.N * s.mean + s.charge, s.for_W + s.pull, s.for_b),),
    "bias-summed": (lambda s: (s.mean + s.charge, s.for_W / s.N + s.pull, s.for_b),),
    "penalty-by-n": (lambda s: (s.mean + s.charge, (s.for_W + s.pull) / s.N, s.for_b / s.N),),
    "penalty-on-bias": (_charge_bias,),
    "other-penalty": (
        lambda s: (s.mean + s.swap * s.charge, s.for_W / s.N + s.swap * s.pull, s.for_b / s.N),
    ),
    "penalty-slope": (
        lambda s: (s.mean + s.charge, s.for_W / s.N + s.swap * s.pull, s.for_b / s.N),
        lambda s: (s.mean + s.swap * s.charge, s.for_W / s.N + s.pull, s.for_b / s.N),
    ),
    "penalty-not-in-gradient": (lambda s: (s.mean + s.charge, s.for_W / s.N, s.for_b / s.N),),
    "penalty-not-in-loss": (lambda s: (s.mean, s.for_W / s.N + s.pull, s.for_b / s.N),),
    "no-penalty": (lambda s: (s.mean, s.for_W / s.N, s.for_b / s.N),),
    "norm-not-squared": (_norm_not_squared,),
    "transposed": (lambda s: (s.mean + s.charge, (s.for_W / s.N + s.pull).T, s.for_b / s.N),),
    "y-minus-p": (lambda s: (s.mean + s.charge, s.pull - s.for_W / s.N, -s.for_b / s.N),),
    "all-labels": (_all_labels,),
}


def make_trainer(
    rules,
    gradients=None,
    *,
    sign=-1,
    beta=None,
    damped=False,
    forgets=False,
    order="fresh",
    drops_last=False,
    divides_by="batch",
    moves_bias=True,
    epochs=None,
    losses="after",
):
    """Return a function like `train`; the keywords after `gradients` make its mistakes.

    Parameters
    ----------
    rules : Rules
    gradients : callable, optional
        A `loss_and_gradients`; the right one if it is not given.
    sign : int
        +1 goes uphill.
    beta : float, optional
        Another momentum than that of the rules.
    damped : bool
        The gradient enters the velocity with the factor 1 − beta.
    forgets : bool
        Each epoch starts with a velocity of zero.
    order : {"fresh", "once", "none", "composed"}
        A new permutation of the examples for each epoch; one for all epochs; none; or a new one
        of the examples as the last epoch left them.
    drops_last : bool
        A last batch that is smaller is left out.
    divides_by : {"batch", "batch_size"}
        What a sum over a batch is divided by.
    moves_bias : bool
        False leaves the biases at zero.
    epochs : int, optional
        So many epochs, whatever the argument says.
    losses : {"after", "batches", "data"}
        The loss of all examples after each epoch; the mean of the losses of its batches; or the
        loss after each epoch without its penalty.
    """
    gradients = gradients or right_gradients(rules)
    beta = rules.beta if beta is None else beta
    share = 1 - beta if damped else 1.0

    def train(X, t, num_classes, learning_rate, num_epochs, batch_size, alpha, seed):
        rng = np.random.default_rng(seed)
        N = len(t)
        W, b = np.zeros((X.shape[1], num_classes)), np.zeros(num_classes)
        V, v = np.zeros_like(W), np.zeros_like(b)
        history, shuffled = [], np.arange(N)
        for epoch in range(num_epochs if epochs is None else epochs):
            if order in ("fresh", "composed") or (order == "once" and epoch == 0):
                drawn = rng.permutation(N)
                shuffled = shuffled[drawn] if order == "composed" else drawn
            if forgets:
                V, v = np.zeros_like(W), np.zeros_like(b)
            seen = []
            for start in range(0, N - N % batch_size if drops_last else N, batch_size):
                chosen = shuffled[start : start + batch_size]
                loss, for_W, for_b = gradients(W, b, X[chosen], t[chosen], alpha)
                if divides_by == "batch_size":
                    # The penalty's part is not a sum over the batch.
                    pull = 2 * rules.factor * alpha * W
                    for_W = (for_W - pull) * len(chosen) / batch_size + pull
                    for_b = for_b * len(chosen) / batch_size
                V, v = beta * V + share * for_W, beta * v + share * for_b
                W = W + sign * learning_rate * V
                b = b + sign * learning_rate * v if moves_bias else b
                seen.append(loss)
            if losses == "batches":
                history.append(np.mean(seen))
            else:
                history.append(gradients(W, b, X, t, alpha if losses == "after" else 0.0)[0])
        return W, b, np.array(history)

    return train


# As above; the keywords of `make_trainer`.
WRONG_LOOPS = {
    "uphill": ({"sign": 1},),
    "last-batch-dropped": ({"drops_last": True},),
    "no-shuffling": ({"order": "none"},),
    "one-order": ({"order": "once"},),
    "composed-orders": ({"order": "composed"},),
    "one-epoch": ({"epochs": 1},),
    "bias-not-moved": ({"moves_bias": False},),
    "divided-by-batch-size": ({"divides_by": "batch_size"},),
    "losses-of-batches": ({"losses": "batches"},),
    "losses-without-penalty": ({"losses": "data"},),
}


def wrong_updates(rules):
    """Return the same for the mistakes that a variant's way to step makes possible."""
    if rules.update == "sgd":
        return {"other-update": ({"beta": MOMENTUM},)}
    return {
        "other-update": ({"beta": 0.0},),
        "velocity-forgotten": ({"forgets": True},),
        "velocity-damped": ({"damped": True},),
    }


def right_evidence(x, W, j, k):
    """Return what each pixel adds to the lead of class j over k, and the strongest pixel."""
    x, W = np.asarray(x, np.float64), np.asarray(W, np.float64)
    contributions = x * (W[:, j] - W[:, k])
    return contributions, int(np.argmax(contributions))


def _with_strongest(contributions, strength=None):
    return contributions, int(np.argmax(contributions if strength is None else strength))


WRONG_EVIDENCE = {
    "weight-alone": (
        lambda x, W, j, k: _with_strongest(W[:, j] - W[:, k]),
        lambda x, W, j, k: _with_strongest(x * (W[:, j] - W[:, k]), W[:, j] - W[:, k]),
    ),
    "one-template": (lambda x, W, j, k: _with_strongest(x * W[:, j]),),
    "reversed": (lambda x, W, j, k: _with_strongest(x * (W[:, k] - W[:, j])),),
    "largest-size": (
        lambda x, W, j, k: _with_strongest(
            x * (W[:, j] - W[:, k]), np.abs(x * (W[:, j] - W[:, k]))
        ),
    ),
}
