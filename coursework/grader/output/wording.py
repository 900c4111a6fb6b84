"""The sentences and numbers of results, as teachers and students read them."""

from coursework.grader.model import AWAITING, Cause
from coursework.grader.sanitize import join, one_line, shorten


def in_points(points):
    """Return points as text: 7, 7.5, 33.33, never in powers of ten."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def in_message(text):
    """Return a text such as an exception's on one line that is not too long."""
    return shorten(one_line(text))


def in_score(question):
    """Return the points of a question as text: 15 of 25."""
    if question.status == AWAITING:
        return f"awaits marking, out of {in_points(question.out_of)}"
    return f"{in_points(question.points)} of {in_points(question.out_of)}"


def in_hours(hours):
    """Return a time as text: 5 minutes, 1 hour, 2.5 hours."""
    if hours < 1:
        return in_units(max(1, round(hours * 60)), "minute")
    return in_units(round(hours, 1), "hour")


def in_units(number, unit):
    """Return a number with its unit: 1 point, 2.5 points."""
    text = in_points(number)
    return f"{text} {unit}{'' if text == '1' else 's'}"


def in_bytes(count):
    """Return a number of bytes as text."""
    for unit, name in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count} bytes"


IN_BYTES = (Cause.MEMORY_LIMIT, Cause.OUTPUT_LIMIT)
LONGEST_REASON = 2000  # characters


def say(reason):
    """Return a reason in words, on one line; nothing where there is none."""
    if reason is None:
        return ""
    details = map(in_bytes, reason.details) if reason.cause in IN_BYTES else reason.details
    return one_line(reason.cause.words.format(*details))


def explain_question(question, *, without=()):
    """Return why a question has not all its points, but for the causes `without`."""
    said = (say(reason) for reason in question.reasons if reason.cause not in without)
    return shorten(join(*said), LONGEST_REASON)


def explain(result):
    """Return in one text why a result has not all its points, or not for sure."""
    reason = say(result.reason) or "; ".join(
        f"{question.name}: {shorten(explain_question(question), 200)}"
        for question in result.questions
        if question.reasons
    )
    late = ""
    if result.penalty and result.points:  # there is something to take off
        points, out_of = in_points(result.penalty), in_points(result.out_of)
        late = f"late by {in_hours(result.late_hours)}: {points} of {out_of} points are taken off"
    return shorten(join(one_line(result.note), late, reason), LONGEST_REASON)
