"""What all live figures share: an HTML element, its script, and a picture for the time without.

Each figure has a folder: ``figure.py`` checks the arguments and draws the picture, ``view.mjs``
shows the figure in the reader's browser, and ``numerics.mjs``, where there is one, computes its
numbers there. A notebook's output is a single piece of HTML, so a view and what it imports are
written into one script.
"""

from __future__ import annotations

import base64
import html
import io
import json
import posixpath
import re
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.figure import Figure

IMPORT = re.compile(r'^import [^;]*? from "(\.{1,2}/[\w/-]+\.mjs)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const)\b)", re.MULTILINE)
COMMENT = re.compile(r"^[ \t]*//.*\n", re.MULTILINE)
# A function or a constant: one line, or indented lines down to the bracket that closes them.
DECLARATION = re.compile(
    r"^(?:export )?(?:function|const) (\w+)(?:.*;\n|.*\n(?:(?: .*)?\n)*?[}\])].*\n)\n*", re.M
)
# Enough for a figure of 6 inches on a screen of double density, and still a light page.
DPI = 120


class LiveFigure:
    """A figure that the reader can operate; a picture of it where there is no JavaScript.

    Parameters
    ----------
    name : str
        Name of the figure: ``_name/view.mjs`` defines the element ``<softmax-name>``.
    start : dict
        What the element starts from; JSON must be able to hold it. NumPy arrays are written as
        lists with `numpy.ndarray.tolist`.
    title : str
        A few words, for the text representation.
    limits : dict, optional
        What the controls can hold, such as the largest logit; JSON must be able to hold it. The
        view reads it, so that no limit is written twice.
    draw : callable
        Draws the picture on the empty `matplotlib.figure.Figure` that it is called with.
    alt : str
        What the picture shows, for readers who do not see it.
    """

    def __init__(
        self,
        name: str,
        start: dict[str, Any],
        *,
        title: str,
        limits: dict[str, Any] | None = None,
        draw: Callable[[Figure], None],
        alt: str,
    ):
        self.name = name
        self.start = start
        self.limits = {} if limits is None else limits
        self.title = title
        self.draw = draw
        self.alt = alt

    def __repr__(self):
        return f"<softmax.live: {self.title}>"

    def _repr_html_(self):
        return (
            f"<softmax-{self.name}{_data('start', self.start)}{_data('limits', self.limits)}>\n"
            f'<img src="{self._picture()}" alt="{html.escape(self.alt)}">\n'
            "<p>This is a picture of a live figure. "
            "Where JavaScript runs, you can change its values here.</p>\n"
            f"</softmax-{self.name}>\n"
            f'<script type="module">\n{script(self.name)}</script>'
        )

    def _picture(self):
        """Return the picture as an address that holds all of it."""
        import matplotlib.pyplot as plt  # slow, and not needed before a figure is shown
        from matplotlib.figure import Figure
        from matplotlib.text import Text

        with plt.style.context("softmax.book"):
            # Not one of pyplot's figures, which Jupyter would show a second time.
            figure = Figure()
            self.draw(figure)
            # Our titles hold formulas. Words of the caller with two dollar signs are none.
            words = [word for word in strings(self.start) if word.count("$") > 1]
            for text in figure.findobj(Text):
                text.set_parse_math(not any(word in text.get_text() for word in words))
            file = io.BytesIO()
            figure.savefig(file, format="png", dpi=DPI)
        return "data:image/png;base64," + as_base64(file.getvalue())


def strings(value: Any) -> Iterator[str]:
    """Yield the strings in a value that JSON can hold."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def as_base64(data: bytes) -> str:
    """Return bytes as text that JSON and HTML can hold."""
    return base64.b64encode(data).decode("ascii")


def _data(name, value):
    """Return the data attribute `name` of an element, or nothing if `value` is empty."""
    text = html.escape(json.dumps(value, allow_nan=False))
    return f' data-{name}="{text}"' if value else ""


@cache
def script(name):
    """Return the view of a figure and all that it imports as one script.

    Only what is at the start of a line is understood, which is all that our modules use:
    ``import {…} from "./other.mjs";``, ``export function``, ``class`` or ``const``, and comments
    on lines of their own. Functions that the figure does not use are left out. The script is a
    module too, so its names are private to it: several figures on a page do not meet.

    Parameters
    ----------
    name : str
        Name of the figure, whose view is ``_name/view.mjs``.

    Returns
    -------
    str
        JavaScript without imports and exports.
    """
    parts = {}

    def add(module):
        if module in parts:
            return
        text = files("softmax.live").joinpath(module).read_text(encoding="utf-8")
        parts[module] = None  # on its way: modules that import each other are not read forever
        for imported in IMPORT.findall(text):
            add(posixpath.normpath(posixpath.join(posixpath.dirname(module), imported)))
        # Move it behind what it imports.
        del parts[module]
        parts[module] = COMMENT.sub("", IMPORT.sub("", text))

    add(f"_{name}/view.mjs")
    return EXPORT.sub("", without_unused("".join(parts.values())))


def without_unused(text):
    """Return a script without the functions and constants whose name it never says again."""
    said = Counter(re.findall(r"\w+", text))
    shorter = DECLARATION.sub(lambda match: match[0] if said[match[1]] > 1 else "", text)
    # One that is left out may have been the only one to use another.
    return text if shorter == text else without_unused(shorter)
