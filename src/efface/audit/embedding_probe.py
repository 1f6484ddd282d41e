"""embedding-probe: can a decoder of the attacker's own paint more from what the encoder gives?

The served decoder may paint noise while the features still hold the picture. A linear decoder
(ridge regression) from encoder features to the hidden pixels is trained once on retain images, and
once, for a stronger attacker, on some of the very images (cross-validated, no subject on both
sides, equally many for forget and control). Forgotten images must not come out better than images
that no model ever saw.

Shapes in names: N images, K features, P hidden pixels times channels.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from efface.audit.folds import FOLDS, fold_by_subject
from efface.audit.record import AttackResult, Finding, to_finding
from efface.audit.ridge import fit_ridge
from efface.audit.view import BATCH, Pictures, View
from efface.metrics.gaussian import Floats
from efface.metrics.intervals import Estimate, clustered_mean, student
from efface.models.masks import pixel_mask
from efface.models.pixels import unit_pixels
from efface.models.protocol import ImageToImageModel

SIDES = ("forget", "control")
Rows = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Features ``(N, K)`` and hidden pixels ``(N, P)``."""


def embedding_probe(
    before: ImageToImageModel,
    after: ImageToImageModel,
    sets: Mapping[str, Pictures],
    view: View,
) -> AttackResult:
    """Squared error on control minus that on forget; above 0 the features give forget away.

    Of a set of one image nothing is left to train on, so that case has no value.

    Args:
        before: the model in service, to compare with: it was trained on forget.
        after: the unlearned model.
        sets: forget, control and retain.
        view: its mask is the one hidden.
    """
    folds = [fold_by_subject(sets[side].subjects)[0] for side in SIDES]
    seen = {"retain": len(sets["retain"]), "these images": fewest_left(folds)}
    findings: list[Finding] = []
    for name, model in (("before", before), ("after", after)):
        rows = {key: encoded(model, sets[key], view) for key in (*SIDES, "retain")}
        paint = fit_ridge(*rows["retain"])
        errors = {"retain": [_errors(paint(rows[side][0]), rows[side][1]) for side in SIDES]}
        if seen["these images"]:
            errors["these images"] = cross_validated(
                [rows[side] for side in SIDES], folds, seen["these images"], view.seed
            )
        else:
            findings.append(_nothing_to_train_on(name, [len(sets[side]) for side in SIDES]))
        for trained, (forget_N, control_N) in errors.items():
            found = difference(
                control_N, forget_N, sets["control"].subjects, sets["forget"].subjects
            )
            note = f"mean squared error {forget_N.mean():.4g} on forget, {control_N.mean():.4g} "
            case = _case(name, trained)
            findings.append(to_finding(case, "squared error", found, note + "on control"))
    recipe = {"mask": view.mask, "seed": view.seed, "decoder": "ridge, penalty by leave-one-out"}
    recipe |= {"folds": FOLDS, "trained on": seen, "interval": "Welch, over subjects"}
    return AttackResult(attack="embedding-probe", seed=view.seed, recipe=recipe, findings=findings)


@torch.inference_mode()
def encoded(model: ImageToImageModel, given: Pictures, view: View) -> Rows:
    """Encoder features of the masked images, and the pixels that were hidden.

    Nothing of the hidden pixels is given to the model: they are grey before it prepares the image,
    for a diffusion model is asked about a noisy canvas of all pixels, and the tokens of some
    tokenizers know what lies around them. The noise is that of the highest level, where sampling
    begins.
    """
    hidden_N = view.hidden_N(model).to(given.images_NCHW.device)
    holes_HW = pixel_mask(hidden_N, model.grid, (model.image_size, model.image_size))[0]
    features, pixels = [], []
    for batch in torch.split(given.images_NCHW, BATCH):
        hidden_BN = hidden_N.expand(len(batch), -1)
        asked = model.prepare(unit_pixels(batch).masked_fill(holes_HW, 0.5))
        seed_B = torch.full((len(batch),), model.levels - 1, device=batch.device)
        encoded_BTK = model.encode(asked, hidden_BN, seed_B)
        features.append(encoded_BTK.flatten(1).float().cpu().numpy())
        pixels.append(unit_pixels(batch)[..., holes_HW].flatten(1).cpu().numpy())
    return np.concatenate(features), np.concatenate(pixels)


def difference(
    first_N: Floats, second_N: Floats, first_subjects: Sequence[str], second_subjects: Sequence[str]
) -> Estimate:
    """Mean of the first minus mean of the second, with Welch's interval over subjects."""
    one, two = clustered_mean(first_N, first_subjects), clustered_mean(second_N, second_subjects)
    value = (np.nan if one.value is None else one.value) - (
        np.nan if two.value is None else two.value
    )
    squares = [np.nan if e.standard_error is None else e.standard_error**2 for e in (one, two)]
    parts = [s**2 / (e.degrees or np.nan) for s, e in zip(squares, (one, two), strict=True)]
    degrees = sum(squares) ** 2 / sum(parts) if sum(parts) > 0 else 0.0
    return student(
        value,
        sum(squares) ** 0.5,
        degrees,
        n=one.n + two.n,
        clusters=one.clusters + two.clusters,
    )


def fewest_left(folds: Sequence[NDArray[np.int64]]) -> int:
    """Images that every decoder of every side can be trained on, whichever fold is left out.

    0 where a side has one image.
    """
    return min(int((fold_N != fold).sum()) for fold_N in folds for fold in np.unique(fold_N))


def cross_validated(
    sides: Sequence[Rows], folds: Sequence[NDArray[np.int64]], count: int, seed: int
) -> list[Floats]:
    """Squared error of each image, for each side, by a decoder that saw nothing of its fold.

    A side has a decoder for each of its folds. All are trained on ``count`` images, a random choice
    where there are more: a decoder that has seen more paints better.
    """
    random = np.random.default_rng(seed)
    errors = [np.full(len(fold_N), np.nan) for fold_N in folds]
    for (features, pixels), fold_N, errors_N in zip(sides, folds, errors, strict=True):
        for fold in np.unique(fold_N):
            kept = np.sort(random.choice(np.flatnonzero(fold_N != fold), count, replace=False))
            out = fold_N == fold
            errors_N[out] = _errors(
                fit_ridge(features[kept], pixels[kept])(features[out]), pixels[out]
            )
    return errors


def _case(model: str, trained: str) -> str:
    return f"{model}, decoder trained on {trained}"


def _nothing_to_train_on(model: str, counts: Sequence[int]) -> Finding:
    told = f"{counts[0]} forgotten, {counts[1]} never seen: each needs 2 images, one to train on"
    return Finding(
        case=_case(model, "these images"),
        value=None,
        unit="squared error",
        n=sum(counts),
        clusters=len(counts),
        note=told,
    )


def _errors(painted_NP: Floats, wanted_NP: NDArray[np.float32]) -> Floats:
    errors_N: Floats = ((painted_NP - wanted_NP) ** 2).mean(axis=1)
    return errors_N
