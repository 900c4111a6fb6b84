"""Show live figures as their pictures where no script runs: in an EPUB and on paper.

The figure brings its picture along, with an alternative text (see softmax/live/). Below it is
where the live one is, as far as that is known.
"""

from __future__ import annotations

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform

NOTE = "A picture of a live figure. On the site of the book, you can change its values"


class LivePictures(SphinxPostTransform):
    """Replace each live figure by its picture, before MyST-NB chooses among forms of an output."""

    default_priority = 3
    builders = ("epub", "latex")

    def run(self, **kwargs):
        """Replace the figures of a document."""
        for form in list(self.document.findall(nodes.raw)):
            if form.astext().startswith("<softmax-"):
                bundle = form
                while bundle.get("nb_element") != "mime_bundle":
                    bundle = bundle.parent
                bundle.replace_self(self.picture(form))

    def picture(self, form):
        """Return the picture of a figure, and the note below it."""
        image = BeautifulSoup(form.astext(), "html.parser").find("img")
        page = form
        while page.parent and not isinstance(page, addnodes.start_of_file):
            page = page.parent
        address = self.config.html_baseurl and (
            f"{self.config.html_baseurl}{page.get('docname', self.env.docname)}.html"
        )
        where = nodes.reference("", "", nodes.Text(address), refuri=address) if address else None
        note = nodes.emphasis("", f"{NOTE}: " if where else f"{NOTE}.")
        return [
            # Sphinx writes the data into a file.
            nodes.image("", uri=image["src"], alt=image["alt"], candidates={"?": ""}),
            nodes.raw("", r"\par\nobreak", format="latex"),
            nodes.paragraph("", "", *filter(None, [note, where]), classes=["live-note"]),
        ]


def setup(app):
    """Register with Sphinx."""
    app.add_post_transform(LivePictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
