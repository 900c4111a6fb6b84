"""The words in which the claims are checked: examples, comparisons, and plain softmax code."""

from functools import cache

import numpy as np

import softmax as sm

ANIMALS = ["seal", "panda", "duck"]
z = np.array([0.25, 1.23, -0.8])
p = np.array([np.exp(z_i) / np.exp(z).sum() for z_i in z])
E = np.exp(z)

ROWS = np.random.default_rng(0).normal(0, 3, size=(300, 4))
BIG_ROWS = 1000 * ROWS
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


def losses_mean(Z, labels):
    return np.mean(sm.logsumexp(Z) - Z[np.arange(len(Z)), labels])


def mean_loss(p_true):
    return -np.mean(np.log(p_true))


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


def step_changes():
    """Return how a small step against the gradient changes the three probabilities."""
    gradient = sm.cross_entropy_grad(STEP_FROM, 1)
    return sm.softmax(STEP_FROM - 0.1 * gradient) - sm.softmax(STEP_FROM)


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


def shared_blocks_parameters(d, q, n):
    """Count the numbers in a sum of n Kronecker products, of n × n with d/n × q/n."""
    A, S = np.zeros((n, n, n)), np.zeros((n, d // n, q // n))
    return A.size + S.size


def shared_blocks_products(d, q, n):
    """Count the multiplications for one input, each term as A.T @ M @ S."""
    M_S = n * (d // n) * (q // n)
    A_T = n * n * (q // n)
    return n * (M_S + A_T)


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


def confusions(truth, predicted, num_classes=2):
    counts = np.zeros((num_classes, num_classes), dtype=int)
    np.add.at(counts, (truth, predicted), 1)
    return counts
