"""The model families, and which one a folder on disk belongs to.

To add a family: one file beside this one that fulfils ``efface.models.protocol``, one line in
``FAMILIES`` (a folder of transformers) or in ``PIPELINES`` (a folder of a diffusers pipeline).
"""

import json
from collections.abc import Callable
from pathlib import Path

from efface.errors import CheckpointError
from efface.models.protocol import ImageToImageModel

CONFIG = "config.json"
INDEX = "model_index.json"


def _load_mae(folder: Path) -> ImageToImageModel:
    from efface.models.mae import load_mae

    return load_mae(folder)


def _load_pixel_diffusion(folder: Path) -> ImageToImageModel:
    from efface.models.pixel_diffusion import load_pixel_diffusion

    return load_pixel_diffusion(folder)


def _load_latent_diffusion(folder: Path) -> ImageToImageModel:
    from efface.models.latent_diffusion import load_latent_diffusion

    return load_latent_diffusion(folder)


Loader = Callable[[Path], ImageToImageModel]

FAMILIES: dict[str, Loader] = {
    "vit_mae": _load_mae,
}
"""``model_type`` of a folder's config.json -> how to load it."""

PIPELINES: dict[str, Loader] = {
    "EffacePixelInpainting": _load_pixel_diffusion,
    "StableDiffusionInpaintPipeline": _load_latent_diffusion,
}
"""``_class_name`` of a folder's model_index.json -> how to load it."""


def load_family(folder: Path) -> ImageToImageModel:
    """Load the model in a folder, whatever family it is of.

    Raises:
        CheckpointError: not a model folder, or of an architecture efface has no family for.
    """
    if is_pipeline(folder):
        return _find(PIPELINES, folder / INDEX, "_class_name", "pipeline")(folder)
    if not (folder / CONFIG).is_file():
        raise CheckpointError(
            f"{folder} holds neither {CONFIG} nor {INDEX}: give a folder as transformers or "
            "diffusers save it"
        )
    return _find(FAMILIES, folder / CONFIG, "model_type", "architecture")(folder)


def is_pipeline(folder: Path) -> bool:
    """Whether a model folder has the layout of diffusers' pipelines."""
    return (folder / INDEX).is_file()


def _find(loaders: dict[str, Loader], path: Path, key: str, word: str) -> Loader:
    try:
        kind = json.loads(path.read_text()).get(key)
    except (UnicodeDecodeError, json.JSONDecodeError, AttributeError) as error:
        raise CheckpointError(f"{path} is not a configuration in JSON: {error}") from None
    if kind not in loaders:
        raise CheckpointError(
            f"{path.parent}: {word} {kind!r} is not supported: use one of {', '.join(loaders)}"
        )
    return loaders[kind]
