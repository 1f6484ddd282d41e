"""audit: attack the unlearned model the way the policy asks, and write down what came out.

The record holds counts, steps and shares alone: no image, no feature, no name of a subject. So it
is not a private copy of the run.
"""

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from efface.audit.attacks import Target, run_attacks
from efface.audit.fitting import check_audit_fits
from efface.audit.record import AttackResult, Audit, write_audit
from efface.audit.view import Pictures, View
from efface.data.reading import read_images
from efface.errors import InputError
from efface.gate.policy import Policy
from efface.gate.reading import read_policy
from efface.metrics.extractors import load_extractor
from efface.models.checkpoint import fingerprint, load_pair
from efface.models.protocol import ImageToImageModel
from efface.steps.handover.sets_file import read_sets, set_fingerprints
from efface.training.device import move, pick_device

log = logging.getLogger(__name__)

SETS = ("forget", "control", "retain", "holdout")
"""Sets that attacks look at."""


def run(*, sets: Path, before: Path, after: Path, policy: str, out: Path) -> list[str]:
    """Run the attacks that the policy names; a policy that names none gets an empty record.

    Args:
        sets: folder that the shard step wrote.
        before: folder of the model in service.
        after: folder of the unlearned model.
        policy: path of the policy.
        out: file to write the record to.

    Returns:
        Names of the attacks that were run.

    Raises:
        ConfigError: an attack cannot be run on this model.
        InputError: a set is missing, or has too few images for an attack.
        CheckpointError: the models do not fit each other, or the extractor is absent.
    """
    rules = read_policy(policy)
    plan = read_sets(sets)
    results = _attack(plan, sets, before, after, rules) if rules.audit.attacks else []
    audit = Audit(
        before=fingerprint(before),
        after=fingerprint(after),
        sets=set_fingerprints(plan),
        settings=asdict(rules.audit),
        results=results,
    )
    write_audit(out, audit)
    names = [result.attack for result in results]
    log.info("audit=%s attacks=%s", out, ",".join(names) or "none")
    return names


def _attack(
    plan: dict[str, Any], sets: Path, before: Path, after: Path, rules: Policy
) -> list[AttackResult]:
    device = pick_device()
    old, new = load_pair(before, after)
    check_audit_fits(rules.audit, old)
    extractor = load_extractor(rules.extractors["distance"], rules.folder)
    extractor.to(device)
    for model in (old, new):
        move(model, device)
    if missing := [name for name in SETS if name not in plan["sets"]]:
        raise InputError(
            f"sets {sets} have no {missing[0]} set: write them again with `efface shard`"
        )
    target = Target(
        before=old,
        after=new,
        sets={name: _read(sets / name, old, rules.audit.images, device) for name in SETS},
        view=View(mask=rules.masks.score[0], extractor=extractor, seed=rules.evaluation.seed),
        masks=rules.audit.swept_masks(rules.masks.score, rules.masks.held_out),
        settings=rules.audit,
    )
    return run_attacks(target)


def _read(folder: Path, model: ImageToImageModel, limit: int, device: torch.device) -> Pictures:
    """The images of lowest rank, which is a random choice; an image without subject is its own."""
    images, rows = read_images(folder, size=model.image_size, channels=model.channels, limit=limit)
    pairs = zip(rows["subject_id"].to_pylist(), rows["sample_id"].to_pylist(), strict=True)
    return Pictures(
        images_NCHW=torch.from_numpy(images).to(device),
        subjects=[subject or sample for subject, sample in pairs],
    )
