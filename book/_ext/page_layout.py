"""Lay out a chapter of the site so that something to play with is on the first screen.

The box *In this chapter* goes below the live figure that a chapter opens with, and the code of a
live figure below the figure. The source keeps its order, and so do the EPUB, the PDF and the
notebooks. Printed sentences are marked, for a phone breaks their lines, and leaves tables whole.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

BOX = "In this chapter"
# A line that begins with a bracket, or has a gap, is a row of a table or of an array.
ROW = re.compile(r"^ *[(\[]|\S  ", re.MULTILINE)


def is_live(node):
    """Return whether a node holds a live figure."""
    return any(raw.astext().startswith("<softmax-") for raw in node.findall(nodes.raw))


class PageLayout(SphinxPostTransform):
    """Move the box and the code, and mark the sentences."""

    default_priority = 200  # after MyST-NB has hidden code
    builders = ("html",)

    def run(self, **kwargs):
        """Lay out a document."""
        cells = [n for n in self.document.findall(nodes.container) if "cell_metadata" in n]
        for cell in cells:
            for text in cell.findall(nodes.literal_block):
                if "output" in text["classes"] and not ROW.search(text.astext()):
                    text["classes"].append("prose")
        live = [cell for cell in cells if is_live(cell)]
        for cell in live:
            if len(cell) > 1:
                cell.append(cell.pop(0))
        for box in self.document.findall(nodes.admonition):
            beside = box.parent.children
            after = [cell for cell in live if cell in beside[beside.index(box) :]]
            if box[0].astext() == BOX and after:
                box.parent.remove(box)
                beside.insert(beside.index(after[0]) + 1, box)


def setup(app):
    """Register with Sphinx."""
    app.add_post_transform(PageLayout)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
