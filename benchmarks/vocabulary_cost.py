"""What the loss of one token costs, over the number of classes: softmax, tree, sampled softmax.

Run it from the root of the project: ``python -m benchmarks.vocabulary_cost``. The three take turns
within each repetition, so that a slow moment of the machine hits all of them; the table gives
their medians and softmax's time divided by the tree's, so above 1 the tree is faster. The methods
are those of the chapter *Large vocabularies*.
"""

import argparse
import statistics
from time import perf_counter

import numpy as np

import softmax as sm


def softmax_loss(X, rows, t, K, rng):
    """Return the mean cross-entropy of all K classes; `rows` has the weights of a class each."""
    return sm.cross_entropy(X @ rows[:K].T, t)


def tree_loss(X, rows, t, K, rng):
    """Return the mean loss of a balanced tree; row n has the weights of inner node n.

    The root is node 1, the children of node n are 2n and 2n + 1, and class i is node K + i.
    """
    steps = np.arange((2 * K - 1).bit_length())
    walk = (K + t)[:, None] >> steps  # from the leaf up to the root, then zeros
    nodes, signs = walk[:, 1:], 1 - 2 * (walk[:, :-1] & 1)
    scores = np.einsum("nd,nmd->nm", X, rows[nodes])
    return np.sum(np.logaddexp(0, -signs * scores), where=nodes > 0) / len(t)


def sampled_loss(X, rows, t, K, rng, S=64):
    """Return the mean loss with an estimated sum, from S other words that the batch shares."""
    drawn = rng.integers(K - 1, size=S)
    others = drawn + (drawn >= t[:, None])  # steps over the label
    own = np.einsum("nd,nd->n", X, rows[t])[:, None]
    sampled = np.einsum("nd,nsd->ns", X, rows[others]) - np.log(S / (K - 1))
    logits = np.concatenate([own, sampled], axis=1)
    return sm.cross_entropy(logits, np.zeros(len(t), int))


FUNCTIONS = (softmax_loss, tree_loss, sampled_loss)


def seconds(function, *arguments):
    start = perf_counter()
    function(*arguments)
    return perf_counter() - start


def measure(functions, X, rows, t, K, rng, budget=2.0):
    """Return the median time of each function, measured in turns for about `budget` seconds."""
    once = sum(seconds(function, X, rows, t, K, rng) for function in functions)  # warms up, too
    repetitions = min(501, max(7, int(budget / once)))
    times = [[seconds(f, X, rows, t, K, rng) for f in functions] for _ in range(repetitions)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--features", type=int, default=32, help="D (default: 32)")
    parser.add_argument("--tokens", type=int, default=4, help="size of a batch (default: 4)")
    options = parser.parse_args()

    rng = np.random.default_rng(0)
    rows = rng.standard_normal((10**6, options.features), dtype=np.float32)
    X = rng.standard_normal((options.tokens, options.features), dtype=np.float32)
    print(f"microseconds per token, {options.features} features, {options.tokens} tokens a batch")
    print(f"{'classes':>9} {'softmax':>10} {'tree':>8} {'64 samples':>11} {'softmax/tree':>13}")
    for K in (10**n for n in range(2, 7)):
        t = rng.integers(K, size=options.tokens)
        medians = measure(FUNCTIONS, X, rows, t, K, rng)
        full, tree, sampled = (1e6 * median / options.tokens for median in medians)
        print(
            f"{K:>9,} {full:>10.1f} {tree:>8.1f} {sampled:>11.1f} {full / tree:>13.1f}", flush=True
        )


if __name__ == "__main__":
    main()
