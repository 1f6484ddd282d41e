"""Write the sets of a run: for each a folder of shards and a manifest, and what a run must know."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from efface.data.images import sniff_extension
from efface.data.manifest import SET_SCHEMA, write_manifest
from efface.data.reading import for_each_image, shard_sizes
from efface.data.sets import Rows, fingerprint
from efface.data.shards import Entry, Sample, pack_shard
from efface.files import sha256_bytes
from efface.progress import Progress
from efface.storage import LocalStore, Reader

LARGEST_SHARD = 256 * 2**20
"""Bytes of images in a shard, about, whatever number of images was asked for."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What the rows of a set say beyond the dataset's manifest."""

    subjects: Mapping[str, str]
    """Subject id -> keyed hash."""
    tickets: Mapping[str, str]
    """Sample id -> ticket id, for forget images."""
    similarity_N: npt.NDArray[np.float32]
    """For every row of the dataset's manifest."""


def write_set(
    source: Reader,
    manifest: pa.Table,
    rows: Rows,
    about: About,
    folder: Path,
    *,
    samples_per_shard: int,
    progress: Progress,
) -> dict[str, Any]:
    """Copy images into a set's own shards, in the order of ``rows``, which becomes their rank.

    Returns:
        The set's entry for sets.json: samples, fingerprint, shards.

    Raises:
        DataError: an image is damaged.
        InputError: a shard of the dataset does not exist.
        InfrastructureError: the disk is full.
    """
    target = LocalStore(folder)
    sizes = shard_sizes(manifest)
    size = shard_size(manifest.take(rows), samples_per_shard)
    shards, written = [], []
    for first in range(0, len(rows), size):
        part = manifest.take(rows[first : first + size])
        name = f"{first // size:05d}.tar"
        content, entries = pack_shard(_samples(source, part, sizes))
        target.write(name, content)
        written += _rows(part, rows[first : first + size], first, name, entries, about)
        shards.append(
            {
                "name": f"{folder.name}-{first // size:05d}",
                "path": f"{folder.name}/{name}",
                "sha256": sha256_bytes(content),
                "samples": len(entries),
            }
        )
        progress.advance(len(entries))
    write_manifest(target, pa.Table.from_pylist(written, schema=SET_SCHEMA), SET_SCHEMA)
    digest = fingerprint(manifest, rows)
    return {"samples": len(rows), "fingerprint": digest, "shards": shards}


def shard_size(rows: pa.Table, samples_per_shard: int) -> int:
    """Images in a shard: as many as asked for, fewer when they are large."""
    average = float(np.mean(rows["length"].to_numpy()))
    return max(1, min(samples_per_shard, int(LARGEST_SHARD / average)))


def _samples(source: Reader, part: pa.Table, sizes: dict[str, int]) -> list[Sample]:
    samples: list[Sample] = []

    def take(_: int, row: dict[str, Any], content: bytes) -> None:
        samples.append(Sample(row["sample_id"], content, sniff_extension(content)))

    for_each_image(source, part, take, shard_sizes=sizes)
    return samples


def _rows(
    part: pa.Table, numbers: Rows, first: int, shard: str, entries: list[Entry], about: About
) -> list[dict[str, Any]]:
    places = {entry.sample_id: entry for entry in entries}
    rows = []
    for position, (row, number) in enumerate(zip(part.to_pylist(), numbers, strict=True)):
        entry = places[row["sample_id"]]
        row |= {"subject_id": about.subjects[row["subject_id"]], "rights_holder": ""}
        row |= {"shard": shard, "offset": entry.offset, "length": entry.length}
        row |= {
            "ticket_id": about.tickets.get(row["sample_id"], ""),
            "similarity": float(about.similarity_N[number]),
            "rank": first + position,
        }
        rows.append(row)
    return rows
