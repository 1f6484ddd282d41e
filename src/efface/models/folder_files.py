"""Every file under a model folder, also where a part of it is a link to a folder."""

from collections.abc import Iterator
from pathlib import Path

from efface.errors import CheckpointError


def files_under(folder: Path) -> list[Path]:
    """Paths of all files under a folder, in order; links are followed, as libraries do.

    Raises:
        CheckpointError: a link leads back to a folder that it lies in.
    """
    return sorted(_walk(folder, ()))


def _walk(folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    place = folder.resolve()
    if place in above:
        raise CheckpointError(
            f"{folder} is a link to a folder that it lies in: put a copy of the part there"
        )
    for path in folder.iterdir():
        if path.is_dir():
            yield from _walk(path, (*above, place))
        elif path.is_file():
            yield path
