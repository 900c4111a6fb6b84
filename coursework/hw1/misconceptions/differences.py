"""How mistakes in a gradient by differences are detected; see `detectors` for the method."""

from __future__ import annotations

import numpy as np

from coursework.grader.marking.recognize import changes_input
from coursework.hw1.misconceptions.detectors import (
    any_of,
    cuts_to_integers,
    has_integers,
    needs_library,
    shows,
)
from coursework.hw1.reference import build

CLOSE = {"rtol": 1e-8, "atol": 1e-6}  # finer than a step of 1e-5, coarser than its rounding
STEP = 1e-5  # the default of the homework, which some use instead of the caller's


def of_numerical_gradient(right):
    """Return the detectors of the fourth question; `right` is the central difference."""

    def slopes(quotient, convert=lambda z: z.astype(float), step=None):
        def model(function, z, h=STEP):
            f = build(function)
            gradient = np.zeros(z.shape)
            for index in np.ndindex(z.shape):
                up, down = (_moved(convert(z), index, sign * (step or h)) for sign in (1, -1))
                gradient[index] = quotient(f, z, up, down, h)
            return gradient

        return model

    def lost(quotient):
        # z stays an integer array, so that a sum with h is cut to an integer again.
        return slopes(quotient, convert=np.copy)

    def all_at_once(function, z, h=STEP):
        f = build(function)
        return (f(z + h) - f(z - h)) / (2 * h)

    def drifting(function, z, h=STEP):
        f, z = build(function), z.astype(float)
        gradient = np.zeros(z.shape)
        for index in np.ndindex(z.shape):
            up = _moved(z, index, h)
            z = _moved(up, index, -2 * h)
            gradient[index] = (f(up) - f(z)) / (2 * h)
        return gradient

    def central(f, z, up, down, h):
        return (f(up) - f(down)) / (2 * h)

    def forward(f, z, up, down, h):
        return (f(up) - f(z)) / h

    def backward(f, z, up, down, h):
        return (f(z) - f(down)) / h

    def shows_slopes(*models, **among):
        return shows(right, *models, close=CLOSE, **among)

    return {
        # In integers the step may be lost as well, which is another mistake.
        "forward-difference": shows_slopes(
            slopes(forward), slopes(backward), among=lambda call: not has_integers(call)
        ),
        "not-halved": shows_slopes(slopes(lambda f, z, up, down, h: (f(up) - f(down)) / h)),
        "sign": shows_slopes(slopes(lambda f, z, up, down, h: (f(down) - f(up)) / (2 * h))),
        "all-at-once": shows_slopes(all_at_once),
        "not-moved-back": shows_slopes(drifting),
        "own-step": shows_slopes(
            lambda function, z, h=STEP: right(function, z),
            lambda function, z, h=STEP: right(function, z, h) * h / STEP,
            slopes(central, step=STEP),
        ),
        "integer-result": any_of(
            shows_slopes(lost(central), lost(forward), lost(backward)), cuts_to_integers
        ),
        "in-place": changes_input("numerical_gradient"),
        "other-library": needs_library("numerical_gradient"),
    }


def _moved(z, index, step):
    """Return a copy of `z`, of its dtype, with one entry moved."""
    z = z.copy()
    z[index] += step
    return z
