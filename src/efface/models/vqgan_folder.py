"""A token painter on disk: a folder laid out like a pipeline of diffusers.

model_index.json    the class, both networks, and how they work together
vqvae/              a VQModel of diffusers
transformer/        config.json and model.safetensors
"""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import diffusers
from diffusers import VQModel
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from efface.errors import CheckpointError, InputError
from efface.files import load_json, write_json
from efface.models.families import INDEX
from efface.models.pipeline_folder import load_part
from efface.models.token_transformer import TokenTransformer, read_transformer_config
from efface.models.vqgan import PaintSettings, TokenPainter
from efface.models.weights import check_weights

CLASS_NAME = "EffaceTokenPainter"
"""``_class_name`` in model_index.json."""
WEIGHTS = "model.safetensors"
SETTINGS = ("patchwise", "rounds", "image_mean", "image_std")


def save_vqgan(model: TokenPainter, folder: Path) -> None:
    """Write all weights as safetensors, with their configuration."""
    index = {
        "_class_name": CLASS_NAME,
        "_diffusers_version": diffusers.__version__,
        "vqvae": ["diffusers", "VQModel"],
        "transformer": ["efface", "TokenTransformer"],
        **asdict(model.settings),
    }
    write_json(folder / INDEX, dict(sorted(index.items())))
    model.vqvae.save_pretrained(folder / "vqvae")
    config = asdict(model.transformer.config)
    write_json(folder / "transformer" / "config.json", dict(sorted(config.items())))
    state = {name: tensor.contiguous() for name, tensor in model.transformer.state_dict().items()}
    save_file(state, folder / "transformer" / WEIGHTS, {"format": "pt"})


def load_vqgan(folder: Path) -> TokenPainter:
    """Load a folder that ``save_vqgan`` wrote, or one laid out like it.

    Raises:
        CheckpointError: another family's folder; a setting, a file or a weight is missing, left
            over or of another shape; the two networks do not fit each other.
    """
    index = _read(folder / INDEX)
    if index.get("_class_name") != CLASS_NAME:
        raise CheckpointError(
            f"{folder / INDEX}: _class_name is {index.get('_class_name')!r}, a token painter's is "
            f"{CLASS_NAME!r}"
        )
    settings = _read_settings(folder / INDEX, index)
    vqvae = load_part(VQModel, folder, "vqvae")
    transformer = _load_transformer(folder / "transformer")
    channels = vqvae.config.in_channels
    if len(settings.image_mean) != channels or len(settings.image_std) != channels:
        raise CheckpointError(
            f"{folder / INDEX}: image_mean and image_std need {channels} numbers each"
        )
    codes = (vqvae.config.num_vq_embeddings, transformer.config.codebook_size)
    if codes[0] != codes[1]:
        raise CheckpointError(
            f"{folder}: the tokenizer has {codes[0]} codes and the transformer {codes[1]}; "
            "take both from one model"
        )
    return TokenPainter(vqvae, transformer, settings)


def _read_settings(path: Path, index: dict[str, Any]) -> PaintSettings:
    if missing := [name for name in SETTINGS if name not in index]:
        raise CheckpointError(f"{path}: {', '.join(missing)} missing")
    patchwise, rounds = index["patchwise"], index["rounds"]
    mean, std = index["image_mean"], index["image_std"]
    if not isinstance(patchwise, bool):
        raise CheckpointError(f"{path}: patchwise must be true or false, got {patchwise!r}")
    if type(rounds) is not int or rounds < 1:
        raise CheckpointError(f"{path}: rounds must be a whole number above 0, got {rounds!r}")
    if not _are_numbers(mean) or not _are_numbers(std) or min(std) <= 0:
        raise CheckpointError(
            f"{path}: image_mean and image_std must be lists of numbers, image_std above 0, got "
            f"{mean!r} and {std!r}"
        )
    return PaintSettings(
        patchwise=patchwise, rounds=rounds, image_mean=tuple(mean), image_std=tuple(std)
    )


def _load_transformer(folder: Path) -> TokenTransformer:
    try:
        transformer = TokenTransformer(read_transformer_config(_read(folder / "config.json")))
        found = transformer.load_state_dict(load_file(folder / WEIGHTS), strict=False)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(f"{folder}: not a readable token transformer: {error}") from error
    check_weights(folder, found._asdict())
    return transformer


def _are_numbers(given: Any) -> bool:
    return (
        isinstance(given, list)
        and bool(given)
        and all(type(n) in (int, float) and math.isfinite(n) for n in given)
    )


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise CheckpointError(f"{path} is missing: copy it from the model")
    try:
        found = load_json(path.read_text())
    except (ValueError, RecursionError, InputError) as error:
        raise CheckpointError(f"{path} is not a configuration in JSON: {error}") from None
    if not isinstance(found, dict):
        raise CheckpointError(f"{path} is not a configuration in JSON: not an object")
    return found
