"""Pages in HTML and Markdown from the templates of this folder.

No text of a student can be markup in them. In HTML, all is cleaned and escaped by Jinja. In
Markdown, such a text is code, between backticks of which there are always more around it than in
it (CommonMark 0.31, sections 4.5 and 6.1); other text has its special characters escaped. All of
it is cleaned first: afterwards, this could make one run of backticks of two.
"""

import re
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from coursework.grader.output.wording import in_message, in_points
from coursework.grader.sanitize import clean, one_line


def render(template, **values):
    """Return a page from a template, which ends in ``.html`` or ``.md``."""
    forms = MARKDOWN if template.endswith(".md") else {"own": _own_html}
    return _TEMPLATES.get_template(template).render(values, **forms)


def _own_html(text):
    """Return one of our own texts in HTML: `name` between backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(clean(text)))))


def _own(text):
    """Return one of our own texts in Markdown: `name` between backticks stays code."""
    parts = re.split(r"(`[^`]+`)", clean(text))
    return "".join(part if part.startswith("`") else _escape(part) for part in parts)


def _text(text):
    """Return one line of text with every character escaped that Markdown could take for its own."""
    text = _escape(one_line(text))
    text = re.sub(r"^(\d+)(?=[.)])", r"\1\\", text)
    return re.sub(r"^(?=[-+=:])", r"\\", text)


def _escape(text):
    return re.sub(r"([\\`*_{}\[\]<>&|~$^#!])", r"\\\1", text)


def as_code(text):
    """Return a text as code on one line, in which Markdown has no meaning."""
    text = one_line(text)
    if not text:
        return ""
    fence = "`" * (_longest_run(text) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _block(text):
    text = clean(text)
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}text\n{text}\n{fence}"


def _longest_run(text):
    return max(map(len, re.findall("`+", text)), default=0)


def _quote(text):
    """Return a text as a quotation, line by line."""
    return "\n".join(f"> {_text(line)}".rstrip() for line in text.split("\n"))


# What makes a text safe for the place in the template where it stands.
MARKDOWN = {"text": _text, "own": _own, "code": as_code, "block": _block, "quote": _quote}
_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=jinja2.select_autoescape(["html"]),
    finalize=lambda value: value if isinstance(value, Markup) else clean(value),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals |= {"in_points": in_points, "in_message": in_message}
