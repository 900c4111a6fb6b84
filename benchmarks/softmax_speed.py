"""How long softmax takes beside SciPy's and PyTorch's, on arrays from small to large.

Run it from the root of the project: ``python -m benchmarks.softmax_speed``. All functions take
turns within each repetition, so that a slow moment of the machine hits each. What is measured is
the processor time of the one thread that computes, so that other programs count little; the table
gives medians.

For SciPy and, where it is installed, PyTorch (on one thread) it gives their time divided by ours:
above 1 ours is faster. "floor" is where the limit lies for NumPy: the time to copy the array and to
take the exponential of its shifted entries in place, divided by our time. At 1 nothing would be
left to gain. With ``--all`` it also shows the other functions.
"""

import argparse
import statistics
from time import thread_time

import numpy as np
import scipy.special

import softmax as sm

try:
    import torch
except ImportError:
    torch = None
else:
    torch.set_num_threads(1)

SHAPES = [
    (3,),
    (10,),
    (64, 10),
    (256, 10),
    (32, 100),
    (1, 1000),
    (1, 50_257),
    (50_000, 10),
    (8192, 1024),
    (1024, 50_257),
]
LARGE = 10_000  # entries from which on the way to the operations hardly counts


def seconds(function, calls):
    start = thread_time()
    for _ in range(calls):
        function()
    return (thread_time() - start) / calls


def compare(functions, budget):
    """Return the median time of each, measured in turns for about `budget` seconds."""
    for _ in range(2):  # the first calls warm up
        once = sum(seconds(function, 1) for function in functions)
    calls = max(1, int(0.001 / once))
    repetitions = min(501, max(7, int(budget / (once * calls))))
    times = [[seconds(function, calls) for function in functions] for _ in range(repetitions)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def contenders(name, x):
    """Return the calls to compare, ours and SciPy's first, PyTorch's last if it is there."""
    ours, scipys = getattr(sm, name), getattr(scipy.special, name)
    shifted, buffer = x - x.max(axis=-1, keepdims=True), np.empty_like(x)
    calls = [
        lambda: ours(x, axis=-1),
        lambda: scipys(x, axis=-1),
        lambda: x.copy(),
        lambda: np.exp(shifted, buffer),
    ]
    if torch:
        tensor, torchs = torch.from_numpy(x), getattr(torch, name)
        calls.append(lambda: torchs(tensor, -1))
    return calls


def table(name, budget):
    print(
        f"{name}\n{'shape':>14} {'dtype':>8} {'ours, ms':>10} {'SciPy, ms':>10} {'ratio':>6} "
        f"{'PyTorch, ms':>12} {'ratio':>6} {'copy, ms':>10} {'exp, ms':>10} {'floor':>6}"
    )
    to_scipy, to_torch = [], []
    for dtype in (np.float32, np.float64):
        for shape in SHAPES:
            x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
            x *= 3
            mine, scipys, copy, exp, *torchs = compare(contenders(name, x), budget)
            to_scipy.append(scipys / mine)
            pytorch = f"{'-':>12} {'-':>6}"
            if torchs:
                pytorch = f"{1e3 * torchs[0]:12.4f} {torchs[0] / mine:6.2f}"
                if x.size >= LARGE:
                    to_torch.append(torchs[0] / mine)
            print(
                f"{shape!s:>14} {np.dtype(dtype).name:>8} {1e3 * mine:10.4f} {1e3 * scipys:10.4f} "
                f"{scipys / mine:6.2f} {pytorch} {1e3 * copy:10.4f} {1e3 * exp:10.4f} "
                f"{(copy + exp) / mine:6.2f}",
                flush=True,
            )
    mean = statistics.geometric_mean(to_scipy)
    print(f"beside SciPy: geometric mean {mean:.2f}, lowest {min(to_scipy):.2f}")
    if to_torch:
        mean = statistics.geometric_mean(to_torch)
        print(f"beside PyTorch, from {LARGE:,} entries up: geometric mean {mean:.2f}")
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="log_softmax and logsumexp too")
    parser.add_argument("--budget", type=float, default=2.0, help="seconds for each line")
    args = parser.parse_args()
    names = ["softmax", "log_softmax", "logsumexp"]
    for name in names if args.all else names[:1]:
        table(name, args.budget)


if __name__ == "__main__":
    main()
