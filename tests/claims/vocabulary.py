"""The words in which the claims are checked: examples, comparisons, and plain softmax code."""

import inspect
import time
import timeit
from functools import cache

import numpy as np
from scipy.optimize import minimize

import softmax as sm

ANIMALS = ["seal", "panda", "duck"]
z = np.array([0.25, 1.23, -0.8])
p = np.array([np.exp(z_i) / np.exp(z).sum() for z_i in z])
E = np.exp(z)

ROWS = np.random.default_rng(0).normal(0, 3, size=(300, 4))
BIG_ROWS = 1000 * ROWS
TALL = np.tile(ROWS, (20, 1))
BATCH = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
# The softmax of BATCH as one of the notes prints it.
PRINTED_ROWS = np.array(
    [
        [0.09003057, 0.24472847, 0.66524096],
        [0.01587624, 0.04310455, 0.94102021],
        [0.00035768, 0.00097085, 0.99867147],
    ]
)
TWO_ROWS = np.array([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])  # with the labels 0 and 2

# Probabilities of the true class of three pictures, early and late in a training.
FIRST, SECOND = np.array([0.6, 0.45, 0.45]), np.array([0.6, 0.55, 0.01])

# A step of training from here: class 0 is large and wrong, class 1 the true one.
STEP_FROM = np.log([0.9, 0.05, 0.05])


# Comparisons


def near(a, b, tolerance=1e-12):
    return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance))


def rounds(values, printed, decimals):
    """Whether `values`, rounded to the printed decimals, are the printed ones."""
    return bool(np.array_equal(np.round(values, decimals), np.asarray(printed, dtype=float)))


def implies(condition, conclusion):
    return bool(not condition or conclusion)


def falling(values):
    return bool(np.all(np.diff(values) < 0))


def quietly(function, *args, **kwargs):
    """Call a function that is expected to overflow, without NumPy's warnings."""
    with np.errstate(all="ignore"):
        return function(*args, **kwargs)


def passes_row_test(P):
    """The usual test of a softmax: nothing negative, and rows that add up to 1."""
    P = np.asarray(P)
    return bool(np.all(P >= 0) and near(P.sum(axis=1), 1, tolerance=2e-6))


def passes_ratio_test(Z, P):
    """The test that only softmax passes: p_i / p_j = exp(z_i - z_j)."""
    return near(np.log(P / P[:, :1]), Z - Z[:, :1], tolerance=1e-3)


def leaves_argument_alone(function):
    given = ROWS.copy()
    function(given)
    return bool(np.array_equal(given, ROWS))


def runs(function, *args, **kwargs):
    """Whether a call ends without an error."""
    try:
        function(*args, **kwargs)
    except (NameError, TypeError, ValueError):  # an AxisError is a ValueError
        return False
    return True


def seconds(function):
    """Return the processor time of a call, repeated until it can be measured."""
    timer, count = timeit.Timer(function, timer=time.process_time), 1
    while (total := timer.timeit(count)) < 0.02:
        count *= 2
    return total / count


def parameters_of(function):
    return set(inspect.signature(function).parameters)


def accepted_as_probabilities(weights):
    """Whether NumPy draws with these weights as probabilities."""
    return runs(np.random.default_rng(0).choice, len(weights), p=weights)


def is_additive(function):
    """Whether a function of four numbers maps sums to sums, as linear ones do."""
    return near(function(ROWS[0] + ROWS[1]), function(ROWS[0]) + function(ROWS[1]))


def fits(scores, bias):
    """Whether a bias can be added to scores by broadcasting."""
    try:
        return (scores + bias).shape == scores.shape
    except ValueError:
        return False


# Plain code for softmax and its loss, as most people first write it


def naive_softmax(x):
    exponentials = np.exp(x)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def softmax_by_rows(X):
    exponentials = np.exp(X)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def in_place_softmax(x):
    x -= x.max(axis=1, keepdims=True)
    return naive_softmax(x)


def two_step_loss(logits, target, shift=False):
    """Softmax first, then its logarithm."""
    logits = np.asarray(logits)
    return -np.log(naive_softmax(logits - logits.max() * shift)[target])


def losses(Z):
    """Return the cross-entropy of each row with the label 0."""
    return sm.cross_entropy(Z, np.zeros(len(Z), dtype=int), reduction="none")


def lowest_cross_entropy(target):
    """Return the lowest cross-entropy from a target to any softmax, by a search."""
    start = np.zeros(len(target))
    return minimize(lambda a: -target @ np.log(naive_softmax(a)), start, tol=1e-10).fun


def losses_mean(Z, labels):
    return np.mean(sm.logsumexp(Z) - Z[np.arange(len(Z)), labels])


def mean_loss(p_true):
    return -np.mean(np.log(p_true))


def drawn_labels(P, draws=100):
    """Draw labels from rows of probabilities, each row many times."""
    u = np.random.default_rng(0).random((draws, len(P)))
    return np.argmax(np.cumsum(P, axis=1) > u[..., None], axis=-1)


def drawn_shares(P, draws=100_000):
    """Return how often each class is drawn with the probabilities `P`."""
    return np.bincount(drawn_labels(P[None], draws)[:, 0], minlength=len(P)) / draws


def hits_by_rank(P):
    """Return the share of hits if one always says the most probable class, the second, …"""
    ranked = np.argsort(-P, axis=1)
    labels = drawn_labels(naive_softmax(ROWS))
    return [np.mean(labels == ranked[:, k]) for k in range(P.shape[1])]


def overconfidence(logits):
    """Return mean confidence minus accuracy, where `ROWS` are the true logits of the labels."""
    P, labels = sm.softmax(logits), drawn_labels(naive_softmax(ROWS))
    return P.max(axis=1).mean() - np.mean(labels == P.argmax(axis=1))


def hits(p_true):
    """Count the right predictions among two classes."""
    return int(np.sum(p_true > 0.5))


# Derivatives by complex steps: exact to rounding, and no formula of ours in them


def jacobian(at):
    """Return the derivative of p_i by z_j in row i, column j."""
    columns = [naive_softmax(at + 1e-20j * unit).imag / 1e-20 for unit in np.eye(len(at))]
    return np.array(columns).T


def nll_slopes(at, target):
    units = np.eye(len(at))
    return [-np.log(naive_softmax(at + 1e-20j * unit))[target].imag / 1e-20 for unit in units]


def own_slope(probability):
    """Return the derivative of a class's probability by its own logit, of two classes."""
    return jacobian(np.log([probability, 1 - probability]))[0, 0]


def minus_one_at(values, index):
    """Return a copy with one less at an index, as code makes p − y from p."""
    changed = np.array(values)
    changed[index] -= 1
    return changed


def descent_step(logits, target, rate):
    """Return by how much gradient descent moves each logit."""
    return -rate * np.array(nll_slopes(np.array(logits, dtype=float), target))


def descent_raises_true_class(sign):
    """Whether descent on `sign` times log p_t, here of panda, raises p_t."""
    moved = z + 0.1 * sign * np.array(nll_slopes(z, 1))
    return bool(sm.softmax(moved)[1] > sm.softmax(z)[1])


def kink(function, at, h=1e-5):
    """Return by how much the slopes on both sides of a point differ at most."""
    here, units = function(at), h * np.eye(len(at))
    gaps = [function(at + unit) + function(at - unit) - 2 * here for unit in units]
    return np.abs(gaps).max() / h


def off_diagonal(matrix):
    return matrix[~np.eye(len(matrix), dtype=bool)]


def hard_slope(scores, h=1e-6):
    """Return the central difference of the one-hot argmax along the first score."""
    scores, step = np.array(scores), h * np.eye(len(scores))[0]
    up, down = (sm.one_hot(s.argmax(), len(s)) for s in (scores + step, scores - step))
    return (up - down) / (2 * h)


def logit_gaps(Z):
    return np.abs(Z[:, :, None] - Z[:, None, :])


def probability_gaps(Z):
    return logit_gaps(sm.softmax(Z))


def p_ratio(scores):
    """Return the ratio of the last probability to the first."""
    q = sm.softmax(scores)
    return q[-1] / q[0]


def p_ratio_at(temperature):
    """Return the ratio of panda to seal at a temperature."""
    q = sm.softmax(z, temperature=temperature)
    return q[1] / q[0]


def step_changes(start=STEP_FROM):
    """Return how a small step against the gradient changes the three probabilities."""
    gradient = sm.cross_entropy_grad(start, 1)
    return sm.softmax(start - 0.1 * gradient) - sm.softmax(start)


def mean_over_noisy_labels(share):
    """Return the mean loss when a share of the labels is drawn anew from all classes."""
    return (1 - share) * sm.cross_entropy(z, 1) + share * np.mean(
        [sm.cross_entropy(z, label) for label in range(3)]
    )


# Layers and trees


def layer(n, d, k):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)) @ rng.normal(0, 0.01, size=(d, k)) + np.zeros(k)


def parameters(d, q):
    return np.zeros((d, q)).size + np.zeros(q).size


def grouped_products(d, q, n):
    """Count the products of n groups of a layer, each from its share of d to its share of q.

    A group that has inputs or outputs has at least one weight for each of them.
    """
    sizes = zip(np.array_split(np.zeros(d), n), np.array_split(np.zeros(q), n), strict=True)
    return sum(
        max(len(inputs) * len(outputs), len(inputs), len(outputs)) for inputs, outputs in sizes
    )


@cache
def attention():
    """Return output and weights of scaled dot-product attention, and the values."""
    rng = np.random.default_rng(0)
    Q, K, V = rng.normal(size=(3, 2, 5, 8))
    weights = sm.softmax(Q @ np.swapaxes(K, -2, -1) / np.sqrt(8), axis=-1)
    return weights @ V, weights, V


def attention_is_weighted_sum():
    output, weights, V = attention()
    return near(output[1, 2], sum(weights[1, 2, j] * V[1, j] for j in range(5)))


def peeks(causal):
    """Whether attention's output for one of five words changes with the word after it."""
    words = np.random.default_rng(0).normal(size=(5, 8))
    changed = words.copy()
    changed[3] += 1
    allowed = np.tri(5, dtype=bool) if causal else True
    before, after = (sm.softmax(x @ x.T, where=allowed)[2] @ x for x in (words, changed))
    return not near(before, after)


def tree_probabilities(leaves):
    """Return the leaves' probabilities in a binary tree of sigmoids, and the depth."""
    rng = np.random.default_rng(0)
    level = np.ones(1)
    depth = 0
    while len(level) < leaves:
        left = sm.sigmoid(rng.normal(size=len(level)))
        level = np.stack([level * left, level * (1 - left)], axis=1).ravel()
        depth += 1
    return level, depth
