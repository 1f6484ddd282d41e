"""Parts for cross-validation that never put one subject on both sides."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from efface.metrics.intervals import group_subjects

FOLDS = 5


def fold_by_subject(*sides: Sequence[str]) -> list[NDArray[np.int64]]:
    """The fold of each image, for each side; a subject has one fold, also on several sides.

    Each side is spread over all folds. A side with fewer subjects than ``FOLDS`` is folded by
    image: what is then found may rest on having met the very subjects.
    """
    fold_of: dict[str, int] = {}
    folds = []
    for number, subjects in enumerate(sides):
        names = [str(subject) for subject in subjects]
        if len(set(names)) < FOLDS:
            names = [f"{number}/{row}" for row in range(len(names))]
        fresh = [name for name in names if name not in fold_of]
        if fresh:
            fold_of |= dict(zip(fresh, group_subjects(fresh, FOLDS).tolist(), strict=True))
        folds.append(np.array([fold_of[name] for name in names], dtype=np.int64))
    return folds
