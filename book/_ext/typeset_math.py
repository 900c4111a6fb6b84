"""Typeset every formula when the site is built, so that a page needs no script for it.

MathJax runs here, in V8 and without a browser. A formula becomes HTML with MathML for screen
readers, and each page carries the style sheet of the characters that it uses. The fonts hold the
characters of this site only; a browser fetches those that the page needs. The files of MathJax come
from the package sphinx-mathjax-offline.
"""

import atexit
import html
import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from docutils import nodes
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from py_mini_racer import MiniRacer
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number, wrap_displaymath

MATHJAX = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
FONTS = "output/chtml/fonts/woff-v2"
COMPONENTS = (
    "core",
    "adaptors/liteDOM",
    "input/tex-full",
    "output/chtml",
    "output/chtml/fonts/tex",
    "a11y/assistive-mml",
)
# `require` is what MathJax's loader reads files with. In a line of text, a formula of more than 20
# characters may break after a relation or an operator of its top level: one that has the same
# space, of size 4 or 3, on both sides.
DRIVER = """
var global = globalThis, failures = [];
var MathJax = {
  loader: {
    load: Object.keys(sources),
    paths: {mathjax: "mathjax"},
    require: (path) => (0, eval)(sources[path.replace(/^mathjax\\/|\\.js$/g, "")]),
    failed: (error) => failures.push(String(error)),
  },
  startup: {typeset: false},
  chtml: {fontURL: "FONTS", matchFontHeight: false},
  tex: {
    packages: {"[-]": ["noundefined", "noerrors"]},
    formatError: (jax, error) => { throw Error(error.message); },
  },
};
function typeset(tex, display) {
  const adaptor = MathJax.startup.adaptor;
  const space = (node) => node && adaptor.getAttribute(node, "space");
  const container = MathJax.tex2chtml(tex, {display});
  const math = adaptor.firstChild(container);
  const mayBreak = !display && adaptor.tags(math, "mjx-c").length > 20;
  for (const child of mayBreak ? adaptor.childNodes(math) : [])
    if (adaptor.kind(child) === "mjx-mo" && /^[34]$/.test(space(child)) &&
        space(child) === space(adaptor.next(child)))
      adaptor.insert(adaptor.node("mjx-break", {}, [adaptor.text(" ")]), adaptor.next(child));
  return adaptor.outerHTML(container);
}
function attempt([tex, display]) {
  try { return {html: typeset(tex, display)}; }
  catch (error) { return {error: error.message}; }
}
function styleSheet() {
  const text = MathJax.startup.adaptor.textContent(MathJax.chtmlStylesheet());
  MathJax.startup.output.clearCache();
  return text;
}
"""
STYLES = re.compile(r"<style>(mjx-.*?)</style>", re.DOTALL)
logger = logging.getLogger(__name__)


class Typesetter:
    """MathJax, ready to typeset formulas of TeX."""

    def __init__(self):
        self._context = MiniRacer()
        atexit.register(self._context.close)  # Python would wait for its thread
        files = {name: (MATHJAX / f"{name}.js").read_text("utf-8") for name in COMPONENTS}
        self._context.eval(f"var sources = {json.dumps(files)};{DRIVER};0")
        self._context.eval((MATHJAX / "startup.js").read_text("utf-8"))
        failures = self._context.eval("failures.join()")
        if failures:
            raise RuntimeError(f"MathJax did not start: {failures}")

    def typeset(self, tex, display=False):
        """Return the HTML of a formula.

        Raises
        ------
        ValueError
            If MathJax does not understand it; the message is MathJax's.
        """
        (result,) = self.attempt_all([(tex, display)])
        if "error" in result:
            raise ValueError(result["error"])
        return result["html"]

    def attempt_all(self, formulas):
        """Return a dictionary for each formula, with its ``html`` or MathJax's ``error``."""
        answer = self._context.eval(f"JSON.stringify({json.dumps(formulas)}.map(attempt))")
        return json.loads(answer)

    def style_sheet(self):
        """Return the style sheet of the formulas since the last call, without blank space."""
        return re.sub(r"\s*\n\s*|(?<=:) ", "", self._context.eval("styleSheet()"))


typesetter = cache(Typesetter)


def formula_of(node):
    """Return the TeX of a formula's node, and whether it is displayed."""
    tex, display = node.astext(), isinstance(node, nodes.math_block)
    if display and not (node.get("no-wrap") or node.get("nowrap")):
        tex = wrap_displaymath(tex, None, False)
    return tex, display


def results(writer):
    """Return what became of each formula of a page. One by one, each would wait for V8's thread."""
    if not hasattr(writer, "formulas"):
        found = writer.document.findall(
            lambda node: isinstance(node, nodes.math | nodes.math_block)
        )
        formulas = list(dict.fromkeys(map(formula_of, found)))
        writer.formulas = dict(zip(formulas, typesetter().attempt_all(formulas), strict=True))
    return writer.formulas


def html_of(writer, node):
    """Return the HTML of a formula's node; warn, and return its TeX, if there is none."""
    tex, _ = formula = formula_of(node)
    result = results(writer)[formula]
    if "html" in result:
        return result["html"]
    logger.warning("%s in the formula %s", result["error"], tex, location=node, type="math")
    return f"<code>{html.escape(tex)}</code>"


def visit_inline(self, node):
    """Write a formula in a line of text, on the same line as a bracket before it."""
    before = node.parent[: node.parent.index(node)]
    joiner = "\N{WORD JOINER}" if before and before[-1].astext().endswith(("(", "[")) else ""
    start = self.starttag(node, "span", joiner, CLASS="math")
    self.body.append(start + html_of(self, node) + "</span>")
    raise nodes.SkipNode


def visit_display(self, node):
    """Write a formula in its own box, with its number."""
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, _("Link to this equation"))
        self.body.append("</span>")
    self.body.append(html_of(self, node) + "</div>\n")
    raise nodes.SkipNode


def add_style_sheet(app, pagename, templatename, context, doctree):
    """Add to a page the style sheet of its formulas."""
    if "<mjx-container" in context.get("body", ""):
        fonts = context["pathto"]("_static/mathjax", resource=True)
        styles = typesetter().style_sheet().replace("FONTS", fonts)
        context["metatags"] = context.get("metatags", "") + f"<style>{styles}</style>\n"


def write_fonts(app, exception):
    """Write MathJax's fonts, each with the characters that the site's style sheets draw."""
    if exception or app.builder.name != "html":
        return
    pages = [page.read_text("utf-8") for page in Path(app.outdir).rglob("*.html")]
    styles = "".join(sheet for page in pages for sheet in STYLES.findall(page))
    contents = "\n".join(set(re.findall(r'content:"([^"]*)"', styles)))
    signs = re.findall(r"\\([0-9A-F]+) ?|(.)", contents)
    characters = {int(code, 16) if code else ord(sign) for code, sign in signs}
    folder = Path(app.outdir, "_static", "mathjax")
    folder.mkdir(parents=True, exist_ok=True)
    for path in (MATHJAX / FONTS).glob("*.woff"):
        font = TTFont(path, recalcTimestamp=False)
        if characters.intersection(font.getBestCmap() or ()):  # one has measures only
            subsetter = Subsetter(Options(drop_tables=["FFTM"]))
            subsetter.populate(unicodes=characters)
            subsetter.subset(font)
        font.save(folder / path.name)


def choose(app, config):
    """Make this the renderer of formulas; Jupyter Book has loaded another one already."""
    config.html_math_renderer = "typeset"


def setup(app):
    """Register with Sphinx."""
    app.add_html_math_renderer("typeset", (visit_inline, None), (visit_display, None))
    app.connect("config-inited", choose)
    app.connect("html-page-context", add_style_sheet)
    app.connect("build-finished", write_fonts)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
