"""A standard error for subjects of few images: the spread within all subjects, pooled.

With s_i^2 = n_i * se_i^2 the variance within subject i and n_i - 1 its degrees of freedom, the
pooled variance is sum((n_i - 1) * s_i^2) / sum(n_i - 1), and a subject of n images gets the
standard error sqrt(pooled / n). It rests on the spread being alike in all subjects, which a policy
has to ask for.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from efface.gate.intervals import Estimate
from efface.gate.measurements import Measurement

K = TypeVar("K")
MINIMUM_DEGREES = 20
"""Below this the pooled spread is itself too uncertain to lend."""


def with_pooled_errors(found: Mapping[K, Measurement], minimum_images: int) -> dict[K, Measurement]:
    """Give each subject of fewer than ``minimum_images`` images the pooled standard error.

    Args:
        found: measurement of each subject.
        minimum_images: subjects of at least this many images keep their own, and lend it.

    Returns:
        The same keys in the same order; small ones get no estimate when too little is known of the
        spread.
    """
    lenders = [m for m in found.values() if m.estimate is not None and m.n >= minimum_images]
    degrees = sum(m.n - 1 for m in lenders)
    squares = sum((m.n - 1) * m.n * m.estimate.standard_error**2 for m in lenders if m.estimate)
    if degrees < MINIMUM_DEGREES or squares == 0:
        return {
            k: m if m.n >= minimum_images else replace(m, estimate=None) for k, m in found.items()
        }
    return {
        key: m if m.n >= minimum_images else _lent(m, squares / degrees, degrees)
        for key, m in found.items()
    }


def _lent(small: Measurement, variance: float, degrees: int) -> Measurement:
    error = math.sqrt(variance / small.n)
    estimate = Estimate(value=small.change, standard_error=error, degrees=degrees)
    return replace(small, estimate=estimate)
