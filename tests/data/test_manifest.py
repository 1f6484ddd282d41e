import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from efface.data.manifest import (
    SCHEMA,
    SET_SCHEMA,
    bytes_to_manifest,
    manifest_to_bytes,
    read_manifest,
    write_manifest,
)
from efface.errors import DataError, InputError
from efface.storage import LocalStore


def row(sample_id: str = "a", **changes: Any) -> dict[str, Any]:
    content = {
        "sample_id": sample_id,
        "subject_id": "anna",
        "rights_holder": "",
        "shard": "shards/00000.tar",
        "offset": 512,
        "length": 10,
        "sha256": "0" * 64,
        "width": 3,
        "height": 4,
        "split": "train",
    }
    return content | changes


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def parquet(content: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(content, stream)
    return stream.getvalue()


def test_a_manifest_is_read_as_it_was_written(tmp_path: Any) -> None:
    given = table(row("a"), row("b"))
    write_manifest(LocalStore(tmp_path), given)
    assert read_manifest(LocalStore(tmp_path)).equals(given)


def test_the_same_rows_give_the_same_bytes() -> None:
    assert manifest_to_bytes(table(row())) == manifest_to_bytes(table(row()))


def test_a_manifest_of_a_set_keeps_its_columns() -> None:
    extra = {"ticket_id": "t", "similarity": 0.5, "rank": 0}
    given = pa.Table.from_pylist([row() | extra], schema=SET_SCHEMA)
    assert bytes_to_manifest(manifest_to_bytes(given, SET_SCHEMA)).equals(given)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not parquet", "is not Parquet"),
        (parquet(table(row()).replace_schema_metadata(None)), "has version none"),
        (
            parquet(table(row()).replace_schema_metadata({"efface.manifest.version": "9"})),
            "has version 9; this efface reads version 1",
        ),
        (
            parquet(table(row()).drop_columns(["sha256", "split"])),
            "lacks the columns sha256, split",
        ),
        (parquet(table()), "has no rows"),
        (parquet(table(row("a"), row("b"), row("a"))), "must be unique, 'a' occur"),
        (parquet(table(row(split="test"))), "split 'test' unknown, use one of train, holdout"),
        (parquet(table(row(subject_id=None))), "column subject_id has 1 empty"),
        (parquet(table(row(offset=-1))), "offsets below 0"),
        (
            parquet(table(row()).set_column(4, "offset", pa.array([0], pa.int32()))),
            "column offset is int32, expected int64",
        ),
    ],
    ids=[
        "not parquet",
        "no version",
        "other version",
        "columns",
        "no rows",
        "twice",
        "split",
        "null",
        "offset",
        "type",
    ],
)
def test_a_wrong_manifest_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        bytes_to_manifest(content)


def test_a_wrong_manifest_is_not_written(tmp_path: Any) -> None:
    with pytest.raises(DataError, match="unique"):
        write_manifest(LocalStore(tmp_path), table(row(), row()))
    assert not list(tmp_path.iterdir())


def test_an_absent_manifest_is_the_users_error(tmp_path: Any) -> None:
    with pytest.raises(InputError, match=r"manifest\.parquet does not exist"):
        read_manifest(LocalStore(tmp_path))
