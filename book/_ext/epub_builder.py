"""Write the book as an EPUB: for readers on a phone, on an e-reader, or without a network.

``jupyter-book build . --builder custom --custom-builder epub`` writes it from the same sources as
the site. It has no theme and no script. Formulas are MathML, the one that the site keeps for screen
readers. A live figure is its picture (see live_pictures.py), and what a reader opens on the site
is opened here as well: choices and solutions are ``<details>``.

The same sources give the same bytes: the times inside are that of the youngest source, or
SOURCE_DATE_EPOCH.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import time
import uuid
import zipfile
from html import escape
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit
from xml.etree import ElementTree

from anki_deck import edition
from book_cover import draw_cover
from bs4 import BeautifulSoup
from docutils import nodes
from sphinx import addnodes
from sphinx.builders.epub3 import Epub3Builder
from sphinx.highlighting import PygmentsBridge

import softmax

PAGE = """\
<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" \
lang="{language}" xml:lang="{language}">
<head>
<title>{title}</title>
<link rel="stylesheet" href="{static}pygments.css"/>
<link rel="stylesheet" href="{static}epub.css"/>
</head>
<body epub:type="{kind}">
{body}
</body>
</html>
"""
COVER = "_static/cover.png"
URL = "%/:?#@!$&'()*+,;=~[]"  # what stays as it is in an address
FORMULA = re.compile(
    r"<mjx-container.*?(<math.*?</math>)</mjx-assistive-mml></mjx-container>", re.DOTALL
)
NOT_MATHML = re.compile(r' data-mjx-\w+="[^"]*"')
OPF, SCHEMA = "http://www.idpf.org/2007/opf", "schema:"
ACCESSIBILITY = {
    "accessMode": ["textual", "visual"],
    "accessModeSufficient": ["textual"],
    "accessibilityFeature": ["alternativeText", "MathML", "structuralNavigation",
                             "tableOfContents", "displayTransformability"],
    "accessibilityHazard": ["none"],
    "accessibilitySummary": ["Formulas are MathML, and figures have alternative texts."],
}  # fmt: skip


def as_xhtml(body, leads_to):
    """Return the HTML of a page as XHTML, without what only the site can use.

    `leads_to` returns where a link leads, or None to leave only its text.
    """
    body = NOT_MATHML.sub("", FORMULA.sub(r"\1", body))
    soup = BeautifulSoup(body, "html.parser")
    for node in soup.select("script, style, link, input, button, .headerlink, .what-is-checked"):
        node.decompose()
    for label in soup.select("label"):  # of a tab
        label.name, label.attrs = "p", {"class": "tab"}
    for solution in soup.select("div.solution.dropdown"):
        solution.name = "details"
        solution.select_one(".admonition-title").name = "summary"
    for summary in soup.select("summary"):
        summary.attrs.pop("aria-label", None)  # of a button
        for node in summary.select(".expanded, svg"):
            node.decompose()
        for paragraph in summary.select("p"):
            paragraph.name = "span"
    for node in soup.select(".citation-list, .citation"):
        del node["role"]
    known = set()
    for node in soup.select("[id]"):
        if node["id"] in known:  # all solutions have the same
            del node["id"]
        known.add(node.get("id"))
    for link in soup.select("a[href]"):
        address = leads_to(link["href"])
        if address is None:
            link.unwrap()
        else:
            link["href"] = quote(address, safe=URL)
    for picture in soup.select("svg"):
        picture["xmlns"] = "http://www.w3.org/2000/svg"
        picture["viewBox"] = picture.attrs.pop("viewbox")
    return soup.decode(formatter="minimal")


class EpubBuilder(Epub3Builder):
    """Sphinx's builder of EPUB 3 with pages of our own."""

    supported_data_uri_images = False  # they become files

    def init_highlighter(self):
        """Color code so that it can be read on any paper."""
        self.highlighter = PygmentsBridge("html", "a11y-high-contrast-light")
        self.dark_highlighter = None

    def get_outdated_docs(self):
        """Write all pages each time, so that the archive holds no picture of an older edition."""
        return self.env.found_docs

    def fix_fragment(self, prefix, fragment):
        """Leave anchors as they are on the site."""
        return prefix + fragment

    def prepare_writing(self, docnames):
        """Begin with an empty folder, and leave out the lists of theorems and modules."""
        shutil.rmtree(self.outdir)
        Path(self.outdir).mkdir()
        super().prepare_writing(docnames)
        self.domain_indices = []

    def leads_to(self, page, link):
        """Return where a link on a page leads: to what is in the book, or else to the site."""
        path = urlsplit(link).path
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
        if urlsplit(link).scheme or not path or target.removesuffix(".xhtml") in self.env.all_docs:
            return link
        site = self.config.html_baseurl
        return urljoin(f"{site}{page}.html", link) if site else None

    def handle_page(
        self, pagename, addctx, templatename="page.html", outfilename=None, event_arg=None
    ):
        """Write a page."""
        body, kind = addctx.get("body"), "bodymatter"
        if body is None:
            alt = f"Cover: {self.config.epub_title}"
            body, kind = (
                f'<div class="cover"><img src="{COVER}" alt="{escape(alt)}"/></div>',
                "cover",
            )
        text = PAGE.format(
            language=self.config.epub_language,
            title=escape(BeautifulSoup(addctx["title"], "html.parser").text, quote=False),
            static="../" * pagename.count("/") + "_static/",
            kind=kind,
            body=as_xhtml(body, lambda link: self.leads_to(pagename, link)),
        )
        path = Path(self.get_outfilename(pagename))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def gen_indices(self):
        """Write no index: a reader of EPUB searches."""

    gen_pages_from_extensions = gen_additional_pages = gen_indices

    def copy_static_files(self):
        """Write the style sheets and the cover, and nothing of the site."""
        static = Path(self.outdir, "_static")
        static.mkdir()
        self.create_pygments_style_file()
        shutil.copyfile(Path(__file__).with_name("epub.css"), static / "epub.css")
        draw_cover(Path(self.outdir, COVER), self.config.epub_title)

    def get_toc(self):
        """List the parts, their chapters with the numbers of the site, and the sections."""

        def entry(level, page, text, anchor=""):
            address = self.get_target_uri(page) + anchor
            return {"level": level, "refuri": address, "text": escape(text)}

        root = self.config.root_doc
        self.refnodes = [entry(1, root, self.env.titles[root].astext())]
        for part in self.env.get_doctree(root).findall(addnodes.toctree):
            first = part["includefiles"][0]
            heading = self.env.get_doctree(first).next_node(nodes.section)["ids"][0]
            self.refnodes.append(entry(1, first, part["caption"]))
            for page in part["includefiles"]:
                number = self.env.toc_secnumbers.get(page, {}).get("") or ()
                title = " ".join([*map(str, number), self.env.titles[page].astext()])
                # The part leads to the page, and its first chapter to the heading below that.
                self.refnodes.append(entry(2, page, title, f"#{heading}" if page == first else ""))
                _, *inside = self.env.tocs[page].children[0].children
                for section in inside[0].children if inside else ():
                    link = section.next_node(nodes.reference)
                    self.refnodes.append(entry(3, page, link.astext(), link["anchorname"]))

    def content_metadata(self):
        """Return what the package says of itself, with the time of the edition."""
        modified = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(edition(self.app)))
        return super().content_metadata() | {"date": modified}

    def toc_metadata(self, level, navpoints):
        """Return what the contents for older readers say of the book: its identifier."""
        identifier = self.config.epub_identifier
        return super().toc_metadata(level, navpoints) | {"uid": identifier}

    def build_content(self):
        """Write the package document, with what EPUB 3 asks for and Sphinx does not say."""
        super().build_content()
        path = Path(self.outdir, "content.opf")
        for prefix, name in [("", OPF), ("dc", "http://purl.org/dc/elements/1.1/")]:
            ElementTree.register_namespace(prefix, name)
        tree = ElementTree.parse(path)
        for item in tree.iter(f"{{{OPF}}}item"):
            if properties := self.properties(item.get("href")):
                item.set("properties", " ".join(properties))
        metadata = tree.find(f"{{{OPF}}}metadata")
        for name, values in ACCESSIBILITY.items():
            for value in values:
                meta = ElementTree.SubElement(metadata, f"{{{OPF}}}meta", property=SCHEMA + name)
                meta.text = value
        ElementTree.indent(tree)
        tree.write(path, encoding="utf-8", xml_declaration=True)

    def properties(self, name):
        """Return what the package says of a file."""
        if name == COVER:
            return ["cover-image"]
        if name == "nav.xhtml":
            return ["nav"]
        if not name.endswith(".xhtml"):
            return []
        text = Path(self.outdir, name).read_text(encoding="utf-8")
        return [kind for kind, tag in {"mathml": "<math", "svg": "<svg"}.items() if tag in text]

    def build_epub(self):
        """Write the archive: the same files make the same bytes."""
        when = time.gmtime(max(edition(self.app), 315532800))[:6]  # a zip knows no time before 1980
        names = ["mimetype", "META-INF/container.xml", "content.opf", "toc.ncx", *self.files]
        with zipfile.ZipFile(Path(self.outdir, f"{self.config.epub_basename}.epub"), "w") as epub:
            for name in names:
                kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
                info = zipfile.ZipInfo(name, when)
                epub.writestr(info, Path(self.outdir, name).read_bytes(), kind)


def name_book(app, config):
    """Fill in what is known elsewhere; the identifier stays the same wherever the book lives."""
    config.epub_identifier = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_DNS, config.epub_basename)}"
    config.epub_title = config.html_title
    config.version = softmax.__version__
    config.epub_cover = (COVER, "cover")


def setup(app):
    """Register with Sphinx."""
    app.add_builder(EpubBuilder, override=True)
    app.connect("config-inited", name_book)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
