"""Tensors as a model folder stores them (safetensors, format version 1), read without torch.

Libraries load other files too, and choose among several by their names. A folder that leaves them
no choice is known by its tensors alone, wherever they lie; of any other, names of files count as
well, the bytes of weights in other formats, and what an index of shards says.
"""

import hashlib
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from efface.errors import CheckpointError
from efface.files import sha256_file
from efface.models.configuration import read_object
from efface.models.folder_files import files_under

SAFETENSORS = ".safetensors"
OTHER_FORMATS = (".bin", ".pt", ".pth", ".ckpt")
"""Endings of weights that are not read here: they are known by their bytes."""
INDEXES = (".safetensors.index.json", ".bin.index.json")
"""Endings of files that say which shard holds a tensor."""
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
    """Names of the tensors in the safetensors of a model folder.

    Raises:
        CheckpointError: no safetensors file, or one that is damaged.
    """
    return {tensor.name for tensor in _tensors(folder, _files(folder))}


def hash_tensors(folder: Path) -> str:
    """SHA-256 over every tensor's name, type, shape and bytes, in the order of names.

    Raises:
        CheckpointError: no safetensors file, or one that is damaged; an index of shards that is
            damaged or names what is no file of weights.
    """
    digest = hashlib.sha256()
    files = _files(folder)
    tensors = sorted(_tensors(folder, files))
    for tensor in tensors:
        digest.update(json.dumps([tensor.name, tensor.dtype, tensor.shape]).encode())
        with tensor.path.open("rb") as stream:
            stream.seek(tensor.start)
            digest.update(stream.read(tensor.size))
    others = {_name(folder, path): sha256_file(path) for path in files if _is_other(path)}
    maps = {_name(folder, path): _shards(path) for path in files if path.name.endswith(INDEXES)}
    if others or maps or len({tensor.name for tensor in tensors}) < len(tensors):
        places = [_name(folder, tensor.path) for tensor in tensors]
        digest.update(json.dumps([places, others, maps], sort_keys=True).encode())
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise CheckpointError(f"model folder {folder} does not exist")
    return files_under(folder)


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _is_other(path: Path) -> bool:
    return path.suffix in OTHER_FORMATS


def _shards(index: Path) -> dict[str, str]:
    """Tensor -> name of the file beside an index that holds it."""
    found = read_object(index).get("weight_map")
    if not isinstance(found, dict):
        raise CheckpointError(f"{index} has no weight_map of shards: copy it from the model")
    for name in found.values():
        plain = isinstance(name, str) and Path(name).name == name
        if not plain or not name.endswith((SAFETENSORS, *OTHER_FORMATS)):
            raise CheckpointError(
                f"{index}: weight_map names {name!r}, which is no file of weights beside it "
                f"({', '.join((SAFETENSORS, *OTHER_FORMATS))}): save the model anew"
            )
    return found


def _tensors(folder: Path, files: list[Path]) -> Iterator[StoredTensor]:
    paths = [path for path in files if path.suffix == SAFETENSORS]
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
