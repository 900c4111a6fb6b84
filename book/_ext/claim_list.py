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
    right: str
    how: str


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
            how = READ if claim.get("read") else CODE.get(claim.get("code"), "")
            holds = claim["verdict"] == "holds"
            shown.rows.append(Row(claim["claim"], holds, claim.get("right", ""), how))
    return list(lists.values())


def item(row: Row) -> nodes.list_item:
    """Return one claim of the list."""
    text = nodes.paragraph("", row.claim)
    if row.right:
        text += [nodes.Text(" "), nodes.strong("", "Right:"), nodes.Text(f" {row.right}")]
    if row.how:
        text += [nodes.Text(" "), nodes.emphasis("", row.how)]
    return nodes.list_item("", text)


def details(title: str, *content: nodes.Node) -> element:
    """Return content that a reader opens."""
    return element("", summary("", title), *content, tag="details", attributes={"class": "claims"})


class ShowClaims(SphinxDirective):
    """The directive ``claim-list``."""

    def run(self):
        """Return the lists of all sources."""
        root = Path(self.env.srcdir)
        for path in paths(root):
            self.env.note_dependency(str(path))
        shown = []
        for source in read_lists(root):
            wrong = [item(row) for row in source.rows if not row.holds]
            right = [item(row) for row in source.rows if row.holds]
            shown.append(
                details(
                    f"{source.name} {source.title}".strip(),
                    nodes.paragraph("", f"These {len(wrong)} fail:"),
                    nodes.bullet_list("", *wrong),
                    nodes.paragraph("", f"These {len(right)} hold:"),
                    nodes.bullet_list("", *right),
                )
            )
        return shown


def setup(app):
    """Register with Sphinx."""
    app.add_directive("claim-list", ShowClaims)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
