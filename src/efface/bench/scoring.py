"""Scoring all parts one after another, as the pipeline does side by side."""

import tempfile
from pathlib import Path
from typing import Any


def score_all(
    *,
    sets: Path,
    before: Path,
    after: Path,
    policy: str,
    run_id: str,
    workspace: str,
    out: Path,
) -> dict[str, float]:
    """Score every part of the sets, and merge.

    Args:
        sets: Folder that shard wrote.
        before: Folder of the model in service.
        after: Folder of the unlearned model.
        policy: Path of the policy.
        run_id: Name of the run.
        workspace: Place shared by the steps of the run.
        out: ``report.json``.

    Returns:
        The headline scores.
    """
    from efface.data.parts import parts_to_score
    from efface.gate.reading import read_policy
    from efface.steps import evaluate, merge
    from efface.steps.handover.sets_file import read_sets

    models: dict[str, Any] = {"sets": sets, "before": before, "after": after, "policy": policy}
    place: dict[str, Any] = {"run_id": run_id, "workspace": workspace}
    plan = read_sets(sets)
    limits = read_policy(policy).evaluation.max_images
    with tempfile.TemporaryDirectory() as folder:
        statistics = []
        for number, part in enumerate(parts_to_score(plan["sets"], limits, shards_per_task=1)):
            statistics.append(Path(folder) / f"{number:05d}")
            evaluate.run(shard=part, out=statistics[-1], **models, **place)
        return merge.run(statistics=statistics, out=out, **models)
