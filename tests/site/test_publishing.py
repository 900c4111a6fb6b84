"""What a published site adds to its pages, and the files that publish it."""

import json
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from notebooks import preface
from packaging.requirements import Requirement
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace

from tools.references import ROOT

ADDRESS = "https://example.org/softmax/"
REPOSITORY = "https://github.com/owner/name"
CHAPTER = "---\nkernelspec:\n  name: python3\n---\n# A chapter\n\nSome words.\n"
HOMEWORK = CHAPTER.replace("---\n#", "softmax:\n  notebook: hw1.ipynb\n---\n#")


def read(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def card(page):
    """Return what OpenGraph says of a page, by property."""
    found = page.find_all("meta", property=lambda name: name and name.startswith("og:"))
    return {meta["property"]: meta["content"] for meta in found}


def build(source, **settings):
    """Build a small site of a page, a chapter and a homework, and return Sphinx's application."""
    contents = "```{toctree}\nbook/chapter\nbook/homework\nend\n```\n"
    pages = {
        "index": f"# A book\n\nIts first words.\n\n{contents}",
        "end": "# The end\n\nIts last words.\n",
        "book/chapter": CHAPTER,
        "book/homework": HOMEWORK,
    }
    (source / "book").mkdir()
    (source / "book" / "_static").symlink_to(ROOT / "book" / "_static")
    for name, text in pages.items():
        (source / f"{name}.md").write_text(text)
    defaults = {
        "extensions": ["myst_parser", "sphinx_book_theme", "publishing"],
        "exclude_patterns": ["book/_static"],
        "html_theme": "sphinx_book_theme",
        "html_title": "A book of few pages",
        "project": "A book of few pages",
    }
    with docutils_namespace():  # Sphinx may be started twice in one process
        app = Sphinx(
            source, None, source / "_site", source / "_doctrees", "html", defaults | settings,
            status=None, warning=sys.stderr, warningiserror=True,
        )  # fmt: skip
        app.build()
    return app


@pytest.fixture(scope="module", params=["none", "configured", "environment"])
def app(request, tmp_path_factory):
    """Return a site whose address and repository are not known, in its settings, or outside."""
    known = {"html_baseurl": ADDRESS, "html_theme_options": {"repository_url": REPOSITORY}}
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "environment":
            patch.setenv("BOOK_URL", ADDRESS.rstrip("/"))  # as GitHub Pages says it
            patch.setenv("BOOK_REPOSITORY", f"{REPOSITORY}.git")
        settings = known if request.param == "configured" else {}
        return build(tmp_path_factory.mktemp("source"), **settings)


@pytest.fixture(scope="module")
def published(app):
    """Return the address and the folder of the site."""
    return app.config.html_baseurl, app.outdir


def test_each_page_has_a_card(published):
    address, site = published
    page = card(read(site / "end.html"))
    assert page["og:title"] == "The end"
    assert page["og:description"] == "Its last words."
    assert page["og:site_name"] == "A book of few pages"
    assert page["og:url"] == (address or "/") + "end.html"
    picture = page["og:image"].removeprefix(address or "/")
    assert (site / picture).read_bytes().startswith(b"\x89PNG")


def test_sitemap_is_written_where_the_address_is_known(published):
    address, site = published
    sitemap = site / "sitemap.xml"
    if not address:
        assert not sitemap.exists()
        return
    places = [node.text for node in ElementTree.parse(sitemap).iter() if node.tag.endswith("}loc")]
    assert {address + "index.html", address + "end.html"} <= set(places)


def test_wrong_addresses_lead_back_from_any_depth(published):
    address, site = published
    page = read(site / "404.html")
    assert "sidebar" not in page.article.text  # a phone has no search there
    prefix = "/softmax/" if address else "/"
    assert page.find("a", string="first page of the book")["href"] == prefix + "index.html"
    styles = [link["href"] for link in page.find_all("link", rel="stylesheet")]
    assert styles
    assert all(style.startswith(prefix + "_static/") for style in styles)


def links(page):
    """Return where the links of the header lead, by the names of their buttons."""
    found = {}
    for button in page.select(".article-header-buttons a.btn, .header-article a.btn"):
        found[" ".join(button.text.split())] = button["href"]
    return found


def test_a_chapter_leads_to_where_it_runs(published):
    address, site = published
    found = links(read(site / "book" / "chapter.html"))
    ways = {
        "Colab": "https://colab.research.google.com/github/owner/name/blob/notebooks/chapter.ipynb",
        "Binder": "https://mybinder.org/v2/gh/owner/name/HEAD?urlpath=lab%2Ftree%2Fbook%2Fchapter.md",
        "Codespaces": "https://codespaces.new/owner/name",
    }
    assert {name: found.get(name) for name in ways} == (ways if address else dict.fromkeys(ways))


def test_every_page_leads_to_its_source(published):
    address, site = published
    for page in ("end", "book/chapter", "book/homework"):
        found = links(read(site / f"{page}.html"))
        ways = {
            "Repository": REPOSITORY,
            "Suggest an edit": f"{REPOSITORY}/edit/main/{page}.md",
            "Report an error": f"{REPOSITORY}/issues/new?title=Error%20on%20the%20page%20{page}",
        }
        if page == "book/homework":  # It is made from a master.
            ways["Suggest an edit"] = None
        expected = ways if address else dict.fromkeys(ways)
        assert {name: found.get(name) for name in ways} == expected


@pytest.mark.parametrize("page", ["end", "book/homework"])
def test_what_is_not_run_has_no_button_for_it(published, page):
    _, site = published
    assert "Colab" not in links(read(site / f"{page}.html"))


@pytest.mark.parametrize("made", [[], ["epub/softmax.epub", "latex/softmax.pdf"]])
def test_the_whole_book_is_offered_where_it_was_made(made, tmp_path):
    for name in made:
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(name)
    extensions = ["myst_parser", "sphinx_book_theme", "publishing", "book_files"]
    site = build(tmp_path, extensions=extensions, epub_basename="softmax").outdir
    found = links(read(site / "book" / "chapter.html"))
    offered = {name: link for name, link in found.items() if name in ("book.epub", "book.pdf")}
    assert len(offered) == len(made)
    for name, link in zip(made, offered.values(), strict=True):
        assert (site / "book" / link).read_text() == name


def test_a_notebook_installs_the_package_from_a_repository_that_is_known(app):
    cells = preface(app, "book/chapter")
    assert cells[0].source.startswith("> This notebook is a page of ")
    if not app.config.html_baseurl:
        assert len(cells) == 1
        assert "`pip install .`" in cells[0].source
        return
    assert f"[A book of few pages]({ADDRESS}book/chapter.html)" in cells[0].source
    assert f"%pip install --quiet git+{REPOSITORY}\n" in cells[1].source + "\n"


@pytest.mark.parametrize("variable", ["BOOK_URL", "BOOK_REPOSITORY"])
def test_what_is_not_an_address_is_refused(variable, tmp_path, monkeypatch):
    monkeypatch.setenv(variable, "owner/name")
    message = f"{variable}, or `.*` in _config.yml, .* such as https://.*, got 'owner/name'."
    with pytest.raises(ExtensionError, match=message):
        build(tmp_path)


def check_schema(name, *paths):
    """Check files with a schema that comes with check-jsonschema."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{name}"]
    checked = subprocess.run([*command, *paths], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_workflows_and_citation_are_valid():
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    assert len(workflows) == 3
    check_schema("github-workflows", *workflows)
    check_schema("citation-file-format", ROOT / "CITATION.cff")


def test_workflows_call_commands_of_the_makefile():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        assert set(re.findall(r"\bmake (?:-s )?([a-z-]+)", path.read_text("utf-8"))) <= targets


def names(path):
    """Return the names of the packages that a requirements file asks for."""
    lines = path.read_text("utf-8").splitlines()
    return {Requirement(line).name for line in lines if line and line[0] not in "#-"}


def test_binder_installs_a_part_of_what_the_book_needs():
    needed = names(ROOT / ".binder" / "requirements.txt")
    assert needed <= names(ROOT / "requirements.txt")
    assert {"jupyterlab", "jupytext", "ipykernel"} <= needed


def test_the_container_makes_what_the_makefile_makes():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    command = container["postCreateCommand"]
    assert command.endswith("&& make .venv/.installed-dev")


def test_the_book_has_cards_and_a_page_for_wrong_addresses(site):
    # The first heading of a page is the theme's, for print, and empty here.
    assert read(site / "404.html").find("h1", string="There is no such page")
    page = card(read(site / "book" / "definition.html"))
    assert page["og:site_name"] == "Softmax from First Principles"
    assert (site / page["og:image"].lstrip("/")).exists()
