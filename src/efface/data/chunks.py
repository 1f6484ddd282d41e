"""One chunk of an import: images are read, checked and packed; a note says that it is done."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from efface.data.images import read_image
from efface.data.manifest import SCHEMA
from efface.data.shards import Sample, pack_shard
from efface.data.table import Line
from efface.errors import DataError, InputError
from efface.files import sha256_bytes
from efface.storage import Store, open_store

NOTES = "import/"
"""Where the notes are, beside the new manifest; gone when the import is done."""
LARGEST_SHARD = 256 * 2**20
"""Bytes of images after which a new shard is begun; bounds the memory of a process."""
SHARDS = "shards/"
"""Where the shards are; a name tells the content, so no shard of another import is written over."""
_NOTE = re.compile(rf"{NOTES}\d{{5,}}-[0-9a-f]{{16}}\.json")
_SHARD = re.compile(rf"{SHARDS}\d{{5,}}(-\d+)?-[0-9a-f]{{16}}\.tar")
_VERSION = 1
_READERS = 8
"""Threads that read images at the same time: storage that is far away answers slowly."""


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A line of the table whose image is not in the dataset."""

    line: int
    """In the table, counted from 1."""
    sample: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Neighbouring lines of the sorted table."""

    number: int
    source: str
    out: str
    lines: list[Line]

    @property
    def note(self) -> str:
        """Key of the note; another source or other lines have another."""
        content = json.dumps([_VERSION, self.source, [asdict(line) for line in self.lines]])
        return f"{NOTES}{self.number:05d}-{_short_hash(content.encode())}.json"


@dataclass(frozen=True, kw_only=True)
class Done:
    """A packed chunk."""

    rows: list[dict[str, Any]]
    """Rows of the manifest."""
    rejected: list[Rejected]
    resumed: bool = False
    """Whether an earlier import packed it."""


def make_chunks(source: str, out: str, lines: list[Line], size: int) -> list[Chunk]:
    """Cut the lines into chunks of ``size``.

    Raises:
        DataError: ``size`` is below 1.
    """
    if size < 1:
        raise DataError(f"{size} samples a shard: give at least 1")
    return [
        Chunk(number=number, source=source, out=out, lines=lines[first : first + size])
        for number, first in enumerate(range(0, len(lines), size))
    ]


def pack_chunk(chunk: Chunk) -> Done:
    """Write the shards of a chunk, then its note.

    Raises:
        InputError: the place cannot be used.
        InfrastructureError: storage failed.
    """
    store = open_store(chunk.out)
    rows: list[dict[str, Any]] = []
    rejected: list[Rejected] = []
    waiting: list[tuple[Line, Sample, tuple[int, int]]] = []
    parts = 0
    for line, found in _read_all(chunk):
        if isinstance(found, str):
            rejected.append(Rejected(line=line.number, sample=line.sample, reason=found))
            continue
        waiting.append((line, *found))
        if sum(len(sample.image) for _, sample, _ in waiting) >= LARGEST_SHARD:
            rows += _write_shard(store, chunk, parts, waiting)
            waiting, parts = [], parts + 1
    if waiting:
        rows += _write_shard(store, chunk, parts, waiting)
    note = {"version": _VERSION, "rows": rows, "rejected": [asdict(entry) for entry in rejected]}
    store.write(chunk.note, json.dumps(note).encode())
    return Done(rows=rows, rejected=rejected)


def read_note(store: Store, chunk: Chunk) -> Done:
    """What an earlier import did with the same chunk.

    Raises:
        DataError: the note is damaged.
    """
    try:
        note = json.loads(store.read(chunk.note))
        rows = pa.Table.from_pylist(note["rows"], schema=SCHEMA)
        if any(column.null_count for column in rows.columns):
            raise ValueError("a row lacks a field")
        rejected = [_read_rejected(entry) for entry in note["rejected"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{store.place}/{chunk.note}, which an earlier import left, is damaged "
            f"({type(error).__name__}: {error}): delete it and import again; its "
            "images are packed anew"
        ) from None
    return Done(rows=rows.to_pylist(), rejected=rejected, resumed=True)


def _read_rejected(entry: dict[str, Any]) -> Rejected:
    line, sample, reason = int(entry["line"]), str(entry["sample"]), str(entry["reason"])
    return Rejected(line=line, sample=sample, reason=reason)


def is_note(key: str) -> bool:
    """Whether a file of the target is the note of an import, of this one or another."""
    return bool(_NOTE.fullmatch(key))


def is_shard(key: str) -> bool:
    """Whether a file of the target has the name of an import's shard."""
    return bool(_SHARD.fullmatch(key))


def _read_all(chunk: Chunk) -> Iterator[tuple[Line, tuple[Sample, tuple[int, int]] | str]]:
    """Each line with its image and size, or the reason why there is none; few are in memory."""
    source = open_store(chunk.source)

    def read(line: Line) -> tuple[Line, tuple[Sample, tuple[int, int]] | str]:
        try:
            content = source.read(line.sample)
            image, extension = read_image(content)
        except InputError as error:
            return line, str(error)
        return line, (Sample(line.sample, content, extension), image.size)

    with ThreadPoolExecutor(_READERS) as pool:
        for first in range(0, len(chunk.lines), 4 * _READERS):
            yield from pool.map(read, chunk.lines[first : first + 4 * _READERS])


def _write_shard(
    store: Store, chunk: Chunk, part: int, samples: list[tuple[Line, Sample, tuple[int, int]]]
) -> list[dict[str, Any]]:
    content, entries = pack_shard(sample for _, sample, _ in samples)
    number = f"{chunk.number:05d}{f'-{part}' if part else ''}"
    name = f"{SHARDS}{number}-{_short_hash(content)}.tar"
    store.write(name, content)
    places = {entry.sample_id: entry for entry in entries}
    rows = []
    for line, _, (width, height) in samples:
        entry = places[line.sample]
        rows.append(
            {
                "sample_id": entry.sample_id,
                "subject_id": line.subject,
                "rights_holder": line.rights_holder,
                "shard": name,
                "offset": entry.offset,
                "length": entry.length,
                "sha256": entry.sha256,
                "width": width,
                "height": height,
                "split": line.split,
            }
        )
    return rows


def _short_hash(content: bytes) -> str:
    return sha256_bytes(content)[:16]
