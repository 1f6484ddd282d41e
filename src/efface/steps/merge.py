"""merge: the statistics of all shards to the report, and the headline scores."""

import logging
from pathlib import Path
from typing import Any

from efface.errors import InputError
from efface.evaluation.merging import merge_to_report
from efface.evaluation.report import Report, write_report
from efface.evaluation.statistics_file import ShardStatistics, read_statistics
from efface.gate.policy import Policy
from efface.gate.reading import read_policy
from efface.metrics.sketch import CAPACITY
from efface.models.checkpoint import compare, fingerprint
from efface.steps.handover.sets_file import read_sets, set_fingerprints

log = logging.getLogger(__name__)


def run(
    *, statistics: list[Path], sets: Path, before: Path, after: Path, policy: str, out: Path
) -> dict[str, float]:
    """Merge the statistics of all shards.

    Args:
        statistics: files that evaluate wrote, one for each shard, in any order.
        sets: folder that the shard step wrote.
        before: folder of the model in service.
        after: folder of the unlearned model.
        policy: path of the policy.
        out: file to write the report to.

    Returns:
        Headline scores: in the hole, under the first mask that is scored.

    Raises:
        InputError: statistics are missing, damaged, occur twice, do not belong together, or are
            of other models or sets.
    """
    checked = read_policy(policy)
    plan = read_sets(sets)
    sizes = {name: _size(name, entry, checked) for name, entry in plan["sets"].items()}
    parts = [part for path in statistics for part in read_statistics(path)]
    _check_models(parts, {"before": before, "after": after})
    report = merge_to_report(
        parts,
        sets=set_fingerprints(plan),
        sizes=sizes,
        tickets=plan["tickets"],
        hygiene=compare(before, after),
        notes=_notes(plan, sizes),
    )
    write_report(out, report)
    found = headline(report, checked.masks.score[0])
    log.info("report=%s scores=%d", out, len(report.scores))
    return found


def _check_models(parts: list[ShardStatistics], models: dict[str, Path]) -> None:
    """The models that are compared have to be those that were scored."""
    for side, folder in models.items():
        given = fingerprint(folder)
        for part in parts:
            if (scored := getattr(part, side)) != given:
                raise InputError(
                    f"model {folder} is not the one that was scored as {side}: it has {given[:12]},"
                    f" the statistics of {part.shard} are about {scored[:12]}; score this model, "
                    "or give the one that was scored"
                )


def headline(report: Report, mask: str) -> dict[str, float]:
    """Scores of whole sets in the hole under one mask, named SET_METRIC_SIDE."""
    return {
        f"{score.set}_{score.metric}_{score.side}": score.value
        for score in report.find(mask=mask, region="hole", ticket="", subject="")
        if score.value is not None and score.metric in ("distance", "fid")
    }


def _size(name: str, entry: dict[str, Any], policy: Policy) -> int:
    """Images of a set that should have been scored."""
    return min(int(entry["samples"]), policy.evaluation.max_images.get(name, int(entry["samples"])))


def _notes(plan: dict[str, Any], sizes: dict[str, int]) -> list[str]:
    notes = []
    if count := int(plan["near_duplicates"]):
        notes.append(
            f"{count} near-duplicates of forget images were kept out of retain, neighbours and "
            "holdout."
        )
    if count := int(plan.get("proxy_copies", 0)):
        notes.append(
            f"{count} images of the proxy were kept out of retain as near-duplicates of images "
            "that are scored (holdout, forget-holdout, control)."
        )
    for name, entry in plan["sets"].items():
        if sizes[name] < int(entry["samples"]):
            notes.append(f"{name}: {sizes[name]} of {entry['samples']} images were scored.")
        if sizes[name] > CAPACITY:
            notes.append(
                f"{name}: KID and the spread of FID are those of {CAPACITY} sampled images."
            )
    return notes
