"""detector: does the output itself give away that an image was deleted?

A logistic regression on features of the painted output tells forgotten images from images of the
same kind that no model ever saw. No subject is on both sides of the cross-validation. An AUC of .5
means that a deletion looks like never having been there; the model in service is the reference.

Shapes in names: N images, D feature dimension.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from efface.audit.folds import FOLDS, fold_by_subject
from efface.audit.record import AttackResult, to_finding
from efface.audit.roc import auc, with_interval
from efface.audit.view import Pictures, View
from efface.metrics.gaussian import Floats
from efface.models.protocol import ImageToImageModel

PENALTY = 1.0
"""Of the squared weights, on standardised features, beside a loss summed over images."""


def detector(
    before: ImageToImageModel,
    after: ImageToImageModel,
    forget: Pictures,
    control: Pictures,
    view: View,
) -> AttackResult:
    """AUC of telling what is painted of forget images from what is painted of control images.

    Args:
        before: the model in service, for reference.
        after: the unlearned model.
        forget: images to be forgotten.
        control: images of the same kind that no model ever saw.
        view: mask and extractor; its region of the output is looked at.
    """
    findings = []
    for side, model in (("before", before), ("after", after)):
        first_ND, second_ND = (
            view.embed_painted(given.images_NCHW, model) for given in (forget, control)
        )
        subjects = forget.subjects, control.subjects
        scores = separate(first_ND, second_ND, *subjects)
        found = with_interval(auc, *scores, *subjects, view.seed)
        note = f"{len(forget)} forgotten, {len(control)} never seen"
        findings.append(to_finding(side, "AUC", found, note))
    recipe = {**view.recipe, "classifier": "logistic regression", "penalty": PENALTY}
    recipe |= {"folds": FOLDS, "interval": "bootstrap over subjects"}
    return AttackResult(attack="detector", seed=view.seed, recipe=recipe, findings=findings)


def separate(
    first_ND: NDArray[np.floating],
    second_ND: NDArray[np.floating],
    first_subjects: Sequence[str],
    second_subjects: Sequence[str],
) -> tuple[Floats, Floats]:
    """Score of each image by a classifier that saw none of its subject; first is the higher.

    NaN where all images of one side are left out, as of a side of one image.
    """
    folds = np.concatenate(fold_by_subject(first_subjects, second_subjects))
    rows = np.asarray(np.concatenate([first_ND, second_ND]), np.float64)
    is_first = np.arange(len(rows)) < len(first_ND)
    scores = np.full(len(rows), np.nan)
    for fold in np.unique(folds):
        kept, out = folds != fold, folds == fold
        if is_first[kept].all() or not is_first[kept].any():
            continue
        mean, std = rows[kept].mean(axis=0), rows[kept].std(axis=0) + 1e-12
        weights = fit_logistic((rows[kept] - mean) / std, is_first[kept])
        scores[out] = (rows[out] - mean) / std @ weights[1:] + weights[0]
    return scores[is_first], scores[~is_first]


def fit_logistic(features_ND: Floats, is_first: NDArray[np.bool_]) -> Floats:
    """Intercept and weights, ``(1 + D,)``; both classes weigh the same."""
    design = np.column_stack([np.ones(len(features_ND)), features_ND])
    sign = np.where(is_first, 1.0, -1.0)
    share = is_first.mean()
    weight = np.where(is_first, 0.5 / max(share, 1e-9), 0.5 / max(1 - share, 1e-9))

    def loss(at: Floats) -> tuple[float, Floats]:
        margin = sign * (design @ at)
        slope = -(design * (sign * weight * expit(-margin))[:, None]).sum(axis=0)
        slope[1:] += PENALTY * at[1:]
        value = (weight * np.logaddexp(0, -margin)).sum() + PENALTY / 2 * (at[1:] ** 2).sum()
        return float(value), slope

    found: Floats = minimize(loss, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B").x
    return found
