"""Private copies of a run: written down before they are made, deleted when the run is settled.

A step that is about to write forgotten images, or what was computed from them, first calls
``will_write``. That leaves a note in ``<workspace>/<run id>/purge/``, so the copy is found also
after the step was killed. ``purge`` deletes what is noted, and nothing else.
"""

import logging
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from efface.errors import EffaceError, InputError
from efface.files import sha256_bytes
from efface.storage import ARTIFACTS, Store, open_store
from efface.tickets.states import format_record, parse_record

log = logging.getLogger(__name__)

FOLDER = "purge/"
_STORES = {
    "/s3/": "s3://",
    "/gcs/": "s3://",
    "/minio/": ARTIFACTS,
    "s3://": "s3://",
    "gs://": "s3://",
    "minio://": ARTIFACTS,
}
"""How a place begins, also where Kubeflow Pipelines mounts buckets -> how a store is opened."""
RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""A run's name: it names a folder of the workspace."""


@dataclass(frozen=True, kw_only=True)
class Purged:
    """A place that is gone."""

    place: str
    files: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class NotPurged:
    """A place that may still be there."""

    place: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Purge:
    """What became of the private copies of a run."""

    purged: list[Purged]
    not_purged: list[NotPurged]

    def as_dict(self) -> dict[str, Any]:
        """Plain fields, for JSON."""
        return asdict(self)


def open_run(workspace: str, run_id: str) -> Store:
    """Open the folder of a run in the workspace.

    Raises:
        InputError: a run id that cannot be a file name.
    """
    check_run_id(run_id)
    return open_store(f"{workspace.rstrip('/')}/{run_id}")


def check_run_id(run_id: str) -> None:
    """Refuse a run id that cannot name a folder.

    Raises:
        InputError: it cannot.
    """
    if not RUN_ID.fullmatch(run_id):
        raise InputError(
            f"run id {run_id!r} cannot name a folder: use letters, digits, dot, dash, underscore"
        )


def will_write(workspace: str, run_id: str, uri: str) -> None:
    """Note that a private copy is about to be written at ``uri``, a file or a folder.

    Args:
        workspace: place shared by the steps of the run.
        run_id: the run.
        uri: local path, s3:// address, or a path where Kubeflow Pipelines mounts a bucket.

    Raises:
        InputError: a place that holds more than this run's copy, such as a home or a bucket.
        InfrastructureError: the note cannot be written; then do not write the copy.
    """
    place = resolve_place(uri)
    _refuse_broad(place, workspace, run_id)
    record = format_record({"run_id": run_id, "place": place})
    open_run(workspace, run_id).write(_key(place), record)


def is_noted(workspace: str, run_id: str, uri: str) -> bool:
    """Whether the run noted a copy at ``uri``; a note stays when its copy is gone."""
    return open_run(workspace, run_id).exists(_key(resolve_place(uri)))


def purge(workspace: str, run_id: str) -> Purge:
    """Delete every private copy that the run noted, as far as possible; may be repeated.

    Raises:
        InputError: the workspace refuses access.
        InfrastructureError: the workspace cannot be read.
    """
    notes = open_run(workspace, run_id)
    purged, failed = [], []
    for key in notes.list(FOLDER):
        place = f"noted in {key}"
        try:
            place = _read_note(notes, key, run_id)
            _refuse_broad(place, workspace, run_id)
            sizes = _erase(place)
            purged.append(Purged(place=place, files=len(sizes), bytes=sum(sizes.values())))
            log.info("purged=%s files=%d bytes=%d", place, len(sizes), sum(sizes.values()))
        except EffaceError as error:
            failed.append(NotPurged(place=place, reason=str(error)))
            log.error("not_purged=%s reason=%r", place, str(error))
    return Purge(purged=purged, not_purged=failed)


def resolve_place(uri: str) -> str:
    """An absolute local path, an s3:// or a minio:// address, whichever way it was named."""
    for prefix, scheme in _STORES.items():
        if uri.startswith(prefix):
            return scheme + uri.removeprefix(prefix).strip("/")
    local = uri.removeprefix("file://")
    if not local or "://" in local:
        raise InputError(f"place {uri!r} cannot be purged: use a local path or s3://bucket/key")
    return str(Path(local).absolute())


def _refuse_broad(place: str, workspace: str, run_id: str) -> None:
    """Refuse a place whose deletion would take other things along."""
    if ".." in place.split("/"):
        raise InputError(f"place {place} holds '..': give it without")
    run = f"{resolve_place(workspace)}/{run_id}"
    if f"{run}/{FOLDER}".startswith(f"{place}/"):
        raise InputError(f"place {place} holds the run's own records: note a folder below {run}")
    remote = "://" in place
    depth = len(place.rpartition("://")[2].strip("/").split("/"))
    home = "" if remote else str(Path.home())
    if depth < 2 or f"{home}/".startswith(f"{place}/"):
        raise InputError(f"place {place} holds more than one run's copies: note a folder below it")


def _erase(place: str) -> dict[str, int]:
    parent, _, name = place.rpartition("/")
    return open_store(parent).erase(name)


def _read_note(notes: Store, key: str, run_id: str) -> str:
    note = parse_record(notes.read(key), key)
    place = str(note.get("place"))
    if key != _key(place) or note.get("run_id") != run_id:
        raise InputError(
            f"{key} was not written by this run: look at what it names, delete it by hand"
        )
    return place


def _key(place: str) -> str:
    return f"{FOLDER}{sha256_bytes(place.encode())[:16]}.json"
