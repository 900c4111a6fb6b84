"""Softmax from first principles: the functions that the book builds and uses.

``import softmax as sm`` brings in NumPy and nothing heavier. The names that need more
(scikit-learn, matplotlib) are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from softmax.functional import (
    log_softmax,
    logsumexp,
    one_hot,
    online_logsumexp,
    sigmoid,
    softmax,
    softmax_jacobian,
    softmax_vjp,
)
from softmax.losses import (
    cross_entropy,
    cross_entropy_grad,
    cross_entropy_with_grad,
    entropy,
    kl_divergence,
)

if TYPE_CHECKING:  # the lazy names, for editors and type checkers
    from softmax import classifier, datasets, digits, live, plotting
    from softmax.classifier import SoftmaxClassifier
    from softmax.datasets import load_fashion_mnist, load_mnist, load_word_frequencies

__version__ = "0.2.0"

# Public name -> the submodule that holds it, imported at first use. A name that is a submodule
# itself maps to itself.
_LAZY = {
    "SoftmaxClassifier": "classifier",
    "classifier": "classifier",
    "datasets": "datasets",
    "digits": "digits",
    "load_fashion_mnist": "datasets",
    "live": "live",
    "load_mnist": "datasets",
    "load_word_frequencies": "datasets",
    "plotting": "plotting",
}

__all__ = [  # noqa: RUF022, in the order in which the book meets them
    "softmax",
    "log_softmax",
    "logsumexp",
    "online_logsumexp",
    "sigmoid",
    "one_hot",
    "softmax_jacobian",
    "softmax_vjp",
    "cross_entropy",
    "cross_entropy_grad",
    "cross_entropy_with_grad",
    "entropy",
    "kl_divergence",
    "SoftmaxClassifier",
    "load_mnist",
    "load_fashion_mnist",
    "load_word_frequencies",
    "classifier",
    "datasets",
    "digits",
    "live",
    "plotting",
]


def __getattr__(name):
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_LAZY[name]}")
    value = module if name == _LAZY[name] else getattr(module, name)
    globals()[name] = value  # found directly from now on
    return value


def __dir__():
    return sorted({*globals(), *_LAZY})
