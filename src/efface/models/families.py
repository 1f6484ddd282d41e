"""The model families, and which one a folder on disk belongs to.

To add a family: one file beside this one that fulfils ``efface.models.protocol``, one line in
``FAMILIES`` or ``PIPELINES``.
"""

import json
from collections.abc import Callable
from pathlib import Path

from efface.errors import CheckpointError
from efface.models.protocol import ImageToImageModel

Loader = Callable[[Path], ImageToImageModel]


def _load_mae(folder: Path) -> ImageToImageModel:
    from efface.models.mae import load_mae

    return load_mae(folder)


def _load_vqgan(folder: Path) -> ImageToImageModel:
    from efface.models.vqgan_folder import load_vqgan

    return load_vqgan(folder)


def _load_pixel_diffusion(folder: Path) -> ImageToImageModel:
    from efface.models.pixel_diffusion import load_pixel_diffusion

    return load_pixel_diffusion(folder)


def _load_latent_diffusion(folder: Path) -> ImageToImageModel:
    from efface.models.latent_diffusion import load_latent_diffusion

    return load_latent_diffusion(folder)


FAMILIES: dict[str, Loader] = {
    "vit_mae": _load_mae,
}
"""``model_type`` of a folder's config.json (one network) -> how to load it."""
PIPELINES: dict[str, Loader] = {
    "EffaceTokenPainter": _load_vqgan,
    "EffacePixelInpainting": _load_pixel_diffusion,
    "StableDiffusionInpaintPipeline": _load_latent_diffusion,
}
"""``_class_name`` of a folder's model_index.json (several networks) -> how to load it."""
INDEX = "model_index.json"
WHERE: dict[str, tuple[str, dict[str, Loader]]] = {
    INDEX: ("_class_name", PIPELINES),
    "config.json": ("model_type", FAMILIES),
}
"""File that says what a folder holds -> the key that says it, and what it may say."""


def load_family(folder: Path) -> ImageToImageModel:
    """Load the model in a folder, whatever family it is of.

    Raises:
        CheckpointError: see ``find_loader``; or weights that are not those of the architecture.
    """
    return find_loader(folder)(folder)


def find_loader(folder: Path) -> Loader:
    """How the model in a folder is loaded, by what the folder says that it holds.

    Raises:
        CheckpointError: not a model folder, or of an architecture efface has no family for.
    """
    path = index_of(folder)
    key, known = WHERE[path.name]
    try:
        kind = json.loads(path.read_text()).get(key)
    except (UnicodeDecodeError, json.JSONDecodeError, AttributeError) as error:
        raise CheckpointError(f"{path} is not a configuration in JSON: {error}") from None
    if not isinstance(kind, str) or kind not in known:
        accepted = ", ".join([*FAMILIES, *PIPELINES])
        raise CheckpointError(
            f"{folder}: architecture {kind!r} is not supported: use one of {accepted}"
        )
    return known[kind]


def index_of(folder: Path) -> Path:
    """The file that says what a model folder holds.

    Raises:
        CheckpointError: there is none.
    """
    for name in WHERE:
        if (folder / name).is_file():
            return folder / name
    raise CheckpointError(
        f"{folder} holds no {' or '.join(reversed(WHERE))}: give a folder as transformers or "
        "diffusers save it"
    )
