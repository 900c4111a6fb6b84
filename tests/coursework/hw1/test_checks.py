"""Homework 1: its master, the marks of good, bad and half-done answers, and its judges."""

import itertools
import re
import textwrap

import numpy as np
import pytest

from coursework.grader.marking.compare import difference
from coursework.grader.marking.question import mark_cells, mark_question
from coursework.grader.model import FOLDER, Cause, Outcome, Reason, load_assignment
from coursework.hw1 import checks, misconceptions
from tests.coursework.hw1 import wrong_answers as wrong
from tests.coursework.masters import (
    define,
    find_question,
    judge,
    read_master,
    sources_of,
)
from tests.coursework.sandboxed import make_cells

STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
SEED = 20261121
UNANSWERED = (Reason(Cause.STUB),)
QUESTIONS = {"softmax": 25, "log_softmax": 20, "cross_entropy": 20, "numerical_gradient": 15}
QUESTIONS |= {"cross_entropy_grad": 20}
SIGNATURES = {
    "softmax": "softmax(z, axis=-1)",
    "log_softmax": "log_softmax(z, axis=-1)",
    "cross_entropy": "cross_entropy(logits, labels)",
    "numerical_gradient": "numerical_gradient(f, z, h=1e-5)",
    "cross_entropy_grad": "cross_entropy_grad(logits, labels)",
}
# Any warning of the judges would end up in a teacher's terminal.
pytestmark = pytest.mark.filterwarnings("error")


def master(base="e"):
    return read_master("hw1", base=base)


def code_cells(base="e", solved=tuple(QUESTIONS)):
    """Return the code cells, with stubs for the questions that are not solved."""
    cells = []
    for cell in master(base).cells:
        if cell.cell_type != "code":
            continue
        source, name = cell.source, cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in QUESTIONS and name not in solved:
            head = source.split("    ### BEGIN SOLUTION")[0]
            source = head + textwrap.indent(STUB, "    ")
        cells.append(source)
    return cells


def solutions(base):
    """Return the cells of the answers as one source."""
    cells = sources_of(master(base))
    return "\n".join(cells[name] for name in QUESTIONS)


def assignment(base="e"):
    return load_assignment("hw1", {"base": base})


def question(name, base="e"):
    return find_question("hw1", name, base=base)


# --- the master -----------------------------------------------------------------------------------


@pytest.mark.parametrize("base", checks.PARAMETERS["base"])
def test_solutions_have_all_marks_in_every_variant(base):
    source = solutions(base)
    marks = {name: marks_and_names(question(name, base), source) for name in QUESTIONS}
    assert marks == {name: (points, []) for name, points in QUESTIONS.items()}


# Above, the solutions are judged in this process; a whole class, in test_cli.py, has a student with
# those in base e.
@pytest.mark.slow
@pytest.mark.parametrize("base", checks.PARAMETERS["base"])
def test_master_has_all_marks_in_every_variant(base):
    marks = mark_cells(assignment(base), make_cells(code_cells(base)), seed=SEED)
    assert {mark.name: mark.points for mark in marks} == QUESTIONS
    assert {mark.status for mark in marks} == {"ok"}
    assert not any(mark.reasons or mark.detected for mark in marks)


def test_half_done_has_the_points_of_what_is_done():
    done = ("softmax", "log_softmax")
    marks = mark_cells(assignment(), make_cells(code_cells(solved=done)), seed=SEED)
    assert {mark.name: mark.points for mark in marks} == {
        name: points if name in done else 0 for name, points in QUESTIONS.items()
    }
    assert {mark.name for mark in marks if mark.reasons == UNANSWERED} == set(QUESTIONS) - set(done)
    assert not any(mark.detected for mark in marks)


def test_points_and_titles_of_notebook_and_checks_agree():
    cells = master().cells
    code = {
        cell.metadata["nbgrader"]["grade_id"]: cell for cell in cells if "nbgrader" in cell.metadata
    }
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    for number, asked in enumerate(assignment().questions, start=1):
        assert code[f"{asked.name}-check"].metadata["nbgrader"]["locked"]
        assert asked.out_of == QUESTIONS[asked.name]
        heading = f"## {number}. {asked.title} ({asked.out_of} points)"
        assert f"{heading}\n\n**You learn** to {asked.objective}. **Chapter" in text
        exercise = text.split(heading)[1].split("\n## ")[0]
        assert all(f"(../{chapter}.html#" in exercise for chapter in asked.chapters)
        limits = asked.limits
        stop = f"after {limits.cpu_seconds} seconds of computing, or {limits.wall_seconds} seconds"
        assert stop in text
    assert assignment().out_of == 100


def test_page_calls_chapters_by_their_titles():
    text = (FOLDER / "hw1" / "hw1.md").read_text(encoding="utf-8")
    links = re.findall(r"\[([^]]*)\]\(\{\{ book \}\}([\w-]+)\.html", text)
    assert len(links) == 6
    for words, chapter in links:
        page = (FOLDER.parent / "book" / f"{chapter}.md").read_text(encoding="utf-8")
        assert f"\n# {words}\n" in page


@pytest.mark.parametrize("base", checks.PARAMETERS["base"])
def test_solution_of_one_variant_loses_most_marks_in_the_other(base):
    source = solutions(next(value for value in checks.PARAMETERS["base"] if value != base))
    marks = {name: marks_and_names(question(name, base), source) for name in QUESTIONS}
    assert sum(points for points, _ in marks.values()) < 30
    named = {name for name, (_, mistakes) in marks.items() if "wrong-base" in mistakes}
    assert named == set(QUESTIONS) - {"numerical_gradient"}


# --- the visible checks ---------------------------------------------------------------------------


def run_notebook(answers, capsys, base="e"):
    """Run the notebook from top to bottom, with `answers` in place of the solutions' bodies."""
    space = {}
    for cell in master(base).cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if cell.cell_type == "code":
            source = as_function(name, answers[name]) if name in answers else cell.source
            with np.errstate(all="ignore"):
                exec(source, space)
    return capsys.readouterr().out


def as_function(name, body):
    return f"def {SIGNATURES[name]}:\n{textwrap.indent(textwrap.dedent(body), '    ')}"


@pytest.mark.parametrize("base", checks.PARAMETERS["base"])
def test_visible_checks_pass_for_the_solutions_and_say_that_hidden_ones_follow(base, capsys):
    said = run_notebook({}, capsys, base)
    assert said.count("Hidden checks with other inputs will follow.") == 5
    assert float(said.strip().rsplit(" ", 1)[1]) < 1e-9


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("softmax", "pass", r"softmax\(Z\) returned None. Is a return missing"),
        ("softmax", "return np.exp(z)", "entry .0. of softmax.Z., summed .* is 8, and 1 was exp"),
        (
            "softmax",
            "e = np.exp(z); return e / e.sum(axis=0)",
            "Each row must sum to 1: is the sum taken along the right axis",
        ),
        ("softmax", "return list(z)", r"a list of 2 came back, and an array of shape \(2, 3\) was"),
        ("cross_entropy", "return [0.5]", "a list of 1 came back, and a number was expected"),
        ("softmax", "return z[0]", r"the shape \(3,\), and \(2, 3\) was expected"),
        (
            "softmax",
            "e = np.exp(z); return e / e.sum(axis=axis, keepdims=True)",
            "2000, 2000, 2000, 2000 is nan, and 0.25 was expected. Is the largest logit",
        ),
        (
            "softmax",
            "z -= z.max(axis=axis, keepdims=True); e = np.exp(z); "
            "return e / e.sum(axis=axis, keepdims=True)",
            "changed its own input: Z was",
        ),
        ("log_softmax", "return np.log(softmax(z, axis))", "0 and -2000 is -inf, and -2000 was"),
        (
            "cross_entropy",
            "return -log_softmax(logits)[np.arange(len(labels)), labels].sum()",
            "is 2.77259, and 1.38629 was expected. The loss is the mean over the rows",
        ),
        (
            "numerical_gradient",
            "return (f(z + h) - f(z - h)) / (2 * h)",
            r"has the shape \(\), and \(2,\) was expected",
        ),
        (
            "cross_entropy_grad",
            "return softmax(logits) - np.eye(logits.shape[1])[labels]",
            "is each row divided by 2",
        ),
    ],
)
def test_visible_checks_say_in_words_what_is_wrong(name, body, words, capsys):
    with pytest.raises(AssertionError, match=words):
        run_notebook({name: body}, capsys)


def test_visible_checks_of_a_fresh_notebook_stop_at_the_first_stub(capsys):
    space = {}
    cells = code_cells(solved=())
    for source in cells:
        if "try_softmax" in source:
            with pytest.raises(NotImplementedError):
                exec(source, space)
            return
        exec(source, space)


def test_comparison_of_the_gradients_says_what_failed(capsys):
    exec(code_cells()[-1], {"np": np})
    assert "fails: NameError: name 'cross_entropy_grad' is not defined" in capsys.readouterr().out


# --- wrong answers --------------------------------------------------------------------------------


def flat(lists):
    return list(itertools.chain.from_iterable(lists))


def marks_and_names(asked, source, seed=SEED):
    """Return the points of an answer and the names of the mistakes that were recognized."""
    return judge(asked, define(source), seed)


LOOP = """
given, z = z, z.astype(float)
gradient = np.zeros(z.shape)
for i in np.ndindex(z.shape):
    z = given.astype(float) if {fresh} else z
    step = np.zeros(z.shape)
    step[i] = h
{body}
    gradient[i] = slope
return gradient
"""


def all_wrong_answers():
    for name, point, body in wrong.SOFTMAX:
        yield "softmax", "e", name, point, body
    for name, point, body in wrong.LOG_SOFTMAX:
        yield "log_softmax", "e", name, point, body
    for name, point, body in wrong.CROSS_ENTROPY:
        yield "cross_entropy", "e", name, point, body
    for name, point, body in wrong.SLOPES:
        body = textwrap.indent(body, "    ")
        body = LOOP.format(body=body, fresh=name != "not-moved-back")
        yield "numerical_gradient", "e", name, point, body
    for name, point, body in wrong.WHOLE_SLOPES:
        yield "numerical_gradient", "e", name, point, body
    for base, answers in (("e", wrong.CROSS_ENTROPY_GRAD), ("2", wrong.BASE_TWO_GRAD)):
        for name, point, body in answers:
            yield "cross_entropy_grad", base, name, point, wrong.GRAD_START + body


WRONG = list(all_wrong_answers())


def in_base(source, base):
    if base == "e":
        return source
    return source.replace("np.exp(", "np.exp2(").replace("np.log(", "np.log2(")


@pytest.mark.parametrize(
    "seed", [SEED, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 4))]
)
@pytest.mark.parametrize(
    ("name", "base", "mistake", "points", "body"),
    WRONG,
    ids=[f"{number}-{case[0]}-{case[2]}" for number, case in enumerate(WRONG)],
)
def test_wrong_answer_is_recognized_and_keeps_its_points(name, base, mistake, points, body, seed):
    asked = question(name, base)
    source = in_base(wrong.HELPERS, base) + as_function(name, body)
    assert marks_and_names(asked, source, seed) == (points, [mistake])


def in_base_e():
    """Yield the wrong answers that base two can have, too; further ones of a mistake are slow."""
    seen = set()
    for number, (name, base, mistake, points, body) in enumerate(WRONG):
        if base == "e" and name != "numerical_gradient":
            marks = pytest.mark.slow if (name, mistake) in seen else ()
            seen.add((name, mistake))
            label = f"{number}-{name}-{mistake}"
            yield pytest.param(name, mistake, points, body, marks=marks, id=label)


@pytest.mark.parametrize(("name", "mistake", "points", "body"), in_base_e())
def test_wrong_answer_has_the_same_marks_in_base_two(name, mistake, points, body):
    source = in_base(wrong.HELPERS + as_function(name, body), "2")
    assert marks_and_names(question(name, "2"), source) == (points, [mistake])


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("e = np.exp(z); return e / e.sum(axis=axis, keepdims=True)", (19, ["no-shift"])),
        ("e = np.exp(z - np.max(z)); return e / np.sum(e)", (3, ["whole-array", "short-integers"])),
        ("e = np.exp(z); return e / e.sum()", (3, ["whole-array"])),
    ],
)
def test_softmax_as_many_write_it(body, found):
    assert marks_and_names(question("softmax"), as_function("softmax", body)) == found


@pytest.mark.parametrize("base", checks.PARAMETERS["base"])
def test_every_mistake_that_has_a_text_has_a_wrong_answer(base):
    recognized = {item.name for q in assignment(base).questions for item in q.misconceptions}
    tried = {(case[0], case[2]) for case in WRONG}
    for asked in assignment(base).questions:
        for item in asked.misconceptions:
            # Tried above, with the solutions of the other variant.
            assert (asked.name, item.name) in tried or item.name == "wrong-base", item.name
    assert recognized <= set(misconceptions.TEXTS)
    everywhere = recognized | {"extra-logarithm"}
    assert set(misconceptions.TEXTS) == everywhere


@pytest.mark.parametrize(("name", "points", "mistakes", "body"), wrong.TWO_MISTAKES)
def test_two_mistakes_that_show_in_different_places_are_both_named(name, points, mistakes, body):
    source = wrong.HELPERS + as_function(name, body)
    assert marks_and_names(question(name), source) == (points, mistakes)


@pytest.mark.parametrize("name", QUESTIONS)
def test_feedback_shows_the_numbers_of_the_first_check(name):
    check, calls = question(name).checks[0], question(name).draw_calls(SEED)[0]
    message = check.judge(calls, [Outcome("returned", np.pi)] * len(calls))
    assert message.startswith(f"{name}(")
    assert "of shape" not in message.split("): ")[0]


def test_sandbox_recognizes_a_library_that_is_imported_in_the_function():
    source = as_function("softmax", "import scipy.special; return scipy.special.softmax(z, axis)")
    mark = mark_question(question("softmax"), [source], seed=SEED, assignment=assignment())
    assert mark.detected == ("other-library",)


@pytest.mark.parametrize(
    ("name", "body"), [("softmax", wrong.SOFTMAX[0]), ("cross_entropy", wrong.CROSS_ENTROPY[0])]
)
def test_sandbox_marks_a_wrong_answer_as_this_process_does(name, body):
    mistake, points, text = body
    source = wrong.HELPERS + as_function(name, text)
    mark = mark_question(question(name), [source], seed=SEED, assignment=assignment())
    assert (mark.points, mark.detected) == (points, (mistake,))
    assert mark.reasons


# --- seeds and judges -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", QUESTIONS)
def test_inputs_come_from_the_seed_and_from_nothing_else(name):
    first, again, other = (flat(question(name).draw_calls(seed)) for seed in (3, 3, 4))
    assert repr(first) == repr(again)
    assert repr(first) != repr(other)
    # Nobody can hand in a list of answers: no array is the same under another seed.
    for one, two in zip(first, other, strict=True):
        assert difference(one.args[0], two.args[0]) if name != "numerical_gradient" else True
