"""The built site: it shows what was tested, works without a network, and has no dead link.

`make test` builds the site first. The site runs the chapters once more, in another folder than
the references; that both print the same is part of what is tested here.
"""

import json
import os
import re
from functools import cache
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup
from build_exercises import read_exercises
from stream_outputs import merge_streams

from tools.references import NOTEBOOKS, ROOT, chapters_with_code, toc_pages

SITE = ROOT / "_build" / "html"
HTML = sorted(path for path in SITE.rglob("*.html") if "_static" not in path.parts)
PAGES = [str(path.relative_to(SITE)) for path in HTML]
CHAPTERS = {
    name: path.relative_to(ROOT).with_suffix("") for name, path in chapters_with_code().items()
}

# What the site shows of an output that comes in several forms: the first one here.
SHOWN_FIRST = ["text/html", "text/markdown", "text/latex", "text/plain"]
KINDS = {"text_html": "text/html", "text_plain": "text/plain", "stream": "stdout"}

pytestmark = pytest.mark.usefixtures("site")


@cache
def soup(page):
    return BeautifulSoup((SITE / page).read_text(encoding="utf-8"), "html.parser")


def words(text):
    """Return text without the line breaks and spaces that HTML does not keep apart."""
    return " ".join(text.split())


def html_words(node):
    """Return the text of an HTML output, and what its live figures start from."""
    starts = [figure["data-start"] for figure in node.select("[data-start]")]
    # Weights and predictions are left out of references, see tests/nbval-sanitize.cfg.
    data = re.compile(r'"(weights|validation|test)": "[\w+/=]+"')
    starts = [data.sub(r'"\1": "LEFT+OUT"', start) for start in starts]
    return words(" ".join([node.get_text(), *starts]))


def expected_cell(cell):
    """Return the source and the outputs that the page shows of a reference cell, or None."""
    tags = {tag.replace("_", "-") for tag in cell.metadata.get("tags", [])}
    if "remove-cell" in tags or {"remove-input", "remove-output"} <= tags:
        return None
    source = None if "remove-input" in tags else cell.source.rstrip()
    outputs = [] if "remove-output" in tags else [expected_output(out) for out in cell.outputs]
    return source, outputs


def expected_output(output):
    """Return the kind and the text of an output of a reference, as the page shows it."""
    if output.output_type == "stream":
        return output.name, output.text.rstrip()
    if output.output_type == "error":
        return "error", output.ename
    kind = next((kind for kind in SHOWN_FIRST if kind in output.data), None)
    text = output.data.get(kind, "")
    # References store no pictures; all that is left of a figure is this text.
    if kind is None or text.startswith("<Figure size"):
        return "picture", ""
    if kind == "text/html":
        return kind, html_words(BeautifulSoup(text, "html.parser"))
    return kind, text.rstrip()


def shown_cell(container):
    """Return the source and the outputs of a code cell on a page."""
    code = container.select_one(".cell_input pre")
    source = code.get_text().rstrip() if code else None
    shown = container.select(".cell_output .output, .cell_output img")
    outputs = [node for node in shown if not node.find_parent(class_="output")]
    return source, [shown_output(node) for node in outputs]


def shown_output(node):
    """Return the kind and the text of an output on a page."""
    if node.name == "img":
        return "picture", ""
    classes = set(node["class"])
    if "stderr" in classes:
        return "stderr", node.get_text().rstrip()
    if "traceback" in classes:
        return "error", re.search(r"^(\w+)", node.get_text(), re.MULTILINE)[1]
    kind = next((KINDS[name] for name in KINDS if name in classes), "text/markdown")
    return kind, html_words(node) if kind == "text/html" else node.get_text().rstrip()


def differences(cells, containers):
    """Yield a sentence for each way in which a page departs from its reference."""
    expected = [(i, shown) for i, cell in cells if (shown := expected_cell(cell)) is not None]
    if len(expected) != len(containers):
        yield f"the reference has {len(expected)} visible code cells, the page {len(containers)}"
        return
    for (i, (source, outputs)), container in zip(expected, containers, strict=True):
        shown_source, shown_outputs = shown_cell(container)
        if source != shown_source:
            yield f"cell {i} shows other code than its reference:\n{shown_source}"
        elif outputs != shown_outputs:
            yield f"cell {i} shows {shown_outputs}, its reference says {outputs}"


def reference_cells(name):
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    return [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]


@pytest.mark.parametrize("name", CHAPTERS)
def test_page_shows_what_was_tested(name):
    found = list(
        differences(reference_cells(name), soup(f"{CHAPTERS[name]}.html").select("div.cell"))
    )
    assert not found, f"{name}: {found[0]}\n`make clean book references` makes both anew."


def test_a_changed_number_on_a_page_would_be_noticed():
    cells = [(0, nbformat.v4.new_code_cell("1 + 1"))]
    cells[0][1].outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "2"})]
    page = (
        '<div class="cell"><div class="cell_input"><pre>1 + 1\n</pre></div>'
        '<div class="cell_output"><div class="output text_plain"><pre>{}\n</pre></div></div></div>'
    )
    right, wrong = (BeautifulSoup(page.format(n), "html.parser").select(".cell") for n in (2, 3))
    assert not list(differences(cells, right))
    assert list(differences(cells, wrong)) == [
        "cell 0 shows [('text/plain', '3')], its reference says [('text/plain', '2')]"
    ]
    assert list(differences(cells, [])) == [
        "the reference has 1 visible code cells, the page 0",
    ]


def test_pieces_of_a_stream_are_joined_where_they_were_cut():
    texts = ["one", "\ntwo\nth", "ree", "\n"]
    pieces = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in texts]
    picture = nbformat.v4.new_output("display_data", {"text/plain": "<Figure>"})
    stream, figure = merge_streams([*pieces[:2], picture, *pieces[2:]])
    assert stream.text == "one\ntwo\nthree\n"
    assert figure == picture
    assert pieces[0].text == "one"


def test_every_page_of_the_contents_is_built_with_its_notebook():
    for page in toc_pages():
        button = soup(f"{page}.html").select_one("a.btn-download-notebook-button[href]")
        assert button, f"{page} has no download of its notebook."
        target = (SITE / page).parent / button["href"]
        assert target.resolve().exists(), f"{page} offers {button['href']}, which is not there."


def is_elsewhere(address):
    return bool(re.match(r"(https?:)?//", address.strip()))


@pytest.mark.parametrize("page", PAGES)
def test_page_loads_nothing_from_another_host(page):
    loaded = [
        node.get(attribute, "")
        for name, attribute in [
            ("script", "src"),
            ("img", "src"),
            ("img", "srcset"),
            ("iframe", "src"),
            ("source", "src"),
            ("video", "src"),
            ("audio", "src"),
            ("object", "data"),
            ("embed", "src"),
        ]
        for node in soup(page).find_all(name)
    ]
    loaded += [
        node.get("href", "")
        for node in soup(page).find_all("link")
        if not {"canonical", "alternate"} & set(node.get("rel", []))
    ]
    styles = [node.get_text() for node in soup(page).find_all("style")]
    styles += [node["style"] for node in soup(page).select("[style]")]
    loaded += [address for style in styles for address in addresses_in_css(style)]
    elsewhere = sorted({address for address in loaded if is_elsewhere(address)})
    assert not elsewhere, f"{page} loads {elsewhere} from another host."


def addresses_in_css(text):
    """Return what a style sheet would make the browser load."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.findall(r"(?:url\(\s*|@import\s+)[\"']?(?!url\()([^\"')\s;]+)", text)


def test_style_sheets_load_nothing_from_another_host():
    for path in SITE.rglob("*.css"):
        addresses = addresses_in_css(path.read_text(encoding="utf-8"))
        elsewhere = [address for address in addresses if is_elsewhere(address)]
        assert not elsewhere, f"{path.relative_to(SITE)} loads {elsewhere} from another host."


@pytest.mark.parametrize("page", PAGES)
def test_every_picture_has_alternative_text(page):
    bare = [
        img.get("src", "") for img in soup(page).find_all("img") if not img.get("alt", "").strip()
    ]
    assert not bare, f"{page} has pictures without alternative text: {bare}"


@cache
def anchors(page):
    names = {node["id"] for node in soup(page).select("[id]")}
    return names | {node["name"] for node in soup(page).select("a[name]")}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_inside_the_site_arrives(page):
    for node in soup(page).select("[href], [src]"):
        href = node.get("href") or node.get("src")
        parts = urlsplit(href)
        if parts.scheme or parts.netloc:
            continue
        path = unquote(parts.path)
        # Only the page for wrong addresses, which is shown at any depth, starts at the root.
        folder = SITE if path.startswith("/") else (SITE / page).parent
        target = (folder / path.lstrip("/") if path else SITE / page).resolve()
        if target.is_dir():
            target /= "index.html"
        assert target.exists(), f"{page} links to {href}, which is not there."
        # An anchor of `#` alone is the top of the page, or a button that a script handles.
        if parts.fragment and target.suffix == ".html":
            name = os.path.relpath(target, SITE.resolve())
            assert unquote(parts.fragment) in anchors(name), (
                f"{page} links to {href}: no such place."
            )


def test_mentions_of_references_in_docstrings_have_their_numbers():
    text = soup("book/api.html").select_one("main").get_text()
    assert not re.findall(r"\[R[0-9a-f]{12}-", text)
    mentions = soup("book/api.html").select("main a.reference.internal[href^='#r']")
    assert {"[1]", "[5]"} <= {mention.get_text() for mention in mentions}


def test_initials_in_references_are_not_the_letters_of_a_list():
    lists = soup("book/api.html").select("main .citation ol")
    assert not [item.get_text(" ", strip=True) for item in lists]


def test_index_of_the_search_leads_to_places_that_exist():
    text = (SITE / "_search" / "index.js").read_text(encoding="utf-8")
    index = json.loads(re.fullmatch(r"bookSearch\.addIndex\((.*)\);\n", text)[1])
    assert len(index["pages"]) > 20
    assert len(index["words"].split()) == len(index["postings"])
    for name, sections, _ in index["pages"]:
        assert {anchor for anchor, _ in sections} <= anchors(f"{name}.html")


@pytest.mark.parametrize("name", CHAPTERS)
def test_page_shows_each_starter_and_its_check_in_a_fold_below_it(name):
    page = CHAPTERS[name].with_suffix(".html").as_posix()
    exercises = read_exercises(ROOT / CHAPTERS[name].with_suffix(".md")).values()
    starters = soup(page).select("article .exercise .starter")
    assert [box.pre.get_text().strip() for box in starters] == [e.starter for e in exercises]
    for box, exercise in zip(starters, exercises, strict=True):
        fold = box.find_next_sibling()
        assert (fold.name, fold.summary.get_text()) == ("details", "What is checked")
        assert fold.pre.get_text().strip() == exercise.check
        assert json.loads(fold["data-needed"]) == exercise.needed
