"""The folders of a tiny run: sets, two checkpoints, a policy with its extractors."""

import io
from pathlib import Path

import pyarrow as pa
from PIL import Image

from efface.data.manifest import SET_SCHEMA, write_manifest
from efface.data.shards import Sample, pack_shard
from efface.metrics.extractors.small_cnn import save
from efface.models.checkpoint import save_model
from efface.steps.handover.sets_file import write_sets
from efface.storage import LocalStore
from tests.tiny import tiny_images, tiny_mae
from tests.tiny_evaluation import tiny_network

POLICY = """
version: 1
name: tiny
extractors:
  distance: {{uri: "small-cnn:tower", {tower}}}
  fid: {{uri: "small-cnn:classifier", {classifier}}}
masks: {{train: ["centre:2x2"], score: ["centre:2x2"], held_out: ["outpaint:2x2"]}}
evaluation: {{seed: 0, max_images: {{holdout: 15}}}}
rules:
  forget-distance-rises: {{minimum_rise: 0.05}}
  retain-fid: {{relative: 0.05, absolute: 40}}
"""
SIZES = {"forget": 12, "retain": 20, "holdout": 18}


def make_run(folder: Path) -> dict[str, Path | str]:
    """Write everything; returns the arguments that evaluate and merge share."""
    hashes = {}
    for task in ("tower", "classifier"):
        pins = save(tiny_network(task), folder / task)
        hashes[task] = ", ".join(f'{name}: "{digest}"' for name, digest in pins.items())
    (folder / "policy.yaml").write_text(POLICY.format(**hashes))
    for seed, side in enumerate(("before", "after")):
        save_model(tiny_mae(seed), folder / side, {})
    plan = {name: _write_set(folder / "sets" / name, size) for name, size in SIZES.items()}
    subjects = [f"subject-{number}" for number in range(3)]
    content = {"sets": plan, "near_duplicates": 2, "tickets": {"t1": subjects}}
    write_sets(folder / "sets", {**content, "dataset_sha256": "d" * 64})
    return {
        "sets": folder / "sets",
        "before": folder / "before",
        "after": folder / "after",
        "policy": str(folder / "policy.yaml"),
    }


def _write_set(folder: Path, size: int) -> dict[str, object]:
    store, rows, shards = LocalStore(folder), [], []
    images = tiny_images(size, seed=len(folder.name))
    for number, first in enumerate(range(0, size, 10)):
        ids = {f"{folder.name}-{i}": images[i] for i in range(first, min(first + 10, size))}
        samples = [Sample(name, _png(pixels[0].numpy()), "png") for name, pixels in ids.items()]
        content, entries = pack_shard(samples)
        shard = f"{number:05d}.tar"
        store.write(shard, content)
        name = f"{folder.name}-{number:05d}"
        shards.append({"name": name, "path": f"{folder.name}/{shard}", "samples": len(samples)})
        for entry in entries:
            rows.append(_row(entry, shard, int(entry.sample_id.split("-")[1])))
    write_manifest(store, pa.Table.from_pylist(rows, schema=SET_SCHEMA), SET_SCHEMA)
    return {"samples": size, "fingerprint": f"print-{folder.name}", "shards": shards}


def _row(entry: object, shard: str, number: int) -> dict[str, object]:
    place = {name: getattr(entry, name) for name in ("sample_id", "offset", "length", "sha256")}
    whose = {"subject_id": f"subject-{number % 3}", "rights_holder": "", "ticket_id": ""}
    size = {"width": 16, "height": 16, "split": "train", "similarity": 0.0, "rank": number}
    return {**place, **whose, **size, "shard": shard}


def _png(pixels: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()
