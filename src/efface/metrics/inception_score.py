"""Inception score from sums that add up over shards (Salimans et al. 2016, section 4).

    IS = exp( mean_i KL(p_i || q) ) = exp( mean_i sum_k p_ik log p_ik - sum_k q_k log q_k )

with q the mean of the p_i.

All images are used at once: one split, not ten. Source: arXiv 1606.03498.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from efface.metrics.gaussian import Floats


@dataclass(frozen=True, kw_only=True)
class ProbabilitySums:
    """Mergeable: the sums of a union are the sums of the sums."""

    n: int
    """Number of images."""
    total: Floats
    """Sum of the class probabilities, ``(K,)``."""
    negative_entropy: float
    """Sum over images of sum_k p_k log p_k, in nats."""

    def __add__(self, other: "ProbabilitySums") -> "ProbabilitySums":
        """Sums of both together."""
        return ProbabilitySums(
            n=self.n + other.n,
            total=self.total + other.total,
            negative_entropy=self.negative_entropy + other.negative_entropy,
        )

    def __sub__(self, other: "ProbabilitySums") -> "ProbabilitySums":
        """Sums of what stays when ``other``, a part of this, is taken out."""
        return ProbabilitySums(
            n=self.n - other.n,
            total=self.total - other.total,
            negative_entropy=self.negative_entropy - other.negative_entropy,
        )


def probabilities_to_sums(probabilities_NK: NDArray[np.floating]) -> ProbabilitySums:
    """Sum class probabilities and their negative entropies in float64."""
    p = np.asarray(probabilities_NK, dtype=np.float64)
    return ProbabilitySums(n=len(p), total=p.sum(axis=0), negative_entropy=float(_plogp(p).sum()))


def merge_sums(parts: Iterable[ProbabilitySums]) -> ProbabilitySums:
    """Sums of all parts together; there must be at least one part."""
    first, *rest = parts
    for part in rest:
        first = first + part
    return first


def sums_to_inception_score(sums: ProbabilitySums) -> float:
    """Inception score, 1 to K; NaN without images."""
    if sums.n < 1:
        return float("nan")
    q = (sums.total / sums.n).clip(min=0)
    return float(np.exp(sums.negative_entropy / sums.n - _plogp(q).sum()))


def _plogp(p: Floats) -> Floats:
    """Elementwise p log p, and 0 where p is 0; NaN stays NaN."""
    positive = np.where(p == 0, 1.0, p)
    logs: Floats = p * np.log(positive)
    return logs
