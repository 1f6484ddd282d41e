"""Whether the workspace can be written, read and deleted, with the credentials of this shell."""

import uuid

from efface.cluster.checks.place import FAILED, OK, SKIPPED, Finding, Place
from efface.storage import LocalStore, open_store

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
    key, content = f"{FOLDER}/{uuid.uuid4().hex}", uuid.uuid4().bytes
    store.write(key, content)
    try:
        same = store.read(key) == content
    finally:
        store.erase(key)
    if not same or store.exists(key):
        told = "was read back changed" if not same else "is still there after it was deleted"
        return Finding(FAILED, f"{place.workspace}: an object {told}", "look at the object store")
    return Finding(OK, f"{place.workspace}: written, read, deleted, as this shell's identity")
