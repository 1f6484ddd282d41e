"""The model families, and which one a folder on disk belongs to.

To add a family: one file beside this one that fulfils ``efface.models.protocol``, one line in
``FAMILIES``.
"""

import json
from collections.abc import Callable
from pathlib import Path

from efface.errors import CheckpointError
from efface.models.protocol import ImageToImageModel


def _load_mae(folder: Path) -> ImageToImageModel:
    from efface.models.mae import load_mae

    return load_mae(folder)


FAMILIES: dict[str, Callable[[Path], ImageToImageModel]] = {
    "vit_mae": _load_mae,
}
"""``model_type`` of a folder's config.json -> how to load it."""


def load_family(folder: Path) -> ImageToImageModel:
    """Load the model in a folder, whatever family it is of.

    Raises:
        CheckpointError: not a model folder, or of an architecture efface has no family for.
    """
    config = folder / "config.json"
    if not config.is_file():
        raise CheckpointError(
            f"{folder} holds no config.json: give a folder as transformers or diffusers save it"
        )
    try:
        kind = json.loads(config.read_text()).get("model_type")
    except (json.JSONDecodeError, AttributeError) as error:
        raise CheckpointError(f"{config} is not a configuration in JSON: {error}") from None
    if kind not in FAMILIES:
        raise CheckpointError(
            f"{folder}: architecture {kind!r} is not supported: use one of {', '.join(FAMILIES)}"
        )
    return FAMILIES[kind](folder)
