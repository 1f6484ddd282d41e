"""Weights of a folder against the architecture that its config.json names."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from efface.errors import CheckpointError

KINDS = {"missing_keys": "missing", "unexpected_keys": "unknown", "mismatched_keys": "misshapen"}
LIBRARIES = ("transformers", "diffusers")


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
    told = "; ".join(
        f"{len(names)} {KINDS.get(key, key)}, such as {names[0]}" for key, names in wrong.items()
    )
    raise CheckpointError(
        f"{place}: these are not the weights of the architecture in config.json ({told}): copy "
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
