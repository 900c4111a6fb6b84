"""Submissions that attack the grader, or that are broken, each with the mark it deserves.

The tests and `coursework.soak` hand them in among honest ones. Every one is a small edit of
the solved master, so that none of them drifts from the assignment. What could hurt a machine
outside a sandbox looks first whether it is in one.
"""

from coursework.hostile import cheats, deaths, endless, escapes, files, forms, resources, spies
from coursework.hostile.recipe import (
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
    *endless.SUBMISSIONS,
    *deaths.SUBMISSIONS,
    *cheats.SUBMISSIONS,
    *spies.SUBMISSIONS,
    *escapes.SUBMISSIONS,
    *resources.SUBMISSIONS,
    *forms.SUBMISSIONS,
    *files.SUBMISSIONS,
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
