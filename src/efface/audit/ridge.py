"""Ridge regression from few images with many features, its penalty chosen by leave-one-out.

Shapes in names: N images, K features, P targets.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from efface.metrics.gaussian import Floats

PENALTIES = 10.0 ** np.arange(-4, 4)
"""Tried, in units of the mean eigenvalue of the features' Gram matrix."""


def fit_ridge(
    features_NK: NDArray[np.floating], targets_NP: NDArray[np.floating]
) -> Callable[[NDArray[np.floating]], Floats]:
    """A function from features to predicted targets; means are fitted without penalty.

    Needs one image at least; of one it learns that image alone.
    """
    feature_mean, target_mean = features_NK.mean(axis=0), targets_NP.mean(axis=0)
    centred_NK = np.asarray(features_NK - feature_mean, np.float64)
    wanted_NP = np.asarray(targets_NP - target_mean, np.float64)
    values_N, vectors_NN = np.linalg.eigh(centred_NK @ centred_NK.T)
    values_N = values_N.clip(min=0)
    scale = float(values_N.mean()) or 1.0
    rotated_NP = vectors_NN.T @ wanted_NP

    def left_out(penalty: float) -> float:
        """Mean squared error of each image, predicted from the others (PRESS)."""
        shrunk_N = values_N / (values_N + penalty)
        fitted_NP = vectors_NN @ (shrunk_N[:, None] * rotated_NP)
        leverage_N = (vectors_NN**2) @ shrunk_N + 1 / len(wanted_NP)
        residual_NP = (wanted_NP - fitted_NP) / (1 - leverage_N).clip(min=1e-9)[:, None]
        return float((residual_NP**2).mean())

    penalty = min(PENALTIES * scale, key=left_out)
    dual_NP = vectors_NN @ (rotated_NP / (values_N + penalty)[:, None])
    weights_KP = centred_NK.T @ dual_NP
    return lambda given_MK: (given_MK - feature_mean) @ weights_KP + target_mean
