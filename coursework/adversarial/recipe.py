"""What the adversarial submissions are made of: edits of the solved master.

A source here is Python with words that stand alone: ``RIGHT`` is the right answer, the whole
cell of the master; ``WRONG`` a function that returns a constant; ``GUARD`` ends the cell unless
it runs in a sandbox; ``PARENTS`` puts every folder above the libraries on the path of imports;
and ``ANSWER`` is the name of the function.
"""

from __future__ import annotations

import copy
import functools
import importlib
import json
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2
import jupytext
import nbformat

from coursework.grader.model import FOLDER, OK

ASSIGNMENT = "hw1"
TARGET = "cross_entropy_grad"  # no other answer needs it, so that damage to it stays there
TCP_PORT, ABSTRACT_NAME = 47653, "softmax-adversarial-canary"

# What becomes of the answer that is attacked, or of the others: all points, none, those of a
# wrong answer that does not attack anything, something between, or whatever it may be.
FULL, NONE, WRONG, SOME, ANY = "full", "none", "as the wrong answer", "some", "any"

GUARD = """\
import os
if not os.path.exists("/grader/child.py"):
    raise SystemExit("this would hurt the machine, and it is not a sandbox")
"""
PARENTS = """\
import pathlib, sys
sys.path += map(str, pathlib.Path(np.__file__).resolve().parents)
"""
WRONG_ANSWER = """\
def ANSWER(*args, **kwargs):
    return np.full(np.shape(args[0]), 0.5)
"""
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


@dataclass(frozen=True)
class Kit:
    """What the recipes work with: the solved notebook, a dict, and ways to the machine.

    `tcp_port` and `abstract_name` are where somebody listens on this machine.
    """

    notebook: dict
    tcp_port: int = TCP_PORT
    abstract_name: str = ABSTRACT_NAME


@dataclass(frozen=True)
class Submission:
    """A adversarial or broken submission, and what is right for it.

    Attributes
    ----------
    name, why : str
        A short name, and a sentence that says what is expected and why.
    write : callable
        From a `Kit` and the student's folder, which is empty: writes the submission.
    answer : tuple of str
        What may become of the answer that is attacked.
    others : str
        What becomes of the other answers.
    statuses : tuple of str
        The states that are right.
    """

    name: str
    why: str
    write: Callable[[Kit, Path], None]
    answer: tuple[str, ...] = (FULL,)
    others: str = FULL
    statuses: tuple[str, ...] = (OK,)


@functools.cache
def _master():
    """Return the solved notebook as JSON."""
    checks = importlib.import_module(f"coursework.{ASSIGNMENT}.checks")
    parameters = {name: values[0] for name, values in checks.PARAMETERS.items()}
    values = checks.template_values(**parameters) | {"book": ""}
    text = (FOLDER / ASSIGNMENT / f"{ASSIGNMENT}.md").read_text(encoding="utf-8")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True)
    notebook = jupytext.reads(environment.from_string(text).render(values), fmt="md:myst")
    notebook.metadata = nbformat.from_dict(KERNEL)
    return nbformat.writes(notebook)


def solved_notebook():
    """Return the notebook in which every question is answered well, as a new dict."""
    return json.loads(_master())


def stub_notebook():
    """Return the notebook in which nothing is answered."""
    return with_questions(())


def with_questions(answered):
    """Return the notebook with those questions answered, and the stub in place of the others."""
    notebook = solved_notebook()
    pattern = r"( *)### BEGIN SOLUTION.*?### END SOLUTION"
    for cell in notebook["cells"]:
        if grade_id(cell) not in answered:
            source = re.sub(pattern, r"\1raise NotImplementedError()", text(cell), flags=re.DOTALL)
            cell["source"] = source
    return notebook


def points_of(answered, points):
    """Return the points of `with_questions(answered)`.

    An answer that calls another needs that one, too: without it there are no points.
    """
    master = solved_notebook()
    solutions = {
        name: text(answer_cell(master, name)).partition("### BEGIN SOLUTION")[2] for name in points
    }

    def works(name):
        called = {other for other in points if re.search(rf"\b{other}\(", solutions[name])}
        return name in answered and all(works(other) for other in called - {name})

    return {name: points[name] if works(name) else 0.0 for name in points}


def wrong_notebook():
    """Return the notebook whose answer to the attacked question is wrong, and nothing worse."""
    notebook = solved_notebook()
    answer_cell(notebook)["source"] = fill(Kit(notebook), WRONG_ANSWER)
    return notebook


def make_kit(tcp_port=TCP_PORT, abstract_name=ABSTRACT_NAME):
    """Return a new `Kit`."""
    return Kit(solved_notebook(), tcp_port, abstract_name)


def grade_id(cell):
    """Return the name that nbgrader knows a cell by, or ''."""
    return cell["metadata"].get("nbgrader", {}).get("grade_id", "")


def text(cell):
    """Return the source of a cell as one text."""
    return "".join(cell["source"])


def answer_cell(notebook, question=TARGET):
    """Return the cell that holds an answer."""
    return next(cell for cell in notebook["cells"] if grade_id(cell) == question)


def code_cell(source):
    """Return a code cell."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": source,
    }


def fill(kit, source):
    """Return Python with its stand-alone words replaced, as the module says."""
    parts = {
        "RIGHT": text(answer_cell(kit.notebook)),
        "WRONG": WRONG_ANSWER,
        "GUARD": GUARD,
        "PARENTS": PARENTS,
    }

    def put(match):
        return textwrap.indent(parts[match[2]], match[1])

    source = re.sub(
        r"^( *)(RIGHT|WRONG|GUARD|PARENTS)$", put, textwrap.dedent(source), flags=re.MULTILINE
    )
    words = {"ANSWER": TARGET, "TCP_PORT": str(kit.tcp_port), "ABSTRACT_NAME": kit.abstract_name}
    return re.sub(r"\b(ANSWER|TCP_PORT|ABSTRACT_NAME)\b", lambda m: words[m[1]], source)


def write_notebook(notebook, folder, name=f"{ASSIGNMENT}.ipynb"):
    """Write a notebook, a dict, into a folder."""
    (folder / name).write_text(json.dumps(notebook, indent=1), encoding="utf-8")


def _some(value):
    return (value,) if isinstance(value, str) else value


def edited(name, why, edit, answer=FULL, statuses=OK, others=FULL):
    """Return the submission that `edit(kit, notebook)` makes of a solved notebook, in place."""

    def write(kit, folder):
        notebook = copy.deepcopy(kit.notebook)
        edit(kit, notebook)
        write_notebook(notebook, folder)

    return Submission(name, why, write, _some(answer), others, _some(statuses))


def in_answer(name, why, source, answer=FULL, statuses=OK, others=FULL):
    """Return the submission with `source` in place of an answer."""

    def edit(kit, notebook):
        answer_cell(notebook)["source"] = fill(kit, source)

    return edited(name, why, edit, answer, statuses, others)


def probe(name, why, source, statuses=OK):
    """Return the submission that answers well only where `found()`, made by `source`, is true."""
    wrapper = """
        try:
            has_found = found()
        except Exception:
            has_found = False
        RIGHT
        if not has_found:
            WRONG
    """
    return in_answer(name, why, textwrap.dedent(source) + textwrap.dedent(wrapper), WRONG, statuses)


def beside(name, why, source, answer=FULL, statuses=OK, others=FULL):
    """Return the solved submission with one more cell, before all answers."""

    def edit(kit, notebook):
        notebook["cells"].insert(1, code_cell(fill(kit, source)))

    return edited(name, why, edit, answer, statuses, others)


def with_sources(name, why, change, answer=FULL, statuses=OK, others=FULL):
    """Return the solved submission with `change(source)` for the source of each code cell."""

    def edit(_, notebook):
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["source"] = change(text(cell))

    return edited(name, why, edit, answer, statuses, others)


def with_wrong_answer(name, why, tests):
    """Return the submission with a wrong answer and `tests` in place of every visible check."""

    def edit(kit, notebook):
        answer_cell(notebook)["source"] = fill(kit, WRONG_ANSWER)
        for cell in notebook["cells"]:
            if grade_id(cell).endswith("-check"):
                cell["source"] = tests

    return edited(name, why, edit, WRONG)


def in_file(name, why, write, statuses, answer=NONE, others=NONE):
    """Return the submission that `write(kit, folder)` makes."""
    return Submission(name, why, write, _some(answer), others, _some(statuses))


def total_range(submission: Submission, points: Mapping[str, float], wrong: float):
    """Return the least and the greatest total that is right.

    Parameters
    ----------
    submission : Submission
    points : mapping of str to float
        What each question is worth.
    wrong : float
        What the wrong answer gets that attacks nothing.
    """
    rest = sum(points.values()) - points[TARGET]
    least, most = {FULL: (rest, rest), NONE: (0.0, 0.0), ANY: (0.0, rest)}[submission.others]
    fates = {FULL: (points[TARGET],) * 2, NONE: (0.0, 0.0), WRONG: (wrong, wrong)}
    fates[SOME] = (0.5, points[TARGET] - 0.5)
    ranges = [fates[fate] for fate in submission.answer]
    return least + min(low for low, _ in ranges), most + max(high for _, high in ranges)
