"""Draw the cover of the book: one softmax, from an even choice to a sure one."""

from textwrap import fill

import numpy as np
from matplotlib.figure import Figure

LOGITS = [3.0, 2.0, 1.2, 0.3, -0.8]
COLORS = ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442"]
PAPER, INK = "#0b2239", "#ffffff"
WIDTH, DPI = 6, 200


def draw_cover(path, title, size=(WIDTH, 9)):
    """Write the cover, of a size in inches, as what the ending of the path says.

    The curves are the probabilities of five classes, from a high temperature to a low one. On a
    vertical line, they add up to one.
    """
    inverse = np.geomspace(0.02, 8, 400)
    scores = np.outer(inverse, LOGITS)
    probabilities = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)

    figure = Figure(figsize=size, facecolor=PAPER)
    axes = figure.add_axes((0, 0, 1, 0.57))
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(-0.14, 1.02))
    scale = size[0] / WIDTH
    place = np.linspace(0, 1, len(inverse))
    for curve, color in zip(probabilities.T, COLORS, strict=True):
        axes.fill_between(place, curve, -1, color=color, alpha=0.1, linewidth=0)
        axes.plot(place, curve, color=color, linewidth=5 * scale, solid_capstyle="butt")
    text = {"color": INK, "ha": "left", "family": "DejaVu Sans"}
    figure.text(0.09, 0.93, fill(title, 11), va="top", fontsize=40 * scale, weight="bold", **text)
    figure.text(
        0.09, 0.61, r"$p_k = e^{z_k/T} \;/\; \sum_j e^{z_j/T}$", va="top", fontsize=22 * scale,
        math_fontfamily="dejavuserif", **text,
    )  # fmt: skip
    unnamed = {"Software": None} if path.suffix == ".png" else {"CreationDate": None}
    figure.savefig(path, dpi=DPI, metadata=unnamed)
