"""What was given out to students, as `coursework.release` wrote it beside the notebooks."""

from __future__ import annotations

import json

from coursework.grader.model import FOLDER, GraderError

RELEASED = FOLDER.parent / "_build" / "coursework"


class ReleasedError(GraderError):
    """What was given out cannot be found; the message says what to do."""


def read_released(assignment, folder=RELEASED):
    """Return the texts of the Markdown cells that were given out, in a variant.

    Parameters
    ----------
    assignment : Assignment
    folder : pathlib.Path
        Where the release wrote, for all variants.

    Returns
    -------
    tuple of str
        Empty where no answer is in words, since nobody asks then.

    Raises
    ------
    ReleasedError
        Where this variant has not been released to `folder`.
    """
    if not any(question.manual_points for question in assignment.questions):
        return ()
    for path in sorted(folder.rglob(f"{assignment.name}.released.json")):
        released = json.loads(path.read_text(encoding="utf-8"))
        if released["parameters"] == dict(assignment.parameters):
            return tuple(released["texts"])
    variant = " ".join(f"{key}={value}" for key, value in assignment.parameters.items())
    raise ReleasedError(
        f"{folder} does not hold what was given out, {assignment.name}.released.json of the "
        f'variant "{variant}": run make coursework (with VARIANT="..." for a variant), or name '
        "the folder by --released"
    )
