"""The shard step: from a batch of tickets to the sets of a run, as tar shards with manifests.

What the sets are is told in ``efface.data.sets``. Everything is written into a folder of its own
that is renamed when it is whole, so a killed step is simply run again.
"""

import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from efface.data.forgetting import assign_tickets, read_forget, subjects_of
from efface.data.likeness import Embed, compare
from efface.data.manifest import NAME, bytes_to_manifest
from efface.data.parts import parts_to_score
from efface.data.proxy import Source, with_proxy, without_proxy
from efface.data.set_settings import ShardSettings, parse_settings
from efface.data.sets import Likeness, Rows, choose_candidates, plan_sets
from efface.data.writing import About, write_set
from efface.errors import ConfigError, DataError
from efface.evidence.purge import will_write
from efface.files import sha256_bytes, whole_folder
from efface.gate.foresight import out_of_reach
from efface.gate.policy import Policy
from efface.gate.reading import read_policy
from efface.progress import track
from efface.settings import read_settings
from efface.steps.handover.batch_file import BATCH, read_batch
from efface.steps.handover.output_folder import check_output
from efface.steps.handover.sets_file import FILE, write_sets
from efface.storage import Reader, open_store
from efface.storage.local import left_by_killed_writers
from efface.tickets.subjects import hash_subject, key_id

log = logging.getLogger(__name__)

_EMBED_BATCH = 128


def run(
    *,
    batch: Path,
    policy: str,
    run_id: str,
    workspace: str,
    settings: dict[str, Any],
    out: Path,
    embed: Embed | None = None,
) -> list[str]:
    """Write the sets.

    Args:
        batch: Folder that intake wrote.
        policy: Path of the policy.
        run_id: Name of this run.
        workspace: Place shared by the steps of the run.
        settings: Fields of ``ShardSettings``; {} for the defaults.
        out: Folder to write: sets.json, and for each set manifest.parquet and shards.
        embed: Images to features; None for the policy's distance extractor.

    Returns:
        Names of the parts to score, one for each evaluate task: a shard, or shards joined by +.

    Raises:
        ConfigError: a setting, the policy or the subject key is wrong, or ``out`` holds something
            else.
        DataError: the dataset is wrong or not that of the batch, or a set is empty.
        InputError: the batch, the dataset or a shard is absent.
        InfrastructureError: storage or the disk failed.
    """
    how, rules = parse_settings(settings), read_policy(policy)
    asked = read_batch(batch / BATCH)
    _check_key(asked)
    forget = read_forget(batch / "forget.parquet")
    check_output(out, marker=FILE, inputs=[batch, policy, asked["dataset"], how.proxy])
    source = _source(asked, forget, how)
    manifest = source.manifest
    plan, like = _plan(source, forget, how, rules, embed)
    about = About(
        subjects=_hash_all(manifest["subject_id"].unique().to_pylist()),
        tickets=assign_tickets(forget),
        similarity_N=like.similarity_N,
    )
    _clear_leftovers(out)
    will_write(workspace, run_id, str(out))
    with whole_folder(out) as folder:
        entries = _write_sets(source.store, manifest, plan, about, folder, how.samples_per_shard)
        content = {
            "dataset_sha256": asked["dataset_sha256"],
            "seed": rules.evaluation.seed,
            "sets": entries,
            "near_duplicates": int(like.duplicate_N.sum()),
            "proxy_copies": int(like.leak_N.sum()),
            "tickets": subjects_of(forget),
        }
        write_sets(folder, content)
    sizes = " ".join(f"{name}={len(rows)}" for name, rows in plan.items())
    found = f"near_duplicates={content['near_duplicates']} proxy_copies={content['proxy_copies']}"
    log.info("sets=written %s %s", found, sizes)
    for told in out_of_reach(rules, {name: len(rows) for name, rows in plan.items()}):
        log.warning("%s", told)
    return parts_to_score(entries, rules.evaluation.max_images, how.shards_per_task)


def _check_key(asked: dict[str, Any]) -> None:
    """Under another key the subjects of the sets are not those of the tickets."""
    known = asked.get("key_id")
    if known is not None and known != key_id(read_settings().subject_key):
        raise ConfigError(
            "EFFACE_SUBJECT_KEY is another than intake had: give every step of a run the same key"
        )


def _source(asked: dict[str, Any], forget: pa.Table, how: ShardSettings) -> Source:
    store = open_store(asked["dataset"])
    manifest = _read_dataset(store, asked["dataset_sha256"])
    if not how.proxy:
        return without_proxy(store, manifest)
    ids = set(forget["sample_id"].to_pylist())
    return with_proxy(store, manifest, ids, proxy=how.proxy, split=how.proxy_split or "train")


def _plan(
    source: Source,
    forget: pa.Table,
    how: ShardSettings,
    rules: Policy,
    embed: Embed | None,
) -> tuple[dict[str, Rows], Likeness]:
    seed, ids = rules.evaluation.seed, set(forget["sample_id"].to_pylist())
    limit = how.retain_limit or None
    candidates = choose_candidates(
        source.manifest, ids, seed=seed, retain_limit=limit, is_proxy_N=source.is_proxy_N
    )
    embed = embed or _extractor(rules)
    like = compare(source.store, source.manifest, candidates, embed, threshold=how.near_duplicate)
    plan = plan_sets(
        source.manifest, candidates, like, seed=seed, neighbours=how.neighbours, control=how.control
    )
    return plan, like


def _write_sets(
    source: Reader,
    manifest: pa.Table,
    plan: dict[str, Rows],
    about: About,
    folder: Path,
    samples_per_shard: int,
) -> dict[str, Any]:
    with track("write the sets", total=sum(map(len, plan.values()))) as progress:
        return {
            name: write_set(
                source,
                manifest,
                rows,
                about,
                folder / name,
                samples_per_shard=samples_per_shard,
                progress=progress,
            )
            for name, rows in plan.items()
        }


def _read_dataset(source: Reader, expected: str) -> pa.Table:
    content = source.read(NAME)
    if sha256_bytes(content) != expected:
        raise DataError(
            f"the dataset {source.place} has changed since intake (other sha256 of its "
            "manifest): start a new run"
        )
    return bytes_to_manifest(content, where=f"{source.place}/{NAME}")


def _extractor(policy: Policy) -> Embed:
    """The policy's distance extractor as a function on arrays."""
    import torch

    from efface.metrics.extractors import load_extractor
    from efface.training.device import pick_device

    device = pick_device()
    extractor = load_extractor(policy.extractors["distance"], policy.folder)
    extractor.to(device)

    def embed(images_NCHW: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        blocks = []
        for first in range(0, len(images_NCHW), _EMBED_BATCH):
            images = torch.from_numpy(images_NCHW[first : first + _EMBED_BATCH]).float() / 255
            with torch.inference_mode():
                blocks.append(extractor.embed(images.to(device)).float().cpu().numpy())
        return np.concatenate(blocks)

    return embed


def _hash_all(subjects: list[str]) -> dict[str, str]:
    key = read_settings().subject_key
    return {subject: hash_subject(key, subject) for subject in subjects}


def _clear_leftovers(out: Path) -> None:
    """Remove what a killed attempt at the same folder left half-written: it holds forget images."""
    for leftover in left_by_killed_writers(out):
        shutil.rmtree(leftover, ignore_errors=True)
