"""Moments of a cloud of features: the part of FID that can be summed over shards.

Shapes in names: N samples, D feature dimension.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Mergeable: the moments of a union are the sums of the moments."""

    n: int
    """Number of samples."""
    total: Floats
    """Sum of the features, ``(D,)``."""
    outer: Floats
    """Sum of the outer products, ``(D, D)``."""

    def __add__(self, other: "Moments") -> "Moments":
        """Moments of both together."""
        return Moments(
            n=self.n + other.n, total=self.total + other.total, outer=self.outer + other.outer
        )

    def __sub__(self, other: "Moments") -> "Moments":
        """Moments of what stays when ``other``, a part of this, is taken out."""
        return Moments(
            n=self.n - other.n, total=self.total - other.total, outer=self.outer - other.outer
        )


@dataclass(frozen=True)
class Gaussian:
    """Mean and covariance of features."""

    mean: Floats
    """``(D,)``."""
    covariance: Floats
    """``(D, D)``, with N - 1 in the denominator."""

    @cached_property
    def root(self) -> Floats:
        """Symmetric square root of the covariance, ``(D, D)``."""
        values, vectors = np.linalg.eigh(self.covariance)
        scaled: Floats = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
        return scaled


def features_to_moments(features_ND: NDArray[np.floating]) -> Moments:
    """Sum features and their outer products in float64."""
    features = np.asarray(features_ND, dtype=np.float64)
    return Moments(n=len(features), total=features.sum(axis=0), outer=features.T @ features)


def merge_moments(parts: Iterable[Moments]) -> Moments:
    """Moments of all parts together; there must be at least one part."""
    first, *rest = parts
    for part in rest:
        first = first + part
    return first


def moments_to_gaussian(moments: Moments) -> Gaussian:
    """Mean and covariance; NaN covariance below two samples."""
    n = moments.n
    if n < 2:
        nothing = np.full(len(moments.total), np.nan)
        return Gaussian(nothing, np.full_like(moments.outer, np.nan))
    mean = moments.total / n
    covariance = (moments.outer - n * np.outer(mean, mean)) / (n - 1)
    return Gaussian(mean, (covariance + covariance.T) / 2)
