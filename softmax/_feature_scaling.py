"""Features centered and scaled for training, and parameters converted to the data's units.

Softmax regression has an intercept that is not penalized, so the logits W(x - m)/s + b of scaled
features are logits of the features as they are, with weights W/s and the intercept b - (W/s)m. The
optimum is therefore the same; gradient descent only gets there sooner.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.sparse import diags_array, issparse
from sklearn.utils import gen_batches
from sklearn.utils.sparsefuncs import min_max_axis

# A penalty of this many times the curvature of the loss keeps a weight at 0; more could overflow.
_STIFFEST_PENALTY = 1e12
# Entries more than so many spreads from the center count as outliers: 3.4 standard deviations of a
# normal distribution.
_USUAL_SPREADS = 5.0
# The square of less could underflow.
_LEAST_REACH = 1e-150
# A feature has outliers if it usually reaches less than this share of its largest distance, and
# extreme ones if it is less than the second. Neither is critical: a third or ten times as much
# changes next to nothing about how near training comes to the minimum.
_OUTLYING, _EXTREME = 0.1, 1e-3
# Rounding the parameters to float32 may change a scaled feature by this much.
_MOST_ROUNDING = 1e-4
# Entries that reach so many times as far as usual hide from double precision how the others fit.
_FAR = 1e4
# Medians of dense data are taken over about so many entries, of rows that are evenly spaced.
_ENTRIES_FOR_MEDIANS = 2**22
_ROWS_OF_A_SUM = 2048  # at a time


@dataclass
class FeatureScaling:
    """Center and scale of each feature, of all the rows seen so far.

    `scale` is the largest distance from the mean, 1 for a feature that is constant, and infinite
    where a range is beyond float64. `spread` is the typical distance from the median: the median
    over the entries that differ from it, which a few outliers hardly change, or 0 if none differs.
    `usual_reach` is how far a feature reaches from its center, outliers aside, in scaled features:
    at most 1. `center` is the mean, or, for a feature with outliers, which drag the mean away, the
    median. All arrays are float64, of shape (D,). `squared_length` is the mean squared length of
    the rows, measured from the medians in units of each feature's usual reach, with no summand
    above 1.
    """

    total_weight: float
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    median: np.ndarray
    spread: np.ndarray
    squared_length: float = 0.0

    def __post_init__(self):
        with np.errstate(over="ignore", invalid="ignore"):  # an infinite range is an error later
            distance = np.maximum(self.high - self.mean, self.mean - self.low)
            self.scale = np.where(distance > 0, distance, 1.0)
            reach = np.clip(_USUAL_SPREADS * (self.spread / self.scale), _LEAST_REACH, 1.0)
        self.usual_reach = np.where(self.spread > 0, reach, 1.0)
        self.center = np.where(self.usual_reach < _OUTLYING, self.median, self.mean)

    @classmethod
    def of(cls, X, sample_weight=None):
        """Return the scaling of a dense or sparse matrix, each row of positive weight."""
        n = X.shape[0]
        total = float(n if sample_weight is None else np.sum(sample_weight))
        weight = np.ones(n) if sample_weight is None else sample_weight
        # Weights that add up to 1 first: a sum over the rows could overflow.
        mean = _weighted_sum(X, weight / total)
        low, high = min_max_axis(X, axis=0) if issparse(X) else (X.min(axis=0), X.max(axis=0))
        low, high = low.astype(np.float64), high.astype(np.float64)
        # By rounding, the mean of a constant feature may differ from its value.
        mean = np.clip(mean, low, high)
        scaling = cls(total, mean, low, high, *_median_and_spread(X, weight))
        reach = scaling.usual_reach * scaling.scale
        scaling.squared_length = _squared_length(X, weight, scaling.median, reach)
        return scaling

    def merge(self, other):
        """Return the scaling of the rows of both."""
        total = self.total_weight + other.total_weight
        mean, median, length = (
            mine * (self.total_weight / total) + theirs * (other.total_weight / total)
            for mine, theirs in (
                (self.mean, other.mean),
                (self.median, other.median),
                (self.squared_length, other.squared_length),
            )
        )
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        # Parts in which the feature is constant say nothing of its spread.
        first, second = (part.total_weight * (part.spread > 0) for part in (self, other))
        both = np.maximum(first + second, np.finfo(np.float64).tiny)
        spread = self.spread * (first / both) + other.spread * (second / both)
        mean = np.clip(mean, low, high)
        return FeatureScaling(total, mean, low, high, median, spread, length)

    @property
    def has_outliers(self):
        """Whether some feature reaches much farther than it usually does."""
        return bool((self.usual_reach < _OUTLYING).any())

    @property
    def has_extreme_outliers(self):
        """Whether some feature reaches so far that next to nothing is left for its other rows."""
        return bool((self.usual_reach < _EXTREME).any())

    def describe_outlier(self):
        """Return a sentence on the feature that reaches farthest beyond what is usual."""
        d = int(self.usual_reach.argmin())
        return (
            f"Look at the outliers of `X`: feature {d} reaches from {self.low[d]:.3g} to "
            f"{self.high[d]:.3g}, and at least half of its entries lie within {self.spread[d]:.3g} "
            f"of {self.median[d]:.3g}."
        )

    def share_of_far_rows(self, X):
        """Return the share of the rows of `X` with an entry that reaches extremely far."""
        limit = _FAR * _USUAL_SPREADS * np.where(self.spread > 0, self.spread, np.inf)
        with np.errstate(over="ignore"):  # infinity is far enough
            if not issparse(X):
                distance = np.abs(X[:: _stride(X)] - self.median)
                return float((distance > limit).any(axis=1).mean())
            far = np.abs(X.data - self.median[X.indices]) > limit[X.indices]
        row = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
        return len(np.unique(row[far])) / X.shape[0]

    @property
    def needs_float64(self):
        """Whether offsets are so large that float32 could not hold the parameters for them."""
        ratio = np.abs(self.center) / self.scale
        return bool(ratio.max() * np.finfo(np.float32).eps > _MOST_ROUNDING)

    def check(self, dtype):
        """Raise a ValueError if scaled features, or weights in the data's units, would overflow."""
        limits = np.finfo(dtype)
        scale = self.scale
        # The margin is for the weights, which stay far below a thousand for scaled features.
        bad = (scale > limits.max / 2) | (scale < 1000 / limits.max)
        if bad.any():
            d = int(np.flatnonzero(bad)[0])
            raise ValueError(
                f"Feature {d} of `X` reaches from {self.low[d]:.3g} to {self.high[d]:.3g}, which "
                f"is beyond what a linear model can be fitted to in {np.dtype(dtype).name}. "
                "Multiply it by a constant that brings it near 1"
                + (", or pass `X` as float64." if dtype == np.float32 else ".")
            )

    def transform(self, X):
        """Return the scaled features and, for a sparse matrix, the center to subtract."""
        if issparse(X):
            inverse = diags_array((1 / self.scale).astype(X.dtype))
            return (X @ inverse).tocsr(), (self.center / self.scale).astype(X.dtype)
        scaled = X - self.center.astype(X.dtype)
        scaled /= self.scale.astype(X.dtype)
        return scaled, None

    def to_scaled_alpha(self, alpha):
        """Return the strength of the penalty, of shape (D + 1,), for scaled features."""
        with np.errstate(over="ignore"):
            scaled = np.square(np.sqrt(alpha) / np.append(self.scale, 1.0))
        return np.minimum(scaled, _STIFFEST_PENALTY)

    def to_scaled(self, parameters):
        """Return the parameters, of shape (K, D + 1), for scaled features."""
        coef, intercept = parameters[:, :-1], parameters[:, -1]
        return np.column_stack([coef * self.scale, intercept + coef @ self.center])

    def from_scaled(self, parameters):
        """Return the parameters for the features as they are."""
        coef = parameters[:, :-1] / self.scale
        return np.column_stack([coef, parameters[:, -1] - coef @ self.center])


def _weighted_sum(X, weight):
    """Return the weighted sum of the rows, added up in float64."""
    if issparse(X):
        return X.T @ weight
    blocks = gen_batches(X.shape[0], _ROWS_OF_A_SUM)
    return sum(weight[rows] @ X[rows] for rows in blocks)  # NumPy copies the rows to float64


def _median_and_spread(X, weight):
    """Return the medians, and the median distances from them of the entries that differ."""
    if issparse(X):
        return _median_and_spread_of_sparse(X, weight)
    X, weight = X[:: _stride(X)], weight[:: _stride(X), None]
    median = _weighted_median(X, weight)
    with np.errstate(over="ignore"):  # such a range is an error later
        distance = np.abs(X - median)
    spread = _weighted_median(distance, np.where(distance > 0, weight, 0))
    return median.astype(np.float64), spread.astype(np.float64)


def _stride(X):
    """Return the distance between the rows over which medians are taken."""
    return math.ceil(X.size / _ENTRIES_FOR_MEDIANS)


def _weighted_median(values, weight):
    """Return the smallest entry of each column up to which lies half of the column's weight."""
    order = values.argsort(axis=0)
    weight = np.take_along_axis(np.broadcast_to(weight, values.shape), order, axis=0).cumsum(axis=0)
    middle = (weight >= weight[-1] / 2).argmax(axis=0)
    return values[order[middle, np.arange(len(middle))], np.arange(len(middle))]


def _median_and_spread_of_sparse(X, weight):
    X = X.tocsc()
    X.eliminate_zeros()
    column = np.repeat(np.arange(X.shape[1], dtype=X.indices.dtype), np.diff(X.indptr))
    distance = np.abs(X.data)
    order = np.lexsort((distance, column))
    total = np.append(0, weight[X.indices[order]].cumsum())
    start, end = total[X.indptr[:-1]], total[X.indptr[1:]]
    # The median of most columns is 0, and what differs from it is what is stored.
    median, spread, filled = np.zeros(X.shape[1]), np.zeros(X.shape[1]), end > start
    middle = np.searchsorted(total, (start + end)[filled] / 2) - 1
    spread[filled] = distance[order[middle]]
    for d in np.flatnonzero(end - start >= weight.sum() / 2):
        (median[d],), (spread[d],) = _median_and_spread(X[:, [d]].toarray(), weight)
    return median, spread


def _squared_length(X, weight, median, reach):
    """Return the mean squared length of the rows of (X - median) / reach, no entry above 1."""
    with np.errstate(over="ignore", invalid="ignore"):  # such a range is an error later
        if issparse(X):
            of_zero = np.minimum(np.square(median / reach), 1)
            d = X.indices
            more = np.minimum(np.square((X.data - median[d]) / reach[d]), 1) - of_zero[d]
            mean = (np.repeat(weight, np.diff(X.indptr)) @ more) / weight.sum()
            return float(of_zero.sum() + mean)
        X, weight = X[:: _stride(X)], weight[:: _stride(X)]
        lengths = np.minimum(np.square((X - median) / reach), 1).sum(axis=1)
        return float(np.average(lengths, weights=weight))
