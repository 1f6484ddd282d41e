"""The reduce half of evaluation: statistics of all shards to the report.

Merging is exact: the statistics of n shards merged are those of the n shards scored as one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from efface.errors import InputError
from efface.evaluation.distance_scores import distance_estimates, distance_parts
from efface.evaluation.distribution_scores import (
    fid_estimates,
    inception_score_estimates,
    kid_estimates,
)
from efface.evaluation.recipe import recipe_key, score_recipe
from efface.evaluation.report import SIDES, Hygiene, Report, Score
from efface.evaluation.statistics_file import FeatureStatistics, ShardStatistics, Side
from efface.metrics.gaussian import merge_moments
from efface.metrics.inception_score import ProbabilitySums
from efface.metrics.intervals import Estimate
from efface.metrics.sketch import merge_sketches

TOGETHER = ("before", "after", "seed", "extractors")
"""What must be the same in all statistics of a report."""


def merge_to_report(
    parts: Sequence[ShardStatistics],
    *,
    sets: Mapping[str, str],
    sizes: Mapping[str, int],
    tickets: Mapping[str, list[str]],
    hygiene: Hygiene | None,
    notes: Sequence[str],
) -> Report:
    """Merge the statistics of a run's shards and compute every score.

    Args:
        parts: one for each scored shard.
        sets: name of each set -> fingerprint.
        sizes: name of each set -> images of it that should have been scored.
        tickets: ticket id -> keyed hashes of its subjects.
        hygiene: comparison of the checkpoints.
        notes: facts a reader should know.

    Raises:
        InputError: statistics are missing, occur twice, or do not belong together.
    """
    _check_together(parts)
    _check_sets(parts, sets)
    merged = [merge_shards([p for p in parts if p.set == name]) for name in sets if sizes[name]]
    _check_complete(merged, sizes)
    pairs = [pair for found in merged for pair in set_to_scores(found, tickets)]
    return Report(
        before=parts[0].before,
        after=parts[0].after,
        sets=dict(sets),
        tickets={ticket: list(subjects) for ticket, subjects in tickets.items()},
        recipes={score.recipe: recipe for score, recipe in pairs},
        scores=[score for score, _ in pairs],
        hygiene=hygiene,
        notes=list(notes),
    )


def merge_shards(parts: Sequence[ShardStatistics]) -> ShardStatistics:
    """Statistics of several shards of one set as if they had been one shard.

    Raises:
        InputError: none given, an image twice, or scored by different recipes.
    """
    if not parts:
        raise InputError("no statistics of a set that should be scored: run evaluate on its shards")
    _check_together(parts)
    sample_id = np.concatenate([part.sample_id for part in parts])
    order = np.argsort(sample_id, kind="stable")
    if len(np.unique(sample_id)) != len(sample_id):
        names = ", ".join(sorted({part.shard for part in parts}))
        raise InputError(f"an image was scored twice in {names}: give each shard's statistics once")
    first = parts[0]
    if any(part.distances.keys() != first.distances.keys() for part in parts):
        raise InputError(
            f"shards of {first.set} were scored with different masks: score them again"
        )
    return replace(
        first,
        shard="",
        sample_id=sample_id[order],
        subject=np.concatenate([part.subject for part in parts])[order],
        ticket=np.concatenate([part.ticket for part in parts])[order],
        distances={
            key: np.concatenate([part.distances[key] for part in parts])[order]
            for key in first.distances
        },
        features={
            key: _merge_features([part.features[key] for part in parts]) for key in first.features
        },
    )


def set_to_scores(
    found: ShardStatistics, tickets: Mapping[str, list[str]]
) -> Iterator[tuple[Score, dict[str, Any]]]:
    """Every score of one set, each with its recipe."""
    for mask, region in dict.fromkeys((key.mask, key.region) for key in found.distances):
        for metric, ticket, subject, estimates in _estimates(found, tickets, mask, region):
            extractor = found.extractors["distance" if metric == "distance" else "fid"]
            recipe = score_recipe(extractor, mask, region, found.seed)
            for side, estimate in zip(SIDES, estimates, strict=True):
                score = Score(
                    metric=metric,
                    set=found.set,
                    mask=mask,
                    region=region,
                    side=side,
                    ticket=ticket,
                    subject=subject,
                    recipe=recipe_key(recipe),
                    **asdict(estimate),
                )
                yield score, recipe


def _estimates(
    found: ShardStatistics, tickets: Mapping[str, list[str]], mask: str, region: str
) -> Iterator[tuple[str, str, str, list[Estimate]]]:
    """Metric, ticket, subject, and the estimates before, after and of the change."""
    before = found.distances[Side(mask, region, "before")]
    after = found.distances[Side(mask, region, "after")]
    for ticket, subject, rows in distance_parts(found, tickets):
        estimates = distance_estimates(before[rows], after[rows], found.subject[rows])
        yield "distance", ticket, subject, estimates
    sides = {s: found.features[Side(mask, region, s)] for s in ("real", "before", "after")}
    sketches = {side: one.sketch for side, one in sides.items()}
    yield "fid", "", "", fid_estimates({s: one.moments for s, one in sides.items()}, sketches)
    yield "kid", "", "", kid_estimates(sketches)
    if sides["before"].sums:
        sums = sides["before"].sums, sides["after"].sums
        yield "inception_score", "", "", inception_score_estimates(*sums, found.subject)


def _merge_features(parts: Sequence[FeatureStatistics]) -> FeatureStatistics:
    sums: dict[str, ProbabilitySums] = {}
    for part in parts:
        for subject, more in part.sums.items():
            sums[subject] = sums[subject] + more if subject in sums else more
    return FeatureStatistics(
        moments=merge_moments(part.moments for part in parts),
        sketch=merge_sketches(part.sketch for part in parts),
        sums=sums,
    )


def _check_together(parts: Sequence[ShardStatistics]) -> None:
    if not parts:
        raise InputError("no statistics given: run evaluate on each shard first")
    for name in TOGETHER:
        for part in parts[1:]:
            if getattr(part, name) != getattr(parts[0], name):
                raise InputError(
                    f"statistics of {parts[0].shard} and {part.shard} have different recipes: "
                    f"{name} differs; score all shards with the same models, policy and seed"
                )


def _check_sets(parts: Sequence[ShardStatistics], sets: Mapping[str, str]) -> None:
    for part in parts:
        if sets.get(part.set) != part.set_fingerprint:
            raise InputError(
                f"statistics of {part.shard} are of other images than the set {part.set} that is "
                "given: score the shards of these sets, and merge those"
            )


def _check_complete(merged: Sequence[ShardStatistics], sizes: Mapping[str, int]) -> None:
    for found in merged:
        if len(found.sample_id) != sizes[found.set]:
            raise InputError(
                f"{found.set}: {len(found.sample_id)} images were scored where {sizes[found.set]} "
                "were asked for: run evaluate on every shard of it"
            )
