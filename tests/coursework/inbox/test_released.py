"""What was given out, read from what the release wrote."""

import json
from dataclasses import replace

import pytest

from coursework.grader.inbox.released import read_released
from coursework.grader.model import GraderError, load_assignment
from coursework.release.cli import files, parse
from coursework.release.master import Released

HW2 = load_assignment("hw2")
FULL = load_assignment("hw2", {"penalty": "full"})


def release(folder, assignment, *texts):
    record = json.dumps({"parameters": dict(assignment.parameters), "texts": texts})
    options = parse(["--out", str(folder)])
    for path, text in files({"hw2": Released("", "", "", record)}, options, {}):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_the_texts_are_those_of_the_variant(tmp_path):
    release(tmp_path, HW2, "Say why.", "And how.")
    release(tmp_path / "penalty-full", FULL, "Another penalty.")
    assert read_released(HW2, tmp_path) == ("Say why.", "And how.")
    assert read_released(FULL, tmp_path) == ("Another penalty.",)


def test_a_variant_that_was_not_released_is_told_with_what_to_do(tmp_path):
    release(tmp_path, HW2)
    with pytest.raises(GraderError, match=r'hw2\.released\.json of the variant "penalty=full'):
        read_released(FULL, tmp_path)


def test_without_answers_in_words_nothing_is_asked(tmp_path):
    questions = tuple(question for question in HW2.questions if question.checks)
    assert read_released(replace(HW2, questions=questions), tmp_path) == ()
