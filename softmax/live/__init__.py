"""Interactive figures: the reader moves a control, and the numbers follow.

Each function returns a `LiveFigure`. At the end of a cell it shows itself, in Jupyter and on a
web page alike. What it needs travels with it, so it works without a server and without a network.
"""

from softmax.live._attention.figure import attention
from softmax.live._blocks.figure import blocks
from softmax.live._calibration.figure import calibration
from softmax.live._contrastive.figure import contrastive
from softmax.live._decision.figure import decision
from softmax.live._descent.figure import descent
from softmax.live._digit.figure import draw_digit
from softmax.live._divergence.figure import divergence
from softmax.live._drift.figure import drift
from softmax.live._gradient.figure import gradient
from softmax.live._gumbel.figure import gumbel
from softmax.live._jacobian.figure import jacobian
from softmax.live._live_figure import LiveFigure
from softmax.live._logits.figure import logits
from softmax.live._playground.figure import playground
from softmax.live._precision.figure import precision
from softmax.live._preferences.figure import preferences
from softmax.live._sampling.figure import sampling
from softmax.live._sparsemax.figure import sparsemax
from softmax.live._triage.figure import triage
from softmax.live._vocabulary.figure import vocabulary

__all__ = [
    "LiveFigure",
    "attention",
    "blocks",
    "calibration",
    "contrastive",
    "decision",
    "descent",
    "divergence",
    "draw_digit",
    "drift",
    "gradient",
    "gumbel",
    "jacobian",
    "logits",
    "playground",
    "precision",
    "preferences",
    "sampling",
    "sparsemax",
    "triage",
    "vocabulary",
]
