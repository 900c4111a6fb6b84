"""Every array that a public function takes is an array of numbers, or refused with a way out."""

import inspect
import re

import matplotlib
import numpy as np
import pytest
import scipy.sparse

import softmax as sm
from softmax import datasets, digits, live, plotting

matplotlib.use("Agg")

THREE, PLANE, EYE = [0.2, 0.3, 0.5], [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], np.eye(3)
CLASSIFIER = sm.SoftmaxClassifier(max_iter=1, tol=None).fit(EYE, [0, 1, 2])
DIGITS = sm.SoftmaxClassifier(max_iter=1, tol=None).fit(np.eye(10, 784), np.arange(10))
OF_TWO = sm.SoftmaxClassifier(max_iter=1, tol=None).fit(np.eye(2), [0, 1])
SLICES = {"x": THREE, "where": [True, True, False]}
LOSS = {"logits": EYE, "targets": [0, 1, 2], "weight": THREE}
TRAINING = {"X": EYE, "y": [0, 1, 2], "sample_weight": THREE}

# Each function with valid arguments: its arrays, and what else it needs.
CALLS = {
    sm.softmax: SLICES,
    sm.log_softmax: SLICES,
    sm.logsumexp: SLICES,
    sm.cross_entropy: LOSS,
    sm.cross_entropy_grad: LOSS,
    sm.cross_entropy_with_grad: LOSS,
    sm.online_logsumexp: {"chunks": [THREE]},
    sm.sigmoid: {"x": THREE},
    sm.one_hot: {"labels": [0, 1], "num_classes": 2},
    sm.softmax_jacobian: {"p": THREE},
    sm.softmax_vjp: {"p": THREE, "g": THREE},
    sm.entropy: {"p": THREE},
    sm.kl_divergence: {"p": THREE, "q": THREE},
    CLASSIFIER.fit: TRAINING | {"X_val": EYE, "y_val": [0, 1, 2]},
    CLASSIFIER.partial_fit: TRAINING | {"classes": [0, 1, 2]},
    CLASSIFIER.score: TRAINING,
    CLASSIFIER.decision_function: {"X": EYE},
    CLASSIFIER.predict: {"X": EYE},
    CLASSIFIER.predict_proba: {"X": EYE},
    CLASSIFIER.predict_log_proba: {"X": EYE},
    plotting.bars: {"values": THREE},
    plotting.confusion_matrix: {"counts": np.eye(3, dtype=int)},
    plotting.decision_regions: {"model": OF_TWO, "X": np.eye(2), "y": [0, 1]},
    plotting.image_grid: {"images": np.zeros((1, 2, 2))},
    plotting.logits_and_probabilities: {"z": THREE},
    plotting.templates: {"coef": np.eye(2, 4), "image_shape": (2, 2)},
    plotting.training_curves: {"loss": THREE, "accuracy": THREE},
    digits.center_digit: {"picture": np.eye(28)},
    digits.draw_strokes: {"strokes": [PLANE], "size": 3, "width": 1.0},
    **{
        getattr(live, name): {"z": THREE}
        for name in ("gradient", "gumbel", "jacobian", "logits", "precision", "sparsemax")
    },
    live.drift: {"z": THREE, "target": 1},
    live.vocabulary: {"z": np.arange(8) / 2, "target": 1},
    live.attention: {"query": [1.5, 0.5], "keys": PLANE, "values": PLANE},
    live.blocks: {"z": np.arange(8) / 2, "values": np.eye(8, 2)},
    live.calibration: {
        "Z_val": 4 * EYE,
        "t_val": [0, 1, 1],
        "Z_test": 4 * EYE,
        "t_test": [0, 1, 2],
    },
    live.decision: {"x": [1.5, 0.4], "W": np.eye(2, 3), "b": THREE},
    live.divergence: {"y": THREE, "p": THREE},
    live.contrastive: {"queries": [20, 110, 200, 300], "partners": [150, 60, 330, 220]},
    live.draw_digit: {"model": DIGITS, "samples": np.eye(2, 784), "labels": [0, 1]},
    live.playground: {"X": PLANE, "y": [0, 1, 1]},
    live.preferences: {"answers": ["yes", "no", "perhaps"], "reference": THREE},
    live.triage: {"Z": 4 * EYE, "t": [0, 1, 1], "pictures": np.eye(3, 784)},
    live.sampling: {"logits": EYE, "vocabulary": ["a", "b", "."], "text": "a b"},
}
OTHERS = {
    "num_classes",
    "model",
    "image_shape",
    "size",
    "width",
    "answers",
    "vocabulary",
    "text",
    "target",
}
CASES = [
    pytest.param(call, name, id=f"{call.__qualname__}-{name}")
    for call, arguments in CALLS.items()
    for name in arguments
    if name not in OTHERS
]


IN_PIECES = {"chunks": "chunks[0]", "strokes": "stroke"}


def masked(value):
    mask = np.zeros(np.shape(value), bool)
    mask.flat[0] = True
    return np.ma.array(value, mask=mask)


BAD = {
    "masked": masked,
    "dict": lambda value: dict(enumerate(value)),
    "generator": lambda value: (row for row in value),
    "sparse": lambda value: scipy.sparse.coo_array(np.atleast_2d(value)),
}
WAY_OUT = {
    "masked": "",  # differs, and is tried in the tests of each module
    "dict": " Pass list({0}.values()).",
    "generator": " Pass a list: list({0}).",
    "sparse": " Pass it as a dense array: {0}.toarray().",
}


def test_no_function_and_no_argument_is_left_out():
    public = {
        getattr(module, name)
        for module in (sm, datasets, digits, live, plotting)
        for name in module.__all__
    }
    methods = inspect.getmembers(CLASSIFIER, inspect.ismethod)
    for function in [*filter(inspect.isfunction, public), *(method for _, method in methods)]:
        parameters = inspect.signature(function).parameters.values()
        arrays = {p.name for p in parameters if "ArrayLike" in str(p.annotation)}
        assert arrays <= set(CALLS.get(function, {})), function


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("call", "name"), CASES)
@pytest.mark.parametrize("kind", BAD)
def test_what_is_not_an_array_is_refused_and_named(call, name, kind):
    arguments = CALLS[call]
    call(**arguments)
    good = arguments[name]
    bad = [BAD[kind](good[0])] if name in IN_PIECES else BAD[kind](good)
    if name in ("X", "X_val") and kind == "sparse" and call.__qualname__.startswith("SoftmaxCl"):
        pytest.skip("trained on as it is")
    with pytest.raises(TypeError) as error:
        call(**arguments | {name: bad})
    message = str(error.value)
    name = IN_PIECES.get(name, name)
    assert re.match(rf"`{re.escape(name)}` must (not have masked entries, got|hold) ", message)
    assert WAY_OUT[kind].format(name) in message
