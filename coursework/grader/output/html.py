"""Pages in HTML and Markdown from the templates of this folder."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from coursework.grader.sanitize import clean, one_line


def render(template, **values):
    """Return a page from a template; in HTML, all `values` are cleaned and escaped."""
    return _TEMPLATES.get_template(template).render(values)


def own_html(text):
    """Return one of our own texts in HTML: `name` between backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(one_line(text)))))


def _finalize(value):
    return value if isinstance(value, Markup) else clean(value)


_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=jinja2.select_autoescape(["html"]),
    finalize=_finalize,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
