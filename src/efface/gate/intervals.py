"""One-sided Student bounds and Holm's correction, from estimates with their standard errors.

Holm, S. (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of
Statistics 6.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtr, stdtrit


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number and how sure we are of it; a standard error of 0 means that nothing varied."""

    value: float
    standard_error: float
    """Not negative."""
    degrees: float
    """Degrees of freedom, 1 or more."""


def lower_bound(estimate: Estimate, confidence: float) -> float:
    """Lower end of the one-sided interval, in the unit of the estimate."""
    return estimate.value - quantile(confidence, estimate.degrees) * estimate.standard_error


def upper_bound(estimate: Estimate, confidence: float) -> float:
    """Upper end of the one-sided interval, in the unit of the estimate."""
    return estimate.value + quantile(confidence, estimate.degrees) * estimate.standard_error


def p_value_above(estimate: Estimate, threshold: float) -> float:
    """Probability of an estimate this high or higher if the truth were ``threshold``."""
    distance = estimate.value - threshold
    if estimate.standard_error == 0:
        return 0.0 if distance > 0 else 1.0
    return float(stdtr(estimate.degrees, -distance / estimate.standard_error))


def quantile(confidence: float, degrees: float) -> float:
    """Quantile of Student's distribution."""
    return float(stdtrit(degrees, confidence))


def holm(p_values: Sequence[float], level: float) -> list[bool]:
    """Which hypotheses Holm's step-down procedure rejects, in the order given.

    The smallest p is held against ``level / m``, the next against ``level / (m - 1)``, and so on;
    the first that fails takes all larger ones with it. The chance of rejecting any true hypothesis
    is at most ``level``.
    """
    rejected = [False] * len(p_values)
    order = sorted(range(len(p_values)), key=lambda i: (math.isnan(p_values[i]), p_values[i]))
    for step, index in enumerate(order):
        if not p_values[index] <= level / (len(order) - step):
            break
        rejected[index] = True
    return rejected
