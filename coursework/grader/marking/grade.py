"""Marks one notebook: what a worker runs, on this machine or another."""

import functools
import hashlib
import time
from dataclasses import replace

from coursework.grader.marking.notebook import UnreadableError, get_dict, read_notebook
from coursework.grader.marking.question import mark_cells
from coursework.grader.model import FOLDER, Cause, Reason, Result, load_assignment


def source_paths(name):
    """Return the files that the marks of an assignment depend on: whole folders, and the model."""
    grader = FOLDER / "grader"
    folders = grader / "marking", grader / "sandbox", FOLDER / name
    paths = [path for folder in folders for path in folder.rglob("*")]
    paths += [grader / "model.py", *(FOLDER.parent / "softmax").glob("*.py")]  # the right answers
    return sorted(path for path in paths if path.suffix in (".py", ".md"))


@functools.cache
def source_version(name):
    """Return a hash of the sources that the marks of an assignment depend on, as they were first.

    A process keeps the modules that it has read, also where their files are changed afterwards.
    """
    digest = hashlib.sha256()
    for path in source_paths(name):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(FOLDER.parent)} {len(data)}\n".encode() + data)
    return digest.hexdigest()


def _compare_variant(metadata, parameters):
    """Return in words where a notebook names another variant; many programs drop what it names."""
    named = get_dict(get_dict(metadata, "coursework"), "parameters")
    others = [key for key, value in parameters.items() if named.get(key, value) != value]
    told = ", ".join(f"{key}={str(named[key])[:20]}" for key in others)
    marked = ", ".join(f"{key}={parameters[key]}" for key in others)
    return f"the notebook says that it is of the variant {told}, and not {marked}" if told else ""


def grade_notebook(
    result: Result,
    data: bytes | None,
    sandbox: bool = True,
    released: tuple[str, ...] = (),
    version: str = "",
) -> Result:
    """Return a `result`, which says whose it is and how to mark, with the marks of a notebook.

    Takes bytes and not a path, so that a worker on another machine can do it; None stands for a
    file that could not be read any more. Whatever goes wrong becomes a result without questions
    that says so, also where `version` is not the `source_version` here.
    """
    if data is None:
        return replace(result, reason=Reason(Cause.FILE_LOST))
    began = time.perf_counter()
    result = replace(result, sha256=hashlib.sha256(data).hexdigest())
    try:
        if version and version != source_version(result.assignment):
            raise RuntimeError(
                "this worker has another version of the coursework, or it was changed meanwhile"
            )
        cells, metadata = read_notebook(data)
        assignment = load_assignment(result.assignment, result.parameters)
        marks = mark_cells(assignment, cells, seed=result.seed, sandbox=sandbox, released=released)
        doubt = _compare_variant(metadata, result.parameters)
        result = replace(result, questions=marks, doubt=doubt)
    except UnreadableError as error:
        result = replace(result, reason=Reason(Cause.BAD_FILE, (str(error),)))
    except Exception as error:
        reason = Reason(Cause.GRADER_FAILED, (f"{type(error).__name__}: {error}",))
        result = replace(result, reason=reason)
    return replace(result, seconds=time.perf_counter() - began)
