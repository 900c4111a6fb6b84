"""What was given out to students, as `coursework.release` wrote it beside the notebooks."""

import json

from coursework.grader.model import FOLDER, GraderError

RELEASED = FOLDER.parent / "_build" / "coursework"


def read_released(assignment, folder=RELEASED):
    """Return the texts of the Markdown cells that were given out, in the assignment's variant.

    There are none where no answer is in words, since nobody asks then. `folder` is the one of all
    variants.
    """
    if not any(question.manual_points for question in assignment.questions):
        return ()
    for path in sorted(folder.rglob(f"{assignment.name}.released.json")):
        released = json.loads(path.read_text(encoding="utf-8"))
        if released["parameters"] == dict(assignment.parameters):
            return tuple(released["texts"])
    variant = " ".join(f"{key}={value}" for key, value in assignment.parameters.items())
    raise GraderError(
        f"{folder} does not hold what was given out, {assignment.name}.released.json of the "
        f'variant "{variant}": run make coursework (with VARIANT="..." for a variant), or name '
        "the folder by --released"
    )
