"""``image_mean`` and ``image_std``: what pixels in [0, 1] are shifted and divided by, a channel."""

import reprlib
from pathlib import Path
from typing import Any

from efface.errors import CheckpointError

SMALLEST, LARGEST = 1e-6, 1e6
"""Of a deviation, and of either: beyond them float32 has no number, or pixels lose their digits."""


def read_normalisation(
    path: Path, settings: dict[str, Any], channels: int
) -> tuple[list[float], list[float]]:
    """Mean and deviation of each channel, as they were given.

    Args:
        path: file that the settings were read from.
        settings: its content.
        channels: of the images.

    Raises:
        CheckpointError: one is missing, no list of that many numbers, or out of range.
    """
    if missing := [name for name in ("image_mean", "image_std") if name not in settings]:
        raise CheckpointError(f"{path}: {', '.join(missing)} missing: copy it from the model")
    mean, std = settings["image_mean"], settings["image_std"]
    if not _are_numbers(mean) or not _are_numbers(std) or min(std) < SMALLEST:
        raise CheckpointError(
            f"{path}: image_mean and image_std must be lists of numbers up to {LARGEST:g}, "
            f"image_std above 0, at least {SMALLEST:g}; got {reprlib.repr(mean)} and "
            f"{reprlib.repr(std)}"
        )
    if len(mean) != channels or len(std) != channels:
        raise CheckpointError(f"{path}: image_mean and image_std need {channels} numbers each")
    return mean, std


def _are_numbers(given: Any) -> bool:
    return (
        isinstance(given, list)
        and bool(given)
        and all(type(n) in (int, float) and abs(n) <= LARGEST for n in given)
    )
