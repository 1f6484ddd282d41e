"""Shards: plain USTAR archives of images, the same bytes for the same images on every machine.

A shard is readable by ``tar`` and by WebDataset. The manifest keeps where each image begins, so one
image is one ranged read, and its SHA-256, so a damaged shard is noticed and named.

The headers are written directly: ``tarfile`` spends more time on its ``TarInfo`` objects than on
the images.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from efface.errors import DataError
from efface.files import sha256_bytes
from efface.storage import Reader

BLOCK = 512
LONGEST_NAME = 100
"""Bytes that a USTAR header has for a name."""
SHARD_COLUMNS = ["sample_id", "shard", "offset", "length", "sha256"]
"""What of a manifest is needed to read images."""

_SAFE_NAME = re.compile(r"[A-Za-z0-9_-]{1,90}")
_BEFORE_SIZE = b"0000644\0" + b"0000000\0" * 2  # mode, uid, gid
_MODIFIED = b"00000000000\0"  # the epoch: a shard does not know when it was made
_AFTER_CHECKSUM = (b"0" + bytes(LONGEST_NAME) + b"ustar\0" + b"00").ljust(BLOCK - 156, b"\0")
_END = bytes(2 * BLOCK)
# The checksum counts its own field as eight spaces.
_FIXED_SUM = sum(_BEFORE_SIZE) + sum(_MODIFIED) + sum(_AFTER_CHECKSUM) + 8 * ord(" ")


@dataclass(frozen=True, slots=True)
class Sample:
    """One encoded image on its way into a shard."""

    sample_id: str
    image: bytes
    """Encoded image, kept byte for byte."""
    extension: str
    """jpg, png or webp."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where one image lies within its shard."""

    sample_id: str
    offset: int
    """First byte of the image."""
    length: int
    """Bytes of the image."""
    sha256: str
    """Of the image's bytes."""


def pack_shard(samples: Iterable[Sample]) -> tuple[bytes, list[Entry]]:
    """Samples to the bytes of a shard and the place of each image, both in order of names.

    Raises:
        DataError: two samples have the same name, or an image has no bytes.
    """
    pieces: list[bytes] = []
    entries: list[Entry] = []
    offset, last = 0, ""
    for name, sample in _named(samples):
        if name == last:
            raise DataError(
                f"sample {sample.sample_id!r} is twice in one shard: sample ids must be unique"
            )
        if not sample.image:
            raise DataError(f"sample {sample.sample_id!r} has no bytes: leave it out or mend it")
        length, last = len(sample.image), name
        pieces += (_header(name, length), sample.image, bytes(-length % BLOCK))
        entries.append(Entry(sample.sample_id, offset + BLOCK, length, sha256_bytes(sample.image)))
        offset += BLOCK + length + -length % BLOCK
    pieces.append(_END)
    return b"".join(pieces), entries


def member_name(sample_id: str, extension: str) -> str:
    """Name of a sample within a shard: its id, or a short hash where tar could not keep the id."""
    if _SAFE_NAME.fullmatch(sample_id):
        return f"{sample_id}.{extension}"
    return f"id-{sha256_bytes(sample_id.encode())[:32]}.{extension}"


def read_sample(store: Reader, row: Mapping[str, Any]) -> bytes:
    """Read one image with one ranged read; ``row`` has the manifest's ``SHARD_COLUMNS``.

    Raises:
        DataError: the bytes are not those that the manifest promises.
        InputError: the shard does not exist.
    """
    return checked(store.read_range(row["shard"], row["offset"], row["length"]), row)


def checked(image: bytes, row: Mapping[str, Any]) -> bytes:
    """Give ``image`` back when its hash is the manifest's.

    Raises:
        DataError: it is not; names the shard and the sample.
    """
    if sha256_bytes(image) != row["sha256"]:
        raise DataError(
            f"shard {row['shard']} is damaged: sample {row['sample_id']!r} has another sha256 than "
            "the manifest; make the shard again (for a dataset: efface data import)"
        )
    return image


def _named(samples: Iterable[Sample]) -> list[tuple[str, Sample]]:
    named = [(member_name(sample.sample_id, sample.extension), sample) for sample in samples]
    return sorted(named, key=lambda pair: pair[0])


def _header(name: str, length: int) -> bytes:
    encoded = name.encode("ascii")
    size = b"%011o\0" % length
    checksum = b"%06o\0 " % (_FIXED_SUM + sum(encoded) + sum(size))
    padded = encoded.ljust(LONGEST_NAME, b"\0")
    return b"".join((padded, _BEFORE_SIZE, size, _MODIFIED, checksum, _AFTER_CHECKSUM))
