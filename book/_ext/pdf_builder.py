"""Write the book for paper, by XeLaTeX.

``jupyter-book build . --builder latex`` writes what latexmk makes the PDF of, see the Makefile. The
numbers of formulas, figures, tables, theorems and exercises are those of the site: LaTeX counts
chapters and sections only. What a reader opens on the site is printed. Solutions and the answers to
*Check yourself* are at the end of their chapter, the code that draws figures is left out, and live
figures are pictures (see live_pictures.py).
"""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import matplotlib
from anki_deck import edition
from book_cover import draw_cover
from chapter_map import COLUMN, ROW, chapter_map, read_chapters
from check_yourself import element
from docutils import nodes
from question_parser import TITLE
from sphinx import addnodes
from sphinx.builders.latex import LaTeXBuilder
from sphinx.locale import admonitionlabels
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.latex import LaTeXTranslator
from sphinx_design.shared import is_component
from sphinx_exercise.nodes import (
    exercise_enumerable_node,
    exercise_latex_number_reference,
    solution_node,
)
from sphinx_proof.nodes import NODE_TYPES, proof_node

import softmax

STYLE = "book/_latex/softmaxbook.sty"
A4 = (8.27, 11.69)  # inches
FONTS = Path(matplotlib.get_data_path(), "fonts", "ttf")  # those of the figures
PAPER_COLORS = ("bookblue", "bookorange", "bookgreen")  # of the parts
CENTIMETER = 61  # units of the map
WELCOME = "About this book"  # the page of the start
SIGNS = re.compile(r"\\_|\\sphinxhyphen\{\}|[.,:=(/]")  # of code
CJK = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]+")


class box(nodes.General, nodes.Element):
    """Something with a heading, its first child: `style` names the environment of LaTeX."""


class heading(nodes.General, nodes.TextElement):
    """The heading of a box."""


def boxed(style, title, *content, ids=()):
    """Return a box; content in a section of its own is taken out of it."""
    inside = []
    for node in content:
        inside += node.children if isinstance(node, nodes.section) else [node]
    return box("", heading("", "", *title), *inside, style=style, ids=list(ids))


def latex(text):
    """Return a node of LaTeX."""
    return nodes.raw("", text, format="latex")


def number_of(env, docname, name):
    """Return the number that something has on the site, or an empty string."""
    for numbers in env.toc_fignumbers.get(docname, {}).values():
        if name in numbers:
            return ".".join(map(str, numbers[name]))
    return ""


class PrintedElements(SphinxPostTransform):
    """Turn what the site opens, numbers or shows side by side into boxes."""

    default_priority = 300  # after references and titles are resolved
    builders = ("latex",)

    def run(self, **kwargs):
        """Replace the elements of the book, the inner ones first."""
        self.labels = {
            f"cite.{node['docname']}:{node['ids'][0]}": node[0].astext()
            for node in self.document.findall(nodes.citation)
        }
        for file in self.document.findall(addnodes.start_of_file):
            self.answers = []
            for node in reversed(list(file.findall(nodes.Element))):
                printed = self.printed(node, file["docname"])
                if printed:
                    node.parent.replace(node, printed)
                elif printed is not None:
                    node.parent.remove(node)
            if self.answers:
                chapter = file.next_node(nodes.section)
                chapter += [latex(r"\bookanswers"), *reversed(self.answers)]

    def printed(self, node, docname):
        """Return what is printed for a node, or None to leave it as it is."""
        if isinstance(node, nodes.container):
            return self.printed_container(node)
        if isinstance(node, element):
            if node["attributes"].get("class") == "check-yourself":
                return self.question(node)
            if node["attributes"].get("class") == "claims":
                title, *content = node.children
                return boxed("dropdown", title.children, *content)
            if node["attributes"].get("class") == "what-is-checked":
                return []  # it is for those who write on the site or in a notebook
            if node["attributes"].get("class") in ("starter", "cell_input"):
                return node.children
        if isinstance(node, proof_node):
            node[0][-1] += latex(r"\bookqed")
            return boxed("proof", [], *node[0].children)
        if isinstance(node, tuple(NODE_TYPES.values())):
            title, *content = node.children
            kind = f"{node['realtype'].title()} {number_of(self.env, docname, node['ids'][0])}"
            title = [nodes.Text(kind), *title.children]
            return boxed("theorem", title, *content, ids=node["ids"])
        if isinstance(node, nodes.citation):
            return self.citation(node)
        if isinstance(node, nodes.citation_reference):
            name = f"cite.{node['docname']}:{node['refname']}"
            return latex(rf"\hyperlink{{{name}}}{{[{self.labels[name]}]}}")
        if isinstance(node, exercise_latex_number_reference):
            return nodes.reference("", "", *node.children, refid=node["refid"])
        if isinstance(node, exercise_enumerable_node):
            title, *content = node.children
            return boxed("exercise", title.children, *content, ids=node["ids"])
        if isinstance(node, solution_node):
            title, *content = node.children
            self.answers.append(boxed("solution", title.children[1:], *content, ids=node["ids"]))
            return []
        if isinstance(node, nodes.raw) and node.astext() == "<br>":
            return latex(r"\newline{}")
        if isinstance(node, nodes.paragraph) and all(
            isinstance(child, nodes.raw) or child.astext() == ", " for child in node
        ):
            return []  # of an empty cell, or what numpydoc lists so that LaTeX keeps a source
        if isinstance(node, addnodes.seealso):
            return boxed("dropdown", [nodes.Text(admonitionlabels["seealso"])], *node.children)
        if isinstance(node, nodes.admonition) and isinstance(node[0], nodes.title):
            title, *content = node.children
            return boxed("admonition", title.children, *content, ids=node["ids"])
        return None

    def printed_container(self, node):
        """Return what is printed for a dropdown, a tab or a cell, or None."""
        if is_component(node, "dropdown"):
            title, *content = node.children
            return boxed("dropdown", title.children, *content, ids=node["ids"] + title["ids"])
        if is_component(node, "tab-item"):
            title, *content = node.children
            return boxed("tab", title.children, *content)
        if node.get("nb_element") == "cell_code_source" and node.parent.get("hide_mode"):
            return []
        return None

    def citation(self, node):
        """Return a source where it is listed; those of the package have a number."""
        label, *content = node.children
        name = f"cite.{node['docname']}:{node['ids'][0]}"
        number = [nodes.Text(f"[{label.astext()}] ")] if label.astext().isdigit() else []
        return boxed("citation", [latex(rf"\hypertarget{{{name}}}{{}}"), *number], *content)

    def question(self, node):
        """Return a question with its choices, and keep what is to be said of each."""
        _, asked, listed = node.children
        name = asked["ids"][0]
        title = f"{TITLE} {name.rpartition('-')[2]}"
        options = {"enumtype": "upperalpha", "prefix": "", "suffix": "."}
        choices, answers = nodes.enumerated_list(**options), nodes.enumerated_list(**options)
        for choice in map(nodes.list_item.next_node, listed.children):
            text, *explanation = choice.children
            choices += nodes.list_item("", nodes.paragraph("", "", *text.children))
            answers += nodes.list_item("", *explanation)
        answer = nodes.make_id(f"{name}-answer")
        self.answers.append(boxed("solution", [nodes.Text(title)], answers, ids=[answer]))
        where = nodes.reference("", "", nodes.Text(title), refid=answer)
        return boxed("question", [where], *asked.children, choices, ids=[name])


class TermPages(SphinxPostTransform):
    """Put the terms of the glossary into the index, and say where each appears first."""

    default_priority = 301
    builders = ("latex",)

    def run(self, **kwargs):
        """Add an entry of the index at each link to a term."""
        terms = {
            f"%{file['docname']}#{name}": term
            for file in self.document.findall(addnodes.start_of_file)
            for glossary in file.findall(addnodes.glossary)
            for term in glossary.findall(nodes.term)
            for name in term["ids"]
        }
        first = {}
        for link in list(self.document.findall(nodes.reference)):
            term = terms.get(link.get("refuri"))
            if term is None or not self.is_in_text(link):
                continue
            at = link.parent.index(link)
            shown = next(term.findall(nodes.Text)).astext()
            link.parent.insert(at, addnodes.index(entries=[("single", shown, "", "", None)]))
            if term not in first:
                first[term] = f"first:{term['ids'][0]}"
                link.parent.insert(at, latex(rf"\phantomsection\label{{{first[term]}}}"))
        for term, label in first.items():
            definition = term.parent.next_node(nodes.definition)
            definition[-1].append(latex(rf"\firstuse{{{label}}}"))

    def is_in_text(self, link):
        """Return whether an entry of the index can stand at a link."""
        node = link
        while node := node.parent:
            if isinstance(node, (nodes.title, nodes.caption, heading, nodes.table,
                                 addnodes.glossary)):  # fmt: skip
                return False
        return True


class Parts(SphinxPostTransform):
    """Open each part, and make the page of the start a chapter before the first."""

    default_priority = 710
    builders = ("latex",)

    def run(self, **kwargs):
        """Put commands before the first chapter of each part."""
        document = self.document
        files = {file["docname"]: file for file in document.findall(addnodes.start_of_file)}
        for part in self.env.get_doctree(self.config.root_doc).findall(addnodes.toctree):
            first = files[part["includefiles"][0]]
            depth = 2 if part["numbered"] else -1
            command = rf"\bookpart{{{part['caption']}}}\setcounter{{secnumdepth}}{{{depth}}}"
            first.parent.insert(first.parent.index(first), latex(command))
        start = document.next_node(nodes.section)
        chapters = [node for node in document.findall(nodes.compound)
                    if "toctree-wrapper" in node["classes"]]  # fmt: skip
        for node in chapters:
            node.parent.remove(node)
        title, *own = start.children
        start.children = [title]
        start += latex(r"\setcounter{secnumdepth}{-2}")
        start += nodes.section("", nodes.title("", WELCOME), *own)
        start += chapters


class PrintedBook(LaTeXTranslator):
    """Write LaTeX whose numbers are those of the site."""

    def number(self, name):
        """Return the number of something on the page that is written."""
        return number_of(self.builder.env, self.curfilestack[-1], name)

    def visit_math_block(self, node):
        """Write a formula, with its number if it has a label."""
        if node.get("label"):
            number = self.number(node["ids"][0])
            self.body.append(rf"\renewcommand{{\theequation}}{{{number}}}")
        super().visit_math_block(node)

    def visit_caption(self, node):
        """Write a caption with the number of its figure."""
        if isinstance(node.parent, nodes.figure) and node.parent["ids"]:
            number = self.number(node.parent["ids"][0])
            self.body.append(rf"\renewcommand{{\thefigure}}{{{number}}}")
        super().visit_caption(node)

    def visit_table(self, node):
        """Open a table with its number."""
        if node["ids"] and (number := self.number(node["ids"][0])):
            self.body.append(rf"\renewcommand{{\thetable}}{{{number}}}" "\n")
        super().visit_table(node)

    def visit_number_reference(self, node):
        """Write the number of something, as a link."""
        docname, name = self.curfilestack[-1], node.get("refid")
        if not name:
            docname, _, name = node["refuri"][1:].partition("#")
        text = node["title"].replace("%s", number_of(self.builder.env, docname, name))
        address = self.idescape(f"{docname}:{name}")
        self.body.append(rf"\hyperref[{address}]{{{self.escape(text).replace(' ', '~')}}}")
        raise nodes.SkipNode

    def visit_Text(self, node):
        """Write text; code breaks after its signs."""
        super().visit_Text(node)
        if isinstance(node.parent, nodes.literal) and not self.in_title:
            self.body[-1] = SIGNS.sub(r"\g<0>\\allowbreak{}", self.body[-1])

    def visit_index(self, node):
        """Write entries of the index with plain hyphens, so that equal ones are one."""
        start = len(self.body)
        try:
            super().visit_index(node)
        finally:
            self.body[start:] = [
                text.replace(r"\sphinxhyphen{}", "-") for text in self.body[start:]
            ]

    def encode(self, text):
        """Escape text, with Chinese in its font."""
        return CJK.sub(r"{\\cjkfont \g<0>}", super().encode(text))


def visit_box(self, node):
    """Open a box."""
    self.no_latex_floats += 1
    self.body.append("\n\\begin{book" + node["style"] + "}")


def depart_box(self, node):
    """Close a box."""
    self.no_latex_floats -= 1
    self.body.append("\n\\end{book" + node["style"] + "}\n")


def visit_heading(self, node):
    """Open the heading of a box."""
    self.body.append("{")


def depart_heading(self, node):
    """Close the heading of a box, and let links lead here."""
    labels = "".join(self.hypertarget(name) for name in node.parent["ids"])
    self.body.append(f"}}{labels}%\n")


def visit_map(self, node):
    """Draw the map of the chapters."""
    parts, chapters = read_chapters(Path(self.builder.srcdir))
    self.body.append("\n\\begin{center}\\begin{tikzpicture}[chapter/.style={draw, thick, "
                     "rounded corners, fill=white, align=center, text width=2.5cm, "
                     "minimum height=1cm, font=\\sffamily\\footnotesize}]\n")  # fmt: skip
    for chapter in chapters.values():
        x, y = chapter.column * COLUMN / CENTIMETER, -chapter.row * ROW / CENTIMETER
        text = rf"\hyperref[\detokenize{{book/{chapter.name}::doc}}]{{{chapter.label}}}"
        self.body.append(
            rf"\node[chapter, draw={PAPER_COLORS[chapter.part]}] ({chapter.name}) "
            rf"at ({x:.2f},{y:.2f}) {{{text}}};"
            "\n"
        )
    self.body.append("\\begin{scope}[on background layer]\n")
    for chapter in chapters.values():
        for need in chapter.needs:
            self.body.append(rf"\draw[gray] ({need}.center) -- ({chapter.name}.center);" "\n")
    legend = r"\qquad ".join(
        rf"\textcolor{{{color}}}{{\rule{{1.5ex}}{{1.5ex}}}} {self.encode(part)}"
        for color, part in zip(PAPER_COLORS, parts, strict=True)
    )
    self.body.append("\\end{scope}\\end{tikzpicture}\n\n\\medskip\n"
                     rf"{{\small\sffamily {legend}}}\end{{center}}" "\n")  # fmt: skip
    raise nodes.SkipNode


class PdfBuilder(LaTeXBuilder):
    """Sphinx's builder of LaTeX, with the book's own translator, cover and fonts."""

    default_translator_class = PrintedBook

    def init_document_data(self):
        """Name the file like the EPUB."""
        config, kind = self.config, self.config.latex_theme
        name = f"{config.epub_basename}.tex"
        self.document_data = [(config.root_doc, name, config.html_title, config.author, kind)]
        self.titles = [(config.root_doc, config.html_title)]

    def get_contentsname(self, indexfile):
        """Return the heading of the contents, which is not the name of the first part."""
        return "Contents"

    def write_stylesheet(self):
        """Color code so that it can be read on paper."""
        self.config.pygments_style = "a11y-high-contrast-light"
        super().write_stylesheet()

    def update_doc_context(self, title, author, theme):
        """Date the book by its edition."""
        super().update_doc_context(title, author, theme)
        day = time.gmtime(edition(self.app))
        self.context["date"] = f"{day.tm_mday} {time.strftime('%B %Y', day)}"

    def finish(self):
        """Write the cover and the fonts of code."""
        super().finish()
        draw_cover(Path(self.outdir, "cover.pdf"), self.config.html_title, A4)
        for path in FONTS.glob("DejaVuSansMono*.ttf"):
            shutil.copy(path, self.outdir)


def set_up_latex(app, config):
    """Set what the document begins with."""
    config.latex_engine = "xelatex"
    config.latex_theme = "manual"
    config.latex_use_xindy = False
    config.latex_domain_indices = False
    config.latex_table_style = ["booktabs"]
    config.latex_toplevel_sectioning = "chapter"
    config.latex_additional_files = [STYLE]
    config.latex_elements = {
        "papersize": "a4paper",
        "pointsize": "11pt",
        "extraclassoptions": "oneside,openany",
        "fontpkg": r"\usepackage{softmaxbook}",
        "fncychap": "",
        # Lines of code of 100 characters fit.
        "fvset": r"\fvset{fontsize=\fontsize{9.4}{11.8}\selectfont}",
        "preamble": r"\finishbook",
        "maketitle": r"\bookcover",
        "releasename": softmax.__version__,
    }


def setup(app):
    """Register with Sphinx, before Jupyter Book's own extension for LaTeX adds to the preamble."""
    app.add_builder(PdfBuilder, override=True)
    for transform in (PrintedElements, TermPages, Parts):
        app.add_post_transform(transform)
    app.add_node(box, latex=(visit_box, depart_box))
    app.add_node(heading, latex=(visit_heading, depart_heading))
    app.add_node(chapter_map, override=True, latex=(visit_map, None))
    app.connect("config-inited", set_up_latex)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
