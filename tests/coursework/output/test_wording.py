"""The sentences of causes."""

from string import Formatter

import pytest

from coursework.grader.model import Cause, Reason
from coursework.grader.output.wording import explain, in_bytes, in_hours, say
from tests.coursework.sample_results import make_coded, make_result


@pytest.mark.parametrize("cause", Cause)
def test_a_sentence_is_one_line_with_all_its_details(cause):
    count = sum(name is not None for _, name, _, _ in Formatter().parse(cause.words))
    said = say(Reason(cause, tuple(range(2000, 2000 + count))))
    assert said
    assert "\n" not in said
    assert "{" not in said


def test_braces_and_control_characters_in_a_students_text_are_only_text():
    said = say(Reason(Cause.CELL_ERROR, ("KeyError: {0} {x!r}\n\x1b[2J\u202e",)))
    assert said == "KeyError: {0} {x!r} [U+202E]"


def test_nothing_is_said_without_a_reason():
    assert say(None) == ""


def test_a_penalty_takes_nothing_off_where_there_is_nothing():
    late = {"late_hours": 30.0, "penalty": 5.0}
    assert "late by 30 hours: 5 of 25 points" in explain(make_result("a", make_coded(), **late))
    assert "late" not in explain(make_result("a", make_coded(points=0.0), **late))


@pytest.mark.parametrize(
    ("count", "words"), [(12, "12 bytes"), (8 << 20, "8 MB"), (1 << 30, "1 GB"), (2048, "2 kB")]
)
def test_sizes_have_their_unit(count, words):
    assert in_bytes(count) == words


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0.001, "1 minute"), (0.5, "30 minutes"), (1, "1 hour"), (2.5, "2.5 hours")],
)
def test_times_have_their_unit(hours, words):
    assert in_hours(hours) == words
