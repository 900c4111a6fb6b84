"""What the loss of one token costs, over the number of classes: softmax, tree, sampled softmax.

Run it from the root of the project: ``python -m benchmarks.vocabulary_cost``. The three take turns
within each repetition, so that a slow moment of the machine hits all of them; the table gives
their medians and softmax's time divided by the tree's, so above 1 the tree is faster. The functions
are those of the chapter *Large vocabularies*, taken out of its cells.
"""

import argparse
import statistics
from pathlib import Path
from time import perf_counter

import jupytext
import numpy as np

CHAPTER = Path(__file__).resolve().parent.parent / "book" / "large-vocabularies.md"
NAMES = ("softmax_loss", "tree_loss", "sampled_loss")


def chapter_functions():
    """Return the three functions that the chapter measures, and what they need, by name."""
    cells = jupytext.reads(CHAPTER.read_text(encoding="utf-8"), fmt="md:myst").cells
    wanted = [f"def {name}(" for name in (*NAMES, "log_sigmoid")]
    space = {}
    exec("import numpy as np\nimport softmax as sm", space)
    for cell in cells:
        if cell.cell_type == "code" and any(head in cell.source for head in wanted):
            exec(cell.source, space)
    return [space[name] for name in NAMES]


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
    functions = chapter_functions()
    for K in (10**n for n in range(2, 7)):
        t = rng.integers(K, size=options.tokens)
        medians = measure(functions, X, rows, t, K, rng)
        full, tree, sampled = (1e6 * median / options.tokens for median in medians)
        print(
            f"{K:>9,} {full:>10.1f} {tree:>8.1f} {sampled:>11.1f} {full / tree:>13.1f}", flush=True
        )


if __name__ == "__main__":
    main()
