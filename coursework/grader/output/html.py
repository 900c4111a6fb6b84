"""HTML pages from the templates of this folder."""

from __future__ import annotations

from pathlib import Path

import jinja2

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template, **values):
    """Return an HTML page from a template; all `values` are escaped in it."""
    return _TEMPLATES.get_template(template).render(values)
