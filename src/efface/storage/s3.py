"""One prefix of an S3 bucket as a store.

Settings come from the usual ``AWS_*`` variables; ``AWS_ENDPOINT_URL`` names an S3-compatible
service.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from efface.errors import InputError
from efface.files import whole_file
from efface.settings import Account
from efface.storage.s3_errors import (
    AT_THE_SAME_TIME,
    OCCUPIED,
    WITHOUT_VERSIONS,
    WRONG_RANGE,
    code_of,
    explained,
)
from efface.storage.store import Keys

SETTLING = 0.5
"""Seconds, at least, after which what was created is looked at again."""


class S3Store:
    """A prefix of an S3 bucket."""

    def __init__(self, place: str, account: Account | None = None) -> None:
        """Open ``scheme://bucket/prefix``, with ``account`` in place of the ``AWS_*`` variables."""
        bucket, _, prefix = place.partition("://")[2].partition("/")
        if not bucket:
            raise InputError(f"place {place!r} has no bucket: use s3://bucket/prefix")
        self.place = place.rstrip("/")
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        with self._errors():
            self._client = _new_client(account)

    def read(self, key: str) -> bytes:
        """See ``Store``."""
        with self._errors(key):
            return bytes(self._client.get_object(**self._at(key))["Body"].read())

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """See ``Store``."""
        with self._errors(key):
            try:
                answer = self._client.get_object(
                    **self._at(key), Range=f"bytes={offset}-{offset + length - 1}"
                )
            except ClientError as error:
                if code_of(error) in WRONG_RANGE:
                    return b""
                raise
            return bytes(answer["Body"].read())

    def write(self, key: str, content: bytes) -> None:
        """See ``Store``."""
        with self._errors(key):
            self._client.put_object(**self._at(key), Body=content)

    def create(self, key: str, content: bytes) -> bool:
        """See ``Store``; content must differ between writers.

        S3 itself lets one conditional write through. Some services look first and write later, so
        that several writers pass, and the last one stays. Hence a second look, after more time than
        a write takes (Fischer's mutual exclusion).
        """
        with self._errors(key):
            for _ in range(3):
                try:
                    started = time.monotonic()
                    self._client.put_object(**self._at(key), Body=content, IfNoneMatch="*")
                    time.sleep(max(SETTLING, 3 * (time.monotonic() - started)))
                    return self.read(key) == content
                except ClientError as error:
                    if code_of(error) in OCCUPIED:
                        # An answer may have been lost, and this be our own second attempt.
                        retried = error.response["ResponseMetadata"].get("RetryAttempts", 0) > 0
                        return retried and self.read(key) == content
                    if code_of(error) not in AT_THE_SAME_TIME:
                        raise
        return False

    def list(self, prefix: str = "") -> Keys:
        """See ``Store``."""
        return sorted(self._objects(prefix))

    def stamps(self, prefix: str = "") -> dict[str, str]:
        """See ``Store``."""
        found = sorted(self._objects(prefix).items())
        return {key: f"{item['Size']} {item['ETag']}" for key, item in found}

    def delete(self, key: str) -> None:
        """See ``Store``; in a versioned bucket old versions stay, see ``delete_all``."""
        with self._errors(key):
            self._client.delete_object(**self._at(key))

    def delete_all(self, prefix: str) -> Keys:
        """See ``Store``; old versions of the objects go too."""
        keys = self.list(prefix)
        for key in keys:
            self.delete(key)
        return sorted({*keys, *self._delete_versions(prefix)})

    def erase(self, name: str) -> dict[str, int]:
        """See ``Store``."""
        found = self._objects(name).items()
        sizes = {key: int(item["Size"]) for key, item in found if _is_under(key, name)}
        for key in sizes:
            self.delete(key)
        old = set(self._delete_versions(name, exactly=True)) - sizes.keys()
        return sizes | dict.fromkeys(sorted(old), 0)

    def exists(self, key: str) -> bool:
        """See ``Store``."""
        with self._errors(key):  # HEAD could not tell an absent key from an absent bucket
            page = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=self._prefix + key, MaxKeys=1
            )
        return any(item["Key"] == self._prefix + key for item in page.get("Contents", []))

    def upload(self, source: Path, key: str) -> None:
        """See ``Store``; large files go in parts."""
        with self._errors(key), source.open("rb") as stream:
            self._client.upload_fileobj(stream, **self._at(key))

    def download(self, key: str, target: Path) -> None:
        """See ``Store``; large files come in parts."""
        with whole_file(target) as temporary, self._errors(key), temporary.open("wb") as stream:
            self._client.download_fileobj(**self._at(key), Fileobj=stream)

    @contextmanager
    def writing(self, key: str) -> Iterator[IO[bytes]]:
        """See ``Store``; what is written waits in a file without a name."""
        with tempfile.TemporaryFile() as stream:
            yield stream
            stream.seek(0)
            with self._errors(key):
                self._client.upload_fileobj(stream, **self._at(key))

    @contextmanager
    def reading(self, key: str) -> Iterator[IO[bytes]]:
        """See ``Store``; the object lies in a file without a name."""
        with tempfile.TemporaryFile() as stream:
            with self._errors(key):
                self._client.download_fileobj(**self._at(key), Fileobj=stream)
            stream.seek(0)
            yield stream

    def _objects(self, prefix: str) -> dict[str, Any]:
        """Key -> what the service says about each object whose key begins with ``prefix``."""
        with self._errors(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            found = [item for page in pages for item in page.get("Contents", [])]
        return {str(item["Key"]).removeprefix(self._prefix): item for item in found}

    def _at(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": self._prefix + key}

    def _delete_versions(self, prefix: str, *, exactly: bool = False) -> Iterator[str]:
        wanted = self._prefix + prefix
        try:
            pages = list(
                self._client.get_paginator("list_object_versions").paginate(
                    Bucket=self._bucket, Prefix=wanted
                )
            )
        except ClientError as error:
            if code_of(error) not in WITHOUT_VERSIONS:
                with self._errors(prefix):
                    raise
            return
        for page in pages:
            for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                if exactly and not _is_under(item["Key"], wanted):
                    continue
                with self._errors(item["Key"]):
                    self._client.delete_object(
                        Bucket=self._bucket, Key=item["Key"], VersionId=item["VersionId"]
                    )
                yield str(item["Key"]).removeprefix(self._prefix)

    def _errors(self, key: str = "") -> AbstractContextManager[None]:
        return explained(f"{self.place}/{key}".rstrip("/"), self._bucket)


@cache
def _loader() -> Any:
    """Reads the descriptions of the protocol, which takes longest, and keeps them."""
    return botocore.loaders.create_loader()


def _new_client(account: Account | None) -> Any:
    settings = Config(
        # Some S3-compatible services refuse the checksums that boto3 >= 1.36 adds by itself.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"mode": "standard", "max_attempts": 4},
        connect_timeout=10,
        max_pool_connections=32,
    )
    try:
        # A session of its own: the default one keeps credentials, and is not for several threads.
        session = botocore.session.Session()
        session.register_component("data_loader", _loader())
        return boto3.session.Session(
            aws_access_key_id=account.access_key if account else None,
            aws_secret_access_key=account.secret_key if account else None,
            botocore_session=session,
        ).client("s3", config=settings, endpoint_url=account.endpoint if account else None)
    except ValueError as error:
        raise InputError(f"AWS_ENDPOINT_URL or another AWS_* variable is wrong: {error}") from error


def _is_under(key: str, name: str) -> bool:
    return key == name or key.startswith(f"{name}/")
