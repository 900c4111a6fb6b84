"""What the numerical tests share: constants, random input, and the settings of hypothesis."""

import tracemalloc

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.datasets import load_iris

import softmax as sm

INF, NAN = np.inf, np.nan
FLOATS = [np.float16, np.float32, np.float64, np.longdouble]
TRANSFORMS = [sm.softmax, sm.log_softmax]
SLICE_FUNCTIONS = [sm.softmax, sm.log_softmax, sm.logsumexp]
LOSSES = [sm.cross_entropy, sm.cross_entropy_grad, sm.cross_entropy_with_grad]

# The same examples in every run, and no clock, so that a test does not fail now and then.
settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")

matrices = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=20),
    elements=st.floats(-700, 700, width=64),
)


def normal(*shape, scale=3.0, seed=0):
    return scale * np.random.default_rng(seed).standard_normal(shape)


def peak_memory(function):
    """Return the bytes that were allocated at the worst moment, and the result."""
    tracemalloc.start()
    result = function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, result


def iris(dtype=np.float64):
    """Return the examples and labels of the iris data."""
    X, y = load_iris(return_X_y=True)
    return X.astype(dtype), y
