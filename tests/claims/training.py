"""Checks that train, read the pictures, or read what the reference notebooks print."""

import re
from functools import cache

import nbformat
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, recall_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier

import softmax as sm
from tests.claims.vocabulary import losses_mean, naive_softmax
from tools.references import NOTEBOOKS

PUBLISHED = np.array(
    [
        [0.9570, 0.9776, 0.9672, 980],
        [0.9661, 0.9789, 0.9724, 1135],
        [0.9270, 0.8983, 0.9124, 1032],
        [0.9030, 0.9129, 0.9079, 1010],
        [0.9286, 0.9267, 0.9276, 982],
        [0.8936, 0.8666, 0.8799, 892],
        [0.9351, 0.9478, 0.9414, 958],
        [0.9259, 0.9232, 0.9245, 1028],
        [0.8851, 0.8778, 0.8814, 974],
        [0.8952, 0.9058, 0.9005, 1009],
    ]
)


def blobs():
    """Return 200 points in four dimensions around three centers, with labels."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=200)
    centers = np.array([[2, 0, 0, 1], [0, 2, 0, -1], [0, 0, 2, 0]])
    return centers[labels] + rng.normal(0, 0.5, size=(200, 4)), labels


X4, T4 = blobs()
W4 = np.random.default_rng(1).normal(size=(4, 3))
DELTA4 = sm.softmax(X4 @ W4) - sm.one_hot(T4, 3)


@cache
def held_out(smoothing):
    """Train on 100 of scikit-learn's digits, and return loss and accuracy on all others."""
    X, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    train, rest = order[:100], order[100:]
    W, b = np.zeros((64, 10)), np.zeros(10)
    for _ in range(1000):
        Z = X[train] / 16 @ W + b
        slope = sm.cross_entropy_grad(Z, labels[train], label_smoothing=smoothing)
        W -= 2 * (X[train] / 16).T @ slope
        b -= 2 * slope.sum(axis=0)
    scores = X[rest] / 16 @ W + b
    hits = scores.argmax(axis=1) == labels[rest]
    return {"loss": sm.cross_entropy(scores, labels[rest]), "accuracy": hits.mean()}


# The loss of the classifier, and its slopes by central differences


def objective(W, b, X, labels, strength):
    return losses_mean(X @ W + b, labels) + strength / 2 * np.sum(W**2)


def slopes(function, at, h=1e-5):
    result = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[index] = h
        result[index] = (function(at + step) - function(at - step)) / (2 * h)
    return result


@cache
def score_slopes():
    return slopes(lambda Z: losses_mean(Z, T4), X4 @ W4)


@cache
def weight_slopes():
    return slopes(lambda W: objective(W, np.zeros(3), X4, T4, 0.1), W4)


@cache
def bias_slopes():
    return slopes(lambda b: objective(W4, b, X4, T4, 0.1), np.zeros(3))


def slopes_by_input():
    """Return the slopes of the first example's loss by its four features."""
    return slopes(lambda x: losses_mean((x @ W4)[None], T4[:1]), X4[0])


@cache
def one_versus_rest_accuracy():
    """Return the accuracy of three sigmoids on the blobs, the largest chosen."""
    return OneVsRestClassifier(LogisticRegression()).fit(X4, T4).score(X4, T4)


@cache
def perceptron_layers():
    """Return the shapes of the fully connected layers of a network with one hidden layer."""
    model = MLPClassifier(hidden_layer_sizes=(5,), solver="lbfgs", max_iter=200, random_state=0)
    return [weights.shape for weights in model.fit(X4, T4).coefs_]


@cache
def perceptron_accuracy():
    """Return the accuracy of a perceptron on the blobs. It learns from the argmax alone."""
    X, W = np.column_stack([X4, np.ones(len(X4))]), np.zeros((5, 3))
    for _ in range(10):
        for x, label in zip(X, T4, strict=True):
            said = np.argmax(x @ W)
            W[:, label] += x
            W[:, said] -= x
    return np.mean((X @ W).argmax(axis=1) == T4)


# The loop of training


def batches(n, size, seed=0):
    order = np.random.default_rng(seed).permutation(n)
    return [order[start : start + size] for start in range(0, n, size)]


def code_gradients(W, b, X, labels, strength):
    """Return the gradients as the note's code finds them, with 1/N."""
    P = naive_softmax(X @ W + b)
    P[np.arange(len(X)), labels] -= 1
    P /= len(X)
    return X.T @ P + strength * W, P.sum(axis=0)


class PrintedLoop:
    """A classifier whose methods take and return what the printed ones do."""

    def __init__(self, input_dim, num_classes, rate=0.1, strength=1e-4):
        self.W = np.random.default_rng(0).normal(0, 0.001, size=(input_dim, num_classes))
        self.b = np.zeros(num_classes)
        self.rate, self.strength = rate, strength
        self.losses = []

    def train(self, X, y, epochs=100, batch_size=256):
        for epoch in range(epochs):
            for batch in batches(len(X), batch_size, seed=epoch):
                dW, db = code_gradients(self.W, self.b, X[batch], y[batch], self.strength)
                self.W -= self.rate * dW
                self.b -= self.rate * db
            self.losses.append(objective(self.W, self.b, X, y, self.strength))


@cache
def trained_loop():
    model = PrintedLoop(4, 3)
    model.train(X4, T4, epochs=30, batch_size=32)
    accuracy = np.mean((X4 @ model.W + model.b).argmax(axis=1) == T4)
    return {"accuracy": accuracy, "losses": model.losses}


# The pictures


@cache
def mnist():
    return sm.load_mnist()


class PicturesWithTransform:
    """A data set in the manner of torchvision: the transform acts on access by index."""

    def __init__(self, pixels, transform):
        self.data, self.transform = pixels, transform

    def __getitem__(self, index):
        return self.transform(self.data[index])


def with_normalize():
    raw = np.round(mnist().X_test[:100] * 255).astype(np.uint8)
    return PicturesWithTransform(raw, lambda pixels: (pixels / 255 - 0.5) / 0.5)


@cache
def small_model():
    data = mnist()
    settings = {"learning_rate": "cosine", "batch_size": 256, "max_iter": 3, "tol": None}
    model = sm.SoftmaxClassifier(random_state=0, **settings)
    return model.fit(data.X_train[:10_000], data.y_train[:10_000])


@cache
def digit_predictions():
    return small_model().predict(mnist().X_test)


def digit_confusions():
    return confusion_matrix(mnist().y_test, digit_predictions())


def digit_recalls():
    return recall_score(mnist().y_test, digit_predictions(), average=None)


def template_scores():
    """Compare each of 20 pictures with the ten templates, as pictures."""
    model, pictures = small_model(), mnist().X_test[:20].reshape(-1, 28, 28).astype(float)
    templates = model.coef_.reshape(10, 28, 28)
    return np.einsum("nij,kij->nk", pictures, templates) + model.intercept_


def zero_template(part):
    """Return the mean weight of the digit 0 in the middle or on the ring around it."""
    rows, columns = np.mgrid[:28, :28] - 13.5
    radius = np.hypot(rows, columns)
    chosen = radius < 3 if part == "middle" else np.abs(radius - 8) < 1
    return small_model().coef_[0].reshape(28, 28)[chosen].mean()


# The published table


def published_counts():
    """Return how often each digit was hit and said, as whole numbers."""
    precision, recall, _, support = PUBLISHED.T
    hit = np.rint(recall * support)
    return hit, np.rint(hit / precision)


def possible_row(digit):
    """Whether whole numbers give the four published numbers of a digit."""
    hit, said = (counts[digit] for counts in published_counts())
    support = PUBLISHED[digit, 3]
    again = np.round([hit / said, hit / support, 2 * hit / (said + support)], 4)
    return bool(np.array_equal(again, PUBLISHED[digit, :3]))


# What the reference notebooks print


@cache
def printed_by(chapter):
    notebook = nbformat.read(NOTEBOOKS / f"{chapter}.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "\n".join(output.get("text", "") for output in outputs)


def number(pattern, chapter="mnist"):
    """Return the number that a pattern finds in what a chapter prints."""
    return float(re.search(pattern, printed_by(chapter))[1])


def epochs():
    """Return the rows (epoch, loss, validation accuracy) that the chapter prints."""
    pattern = r"epoch +(\d+): loss ([\d.]+), accuracy ([\d.]+)"
    return [tuple(map(float, row)) for row in re.findall(pattern, printed_by("mnist"))]


def recognized(order):
    """Return the share of threes recognized with 50 pixels painted black."""
    return number(rf"50 largest {order} +([\d.]+)", "inside-the-classifier")
