"""Bring a folder or a file of an S3 bucket here: whole or not at all, as it was at one moment."""

import json
import logging
import os
import tempfile
from pathlib import Path

from efface.errors import InfrastructureError, InputError
from efface.files import sha256_bytes, whole_folder
from efface.settings import read_settings
from efface.storage import open_store
from efface.storage.store import Store

log = logging.getLogger(__name__)

REMOTE = "s3://"


def is_remote(place: str) -> bool:
    """Whether a place has to be fetched before a library can read it."""
    return place.startswith(REMOTE)


def fetch_folder(place: str, into: Path) -> None:
    """Bring a folder here; ``into`` is replaced when it exists.

    Raises:
        InputError: there is no such folder, or no right to it.
        InfrastructureError: it changed meanwhile, or storage or the disk failed.
    """
    store, name = _split(place)
    stamps = {k: v for k, v in _stamps(store, name).items() if k != name}
    if not stamps:
        raise InputError(f"{place} is not a folder: give s3://bucket/prefix of one with files")
    with whole_folder(into) as folder:
        _copy(store, name, stamps, folder)
    log.info("event=fetched place=%s files=%d", place, len(stamps))


def fetch_cached(place: str) -> Path:
    """A copy of a folder or a file in ``EFFACE_HOME``, made anew when the original has changed.

    Raises:
        InputError: there is no such place, or no right to it.
        InfrastructureError: it changed meanwhile, or storage or the disk failed.
    """
    store, name = _split(place)
    stamps = _stamps(store, name)
    if not stamps:
        raise InputError(f"{place} does not exist: check the place and the name")
    identity = sha256_bytes(json.dumps([place, stamps]).encode())
    root = read_settings().home / "cache" / "places"
    copy = root / identity / name
    if not copy.exists():
        _make(copy.parent, store, name, stamps)
        log.info("event=fetched place=%s files=%d", place, len(stamps))
    return copy


def _make(target: Path, store: Store, name: str, stamps: dict[str, str]) -> None:
    """Fill the folder ``target``; of two processes at once, the first one's stays."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as temporary:
            made = Path(temporary) / "made"
            _copy(store, name, stamps, made / name)
            if not target.exists():
                os.replace(made, target)
    except OSError as error:
        if not target.exists():
            raise InfrastructureError(
                f"{target} cannot be written ({error.strerror}): make room, or set EFFACE_HOME to "
                "a folder that can"
            ) from error


def _copy(store: Store, name: str, stamps: dict[str, str], target: Path) -> None:
    for key in stamps:
        inside = key.removeprefix(name).lstrip("/")
        if ".." in inside.split("/"):
            raise InputError(f"{store.place}/{key}: a name with .. is not taken; rename it")
        store.download(key, target / inside if inside else target)
    if _stamps(store, name) != stamps:
        raise InfrastructureError(f"{store.place}/{name} changed while it was copied: run again")


def _stamps(store: Store, name: str) -> dict[str, str]:
    """Stamps of the file ``name``, or of all files of the folder ``name``."""
    found = store.stamps(name)
    return {
        key: stamp
        for key, stamp in found.items()
        if key == name or (key.startswith(f"{name}/") and not key.endswith("/"))
    }


def _split(place: str) -> tuple[Store, str]:
    parent, _, name = place.rstrip("/").rpartition("/")
    if parent.rstrip("/") in ("", REMOTE.rstrip("/")):
        raise InputError(f"place {place!r} is a whole bucket: give s3://bucket/prefix")
    return open_store(parent), name
