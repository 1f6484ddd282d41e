"""What can be done with a place where bytes are kept."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Protocol

Keys = list[str]
"""Sorted; a name of its own because ``list`` is a verb of a store."""


class Reader(Protocol):
    """Objects that can be read; keys are relative, with ``/`` between their parts."""

    place: str
    """Local path or s3:// address."""

    def read(self, key: str) -> bytes:
        """Whole object. InputError when absent."""
        ...

    def read_range(self, key: str, offset: int, length: int) -> bytes:
        """``length`` bytes from ``offset``, fewer at the end. InputError when absent."""
        ...


class Store(Reader, Protocol):
    """Objects under one place."""

    def write(self, key: str, content: bytes) -> None:
        """Write a whole object or none, replacing what was there."""
        ...

    def create(self, key: str, content: bytes) -> bool:
        """Write unless it exists, else False.

        Of several at the same time, with content that differs, only one gets True.
        """
        ...

    def list(self, prefix: str = "") -> Keys:
        """Sorted keys that begin with ``prefix``."""
        ...

    def stamps(self, prefix: str = "") -> dict[str, str]:
        """The keys of ``list``, each with a word that changes when the object does."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; an absent one is fine."""
        ...

    def delete_all(self, prefix: str) -> Keys:
        """Remove all keys that begin with ``prefix`` and give their names."""
        ...

    def erase(self, name: str) -> dict[str, int]:
        """Remove object ``name`` and all under ``name/``, hidden files and old versions too.

        Gives the bytes of each key; nothing there is fine.
        """
        ...

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        ...

    def upload(self, source: Path, key: str) -> None:
        """Copy a local file in."""
        ...

    def download(self, key: str, target: Path) -> None:
        """Copy an object to a local file, whole or not at all. InputError when absent."""
        ...

    def writing(self, key: str) -> AbstractContextManager[IO[bytes]]:
        """A stream to write an object through, whole or not at all, without holding it in memory.

        What was there stays until the stream is closed without an error.
        """
        ...

    def reading(self, key: str) -> AbstractContextManager[IO[bytes]]:
        """A stream with random access to an object. InputError when absent."""
        ...
