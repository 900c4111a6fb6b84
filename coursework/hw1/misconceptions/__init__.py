"""What a student reads where a mistake was detected, and the page of the book that helps."""

from __future__ import annotations

from coursework.grader.model import Misconception
from coursework.hw1.misconceptions import detectors, differences
from coursework.hw1.reference import central_differences

# By name: a title, a few sentences, and the place in the book.
TEXTS = {
    "no-shift": (
        "The exponential overflows",
        "The formula is right on paper, but in float64 the exponential of a logit such as 2000 is "
        "infinite, and infinity divided by infinity is nan. Subtract the largest logit of each "
        "row first: a common shift changes no probability.",
        "stability.html#subtract-the-maximum",
    ),
    "global-maximum": (
        "One maximum for the whole array",
        "You subtract the largest number of the whole array, so a row that lies far below it "
        "vanishes: all its exponentials are 0. Each row needs its own maximum: "
        "z.max(axis=axis, keepdims=True).",
        "stability.html#alg-shifted-softmax",
    ),
    "axis-0": (
        "Down the columns",
        "Your function normalizes along axis 0, where the last axis was asked for. One row is "
        "one input, so each row has to sum to 1, and no input may depend on the others.",
        "definition.html#a-common-mistake",
    ),
    "axis-ignored": (
        "The argument axis is not used",
        "Your function works along the same axis whatever the caller asks for. Hand axis on to "
        "both the maximum and the sum.",
        "definition.html#a-batch-of-rows",
    ),
    "whole-array": (
        "The sum goes over the whole array",
        "Without an axis, sum adds up the whole batch: the probabilities of one input then "
        "depend on the other inputs. Sum along axis, with keepdims=True.",
        "definition.html#a-common-mistake",
    ),
    "keepdims": (
        "The sums have lost an axis",
        "A sum along an axis removes that axis, so the result does not fit the array it has to "
        "divide. With keepdims=True the axis stays, with the length 1, and each row is divided "
        "by its own sum.",
        "definition.html#a-batch-of-rows",
    ),
    "no-exponential": (
        "Divided by the sum, without the exponential",
        "Logits may be negative, and their sum may be zero. The exponential makes each of them "
        "positive before the division.",
        "definition.html#what-a-distribution-must-be",
    ),
    "sigmoids": (
        "A sigmoid for each logit",
        "Your function treats each logit alone, so the results do not sum to 1. In a softmax "
        "the classes compete: each entry is divided by the sum over all of them.",
        "classification.html#why-not-three-sigmoids",
    ),
    "softmax-twice": (
        "Softmax applied twice",
        "Your results are those of a softmax of probabilities. Probabilities are legal logits, "
        "so nothing fails, but they are never more than 1 apart. Apply softmax once, to the "
        "logits.",
        "cross-entropy.html#a-common-mistake",
    ),
    "short-integers": (
        "Short integers wrap around",
        "A difference of two int8 numbers is int8 again, and 120 - (-100) does not fit into it. "
        "Convert integers to floating point before the subtraction.",
        "stability.html#leave-your-callers-array-alone",
    ),
    "integer-result": (
        "Written into integers",
        "For integer input you write your numbers into an array of integers, and it keeps only "
        "what stands before the decimal point. Convert with astype(float) first. Note that "
        "np.zeros_like(z) and z.copy() have the dtype of z.",
        "stability.html#leave-your-callers-array-alone",
    ),
    "single-lost": (
        "Single precision is lost",
        "For float32 logits your function returns float64, which takes twice the memory. Convert "
        "integers only: np.issubdtype(z.dtype, np.integer) tells them from floats.",
        "stability.html#leave-your-callers-array-alone",
    ),
    "in-place": (
        "The caller's array is changed",
        "An operator such as -= writes into the array itself, and the array belongs to the "
        "caller. Write z = z - ..., which makes a new one, or work on a copy. To take a step back "
        "afterwards is not enough: rounding leaves a trace.",
        "stability.html#leave-your-callers-array-alone",
    ),
    "wrong-base": (
        "Another base",
        "Your numbers are right for another base of the powers and logarithms. The homework "
        "says at its beginning which base it uses.",
        "definition.html#ex-definition-base",
    ),
    "log-of-zero": (
        "The logarithm of a probability that was rounded to zero",
        "Far below the largest logit, a probability is too small for float64 and becomes 0, and "
        "its logarithm is minus infinity. Take the logarithm on paper: the logit minus "
        "log-sum-exp. Then the probability is never formed.",
        "stability.html#logarithms-need-more",
    ),
    "floor": (
        "A small constant inside the logarithm",
        "A constant such as 1e-8 removes the infinity, but now no loss can be larger than its "
        "logarithm, and the model that is most wrong gets away with it. Compute the logarithm "
        "from the logits.",
        "stability.html#a-common-mistake",
    ),
    "maximum-not-added": (
        "The maximum is taken off, but not put back",
        "Softmax does not change with a shift, but log-sum-exp shifts along. Subtract the "
        "maximum in both terms, or add it back to the logarithm.",
        "stability.html#thm-lse-shift",
    ),
    "swallowed": (
        "A large maximum swallows the logarithm",
        "Beside 10**17, the logarithm of a sum is lost in rounding. Subtract the maximum from "
        "the logits first, and the logarithm from the difference.",
        "stability.html#logarithms-need-more",
    ),
    "no-logarithm": (
        "Probabilities instead of their logarithms",
        "Your results are made of the probabilities themselves. The loss is made of their "
        "logarithms, which are negative and have no lower bound.",
        "cross-entropy.html#from-likelihood-to-loss",
    ),
    "sign": (
        "The sign is wrong",
        "All your numbers have the opposite sign. A logarithm of a probability is negative, a "
        "loss is positive, and the gradient of the loss is prediction minus target.",
        "cross-entropy.html#the-gradient-is-p-y",
    ),
    "sum-not-mean": (
        "The sum, not the mean",
        "Your loss is N times too large: it adds up the losses of the rows. Divide by the "
        "number of rows, so that the loss does not grow with the data.",
        "cross-entropy.html#equation-eq-nll",
    ),
    "mean-over-classes": (
        "Divided by the number of classes, too",
        "Your loss is K times too small. The mean over a matrix of N rows and K columns divides "
        "by N times K, but only N of its entries count. Sum over the classes, then take the "
        "mean over the rows.",
        "cross-entropy.html#the-definition-and-why-its-two-forms-are-one",
    ),
    "labels-unused": (
        "The labels do not count",
        "Your result is the same whatever the labels say, or looks at one class only. The loss "
        "of a row is that of its true class, and the gradient subtracts 1 there.",
        "cross-entropy.html#the-definition-and-why-its-two-forms-are-one",
    ),
    "whole-columns": (
        "Whole columns instead of one entry per row",
        "table[:, labels] takes whole columns, from all rows. One entry per row is "
        "table[np.arange(N), labels].",
        "cross-entropy.html#from-likelihood-to-loss",
    ),
    "missing-1/N": (
        "The 1/N is missing",
        "Your gradient is that of the sum of the losses, N times too large. The loss is a mean, "
        "so its gradient is (p - y) / N.",
        "cross-entropy.html#the-packages-version",
    ),
    "divided-by-classes": (
        "Divided by the number of classes",
        "Your gradient is divided by the number of columns. The loss is a mean over the rows "
        "and a sum over the classes, so only the number of rows divides.",
        "cross-entropy.html#the-packages-version",
    ),
    "sigmoid-factor": (
        "One factor p (1 - p) too many",
        "The slope of the softmax is in p - y already: the logarithm and the softmax cancel. "
        "With a further factor p (1 - p) the gradient vanishes where the model is most wrong.",
        "cross-entropy.html#thm-loss-gradient",
    ),
    "extra-logarithm": (
        "A factor log 2 too many",
        "The power of 2 brings a factor of log 2 to the slope, and the logarithm with base 2 "
        "divides by it. They cancel, and p - y is left.",
        "cross-entropy.html#thm-loss-gradient",
    ),
    "forward-difference": (
        "A step to one side only",
        "Your slopes are off by about h, since the step goes to one side. Take the difference "
        "between a step up and a step down, divided by 2h: the terms with the second derivative "
        "cancel.",
        "derivation.html#checked-by-finite-differences",
    ),
    "not-halved": (
        "Divided by h instead of 2h",
        "Your slopes are twice too large: between a step up and a step down lies the distance 2h.",
        "derivation.html#equation-eq-differences",
    ),
    "all-at-once": (
        "All entries moved at once",
        "z + h moves every entry, and the result is one number, the sum of all slopes. Move one "
        "entry at a time.",
        "derivation.html#checked-by-finite-differences",
    ),
    "not-moved-back": (
        "The entries are not moved back",
        "After its turn, each entry stays a step away from where it was, so the later slopes "
        "belong to another place. Start each turn from the z that was given.",
        "derivation.html#checked-by-finite-differences",
    ),
    "own-step": (
        "The step of the caller is not used",
        "Your function uses a fixed step. Use h wherever the step appears.",
        "derivation.html#which-step-is-best",
    ),
    "other-library": (
        "A library that is not there",
        "Your function needs something from another library, and none but NumPy is there when "
        "your work is marked. Write it with NumPy only: see How to work in the homework.",
        "definition.html#the-formula",
    ),
}


def of_softmax(base):
    """Return the misconceptions of the first question in a variant."""
    return _named(detectors.of_softmax(base))


def of_log_softmax(base):
    """Return the misconceptions of the second question in a variant."""
    return _named(detectors.of_log_softmax(base))


def of_cross_entropy(base):
    """Return the misconceptions of the third question in a variant."""
    return _named(detectors.of_cross_entropy(base))


def of_numerical_gradient():
    """Return the misconceptions of the fourth question."""
    return _named(differences.of_numerical_gradient(central_differences))


def of_cross_entropy_grad(base):
    """Return the misconceptions of the fifth question in a variant."""
    return _named(detectors.of_cross_entropy_grad(base))


def _named(by_name):
    return tuple(Misconception(name, *TEXTS[name], seen) for name, seen in by_name.items())
