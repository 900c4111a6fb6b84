"""The sentences and numbers of results, as teachers and students read them."""

from __future__ import annotations

from coursework.grader.model import OK
from coursework.grader.sanitize import shorten


def in_points(points):
    """Return points as text: 7, 7.5, 33.33, never in powers of ten."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def in_hours(hours):
    """Return a time as text: 5 minutes, 1 hour, 2.5 hours."""
    if hours < 1:
        minutes = max(1, round(hours * 60))
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    text = f"{hours:.1f}".removesuffix(".0")
    return f"{text} hour{'' if text == '1' else 's'}"


def reason_of(questions):
    """Return in one text why some questions have not all their points, or not for sure."""
    return "; ".join(
        f"{question.name}: {shorten(question.reason, 200)}"
        for question in questions
        if question.reason and (question.status != OK or question.points < question.out_of)
    )


def tell_penalty(result):
    """Return what lateness costs, or nothing where it is free or there is nothing to take off."""
    if not (result.penalty and result.points):
        return ""
    points, out_of = in_points(result.penalty), in_points(result.out_of)
    return f"late by {in_hours(result.late_hours)}: {points} of {out_of} points are taken off"


def join(*parts):
    """Return the parts that say something as one text."""
    return "; ".join(part for part in parts if part)
