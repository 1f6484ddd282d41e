"""Images of a dataset or of a set, as one array; every image is checked against the manifest.

Shapes in names: N images, C channels, H/W pixels.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from efface.data.images import decode, to_array
from efface.data.manifest import read_manifest
from efface.data.shards import SHARD_COLUMNS, checked, read_sample
from efface.errors import DataError
from efface.storage import Reader, open_store

WHOLE_SHARD_ABOVE = 0.25
"""Share of a shard's images above which the shard is read as a whole rather than image by image."""


def read_images(
    set_folder: str | Path,
    *,
    size: int,
    channels: int,
    limit: int | None = None,
    rows: Sequence[int] | None = None,
) -> tuple[npt.NDArray[np.uint8], pa.Table]:
    """Read images of a set or of a dataset, and the manifest rows that belong to them.

    Args:
        set_folder: Folder or s3:// place of ``manifest.parquet``.
        size: Height and width of the result in pixels.
        channels: 1 or 3.
        limit: Take the ``limit`` images of lowest rank (a dataset has no rank: the first ones).
        rows: Numbers of the manifest rows to choose from; None for all.

    Returns:
        uint8 ``(N, C, size, size)`` and the manifest's rows, in the same order: that of
        ``rows``, or of rank when there is a ``limit``.

    Raises:
        DataError: the manifest is wrong, or an image is not what the manifest promises; names shard
            and sample.
        InputError: no manifest or no shard there.
    """
    store = open_store(str(set_folder))
    manifest = read_manifest(store)
    chosen = manifest if rows is None else manifest.take(pa.array(rows, pa.int64()))
    if limit is not None:
        chosen = lowest_ranks(chosen, limit)
    sizes = shard_sizes(manifest)
    return read_rows(store, chosen, size=size, channels=channels, shard_sizes=sizes), chosen


def lowest_ranks(manifest: pa.Table, limit: int) -> pa.Table:
    """The ``limit`` rows of lowest rank, in that order; a dataset has no rank: the first ones."""
    if "rank" in manifest.column_names:
        manifest = manifest.sort_by("rank")
    return manifest.slice(0, limit)


def shard_sizes(manifest: pa.Table) -> dict[str, int]:
    """Shard -> number of its images."""
    return dict(Counter(manifest["shard"].to_pylist()))


def read_rows(
    store: Reader, rows: pa.Table, *, size: int, channels: int, shard_sizes: dict[str, int]
) -> npt.NDArray[np.uint8]:
    """The images of some manifest rows as uint8 ``(N, C, size, size)``, in the order of the rows.

    Raises:
        DataError: see ``read_images``.
        InputError: a shard does not exist.
    """
    images_NCHW = np.empty((rows.num_rows, channels, size, size), np.uint8)

    def fill(number: int, row: dict[str, Any], content: bytes) -> None:
        images_NCHW[number] = to_array(_decode_row(content, row), size, channels)

    for_each_image(store, rows, fill, shard_sizes=shard_sizes)
    return images_NCHW


def for_each_image(
    store: Reader,
    rows: pa.Table,
    use: Callable[[int, dict[str, Any], bytes], None],
    *,
    shard_sizes: dict[str, int],
) -> None:
    """Call ``use(number, row, bytes)`` for each row, from several threads; bytes are checked.

    Raises:
        DataError: an image is not what the manifest promises.
        InputError: a shard does not exist.
    """
    numbered = sorted(
        enumerate(rows.select(SHARD_COLUMNS).to_pylist()), key=lambda pair: str(pair[1]["shard"])
    )
    with ThreadPoolExecutor(max_workers=min(8, 2 * (os.cpu_count() or 1))) as pool:
        for shard, group in groupby(numbered, key=lambda pair: str(pair[1]["shard"])):
            pairs = list(group)
            whole = len(pairs) > WHOLE_SHARD_ABOVE * shard_sizes[shard]
            content = store.read(shard) if whole else None

            def work(pair: tuple[int, dict[str, Any]], content: bytes | None = content) -> None:
                number, row = pair
                use(number, row, _one_image(store, row, content))

            for _ in pool.map(work, pairs, chunksize=16):
                pass


def _one_image(store: Reader, row: dict[str, Any], shard: bytes | None) -> bytes:
    if shard is None:
        return read_sample(store, row)
    return checked(shard[row["offset"] : row["offset"] + row["length"]], row)


def _decode_row(content: bytes, row: dict[str, Any]) -> Any:
    try:
        return decode(content)
    except DataError as error:
        raise DataError(f"shard {row['shard']}, sample {row['sample_id']!r}: {error}") from None
