"""Feedback for one student, in Markdown and as a page in HTML: what was right, what to do next.

Exception messages, answers and the name of the file come from a submission. `render` shows them
as text and as nothing else.
"""

import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from docutils.nodes import make_id

from coursework.files import write_atomically
from coursework.grader import model
from coursework.grader.inbox.roster import safe_name
from coursework.grader.model import FOLDER, Assignment, Cause, GraderError, Result
from coursework.grader.output.render import render
from coursework.grader.output.wording import (
    explain_question,
    in_hours,
    in_message,
    in_points,
    in_score,
    in_units,
    say,
)
from coursework.grader.sanitize import one_line, shorten

BOOK = FOLDER.parent / "book"
UNMARKED = (model.MISSING, model.UNREADABLE, model.FAILED)
# What a page says elsewhere: by the checks, the comment or the greeting.
SAID = (Cause.AWAITING, Cause.CHECKS_MISSED, Cause.COMMENT, Cause.NOTHING_HANDED_IN)

STATUS = {
    model.OUTPUT: "stopped: it printed too much",
    model.TIMEOUT: "stopped: it took too long",
    model.MEMORY: "stopped: it used too much memory",
    model.CRASHED: "stopped: Python itself ended",
    model.UNREADABLE: "not marked: the file could not be read",
    model.MISSING: "not marked: nothing was handed in",
    model.FAILED: "not marked: the grader failed, not you",
    model.AWAITING: "to be read by a person",
}
NEXT = {
    model.OUTPUT: "Take the calls of print out of the function and out of the cells that it needs. "
    "What was answered before the limit counts.",
    model.TIMEOUT: "Look for a loop that does not end, and for a loop over entries that NumPy does "
    "in one operation. What was answered in time counts.",
    model.MEMORY: "Look for an array that grows with the square of the input, and for a list that "
    "does not stop growing. What was answered before counts.",
    model.CRASHED: "Look for a call that ends Python, such as exit(), and for a function that "
    "calls itself without end. What was answered before counts.",
    model.UNREADABLE: "Open the notebook in Jupyter, save it and hand in the file that ends in "
    ".ipynb. If it does not open there, put your cells into a fresh copy of the assignment.",
    model.MISSING: "If you did hand in a notebook, ask your teacher to look for it: it may lie in "
    "another folder or have another name than agreed.",
    model.FAILED: "You need not do anything. Your teacher has to look at this, and these points "
    "are not final.",
    model.AWAITING: "You need not do anything: the points and a comment follow.",
}
NEXT_BY_CAUSE = {
    Cause.RAISE_LEFT: "Delete that line, and run the visible check until it prints its sentence.",
    Cause.STUB: "Write the function where the notebook says so, and run the visible check below it "
    "until it prints its sentence.",
    Cause.UNDEFINED: "Define the function in a code cell, under the name that the notebook gives "
    "it. Then restart the kernel and run all cells: no cell before it may end in an error that it "
    "depends on.",
}
UNWRITTEN = "Write your answer into the cell of the question; a few sentences are enough."
MARKED = "Compare your answer with the comment."
MISSED = (
    "Begin with the first check that was missed: make a small call of that kind in a new cell, "
    "and compare what comes back with what the check says."
)
OTHER_FILES = (
    "No question is answered in the notebook that was marked. Your files are named at the end of "
    "this page. If your work is in another one, tell your teacher which one."
)


def find_chapters(book_url: str) -> str:
    """Return the address of the book's chapters, which are in the folder book/ of its site.

    `book_url` is the site, its first page or that folder, such as ``https://example.org/softmax/``.
    """
    parts = urlsplit(book_url)
    bad = parts.query or parts.fragment or re.search(r"[\s\"'<>\\`()\[\]]", book_url)
    if parts.scheme not in ("http", "https") or not parts.netloc or bad:
        raise GraderError(
            f"--book-url: {book_url!r} is not the address of a site, such as "
            "https://example.org/softmax/"
        )
    base = book_url.rpartition("/")[0] if parts.path.endswith(".html") else book_url
    base = f"{base.rstrip('/')}/"
    return base if base.endswith("/book/") else f"{base}book/"


def write_feedback(
    result: Result, assignment: Assignment, folder: Path, book: str | None = None, name: str = ""
) -> None:
    """Write the files ``<folder>/<student>/<assignment>.html`` and ``.md``."""
    stem = folder / safe_name(result.student) / safe_name(result.assignment)
    for form in ("html", "md"):
        write_atomically(f"{stem}.{form}", make_feedback(form, result, assignment, book, name))


def make_feedback(
    form: str, result: Result, assignment: Assignment, book: str | None = None, name: str = ""
) -> str:
    """Return the feedback in the form "html", as a page that needs no other file, or "md".

    `book` is the address of the chapters; None names chapter and section in words. `name` is the
    student's, which the page shows beside the id.
    """
    who = f"{name} ({result.student})" if name else result.student
    return render(f"feedback.{form}", who=who, **_view(result, assignment, book))


def _view(result, assignment, book):
    asked = {question.name: question for question in assignment.questions}
    # Where nothing was marked, one reason for all is enough.
    marked = any(q.status not in UNMARKED for q in result.questions)
    shown = result.questions if marked else ()
    awaiting = sum(q.out_of for q in result.questions if q.status == model.AWAITING)
    said = result.reason and result.reason.cause in SAID
    return {
        "title": assignment.title,
        "result": result,
        "greeting": _greet(result, awaiting),
        "awaiting": awaiting,
        "reason": "" if said else in_message(say(result.reason)),
        "late": _explain_lateness(result),
        "next": _next_of_all(result),
        "questions": [_view_question(q, asked[q.name], book) for q in shown],
        "facts": _facts(result),
    }


def _greet(result, awaiting):
    """Return the first sentence, which says how it went."""
    if result.status in UNMARKED:
        return STATUS[result.status].capitalize() + "."
    share = result.points / ((result.out_of - awaiting) or 1)
    if share == 1:
        return "Everything that was marked is right. Well done!"
    if share >= 0.8:
        return "Most of this works. Well done; a little is left."
    if share >= 0.5:
        return "More than half of this works, and the rest is within reach."
    if share > 0:
        return "A beginning is made. The checks below say where to go on."
    return "There are no points yet. You can read below why, and what to do."


def _explain_lateness(result):
    if not result.late_hours:
        return ""
    late = f"Handed in {in_hours(result.late_hours)} after your deadline."
    if not result.penalty:
        return f"{late} No points were taken off for that."
    return (
        f"{late} The penalty is {in_units(result.penalty, 'point')}: your answers have "
        f"{in_points(result.points)}, and {in_points(result.total)} count."
    )


def _next_of_all(result):
    if result.status in UNMARKED:
        return NEXT[result.status]
    if result.is_unanswered:
        return OTHER_FILES
    left = [q for q in result.questions if q.points < q.out_of and q.status != model.AWAITING]
    if not left:
        return ""
    most = max(left, key=lambda q: q.out_of - q.points)
    points = in_units(most.out_of - most.points, "point")
    return (
        f"Begin with “{most.title}”: there are {points} to gain. Whether you may hand in again, "
        "and until when, your teacher says."
    )


def _facts(result):
    file = f"{shorten(one_line(result.file), 120)}, handed in at {result.submitted}"
    cells = "code cells are counted from the top of your notebook, from 1"
    missed = any(check.points < check.out_of for q in result.questions for check in q.checks)
    facts = {
        "Your file": file if result.file else "",
        "About your files": in_message(result.note),
        "Its SHA-256 begins with": result.sha256[:16],
        "Inputs": f"drawn from seed {result.seed}; with it, your teacher can repeat these marks",
        "Cells": cells if missed else "",
        "Variant": ", ".join(f"{key}={value}" for key, value in sorted(result.parameters.items())),
    }
    return {name: text for name, text in facts.items() if text}


def _view_question(question, asked, book):
    full = question.points == question.out_of
    score = in_score(question)
    advised = not full and question.status not in UNMARKED
    to_read = asked.chapters if advised and question.status != model.AWAITING else ()
    return {
        "marks": question,
        "score": score if question.status == model.AWAITING else f"{score} points",
        "percent": 100 if full else round(100 * question.points / question.out_of),
        "status": _status_in_words(question, full),
        "reason": in_message(explain_question(question, without=SAID)),
        "detected": [
            (item, _find_place(item.link, book))
            for item in asked.misconceptions
            if item.name in question.detected
        ],
        "next": _advise(question) if advised else "",
        "chapters": [_find_place(f"{chapter}.html", book) for chapter in to_read],
    }


def _advise(question):
    if question.status in NEXT:
        return NEXT[question.status]
    if question.manual:
        return UNWRITTEN if question.is_unanswered else MARKED
    return NEXT_BY_CAUSE.get(question.reasons[0].cause, MISSED)


def _status_in_words(question, full):
    if question.status in STATUS:
        return STATUS[question.status]
    if full:
        return "all points"
    if question.manual:
        return "marked by hand"
    return "some checks were missed" if question.points else "no check was met"


def _find_place(link, book):
    """Return a place in the book: its words, and its address where the book has one."""
    page, _, anchor = link.partition("#")
    chapter = page.removesuffix(".html")
    titles = _read_titles(chapter)
    title = titles.get("", chapter)
    section = titles.get(anchor, title)
    words = f"chapter “{title}”" + (f", section “{section}”" if section != title else "")
    if book is None:
        return {"words": f"{words} (book/{link})", "url": ""}
    return {"words": words, "url": f"{book}{link}"}


@lru_cache
def _read_titles(chapter):
    """Return the sections of a chapter by all anchors in them; its own title has the anchor ""."""
    path, titles = BOOK / f"{chapter}.md", {}
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    heading, in_code = "", False
    for line in lines:
        in_code ^= line.startswith("```")
        found = re.match(r"(#+) +(.+?) *$", line)
        if found and not in_code:  # there, it would be a comment
            heading = re.sub(r"[`*]", "", found[2])
            # The site curls the apostrophes, and docutils drops the curled ones.
            titles.setdefault("" if found[1] == "#" else make_id(heading.replace("'", "")), heading)
        label = re.match(r"(?:[ :]*(?:label|name): *|\$\$ *\(|\()([\w-]+)", line)
        if label:
            titles.setdefault(label[1], heading)
            titles.setdefault(f"equation-{label[1]}", heading)
    return titles
