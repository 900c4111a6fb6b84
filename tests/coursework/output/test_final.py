"""Marks that may change do not leave the grader."""

import pytest

from coursework.grader.model import GraderError
from coursework.grader.output.final import check_final
from tests.coursework.sample_results import FAILURE, make_coded, make_result


def test_marks_that_are_not_final_stay_here():
    results = [
        make_result("ana"),
        make_result("bob"),
        make_result("cem", make_coded(), reason=FAILURE),
        make_result("dora", make_coded()),
    ]
    with pytest.raises(GraderError) as caught:
        check_final(results, allow_awaiting=False)
    assert "answers that await marks: 2. Run answers" in str(caught.value)
    assert "failed with 1 student: cem" in str(caught.value)
    check_final(results, allow_awaiting=True)
    check_final(results[-1:], allow_awaiting=False)


@pytest.mark.parametrize("allow_awaiting", [False, True])
def test_a_class_without_marks_is_refused(allow_awaiting):
    with pytest.raises(GraderError, match="no marks to export"):
        check_final([], allow_awaiting)
