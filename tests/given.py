"""Tickets and a dataset's manifest for tests, as a user would give them."""

import errno
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from efface.data.manifest import SCHEMA, write_manifest
from efface.storage import open_store

KEY = "0123456789abcdef-for-tests"
BASE: dict[str, Any] = {
    "api_version": "2.0",
    "subject_request_id": "t-1",
    "subject_request_type": "erasure",
    "regulation": "gdpr",
    "submitted_time": "2026-10-31T09:30:00Z",
    "subject_identities": [],
}


def identity(value: str, kind: str = "subject_id") -> dict[str, str]:
    """One entry of ``subject_identities``."""
    return {"identity_type": kind, "identity_value": value, "identity_format": "raw"}


def ticket(ticket_id: str = "t-1", *values: str, **changes: Any) -> dict[str, Any]:
    """A ticket about subjects, ``dress-5`` unless named."""
    identities = [identity(value) for value in values or ("dress-5",)]
    content = {**BASE, "subject_request_id": ticket_id, "subject_identities": identities}
    return {key: value for key, value in {**content, **changes}.items() if value is not ...}


def as_bytes(content: Any) -> bytes:
    """JSON bytes."""
    return json.dumps(content).encode()


def put_ticket(place: str | Path, ticket_id: str = "t-1", *values: str, **changes: Any) -> None:
    """Write a ticket into a folder under the name of its id."""
    content = as_bytes(ticket(ticket_id, *values, **changes))
    open_store(str(place)).write(f"{ticket_id}.json", content)


def put_manifest(place: str | Path, rows: list[tuple[str, str, str, str]]) -> None:
    """Write a manifest; a row is sample id, subject, rights-holder, split."""
    count = len(rows)
    names = ("sample_id", "subject_id", "rights_holder", "split")
    columns: dict[str, Any] = dict(zip(names, zip(*rows, strict=True), strict=True))
    columns |= {"shard": ["shards/00000.tar"] * count, "offset": [512] * count}
    columns |= {"length": [10] * count, "sha256": ["0" * 64] * count}
    columns |= {"width": [32] * count, "height": [32] * count}
    table = pa.table({field.name: pa.array(columns[field.name], field.type) for field in SCHEMA})
    write_manifest(open_store(str(place)), table)


def a_dataset(place: Path) -> Path:
    """Two brands; ``dress-5`` has three images, of which two in the train split."""
    put_manifest(
        place,
        [
            ("s-1", "dress-5", "brand-dress", "train"),
            ("s-2", "dress-5", "brand-dress", "train"),
            ("s-3", "dress-5", "brand-dress", "holdout"),
            ("s-4", "dress-6", "brand-dress", "train"),
            ("s-5", "boot-1", "brand-boot", "train"),
            ("s-6", "boot-2", "brand-boot", "control"),
        ],
    )
    return place


def refuse(patch: pytest.MonkeyPatch, secret: Path) -> None:
    """Let nothing at or below ``secret`` be read or looked at, as modes do for all but root."""

    def refusing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any = ".", *more: Any, **options: Any) -> Any:
            if isinstance(path, str | Path) and Path(path).is_relative_to(secret):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return real(path, *more, **options)

        return call

    for module, name in ((os, "scandir"), (os, "stat"), (os, "open"), (io, "open")):
        patch.setattr(module, name, refusing(getattr(module, name)))
