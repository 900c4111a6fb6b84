"""Text from submissions, made safe for a spreadsheet."""

import csv
import io
import re
import time

import numpy as np
import pytest

from coursework.grader.inbox.roster import Student
from coursework.grader.model import CheckResult
from coursework.grader.output.free_response import export_answers
from coursework.grader.output.grades_csv import write_grades
from coursework.grader.output.lms_csv import write_marks
from coursework.grader.sanitize import plain_cell, safe_cell
from tests.coursework.sample_results import make_coded, make_result, make_words, told
from tests.coursework.tiny import TINY

# Writing

FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"
STARTS = ["=HYPERLINK(A1)", "+1+A1", "-A1", "@SUM(A1)", "\uff1d1+A1", "-1+cmd|' /C calc'!A1"]
AFTER = ["", ";", "; ", "\t", "|", ",", "\n", "\r\n", ';"', '";"', "\n,", ";;", "\n\n '"]
ATTACKS = [begin + after + start for begin in ("", "x") for after in AFTER for start in STARTS]


def spreadsheet_cells(text):
    """Return the cells of a CSV as programs see them that split it in any usual way."""
    for separator in (",", ";", "\t", "|"):
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            lines = io.StringIO(text, newline="")
            for row in csv.reader(lines, delimiter=separator, quoting=quoting):
                yield from row


def is_formula(cell):
    cell = cell.strip(' \t\r\n"')
    return cell[:1] in set(FORMULA) and not re.fullmatch(r"[+-][0-9.]+[])]*", cell)


def test_no_file_has_a_formula_however_it_is_split(tmp_path):
    for attack in ATTACKS:
        for name, text in files_that_tell(attack, tmp_path):
            formulas = [cell for cell in spreadsheet_cells(text) if is_formula(cell)]
            assert not formulas, (attack, name)


def files_that_tell(attack, folder):
    """Yield name and text of each file that is written for a class, with an attack in all texts."""
    checks = (CheckResult("all", 0.0, 25.0, attack),)
    words = make_words(attack).marked_by_hand(0, attack)
    result = make_result(
        "ann", make_coded(checks=checks, **told(attack)), words, note=attack, file=attack
    )
    roster = [Student("ann", attack, f"{attack}@x.org")]
    write_grades(folder / "grades.csv", roster, {"ann": result}, TINY)
    write_marks("canvas", [result], roster, folder / "canvas.csv", title=attack, by="email")
    write_marks("moodle", [result], roster, folder / "moodle.csv", title=attack)
    (folder / "answers.csv").unlink(missing_ok=True)  # its marks would be lost
    export_answers([result], folder / "answers.csv", anonymous=False)
    for name in ("grades", "canvas", "moodle", "answers"):
        yield name, (folder / f"{name}.csv").read_bytes().decode("utf-8-sig")


@pytest.mark.parametrize(
    "text",
    [
        "softmax(float64 array of shape (4, 5), axis=-1): entry [0, 1] is 2, and -1 was expected",
        "f([1, -2, 3], [-1.5, -inf, -1e-300], (0, -1)): the shape is (4,)",
        repr(np.array([[0.6838, -1.093, -2.0711], [1, -0.5, -0.985]])),
        "a - b, c = d; x + y\n\n1 - 2",
        "ann@example.org; bob@example.org",
        "handed in 2 times; file-1.ipynb",
    ],
)
def test_plain_texts_and_numbers_stay_as_they_are(text):
    assert safe_cell(text) == text


MARKED = ["", "'", "''", "'=1", "''-1", "x;'=1", "x;''=1", "[1, '-2]", "' \"=", "'quoted'"]
OTHERS = ["; -2", "\r=1", "\t=1", " =1", "5", "a=b", "plain"]


def test_what_is_done_to_a_cell_is_undone():
    texts = [*ATTACKS, *MARKED, *OTHERS]
    assert [plain_cell(safe_cell(text)) for text in texts] == texts


@pytest.mark.parametrize("part", ["\n", "'", ";", ";=", "\n=", ",-1", "-", "1", " "])
@pytest.mark.parametrize("begin", ["", ",-", ";"])
def test_cells_are_made_safe_in_a_time_that_grows_with_the_text(begin, part):
    def seconds(count):
        began = time.process_time()
        plain_cell(safe_cell(begin + part * count + "x"))
        return time.process_time() - began

    assert seconds(80_000) < 40 * max(seconds(8_000), 0.01)
