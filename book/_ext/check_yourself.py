"""Ask readers a question that answers back: each choice opens and says why it is right or not.

A question is written as a list of tasks, of which the right one is done. What follows a choice,
indented, is shown to readers who open it::

    :::{check-yourself}
    :answer: sm.softmax([0, 0])[0]
    Two logits are equal. What is the first probability?

    - [ ] $1$

      Each of the two would claim all of it. Equal logits share.
    - [x] $0.5$

      The two exponentials are equal, so each is half of their sum.
    :::

A choice is an HTML ``<details>``, which needs no script. Where more than one choice is right, the
option ``choose-all`` says so to the reader. ``answer`` is a Python expression; a test of the book
evaluates it, with what the chapter imports and defines, and compares it with the numbers in the
right choice.
"""

from __future__ import annotations

from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from question_parser import CHOOSE_ALL, TITLE, VERDICTS, parse_question
from sphinx.util.docutils import SphinxDirective


class element(nodes.General, nodes.Element):
    """An element of HTML: `tag` is its name, `attributes` are its attributes."""


class summary(nodes.General, nodes.TextElement):
    """The text of a choice."""


class CheckYourself(SphinxDirective):
    """The directive ``check-yourself``."""

    has_content = True
    option_spec: ClassVar = {"answer": directives.unchanged_required, "choose-all": directives.flag}

    def run(self):
        """Return the question."""
        question, choices = parse_question("\n".join(self.content))
        right = sum(choice.right for choice in choices)
        if not all(choice.explanation for choice in choices):
            raise self.error("Each choice needs an explanation: a paragraph of its own.")
        if len(choices) < 2 or not right or (right > 1 and "choose-all" not in self.options):
            raise self.error(
                f"A question has at least two choices, exactly one of them marked [x], or several "
                f"with the option choose-all. This one has {len(choices)} and {right}."
            )
        name = f"check-yourself-{self.env.new_serialno('check-yourself') + 1}"
        asked = nodes.container("", *self.parsed(question), ids=[name])
        if "choose-all" in self.options:
            asked += nodes.paragraph("", "", nodes.emphasis("", CHOOSE_ALL))
        listed = nodes.bullet_list("", *map(self.item, choices))
        title = nodes.paragraph("", TITLE, classes=["check-yourself-title"])
        group = {"class": "check-yourself", "role": "group", "aria-labelledby": name}
        return [element("", title, asked, listed, tag="div", attributes=group)]

    def item(self, choice):
        """Return one choice of the list."""
        first, *rest = self.parsed(choice.explanation)
        verdict = nodes.strong("", VERDICTS[choice.right])
        first.insert(0, [verdict, nodes.Text(" ")])
        (text,) = self.parsed(choice.text)
        shown = [summary("", "", *text.children), first, *rest]
        kind = {"class": "right" if choice.right else "wrong"}
        return nodes.list_item("", element("", *shown, tag="details", attributes=kind))

    def parsed(self, text):
        """Return the nodes of some of the directive's text."""
        node = nodes.Element()
        self.state.nested_parse(StringList(text.split("\n")), self.content_offset, node)
        return node.children


def visit_element(self, node):
    """Open an element."""
    self.body.append(self.starttag(node, node["tag"], **node["attributes"]))


def depart_element(self, node):
    """Close an element."""
    self.body.append(f"</{node['tag']}>\n")


def visit_summary(self, node):
    """Open the text of a choice."""
    self.body.append(self.starttag(node, "summary", ""))


def depart_summary(self, node):
    """Close the text of a choice."""
    self.body.append("</summary>\n")


def setup(app):
    """Register with Sphinx."""
    app.add_directive("check-yourself", CheckYourself)
    app.add_node(element, html=(visit_element, depart_element))
    app.add_node(summary, html=(visit_summary, depart_summary))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
