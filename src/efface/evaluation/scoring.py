"""The map half of evaluation: one shard, both models, to mergeable statistics.

Every image is encoded once per mask and model. Originals, outputs before and outputs after are the
same images under the same mask, so all differences are paired.

Shapes in names: N images, C channels, H/W pixels, D feature dimension.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from efface.evaluation.recipe import recipe_key
from efface.evaluation.reference_cache import ReferenceCache
from efface.evaluation.regions import REGIONS, Hole, make_hole, paint_hole, view_region
from efface.evaluation.statistics_file import FeatureStatistics, ShardStatistics, Side
from efface.metrics.distance import features_to_distance
from efface.metrics.extractors.protocol import Extractor
from efface.metrics.gaussian import features_to_moments
from efface.metrics.inception_score import ProbabilitySums, probabilities_to_sums
from efface.metrics.sketch import features_to_sketch
from efface.models.protocol import ImageToImageModel
from efface.progress import Progress, track

log = logging.getLogger(__name__)

BATCH = 256
"""Images that are painted and embedded at a time."""

Features = dict[tuple[str, Side], NDArray[np.float32]]
"""(recipe key of the extractor, side) -> ``(N, D)``."""


@dataclass(frozen=True, kw_only=True)
class ShardImages:
    """The images of one shard that are scored, row by row."""

    shard: str
    set: str
    set_fingerprint: str
    """Hash of the images of the whole set."""
    fingerprint: str
    """Content hash of exactly these images in this order."""
    images_NCHW: Tensor
    """uint8."""
    sample_id: Sequence[str]
    subject: Sequence[str]
    """Keyed hash of the subject; empty where there is none."""
    ticket: Sequence[str]
    """Ticket that asked for it; empty outside forget."""


@dataclass(frozen=True, kw_only=True)
class Scorer:
    """What shards are scored with."""

    before: ImageToImageModel
    after: ImageToImageModel
    before_fingerprint: str
    after_fingerprint: str
    extractors: dict[str, Extractor]
    """distance and fid."""
    seed: int
    """Draws the one mask of a random mask policy."""
    device: torch.device
    """Where models and extractors are."""


@dataclass(frozen=True)
class Pass:
    """One way through the images of a shard."""

    show: Callable[[Tensor], Tensor]
    """Original images in [0, 1] to the images that are looked at."""
    sides: list[Side]
    hole: Hole
    identity: tuple[str, ...] | None
    """What the result depends on, besides images and extractor; None: not to be kept."""


def score_shard(
    given: ShardImages, scorer: Scorer, masks: Sequence[str], cache: ReferenceCache
) -> ShardStatistics:
    """Score the images of one shard under each mask.

    Args:
        given: images and whose they are.
        scorer: models and extractors.
        masks: mask policies.
        cache: features of originals and of the model in service, where they may be kept.

    Raises:
        ConfigError: a mask does not fit the model's patch grid.
    """
    passes = list(_passes(scorer, masks))
    features: Features = {}
    with track(f"evaluate {given.shard}", len(passes) * len(given.images_NCHW)) as progress:
        for one in passes:
            features |= _cached_pass(given, one, scorer, cache, progress)
    for (name, side), rows in list(features.items()):
        if side == Side("", "full", "real"):
            features |= {(name, Side(mask, "full", "real")): rows for mask in masks}
    log.info("scored=%s images=%d masks=%s", given.shard, len(given.sample_id), ",".join(masks))
    return _to_statistics(given, scorer, masks, features)


def _passes(scorer: Scorer, masks: Sequence[str]) -> Iterator[Pass]:
    """Originals in full once for all masks, then hole and outputs for each mask."""
    grid, size = scorer.before.grid, scorer.before.image_size
    holes = {mask: make_hole(mask, grid, size, scorer.seed) for mask in dict.fromkeys(masks)}
    for first in list(holes.values())[:1]:
        yield Pass(lambda images: images, [Side("", "full", "real")], first, ("original",))
    for mask, hole in holes.items():
        drawn = (mask, str(scorer.seed))
        kept = ("original", *drawn)
        yield Pass(lambda images: images, [Side(mask, "hole", "real")], hole, kept)
        for side, model in (("before", scorer.before), ("after", scorer.after)):
            sides = [Side(mask, region, side) for region in REGIONS]
            kept = (scorer.before_fingerprint, *drawn)
            paint = partial(paint_hole, model, hole=hole)
            yield Pass(paint, sides, hole, kept if side == "before" else None)


def _cached_pass(
    given: ShardImages, one: Pass, scorer: Scorer, cache: ReferenceCache, progress: Progress
) -> Features:
    """Features of one pass: those kept, if all are, else computed and kept."""
    extractors = {recipe_key(found.recipe): found for found in scorer.extractors.values()}
    places = {
        (name, side): (given.fingerprint, *(one.identity or ()), *side, name)
        for name in extractors
        for side in one.sides
    }
    if one.identity is not None:
        kept = {key: cache.read(*place) for key, place in places.items()}
        known = {key: rows for key, rows in kept.items() if rows is not None}
        if len(known) == len(places):
            progress.advance(len(given.images_NCHW))
            return known
    features = _run_pass(given.images_NCHW, one, extractors, scorer.device, progress)
    if one.identity is not None:
        for key, place in places.items():
            cache.write(features[key], *place)
    return features


@torch.inference_mode()
def _run_pass(
    images_NCHW: Tensor,
    one: Pass,
    extractors: dict[str, Extractor],
    device: torch.device,
    progress: Progress,
) -> Features:
    parts: dict[tuple[str, Side], list[NDArray[np.float32]]] = {
        (name, side): [np.empty((0, extractor.dimension), np.float32)]
        for name, extractor in extractors.items()
        for side in one.sides
    }
    for start in range(0, len(images_NCHW), BATCH):
        batch = images_NCHW[start : start + BATCH]
        shown = one.show(batch.to(device).float() / 255)
        for side in one.sides:
            seen = view_region(shown, side.region, one.hole)
            for name, extractor in extractors.items():
                parts[name, side].append(extractor.embed(seen).float().cpu().numpy())
        progress.advance(len(batch))
    return {key: np.concatenate(rows) for key, rows in parts.items()}


def _to_statistics(
    given: ShardImages, scorer: Scorer, masks: Sequence[str], features: Features
) -> ShardStatistics:
    tower, inception = scorer.extractors["distance"], scorer.extractors["fid"]
    tower_name, inception_name = recipe_key(tower.recipe), recipe_key(inception.recipe)
    subject = [of or sample for of, sample in zip(given.subject, given.sample_id, strict=True)]
    distances, statistics = {}, {}
    for mask in masks:
        for region in REGIONS:
            real = features[tower_name, Side(mask, region, "real")]
            for side in ("before", "after"):
                key = Side(mask, region, side)
                distances[key] = features_to_distance(real, features[tower_name, key])
            for side in ("real", "before", "after"):
                key = Side(mask, region, side)
                rows = features[inception_name, key]
                statistics[key] = FeatureStatistics(
                    moments=features_to_moments(rows),
                    sketch=features_to_sketch(given.sample_id, subject, rows),
                    sums={} if side == "real" else _class_sums(inception, rows, subject, scorer),
                )
    return ShardStatistics(
        shard=given.shard,
        set=given.set,
        set_fingerprint=given.set_fingerprint,
        before=scorer.before_fingerprint,
        after=scorer.after_fingerprint,
        seed=scorer.seed,
        extractors={role: found.recipe for role, found in scorer.extractors.items()},
        sample_id=np.array(given.sample_id, dtype=np.str_),
        subject=np.array(subject, dtype=np.str_),
        ticket=np.array(given.ticket, dtype=np.str_),
        distances=distances,
        features=statistics,
    )


@torch.inference_mode()
def _class_sums(
    extractor: Extractor, features_ND: NDArray[np.float32], subject: Sequence[str], scorer: Scorer
) -> dict[str, ProbabilitySums]:
    """Sums of class probabilities for each subject; none where the extractor has no classes."""
    found = extractor.classify(torch.from_numpy(features_ND).to(scorer.device))
    if found is None:
        return {}
    probabilities = found.cpu().numpy()
    of = np.array(subject, dtype=np.str_)
    return {str(name): probabilities_to_sums(probabilities[of == name]) for name in np.unique(of)}
