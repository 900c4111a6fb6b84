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


def draw_labels(rng, N, K):
    """Draw N labels with an example of each class; of the last ones, where N is below K."""
    labels = np.concatenate([np.arange(K)[::-1], rng.integers(K, size=max(N - K, 0))])
    return rng.permutation(labels[:N])


def collect_sums(W, b, X, t, alpha, factor):
    """Return what the loss, the gradients and their common mistakes are made of.

    Returns
    -------
    sums : types.SimpleNamespace
        ``N``; ``mean``, the mean cross-entropy; ``for_W`` and ``for_b``, the gradients of its
        sum; ``charge`` and ``pull``, the penalty and its gradient; ``swap``, which turns these
        into those of the other variant; ``Z``, the logits; ``log_P``, and the arguments.
    """
    W, b, X = (np.asarray(array, np.float64) for array in (W, b, X))
    rows, N = np.arange(len(t)), len(t)
    Z = X @ W + b
    log_P = _log_softmax(Z, axis=1)
    delta = np.exp(log_P)
    delta[rows, t] -= 1
    return SimpleNamespace(
        N=N,
        Z=Z,
        mean=-log_P[rows, t].mean(),
        for_W=X.T @ delta,
        for_b=delta.sum(axis=0),
        charge=factor * alpha * np.sum(W**2),
        pull=2 * factor * alpha * W,
        swap=2.0 if factor == 0.5 else 0.5,
        log_P=log_P,
        W=W,
        b=b,
        X=X,
        t=t,
        alpha=alpha,
        factor=factor,
    )


def _log_softmax(Z, axis):
    Z = Z - Z.max(axis=axis, keepdims=True)
    return Z - np.log(np.exp(Z).sum(axis=axis, keepdims=True))


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


# An error inside it names the last line of the student's own, since it is no cell of theirs.
_GIVEN = """
def loss_and_gradients(W, b, X, t, alpha):
    import numpy as np  # a student's cells may call something else np

    rows = np.arange(len(t))
    Z = X @ W + b
    Z = Z - Z.max(axis=1, keepdims=True)
    log_P = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
    loss = -log_P[rows, t].mean() + FACTOR * alpha * np.sum(W**2)
    delta = np.exp(log_P)
    delta[rows, t] -= 1
    return loss, X.T @ delta / len(t) + 2 * FACTOR * alpha * W, delta.mean(axis=0)
"""


def write_given(rules):
    """Return Python that binds a right `loss_and_gradients`, for questions that build on it."""
    source = _GIVEN.replace("FACTOR", repr(rules.factor))
    return f"exec(compile({source!r}, '<given>', 'exec'))"


def _charge_bias(s):
    extra = s.factor * s.alpha
    gradient = s.for_b / s.N + 2 * extra * s.b
    return s.mean + s.charge + extra * np.sum(s.b**2), s.for_W / s.N + s.pull, gradient


def _all_labels(s):
    return -s.log_P[:, s.t].mean() + s.charge, s.for_W / s.N + s.pull, s.for_b / s.N


def _down_the_columns(s):
    log_P = _log_softmax(s.Z, axis=0)
    rows, delta = np.arange(s.N), np.exp(log_P)
    delta[rows, s.t] -= 1
    loss = -log_P[rows, s.t].mean() + s.charge
    return loss, s.X.T @ delta / s.N + s.pull, delta.mean(axis=0)


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
    "wrong-axis": (_down_the_columns,),
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
    generator=np.random.default_rng,
    labels="batch",
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
    generator : callable
        Makes the generator of random numbers from the seed.
    labels : {"batch", "place"}
        The labels of the batch, or those that stand at its place in `t`.
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

    def step_of_batch(W, b, X, t, alpha, batch_size):
        loss, for_W, for_b = gradients(W, b, X, t, alpha)
        if divides_by == "batch_size":
            ratio, pull = len(t) / batch_size, 2 * rules.factor * alpha * W
            for_W, for_b = (for_W - pull) * ratio + pull, for_b * ratio
        return loss, for_W, for_b if moves_bias else 0 * for_b

    def train(X, t, num_classes, learning_rate, num_epochs, batch_size, alpha, seed):
        W, b = np.zeros((X.shape[1], num_classes)), np.zeros(num_classes)
        V, v = np.zeros_like(W), np.zeros_like(b)
        history = []
        for indices in _orders(generator(seed), len(t), epochs or num_epochs, order):
            if forgets:
                V, v = 0 * V, 0 * v
            seen = []
            for start in range(0, _end(len(t), batch_size, drops_last), batch_size):
                place = slice(start, start + batch_size)
                rows = indices[place]
                t_batch = t[place] if labels == "place" else t[rows]
                loss, for_W, for_b = step_of_batch(W, b, X[rows], t_batch, alpha, batch_size)
                V, v = beta * V + share * for_W, beta * v + share * for_b
                W, b = W + sign * learning_rate * V, b + sign * learning_rate * v
                seen.append(loss)
            after = gradients(W, b, X, t, 0.0 if losses == "data" else alpha)[0]
            history.append(np.mean(seen) if losses == "batches" and seen else after)
        return W, b, np.array(history)

    return train


def _orders(rng, N, num_epochs, how):
    """Yield the order of the examples for each epoch."""
    indices = rng.permutation(N) if how == "once" else np.arange(N)
    for _ in range(num_epochs):
        if how == "fresh":
            indices = rng.permutation(N)
        elif how == "composed":
            indices = indices[rng.permutation(N)]
        yield indices


def _end(N, batch_size, drops_last):
    return N - N % batch_size if drops_last else N


# As above; the keywords of `make_trainer`.
WRONG_LOOPS = {
    "uphill": ({"sign": 1},),
    "last-batch-dropped": ({"drops_last": True},),
    "no-shuffling": ({"order": "none"},),
    "one-order": ({"order": "once"},),
    "other-generator": ({"generator": np.random.RandomState},),
    "labels-left-behind": ({"labels": "place"},),
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
