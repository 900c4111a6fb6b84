"""Marks one notebook: what a worker runs, on this machine or another."""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace

from coursework.grader import model
from coursework.grader.marking.free_response import extract_answer
from coursework.grader.marking.notebook import UnreadableError, read_notebook
from coursework.grader.marking.question import mark_cells
from coursework.grader.model import FOLDER, Cause, Reason, Result, load_assignment
from coursework.grader.sandbox.host import check_sandbox


def source_paths(name):
    """Return the files that the marks of an assignment depend on: whole folders, and the model."""
    grader = FOLDER / "grader"
    folders = grader / "marking", grader / "sandbox", FOLDER / name
    paths = [path for folder in folders for path in folder.rglob("*")]
    paths += [grader / "model.py", *(FOLDER.parent / "softmax").glob("*.py")]  # the right answers
    return sorted(path for path in paths if path.suffix in (".py", ".md"))


def source_version(name):
    """Return a hash of the sources that the marks of an assignment depend on."""
    digest = hashlib.sha256()
    for path in source_paths(name):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(FOLDER.parent)} {len(data)}\n".encode() + data)
    return digest.hexdigest()


_version_here = functools.cache(source_version)


def grade_notebook(
    student: str,
    data: bytes | None,
    filename: str,
    assignment_name: str,
    parameters: Mapping[str, str],
    seed: int,
    sandbox: bool = True,
    released: tuple[str, ...] = (),
    version: str = "",
) -> Result:
    """Return the marks of one notebook, before any deadline.

    Takes bytes and not a path, so that a worker on another machine can do it; None stands for a
    file that could not be read any more. Whatever goes wrong becomes a `Result` without questions
    that says so, also where `version` is not the `source_version` here.
    """
    began = time.perf_counter()
    result = Result(
        student=student,
        assignment=assignment_name,
        status=model.FAILED,
        questions=(),
        seed=seed,
        parameters=dict(parameters),
        file=filename,
        sha256=hashlib.sha256(data).hexdigest() if data is not None else "",
    )
    try:
        if version and version != _version_here(assignment_name):
            raise RuntimeError(
                "this worker has another version of the coursework, or it was changed meanwhile"
            )
        result = _mark(result, data, sandbox, released)
    except Exception as error:
        reason = Reason(Cause.GRADER_FAILED, (f"{type(error).__name__}: {error}",))
        result = replace(result, reason=reason)
    return replace(result, seconds=time.perf_counter() - began)


def _mark(result, data, sandbox, released):
    """Return `result` with its marks."""
    if data is None:
        return replace(result, status=model.UNREADABLE, reason=Reason(Cause.FILE_LOST))
    try:
        cells = read_notebook(data)
    except UnreadableError as error:
        reason = Reason(Cause.UNREADABLE, (str(error),))
        return replace(result, status=model.UNREADABLE, reason=reason)
    if sandbox:
        _check_sandbox_once()
    assignment = load_assignment(result.assignment, result.parameters)
    names = [question.name for question in assignment.questions]
    answers = {
        question.name: extract_answer(cells, question.name, released, names)
        for question in assignment.questions
        if question.manual_points
    }
    questions = mark_cells(
        assignment,
        [cell["source"] for cell in cells if cell["cell_type"] == "code"],
        seed=result.seed,
        sandbox=sandbox,
        answers=answers,
        texts=cells,
    )
    return result.with_questions(questions)


@functools.cache  # an exception is not kept: where there was none yet, it is looked for again
def _check_sandbox_once():
    check_sandbox()
