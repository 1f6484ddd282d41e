"""``sets.json``: what the shard step found and wrote, which every later step reads."""

from pathlib import Path
from typing import Any

from efface.data.set_names import SETS
from efface.files import read_json, write_json

FILE = "sets.json"
VERSION = 1
_TEXT = {"type": "string", "minLength": 1}
_COUNT = {"type": "integer", "minimum": 0}
_IMAGES = {"type": "integer", "minimum": 1}
_SHARD = {
    "type": "object",
    "properties": {"name": _TEXT, "path": _TEXT, "samples": _IMAGES},
    "required": ["name", "path", "samples"],
}
_SET = {
    "type": "object",
    "properties": {
        "samples": _IMAGES,
        "fingerprint": {"type": "string", "pattern": r"^[\w-]+$"},
        "shards": {"type": "array", "items": _SHARD},
    },
    "required": ["samples", "fingerprint", "shards"],
}
_SUBJECTS = {"type": "array", "items": {"type": "string"}}
_SCHEMA = {
    "properties": {
        "dataset_sha256": {"type": "string"},
        "near_duplicates": _COUNT,
        "proxy_copies": _COUNT,
        "tickets": {"type": "object", "additionalProperties": _SUBJECTS},
        "sets": {
            "type": "object",
            "properties": dict.fromkeys(SETS, _SET),
            "additionalProperties": False,
            "required": ["forget"],
        },
    },
    "required": ["dataset_sha256", "near_duplicates", "tickets", "sets"],
}


def write_sets(folder: Path, found: dict[str, Any]) -> None:
    """Write ``sets.json`` into a folder."""
    write_json(folder / FILE, {"version": VERSION, **found})


def read_sets(folder: Path) -> dict[str, Any]:
    """Read the ``sets.json`` of a folder that the shard step wrote.

    Raises:
        InputError: absent, not JSON, of another version, or damaged.
    """
    return read_json(folder / FILE, kind="sets", version=VERSION, schema=_SCHEMA)


def set_fingerprints(plan: dict[str, Any]) -> dict[str, str]:
    """Name of each set of a ``sets.json`` -> hash of its images."""
    return {name: entry["fingerprint"] for name, entry in plan["sets"].items()}
