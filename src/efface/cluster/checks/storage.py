"""Whether the workspace can be written, read and deleted, with the credentials of this shell."""

import uuid

from efface.cluster.checks.place import FAILED, OK, SKIPPED, Finding, Place
from efface.storage import LocalStore, Store, open_store

FOLDER = ".efface-doctor"
"""Under which the doctor writes; nothing stays there."""


def check_storage(place: Place) -> Finding:
    """Write, read, list and delete one small object, old versions too."""
    if not place.workspace:
        return Finding(SKIPPED, "no --workspace was given", "give --workspace s3://BUCKET/PREFIX")
    store = open_store(place.workspace)
    if isinstance(store, LocalStore):
        told = f"{place.workspace} is a folder of this machine, which the pods do not share"
        return Finding(FAILED, told, "give --workspace s3://BUCKET/PREFIX")
    if trouble := try_out(store):
        told = f"{place.workspace}: an object {trouble}"
        return Finding(FAILED, told, "look at the object store")
    return Finding(OK, f"{place.workspace}: written, read, deleted, as this shell's identity")


def try_out(store: Store) -> str:
    """Write, read and delete one small object; what went wrong with it, or nothing.

    Raises:
        EffaceError: the store refuses, or does not answer.
    """
    key, content = f"{FOLDER}/{uuid.uuid4().hex}", uuid.uuid4().bytes
    store.write(key, content)
    try:
        same = store.read(key) == content
    finally:
        store.erase(key)
    if not same:
        return "was read back changed"
    return "is still there after it was deleted" if store.exists(key) else ""
