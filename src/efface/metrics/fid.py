"""Frechet distance between two Gaussians of features (Heusel et al. 2017, equation 6).

    FID = |m1 - m2|^2 + tr(S1) + tr(S2) - 2 tr((S1^1/2 S2 S1^1/2)^1/2)

The last trace is the sum of the square roots of the eigenvalues of a symmetric matrix, so it is
real and no jitter on the diagonal is needed. FID is biased upwards by about 1/n: compare only
values of the same n. Source: arXiv 1706.08500.
"""

import numpy as np

from efface.metrics.gaussian import Gaussian, Moments, moments_to_gaussian


def gaussians_to_fid(first: Gaussian, second: Gaussian) -> float:
    """Frechet distance, 0 or above; NaN where a Gaussian is not finite."""
    if not (np.isfinite(first.covariance).all() and np.isfinite(second.covariance).all()):
        return float("nan")
    difference = first.mean - second.mean
    values = np.linalg.eigvalsh(first.root @ second.covariance @ first.root)
    overlap = np.sqrt(values.clip(min=0)).sum()
    traces = np.trace(first.covariance) + np.trace(second.covariance)
    return max(float(difference @ difference + traces - 2 * overlap), 0.0)


def moments_to_fid(first: Moments, second: Moments) -> float:
    """Frechet distance between two clouds of features; NaN below two samples."""
    return gaussians_to_fid(moments_to_gaussian(first), moments_to_gaussian(second))
