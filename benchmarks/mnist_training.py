"""Training on MNIST: SoftmaxClassifier beside scikit-learn and, where it is installed, PyTorch.

Run it on an otherwise idle machine, from the root of the book::

    OMP_NUM_THREADS=1 python -m benchmarks.mnist_training

Two races, each side run in turn in the same process, medians of the repetitions:

1. To within 1 % of the regularized training loss of L-BFGS. scikit-learn's LogisticRegression takes
   100 steps of L-BFGS with the same penalty, C = 1 / (N alpha). Ours runs 6 epochs with momentum.
2. To a validation accuracy of 0.925. The same loop is written in PyTorch with the tools that
   PyTorch offers for it (autograd, cross_entropy, SGD): the same batches in the same order, the
   same momentum, penalty and learning rates, and the same validation after each epoch.
"""

import argparse
import platform
import statistics
import time
import warnings

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

import softmax as sm
from softmax._optimizer import cosine_schedule

try:
    import torch
except ImportError:
    torch = None

ALPHA = 1e-4
MOMENTUM = 0.9
TO_MINIMUM = {"batch_size": 128, "learning_rate_init": 0.4, "max_iter": 6}
TO_ACCURACY = {"batch_size": 256, "learning_rate_init": 0.4, "max_iter": 4}


def ours(data, settings):
    return sm.SoftmaxClassifier(
        learning_rate="cosine", alpha=ALPHA, momentum=MOMENTUM, tol=None, random_state=0, **settings
    )


def fit_to_minimum(data):
    model = ours(data, TO_MINIMUM).fit(data.X_train, data.y_train)
    return model.coef_, model.intercept_


def fit_to_accuracy(data):
    model = ours(data, TO_ACCURACY).fit(
        data.X_train, data.y_train, X_val=data.X_val, y_val=data.y_val
    )
    return model.coef_, model.intercept_


def fit_scikit_learn(data):
    model = LogisticRegression(C=1 / (len(data.X_train) * ALPHA), max_iter=100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it stops at 100 steps, as intended
        model.fit(data.X_train, data.y_train)
    return model.coef_, model.intercept_


def fit_pytorch(data):
    """Train as `fit_to_accuracy` does, in PyTorch; the tensors share the arrays' memory."""
    n, batch_size, epochs = len(data.X_train), TO_ACCURACY["batch_size"], TO_ACCURACY["max_iter"]
    X, y = torch.from_numpy(data.X_train), torch.from_numpy(data.y_train)
    X_val, y_val = torch.from_numpy(data.X_val), torch.from_numpy(data.y_val)
    weights = torch.zeros(10, X.shape[1], requires_grad=True)
    bias = torch.zeros(10, requires_grad=True)
    groups = [{"params": [weights], "weight_decay": ALPHA}, {"params": [bias]}]
    optimizer = torch.optim.SGD(groups, lr=TO_ACCURACY["learning_rate_init"], momentum=MOMENTUM)
    starts = range(0, n, batch_size)
    factors = iter(cosine_schedule(np.arange(epochs * len(starts)), epochs * len(starts)).tolist())
    rng = np.random.RandomState(0)
    rng.randint(np.iinfo(np.int32).max)  # SoftmaxClassifier draws a seed first
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(n))
        for start in starts:
            batch = order[start : start + batch_size]
            rate = TO_ACCURACY["learning_rate_init"] * next(factors)
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad()
            logits = torch.nn.functional.linear(X[batch], weights, bias)
            torch.nn.functional.cross_entropy(logits, y[batch]).backward()
            optimizer.step()
        with torch.no_grad():
            predicted = torch.nn.functional.linear(X_val, weights, bias).argmax(dim=1)
            (predicted == y_val).float().mean().item()
    return weights.detach().numpy(), bias.detach().numpy()


def objective(data, coef, intercept):
    """Return the regularized training loss, in float64."""
    coef = coef.astype(np.float64)
    logits = data.X_train @ coef.T + intercept
    return float(sm.cross_entropy(logits, data.y_train) + ALPHA / 2 * np.sum(coef**2))


def accuracy(X, y, coef, intercept):
    return float(np.mean((X @ coef.T + intercept).argmax(axis=1) == y))


def race(data, contestants, repeats):
    """Time each contestant `repeats` times, in turn, and print a row of the table for each."""
    seconds, parameters = {name: [] for name in contestants}, {}
    for _ in range(repeats):
        for name, fit in contestants.items():
            start = time.perf_counter()
            parameters[name] = fit(data)
            seconds[name].append(time.perf_counter() - start)
    slowest = max(statistics.median(times) for times in seconds.values())
    print(f"{'':34}{'seconds':>9}{'(least)':>9}{'times as fast':>15}", end="")
    print(f"{'loss':>9}{'val':>8}{'test':>8}")
    for name, times in seconds.items():
        median, solution = statistics.median(times), parameters[name]
        val = accuracy(data.X_val, data.y_val, *solution)
        test = accuracy(data.X_test, data.y_test, *solution)
        print(
            f"{name:34}{median:9.2f}{min(times):9.2f}{slowest / median:15.1f}"
            f"{objective(data, *solution):9.4f}{val:8.4f}{test:8.4f}"
        )
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    data = sm.load_mnist()
    print(f"Python {platform.python_version()}, NumPy {np.__version__}", end=", ")
    print(f"scikit-learn {sklearn.__version__}, medians of {repeats}\n")

    print("To within 1 % of the regularized training loss of L-BFGS")
    race(
        data,
        {"scikit-learn, L-BFGS, 100 steps": fit_scikit_learn, "ours, 6 epochs": fit_to_minimum},
        repeats,
    )

    if torch is None:
        print("PyTorch is not installed: no second race.")
        return
    print(f"To a validation accuracy of 0.925, PyTorch {torch.__version__}", end="")
    print(f" with {torch.get_num_threads()} thread(s)")
    race(
        data, {"PyTorch, 4 epochs": fit_pytorch, "ours, the same batches": fit_to_accuracy}, repeats
    )


if __name__ == "__main__":
    main()
