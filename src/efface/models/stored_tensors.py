"""Tensors as a model folder stores them (safetensors, format version 1), read without torch."""

import hashlib
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from efface.errors import CheckpointError

DAMAGE = (struct.error, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""What reading a header raises that is none."""


class StoredTensor(NamedTuple):
    """Where a tensor lies."""

    name: str
    """With the folder of its file before it, as ``unet/conv_in.weight``."""
    dtype: str
    shape: list[int]
    path: Path
    start: int
    """First byte of its data in the file."""
    size: int
    """Bytes of its data."""


def tensor_names(folder: Path) -> set[str]:
    """Names of the tensors in a model folder.

    Raises:
        CheckpointError: no safetensors file, or one that is damaged.
    """
    return {tensor.name for tensor in _tensors(folder)}


def hash_tensors(folder: Path) -> str:
    """SHA-256 over every tensor's name, type, shape and bytes, in the order of names.

    Raises:
        CheckpointError: no safetensors file, or one that is damaged.
    """
    digest = hashlib.sha256()
    for tensor in sorted(_tensors(folder)):
        digest.update(json.dumps([tensor.name, tensor.dtype, tensor.shape]).encode())
        with tensor.path.open("rb") as stream:
            stream.seek(tensor.start)
            digest.update(stream.read(tensor.size))
    return digest.hexdigest()


def _tensors(folder: Path) -> Iterator[StoredTensor]:
    if not folder.is_dir():
        raise CheckpointError(f"model folder {folder} does not exist")
    paths = sorted(folder.rglob("*.safetensors"))
    if not paths:
        raise CheckpointError(
            f"{folder} holds no safetensors weights: run `efface model import` on the original"
        )
    for path in paths:
        prefix = "".join(f"{part}/" for part in path.parent.relative_to(folder).parts)
        try:
            header, start = _read_header(path)
            tensors = [
                StoredTensor(
                    name=prefix + name,
                    dtype=entry["dtype"],
                    shape=entry["shape"],
                    path=path,
                    start=start + entry["data_offsets"][0],
                    size=entry["data_offsets"][1] - entry["data_offsets"][0],
                )
                for name, entry in header.items()
            ]
        except DAMAGE as error:
            raise CheckpointError(f"{path} is damaged: {error}; copy it again") from None
        if path.stat().st_size != max((one.start + one.size for one in tensors), default=start):
            raise CheckpointError(f"{path} is cut short or padded; copy it again")
        yield from tensors


def _read_header(path: Path) -> tuple[dict[str, Any], int]:
    """Name -> entry of each tensor in a file, and where its data begins."""
    with path.open("rb") as stream:
        (size,) = struct.unpack("<Q", stream.read(8))
        header = dict(json.loads(stream.read(size)))
    header.pop("__metadata__", None)
    return header, 8 + size
