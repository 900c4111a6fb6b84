"""The second assignment: its master, its checks, and the mistakes that it recognizes."""

import itertools
import re
from copy import deepcopy
from functools import partial

import matplotlib
import numpy as np
import pytest
from nbgrader.preprocessors import ClearSolutions

from coursework.grader.marking.question import mark_cells, mark_question
from coursework.grader.model import AWAITING, OK, load_assignment
from coursework.grader.output.wording import explain_question
from coursework.hw2 import checks, digits, gradients
from coursework.hw2.reference import WRONG_FORMULAS, Rules, gradients_by, right_gradients
from tests.coursework import masters
from tests.coursework.hw2.wrong_answers import (
    EVIDENCE_CHANGES,
    GRADIENT_CHANGES,
    LOOP_CHANGES,
    MOMENTUM_CHANGES,
    VISIBLE,
)
from tests.coursework.masters import (
    code_of,
    define,
    find_question,
    read_master,
    sources_of,
)
from tests.coursework.sandboxed import make_cells

matplotlib.use("Agg")
VARIANTS = [
    dict(zip(checks.PARAMETERS, values, strict=True))
    for values in itertools.product(*checks.PARAMETERS.values())
]
DEFAULT, MOMENTUM = VARIANTS[0], VARIANTS[1]
SEED = 20
CODE = ("loss_and_gradients", "train", "fit_digits", "evidence")


def read_stub(variant):
    """The same without solutions, by nbgrader itself."""
    notebook, _ = ClearSolutions().preprocess(deepcopy(read_master("hw2", **variant)), {})
    return notebook


def answer(name, variant=DEFAULT):
    """The source of the cell with the solution of a question."""
    return sources_of(read_master("hw2", **variant))[name]


def change(source, *replacements):
    for old, new in replacements:
        assert source.count(old) == 1, f"{old!r} is not in the solution once"
        source = source.replace(old, new)
    return source


def question(name, variant=DEFAULT):
    return find_question("hw2", name, **variant)


def judge(name, functions, variant=DEFAULT, seed=SEED):
    """The points of the answers, and the names of the recognized mistakes."""
    return masters.judge(question(name, variant), functions, seed)


slowly = partial(pytest.param, marks=pytest.mark.slow)


def name_of(variant):
    return "-".join(variant.values())


# The first and the last differ in everything.
@pytest.mark.parametrize(
    "variant", [DEFAULT, *map(slowly, VARIANTS[1:-1]), VARIANTS[-1]], ids=name_of
)
class TestVariants:
    def test_the_visible_checks_of_the_training_pass(self, variant, capsys):
        names = {}
        sources = code_of(read_master("hw2", **variant))
        for source in itertools.takewhile(lambda text: "load_mnist" not in text, sources):
            exec(source, names)
        assert capsys.readouterr().out.count("All is well so far.") == 2

    def test_what_is_given_is_right(self, variant):
        for asked in load_assignment("hw2", variant).questions[1:3]:
            names = define(asked.given)
            (call,) = gradients.draw_biased(np.random.default_rng(1))
            due = right_gradients(Rules(**variant))(*call.args)
            for one, other in zip(names["loss_and_gradients"](*call.args), due, strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)

    def test_another_variants_solution_loses_what_differs(self, variant):
        for other in VARIANTS:
            theirs = define(*(answer(name, other) for name in CODE[:2]))
            # Another penalty costs the points of the loss and of the gradient of W, with a penalty.
            expected = 30 if other["penalty"] == variant["penalty"] else 18
            assert judge("loss_and_gradients", theirs, variant)[0] == expected
            # A right loss is given to the loop, so only another update costs points there.
            expected = 25 if other["update"] == variant["update"] else 1
            assert judge("train", theirs, variant)[0] == expected


class TestMarks:
    # `make book` runs the first, too, with its checks.
    @pytest.mark.slow
    @pytest.mark.parametrize("variant", [DEFAULT, VARIANTS[-1]], ids=["first", "last"])
    def test_the_whole_notebook_runs_and_passes_its_own_checks(self, variant, capsys):
        names = {}
        for source in code_of(read_master("hw2", **variant)):
            exec(source, names)
        assert capsys.readouterr().out.count("All is well so far.") == len(CODE)

    def test_master(self):
        assignment = load_assignment("hw2")
        assert assignment.out_of == 100
        words = "The border learned nothing."
        cells = make_cells(code_of(read_master("hw2", **DEFAULT))) + make_cells([words], "markdown")
        marks = mark_cells(assignment, cells, seed=SEED)
        assert [mark.points for mark in marks] == [30, 25, 25, 10, 0]
        assert [mark.status for mark in marks] == [OK, OK, OK, OK, AWAITING]
        assert (marks[4].out_of, marks[4].manual, marks[4].answer) == (10, True, words)

    # Above, each variant's solution is judged in this process.
    @pytest.mark.parametrize("variant", [*map(slowly, VARIANTS[:-1]), VARIANTS[-1]], ids=name_of)
    def test_the_solution_of_a_variant_gets_all_points_in_the_sandbox(self, variant):
        assignment = load_assignment("hw2", variant)
        cells = code_of(read_master("hw2", **variant))
        for asked in assignment.questions[:2]:
            result = mark_question(asked, cells, seed=SEED, assignment=assignment)
            assert (result.points, result.status, result.reasons) == (asked.out_of, OK, ())

    def test_half_done(self):
        stub = sources_of(read_stub(DEFAULT))
        cells = [
            answer("loss_and_gradients"),
            stub["train"],
            stub["fit_digits"],
            stub["evidence"],
        ]
        marks = mark_cells(load_assignment("hw2"), make_cells(cells), seed=SEED)
        assert [mark.points for mark in marks] == [30, 0, 0, 0, 0]
        assert all(mark.reasons for mark in marks if not mark.points)
        assert not any(mark.detected for mark in marks)

    @pytest.mark.parametrize(
        ("name", "points"),
        [("loss_and_gradients", 0), ("train", 25), slowly("fit_digits", 25), ("evidence", 10)],
    )
    def test_a_stub_of_the_loss_costs_no_points_elsewhere(self, name, points):
        stub = sources_of(read_stub(DEFAULT))
        cells = [stub["loss_and_gradients"], *(answer(name) for name in CODE[1:])]
        asked = question(name)
        mark = mark_question(asked, cells, seed=SEED, assignment=load_assignment("hw2"))
        assert mark.points == points

    def test_an_error_in_what_is_given_names_the_students_line(self):
        wrong = change(answer("train"), (" W, b, X[batch]", " W.T, b, X[batch]"))
        asked = question("train")
        mark = mark_question(asked, [wrong], seed=SEED, assignment=load_assignment("hw2"))
        assert "(cell 1, line 13)" in explain_question(mark)

    @pytest.mark.parametrize("name", CODE)
    def test_a_library_that_is_not_there(self, name):
        signature, _, _ = answer(name).partition('    """')
        cells = [f"{signature}    from tqdm import tqdm"]
        asked = question(name)
        mark = mark_question(asked, cells, seed=SEED, assignment=load_assignment("hw2"))
        assert (mark.points, mark.detected) == (0, ("other-library",))

    def test_functions_that_use_the_notebooks_data(self):
        assignment = load_assignment("hw2")
        cells = code_of(read_master("hw2", **DEFAULT))
        where = next(i for i, source in enumerate(cells) if source.startswith("def fit_digits"))
        cells[where] = change(cells[where], ("X, t, num_classes", "X_train, t_train, num_classes"))
        mark = mark_question(question("fit_digits"), cells, seed=SEED, assignment=assignment)
        assert mark.points == 0
        assert mark.detected == ("notebook-variables",)


def assert_recognized(name, functions, mistake, variant=DEFAULT):
    points, recognized = judge(name, functions, variant)
    assert recognized == [mistake]
    assert points < question(name, variant).out_of


class TestMistakes:
    """Each wrong answer is the solution with one thing changed."""

    @pytest.mark.parametrize("mistake", GRADIENT_CHANGES)
    def test_gradients(self, mistake):
        wrong = change(answer("loss_and_gradients"), *GRADIENT_CHANGES[mistake])
        assert_recognized("loss_and_gradients", define(wrong), mistake)

    def test_a_second_mistake_does_not_hide_behind_an_overflow(self):
        both = GRADIENT_CHANGES["missing-n"] + GRADIENT_CHANGES["no-shift"]
        wrong = change(answer("loss_and_gradients"), *both)
        assert judge("loss_and_gradients", define(wrong))[1] == ["missing-n", "no-shift"]

    # Variants with another update have the same loss.
    @pytest.mark.parametrize(
        "variant",
        [v if v["update"] == DEFAULT["update"] else slowly(v) for v in VARIANTS],
        ids=name_of,
    )
    @pytest.mark.parametrize("mistake", WRONG_FORMULAS)
    def test_formulas(self, mistake, variant):
        for formula in WRONG_FORMULAS[mistake]:
            functions = {"loss_and_gradients": gradients_by(Rules(**variant), formula)}
            assert_recognized("loss_and_gradients", functions, mistake, variant)

    # The second exercise has the right loss, whatever the first is like.
    @pytest.mark.parametrize(
        "mistake",
        [m if m in ("changes-input", "y-minus-p") else slowly(m) for m in GRADIENT_CHANGES],
    )
    def test_no_mistake_of_the_first_exercise_costs_points_in_the_second(self, mistake):
        wrong = change(answer("loss_and_gradients"), *GRADIENT_CHANGES[mistake])
        assert judge("train", define(wrong, answer("train"))) == (25, [])

    @pytest.mark.parametrize("mistake", LOOP_CHANGES)
    def test_loops(self, mistake):
        wrong = change(answer("train"), *LOOP_CHANGES[mistake])
        assert_recognized("train", define(answer("loss_and_gradients"), wrong), mistake)

    @pytest.mark.parametrize("mistake", MOMENTUM_CHANGES)
    def test_momentum(self, mistake):
        wrong = change(answer("train", MOMENTUM), *MOMENTUM_CHANGES[mistake])
        functions = define(answer("loss_and_gradients"), wrong)
        assert_recognized("train", functions, mistake, MOMENTUM)

    @pytest.mark.parametrize(("asked", "given"), [(DEFAULT, MOMENTUM), (MOMENTUM, DEFAULT)])
    def test_the_other_update(self, asked, given):
        functions = define(answer("loss_and_gradients"), answer("train", given))
        assert_recognized("train", functions, "other-update", asked)

    @pytest.mark.parametrize("mistake", EVIDENCE_CHANGES)
    def test_evidence(self, mistake):
        wrong = change(answer("evidence"), *EVIDENCE_CHANGES[mistake])
        assert_recognized("evidence", define(wrong), mistake)

    def test_the_largest_weight_with_the_right_terms(self):
        wrong = change(answer("evidence"), ("argmax(contributions)", "argmax(W[:, j] - W[:, k])"))
        assert_recognized("evidence", define(wrong), "weight-alone")

    @pytest.mark.parametrize(
        ("mistake", "old", "new"),
        [
            slowly("weights-transposed", "return W, b", "return W.T, b"),
            slowly("ran-away", "return W, b", "return W * np.inf, b"),
            ("stopped-early", "num_epochs=20", "num_epochs=1"),
        ],
    )
    def test_digits(self, mistake, old, new):
        wrong = change(answer("fit_digits"), (old, new))
        if mistake == "stopped-early":
            wrong = change(wrong, ("learning_rate=0.1", "learning_rate=0.001"))
        functions = define(*(answer(name) for name in CODE[:2]), wrong)
        assert_recognized("fit_digits", functions, mistake)

    def test_weights_that_were_learned_beforehand(self):
        functions = define(*(answer(name) for name in CODE[:3]))
        pixels, digit_names, _, _ = digits.load_images()
        learned = functions["fit_digits"](pixels[:1000] / 255.0, digit_names[:1000])
        points, recognized = judge("fit_digits", {"fit_digits": lambda X, t: learned})
        assert (points, recognized) == (0, ["known-beforehand"])


class TestVisibleChecks:
    @pytest.mark.parametrize("mistake", VISIBLE)
    def test_wrong_answers_are_told_what_is_wrong(self, mistake):
        name, changes, words = VISIBLE[mistake]
        names = define(answer("comparing"), answer("loss_and_gradients"))
        exec(change(answer(name), *changes), names)
        with pytest.raises((AssertionError, ValueError), match=re.escape(words)) as caught:
            exec(answer(f"check_{name}"), names)
        # A number, or a place in an array, is no multiple of another.
        assert name != "evidence" or "times the expected" not in str(caught.value)

    def test_a_float_is_no_index_in_the_hidden_checks_either(self):
        name, changes, _ = VISIBLE["float-index"]
        assert judge(name, define(change(answer(name), *changes)))[0] == 7


class TestDigits:
    @pytest.mark.slow
    def test_the_solution_is_far_above_each_threshold(self):
        for seed, variant in enumerate((DEFAULT, MOMENTUM, DEFAULT)):
            functions = define(*(answer(name, variant) for name in CODE[:3]))
            for calls, (_, threshold, _) in zip(
                question("fit_digits").draw_calls(seed), digits.STEPS, strict=True
            ):
                (call,) = calls
                value = functions["fit_digits"](*call.args)
                assert digits.measure_accuracy(call, value) > threshold + 0.01

    def test_a_call_is_float32_images_whose_classes_have_other_names(self):
        for (call,), (number, _, _) in zip(
            question("fit_digits").draw_calls(SEED), digits.STEPS, strict=True
        ):
            X, t = call.args
            assert (X.shape, X.dtype, t.shape) == ((number, 784), np.float32, (number,))
            assert X.min() == 0
            assert X.max() == 1

    def test_no_digit_keeps_its_name(self):
        draw = digits.draw_images(10)
        for seed in range(20):
            (call,) = draw(np.random.default_rng(seed))
            assert sorted(call.names) == list(range(10))
            assert all(name != digit for digit, name in enumerate(call.names))

    def test_a_poor_training_gets_a_part(self):
        wrong = change(answer("fit_digits"), ("num_epochs=20", "num_epochs=1"))
        functions = define(*(answer(name) for name in CODE[:2]), wrong)
        assert judge("fit_digits", functions)[0] in (8, 16)


class TestJudges:
    def test_every_seed_draws_other_inputs(self):
        for name in CODE:
            one, two = (question(name).draw_calls(seed)[0][0].args for seed in (1, 2))
            assert not np.array_equal(one[0], two[0])


class TestMaster:
    def test_headings_and_objectives_are_those_of_the_checks(self):
        assignment = load_assignment("hw2")
        notebook = read_master("hw2", **DEFAULT)
        text = "\n".join(cell.source for cell in notebook.cells)
        for number, asked in enumerate(assignment.questions, start=1):
            assert f"## Exercise {number}. {asked.title}\n" in text
            assert f"*Objective: {asked.objective[0].lower()}{asked.objective[1:]}*" in text

    def test_no_solution_and_no_marking_guide_in_the_stub(self):
        for variant in VARIANTS:
            text = "\n".join(cell.source for cell in read_stub(variant).cells)
            for secret in ("SOLUTION", "Marking guide", "log_P", "permutation(len", "argmax(contr"):
                assert secret not in text
