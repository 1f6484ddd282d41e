"""Early stop on the gate's own statistics, measured on training images only.

The probe asks the two main questions of the policy about a sample of the forget and the retain
set: has the distance of every subject *in the sample* risen by more than asked, and has the retain
FID stayed inside its relative ceiling? It asks for less than the gate: a subject without an image
in the sample is not looked at, one with a single image counts by its value, and the retain FID is
an estimate where the gate takes an upper bound. Holdout images are not used, so stopping is not
tuned on them.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from efface.data.reading import read_images
from efface.evaluation.regions import Hole, make_hole, paint_hole, view_region
from efface.gate.intervals import Estimate, lower_bound
from efface.gate.policy import Policy
from efface.metrics.distance import features_to_distance
from efface.metrics.extractors import Extractor, load_extractor
from efface.metrics.fid import moments_to_fid
from efface.metrics.gaussian import features_to_moments
from efface.models.protocol import ImageToImageModel
from efface.training.settings import TrainingSettings

log = logging.getLogger(__name__)

FORGET_IMAGES = 256
RETAIN_IMAGES = 768
MARGIN = 1.25
"""The lower bounds have to pass this many times the minimum rise: the gate sees more images."""
CONFIDENCE = 0.95
"""Of each one-sided lower bound."""
REGION = "hole"

Features = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one look at a student found."""

    worst_rise: float
    """Smallest lower bound of a subject's rise of distance."""
    retain_fid_change: float
    """Change of the retain FID, relative to before."""


def is_enough(reading: Reading, *, minimum_rise: float, relative: float) -> bool:
    """Whether both main questions would be answered with yes."""
    return reading.worst_rise > MARGIN * minimum_rise and reading.retain_fid_change <= relative


def worst_lower_bound(rise_N: NDArray[np.float64], subjects: list[str]) -> float:
    """Smallest one-sided lower bound of the mean rise over the subjects that are given.

    Each bound is computed as the gate's are, without Holm's correction. A subject with one image
    counts with that image's rise.
    """
    names = np.asarray(subjects)
    return min(_lower_bound(rise_N[names == subject]) for subject in sorted(set(subjects)))


def _lower_bound(rise_N: NDArray[np.float64]) -> float:
    mean, count = float(rise_N.mean()), len(rise_N)
    if count < 2:
        return mean
    error = float(rise_N.std(ddof=1)) / count**0.5
    estimate = Estimate(value=mean, standard_error=error, degrees=count - 1)
    return lower_bound(estimate, CONFIDENCE)


def make_probe(
    teacher: ImageToImageModel,
    sets: Path,
    policy: Policy,
    settings: TrainingSettings,
    device: torch.device,
) -> Callable[[ImageToImageModel], bool]:
    """Measure the model in service once; give a function that says whether a student is enough.

    Args:
        teacher: the model in service.
        sets: folder that the shard step wrote.
        policy: names extractors, masks and the two main rules.
        settings: ``probe_every`` 0 gives a probe that never says yes.
        device: where models and extractors run.
    """
    if not settings.probe_every:
        return lambda student: False
    hole = make_hole(
        policy.masks.score[0], teacher.grid, teacher.image_size, policy.evaluation.seed
    )
    tower = load_extractor(policy.extractors["distance"], policy.folder)
    classifier = load_extractor(policy.extractors["fid"], policy.folder)
    for extractor in (tower, classifier):
        extractor.to(device)
    forget, subjects = _sample(sets / "forget", teacher, FORGET_IMAGES, device)
    retain, _ = _sample(sets / "retain", teacher, RETAIN_IMAGES, device)
    forget_real = _features(tower, forget, hole)
    retain_real = features_to_moments(_features(classifier, retain, hole))

    @torch.inference_mode()
    def measure(model: ImageToImageModel) -> tuple[NDArray[np.float64], float]:
        made = _features(tower, paint_hole(model, forget, hole), hole)
        kept = _features(classifier, paint_hole(model, retain, hole), hole)
        fid = moments_to_fid(features_to_moments(kept), retain_real)
        return features_to_distance(forget_real, made), fid

    distance_before, fid_before = measure(teacher)
    asked = _asked(policy.rules)

    def probe(student: ImageToImageModel) -> bool:
        student.module.eval()
        distance, fid = measure(student)
        student.module.train()
        reading = Reading(
            worst_rise=worst_lower_bound(distance - distance_before, subjects),
            retain_fid_change=fid / fid_before - 1,
        )
        log.info(
            "probe worst_rise=%.4f retain_fid_change=%+.3f",
            reading.worst_rise,
            reading.retain_fid_change,
        )
        return is_enough(reading, **asked)

    return probe


def what_decides(policy: Policy) -> dict[str, Any]:
    """All of a policy that a probe looks at: with anything else changed it stops at the same step.

    Returns:
        Only what JSON can say.
    """
    return {
        "mask": policy.masks.score[0],
        "seed": policy.evaluation.seed,
        "extractors": {role: policy.extractors[role].pins for role in ("distance", "fid")},
        **_asked(policy.rules),
    }


def _asked(rules: dict[str, dict[str, Any]]) -> dict[str, float]:
    return {
        "minimum_rise": float(rules["forget-distance-rises"]["minimum_rise"]),
        "relative": float(rules["retain-fid"]["relative"]),
    }


def _sample(
    folder: Path, model: ImageToImageModel, count: int, device: torch.device
) -> tuple[Tensor, list[str]]:
    images, rows = read_images(folder, size=model.image_size, channels=model.channels, limit=count)
    return torch.from_numpy(images).to(device).float() / 255, rows["subject_id"].to_pylist()


def _features(extractor: Extractor, images_BCHW: Tensor, hole: Hole) -> Features:
    with torch.inference_mode():
        features = extractor.embed(view_region(images_BCHW, REGION, hole))
    array: Features = features.cpu().numpy()
    return array
