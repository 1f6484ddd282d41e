"""Kernel distance: unbiased squared MMD of features (Binkowski et al. 2018, equation 4).

Kernel (x.y / D + 1)^3. All samples are used at once, not random subsets, so the value has no seed.
Sums of the kernel between groups of samples are kept, which gives the value with any one group left
out at no further cost. Source: arXiv 1801.01401.

Shapes in names: N samples, D feature dimension, G groups.
"""

import numpy as np
from numpy.typing import NDArray

from efface.metrics.gaussian import Floats

BLOCK = 1024
"""Rows of the kernel matrix that are in memory at a time."""


def kernel_sums(
    first_ND: NDArray[np.floating],
    second_ND: NDArray[np.floating],
    first_group_N: NDArray[np.integer],
    second_group_N: NDArray[np.integer],
    groups: int,
) -> Floats:
    """Sum of the kernel over each pair of groups, ``(G, G)``."""
    first, second = np.asarray(first_ND, np.float64), np.asarray(second_ND, np.float64)
    rows, columns = np.eye(groups)[first_group_N], np.eye(groups)[second_group_N]
    sums = np.zeros((groups, groups))
    for start in range(0, len(first), BLOCK):
        part = slice(start, start + BLOCK)
        base = first[part] @ second.T / first.shape[1] + 1
        sums += rows[part].T @ (base * base * base @ columns)  # a power is ten times slower
    return sums


def diagonal_sums(
    features_ND: NDArray[np.floating], group_N: NDArray[np.integer], groups: int
) -> Floats:
    """Sum over each group of the kernel of a sample with itself, ``(G,)``."""
    features = np.asarray(features_ND, np.float64)
    own = ((features**2).sum(axis=1) / features.shape[1] + 1) ** 3
    return np.bincount(group_N, weights=own, minlength=groups).astype(np.float64)


def within_sums(
    features_ND: NDArray[np.floating], group_N: NDArray[np.integer], groups: int
) -> Floats:
    """Sum of the kernel over pairs of different samples, by group, ``(G, G)``."""
    sums = kernel_sums(features_ND, features_ND, group_N, group_N, groups)
    return sums - np.diag(diagonal_sums(features_ND, group_N, groups))


def sums_to_kid(within_GG: Floats, cross_GG: Floats, sizes_G: NDArray[np.integer]) -> Floats:
    """KID of all groups together, then without each group: ``(1 + G,)``; NaN below two samples.

    Args:
        within_GG: kernel within the real plus within the made samples, own pairs left out.
        cross_GG: kernel between real and made samples.
        sizes_G: samples of each group, on either side.
    """
    n = int(sizes_G.sum())
    every = _value(float(within_GG.sum()), float(cross_GG.sum()), n)
    deleted = [
        _value(_without(within_GG, group), _without(cross_GG, group), n - int(size))
        for group, size in enumerate(sizes_G)
    ]
    return np.array([every, *deleted])


def _value(within: float, cross: float, n: int) -> float:
    return float(within / (n * (n - 1)) - 2 * cross / n**2) if n >= 2 else float("nan")


def _without(sums_GG: Floats, group: int) -> float:
    row, column, own = sums_GG[group].sum(), sums_GG[:, group].sum(), sums_GG[group, group]
    return float(sums_GG.sum() - row - column + own)
