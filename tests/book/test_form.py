"""The form of the book: what every chapter must hold, and that names and sources meet."""

import math
import re
import textwrap
import warnings
from functools import cache
from itertools import pairwise

import pytest
from bs4 import BeautifulSoup
from chapter_map import draw as draw_map
from chapter_map import needed_chapters, read_chapters
from plain_markdown import PARSER, find_directives
from pybtex.database import parse_file

from tests.book.chapters import COLUMNS, too_long
from tools.references import ROOT, chapters_with_code, read_chapter, toc_pages

PAGES = {page: ROOT / f"{page}.md" for page in toc_pages()}
WRITTEN = {page: path for page, path in PAGES.items() if path.exists()}

# Chapters teach and follow one form. The start page and the appendices are something else.
NOT_CHAPTERS = {"index", "review", "notation", "errata"}
WITH_CODE = chapters_with_code()
CHAPTERS = {name: path for name, path in WITH_CODE.items() if name not in NOT_CHAPTERS}

EXERCISES, FIGURES = 5, 2
WORDS = range(1200, 3601)  # the aim is 1,500 to 3,000; a little more or less is no error
DIFFICULTIES = ("Check", "Think", "Prove", "Build")
LEVELS = ("easy", "medium", "hard")
WORDS_A_MINUTE, CELLS_A_MINUTE = 130, 4  # slower than a novel: formulas are read twice
NUMBERED = {"algorithm", "corollary", "definition", "lemma", "property", "proposition", "theorem"}

by_chapter = pytest.mark.parametrize("name", CHAPTERS)


@cache
def prose(path):
    """Return the Markdown of a page, its code cells left out."""
    cells = read_chapter(path).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type != "code")


def directives(path):
    return list(find_directives(prose(path)))


def figures(path):
    """Return (name, caption, alternative text) of each figure of a page."""
    found = []
    for cell in read_chapter(path).cells:
        settings = cell.metadata.get("mystnb", {})
        if "figure" in settings:
            figure, image = settings["figure"], settings.get("image") or {}
            found.append((figure.get("name"), figure.get("caption"), image.get("alt")))
    return found + [
        (directive.label, directive.body, directive.options.get("alt"))
        for directive in directives(path)
        if directive.name == "figure"
    ]


def role_targets(text, role):
    """Return what the text refers to with a role: `x` in ``{role}`x``` and ``{role}`text <x>```."""
    contents = re.findall(rf"\{{{role}\}}`([^`]+)`", text)
    targets = [re.sub(r"^.*<(.+)>$", r"\1", content, flags=re.DOTALL) for content in contents]
    return {part.strip() for target in targets for part in target.split(",")}


def without_exercises(text):
    """Return the text without its exercises, their solutions, and questions with choices."""
    for kind in ("exercise", "solution", "check-yourself"):
        gated = rf"^(:::+|```+)\{{{kind}-start\}}.*?\{{{kind}-end\}}\s*\n\1"
        text = re.sub(gated, "", text, flags=re.DOTALL | re.MULTILINE)
        whole = rf"^(:::+|```+)\{{{kind}\}}.*?^\1\s*$"
        text = re.sub(whole, "", text, flags=re.DOTALL | re.MULTILINE)
    return text


def count_words(text):
    """Count the words to read. A formula counts as one, and of several tabs the first counts."""
    other_tabs = r"^(:+)({tab-set}.*?{tab-item}.*?)^:+{tab-item}.*?^\1$"
    text = re.sub(other_tabs, r"\1\2", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"\$\$.*?\$\$|\$[^$]+\$", " formula ", text, flags=re.DOTALL)
    text = re.sub(r"^\s*(:::+|```+).*$|^:[\w-]+:.*$", "", text, flags=re.MULTILINE)
    return sum(any(char.isalpha() for char in word) for word in text.split())


def headings(text):
    tokens = PARSER.parse(text)
    return [text.content for mark, text in pairwise(tokens) if mark.type == "heading_open"]


def test_every_page_of_the_contents_is_written():
    missing = sorted(PAGES.keys() - WRITTEN.keys())
    assert not missing, (
        f"_toc.yml names pages that do not exist: {missing}. `make book` makes the coursework's."
    )


def test_every_chapter_is_in_the_contents():
    strays = {path.stem for path in (ROOT / "book").glob("*.md")} - {p.stem for p in PAGES.values()}
    assert not strays, f"Pages in book/ that _toc.yml does not name: {sorted(strays)}"


@by_chapter
def test_chapter_has_exercises_with_solutions(name):
    found = directives(CHAPTERS[name])
    exercises = [d.label for d in found if d.name in ("exercise", "exercise-start")]
    solved = {d.argument for d in found if d.name in ("solution", "solution-start")}
    assert all(exercises), f"An exercise of {name} has no label."
    assert len(exercises) >= EXERCISES, (
        f"{name} has {len(exercises)} exercises; a chapter has at least {EXERCISES}."
    )
    unsolved = set(exercises) - solved
    assert not unsolved, f"Exercises of {name} without a solution: {sorted(unsolved)}"
    pointless = solved - set(exercises)
    assert not pointless, f"Solutions in {name} to exercises that it has not: {sorted(pointless)}"


@pytest.mark.prose
@by_chapter
def test_exercises_say_how_hard_they_are(name):
    pattern = r"\{exercise-start\}\s*([^\n]*)(.*?)\{exercise-end\}"
    for title, body in re.findall(pattern, prose(CHAPTERS[name]), re.DOTALL):
        assert any(f"**{level}.**" in body for level in DIFFICULTIES), (
            f"The exercise “{title}” of {name} does not say how hard it is. "
            f"Begin it with one of {', '.join(f'**{level}.**' for level in DIFFICULTIES)}"
        )


@by_chapter
def test_solutions_are_closed_at_first(name):
    for directive in directives(CHAPTERS[name]):
        if directive.name in ("solution", "solution-start"):
            assert "dropdown" in directive.options.get("class", ""), (
                f"The solution to {directive.argument} in {name} lacks `:class: dropdown`."
            )


@by_chapter
def test_chapter_has_figures(name):
    found = figures(CHAPTERS[name])
    assert len(found) >= FIGURES, f"{name} has {len(found)} figures; it needs {FIGURES}."
    for figure in found:
        assert all(figure), (
            f"A figure of {name} lacks its name, caption or alternative text: {figure}"
        )


@by_chapter
def test_code_that_draws_a_figure_is_folded(name):
    shown = [
        cell.metadata.mystnb.figure.name
        for cell in read_chapter(CHAPTERS[name]).cells
        if "figure" in cell.metadata.get("mystnb", {})
        and "plt." in cell.source
        and not {"hide-input", "remove-input"} & set(cell.metadata.get("tags", []))
    ]
    assert not shown, f"Add `tags: [hide-input]` to the cells of {name} that draw {shown}."


@pytest.mark.parametrize("page", WRITTEN)
def test_text_speaks_of_every_figure(page):
    mentioned = role_targets(prose(WRITTEN[page]), "numref")
    silent = {figure for figure, _, _ in figures(WRITTEN[page]) if figure} - mentioned
    assert not silent, f"{page} never refers to {sorted(silent)}; write {{numref}}`NAME`."


@by_chapter
def test_chapter_has_the_parts_of_a_chapter(name):
    text = prose(CHAPTERS[name])
    titles = [d.argument for d in find_directives(text) if d.name == "admonition"]
    for part in ("Common mistake", "Take-aways"):
        assert any(title.startswith(part) for title in titles), (
            f"{name} has no admonition whose title begins with “{part}”."
        )
    assert "Further reading" in headings(text), f"{name} has no section “Further reading”."
    reading = text[text.index("Further reading") :]
    assert role_targets(reading, "cite:[a-z]+"), f"{name} cites nothing under “Further reading”."


@pytest.mark.prose
@by_chapter
def test_chapter_is_neither_short_nor_long(name):
    words = count_words(without_exercises(prose(CHAPTERS[name])))
    assert words in WORDS, (
        f"{name} has {words} words without its exercises; 1,500 to 3,000 are wanted."
    )


@pytest.mark.prose
@by_chapter
def test_chapter_says_how_long_it_takes(name):
    text = prose(CHAPTERS[name])
    cells = [cell for cell in read_chapter(CHAPTERS[name]).cells if cell.cell_type == "code"]
    minutes = count_words(without_exercises(text)) / WORDS_A_MINUTE + len(cells) / CELLS_A_MINUTE
    wanted = 5 * math.ceil(minutes / 5)
    levels = "|".join(LEVELS)
    pattern = rf"\*\*It takes\*\* about {wanted} minutes to read, without the exercises\. "
    assert re.search(pattern + rf"Level: (?:{levels})\.", text), (
        f"The box at the start of {name} should say: **It takes** about {wanted} minutes to read, "
        f"without the exercises. Level: {' or '.join(LEVELS)}."
    )


HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


def first_reading(name):
    """Return the minutes that a first reading takes by the rule, and those that the box says."""
    box = re.search(
        r"\*\*On a first reading\*\*(.*?)can wait.*?takes about (\d+) minutes",
        prose(CHAPTERS[name]),
        re.DOTALL,
    )
    waiting = set(re.findall(r"\*([^*]+)\*", re.sub(r"\(up to.*?\)", "", box[1])))
    ends = set(re.findall(r"up to \*([^*]+)\*", box[1]))
    level, exercises, cells, read, found = 0, False, 0, [], set()
    for cell in read_chapter(CHAPTERS[name]).cells:
        if cell.cell_type == "code":
            hidden = "remove-cell" in cell.metadata.get("tags", [])
            cells += not (level or exercises or hidden)
            continue
        start, *rest = HEADING.split(cell.source)
        read += [] if level else [start]
        for marks, title, body in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
            exercises |= title == "Exercises"
            if level and (len(marks) <= level or title in ends):
                level = 0
            if not level and title in waiting:
                level = len(marks)
                found.add(title)
            read += [] if level else [f"{marks} {title}\n{body}"]
    assert found == waiting, f"{name} lets wait {waiting - found}, which are no headings."
    words = count_words(without_exercises("\n\n".join(read)))
    return words / WORDS_A_MINUTE + cells / CELLS_A_MINUTE, int(box[2])


SECOND_EDITION = [
    name for name in CHAPTERS if "**On a first reading**" in CHAPTERS[name].read_text("utf-8")
]


@pytest.mark.prose
@pytest.mark.parametrize("name", SECOND_EDITION)
def test_first_reading_takes_as_long_as_the_box_says(name):
    minutes, said = first_reading(name)
    # Rounded up to five minutes, with a minute or so of grace.
    assert said - 5 < minutes < said + 1.5, f"A first reading of {name} takes {minutes:.1f}."
    assert said <= 25


def test_map_shows_what_each_chapter_needs():
    _, shown = read_chapters(ROOT)
    assert shown.keys() == CHAPTERS.keys() - {"frameworks", "mistakes"}

    def above(name):
        return set(shown[name].needs).union(*(above(need) for need in shown[name].needs))

    for name, chapter in shown.items():
        named = needed_chapters(prose(CHAPTERS[name]))
        assert named <= above(name), f"{name} needs {named}, the map shows {above(name)}."
        assert set(chapter.needs) <= named, f"The map: {name} needs {chapter.needs}, not {named}."


def test_no_two_chapters_share_a_place_on_the_map():
    _, shown = read_chapters(ROOT)
    places = [(chapter.row, chapter.column) for chapter in shown.values()]
    assert len(set(places)) == len(places)
    for chapter in shown.values():
        assert all(shown[need].row < chapter.row for need in chapter.needs)


def write_book(folder, **needs):
    """Write a book whose chapters need these, each text the words after **You need**."""
    (folder / "book").mkdir()
    files = "".join(f"      - file: book/{name}\n" for name in needs)
    toc = f"parts:\n  - caption: One\n    numbered: true\n    chapters:\n{files}"
    (folder / "_toc.yml").write_text(toc, "utf-8")
    for name, need in needs.items():
        text = f"# The <b> of {name}\n\n**You need** {need}\n\n{{doc}}`unrelated`\n"
        (folder / "book" / f"{name}.md").write_text(text, "utf-8")


def test_map_leaves_out_lines_that_others_imply(tmp_path):
    write_book(
        tmp_path, a="nothing.", b="{doc}`a`.", c="{doc}`a` and {doc}`the b <b>`.", d="{doc}`a`."
    )
    _, shown = read_chapters(tmp_path)
    assert {name: chapter.needs for name, chapter in shown.items()} == {
        "a": [],
        "b": ["a"],
        "c": ["b"],
        "d": ["a"],
    }
    assert [(chapter.row, chapter.column) for chapter in shown.values()] == [
        (0, 0),
        (1, 0),
        (2, 0),
        (1, 1),
    ]


def test_map_is_of_links_that_say_what_they_build_on(tmp_path):
    write_book(tmp_path, a="nothing.", b="{doc}`a`.")
    page = BeautifulSoup(draw_map(*read_chapters(tmp_path), "{}.html".format), "html.parser")
    assert [(link["href"], link["aria-label"]) for link in page.svg.find_all("a")] == [
        ("a.html", "1 A. The <b> of a."),
        ("b.html", "2 B. The <b> of b. Builds on chapter 1."),
    ]
    listed = [(link["href"], link.text) for link in page.select(".chapter-list a")]
    assert listed == [("a.html", "1 A"), ("b.html", "2 B")]
    assert [link.text for link in page.svg.find_all("a")] == ["1 A", "2 B"]


def test_map_refuses_a_chapter_that_needs_a_later_one(tmp_path):
    write_book(tmp_path, a="{doc}`b`.", b="nothing.")
    with pytest.raises(ValueError, match=r"a needs \['b'\], which are not before it"):
        read_chapters(tmp_path)


def test_definitions_and_theorems_are_labelled_and_referred_to():
    texts = {page: prose(path) for page, path in WRITTEN.items()}
    used = set().union(*(role_targets(text, "prf:ref") for text in texts.values()))
    for page, text in texts.items():
        for directive in find_directives(text):
            if directive.name.removeprefix("prf:") not in NUMBERED:
                continue
            name = directive.label
            assert name, f"{page}: the {directive.name} “{directive.argument}” has no label."
            assert name in used, f"{page}: nothing refers to {name}; write {{prf:ref}}`{name}`."


def test_citations_and_bibliography_agree():
    entries = set(parse_file(str(ROOT / "book" / "references.bib")).entries)
    cited = set()
    for page, path in WRITTEN.items():
        keys = role_targets(prose(path), "cite:[a-z]+")
        unknown = keys - entries
        assert not unknown, f"{page} cites {sorted(unknown)}, which references.bib has not."
        cited |= keys
    uncited = sorted(entries - cited)
    assert not uncited, f"references.bib has entries that no page cites: {uncited}"


def test_every_source_can_be_found():
    for key, entry in parse_file(str(ROOT / "book" / "references.bib")).entries.items():
        assert {"doi", "url", "eprint"} & entry.fields.keys(), (
            f"references.bib: {key} has no DOI and no address (`url`, or `eprint` for arXiv)."
        )


@pytest.mark.prose
def test_glossary_is_in_order_and_names_the_chapters_that_use_its_words():
    found = find_directives(prose(ROOT / "book" / "notation.md"))
    body = next(directive.body for directive in found if directive.name == "glossary")
    entries = re.findall(r"^(\S.*)\n {2}(.+)$", body, re.MULTILINE)
    words = [word for word, _ in entries]
    assert len(words) > 50
    assert words == sorted(words, key=lambda word: word.lower().replace("–", "-"))
    for word, meaning in entries:
        pages = role_targets(meaning, "doc")
        assert pages, f"The glossary does not say which chapter explains “{word}”."
        for page in pages:
            text = " ".join(prose(ROOT / "book" / f"{page}.md").split()).lower()
            assert word.lower() in text, f"The glossary says that {page} explains “{word}”."


@pytest.mark.parametrize("name", WITH_CODE)
def test_code_compiles_without_a_warning(name):
    # Newer Pythons print what older ones keep to themselves, such as "\\l" outside a raw string.
    for i, cell in enumerate(read_chapter(WITH_CODE[name]).cells):
        if cell.cell_type == "code":
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                compile(cell.source, f"{name}.md, cell {i}", "exec")


BLOCK = re.compile(
    r"^( *)(```+)(?:python|\{(?:starter|check)\})[^\n]*\n(.*?)^\1\2$", re.DOTALL | re.MULTILINE
)


def shown_code(path):
    """Yield the code that readers of a page see: cells, starters, checks and other blocks."""
    for cell in read_chapter(path).cells:
        if cell.cell_type != "code":
            yield from (textwrap.dedent(code) for _, _, code in BLOCK.findall(cell.source))
        elif not {"remove-cell", "remove-input"} & set(cell.metadata.get("tags", [])):
            yield cell.source


@pytest.mark.parametrize("page", WRITTEN)
def test_code_fits_into_the_page(page):
    cut = [line for code in shown_code(WRITTEN[page]) for line in too_long(code)]
    assert not cut, f"{page} has code of more than {COLUMNS} columns: {cut}"


@pytest.mark.prose
@pytest.mark.parametrize("page", WRITTEN)
def test_page_is_finished(page):
    text = WRITTEN[page].read_text(encoding="utf-8")
    left = re.findall(r"\b(?:TODO|FIXME|XXX|TBD)\b|\blorem ipsum\b", text, re.IGNORECASE)
    assert not left, f"{page} still says {left[0]}."
