"""Show the references of a docstring by their own numbers.

numpydoc makes the labels of all docstrings on a page differ, and then takes the difference out
again, but not where they are mentioned: by then Sphinx has made cross-references of those.
"""

import re

from docutils import nodes
from sphinx.addnodes import pending_xref

LABEL = re.compile(r"\[R[0-9a-f]{12}-(?P<number>\w+)\]")


def show_numbers(app, doctree):
    """Rename the mentions: [Rd61f121fc0e8-5] is [5]."""
    for mention in doctree.findall(pending_xref):
        for text in list(mention.findall(nodes.Text)):
            if match := LABEL.fullmatch(text):
                text.parent.replace(text, nodes.Text(f"[{match['number']}]"))


def setup(app):
    """Register with Sphinx."""
    app.connect("doctree-read", show_numbers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
