"""Turn MyST Markdown into the Markdown that plain Jupyter shows.

Blocks are found by markdown-it, the parser that MyST itself is built on. Most directives
become a bold title and a quotation, a picture becomes an attachment of its cell, and
labels and comments go. Roles and links inside the book are handed to a resolver.
"""

from __future__ import annotations

import base64
import mimetypes
import re
import textwrap
from dataclasses import dataclass, field
from functools import cache

import yaml
from markdown_it import MarkdownIt
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from question_parser import CHOOSE_ALL, TITLE, VERDICTS, parse_question

# Blocks are all that is asked for; to read the text inside of them would take half of the time.
PARSER = (
    MarkdownIt("commonmark")
    .enable("table")
    .disable("inline")
    .use(dollarmath_plugin, allow_labels=True)
    .use(colon_fence_plugin)
    .use(amsmath_plugin)
    .use(myst_block_plugin)
)

# Code spans are matched too, so that a role quoted in one is left alone.
INLINE = re.compile(
    r"(?P<role>\{[a-zA-Z][\w:+.-]*\}(?P<t>`+)(?!`).+?(?<!`)(?P=t)(?!`))"
    r"|(?P<code>(?<!`)(?P<c>`+)(?!`).+?(?<!`)(?P=c)(?!`))"
    r"|(?P<image>!\[(?P<alt>[^\]]*)\]\((?P<source>[^)\s]+)[^)]*\))"
    r"|(?P<link>\[[^\]]*\]\((?P<target>[^)\s]*)\))",
    re.DOTALL,
)
FENCE = re.compile("```|~~~|:::")
ELSEWHERE = re.compile(r"(https?|mailto|attachment):")

TRANSPARENT = {
    "card", "container", "div", "grid", "grid-item", "grid-item-card", "only", "tab-set",
}  # fmt: skip
DROPPED = {"chapter-map", "claim-list", "contents", "exercise-end", "index", "meta", "raw",
           "solution-end", "tableofcontents", "toctree"}  # fmt: skip
TITLED = {"admonition", "dropdown", "sidebar", "tab-item", "table", "topic"}
# In reStructuredText, which the page of the package's functions is written in.
MODULE = re.compile(r"\.\. currentmodule:: (\S+)")
DOCUMENTED = re.compile(r"\.\. auto(?:class|function):: (\S+)")
DOCUMENTED_MODULE = re.compile(r"\.\. automodule:: (\S+)\n\s+:members: (.+)")


@dataclass(frozen=True)
class Directive:
    """One directive of a MyST page."""

    name: str
    argument: str = ""
    options: dict = field(default_factory=dict)
    body: str = ""

    @property
    def label(self):
        """The name that the text refers to it by, or an empty string."""
        return self.options.get("label") or self.options.get("name") or ""


def split_options(content):
    """Return the options at the start of a directive's content, and its body."""
    lines = content.strip("\n").split("\n")
    if lines[0].strip() == "---" and "---" in lines[1:]:
        end = lines.index("---", 1)
        return yaml.safe_load("\n".join(lines[1:end])) or {}, "\n".join(lines[end + 1 :])
    options = {}
    while lines and (match := re.match(r":([\w-]+):\s*(.*)$", lines[0])):
        options[match[1]] = match[2].strip()
        lines.pop(0)
    return options, "\n".join(lines)


def as_directive(token):
    """Return the directive that a fence of markdown-it stands for, or None for plain code."""
    if token.type not in ("fence", "colon_fence"):
        return None
    match = re.match(r"\{([^}\s]+)\}\s*(.*)$", token.info.strip(), re.DOTALL)
    if not match:
        return None
    options, body = split_options(token.content)
    return Directive(match[1], match[2].strip(), options, body.strip("\n"))


@cache  # several tests ask for those of the same page
def find_directives(text):
    """Return every directive in `text` in its order, those inside others included."""
    found = []
    if not FENCE.search(text):
        return found  # quicker than to parse it, and most directives hold no others
    for token in PARSER.parse(text):
        directive = as_directive(token)
        if directive:
            found += [directive, *find_directives(directive.body)]
    return found


def replace_lines(text, edits):
    """Replace ranges of lines; `edits` maps (start, end) to the new text.

    Lists and quotations indent what they hold: new lines get the indent of the first old one.
    """
    lines = text.split("\n")
    for (start, end), new in sorted(edits.items(), reverse=True):
        indent = re.match(r"[\s>]*(?:(?:[-*+]|\d+[.)])\s+)*", lines[start])[0]
        later = re.sub(r"[^\s>]", " ", indent)
        new_lines = new.split("\n") if new else []
        lines[start:end] = [
            ((later if number else indent) + line).rstrip() for number, line in enumerate(new_lines)
        ]
    return "\n".join(lines)


def on_one_line(text):
    """Join the lines of every paragraph and display that has mathematics in it.

    In a quotation each line starts with ``>``. Jupyter takes the mathematics out before it
    reads the quotation, so a formula of several lines would keep the signs.
    """
    edits = {}
    for token in PARSER.parse(text):
        is_math = token.type in ("math_block", "math_block_label", "amsmath")
        if token.map and (is_math or (token.type == "inline" and "$" in token.content)):
            start, end = token.map
            lines = text.split("\n")[start:end]
            joined = " ".join(re.sub(r"^[\s>]*", "", line).rstrip() for line in lines)
            edits[start, end] = re.sub(r"^(?:[-*+]|\d+[.)])\s+", "", joined)
    return replace_lines(text, edits)


def quote(title, body):
    """Return a quotation that starts with a bold title."""
    parts = [f"**{title}**" if title else "", on_one_line(body.strip("\n"))]
    text = "\n\n".join(part for part in parts if part)
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def folded(title, body):
    """Return Markdown that shows only its title until a reader opens it."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def list_items(text):
    """Return the items of a Markdown list, each without its marker and indent."""
    items = re.split(r"^[-*+] ", text, flags=re.MULTILINE)[1:]
    return [re.sub(r"^ {2}", "", item, flags=re.MULTILINE).strip() for item in items]


def list_table(body):
    """Return a Markdown table for the list of lists in a ``list-table``."""
    rows = [[" ".join(cell.split()) for cell in list_items(row)] for row in list_items(body)]
    if not rows:
        return ""
    rows.insert(1, ["---"] * len(rows[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


class MarkdownWriter:
    """Writes the Markdown of one page.

    Parameters
    ----------
    resolver : object
        Knows the rest of the book: called with a role or a link it returns the text to read,
        ``image(source)`` gives a path, ``bibliography()`` a list of entries, and
        ``summary(name)`` the first line of what documents a name of the package.

    Attributes
    ----------
    attachments : dict
        The pictures named since it was last emptied, as nbformat wants them in a cell.
    """

    def __init__(self, resolver):
        self.resolver = resolver
        self.attachments = {}

    def convert(self, text):
        """Return `text` without any syntax that only MyST knows."""
        edits = {}
        for token in PARSER.parse(text):
            if not token.map:
                continue
            span = tuple(token.map)
            directive = as_directive(token)
            if directive:
                edits[span] = self.directive(directive)
            elif token.type in ("myst_target", "myst_line_comment", "myst_block_break"):
                edits[span] = ""
            elif token.type == "math_block_label":
                edits[span] = self.display(token.content, token.info)
            elif token.type == "inline":
                lines = text.split("\n")[span[0] : span[1]]
                indent = re.match(r"[\s>]*(?:(?:[-*+]|\d+[.)])\s+)*", lines[0])[0]
                rest = [re.sub(r"^[\s>]*", "", line) for line in lines[1:]]
                edits[span] = self.inline("\n".join([lines[0][len(indent) :], *rest]))
        return re.sub(r"\n{3,}", "\n\n", replace_lines(text, edits)).strip("\n")

    def inline(self, text):
        """Return a paragraph with its roles, links and pictures turned into plain Markdown."""

        def plain(match):
            if match["role"]:
                return self.resolver(match["role"])
            if match["image"] and not ELSEWHERE.match(match["source"]):
                return self.picture(match["source"], match["alt"])
            if match["link"] and not ELSEWHERE.match(match["target"]):
                return self.resolver(match["link"])
            return match[0]

        return INLINE.sub(plain, text)

    def picture(self, source, alt):
        """Attach a picture to the cell and return the Markdown that shows it."""
        path = self.resolver.image(source)
        kind = mimetypes.guess_type(path.name)[0]
        content = base64.b64encode(path.read_bytes()).decode("ascii")
        self.attachments[path.name] = {kind: content}
        return f"![{alt}](attachment:{path.name})"

    def caption(self, label, text):
        """Return the line under a figure or a table."""
        text = self.inline(" ".join(text.split()))
        return f"**{self.resolver(f'{{numref}}`{label}`')}.** {text}" if label else text

    def display(self, formula, label):
        """Return a displayed formula, with the number that the text knows it by."""
        number = self.resolver(f"{{eq}}`{label}`").strip("()") if label else ""
        tag = f" \\tag{{{number}}}" if number else ""
        return f"$$\n{formula.strip()}{tag}\n$$"

    def directive(self, directive):
        """Return what stands for a directive in plain Markdown."""
        name, argument, body = directive.name, directive.argument, directive.body
        if name in DROPPED:
            return ""
        if name in TRANSPARENT:
            return self.convert(body)
        if name.startswith(("exercise", "solution", "prf:")):
            return self.numbered(directive)
        if name in ("figure", "image"):
            picture = self.picture(argument, directive.options.get("alt", ""))
            return picture + ("\n\n" + self.caption(directive.label, body) if body else "")
        if name == "math":
            return self.display("\n".join(filter(None, [argument, body])), directive.label)
        if name in ("code", "code-block", "sourcecode"):
            return f"```{argument}\n{body}\n```"
        if name == "list-table":
            title = f"**{self.inline(argument)}**\n\n" if argument else ""
            return title + self.convert(list_table(body))
        if name == "glossary":
            return self.glossary(body)
        if name == "check-yourself":
            return self.question(directive)
        if name == "bibliography":
            return "\n".join(f"- {entry}" for entry in self.resolver.bibliography())
        if name == "eval-rst":
            return self.documented(body)
        return self.box(directive)

    def box(self, directive):
        """Return an admonition, or a directive that is not known here, as a quotation."""
        name, argument = directive.name, directive.argument
        title = self.inline(argument) if name in TITLED else name.replace("-", " ").capitalize()
        body = directive.body
        if name not in TITLED and argument:
            body = f"{argument}\n{body}"  # `:::{note} Words.` begins its text on the first line
        return quote(title, self.convert(body))

    def numbered(self, directive):
        """Return a definition, theorem, proof, exercise or solution under its number."""
        name, argument = directive.name, directive.argument
        kind = name.removeprefix("prf:").removesuffix("-start")
        title = kind.capitalize()
        if kind == "solution":
            title = f"Solution to {self.resolver(f'{{ref}}`{argument}`')}"
        elif directive.label and "nonumber" not in directive.options:
            role = "prf:ref" if name.startswith("prf:") else "ref"
            title = self.resolver(f"{{{role}}}`{directive.label}`")
        if argument and kind != "solution":
            title += f" ({self.inline(argument)})"
        if name.endswith("-start"):
            return f"**{title}**\n\n{self.convert(directive.body)}"
        return quote(title, self.convert(directive.body))

    def question(self, directive):
        """Return a question with choices, each with its explanation folded under it."""
        question, choices = parse_question(directive.body)
        parts = [f"**{TITLE}.** {self.convert(question)}"]
        if "choose-all" in directive.options:
            parts.append(f"*{CHOOSE_ALL}*")
        for letter, choice in zip("ABCDEFG", choices, strict=False):
            why = f"**{VERDICTS[choice.right]}** {self.convert(choice.explanation)}"
            text = f"**{letter}.** {self.convert(choice.text)}\n\n{folded(f'Choose {letter}', why)}"
            parts.append("- " + textwrap.indent(text, "  ").lstrip())
        return "\n\n".join(parts)

    def documented(self, body):
        """Return a list of the functions that ``autodoc`` documents on the page."""
        module = MODULE.search(body)
        prefix = f"{module[1]}." if module else ""
        names = [prefix + name for name in DOCUMENTED.findall(body)]
        for owner, members in DOCUMENTED_MODULE.findall(body):
            names += [f"{owner}.{member.strip()}" for member in members.split(",")]
        return "\n".join(f"- `{name}`: {self.resolver.summary(name)}" for name in names)

    def glossary(self, body):
        """Return a glossary as a list: terms stand at the margin, their meaning is indented."""
        pairs = [entry.partition("\n") for entry in re.split(r"\n+(?=\S)", body.strip())]
        return "\n".join(
            f"- **{self.inline(term)}**: {self.inline(' '.join(meaning.split()))}"
            for term, _, meaning in pairs
        )
