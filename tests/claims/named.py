"""Checks of claims that take more than an expression, named after the claims."""

import numpy as np
from sklearn.linear_model import LogisticRegression

import softmax as sm
from tests.claims.training import (
    T4,
    W4,
    X4,
    PrintedLoop,
    bias_slopes,
    code_gradients,
    weight_slopes,
)
from tests.claims.vocabulary import ROWS, TWO_ROWS, near


def n0_loss_raises_true_class():
    labels = np.zeros(len(ROWS), dtype=int)
    step = 0.01 * sm.cross_entropy_grad(ROWS, labels, reduction="none")
    lower = sm.cross_entropy(ROWS - step, labels, reduction="none")
    before = sm.cross_entropy(ROWS, labels, reduction="none")
    rises = sm.softmax(ROWS - step)[:, 0] > sm.softmax(ROWS)[:, 0]
    return np.all(lower < before) and np.all(rises)


def n1_sigmoid_is_cheaper():
    W, b = W4[:, :2], np.array([0.3, -0.2])
    w, c = W[:, 0] - W[:, 1], b[0] - b[1]
    same = near(sm.sigmoid(X4 @ w + c), sm.softmax(X4 @ W + b)[:, 0])
    return same and w.size + np.size(c) < W.size + b.size


def n1_several_labels_sigmoid():
    # Two labels are true; the best that softmax can do for both is 0.5.
    wanted = np.array([1, 1, 0])
    from_sigmoid = sm.sigmoid(np.array([5.0, 5.0, -5.0]))
    from_softmax = sm.softmax(np.array([5.0, 5.0, -5.0]))
    return np.abs(from_sigmoid - wanted).max() < 0.01 and from_softmax[:2].max() <= 0.5


def n2_start_weights():
    W, b = np.random.default_rng(0).normal(0, 0.01, size=(784, 10)), np.zeros(10)
    return W.size + b.size == 7850 and 0.0095 < W.std() < 0.0105


class RunningSums:
    def __init__(self, n):
        self.values = [0.0] * n

    def add(self, *more):
        self.values = [value + float(extra) for value, extra in zip(self.values, more, strict=True)]

    def reset(self):
        self.values = [0.0] * len(self.values)


def n2_running_sums():
    sums = RunningSums(2)
    sums.add(3, 5)
    sums.add(1, 2)
    added = sums.values == [4, 7]
    sums.reset()
    return added and sums.values == [0, 0]


def n2_accuracy_over_batches():
    # Batches of different sizes: a mean of the batches' accuracies would be wrong.
    sums, labels = RunningSums(2), np.array([0, 2])
    for P, t in [(TWO_ROWS, labels), (TWO_ROWS[1:], labels[1:])]:
        sums.add(np.sum(P.argmax(axis=1) == t), len(t))
    return sums.values[0] / sums.values[1] == 2 / 3


def n3_logistic_regression():
    theirs = LogisticRegression(C=1 / (0.1 * len(X4)), tol=1e-8, max_iter=1000).fit(X4, T4)
    dW, db = code_gradients(theirs.coef_.T, theirs.intercept_, X4, T4, 0.1)
    return np.abs(dW).max() < 1e-5 and np.abs(db).max() < 1e-5


def n3_gradient_code():
    dW, db = code_gradients(W4, np.zeros(3), X4, T4, 0.1)
    return near(dW, weight_slopes(), tolerance=1e-6) and near(db, bias_slopes(), tolerance=1e-6)


def n3_penalty_shrinks():
    norms = []
    for strength in (0, 0.01, 0.1):
        model = PrintedLoop(4, 3, strength=strength)
        model.train(X4, T4, epochs=30, batch_size=50)
        norms.append(np.sum(model.W**2))
    return norms[0] > norms[1] > norms[2]
