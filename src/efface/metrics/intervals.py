"""How sure a number is, when images of one subject resemble each other.

Means: cluster-robust variance with the bias correction CR2 and the degrees of freedom of Bell and
McCaffrey (Imbens and Kolesar 2016, Pustejovsky and Tipton 2018): G - 1 for G clusters of one size,
fewer for clusters of unequal sizes.

Other statistics (FID, KID, Inception score, and their differences): delete-a-group jackknife over
subjects, for groups of unequal size (Busing, Meijer and van der Leeden 1999). Never a bootstrap:
drawing with replacement repeats images, and a repeated image biases FID upwards.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from efface.metrics.gaussian import Floats

CONFIDENCE = 0.95
"""Of the two-sided intervals."""
GROUPS = 20
"""Largest number of groups of the jackknife."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its Student interval; None where it cannot be computed or is not finite."""

    value: float | None
    n: int
    clusters: int
    standard_error: float | None = None
    degrees: float | None = None
    low: float | None = None
    high: float | None = None


def student(
    value: float, standard_error: float, degrees: float, *, n: int, clusters: int
) -> Estimate:
    """Estimate with a two-sided 95 % Student interval."""
    if not np.isfinite(value):
        return Estimate(value=None, n=n, clusters=clusters)
    if not np.isfinite(standard_error) or not degrees > 0:
        return Estimate(value=float(value), n=n, clusters=clusters)
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, degrees)) * standard_error
    return Estimate(
        value=float(value),
        n=n,
        clusters=clusters,
        standard_error=float(standard_error),
        degrees=float(degrees),
        low=float(value - reach),
        high=float(value + reach),
    )


def clustered_mean(values_N: Floats, clusters: Sequence[str]) -> Estimate:
    """Mean of values that may be correlated within a cluster.

    With one cluster alone the values themselves are taken as independent: the statement is then
    about those very images. A single NaN makes the value None: an image that could not be scored
    must not vanish.
    """
    n = len(values_N)
    names, index = np.unique(np.asarray(clusters, dtype=np.str_), return_inverse=True)
    if len(names) < 2:
        names, index = np.arange(n).astype(np.str_), np.arange(n)
    if n < 2:
        return student(float(values_N.mean()) if n else np.nan, np.nan, 0, n=n, clusters=len(names))
    mean = float(values_N.mean())
    sizes_G = np.bincount(index).astype(np.float64)
    residual_G = np.bincount(index, weights=values_N - mean).astype(np.float64)
    return residuals_to_mean(mean, residual_G, sizes_G)


def residuals_to_mean(mean: float, residual_G: Floats, sizes_G: Floats) -> Estimate:
    """The mean of two or more clusters with its interval.

    Args:
        mean: of all values.
        residual_G: sum over each cluster of its values less that mean.
        sizes_G: values in each cluster.
    """
    n = int(sizes_G.sum())
    weight = 1 / (1 - sizes_G / n)
    variance = float((weight * residual_G**2).sum()) / n**2
    return student(mean, variance**0.5, _degrees(sizes_G, weight), n=n, clusters=len(sizes_G))


def jackknife(
    value: float,
    deleted_G: Floats,
    sizes_G: NDArray[np.integer],
    *,
    clusters: int,
    n: int | None = None,
) -> Estimate:
    """Interval of a statistic from its values with one group left out each.

    Args:
        value: the statistic on all samples.
        deleted_G: the statistic without each group.
        sizes_G: samples in each group.
        clusters: subjects behind the groups.
        n: samples behind ``value`` where the groups hold only some of them; the standard error is
            then scaled by the square root of the ratio.
    """
    total = int(sizes_G.sum())
    counted = total if n is None else n
    if len(deleted_G) < 2:
        return student(value, np.nan, 0, n=counted, clusters=clusters)
    share = total / sizes_G
    centre = len(deleted_G) * value - ((1 - 1 / share) * deleted_G).sum()
    pseudo = share * value - (share - 1) * deleted_G
    variance = float(((pseudo - centre) ** 2 / (share - 1)).mean())
    error = (variance * total / max(counted, 1)) ** 0.5
    return student(value, error, len(deleted_G) - 1, n=counted, clusters=clusters)


def group_subjects(subjects: Sequence[str], groups: int = GROUPS) -> NDArray[np.int64]:
    """Put whole subjects into groups of about one size; the group of each sample, ``(N,)``.

    Largest subject first, always into the smallest group; of one size, the one that comes first in
    ``subjects``. Never by name: in a run, names are hashes with the key of its workspace, and an
    interval must not depend on a key.
    """
    sizes = Counter(str(subject) for subject in subjects)
    filled = [0] * min(groups, len(sizes))
    group_of: dict[str, int] = {}
    for subject, size in sizes.most_common():
        smallest = filled.index(min(filled))
        group_of[subject] = smallest
        filled[smallest] += size
    return np.array([group_of[str(subject)] for subject in subjects], dtype=np.int64)


def _degrees(sizes_G: Floats, weight_G: Floats) -> float:
    """Bell and McCaffrey's degrees of freedom of a mean of independent values."""
    n = sizes_G.sum()
    scaled = weight_G * sizes_G**2
    off_diagonal = scaled.sum() ** 2 - (scaled**2).sum()
    degrees = float(n**2 / ((sizes_G**2).sum() + off_diagonal / n**2))
    return min(degrees, len(sizes_G) - 1.0)  # rounding must not go beyond the largest possible
