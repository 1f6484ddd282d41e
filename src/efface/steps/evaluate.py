"""evaluate: score one shard with both models, down to mergeable statistics."""

import hashlib
import logging
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import torch

from efface.data.manifest import read_manifest
from efface.data.reading import read_images
from efface.errors import InputError
from efface.evaluation.reference_cache import open_cache
from efface.evaluation.scoring import Scorer, ShardImages, score_shard
from efface.evaluation.statistics_file import write_statistics
from efface.evidence.purge import will_write
from efface.gate.policy import Policy
from efface.gate.reading import read_policy
from efface.metrics.extractors import load_extractor
from efface.models.checkpoint import fingerprint, load_pair
from efface.models.protocol import ImageToImageModel
from efface.settings import read_settings
from efface.steps.handover.sets_file import read_sets
from efface.storage import open_store
from efface.training.device import move, pick_device

log = logging.getLogger(__name__)

HELD_OUT = ("forget", "control", "holdout")
"""Sets that are scored with the held-out masks too."""


def run(
    *,
    shard: str,
    sets: Path,
    before: Path,
    after: Path,
    policy: str,
    run_id: str,
    workspace: str,
    out: Path,
) -> int:
    """Score one shard, or several.

    Args:
        shard: name of a shard, or names joined by +, one of those that the shard step returned.
        sets: folder that the shard step wrote.
        before: folder of the model in service.
        after: folder of the unlearned model.
        policy: path of the policy.
        run_id: name of the run.
        workspace: place shared by the steps of the run.
        out: file to write the statistics to.

    Returns:
        Images scored.

    Raises:
        InputError: an unknown shard, policy, sets, models or extractors that are wrong, or a folder
            at ``out``.
    """
    checked = read_policy(policy)
    if out.is_dir():
        raise InputError(f"cannot write {out}: it is a folder; give the path of a file")
    will_write(workspace, run_id, str(out))
    scorer = _make_scorer(before, after, checked)
    root = read_settings().home / "cache" / "reference"
    found = []
    for place in _find(sets, shard.split("+")):
        given = _read(sets, place, checked, scorer.before)
        cache = open_cache(root, place.set, place.set_fingerprint)
        found.append(score_shard(given, scorer, masks_of(checked, place.set), cache))
    write_statistics(out, found)
    return sum(len(one.sample_id) for one in found)


def masks_of(policy: Policy, set_name: str) -> list[str]:
    """Masks that a set is scored with, each once."""
    held_out = policy.masks.held_out if set_name in HELD_OUT else []
    return list(dict.fromkeys([*policy.masks.score, *held_out]))


class Place(NamedTuple):
    """Where a shard is."""

    shard: str
    set: str
    set_fingerprint: str
    path: str
    """Relative to the folder of the set."""


def _find(sets: Path, names: list[str]) -> list[Place]:
    plan = read_sets(sets)
    places = {
        one["name"]: Place(
            one["name"], set_name, entry["fingerprint"], one["path"].removeprefix(f"{set_name}/")
        )
        for set_name, entry in plan["sets"].items()
        for one in entry["shards"]
    }
    if unknown := [name for name in names if name not in places]:
        raise InputError(f"shard {unknown[0]!r} is not in {sets}: use one of {', '.join(places)}")
    return [places[name] for name in names]


def _make_scorer(before: Path, after: Path, policy: Policy) -> Scorer:
    device = pick_device()
    old, new = load_pair(before, after)
    extractors = {
        role: load_extractor(spec, policy.folder) for role, spec in policy.extractors.items()
    }
    for model in (old, new):
        move(model, device)
    for extractor in extractors.values():
        extractor.to(device)
    return Scorer(
        before=old,
        after=new,
        before_fingerprint=fingerprint(before),
        after_fingerprint=fingerprint(after),
        extractors=extractors,
        seed=policy.evaluation.seed,
        device=device,
    )


def _read(sets: Path, place: Place, policy: Policy, model: ImageToImageModel) -> ShardImages:
    """Images of the shard that are among the set's lowest ranks."""
    folder = sets / place.set
    manifest = read_manifest(open_store(str(folder)))
    chosen = rows_to_score(manifest, place.path, policy.evaluation.max_images.get(place.set))
    images, rows = read_images(folder, size=model.image_size, channels=model.channels, rows=chosen)
    hashes = "\n".join(rows["sha256"].to_pylist())
    return ShardImages(
        shard=place.shard,
        set=place.set,
        set_fingerprint=place.set_fingerprint,
        fingerprint=hashlib.sha256(hashes.encode()).hexdigest(),
        images_NCHW=torch.from_numpy(images),
        sample_id=rows["sample_id"].to_pylist(),
        subject=rows["subject_id"].to_pylist(),
        ticket=rows["ticket_id"].to_pylist(),
    )


def rows_to_score(manifest: pa.Table, path: str, limit: int | None) -> list[int]:
    """Numbers of one shard's rows that are among the ``limit`` lowest ranks of the set."""
    rank = manifest["rank"].to_numpy()
    taken = set(rank.argsort(kind="stable")[:limit].tolist())
    here = pc.equal(manifest["shard"], path).to_numpy()
    return [row for row in here.nonzero()[0].tolist() if row in taken]
