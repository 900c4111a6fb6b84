"""Three ways to the loss in four floating-point types: what overflows, and what vanishes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from softmax.live._arguments import (
    checked_labels,
    checked_logits,
    checked_number,
    checked_target,
)
from softmax.live._live_figure import LiveFigure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, DTypeLike

MOST_CLASSES = 4
LARGEST_LOGIT = 10.0
# `goal` is the relative error of the naive loss that the challenge asks for.
LIMITS: dict[str, Any] = {"scale": (0.1, 1e5), "logit": LARGEST_LOGIT, "goal": 0.01}
DTYPES = ("bfloat16", "float16", "float32", "float64")
WAYS = ("naive", "shifted", "log-softmax")


def precision(
    z: ArrayLike,
    dtype: DTypeLike = "float32",
    scale: float = 1.0,
    *,
    target: int = 0,
    labels: Sequence[str] | None = None,
) -> LiveFigure:
    """Choose a floating-point type and the logits, and see three ways to the loss.

    The ways are the naive formula of softmax, the one that subtracts the maximum, and log-softmax;
    each operation is rounded to `dtype`, as in NumPy. NumPy has no bfloat16: there each operation
    is computed in float32 and rounded to its upper 16 bits.

    Parameters
    ----------
    z : array_like of shape (K,)
        The logits before they are multiplied by `scale`, 2 to 4 of them, between -10 and 10.
    dtype : {"bfloat16", "float16", "float32", "float64"} or the NumPy type, default "float32"
        The type at the start.
    scale : float, default 1.0
        The factor of the logits at the start, between 0.1 and 100000 or the same with a minus sign.
    target : int, default 0
        The index of the true class at the start.
    labels : sequence of K str, optional
        Names of the classes. By default "class 1" to "class K".

    Returns
    -------
    LiveFigure
        The figure; at the end of a cell it shows itself.

    Raises
    ------
    TypeError
        If `z` does not hold real numbers, or has masked entries.
    ValueError
        If an argument is not as said above.

    See Also
    --------
    softmax.log_softmax : The last of the three ways, with the rounding of the shift compensated.

    Examples
    --------
    >>> precision([1.0, 1.1, 1.2], "float16", 10)
    <softmax.live: precision of three ways to the loss>
    """
    z = checked_logits(z, least=2, most=MOST_CLASSES, largest=LARGEST_LOGIT)
    name = getattr(dtype, "__name__", str(dtype))
    if name not in DTYPES:
        raise ValueError(f"`dtype` must be bfloat16, float16, float32 or float64, got {name}.")
    sign = -1.0 if scale < 0 else 1.0
    scale = sign * checked_number("abs(scale)", abs(scale), *LIMITS["scale"])
    target = checked_target(target, len(z))
    labels = checked_labels(labels, len(z))
    with np.errstate(all="ignore"):
        results = three_ways(scale * z, name)
    losses = [loss[target] for _, loss in results]

    def draw(figure):
        ax = figure.subplots()
        ax.axis("off")
        rows = [[as_text(result[k]) for result, _ in results] for k in range(len(z))]
        table = ax.table(
            [*rows, [as_text(loss) for loss in losses]],
            rowLabels=[*labels, "loss"],
            colLabels=["naive $p$", "shifted $p$", "log-softmax, $\\log p$"],
            loc="center",
            cellLoc="center",
        )
        table.scale(1, 1.8)

    listed = ", ".join(f"{as_text(loss)} by {way}" for loss, way in zip(losses, WAYS, strict=True))
    start = {"z": z.tolist(), "dtype": name, "scale": scale, "target": target, "labels": labels}
    return LiveFigure(
        "precision",
        start,
        title="precision of three ways to the loss",
        limits=LIMITS,
        draw=draw,
        alt=(
            f"A table of probabilities, their logarithms and the loss of {labels[target]} in "
            f"{name}, the logits multiplied by {scale:g}. The loss is {listed}."
        ),
    )


def to_bfloat16(x):
    """Round to the nearest bfloat16, a tie to the even one; return it as float32."""
    bits = np.asarray(x, dtype=np.float32).view(np.uint32)
    return (bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000).view(np.float32)


def three_ways(z, dtype):
    """Return the result and -log p of the naive, the shifted and the log-softmax formula."""
    if dtype != "bfloat16":  # NumPy rounds each operation to its own types
        rounded, z, wide = np.asarray, z.astype(dtype), dtype
    else:  # exp and log in float64, because in float32 NumPy's may be off in the last digit
        rounded, z, wide = to_bfloat16, to_bfloat16(z), "float64"

    def exp(x):
        return rounded(np.exp(x.astype(wide)))

    def log(x):
        return rounded(np.log(x.astype(wide)))

    d = rounded(z - z.max())
    e, shifted_e = exp(z), exp(d)
    total, shifted_total = rounded(e.sum()), rounded(shifted_e.sum())
    p, shifted_p = rounded(e / total), rounded(shifted_e / shifted_total)
    log_p = rounded(d - log(shifted_total))
    return [(p, -log(p)), (shifted_p, -log(shifted_p)), (log_p, -log_p)]


def as_text(x):
    """Return a number with four digits, and a zero without a sign."""
    return f"{float(x) + 0.0:.4g}".replace("nan", "NaN").replace("-", "−")
