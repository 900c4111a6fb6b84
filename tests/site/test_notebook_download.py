"""The notebooks that the site offers: plain Markdown, valid, and runnable by whoever gets one."""

import ast
import builtins
import posixpath
import re
from types import SimpleNamespace

import jupytext
import nbformat
import pytest
from build_exercises import read_exercises
from notebooks import Resolver, parts, plain_outputs
from plain_markdown import MarkdownWriter, on_one_line

from tools.references import NOTEBOOKS, ROOT, chapters_with_code, read_chapter, toc_pages

DOWNLOADS = ROOT / "_build" / "html" / "_notebooks"
PAGES = [page.removeprefix("book/") for page in toc_pages()]
CHAPTERS = chapters_with_code()

MYST = {
    "a role": re.compile(r"\{[a-zA-Z][\w:+.-]*\}`"),
    "a directive": re.compile(r"^[\s>]*(:::+|```+\{)", re.MULTILINE),
    "a label": re.compile(r"^\([\w-]+\)=\s*$|\$\$\s*\([\w-]+\)\s*$", re.MULTILINE),
    "a comment": re.compile(r"^%", re.MULTILINE),
    "a picture that is elsewhere": re.compile(r"!\[[^\]]*\]\((?!attachment:|https?:)"),
    "a link to no notebook": re.compile(
        r"(?<!!)\[[^\]]*\]\((?!attachment:|https?:|mailto:|[\w/.-]+\.ipynb\))"
    ),
}
LARGEST = 1_500_000  # bytes


@pytest.fixture
def download(site):
    """Return a function that reads the notebook offered for a page."""
    return lambda page: nbformat.read(DOWNLOADS / f"{page}.ipynb", as_version=4)


def outside_code(source):
    """Return Markdown without its code: blocks first, then spans."""
    source = re.sub(r"^[\s>]*```\w*\n.*?^[\s>]*```\s*$", "", source, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(?<!`|\})`[^`\n]+`", "", source)


@pytest.mark.parametrize("page", PAGES)
def test_notebook_is_valid_and_says_what_it_needs(download, page):
    notebook = download(page)
    nbformat.validate(notebook)
    assert notebook.cells[0].cell_type == "markdown"
    # Those of the coursework are made by nbgrader; tests/coursework/release looks at them.
    if not page.startswith("coursework/"):
        assert "`pip install" in notebook.cells[0].source, f"{page} does not say what it needs."
    assert (DOWNLOADS / f"{page}.ipynb").stat().st_size < LARGEST
    for cell in notebook.cells:
        assert not re.search(r"^\s*[%!]\s*pip", cell.source, re.MULTILINE)


def printed(cells):
    """Return what each code cell of a notebook prints, if it prints anything."""
    texts = [
        "".join(out.text for out in cell.outputs if out.output_type == "stream")
        for cell in cells
        if cell.cell_type == "code"
    ]
    return list(filter(None, texts))


@pytest.mark.parametrize("name", CHAPTERS)
def test_notebook_shows_what_its_code_prints(download, name):
    reference = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
    shown = [cell for cell in reference if "remove-cell" not in cell.metadata.get("tags", [])]
    open_cells = [cell for solved, cell in parts(shown) if not solved]
    assert printed(download(name).cells) == printed(open_cells)


@pytest.mark.parametrize("name", CHAPTERS)
def test_outputs_are_the_same_in_every_build(download, name):
    for cell in download(name).cells:
        assert cell.get("execution_count") is None
        assert "execution" not in cell.metadata
        for output in cell.get("outputs", []):
            assert "<script" not in str(output), f"{name} comes with a script."
            assert not re.search(r" at 0x[0-9a-f]+", str(output)), f"{name} prints an address."


@pytest.mark.parametrize("name", CHAPTERS)
def test_solutions_are_closed_below_an_empty_cell_or_a_check(download, name):
    cells = download(name).cells
    solutions = [i for i, c in enumerate(cells) if "<summary>Solution to" in c.source]
    text = CHAPTERS[name].read_text(encoding="utf-8")
    assert len(solutions) == text.count("{solution-start}")
    for place in solutions:
        assert cells[place].source.startswith("<details>")
        assert cells[place].source.endswith("</details>")
        above = cells[place - 1]
        assert above.cell_type == "code"
        assert not above.source or "with Check(" in above.source


@pytest.mark.parametrize("page", PAGES)
def test_links_to_other_notebooks_lead_to_one(download, page):
    text = "\n\n".join(cell.source for cell in download(page).cells)
    for target in re.findall(r"\]\(([\w/.-]+\.ipynb)\)", outside_code(text)):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
        assert (DOWNLOADS / path).exists(), f"{page}.ipynb links to {target}."


@pytest.mark.parametrize("page", PAGES)
def test_notebook_is_plain_markdown(download, page):
    for i, cell in enumerate(download(page).cells):
        if cell.cell_type != "markdown":
            continue
        for what, pattern in MYST.items():
            found = pattern.search(outside_code(cell.source))
            assert not found, f"Cell {i} of {page}.ipynb holds {what}: {cell.source[:300]}"
        for name in re.findall(r"\(attachment:([^)]+)\)", cell.source):
            assert name in cell.get("attachments", {}), (
                f"Cell {i} of {page}.ipynb lacks its picture {name}."
            )


@pytest.mark.parametrize("name", CHAPTERS)
def test_notebook_has_the_code_of_its_chapter(download, name):
    cells = download(name).cells
    found = [cell.source for cell in cells if cell.cell_type == "code" and cell.source]
    solutions = "".join(cell.source for cell in cells if "<summary>Solution" in cell.source)
    expected = [
        cell.source
        for cell in read_chapter(CHAPTERS[name]).cells
        if cell.cell_type == "code" and "remove-cell" not in cell.metadata.get("tags", [])
    ]
    exercises = read_exercises(CHAPTERS[name]).values()
    blocks = [code for exercise in exercises for code in (exercise.starter, exercise.check)]
    assert [source for source in found if source in blocks] == blocks
    assert [source for source in expected if f"```python\n{source}\n```" not in solutions] == [
        source for source in found if source not in blocks
    ]


def names_read_and_set(source):
    """Return the names that code reads before it sets them, roughly, and those that it sets."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    assigned = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    assigned |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    definitions = (ast.FunctionDef, ast.ClassDef)
    assigned |= {node.name for node in nodes if isinstance(node, definitions)}
    assigned |= {
        (alias.asname or alias.name).partition(".")[0]
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assigned |= {node.name for node in nodes if isinstance(node, ast.ExceptHandler) and node.name}
    return read, assigned


@pytest.mark.parametrize("name", CHAPTERS)
def test_notebook_uses_no_name_from_a_removed_cell(download, name):
    known = set(dir(builtins))
    for cell in download(name).cells:
        if cell.cell_type != "code":
            continue
        read, assigned = names_read_and_set(cell.source)
        known |= assigned
        unknown = sorted(read - known)
        assert not unknown, (
            f"{name}.ipynb uses {unknown}, which it does not define. Cells tagged remove-cell "
            f"are left out of it; nothing else may need them.\n{cell.source}"
        )


class FakeBook:
    """Stands for the rest of the book in the tests of the Markdown."""

    def __call__(self, snippet):
        return "(3)" if snippet.startswith("{eq}") else "Theorem 3"

    def image(self, source):
        return ROOT / "tests" / source

    def bibliography(self):
        return ["Bridle. A paper. 1990."]

    def summary(self, name):
        return f"What {name} does."


def plain(text):
    return MarkdownWriter(FakeBook()).convert(text)


@pytest.mark.parametrize(
    ("myst", "markdown"),
    [
        ("By {prf:ref}`thm-x` it holds.", "By Theorem 3 it holds."),
        ("Write ``{prf:ref}`x` `` so.", "Write ``{prf:ref}`x` `` so."),
        ("(a-label)=\n## A title", "## A title"),
        ("% a comment\n\nText", "Text"),
        ("$$\na = b\n$$ (eq-x)", "$$\na = b \\tag{3}\n$$"),
        ("```{math}\n:label: eq-x\na = b\n```", "$$\na = b \\tag{3}\n$$"),
        (":::{note}\nMind this.\n:::", "> **Note**\n>\n> Mind this."),
        (":::{admonition} Take-aways\n:class: tip\n- One.\n:::", "> **Take-aways**\n>\n> - One."),
        (":::{dropdown} More\nText.\n:::", "> **More**\n>\n> Text."),
        (":::{unheard-of} X\nText.\n:::", "> **Unheard of**\n>\n> X\n> Text."),
        (
            ":::{prf:theorem} Shift\n:label: thm-x\nAs $a$.\n:::",
            "> **Theorem 3 (Shift)**\n>\n> As $a$.",
        ),
        (":::{prf:proof}\nBy\n\n$$\na\n= b\n$$\n:::", "> **Proof**\n>\n> By\n>\n> $$ a = b $$"),
        (
            "::::{exercise} Hand\n:label: ex-x\n:::{hint}\nTry.\n:::\n::::",
            "> **Theorem 3 (Hand)**\n>\n> > **Hint**\n> >\n> > Try.",
        ),
        (
            ":::{solution-start} ex-x\n:class: dropdown\n:::\nSo.",
            "**Solution to Theorem 3**\n\nSo.",
        ),
        (":::{solution-end}\n:::", ""),
        ("- One {ref}`x`\n  more\n- Two", "- One Theorem 3\n  more\n- Two"),
        ("```{list-table}\n* - a\n  - b\n* - c\n  - d\n```", "| a | b |\n| --- | --- |\n| c | d |"),
        ("```{glossary}\nlogit\n  A score.\n```", "- **logit**: A score."),
        ("::::{tab-set}\n:::{tab-item} A\nText.\n:::\n::::", "> **A**\n>\n> Text."),
        ("```{contents}\n```\n\nText", "Text"),
        ("```{raw} html\n<b>\n```\n\nText", "Text"),
        ("```{bibliography}\n```", "- Bridle. A paper. 1990."),
        ("```python\n{ref}`x`\n```", "```python\n{ref}`x`\n```"),
        (
            ":::{check-yourself}\n:choose-all:\nWhich?\n\n- [x] $a$\n\n  So.\n\n  More.\n"
            "- [ ] {ref}`x`\n\n  No.\n:::",
            "**Check yourself.** Which?\n\n*Choose all that apply.*\n\n"
            "- **A.** $a$\n\n  <details><summary>Choose A</summary>\n\n  **Right.** So.\n\n"
            "  More.\n\n  </details>\n\n"
            "- **B.** Theorem 3\n\n  <details><summary>Choose B</summary>\n\n"
            "  **Not quite.** No.\n\n  </details>",
        ),
        ("See [this](stability.md).", "See Theorem 3."),
        ("See [this](https://example.org).", "See [this](https://example.org)."),
        (
            "```{eval-rst}\n.. currentmodule:: softmax\n\n.. autofunction:: sigmoid\n```",
            "- `softmax.sigmoid`: What softmax.sigmoid does.",
        ),
    ],
)
def test_myst_becomes_plain_markdown(myst, markdown):
    assert plain(myst) == markdown


@pytest.mark.parametrize(
    ("base", "address"),
    [("", "stability.ipynb"), ("https://a.org/b/", "https://a.org/b/book/stability.html#eq")],
)
def test_a_link_leads_to_the_published_page_or_to_the_notebook(base, address):
    env = SimpleNamespace(config=SimpleNamespace(html_baseurl=base))
    resolver = Resolver(env, "book/definition")
    assert resolver.address("stability.html#eq") == address
    assert resolver.address("#eq") is resolver.address("definition.html#eq") is None
    assert bool(resolver.address("../cards.apkg")) == bool(base)
    assert resolver.address("https://example.org") == "https://example.org"


def test_a_live_figure_is_its_picture():
    html = '<softmax-x><img src="data:image/png;base64,AAAA"></softmax-x><script>1</script>'
    live = nbformat.v4.new_output("execute_result", {"text/html": html, "text/plain": "<x>"})
    picture, note = plain_outputs(live)
    assert picture.data == {"image/png": "AAAA", "text/plain": "<x>"}
    assert "Run the cell" in note.data["text/markdown"]


def test_solutions_may_begin_and_end_in_the_midst_of_cells():
    start, end = ":::{solution-start} ex-a\n:class: dropdown\n:::", ":::{solution-end}\n:::"
    cells = [
        nbformat.v4.new_markdown_cell(f"Before.\n\n{start}\nSo."),
        nbformat.v4.new_code_cell("1"),
        nbformat.v4.new_markdown_cell(f"{end}\n\nAfter."),
    ]
    found = [(solved, cell.source.strip()) for solved, cell in parts(cells)]
    assert [part for part in found if part[1]] == [
        (None, "Before."),
        ("ex-a", "So."),
        ("ex-a", "1"),
        (None, "After."),
    ]


def test_pictures_travel_with_their_cell(tmp_path):
    picture = tmp_path / "layer.svg"
    picture.write_text("<svg/>", encoding="utf-8")
    writer = MarkdownWriter(FakeBook())
    text = writer.convert(f"```{{figure}} {picture}\n:name: fig-x\n:alt: A layer\nThe layer.\n```")
    assert text == "![A layer](attachment:layer.svg)\n\n**Theorem 3.** The layer."
    assert writer.attachments == {"layer.svg": {"image/svg+xml": "PHN2Zy8+"}}


def test_formulas_in_quotations_stay_on_one_line():
    assert on_one_line("1. Let $a +\n   b$ be.\n2. Text\n   goes on.") == (
        "1. Let $a + b$ be.\n2. Text\n   goes on."
    )


def test_download_can_be_read_by_jupytext(download):
    # A reader may turn it back into text, and keep every cell.
    notebook = download(PAGES[0])
    text = jupytext.writes(notebook, fmt="md:markdown")
    assert len(jupytext.reads(text, fmt="md:markdown").cells) == len(notebook.cells)
