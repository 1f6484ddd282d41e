"""Distance of a made image from its own original: 1 - cosine of their features.

With an image tower of CLIP this is one minus the CLIP score of Li et al. 2024 (arXiv 2402.00351,
section 5).
"""

import numpy as np
from numpy.typing import NDArray

from efface.metrics.gaussian import Floats


def features_to_distance(real_ND: NDArray[np.floating], made_ND: NDArray[np.floating]) -> Floats:
    """1 - cos for each pair of rows, ``(N,)`` in [0, 2]; NaN where a row is zero or not finite.

    Computed as half the squared distance of the unit vectors: exactly 0 for equal rows, no
    cancellation near 0.
    """
    difference = _unit(real_ND) - _unit(made_ND)
    halves: Floats = (difference**2).sum(axis=1) / 2
    return halves


def _unit(features_ND: NDArray[np.floating]) -> Floats:
    features = np.asarray(features_ND, dtype=np.float64)
    length = np.linalg.norm(features, axis=1, keepdims=True)
    unit: Floats = features / np.where(length > 0, length, np.nan)
    return unit
