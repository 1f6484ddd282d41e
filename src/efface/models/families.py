"""The model families: which one a folder on disk belongs to, and what of it a family reads.

To add a family: one file beside this one that fulfils ``efface.models.protocol``, one entry in
``FAMILIES`` or ``PIPELINES`` that says how it is loaded and which settings decide what it paints.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from efface.errors import CheckpointError
from efface.files import sha256_file
from efface.models.configuration import (
    Configuration,
    all_but,
    hashed,
    if_there,
    only,
    read_object,
    read_painting_settings,
)
from efface.models.inpainting_settings import FILE as INPAINTING
from efface.models.inpainting_settings import read_inpainting_settings

if TYPE_CHECKING:  # the protocol needs torch, a configuration does not
    from efface.models.protocol import ImageToImageModel


@dataclass(frozen=True, kw_only=True)
class Family:
    """How a folder of one architecture is read."""

    load: Callable[[Path], "ImageToImageModel"]
    configuration: Configuration
    """Files and settings that decide what the model paints: part of its fingerprint."""


def _load_mae(folder: Path) -> "ImageToImageModel":
    from efface.models.mae import load_mae

    return load_mae(folder)


def _load_vqgan(folder: Path) -> "ImageToImageModel":
    from efface.models.vqgan_folder import load_vqgan

    return load_vqgan(folder)


def _load_pixel_diffusion(folder: Path) -> "ImageToImageModel":
    from efface.models.pixel_diffusion import load_pixel_diffusion

    return load_pixel_diffusion(folder)


def _load_latent_diffusion(folder: Path) -> "ImageToImageModel":
    from efface.models.latent_diffusion import load_latent_diffusion

    return load_latent_diffusion(folder)


def _inpainting(path: Path) -> dict[str, Any]:
    """Every setting of inpainting.json, those left to their defaults too."""
    return asdict(read_inpainting_settings(path.parent))


INDEX = "model_index.json"
_EVERY = all_but()
_DIFFUSION = {"unet/config.json": _EVERY, "scheduler/scheduler_config.json": _EVERY}
_TOKENIZER = {
    "tokenizer/added_tokens.json": if_there(_EVERY),
    "tokenizer/merges.txt": if_there(sha256_file),
    "tokenizer/special_tokens_map.json": if_there(_EVERY),
    "tokenizer/tokenizer.json": if_there(hashed(_EVERY)),
    "tokenizer/tokenizer_config.json": _EVERY,
    "tokenizer/vocab.json": if_there(hashed(_EVERY)),
}
FAMILIES: dict[str, Family] = {
    "vit_mae": Family(
        load=_load_mae,
        configuration={
            "config.json": all_but("mask_ratio"),  # set anew for each mask
            "preprocessor_config.json": only("image_mean", "image_std"),
        },
    ),
}
"""``model_type`` of a folder's config.json (one network) -> its family."""
PIPELINES: dict[str, Family] = {
    "EffaceTokenPainter": Family(
        load=_load_vqgan,
        configuration={
            INDEX: only("_class_name", "patchwise", "rounds", "image_mean", "image_std"),
            "vqvae/config.json": _EVERY,
            "transformer/config.json": _EVERY,
        },
    ),
    "EffacePixelInpainting": Family(
        load=_load_pixel_diffusion,
        configuration={INDEX: only("_class_name"), INPAINTING: _inpainting, **_DIFFUSION},
    ),
    "StableDiffusionInpaintPipeline": Family(
        load=_load_latent_diffusion,
        configuration={
            INDEX: only("_class_name"),
            INPAINTING: if_there(_inpainting),
            **_DIFFUSION,
            "vae/config.json": _EVERY,
            "text_encoder/config.json": _EVERY,
            **_TOKENIZER,
        },
    ),
}
"""``_class_name`` of a folder's model_index.json (several networks) -> their family."""
WHERE: dict[str, tuple[str, dict[str, Family]]] = {
    INDEX: ("_class_name", PIPELINES),
    "config.json": ("model_type", FAMILIES),
}
"""File that says what a folder holds -> the key that says it, and what it may say."""


def load_family(folder: Path) -> "ImageToImageModel":
    """Load the model in a folder, whatever family it is of.

    Raises:
        CheckpointError: not a model folder, of an architecture efface has no family for, or weights
            that are not those of the architecture.
    """
    return _family_of(folder).load(folder)


def read_configuration(folder: Path) -> dict[str, Any]:
    """File -> settings of a model folder that decide what the model paints.

    Raises:
        CheckpointError: not a model folder, of an architecture efface has no family for, or a file
            that the family reads is absent or damaged.
    """
    return read_painting_settings(folder, _family_of(folder).configuration)


def architecture_of(folder: Path) -> str:
    """What a model folder says it holds, a key of ``FAMILIES`` or ``PIPELINES``.

    Raises:
        CheckpointError: not a model folder, or of an architecture efface has no family for.
    """
    path = index_of(folder)
    key, known = WHERE[path.name]
    kind = read_object(path).get(key)
    if not isinstance(kind, str) or kind not in known:
        accepted = ", ".join([*FAMILIES, *PIPELINES])
        raise CheckpointError(
            f"{folder}: architecture {kind!r} is not supported: use one of {accepted}"
        )
    return kind


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


def _family_of(folder: Path) -> Family:
    return {**FAMILIES, **PIPELINES}[architecture_of(folder)]
