"""What lies in the work folder, read again: damage is named, with what to delete.

sets/HASH/sets          of the shard step
models/HASH/before      the model in service
models/HASH/after       the model that was made of it
models/HASH/cell.json   how long that took, and the settings
reports/HASH.json       its scores
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

from efface.data.set_names import SETS
from efface.errors import InputError
from efface.evaluation.report import Report, Score, read_report
from efface.files import read_json, schema_problem, write_json
from efface.gate.fields import check_value
from efface.models.checkpoint import fingerprint, read_record
from efface.steps.handover.sets_file import read_sets

VERSION = 1
CELL = "cell.json"
MAY_BE_EMPTY = "forget-holdout"
_RECORD = {
    "properties": {
        "lineage": {
            "type": "object",
            "properties": {
                "trained": {
                    "type": "object",
                    "properties": {
                        "precision": {"type": "string"},
                        "device": {"type": "string"},
                    },
                    "required": ["precision", "device"],
                }
            },
        }
    },
    "required": ["lineage"],
}


def check_sets(sets: Path) -> None:
    """Refuse sets whose sets.json is damaged, or lacks a set that cells are scored on.

    Raises:
        InputError: it is damaged.
    """
    with _named(sets.parent):
        if missing := set(SETS) - {MAY_BE_EMPTY} - read_sets(sets)["sets"].keys():
            raise InputError(f"sets: {', '.join(sorted(missing))} missing")


def check_models(folder: Path, made: Path | None) -> None:
    """Refuse models that are not those that were kept: scores of them would be of others.

    Args:
        folder: of a model, with ``before`` and ``after``.
        made: the finished model that ``after`` is a copy of; None for an unlearned one.

    Raises:
        InputError: one of them is damaged, or has other weights or settings than it had.
    """
    copied = fingerprint(made) if made else None
    with _named(folder):
        for side, wanted in (("before", None), ("after", copied)):
            if wanted is None:
                record = read_record(folder / side)
                _check(record, {"required": ["fingerprint"]})
                wanted = record["fingerprint"]
            if fingerprint(folder / side) != wanted:
                raise InputError(f"{side} has other weights or settings than it was written with")


def write_cell(folder: Path, *, seconds: float, settings: dict[str, Any]) -> None:
    """Write cell.json: wall time of the unlearn step in seconds, and its settings."""
    write_json(folder / CELL, {"version": VERSION, "seconds": seconds, "settings": settings})


def read_seconds(folder: Path) -> float:
    """Wall time of the unlearn step in seconds; 0 for a finished model.

    Raises:
        InputError: cell.json is damaged.
    """
    with _named(folder):
        kept = read_json(folder / CELL, kind="cell", version=VERSION)
        check_value(kept.get("seconds"), float, "seconds")
        _check(kept, {"properties": {"seconds": {"minimum": 0}}})
        return float(kept["seconds"])


def read_training(folder: Path) -> set[str]:
    """How a model was trained, in words; empty for one that was not.

    Raises:
        InputError: its efface.json is damaged.
    """
    with _named(folder):
        record = read_record(folder / "after")
        _check(record, _RECORD)
    lineage = record["lineage"]
    if "steps" not in lineage:
        return set()
    found = lineage.get("trained")
    return {f"{found['precision']} on {found['device']}" if found else "a precision not recorded"}


def read_scores(path: Path, masks: list[str]) -> Report:
    """A report with scores under each mask.

    Raises:
        InputError: it is damaged, or has no score under one of the masks.
    """
    with _named(path, kind="file"):
        report = read_report(path)
        hints = get_type_hints(Score)
        for number, score in enumerate(report.scores):
            for one in fields(Score):
                check_value(
                    getattr(score, one.name), hints[one.name], f"scores[{number}].{one.name}"
                )
        if missing := set(masks) - {score.mask for score in report.scores}:
            raise InputError(f"no score under mask {', '.join(sorted(missing))}")
        _check(report.recipes, {"required": sorted({score.recipe for score in report.scores})})
        return report


def _check(content: Any, schema: dict[str, Any]) -> None:
    if problem := schema_problem(content, {"type": "object", **schema}):
        raise InputError(problem)


@contextmanager
def _named(place: Path, kind: str = "folder") -> Iterator[None]:
    """Say of what is damaged where it lies and what to do."""
    try:
        yield
    except (InputError, IsADirectoryError, NotADirectoryError) as error:
        raise InputError(
            f"{place} is damaged: delete that {kind}, and the same command makes it again ({error})"
        ) from None
