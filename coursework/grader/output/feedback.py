"""Feedback for one student, in Markdown and as a page in HTML: what was right, what to do next.

Exception messages, answers and the name of the file come from a submission. They are shown as
text and as nothing else: see `markdown` for the one form; Jinja escapes the other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from coursework.files import write_atomically
from coursework.grader.inbox.roster import safe_name
from coursework.grader.model import (
    AWAITING,
    CRASHED,
    FAILED,
    FOLDER,
    LONGEST_ANSWER,
    MEMORY,
    MISSING,
    OUTPUT,
    TIMEOUT,
    UNREADABLE,
    AssignmentError,
    Cause,
    Result,
    load_assignment,
)
from coursework.grader.output import markdown
from coursework.grader.output.html import render
from coursework.grader.output.wording import explain_question, in_hours, in_points, say
from coursework.grader.sanitize import clean, one_line, shorten

BOOK = FOLDER.parent / "book"
LONGEST_MESSAGE = 600
UNMARKED = (MISSING, UNREADABLE, FAILED)

STATUS = {
    OUTPUT: "stopped: it printed too much",
    TIMEOUT: "stopped: it took too long",
    MEMORY: "stopped: it used too much memory",
    CRASHED: "stopped: Python itself ended",
    UNREADABLE: "not marked: the file could not be read",
    MISSING: "not marked: nothing was handed in",
    FAILED: "not marked: the grader failed, not you",
    AWAITING: "to be read by a person",
}
NEXT = {
    OUTPUT: "Take the calls of print out of the function and out of the cells that it needs. "
    "What was answered before the limit counts.",
    TIMEOUT: "Look for a loop that does not end, and for a loop over entries that NumPy does in "
    "one operation. What was answered in time counts.",
    MEMORY: "Look for an array that grows with the square of the input, and for a list that "
    "does not stop growing. What was answered before counts.",
    CRASHED: "Look for a call that ends Python, such as exit(), and for a function that calls "
    "itself without end. What was answered before counts.",
    UNREADABLE: "Open the notebook in Jupyter, save it and hand in the file that ends in .ipynb. "
    "If it does not open there, put your cells into a fresh copy of the assignment.",
    MISSING: "If you did hand in a notebook, ask your teacher to look for it: it may lie in "
    "another folder or have another name than agreed.",
    FAILED: "You need not do anything. Your teacher has to look at this, and these points are "
    "not final.",
    AWAITING: "You need not do anything: the points and a comment follow.",
}
MISSED = (
    "Begin with the first check that was missed: make a small call of that kind in a new cell, "
    "and compare what comes back with what the check says."
)
WRITE_IT = (
    "Write the function where the notebook says so, and run the visible check below it until it "
    "prints its sentence."
)
DEFINE_IT = (
    "Define the function in a code cell, under the name that the notebook gives it. Then restart "
    "the kernel and run all cells: no cell before it may end in an error that it depends on."
)
OTHER_FILES = (
    "No question is answered in the notebook that was marked, and there are other files in your "
    "folder; they are named at the end of this page. If your work is in one of them, tell your "
    "teacher which one."
)
REREAD = "Compare your answer with the comment."
UNWRITTEN = "Write your answer into the cell of the question; a few sentences are enough."


def find_chapters(book_url: str) -> str:
    """Return the address of the book's chapters, which are in the folder book/ of its site.

    Parameters
    ----------
    book_url : str
        As in `to_html`.

    Raises
    ------
    ValueError
        Where it is not the address of a site.
    """
    parts = urlsplit(book_url)
    bad = parts.query or parts.fragment or re.search(r"[\s\"'<>\\`()\[\]]", book_url)
    if parts.scheme not in ("http", "https") or not parts.netloc or bad:
        raise ValueError(
            f"{book_url!r} is not the address of a site, such as https://example.org/softmax/"
        )
    base = book_url.rpartition("/")[0] if parts.path.endswith(".html") else book_url
    base = f"{base.rstrip('/')}/"
    return base if base.endswith("/book/") else f"{base}book/"


def to_html(result: Result, book_url: str | None = None) -> str:
    """Return the feedback as one HTML page, which needs no other file.

    Parameters
    ----------
    result : Result
    book_url : str or None
        Where the book is published, such as ``https://example.org/softmax/`` (its first page,
        or the folder ``book/`` with its chapters). None names chapter and section in words.

    Raises
    ------
    ValueError
        Where `book_url` is not the address of a site.
    """
    return render("feedback.html", **_view(result, book_url), own=_own_html)


def to_markdown(result: Result, book_url: str | None = None) -> str:
    """Return the feedback in Markdown; parameters and errors as in `to_html`."""
    return render("feedback.md", **_view(result, book_url), **markdown.FORMS)


def write_feedback(result: Result, folder, book_url: str | None = None) -> tuple[Path, Path]:
    """Write the feedback to ``<folder>/<student>/<assignment>.md`` and ``.html``.

    The student's folder is named by `roster.safe_name`. Each file is written aside and
    renamed, so that it is never there by half.

    Returns
    -------
    tuple of Path
        Of the Markdown and of the page.
    """
    stem = Path(folder) / safe_name(result.student) / safe_name(result.assignment)
    paths = stem.with_name(f"{stem.name}.md"), stem.with_name(f"{stem.name}.html")
    write_atomically(paths[0], to_markdown(result, book_url))
    write_atomically(paths[1], to_html(result, book_url))
    return paths


def _view(result, book_url):
    """Return what both forms show: plain text, cleaned and shortened, not yet escaped."""
    base = find_chapters(book_url) if book_url else None
    assignment = _find_assignment(result)
    known = {question.name: question for question in assignment.questions} if assignment else {}
    # Where nothing was marked, one reason for all is enough.
    marked = any(q.status not in UNMARKED for q in result.questions)
    questions = [_view_question(q, known.get(q.name), base) for q in result.questions if marked]
    awaiting = sum(q.out_of for q in result.questions if q.status == AWAITING)
    return {
        "title": assignment.title if assignment else one_line(result.assignment),
        "assignment": one_line(result.assignment),
        "student": one_line(result.student),
        "greeting": _greet(result, awaiting),
        "total": in_points(result.total),
        "out_of": in_points(result.out_of),
        "awaiting": in_points(awaiting) if awaiting else "",
        "reason": _reason_of_all(result),
        "late": _explain_lateness(result),
        "next": _next_of_all(result),
        "questions": questions,
        "facts": _facts(result),
    }


def _find_assignment(result):
    """Return the `Assignment` of a result; None where there is none of this name any more."""
    try:
        return load_assignment(result.assignment, dict(result.parameters))
    except (AssignmentError, ImportError):
        return None


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


def _reason_of_all(result):
    """Return why there are no marks at all, where the greeting does not say so already."""
    reason = result.reason
    if result.status not in UNMARKED or (reason and reason.cause == Cause.NOTHING_HANDED_IN):
        return ""
    return shorten(say(reason), LONGEST_MESSAGE)


def _explain_lateness(result):
    if not result.late_hours:
        return ""
    late = f"Handed in {in_hours(result.late_hours)} after your deadline."
    if not result.penalty:
        return f"{late} No points were taken off for that."
    return (
        f"{late} The penalty is {_count(result.penalty)}: your answers have "
        f"{in_points(result.points)}, and {in_points(result.total)} count."
    )


def _count(points):
    text = in_points(points)
    return f"{text} point{'' if text == '1' else 's'}"


def _next_of_all(result):
    """Return what to do first."""
    if result.status in UNMARKED:
        return NEXT[result.status]
    if result.is_unanswered and result.attention:
        return OTHER_FILES
    left = [q for q in result.questions if q.points < q.out_of and q.status != AWAITING]
    if not left:
        return ""
    most = max(left, key=lambda q: q.out_of - q.points)
    return (
        f"Begin with “{one_line(most.title)}”: there are {_count(most.out_of - most.points)} to "
        "gain. Whether you may hand in again, and until when, your teacher says."
    )


def _facts(result):
    """Return how the marks came about, so that they can be repeated."""
    facts = []
    if result.file:
        submitted = f", handed in at {one_line(result.submitted)}" if result.submitted else ""
        facts.append(("Your file", f"{shorten(one_line(result.file), 120)}{submitted}"))
    if result.note:
        facts.append(("About your files", shorten(one_line(result.note), LONGEST_MESSAGE)))
    if result.sha256:
        facts.append(("Its SHA-256 begins with", one_line(result.sha256)[:16]))
    facts.append(
        ("Inputs", f"drawn from seed {result.seed}; with it, your teacher can repeat these marks")
    )
    if any(check.points < check.out_of for q in result.questions for check in q.checks):
        facts.append(("Cells", "code cells are counted from the top of your notebook, from 1"))
    if result.parameters:
        chosen = ", ".join(f"{key}={value}" for key, value in sorted(result.parameters.items()))
        facts.append(("Variant", one_line(chosen)))
    return facts


def _view_question(question, known, base):
    full = question.points == question.out_of
    unmarked = question.status in UNMARKED
    return {
        "name": one_line(question.name),
        "title": one_line(question.title),
        "score": _score(question),
        "percent": round(100 * question.points / question.out_of) if question.out_of else 100,
        "full": full,
        "status": _status_in_words(question, full),
        "reason": _reason(question),
        "checks": _view_checks(question.checks),
        "detected": [
            {
                "title": one_line(item.title),
                "text": one_line(item.text),
                "place": _find_place(item.link, base),
            }
            for item in question.detected
        ],
        "manual": question.manual and not unmarked,
        "answer": shorten(clean(question.answer).strip(), LONGEST_ANSWER),
        "comment": clean(question.comment).strip(),
        "next": "" if full or unmarked else _next(question),
        "chapters": []
        if full or unmarked or not known or question.status == AWAITING
        else [_find_place(f"{chapter}.html", base) for chapter in known.chapters],
    }


def _score(question):
    out_of = in_points(question.out_of)
    if question.status == AWAITING:
        return f"awaits marking, out of {out_of}"
    return f"{in_points(question.points)} of {out_of} points"


def _status_in_words(question, full):
    if question.status in STATUS:
        return STATUS[question.status]
    if full:
        return "all points"
    if question.manual:
        return "marked by hand"
    return "some checks were missed" if question.points else "no check was met"


def _reason(question):
    """Return why points are missing, where the checks below do not say so already."""
    said = [Cause.AWAITING, Cause.COMMENT, Cause.NOTHING_HANDED_IN]
    said += [Cause.CHECKS_MISSED] if question.checks else []
    reason = explain_question(question, without=said)
    missing = not question.points and question.out_of and not question.checks
    if missing and not question.reasons:
        reason = "no reason was recorded; ask your teacher"
    return shorten(reason, LONGEST_MESSAGE)


def _view_checks(checks):
    """Return the checks; a message like that of the check before is not repeated."""
    views, before = [], None
    for check in checks:
        met = check.points == check.out_of
        message = shorten(one_line(check.message), LONGEST_MESSAGE)
        views.append(
            {
                "title": one_line(check.title),
                "met": met,
                "points": in_points(check.points),
                "out_of": in_points(check.out_of),
                "message": "" if met or message == before else message,
                "as_before": not met and bool(message) and message == before,
            }
        )
        before = None if met else message
    return views


def _next(question):
    if question.status in NEXT:
        return NEXT[question.status]
    if question.manual:
        return REREAD if question.answer.strip() else UNWRITTEN
    return {Cause.STUB: WRITE_IT, Cause.UNDEFINED: DEFINE_IT}.get(question.cause, MISSED)


def _find_place(link, base):
    """Return a place in the book: its words, and its address where the book has one."""
    match = re.fullmatch(r"([\w-]+)\.html(?:#([\w.-]+))?", link)
    if match is None:
        return {"words": one_line(link), "url": ""}
    titles = _read_titles(match[1])
    words = f"chapter “{titles.get('', match[1])}”"
    if titles.get(match[2], titles.get("")) != titles.get(""):
        words += f", section “{titles[match[2]]}”"
    if base is None:
        return {"words": f"{words} (book/{link})", "url": ""}
    return {"words": words, "url": f"{base}{link}"}


@lru_cache
def _read_titles(chapter) -> Mapping[str, str]:
    """Return the sections of a chapter by all anchors in them; its own title has the anchor ""."""
    try:
        lines = (BOOK / f"{chapter}.md").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    titles: dict[str, str] = {}
    heading = fence = ""
    for line in lines:
        marks = re.match(r"(```+|~~~+|:::+)", line)
        if marks and not fence:
            fence = marks[1]
        elif fence and line.strip() == fence:
            fence = ""
        found = re.match(r"(#+) +(.+?) *$", line)
        if found and not fence:  # in a block of code, it would be a comment
            heading = re.sub(r"[`*]", "", found[2])
            titles.setdefault("" if found[1] == "#" else _make_anchor(heading), heading)
        label = re.match(r"(?:[ :]*(?:label|name): *|\$\$ *\(|\()([\w-]+)", line)
        if label:
            titles.setdefault(label[1], heading)
            titles.setdefault(f"equation-{label[1]}", heading)
    return titles


def _make_anchor(heading):
    """Return the anchor of a heading, as docutils makes it after curling the apostrophes."""
    plain = unicodedata.normalize("NFKD", heading.replace("'", "")).encode("ascii", "ignore")
    return re.sub(r"[^a-z0-9]+", "-", plain.decode().lower()).strip("-")


def _own_html(text):
    """Return one of our own texts in HTML: `name` between backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))
