"""Write the entries of the glossary into one script, from which ``_static/glossary.js`` shows them.

A page loads it when a reader rests on a term for the first time. The entries are taken from the
page of the glossary as it was written, so their formulas are typeset. The style sheet of those
comes along: that of another page knows only the characters that the page uses itself.
"""

import json
import posixpath
import re
from pathlib import Path
from urllib.parse import urlsplit

from bs4 import BeautifulSoup
from typeset_math import STYLES

GLOSSARY = re.compile(r'<dl class="[^"]*\bglossary\b.*?</dl>', re.DOTALL)
FONTS = re.compile(r"url\([^)]*/mathjax(?=/)")


def read_glossary(html, page):
    """Return the entries of a page's glossary as HTML, by the anchors of their terms.

    Links in them lead from the root of the site.
    """
    soup = BeautifulSoup("".join(GLOSSARY.findall(html)), "html.parser")
    for link in soup.select("dd a[href]"):
        if not urlsplit(link["href"]).scheme:
            path = urlsplit(link["href"]).path
            address = posixpath.normpath(posixpath.join(posixpath.dirname(page), path or page))
            link["href"] = address + link["href"].removeprefix(path)
    return {
        term["id"]: term.find_next_sibling("dd").decode_contents().strip()
        for term in soup.select("dt[id]")
    }


def write_entries(app, exception):
    """Write the script; Sphinx knows which pages have a glossary."""
    if exception or app.builder.name != "html":
        return
    entries, styles = {}, set()
    objects = app.env.get_domain("std").get_objects()
    for name in {page for _, _, kind, page, _, _ in objects if kind == "term"}:
        html = Path(app.builder.get_outfilename(name)).read_text("utf-8")
        entries |= read_glossary(html, app.builder.get_target_uri(name))
        styles |= {FONTS.sub("url(FONTS", sheet) for sheet in STYLES.findall(html)}
    data = json.dumps({"entries": entries, "styles": "".join(styles)}, ensure_ascii=False)
    path = Path(app.outdir, "_static", "glossary-entries.js")
    path.write_text(f"bookGlossary.add({data});\n", encoding="utf-8")


def setup(app):
    """Register with Sphinx, after all that writes pages."""
    app.add_js_file("glossary.js", loading_method="defer")
    app.connect("build-finished", write_entries, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
