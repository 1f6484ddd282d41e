"""``batch.json``: the tickets that intake claimed, which later steps read."""

from pathlib import Path
from typing import Any

from efface.files import read_json, write_json
from efface.tickets.states import IN_PROGRESS

BATCH = "batch.json"
VERSION = 1
_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_TICKET = {
    "type": "object",
    "properties": {"ticket_id": _TEXT, "status": _TEXT, "samples": _COUNT},
    "required": ["ticket_id", "status", "samples"],
}
_SCHEMA = {
    "properties": {
        "name": _TEXT,
        "run_id": _TEXT,
        "dataset": _TEXT,
        "dataset_sha256": _TEXT,
        "key_id": _TEXT,
        "tickets": {"type": "array", "items": _TICKET},
        "rejected": {"type": "array"},
    },
    "required": ["name", "run_id", "dataset", "dataset_sha256", "tickets", "rejected"],
}


def write_batch(folder: Path, found: dict[str, Any]) -> None:
    """Write ``batch.json`` into a folder."""
    write_json(folder / BATCH, {"version": VERSION, **found})


def read_batch(path: Path) -> dict[str, Any]:
    """Read a ``batch.json``.

    Raises:
        InputError: absent, not JSON, of another version, or damaged.
    """
    return read_json(path, kind="batch", version=VERSION, schema=_SCHEMA)


def due(batch: dict[str, Any]) -> list[dict[str, Any]]:
    """The tickets of a batch that a model has to be made for."""
    return [ticket for ticket in batch["tickets"] if ticket["status"] == IN_PROGRESS]
