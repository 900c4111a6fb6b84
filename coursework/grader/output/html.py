"""Pages in HTML and Markdown from the templates of this folder."""

from __future__ import annotations

from pathlib import Path

import jinja2

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=jinja2.select_autoescape(["html"]),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template, **values):
    """Return a page from a template; in HTML, all `values` are escaped."""
    return _TEMPLATES.get_template(template).render(values)
