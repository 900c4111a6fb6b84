"""The pages of the book that show the assignments, made from the students' notebooks.

A page is not run when the book is built. It shows the text and the code of the notebook, the
visible checks folded. On a site with Python for the browser, readers run and change its cells as
those of a chapter. The site offers the notebook itself for download, as nbgrader made it.
"""

import copy
import re

from coursework.release.nbgrader_runs import ReleaseError

# What a master writes as {{ book }} before the name of a chapter, until it is known what for.
MARK = "chapter://"
TABLE = "<!-- questions -->"
LINK = re.compile(rf"\[(?P<text>[^\]]*)\]\({MARK}/?(?P<page>[\w-]+)\.html(?:#(?P<place>[\w-]+))?\)")
SHORT = 15  # lines of given code that are not folded
NAMES = {
    "cross-entropy": "Cross-entropy",
    "fashion-mnist": "Fashion-MNIST",
    "mnist": "MNIST",
}

HEAD = """\
---
softmax:
  notebook: _build/coursework/{name}.ipynb
---

{title}

:::{{admonition}} The notebook
:class: tip
{{notebook}}`Download {name}.ipynb`, open it in JupyterLab, and write your answers into it.
This page shows the same text and code. There are **{points:g} points**.

```{{only}} builder_html and runs_python
Here you can try an answer at once: press *Edit* at a function, and then *Run* below its visible
check. Nothing on this page is saved or handed in, so copy what you keep into the notebook: only
that counts. Code runs more slowly here.
```
:::
"""


def question_table(assignment):
    """Return a Markdown table of what each question asks, and which chapters teach it.

    It takes the place of `TABLE` in a master. A page whose master has none begins with it.
    """
    lines = ["| question | you show that you can | chapters |", "|---|---|---|"]
    for question in assignment.questions:
        chapters = ", ".join(
            f"[{NAMES.get(page, page.replace('-', ' ').capitalize())}]({MARK}{page}.html)"
            for page in question.chapters
        )
        objective = question.objective[:1].lower() + question.objective[1:].rstrip(".")
        texts = [f"{question.title} ({question.out_of:g} points)", objective, chapters]
        lines.append("| " + " | ".join(text.replace("|", r"\|") for text in texts) + " |")
    return "\n".join(lines)


def link_notebook(notebook, address):
    """Return a copy of a rendered master in which links to chapters start with `address`.

    If it is empty, their text is left.

    Raises
    ------
    ReleaseError
        Where the address of the book stands elsewhere than in a link of a Markdown cell.
    """
    linked = copy.deepcopy(notebook)
    for cell in linked.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(lambda match: web_link(match, address), cell.source)
        if MARK in cell.source:
            raise ReleaseError(
                f"cell {cell.id} uses `book` outside of a link such as "
                "[stability]({{ book }}stability.html#a-place)"
            )
    return linked


def web_link(match, address):
    """Return a link to a chapter as a notebook has it."""
    if not address:
        return match["text"]
    place = f"#{match['place']}" if match["place"] else ""
    return f"[{match['text']}]({address.rstrip('/')}/{match['page']}.html{place})"


def page_link(match):
    """Return a link to a chapter as a page has it.

    Sphinx knows pages and labels, but not the sections that have no label: these links are HTML.
    """
    if not match["place"]:
        return f"[{match['text']}](../{match['page']}.md)"
    address = f"../{match['page']}.html#{match['place']}"
    text = f'<span class="std std-ref">{match["text"]}</span>'
    return f'<a class="reference internal" href="{address}">{text}</a>'


def make_page(notebook, assignment):
    """Return the MyST text of the page of an assignment.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        The students' version; its first cell begins with the title.
    assignment : Assignment

    Raises
    ------
    ReleaseError
        Where the notebook has no title.
    """
    first, *others = notebook.cells
    title, _, introduction = first.source.partition("\n")
    if not title.startswith("# "):
        raise ReleaseError("the first cell does not begin with a title, such as `# Homework 1`")
    table = question_table(assignment)
    parts = [
        HEAD.format(name=assignment.name, title=title, points=assignment.out_of),
        introduction,
        "" if any(table in cell.source for cell in notebook.cells) else table,
        *map(part, others),
    ]
    parts = [LINK.sub(page_link, text.strip("\n")) for text in parts]
    return "\n\n".join(filter(None, parts)) + "\n"


def part(cell):
    """Return the MyST text that shows a cell."""
    marks = cell.metadata.get("nbgrader", {})
    if cell.cell_type == "code":
        code = fence("`", "python", cell.source)
        title = title_of_fold(cell, marks)
        shown = fence(":", f"{{dropdown}} {title}", code) if title else code
        # Checks and cells for trials fail until there are answers, and no other cell needs them.
        is_needed = marks.get("solution") or (marks.get("locked") and not marks.get("grade"))
        return fence(":", "{cell}" if is_needed else "{cell} apart", shown)
    if marks.get("solution"):
        return fence(":", "{admonition} Your answer, in words", cell.source)
    return cell.source


def title_of_fold(cell, marks):
    """Return what a reader opens to see a code cell, or an empty string if it is shown at once."""
    if marks.get("solution"):
        return ""
    if marks.get("grade"):
        return "The visible check"
    is_long = cell.source.count("\n") > SHORT
    return "Code that is given" if marks.get("locked") and is_long else ""


def fence(sign, name, text):
    """Return a text between two fences that are longer than any in it."""
    longest = max(map(len, re.findall(rf"^\s*({sign}{{3,}})", text, re.MULTILINE)), default=2)
    line = sign * (longest + 1)
    return f"{line}{name}\n{text}\n{line}"
