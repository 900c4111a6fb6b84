"""Search that knows sections, shows results while the reader types, and forgives a slip.

Sphinx's index knows for each word only the pages that hold it: it can neither lead to a section nor
tell a page about overflow from one that mentions it, and its summaries need ``fetch``, which a
browser refuses where the book is opened as a file. A scorer (``html_search_scorer``) can weigh only
what is in that index. Of the packages on PyPI, Pagefind and sphinx-searchlite load their index by
``fetch``, too, and the latter forgives no slip. lunr writes an index but brings no JavaScript to
read it; Lunr's own script comes only inside of MkDocs. What is left is small: this module writes an
index of sections, with Sphinx's stemmer, and ``_static/search.js`` ranks them by BM25.

Both the index and the texts for the snippets, one file for each page, are scripts, so that they
load from a file as well as from a server. A browser fetches them when the reader begins to search.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

from bs4 import BeautifulSoup
from sphinx.search.en import SearchEnglish

FOLDER = "_search"
WORD = re.compile(r"[^\W_]{2,}")
# How often a word in a bold or linked term counts. In a heading it is HEADING over the level, and
# half of that outside of the numbered chapters: a chapter comes before what refers to it.
TERM, HEADING = 3, 12
# What is not text. Of a formula, the MathML stays.
NOT_TEXT = re.compile(
    r"<(mjx-math|script|style|pre|softmax-[a-z]+)\b.*?</\1>|<img\b[^>]*>|\N{WORD JOINER}", re.DOTALL
)
FORMULA = re.compile(r"<mjx-container.*?</mjx-container>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")
LONGEST = 12  # letters of a formula that a snippet can show without its layout
LEFT_OUT = ".headerlink, .cell_output, .solution, .what-is-checked, .section-number, div.math"
UNITS = "section[id]:has(> h1, > h2, > h3, > h4), dl.glossary > dt[id], dl.py > dt[id]"

STEMMER = SearchEnglish({})
stem = cache(STEMMER.stem)


def stems(text):
    """Return the stems of the words of a text that are worth searching for, in their order."""
    words = WORD.findall(text.lower())
    return [stem(w) for w in words if w not in STEMMER.stopwords and not w.isdigit()]


def formula_text(match):
    """Return a short formula as its letters, and dots for a long one."""
    text = TAG.sub("", match[0])
    return text if len(text) <= LONGEST else "…"


def read_page(html):
    """Return whether a page is a numbered chapter, and its sections.

    A section is its anchor, heading, text, and counted stems. An entry of the glossary and a
    function of the package are sections, too.
    """
    html = html[html.find("<article") : html.rfind("</article>")]
    article = BeautifulSoup(FORMULA.sub(formula_text, NOT_TEXT.sub("", html)), "html.parser")
    numbered = article.select_one("h1 .section-number") is not None
    for node in article.select(LEFT_OUT):
        node.decompose()
    # The last ones first: what is inside of a section is taken out before its own text is read.
    units = []
    for node in reversed(article.select(UNITS)):
        if node.name == "dt":
            heading, level, body = node, 3, node.find_next_sibling("dd")
            if body is None:  # of several terms with one definition, the last one has it
                continue
        else:
            heading = node.find(re.compile("^h[1-4]$"), recursive=False)
            level, body = int(heading.name[1]), node
        title = node["id"] if "sig" in node.get("class", ()) else " ".join(heading.text.split())
        heading.extract()
        counts = Counter()
        for word in stems(title):
            counts[word] += HEADING // (level if numbered else 2 * level)
        for term in body.select("strong, .std-term"):
            for word in stems(term.text):
                counts[word] += TERM - 1
        text = " ".join(body.text.split())
        counts.update(stems(text))
        units.append((node["id"], title, text, counts))
        body.extract()
    return numbered, units[::-1]


def write_search(app, exception):
    """Write the index of all pages, and for each page the texts of its sections."""
    if exception or app.builder.name != "html":
        return
    folder = Path(app.outdir, FOLDER)
    folder.mkdir(exist_ok=True)
    pages, postings, last = [], defaultdict(list), defaultdict(int)
    number = 0
    for name in sorted(app.env.found_docs):
        path = Path(app.builder.get_outfilename(name))
        if not path.exists():
            continue
        numbered, units = read_page(path.read_text("utf-8"))
        texts = {anchor: text for anchor, _, text, _ in units}
        write(folder / f"{len(pages)}.js", f"bookSearch.addTexts({len(pages)}, ", texts)
        pages.append([name, [[anchor, title] for anchor, title, _, _ in units], int(numbered)])
        for _, _, _, counts in units:
            for word, count in counts.items():
                postings[word] += [number - last[word], count]
                last[word] = number
            number += 1
    words = sorted(postings)
    index = {"pages": pages, "words": " ".join(words), "postings": [postings[w] for w in words]}
    write(folder / "index.js", "bookSearch.addIndex(", index)


def write(path, call, data):
    """Write a script that calls a function with data."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    path.write_text(f"{call}{text});\n", encoding="utf-8")


def setup(app):
    """Register with Sphinx, after all that writes pages."""
    app.add_js_file("search.js", loading_method="defer")
    app.connect("build-finished", write_search, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
