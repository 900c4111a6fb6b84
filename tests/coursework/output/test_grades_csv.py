"""grades.csv, a row for every student."""

import dataclasses

import numpy as np

from coursework.grader.inbox.roster import Student
from coursework.grader.model import Cause, QuestionResult, Reason, Result
from coursework.grader.output.grades_csv import write_grades
from tests.coursework.tiny import TINY

# grades.csv


def test_grades_have_a_row_for_all_and_no_formulas(tmp_path):
    students = [Student("bob", "=HYPERLINK()"), Student("ann", "Ann,\nLee"), Student("eve")]
    questions = (QuestionResult("double", "Double", 7.256, 8), QuestionResult("essay", "", 0.0, 2))
    result = Result("ann", "hw1", 5, questions, None, {"base": "e"}, "@f.ipynb")
    told = Reason(Cause.CELL_ERROR, ("=1+1\nx",))
    graded = {"ann": dataclasses.replace(result, reason=told, seconds=np.float64(1.5))}
    write_grades(tmp_path / "grades.csv", students, graded, TINY)
    text = (tmp_path / "grades.csv").read_text()
    assert text.splitlines() == [
        "student,name,double,essay,total,out_of,status,reason,seconds,file,submitted,late_hours,"
        "penalty,seed,variant",
        "bob,'=HYPERLINK(),,,,10,not marked yet,,,,,,,,",
        "ann,\"Ann, Lee\",7.26,0,7.26,10,ok,'=1+1 x,1.50,'@f.ipynb,,0.00,0,5,base=e",
        "eve,,,,,10,not marked yet,,,,,,,,",
    ]
