"""How well a score tells two groups of images apart, with intervals over subjects.

AUC is the share of pairs in the right order (Mann-Whitney), ties count half. The intervals are
percentiles of a bootstrap that draws whole subjects, members and others apart from each other.
Where no member is found, every draw of a share is 0, and that interval has no width; where one
image is found it has hardly any. So the interval of a share is never narrower than the one that
Clopper and Pearson (1934, Biometrika 26) give for no subject found, and for every subject found.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from efface.metrics.gaussian import Floats
from efface.metrics.intervals import CONFIDENCE, Estimate

RESAMPLES = 500
LEAST_OTHERS = 100
"""Others needed to speak of 1 %: with fewer, not one may score above the threshold."""
RATE = 0.01
Statistic = Callable[[Floats, Floats], float]


def auc(members_N: Floats, others_N: Floats) -> float:
    """Chance that a member scores higher than another; .5 is guessing."""
    ranks = rankdata(np.concatenate([members_N, others_N]))
    wins = ranks[: len(members_N)].sum() - len(members_N) * (len(members_N) + 1) / 2
    return float(wins / (len(members_N) * len(others_N)))


def tpr_at_one_percent(members_N: Floats, others_N: Floats) -> float:
    """Share of members that score above all but 1 % of the others."""
    allowed = int(RATE * len(others_N))
    threshold = np.sort(others_N)[-(allowed + 1)]
    return float((members_N > threshold).mean())


def with_interval(
    statistic: Statistic,
    members_N: Floats,
    others_N: Floats,
    member_subjects: Sequence[str],
    other_subjects: Sequence[str],
    seed: int,
) -> Estimate:
    """The statistic with a 95 % bootstrap interval; value None where a score is not finite."""
    n = len(members_N) + len(others_N)
    sides = _rows_by_subject(member_subjects), _rows_by_subject(other_subjects)
    clusters = len(sides[0]) + len(sides[1])
    if not (np.isfinite(members_N).all() and np.isfinite(others_N).all()):
        return Estimate(value=None, n=n, clusters=clusters)
    random = np.random.default_rng(seed)
    drawn = [
        statistic(members_N[_resample(sides[0], random)], others_N[_resample(sides[1], random)])
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(
        value=statistic(members_N, others_N),
        n=n,
        clusters=clusters,
        standard_error=float(np.std(drawn, ddof=1)),
        low=float(low),
        high=float(high),
    )


def share_with_interval(
    members_N: Floats,
    others_N: Floats,
    member_subjects: Sequence[str],
    other_subjects: Sequence[str],
    seed: int,
) -> Estimate:
    """TPR at 1 % FPR; the interval reaches the bounds of Clopper and Pearson over its members."""
    subjects = member_subjects, other_subjects
    found = with_interval(tpr_at_one_percent, members_N, others_N, *subjects, seed)
    if found.low is None or found.high is None:
        return found
    most = highest_unseen(len(_rows_by_subject(member_subjects)))
    return replace(found, low=min(found.low, 1 - most), high=max(found.high, most))


def highest_unseen(clusters: int) -> float:
    """Upper end of the 95 % interval of Clopper and Pearson for 0 found of ``clusters``.

    The lower end for all found is 1 minus that.
    """
    return float(1 - ((1 - CONFIDENCE) / 2) ** (1 / clusters))


def _rows_by_subject(subjects: Sequence[str]) -> list[NDArray[np.int64]]:
    """Rows of each subject; of each image where there is only one subject.

    Subjects come in the order of their first images, not of their names: in a run, a name is a hash
    with the key of its workspace, and no draw may depend on a key.
    """
    names = np.asarray(subjects, dtype=np.str_)
    known = list(dict.fromkeys(names.tolist()))
    if len(known) < 2:
        return [np.array([row]) for row in range(len(names))]
    return [np.flatnonzero(names == name) for name in known]


def _resample(rows: list[NDArray[np.int64]], random: np.random.Generator) -> NDArray[np.int64]:
    return np.concatenate([rows[i] for i in random.integers(len(rows), size=len(rows))])
