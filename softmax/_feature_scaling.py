"""Features centered and scaled for training, and parameters converted to the data's units.

Softmax regression has an intercept that is not penalized, so the logits W(x - m)/s + b of scaled
features are logits of the features as they are, with weights W/s and the intercept b - (W/s)m. The
optimum is therefore the same; gradient descent only gets there sooner.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import diags_array, issparse
from sklearn.utils.sparsefuncs import min_max_axis

# A penalty of this many times the curvature of the loss keeps a weight at 0; more could overflow.
_STIFFEST_PENALTY = 1e12


@dataclass
class FeatureScaling:
    """Center and scale of each feature, of all the rows seen so far.

    The scale is the largest distance from the mean, 1 for a feature that is constant: a scaled
    feature lies in [-1, 1], so no single row can dominate a step. All arrays are float64, of shape
    (D,).
    """

    total_weight: float
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of(cls, X, sample_weight=None):
        """Return the scaling of a dense or sparse matrix, each row of positive weight."""
        n = X.shape[0]
        total = float(n if sample_weight is None else np.sum(sample_weight))
        # Weights that add up to 1 first: a sum over the rows could overflow.
        share = np.full(n, 1 / n, X.dtype) if sample_weight is None else sample_weight / total
        mean = np.asarray(X.T @ share.astype(X.dtype))
        low, high = min_max_axis(X, axis=0) if issparse(X) else (X.min(axis=0), X.max(axis=0))
        low, high = low.astype(np.float64), high.astype(np.float64)
        # By rounding, the mean of a constant feature may differ from its value.
        return cls(total, np.clip(mean.astype(np.float64), low, high), low, high)

    def merge(self, other):
        """Return the scaling of the rows of both."""
        total = self.total_weight + other.total_weight
        mean = self.mean * (self.total_weight / total) + other.mean * (other.total_weight / total)
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        return FeatureScaling(total, np.clip(mean, low, high), low, high)

    @property
    def scale(self):
        """The divisors; infinite where a range is beyond float64."""
        with np.errstate(over="ignore"):
            distance = np.maximum(self.high - self.mean, self.mean - self.low)
        return np.where(distance > 0, distance, 1.0)

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
        """Return the scaled features and, for a sparse matrix, the mean to subtract from them."""
        if issparse(X):
            inverse = diags_array((1 / self.scale).astype(X.dtype))
            return (X @ inverse).tocsr(), (self.mean / self.scale).astype(X.dtype)
        scaled = X - self.mean.astype(X.dtype)
        scaled /= self.scale.astype(X.dtype)
        return scaled, None

    def to_scaled_alpha(self, alpha):
        """Return the strength of the penalty for the weights of each scaled feature."""
        with np.errstate(over="ignore"):
            scaled = np.square(np.sqrt(alpha) / self.scale)
        return np.minimum(scaled, _STIFFEST_PENALTY)

    def to_scaled(self, coef, intercept):
        """Return the parameters for scaled features."""
        return coef * self.scale, intercept + coef @ self.mean

    def from_scaled(self, coef, intercept):
        """Return the parameters for the features as they are."""
        coef = coef / self.scale
        return coef, intercept - coef @ self.mean
