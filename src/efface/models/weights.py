"""Weights of a folder against the architecture that its config.json names."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from efface.errors import CheckpointError

KINDS = {"missing_keys": "missing", "unexpected_keys": "unknown", "mismatched_keys": "misshapen"}
LIBRARIES = ("transformers", "diffusers")


@contextmanager
def reading(place: Path, what: str) -> Iterator[None]:
    """Name the folder or file, whatever a library raises at files that are not right.

    Libraries raise what they come across: a key, a division by zero, an exception of their own. So
    nothing belongs in here but what builds a network, or another part, and fills it.

    Raises:
        CheckpointError: the library raised something.
    """
    try:
        with without_advice():
            yield
    except Exception as error:
        if any(isinstance(one, UnpicklingError) for one in _chain(error)):
            raise CheckpointError(
                f"{place}: the weights in {_pickles(place)} are damaged, or a pickle that holds "
                "more than tensors: that may run code as it is read, so it was not read; copy them "
                "again, or save them as safetensors"
            ) from error
        raise CheckpointError(f"{place}: not a readable {what}: {told(error)}") from error


def told(error: Exception) -> str:
    """What a library's error says, in one line; it may go on with advice about downloads."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1])
    plain = isinstance(error, OSError | RuntimeError | ValueError) and said
    return said if plain else f"{type(error).__name__} {said}".strip()


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _pickles(place: Path) -> str:
    if place.is_file():
        return place.name
    names = sorted(path.name for end in ("*.bin", "*.pt", "*.pth") for path in place.glob(end))
    return ", ".join(names) or "the folder"


def check_weights(place: Path, found: Mapping[str, Iterable[Any]]) -> None:
    """Refuse weights that are not those of the architecture.

    Args:
        place: folder they were read from.
        found: what the library found wrong, under the names of its loading info.

    Raises:
        CheckpointError: something was.
    """
    wrong = {key: sorted(map(str, names)) for key, names in found.items() if names}
    if not wrong:
        return
    listed = "; ".join(
        f"{len(names)} {KINDS.get(key, key)}, such as {names[0]}" for key, names in wrong.items()
    )
    raise CheckpointError(
        f"{place}: these are not the weights of the architecture in config.json ({listed}): copy "
        "both from one model"
    )


@contextmanager
def without_advice() -> Iterator[None]:
    """Keep a library from listing every weight that does not fit, and advising to train on."""
    loggers = [logging.getLogger(name) for name in LIBRARIES]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
