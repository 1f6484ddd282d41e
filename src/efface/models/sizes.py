"""Sizes in a config.json: whole numbers in a range, looked at before a network is built of them."""

import reprlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from efface.errors import CheckpointError

LARGEST_SIZE = 100_000
"""No network has more of anything; a number that is larger is damage, and would fill the memory."""


def check_sizes(
    path: Path, config: dict[str, Any], names: Iterable[str], largest: int = LARGEST_SIZE
) -> None:
    """Refuse sizes that no network has.

    Args:
        path: file that the settings were read from.
        config: its content.
        names: settings that are sizes; one that is not given is left to the library.
        largest: that is accepted.

    Raises:
        CheckpointError: one is no whole number from 1 to ``largest``.
    """
    for name in sorted(set(names) & config.keys()):
        if type(config[name]) is not int or not 1 <= config[name] <= largest:
            raise CheckpointError(
                f"{path}: {name} must be a whole number from 1 to {largest}, got "
                f"{reprlib.repr(config[name])}"
            )
