"""Submissions that attack the grader, or that are broken, each with the mark it deserves.

The tests and `coursework.adversarial.soak` hand them in among honest ones. Each is a small edit
of the solved master, so that none of them drifts from the assignment. Code that could hurt a
machine outside a sandbox checks first whether it is in one.
"""

from coursework.adversarial import (
    crashes,
    forged_marks,
    infinite_loops,
    information_leaks,
    malformed,
    malformed_files,
    resource_exhaustion,
    sandbox_escapes,
)
from coursework.adversarial.recipe import (
    FULL,
    NONE,
    SOME,
    WRONG,
    Kit,
    Submission,
    make_kit,
    solved_notebook,
    stub_notebook,
    with_questions,
    wrong_notebook,
)

CATALOG: tuple[Submission, ...] = (
    *infinite_loops.SUBMISSIONS,
    *crashes.SUBMISSIONS,
    *forged_marks.SUBMISSIONS,
    *information_leaks.SUBMISSIONS,
    *sandbox_escapes.SUBMISSIONS,
    *resource_exhaustion.SUBMISSIONS,
    *malformed.SUBMISSIONS,
    *malformed_files.SUBMISSIONS,
)

__all__ = [
    "CATALOG",
    "FULL",
    "NONE",
    "SOME",
    "WRONG",
    "Kit",
    "Submission",
    "make_kit",
    "solved_notebook",
    "stub_notebook",
    "with_questions",
    "wrong_notebook",
]
