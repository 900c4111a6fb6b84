"""Feedback in Markdown, in which no text of a student can be markup.

Such a text stands as code, between backticks of which there are always more around it than in
it (CommonMark 0.31, sections 4.5 and 6.1). Other text has its special characters escaped.
"""

from __future__ import annotations

import re


def write_page(view):
    """Return the feedback in Markdown; `view` is what the template of the HTML gets."""
    lines = [f"# Feedback: {_own(view['title'])}", "", f"For {_text(view['student'])}.", ""]
    awaiting = f"; {view['awaiting']} more await marking" if view["awaiting"] else ""
    lines += [f"**{view['total']} of {view['out_of']} points**{awaiting}. {view['greeting']}", ""]
    if view["reason"]:
        lines += [f"The reason: {as_code(view['reason'])}", ""]
    lines += [part for text in (view["late"], _own(view["next"])) if text for part in (text, "")]
    for question in view["questions"]:
        lines += _question_in_markdown(question)
    lines += ["## How these marks came about", ""]
    lines += [f"- {name}: {as_code(value)}" for name, value in view["facts"]]
    return "\n".join(lines) + "\n"


def _question_in_markdown(question):
    lines = [f"## {_own(question['title'])}: {question['score']}", ""]
    lines += [f"`{question['name']}`: {question['status']}.", ""]
    if question["reason"]:
        lines += [f"The reason: {as_code(question['reason'])}", ""]
    for check in question["checks"]:
        mark = "✓ met" if check["met"] else "✗ missed"
        line = f"- {mark}, {check['points']} of {check['out_of']}: {_own(check['title'])}"
        said = as_code(check["message"]) or ("as above" if check["as_before"] else "")
        lines += [f"{line}.", f"  {said}"] if said else [f"{line}."]
    lines += [""] if question["checks"] else []
    for item in question["detected"]:
        place = _place_in_markdown(item["place"])
        lines += [f"**Recognized: {_own(item['title'])}.** {_own(item['text'])} See {place}.", ""]
    if question["manual"]:
        lines += _answer_in_markdown(question)
    if question["next"]:
        lines += [f"**Next:** {question['next']}", ""]
    if question["chapters"]:
        places = ", ".join(_place_in_markdown(place) for place in question["chapters"])
        lines += [f"To read again: {places}.", ""]
    return lines


def _answer_in_markdown(question):
    lines = []
    if question["answer"]:
        lines += ["Your answer:", "", *_block(question["answer"]), ""]
    if question["comment"]:
        quoted = [f"> {_text(line)}".rstrip() for line in question["comment"].split("\n")]
        lines += ["The comment on it:", "", *quoted, ""]
    return lines


def _place_in_markdown(place):
    words = _text(place["words"])
    return f"[{words}](<{place['url']}>)" if place["url"] else words


def _text(text):
    """Return one line of text with every character escaped that Markdown could take for its own."""
    text = _escape(text.strip())
    return re.sub(r"^([-+=:]|\d+(?=[.)]))", lambda m: _escape_start(m[1]), text)


def _escape_start(start):
    return f"{start}\\" if start.isdigit() else f"\\{start}"


def _own(text):
    """Return one of our own texts in Markdown: `name` between backticks stays code."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(part if part.startswith("`") else _escape(part) for part in parts)


def _escape(text):
    return re.sub(r"([\\`*_{}\[\]<>&|~$^#!])", r"\\\1", text)


def as_code(text):
    """Return one line of text as code, in which Markdown has no meaning."""
    if not text:
        return ""
    fence = "`" * (_longest_run(text) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _block(text):
    """Return the lines of a text as a block of code."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return [f"{fence}text", *text.split("\n"), fence]


def _longest_run(text):
    return max(map(len, re.findall("`+", text)), default=0)
