"""The map of the chapters on the start page: an SVG whose boxes are links, and a list for phones.

Nothing of it is typed: the chapters and parts are the numbered ones of ``_toc.yml``, and what a
chapter builds on is what it says itself under **You need**. A chapter stands one row below the
lowest of those, and the lines that other lines already imply are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import wrap

import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

DOC = re.compile(r"\{doc\}`(?:[^`<]*<)?([\w-]+)>?`")
NEED = re.compile(r"\*\*You need\*\*(.*?)(?=\n\s*\n|\n:::|\Z)", re.DOTALL)
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
# A chapter is called by the name of its file, but for these.
NAMES = {"cross-entropy": "Cross-entropy", "fashion-mnist": "Fashion-MNIST", "mnist": "MNIST"}

# In the units of the picture. A line of text holds LETTERS.
COLUMN, ROW, WIDTH, HEIGHT, LINE, LETTERS = 184, 84, 168, 56, 20, 16


@dataclass
class Chapter:
    """One chapter on the map: `needs` are the nearest chapters that it builds on."""

    name: str
    number: int
    part: int
    title: str
    needs: list[str]
    row: int = 0
    column: int = 0

    @property
    def label(self):
        """What is written in the box."""
        name = NAMES.get(self.name, self.name.replace("-", " ").capitalize())
        return f"{self.number} {name}"


def needed_chapters(text: str) -> set[str]:
    """Return the chapters that a chapter's Markdown links under **You need**."""
    said = NEED.search(text)
    return set(DOC.findall(said[1])) if said else set()


def read_chapters(root: Path) -> tuple[list[str], dict[str, Chapter]]:
    """Return the captions of the numbered parts, and their chapters by name, each with its place.

    Raises
    ------
    ValueError
        If a chapter needs one that comes later.
    """
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    parts = [part for part in toc["parts"] if part.get("numbered")]
    chapters: dict[str, Chapter] = {}
    known: dict[str, set[str]] = {}  # all that a chapter builds on, near and far
    for number, part in enumerate(parts):
        for entry in part["chapters"]:
            name = Path(entry["file"]).name
            text = (root / f"{entry['file']}.md").read_text(encoding="utf-8")
            needs = needed_chapters(text)
            if later := needs - chapters.keys():
                raise ValueError(f"{name} needs {sorted(later)}, which are not before it.")
            far = set().union(*(known[need] for need in needs))
            known[name] = needs | far
            near = [need for need in chapters if need in needs - far]
            chapters[name] = Chapter(name, len(chapters) + 1, number, TITLE.search(text)[1], near)
    place(chapters)
    return [part["caption"] for part in parts], chapters


def place(chapters: dict[str, Chapter]) -> None:
    """Give each chapter its row and its column; 0 is the middle one.

    Within a row, chapters that more rows build on choose first: the free column nearest to the
    chapters that they build on. So the longest way through the book is the trunk of the map.
    """
    depth = dict.fromkeys(chapters, 0)
    for chapter in reversed(chapters.values()):
        for need in chapter.needs:
            depth[need] = max(depth[need], depth[chapter.name] + 1)
    rows: dict[int, list[Chapter]] = {}
    for chapter in chapters.values():
        chapter.row = max((chapters[need].row + 1 for need in chapter.needs), default=0)
        rows.setdefault(chapter.row, []).append(chapter)
    for _, row in sorted(rows.items()):
        taken: set[int] = set()
        for chapter in sorted(row, key=lambda chapter: -depth[chapter.name]):
            above = [chapters[need].column for need in chapter.needs] or [0]
            middle = sum(above) / len(above)
            free = set(range(-len(chapters), len(chapters) + 1)) - taken
            chapter.column = min(free, key=lambda column: (abs(column - middle), -column))
            taken.add(chapter.column)


def draw(parts: list[str], chapters: dict[str, Chapter], address) -> str:
    """Return the map as HTML; `address` gives the address of a chapter's page by its name.

    Below it is a list, which a style sheet shows on phones instead.
    """
    columns = [chapter.column for chapter in chapters.values()]
    left, width = min(columns), (max(columns) - min(columns) + 1) * COLUMN
    height = (max(chapter.row for chapter in chapters.values()) + 1) * ROW

    def middle(chapter):
        return (chapter.column - left) * COLUMN + COLUMN // 2, chapter.row * ROW + ROW // 2

    lines = [
        "M{} {}L{} {}".format(*middle(chapters[need]), *middle(chapter))
        for chapter in chapters.values()
        for need in chapter.needs
    ]
    pieces = [f'<path d="{"".join(lines)}"/>']
    for number, caption in enumerate(parts):
        y = LINE + number * LINE * 3 // 2
        pieces.append(
            f'<g class="part-{number}"><rect x="7" y="{y - 7}" width="26" height="14" rx="4"/>'
            f'<text x="39" y="{y}">{escape(caption)}</text></g>'
        )
    for chapter in chapters.values():
        x, y = middle(chapter)
        words = wrap(chapter.label, LETTERS)
        first = y - LINE * (len(words) - 1) / 2
        text = "".join(
            f'<tspan x="{x}" y="{first + i * LINE:g}">{escape(line)}</tspan>'
            for i, line in enumerate(words)
        )
        needs = " and ".join(str(chapters[need].number) for need in chapter.needs)
        builds = f" Builds on chapter {needs}." if needs else ""
        # What is said begins with what is shown, for readers who speak to their browser.
        spoken = f"{chapter.label}. {chapter.title}.{builds}"
        pieces.append(
            f'<a href="{escape(address(chapter.name))}" class="part-{chapter.part}" '
            f'aria-label="{escape(spoken)}">'
            f'<rect x="{x - WIDTH // 2}" y="{y - HEIGHT // 2}" width="{WIDTH}" height="{HEIGHT}" '
            f'rx="9"/><text text-anchor="middle">{text}</text></a>'
        )
    rows = "".join(
        f'<p class="part-{number}">{escape(caption)}</p><ul>'
        + "".join(
            f'<li><a href="{escape(address(chapter.name))}">{escape(chapter.label)}</a></li>'
            for chapter in chapters.values()
            if chapter.part == number
        )
        + "</ul>"
        for number, caption in enumerate(parts)
    )
    return (
        f'<nav class="chapter-map" aria-label="Map of the chapters"><svg viewBox="0 0 {width} '
        f'{height}" width="{width}" height="{height}">{"".join(pieces)}</svg>'
        f'<div class="chapter-list">{rows}</div></nav>'
    )


class chapter_map(nodes.General, nodes.Element):
    """The map; it is drawn when its page is written, with links from there."""


class ChapterMap(SphinxDirective):
    """The directive ``chapter-map``, which takes no arguments."""

    def run(self):
        """Return the map, which the page depends on the chapters for."""
        root = Path(self.env.srcdir)
        _, chapters = read_chapters(root)
        for path in ["_toc.yml", *(f"book/{name}.md" for name in chapters)]:
            self.env.note_dependency(str(root / path))
        return [chapter_map()]


def visit_map(self, node):
    """Write the map as HTML."""

    def address(name):
        return self.builder.get_relative_uri(self.builder.current_docname, f"book/{name}")

    self.body.append(draw(*read_chapters(Path(self.builder.srcdir)), address))
    raise nodes.SkipNode


def setup(app):
    """Register with Sphinx."""
    app.add_directive("chapter-map", ChapterMap)
    app.add_node(chapter_map, html=(visit_map, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
