"""The book as a PDF: what XeLaTeX said of it, and its text and numbers beside those of the site."""

import re
import shutil
import subprocess
from collections import Counter
from itertools import chain

import pytest
import yaml

from tools.references import ROOT

pytestmark = pytest.mark.slow
TOLERATED = 10  # points that a line may stick out


@pytest.fixture(scope="module")
def pdf(site):
    """Return the path of the PDF."""
    path = site.parent / "latex" / "softmax-from-first-principles.pdf"
    if not path.exists():  # .ci/run says so, too
        pytest.skip("The PDF is not built; `make pdf` builds it and says what that needs.")
    return path


@pytest.fixture(scope="module")
def log(pdf):
    """Return what XeLaTeX said in its last run."""
    return pdf.with_suffix(".log").read_text(encoding="utf-8", errors="replace")


@pytest.fixture(scope="module")
def source(pdf):
    """Return the LaTeX of the book."""
    return pdf.with_suffix(".tex").read_text(encoding="utf-8")


def read(program, *arguments):
    """Return what a program of Poppler prints, one space between words."""
    if not shutil.which(program):
        pytest.skip("Reading the PDF needs Poppler. On Debian: apt-get install poppler-utils")
    told = subprocess.run([program, *arguments], capture_output=True, check=True, text=True)
    return " ".join(told.stdout.split())


@pytest.fixture(scope="module")
def articles(site):
    """Return the HTML of the pages of the site that are in the book."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = chain.from_iterable(part["chapters"] for part in toc["parts"])
    names = [toc["root"], *(chapter["file"] for chapter in chapters)]
    pages = [(site / f"{name}.html").read_text(encoding="utf-8") for name in names]
    return "".join(html[html.find("<article") : html.rfind("</article>")] for html in pages)


def test_nothing_is_undefined_or_missing(log):
    assert re.findall(r".*Warning: .*(?:undefined|multiply).*", log) == []
    assert sorted(set(re.findall(r"Missing character: .*", log))) == []
    assert "Rerun to get" not in log


def test_nothing_runs_off_the_page(log, record_property):
    widths = [float(width) for width in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\)", log)]
    pages = int(re.search(r"Output written on \S+ \((\d+) pages", log)[1])
    record_property("table", f"The PDF has {pages} pages; {len(widths)} lines stick out a little.")
    assert max(widths, default=0) < TOLERATED
    assert pages > 400


def test_numbers_are_those_of_the_site(articles, source):
    on_site = Counter(re.findall(r'class="eqno">\(([\d.]+)\)', articles))
    captions = re.findall(r'class="caption-number">(\w+)\.? ([\d.]*\d) ', articles)
    on_site.update(f"{kind} {number}" for kind, number in captions)
    printed = Counter(re.findall(r"\\renewcommand{\\theequation}{([\d.]+)}", source))
    for name, kind in {"figure": "Fig", "table": "Table"}.items():
        found = re.findall(rf"\\renewcommand{{\\the{name}}}{{([\d.]+)}}", source)
        printed.update(f"{kind} {number}" for number in found)
    printed.update(re.findall(r"\\begin\{book(?:theorem|exercise)\}\{(\w+ [\d.]*\d)", source))
    assert sum(on_site.values()) > 400
    assert printed == on_site


def test_numbers_of_chapters_and_sections_are_those_of_the_site(pdf, articles):
    contents = pdf.with_suffix(".toc").read_text(encoding="utf-8")
    on_site = re.findall(r'class="section-number">([\d.]+)\.', articles)
    assert len(on_site) > 200
    assert set(on_site) == set(re.findall(r"\\numberline \{([\d.]+)\}", contents))


def test_live_figures_are_pictures_with_a_note(articles, source):
    live = len(re.findall(r"<softmax-[a-z]+ ", articles))
    assert live > 15
    assert source.count("A picture of a live figure.") == live


def test_questions_have_answers_and_exercises_solutions(articles, source):
    questions = articles.count('class="check-yourself"')
    exercises = articles.count('class="exercise admonition"')
    solutions = articles.count('class="solution dropdown admonition"')
    assert min(questions, exercises, solutions) > 50
    assert source.count(r"\begin{bookquestion}") == questions
    assert source.count(r"\begin{bookexercise}") == exercises
    assert source.count(r"\begin{booksolution}") == questions + solutions


def test_terms_of_the_glossary_are_in_the_index(pdf, articles):
    index = pdf.with_suffix(".ind").read_text(encoding="utf-8")
    terms = re.findall(r'<dt id="term-[^>]*>([^<]+)<', articles)
    assert len(terms) > 100
    listed = {entry.casefold() for entry in re.findall(r"\\spxentry\{([^{}]+)\}", index)}
    assert [term for term in terms if term.isalpha() and term.casefold() not in listed] == []


def test_index_has_each_entry_once(pdf):
    index = pdf.with_suffix(".ind").read_text(encoding="utf-8")
    index = re.sub(r"\\sphinxhyphen ?\{\}", "-", index)
    entries = Counter(re.findall(r"\\item (.*?)(?:,|$)", index, re.MULTILINE))
    assert len(entries) > 200
    assert [entry for entry, times in entries.items() if times > 1] == []


def test_proofs_end_with_a_sign_and_cells_are_not_empty_paragraphs(articles, source):
    proofs = articles.count('class="proof admonition"')
    assert proofs > 50
    assert source.count("\\bookqed\n") == proofs
    assert "\\sphinxAtStartPar\n\n" not in source


def test_lines_of_cells_are_apart(articles, source):
    assert articles.count("<br>") > 10
    assert source.count(r"\newline{}") == articles.count("<br>")


def test_few_lines_of_code_are_broken(pdf):
    assert read("pdftotext", pdf, "-").count("↪") < 25


def test_the_file_says_what_it_is_and_has_bookmarks(pdf):
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    told = read("pdfinfo", pdf)
    assert f"Title: {config['title']} " in told
    assert f"Author: {config['author']} " in told
    bookmarks = pdf.with_suffix(".out").read_text(encoding="utf-8")
    assert bookmarks.count("\\BOOKMARK [-1]") == len(toc["parts"])


def test_words_can_be_searched(pdf, articles):
    text = read("pdftotext", pdf, "-")
    titles = re.findall(r"<h[12]>(?:<span[^>]*>[\d.]+ </span>)?([\w ,:-]+)<a", articles)
    assert len(titles) > 200
    assert [title for title in titles if " ".join(title.split()) not in text] == []
