"""Show the list of claims that the tests check, on the page of mistakes.

The directive ``claim-list`` takes no arguments. It reads ``tests/claims/*.yaml``, so that the page
shows what was run. Each source is a ``<details>``: what fails first, with what is right, then what
holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml
from check_yourself import element, summary
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

FOLDER = "tests/claims"
CODE = {"printed": "Run as printed.", "reimplemented": "Re-implemented."}
READ = "Read, not run."


@dataclass
class Row:
    """A claim: its words, whether it holds, what is right if not, and how it was checked."""

    claim: str
    holds: bool
    correction: str
    method: str


@dataclass
class ClaimList:
    """The claims of one source."""

    name: str
    title: str
    rows: list[Row]


def paths(root: Path) -> list[Path]:
    """Return the files of the claims, the notes first."""
    return [*sorted((root / FOLDER).glob("note-*.yaml")), root / FOLDER / "course.yaml"]


def read_lists(root: Path) -> list[ClaimList]:
    """Return the claims of each source, in the order of the files."""
    lists: dict[str, ClaimList] = {}
    for path in paths(root):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        source = content["source"]
        name = f"{source:03}" if isinstance(source, int) else ""
        shown = lists.setdefault(name, ClaimList(name, content["title"], []))
        for claim in content["claims"]:
            method = READ if claim.get("read") else CODE.get(claim.get("code"), "")
            holds = claim["verdict"] == "holds"
            shown.rows.append(Row(claim["claim"], holds, claim.get("right", ""), method))
    return list(lists.values())


def item(row: Row) -> nodes.list_item:
    """Return one claim of the list."""
    text = nodes.paragraph("", row.claim)
    if row.correction:
        text += [nodes.Text(" "), nodes.strong("", "Right:"), nodes.Text(f" {row.correction}")]
    if row.method:
        text += [nodes.Text(" "), nodes.emphasis("", row.method)]
    return nodes.list_item("", text)


def details(title: str, *content: nodes.Node) -> element:
    """Return content that a reader opens."""
    return element("", summary("", title), *content, tag="details", attributes={"class": "claims"})


def listed(rows: list[Row], verb: str) -> list[nodes.Node]:
    """Return rows as a list below their number, or nothing if there are none."""
    if not rows:
        return []
    count = f"1 claim {verb}s:" if len(rows) == 1 else f"{len(rows)} claims {verb}:"
    return [nodes.paragraph("", count), nodes.bullet_list("", *map(item, rows))]


class ShowClaims(SphinxDirective):
    """The directive ``claim-list``."""

    def run(self):
        """Return the lists of all sources."""
        root = Path(self.env.srcdir)
        for path in paths(root):
            self.env.note_dependency(str(path))
        shown = []
        for source in read_lists(root):
            failing = listed([row for row in source.rows if not row.holds], "fail")
            holding = listed([row for row in source.rows if row.holds], "hold")
            shown.append(details(f"{source.name} {source.title}".strip(), *failing, *holding))
        return shown


def setup(app):
    """Register with Sphinx."""
    app.add_directive("claim-list", ShowClaims)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
