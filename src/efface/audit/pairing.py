"""Which images stand beside which: comparisons between two sets begin equally far from the goal."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from efface.metrics.gaussian import Floats


def pair_up(wanted_N: Floats, offered_M: Floats) -> NDArray[np.int64]:
    """For each wanted value another one of those offered, the differences being least in all.

    Args:
        wanted_N: such as distances of forgotten images, after.
        offered_M: such as those of images never seen, ``M >= N``.

    Returns:
        Numbers of the offered ones, none twice. With values that are not finite: the first N.
    """
    difference_NM = np.abs(wanted_N[:, None] - offered_M[None, :])
    if not np.isfinite(difference_NM).all():
        return np.arange(len(wanted_N))
    return np.asarray(linear_sum_assignment(difference_NM)[1], np.int64)
