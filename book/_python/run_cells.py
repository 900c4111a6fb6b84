"""Run the cells of a page in its worker, and hand over what they print, return and draw.

``worker.mjs`` loads this file into Pyodide and calls `run` for each cell. What a cell shows comes
as pairs of a kind and a text, in the order of Jupyter: ``stdout`` and ``stderr`` as they are
printed, then ``html`` or ``text`` of the last expression, ``png`` of each figure as base64, or an
``error``, with its headline.
"""

import base64
import builtins
import io
import linecache
import logging
import os
import sys
import time
import traceback
import warnings
from functools import wraps
from itertools import groupby
from operator import itemgetter

import numpy as np
from pyodide.code import eval_code_async

os.environ["MPLBACKEND"] = "agg"  # figures are drawn for this file, not for a window
warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive")  # of plt.show()
warnings.filterwarnings("ignore", "tqdm:disabling monitor support")  # there are no threads here
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # it says that it is at work
PAUSE = 0.1  # seconds between two pieces of printed text
CELL = "<cell {}>"

namespace = {"__name__": "__main__"}
bincount = np.bincount


@wraps(bincount)
def count(x, /, weights=None, minlength=0):
    """Count 64-bit integers, too: NumPy's own refuses them where an address has 32 bits."""
    x = np.asarray(x)
    return bincount(x.astype(np.intp) if x.dtype == np.int64 else x, weights, minlength)


np.bincount = count


def refuse_input(prompt=""):
    """Say what to do in place of asking: a page has no line to type an answer into."""
    raise RuntimeError(
        "input() cannot ask here. Write the answer into the code, for example answer = '3'."
    )


builtins.input = refuse_input


class Printed:
    """What a cell prints: shown in its order, a few times a second, not at every call of print."""

    def __init__(self, show):
        self.show = show
        self.pieces, self.last = [], 0.0

    def add(self, kind, text):
        """Keep the text, and show all that was kept if the last time was long ago."""
        self.pieces.append((kind, text))
        if time.monotonic() - self.last > PAUSE:
            self.flush()

    def flush(self):
        """Show what was kept, what belongs to the same stream in one piece."""
        for kind, pieces in groupby(self.pieces, key=itemgetter(0)):
            self.show(kind, "".join(text for _, text in pieces))
        self.pieces, self.last = [], time.monotonic()


class Stream(io.TextIOBase):
    """One of the two streams of a cell."""

    def __init__(self, kind, printed):
        self.kind, self.printed = kind, printed

    def writable(self):
        """Say that it can be written to."""
        return True

    def write(self, text):
        """Pass the text on."""
        self.printed.add(self.kind, text)
        return len(text)


async def run(number, code, show):
    """Run a cell, pass what it shows to `show`, and return whether it came to its end."""
    name = CELL.format(number)
    linecache.cache[name] = len(code), None, code.splitlines(keepends=True), name
    streams, printed = (sys.stdout, sys.stderr), Printed(show)
    sys.stdout, sys.stderr = Stream("stdout", printed), Stream("stderr", printed)
    errors = []
    try:
        value = await eval_code_async(code, namespace, filename=name)
        if value is not None:
            present(value, show, printed)
    except BaseException as caught:  # SystemExit and KeyboardInterrupt end a cell, not the page
        errors.append(caught)
    finally:
        sys.stdout, sys.stderr = streams
        printed.flush()
    try:
        show_figures(show)
    except Exception as caught:  # such as a title with a formula that cannot be read
        errors.append(caught)
    for error in errors[:1]:
        show("error", short_traceback(error), headline(error, name))
    return not errors


def clear():
    """Forget what the cells have defined."""
    namespace.clear()
    namespace["__name__"] = "__main__"


def present(value, show, printed):
    """Show the value of a cell's last line, as HTML where it has that form."""
    html = getattr(value, "_repr_html_", lambda: None)()
    text = None if html else repr(value)
    printed.flush()
    show(*(("html", html) if html else ("text", text)))


def show_figures(show):
    """Show the figures that are open, as Jupyter does, and close them."""
    if "matplotlib.pyplot" not in sys.modules:
        return
    from matplotlib import pyplot as plt

    try:
        for number in plt.get_fignums():
            figure, file = plt.figure(number), io.BytesIO()
            if figure.axes:
                figure.savefig(file, format="png", dpi=figure.dpi, bbox_inches="tight")
                show("png", base64.b64encode(file.getvalue()).decode("ascii"))
    finally:
        plt.close("all")


def short_traceback(error):
    """Return a traceback with the lines of the page's cells alone."""
    told = traceback.TracebackException.from_exception(error)
    frames = [frame for frame in told.stack if frame.filename.startswith("<cell ")]
    lines = []
    for frame in frames:
        where = "" if frame.name == "<module>" else f", in {frame.name}"
        lines.append(f"line {frame.lineno}{where}:\n    {frame.line}\n")
    return "".join([*lines, *told.format_exception_only()]).rstrip()


def headline(error, name):
    """Return an error in one line: its type, its line in the cell of this name, its message."""
    told = traceback.TracebackException.from_exception(error)
    lines, message = [f.lineno for f in told.stack if f.filename == name], str(told)
    if isinstance(error, SyntaxError) and error.filename == name:
        lines, message = [error.lineno], error.msg
    where = f" on line {lines[-1]}" if lines else ""
    return " ".join(f"{type(error).__name__}{where}: {message}".split()).removesuffix(":")
