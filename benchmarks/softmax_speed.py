"""How long softmax takes beside SciPy's, on batches from small to large.

Run it from the root of the project: ``python benchmarks/softmax_speed.py``. The two functions
take turns within each repetition, so that a slow moment of the machine hits both; the table
gives the median of each and SciPy's time divided by ours, so above 1 ours is faster. With
``--all`` it also shows the other functions.
"""

import argparse
import statistics
from time import perf_counter

import numpy as np
import scipy.special

import softmax as sm

SHAPES = [(64, 10), (50_000, 10), (8192, 1024), (1024, 50_257)]


def seconds(function, x, calls):
    start = perf_counter()
    for _ in range(calls):
        function(x, axis=-1)
    return (perf_counter() - start) / calls


def compare(ours, theirs, x, budget=4.0):
    """Return the median times of both, measured in turns for about `budget` seconds."""
    once = seconds(theirs, x, 1) + seconds(ours, x, 1)  # the first calls also warm up
    calls = max(1, int(0.005 / once))
    repetitions = min(101, max(7, int(budget / (once * calls))))
    times = [(seconds(ours, x, calls), seconds(theirs, x, calls)) for _ in range(repetitions)]
    return tuple(statistics.median(column) for column in zip(*times, strict=True))


def table(name):
    ours, theirs = getattr(sm, name), getattr(scipy.special, name)
    print(f"{name:>12} {'shape':>14} {'dtype':>8} {'ours, ms':>10} {'SciPy, ms':>10} {'ratio':>6}")
    ratios = []
    for dtype in (np.float32, np.float64):
        for shape in SHAPES:
            x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
            x *= 3
            mine, other = compare(ours, theirs, x)
            ratios.append(other / mine)
            print(
                f"{'':>12} {shape!s:>14} {np.dtype(dtype).name:>8} "
                f"{1e3 * mine:10.3f} {1e3 * other:10.3f} {ratios[-1]:6.2f}",
                flush=True,
            )
    mean = statistics.geometric_mean(ratios)
    print(f"{'':>12} geometric mean {mean:.2f}, lowest {min(ratios):.2f}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="log_softmax and logsumexp too")
    names = ["softmax", "log_softmax", "logsumexp"]
    for name in names if parser.parse_args().all else names[:1]:
        table(name)


if __name__ == "__main__":
    main()
