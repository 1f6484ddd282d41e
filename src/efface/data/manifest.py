"""The dataset manifest: one row a sample, in Parquet, beside the shards it points into.

A dataset is a folder (local or s3://) with ``manifest.parquet`` and ``shards/*.tar``. The sets that
the shard step writes are datasets too, with three more columns.
"""

import io
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from efface.errors import DataError
from efface.storage import Store

NAME = "manifest.parquet"
VERSION = "1"
"""Kept in the Parquet schema's metadata under the key ``efface.manifest.version``."""
SPLITS = ("train", "holdout", "control")
"""train: the model in service saw it. holdout, control: it did not."""

SCHEMA = pa.schema(
    [
        ("sample_id", pa.string()),  # unique within the dataset
        ("subject_id", pa.string()),  # who is in the picture; in sets: keyed hash
        ("rights_holder", pa.string()),  # who owns the picture; in sets: empty
        ("shard", pa.string()),  # path of the tar, relative to the manifest
        ("offset", pa.int64()),  # first byte of the image within the tar
        ("length", pa.int64()),  # bytes of the image
        ("sha256", pa.string()),  # of the image's bytes
        ("width", pa.int32()),  # pixels, after EXIF rotation
        ("height", pa.int32()),
        ("split", pa.string()),  # one of SPLITS
    ],
    metadata={"efface.manifest.version": VERSION},
)

SET_SCHEMA = pa.schema(
    [
        *SCHEMA,
        ("ticket_id", pa.string()),  # forget only, else empty
        ("similarity", pa.float32()),  # largest cosine to a forget image; 1 in forget itself
        ("rank", pa.int64()),  # order in which images are taken when a step takes only some
    ],
    metadata={"efface.manifest.version": VERSION},
)
_VERSION_KEY = b"efface.manifest.version"


def manifest_to_bytes(table: pa.Table, schema: pa.Schema = SCHEMA) -> bytes:
    """Parquet bytes of a checked manifest, the same for the same rows.

    Raises:
        DataError: see ``check_manifest``.
    """
    check_manifest(table, schema, where="the new manifest")
    sink = io.BytesIO()
    pq.write_table(table.select(schema.names).cast(schema), sink, compression="zstd")
    return sink.getvalue()


def bytes_to_manifest(content: bytes, *, where: str = NAME) -> pa.Table:
    """A checked manifest of a dataset or a set from Parquet bytes; messages call it ``where``.

    Raises:
        DataError: not Parquet, of another version, or see ``check_manifest``.
    """
    try:
        table = pq.read_table(io.BytesIO(content))
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"manifest {where} is not Parquet ({error}): make it with efface data import"
        ) from None
    found = (table.schema.metadata or {}).get(_VERSION_KEY, b"").decode(errors="replace")
    if found != VERSION:
        raise DataError(
            f"manifest {where} has version {found or 'none'}; this efface reads version {VERSION}:"
            " make it again with efface data import"
        )
    schema = SET_SCHEMA if "rank" in table.column_names else SCHEMA
    check_manifest(table, schema, where=where)
    return table.select(schema.names).cast(schema)


def read_manifest(store: Store) -> pa.Table:
    """Read and check the manifest of the dataset or set at ``store``.

    Raises:
        DataError: see ``bytes_to_manifest``.
        InputError: there is none.
    """
    return bytes_to_manifest(store.read(NAME), where=f"{store.place}/{NAME}")


def write_manifest(store: Store, table: pa.Table, schema: pa.Schema = SCHEMA) -> None:
    """Check and write the manifest of the dataset at ``store``, whole or not at all.

    Raises:
        DataError: see ``check_manifest``.
    """
    store.write(NAME, manifest_to_bytes(table, schema))


def check_manifest(table: pa.Table, schema: pa.Schema, *, where: str) -> None:
    """Refuse a manifest that other code could not rely on.

    Raises:
        DataError: no rows, columns that are absent, of another type or with nulls, a sample id that
            occurs twice, or a split that is unknown.
    """
    if missing := [name for name in schema.names if name not in table.column_names]:
        raise DataError(
            f"manifest {where} lacks the columns {', '.join(missing)}: "
            "make it with efface data import"
        )
    if not table.num_rows:
        raise DataError(f"manifest {where} has no rows: import at least one image")
    for wanted in schema:
        column = table[wanted.name]
        if column.type != wanted.type:
            raise DataError(
                f"manifest {where}: column {wanted.name} is {column.type}, expected {wanted.type}"
            )
        if column.null_count:
            raise DataError(
                f"manifest {where}: column {wanted.name} has {column.null_count} empty values"
            )
    if repeated := _repeated(table["sample_id"]):
        raise DataError(
            f"manifest {where}: sample ids must be unique, {_some(repeated)} occur more than once"
        )
    if unknown := sorted(set(pc.unique(table["split"]).to_pylist()) - set(SPLITS)):
        raise DataError(
            f"manifest {where}: split {_some(unknown)} unknown, use one of {', '.join(SPLITS)}"
        )
    if pc.min(table["offset"]).as_py() < 0 or pc.min(table["length"]).as_py() < 1:
        raise DataError(f"manifest {where}: offsets below 0 or lengths below 1; make it again")


def _repeated(ids: pa.ChunkedArray) -> list[str]:
    if pc.count_distinct(ids).as_py() == len(ids):
        return []
    counts = pc.value_counts(ids)
    return [str(row["values"]) for row in counts.to_pylist() if row["counts"] > 1]


def _some(values: list[Any]) -> str:
    shown = ", ".join(repr(value) for value in values[:5])
    return shown if len(values) <= 5 else f"{shown} and {len(values) - 5} more"
