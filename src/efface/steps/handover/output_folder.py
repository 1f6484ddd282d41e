"""Where a step may write a folder: in place of nothing, or of what a step wrote there before.

The folders of a run are replaced as they are made, and deleted when it is settled.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from efface.errors import ConfigError
from efface.storage.places import FILE


def check_output(path: Path, *, marker: str, inputs: Iterable[str | Path]) -> None:
    """Refuse a folder that holds anything but an earlier output of the same kind.

    Args:
        path: Folder that is about to be written; absent and empty ones are fine.
        marker: Name of a file that every output of this kind holds; "" for none, so that only an
            empty folder will do.
        inputs: What is read while it is written; addresses of storage and registry are not
            compared.

    Raises:
        ConfigError: something else is there, or an input.
    """
    place = Path(os.path.realpath(path))
    for given in filter(None, map(str, inputs)):
        if _is_local(given) and _real(given).is_relative_to(place):
            raise ConfigError(
                f"cannot write to {path}: {given} is there, which is read for it; give another "
                "folder to write to"
            )
    if os.path.lexists(path) and not _may_go(path, marker):
        told = f"holds no {marker}" if marker else "is not empty"
        raise ConfigError(
            f"cannot write to {path}: it is there, and {told}, so nothing that efface wrote would "
            "be replaced; give another folder, or move away what is there"
        )


def _may_go(path: Path, marker: str) -> bool:
    """Whether nothing is lost with what is there."""
    if path.is_symlink():
        return False
    if path.is_dir():
        return not any(path.iterdir()) or bool(marker and (path / marker).is_file())
    return path.is_file() and not path.stat().st_size


def _is_local(place: str) -> bool:
    return place.startswith(FILE) or not ("://" in place or place.startswith("models:"))


def _real(place: str) -> Path:
    return Path(os.path.realpath(place.removeprefix(FILE)))
