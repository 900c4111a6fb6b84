"""The question on the training loop: what is drawn, what is asked, what goes wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from coursework.grader.marking.compare import difference, property_check, unchanged
from coursework.grader.marking.recognize import changes_input, explains
from coursework.grader.model import Call, Misconception, Question
from coursework.hw2.missing_library import other_library
from coursework.hw2.reference import (
    WRONG_LOOPS,
    draw_labels,
    make_trainer,
    write_given,
    wrong_updates,
)

NAME = "train"
RTOL, ATOL = 1e-7, 1e-10


def draw_training(rng, N, batch_size, *, alpha=0.1, num_epochs=3, num_classes=3):
    """Return the call of a short training on small data."""
    X, t = rng.normal(size=(N, 4)), draw_labels(rng, N, num_classes)
    seed = int(rng.integers(1_000_000))
    return Call(NAME, (X, t, num_classes, 0.4, num_epochs, batch_size, alpha, seed))


def draw_full_batch(rng):
    """Draw trainings in which each epoch is a single step, so that no order matters."""
    return [draw_training(rng, 12, 12), draw_training(rng, 9, 9, alpha=0.3, num_epochs=6)]


def draw_mini_batches(rng):
    """Draw trainings with batches of one size, one of them twice with another seed."""
    call = draw_training(rng, 12, 4)
    *args, seed = call.args
    return [call, Call(NAME, (*args, seed + 1)), draw_training(rng, 15, 5, num_epochs=4)]


def draw_last_batch(rng):
    """Draw trainings whose last batch is smaller than the others."""
    return [draw_training(rng, 11, 4), draw_training(rng, 7, 2, num_epochs=4)]


def draw_types(rng):
    """Draw float32 images with uint8 labels, a class without examples, and one large batch."""
    X, t, num_classes, *rest = draw_training(rng, 10, 4, num_classes=4).args
    typed = Call(NAME, (X.astype(np.float32), t.astype(np.uint8), num_classes + 2, *rest))
    return [typed, draw_training(rng, 6, 100)]


def _parts(value):
    """Return W, b and the losses as they came; the losses as an array, where they are a list."""
    if not isinstance(value, (tuple, list)) or len(value) != 3:
        return None
    W, b, losses = value
    if not isinstance(losses, (tuple, list)):
        return W, b, losses
    try:
        return W, b, np.asarray(losses)
    except ValueError:  # lists of unequal lengths
        return W, b, losses


def _holds(rules, first, last, names):
    """Return what `property_check` asks for: the parts from `first` on are the right ones."""
    right = make_trainer(rules)

    def holds(call, value):
        parts = _parts(value)
        if parts is None:
            return "three values were expected: W, b and the losses"
        due = right(*call.args)
        for name, came, expected in zip(names, parts[first:last], due[first:last], strict=True):
            found = difference(came, expected, rtol=RTOL, atol=ATOL)
            if found:
                return f"{name}: {found}"
        return None

    return holds


def _explained(rules, trainers, last=3):
    """Return the detector of a loop that does as one of `trainers`, up to part `last`."""
    right = make_trainer(rules)
    found = [
        explains(NAME, lambda *args, run=run: run(*args)[:last], lambda *args: right(*args)[:last])
        for run in trainers
    ]

    def seen(calls, outcomes):
        parts = [
            replace(outcome, value=(_parts(outcome.value) or ())[:last]) for outcome in outcomes
        ]
        return any(detector(calls, parts) for detector in found)

    return seen


# Name, title, text and link; the detectors are those of WRONG_LOOPS and wrong_updates.
LOOPS = (
    (
        "uphill",
        "The steps go uphill",
        "The gradient points to where the loss grows. Subtract it; your loop adds it, and the "
        "loss rises.",
        "softmax-regression.html#alg-sgd",
    ),
    (
        "last-batch-dropped",
        "The last batch is dropped",
        "Where the batch size does not divide the number of examples, the last batch is smaller. "
        "It counts as well; your loop leaves it out.",
        "softmax-regression.html#alg-sgd",
    ),
    (
        "no-shuffling",
        "The examples are never shuffled",
        "Your loop takes the examples in the order in which they came. Sorted data would then "
        "give batches of a single class.",
        "mnist.html#ex-mnist-shuffle",
    ),
    (
        "one-order",
        "One order for all epochs",
        "Every epoch goes through the same permutation. Draw a new one in each, from one generator "
        "that is made before the loop.",
        "softmax-regression.html#alg-sgd",
    ),
    (
        "other-generator",
        "Another generator of random numbers",
        "Your order is that of np.random.seed or RandomState. Asked is that of "
        "np.random.default_rng(seed).",
        "softmax-regression.html#the-training-loop",
    ),
    (
        "labels-left-behind",
        "The labels are not shuffled with the images",
        "A batch takes its rows of X by the permutation, but its labels from the places where they "
        "stood. So most examples get the label of another. Index both with the same numbers.",
        "mnist.html#ex-mnist-shuffle",
    ),
    (
        "composed-orders",
        "Shuffling what was shuffled",
        "Each epoch shuffles the arrays that the epoch before has left behind. Asked is the "
        "permutation of the examples as they came in: keep X and t, and index them.",
        "softmax-regression.html#alg-sgd",
    ),
    (
        "one-epoch",
        "One epoch only",
        "Your loop passes over the data once, whatever num_epochs says. Look at the indentation "
        "of the return.",
        "softmax-regression.html#alg-sgd",
    ),
    (
        "bias-not-moved",
        "The biases never move",
        "b is still zero after the training. It needs its own step with its own gradient.",
        "softmax-regression.html#alg-sgd",
    ),
    (
        "divided-by-batch-size",
        "The last batch is divided by the wrong number",
        "The mean over a batch is over the examples that are in it. The last batch may be smaller "
        "than batch_size.",
        "softmax-regression.html#alg-sgd",
    ),
    (
        "other-update",
        "Another kind of step",
        "Your steps are right for the other of the two usual updates, with or without momentum. "
        "Read which one this assignment asks for.",
        "mnist.html#equation-eq-momentum",
    ),
    (
        "velocity-forgotten",
        "Each epoch forgets the velocity",
        "The velocities start at zero once, before the first epoch. Your loop sets them to zero "
        "at the start of each.",
        "mnist.html#equation-eq-momentum",
    ),
    (
        "velocity-damped",
        "The gradient enters the velocity too weakly",
        "Some texts multiply the gradient by 1 − 0.9. The book does not, and with the same "
        "learning rate its steps are ten times as long.",
        "mnist.html#equation-eq-momentum",
    ),
)
LOSSES = (
    (
        "losses-of-batches",
        "Losses of the batches on the way",
        "The mean of the batches' losses belongs to weights that changed meanwhile. Asked is the "
        "loss of all examples with the weights at the end of the epoch.",
        "softmax-regression.html#the-training-loop",
    ),
    (
        "losses-without-penalty",
        "Losses without their penalty",
        "What the training makes small is the mean cross-entropy and the penalty together. The "
        "losses that you return lack the penalty.",
        "softmax-regression.html#equation-eq-regression-loss",
    ),
)


def _detect_loops(rules):
    mistakes = WRONG_LOOPS | wrong_updates(rules)

    def detector(name, last):
        trainers = [make_trainer(rules, **mistake) for mistake in mistakes[name]]
        return _explained(rules, trainers, last)

    loops = [
        Misconception(*words, detector(words[0], 2)) for words in LOOPS if words[0] in mistakes
    ]
    losses = [Misconception(*words, detector(words[0], 3)) for words in LOSSES]
    return *loops, *losses


def make_question(rules):
    """Return the question `train` in a variant."""
    weights = _holds(rules, 0, 2, "Wb")
    everything = _holds(rules, 0, 3, ("W", "b", "the losses"))
    checks = (
        property_check("steps with all examples at once", 6, draw_full_batch, weights),
        property_check("mini-batches in the order of the seed", 7, draw_mini_batches, weights),
        property_check("a last batch that is smaller", 5, draw_last_batch, weights),
        property_check(
            "the loss of all examples after each epoch",
            4,
            draw_last_batch,
            _holds(rules, 2, 3, ("the losses",)),
        ),
        property_check(
            "float32, uint8, a class without examples, a batch size above N",
            2,
            draw_types,
            everything,
        ),
        unchanged("the arguments stay as they were", 1, draw_mini_batches),
    )
    changes = Misconception(
        "changes-input",
        "The function changes its arguments",
        "After the call, X or t was different, as by rng.shuffle(X). Whoever called you still "
        "needs them: index with the permutation.",
        "stability.html#leave-your-callers-array-alone",
        changes_input(NAME),
    )
    return Question(
        NAME,
        "The training loop",
        "Write mini-batch gradient descent that can be repeated exactly, and that says how the "
        "loss falls.",
        ("softmax-regression", "mnist"),
        checks,
        (*_detect_loops(rules), changes, other_library(NAME)),
        given=write_given(rules),
    )
