"""Places where bytes are kept: a local folder or ``s3://bucket/prefix``, with the same verbs."""

from pathlib import Path

from efface.errors import InputError
from efface.settings import read_settings
from efface.storage.local import LocalStore
from efface.storage.store import Keys, Reader, Store

__all__ = ["ARTIFACTS", "Keys", "LocalStore", "Reader", "Store", "open_store"]


ARTIFACTS = "minio://"
"""How Kubeflow Pipelines writes addresses in the object store of its own, which may be another."""


def open_store(place: str) -> Store:
    """Open a local folder (made on the first write), ``s3://bucket/prefix``, or ``minio://...``.

    Raises:
        InputError: another kind of address, or no bucket in it.
    """
    if not place:
        raise InputError("the place is empty: give a local path or s3://bucket/prefix")
    if place.startswith(("s3://", ARTIFACTS)):
        from efface.storage.s3 import S3Store  # boto3 takes a while to import

        return S3Store(place, read_settings().artifacts if place.startswith(ARTIFACTS) else None)
    if place.startswith("file://"):
        return LocalStore(Path(place.removeprefix("file://")))
    if "://" in place:
        raise InputError(
            f"place {place!r} is not supported: use a local path or s3://bucket/prefix"
        )
    return LocalStore(Path(place))
