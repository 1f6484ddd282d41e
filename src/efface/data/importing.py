"""Import: a folder of images and a table of whose they are, to a dataset that efface can work on.

The images are packed by several processes, a chunk each. A finished chunk leaves a note beside the
new dataset, so an import that was killed goes on where it was when it is started again. The
manifest is written last.
"""

import csv
import io
import logging
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa

from efface.data.chunks import (
    NOTES,
    SHARDS,
    Chunk,
    Done,
    Rejected,
    is_note,
    is_shard,
    make_chunks,
    pack_chunk,
    read_note,
)
from efface.data.manifest import NAME, SCHEMA, bytes_to_manifest, write_manifest
from efface.data.table import Line, read_table
from efface.errors import ConfigError, DataError, InfrastructureError
from efface.progress import track
from efface.storage import Store, open_store

log = logging.getLogger(__name__)

REJECTED = "rejected.csv"
"""Lines of the table that are not in the dataset, and why; beside the manifest."""
_HEADER = b"line,sample,reason\n"
"""How such a list begins."""


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """What became of the lines of the table."""

    place: str
    """Where the dataset is."""
    samples: int
    """Images in the dataset."""
    subjects: int
    """Different subjects in it."""
    shards: int
    resumed: int
    """Images that an earlier, killed import had already packed."""
    rejected: list[Rejected]
    """Also in ``rejected.csv`` at the place."""


def import_images(
    source: str, table: Path, out: str, *, workers: int | None = None, samples_per_shard: int = 1000
) -> ImportResult:
    """Import images into a dataset; started again after a kill, it goes on.

    Args:
        source: Folder or s3://bucket/prefix of the images.
        table: CSV file, see ``efface.data.table``.
        out: Folder or s3://bucket/prefix of the dataset; one that is there stays whole until the
            new one is, and is then replaced.
        workers: Processes; None for one a CPU.
        samples_per_shard: Images in a shard, at most; large images make smaller shards.

    Raises:
        ConfigError: no workers.
        DataError: the table is wrong, not one image could be read, the note of a killed import is
            damaged, or the place holds a rejected.csv of somebody's own.
        InputError: the source or the place cannot be used.
        InfrastructureError: storage failed; start again to go on.
    """
    if workers is not None and workers < 1:
        raise ConfigError(f"{workers} workers: give at least 1, or nothing for one a CPU")
    lines = read_table(table)
    _check_source(open_store(source), lines)
    store = open_store(out)
    _check_target(store)
    done = _pack(store, make_chunks(source, out, lines, samples_per_shard), workers)
    rows = [row for chunk in done for row in chunk.rows]
    rejected = sorted((r for chunk in done for r in chunk.rejected), key=lambda r: r.line)
    if rejected:
        store.write(REJECTED, _rejected_to_csv(rejected))
        log.warning("event=rejected images=%d list=%s/%s", len(rejected), store.place, REJECTED)
    else:
        store.delete(REJECTED)
    if not rows:
        _drop_notes(store)
        raise DataError(
            f"none of the {len(lines)} images could be imported, the first because: "
            f"{rejected[0].reason}; all are listed in {store.place}/{REJECTED}"
        )
    manifest = pa.Table.from_pylist(rows, schema=SCHEMA)
    former = _former_shards(store)
    write_manifest(store, manifest)
    _drop_notes(store)  # before the shards: a note promises that its shards are there
    for shard in sorted(former - set(manifest["shard"].to_pylist())):
        store.delete(shard)
    return ImportResult(
        place=store.place,
        samples=len(rows),
        subjects=len(set(manifest["subject_id"].to_pylist())),
        shards=len(set(manifest["shard"].to_pylist())),
        resumed=sum(len(chunk.rows) for chunk in done if chunk.resumed),
        rejected=rejected,
    )


def _check_source(source: Store, lines: list[Line]) -> None:
    """Tell a wrong source from wrong images before all of them are tried."""
    if not source.place.startswith("s3://") and not Path(source.place).is_dir():
        raise DataError(
            f"source {source.place} is not a folder: give the folder that the samples are in"
        )
    source.exists(lines[0].sample)


def _pack(store: Store, chunks: list[Chunk], workers: int | None) -> list[Done]:
    """Pack the chunks that no earlier import has packed; all of them, in order."""
    noted = set(store.list(NOTES))
    done = {chunk.number: read_note(store, chunk) for chunk in chunks if chunk.note in noted}
    waiting = [chunk for chunk in chunks if chunk.number not in done]
    with track("import", total=sum(len(chunk.lines) for chunk in chunks)) as progress:
        progress.advance(sum(len(chunk.lines) for chunk in chunks if chunk.number in done))
        for chunk, packed in _run(waiting, workers or os.cpu_count() or 1):
            done[chunk.number] = packed
            progress.advance(len(chunk.lines))
    return [done[chunk.number] for chunk in chunks]


def _run(chunks: list[Chunk], workers: int) -> Iterator[tuple[Chunk, Done]]:
    if workers == 1 or len(chunks) < 2:
        yield from ((chunk, pack_chunk(chunk)) for chunk in chunks)
        return
    # Forking a process that has threads (boto3, the progress bar) can deadlock.
    pool = ProcessPoolExecutor(min(workers, len(chunks)), mp_context=get_context("spawn"))
    try:
        running = {pool.submit(pack_chunk, chunk): chunk for chunk in chunks}
        for future in as_completed(running):
            yield running.pop(future), future.result()
    except BrokenProcessPool as error:
        raise InfrastructureError(
            "an import process was killed, perhaps for want of memory: start again with fewer "
            "workers or smaller shards; it goes on where it was"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _former_shards(store: Store) -> set[str]:
    """Shards of the dataset that was here, and of imports that were given up."""
    found = {key for key in store.list(SHARDS) if is_shard(key)}
    if not store.exists(NAME):
        return found
    try:
        named = bytes_to_manifest(store.read(NAME)).column("shard").to_pylist()
    except DataError:
        return found
    return found | {key for key in named if key.startswith(SHARDS) and key.endswith(".tar")}


def _drop_notes(store: Store) -> None:
    for key in filter(is_note, store.list(NOTES)):
        store.delete_all(key)  # with the folder, once it is empty


def _check_target(store: Store) -> None:
    """Refuse a target whose list of rejected images is somebody's own."""
    if store.exists(REJECTED) and not store.read(REJECTED).startswith(_HEADER):
        raise DataError(
            f"{store.place}/{REJECTED} was not written by an import, which would replace it: move "
            "it, or give another place for the dataset"
        )


def _rejected_to_csv(rejected: list[Rejected]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=["line", "sample", "reason"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(entry) for entry in rejected)
    return text.getvalue().encode()
