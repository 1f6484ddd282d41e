"""FID, KID and Inception score of one view, before, after and their change, with intervals.

Each function returns three estimates in the order of ``efface.evaluation.report.SIDES``. Both
models are held against the same real images, so the change is a difference at equal n, and the
jackknife leaves a subject out of all sides at once.

Shapes in names: N samples, D feature dimension, G groups of subjects.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from efface.metrics.fid import gaussians_to_fid
from efface.metrics.gaussian import Floats, Moments, features_to_moments, moments_to_gaussian
from efface.metrics.inception_score import ProbabilitySums, merge_sums, sums_to_inception_score
from efface.metrics.intervals import Estimate, group_subjects, jackknife, student
from efface.metrics.kid import kernel_sums, sums_to_kid, within_sums
from efface.metrics.sketch import Sketch

Groups = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Group of each sample, and samples of each group."""


def fid_estimates(moments: Mapping[str, Moments], sketches: Mapping[str, Sketch]) -> list[Estimate]:
    """FID of all samples; the spread is that of the sketched ones, scaled to all.

    Args:
        moments: real, before and after.
        sketches: real, before and after; the same samples in the same order.
    """
    n, subjects = moments["real"].n, sketches["real"].subject
    group_N, sizes_G = _groups(subjects)
    kept = {side: features_to_moments(sketch.features) for side, sketch in sketches.items()}
    deleted = []
    for group in range(len(sizes_G)):
        rows = group_N == group
        parts = {s: features_to_moments(sketches[s].features[rows]) for s in sketches}
        deleted.append(_fids({side: kept[side] - parts[side] for side in kept}))
    values = _fids(moments)
    centres = values if len(subjects) == n else _fids(kept)
    spread = _estimates(centres, np.array(deleted), sizes_G, subjects, n)
    return [_moved(found, value) for found, value in zip(spread, values, strict=True)]


def kid_estimates(sketches: Mapping[str, Sketch]) -> list[Estimate]:
    """KID of the sketched samples: real, before and after in the same order."""
    subjects = sketches["real"].subject
    group_N, sizes_G = _groups(subjects)
    groups = len(sizes_G)
    real = sketches["real"].features
    within_real = within_sums(real, group_N, groups)
    columns = []
    for side in ("before", "after"):
        made = sketches[side].features
        within = within_real + within_sums(made, group_N, groups)
        cross = kernel_sums(real, made, group_N, group_N, groups)
        columns.append(sums_to_kid(within, cross, sizes_G))
    values = _with_change(np.stack(columns, axis=1))
    return _estimates(values[0], values[1:], sizes_G, subjects, len(subjects))


def inception_score_estimates(
    before: Mapping[str, ProbabilitySums],
    after: Mapping[str, ProbabilitySums],
    subjects: NDArray[np.str_],
) -> list[Estimate]:
    """Inception score from sums by subject; an extractor without classes has none to give.

    Args:
        before: subject -> sums, of the model in service.
        after: the same of the unlearned model.
        subjects: of each image, in an order that no name decides.
    """
    names = list(dict.fromkeys(subjects.tolist()))
    group_N, sizes_G = _groups(subjects)
    group_of = dict(zip(subjects.tolist(), group_N.tolist(), strict=True))
    columns = []
    for side in (before, after):
        total = merge_sums(side[name] for name in names)
        parts = [
            merge_sums(side[name] for name in names if group_of[name] == group)
            for group in range(len(sizes_G))
        ]
        every = [total, *(total - part for part in parts)]
        columns.append(np.array([sums_to_inception_score(sums) for sums in every]))
    values = _with_change(np.stack(columns, axis=1))
    return _estimates(values[0], values[1:], sizes_G, subjects, len(subjects))


def _fids(moments: Mapping[str, Moments]) -> Floats:
    """Before, after, change."""
    real = moments_to_gaussian(moments["real"])
    both = [
        gaussians_to_fid(real, moments_to_gaussian(moments[side])) for side in ("before", "after")
    ]
    every: Floats = _with_change(np.array([both]))[0]
    return every


def _with_change(values: Floats) -> Floats:
    """Columns before and after to columns before, after and change."""
    return np.column_stack([values, values[:, 1] - values[:, 0]])


def _groups(subjects: NDArray[np.str_]) -> Groups:
    group_N = group_subjects(subjects.tolist())
    return group_N, np.bincount(group_N)


def _estimates(
    values: Floats,
    deleted: Floats,
    sizes_G: NDArray[np.int64],
    subjects: NDArray[np.str_],
    n: int,
) -> list[Estimate]:
    clusters = len(np.unique(subjects))
    return [
        jackknife(float(value), column, sizes_G, clusters=clusters, n=n)
        for value, column in zip(values, deleted.T, strict=True)
    ]


def _moved(found: Estimate, value: float) -> Estimate:
    """The same spread around another value."""
    error = np.nan if found.standard_error is None else found.standard_error
    return student(value, error, found.degrees or 0, n=found.n, clusters=found.clusters)
