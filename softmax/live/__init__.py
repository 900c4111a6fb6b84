"""Interactive figures: the reader moves a control, and the numbers follow.

Each function returns a `LiveFigure`. At the end of a cell it shows itself, in Jupyter and on a
web page alike. What it needs travels with it, so it works without a server and without a network.
"""

from softmax.live._attention.figure import attention
from softmax.live._digit.figure import draw_digit
from softmax.live._gradient.figure import gradient
from softmax.live._live_figure import LiveFigure
from softmax.live._logits.figure import logits
from softmax.live._playground.figure import playground
from softmax.live._precision.figure import precision

__all__ = ["LiveFigure", "attention", "draw_digit", "gradient", "logits", "playground", "precision"]
