"""Tickets about some subjects of a dataset, and datasets without them."""

import json
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from efface.data.manifest import read_manifest, write_manifest
from efface.errors import ConfigError
from efface.files import sha256_bytes, write_json
from efface.storage import LocalStore, open_store


def choose_subjects(dataset: str, count: int) -> list[str]:
    """``count`` subjects of the train split, by hash of their names, or half of all there are."""
    manifest = read_manifest(open_store(dataset))
    train = manifest.filter(pc.equal(manifest["split"], "train"))
    names = train["subject_id"].unique().to_pylist()
    limit = max(1, min(count, len(names) // 2))
    return sorted(names, key=lambda name: sha256_bytes(name.encode()))[:limit]


def write_subject_ticket(dataset: str, folder: Path, count: int) -> tuple[Path, int]:
    """A ticket about ``count`` subjects; gives its path and how many it names."""
    subjects = choose_subjects(dataset, count)
    return write_ticket(folder, subjects), len(subjects)


def write_ticket(folder: Path, subjects: list[str]) -> Path:
    """A ticket about these subjects; the same ticket for the same subjects."""
    digest = sha256_bytes(json.dumps(subjects).encode())
    path = folder / "tickets" / f"{digest[:16]}.json"
    identities = [
        {"identity_type": "subject_id", "identity_value": name, "identity_format": "raw"}
        for name in subjects
    ]
    content = {
        "api_version": "2.0",
        "subject_request_id": f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-"
        f"{digest[20:32]}",
        "subject_request_type": "erasure",
        "regulation": "gdpr",
        "submitted_time": "2026-01-01T00:00:00Z",
        "subject_identities": identities,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, content)
    return path


def dataset_without(dataset: str, folder: Path, subjects: list[str]) -> str:
    """A dataset without some subjects, whose shards are those of ``dataset``; gives its place.

    Raises:
        ConfigError: the dataset is not a local folder.
    """
    if "://" in dataset:
        raise ConfigError(f"dataset {dataset}: this table needs a local copy of it")
    source = Path(dataset).resolve()
    manifest = read_manifest(open_store(dataset))
    left = manifest.filter(pc.invert(pc.is_in(manifest["subject_id"], pa.array(subjects))))
    target = folder / "datasets" / sha256_bytes(json.dumps([str(source), subjects]).encode())[:16]
    target.mkdir(parents=True, exist_ok=True)
    for shard in left["shard"].unique().to_pylist():
        link = target / shard
        link.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # made before, or by another process just now
            link.symlink_to((source / shard).resolve())
    write_manifest(LocalStore(target), left)
    return str(target)
