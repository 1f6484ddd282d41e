"""A token painter on disk: a folder laid out like a pipeline of diffusers.

model_index.json    the class, both networks, and how they work together
vqvae/              a VQModel of diffusers
transformer/        config.json and model.safetensors
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import diffusers
from diffusers import VQModel
from safetensors.torch import load_file, save_file

from efface.errors import CheckpointError
from efface.files import write_json
from efface.models.configuration import read_object
from efface.models.families import INDEX
from efface.models.normalisation import read_normalisation
from efface.models.pipeline_folder import load_part
from efface.models.token_transformer import TokenTransformer, read_transformer_config
from efface.models.vqgan import PaintSettings, TokenPainter
from efface.models.weights import check_weights, reading

CLASS_NAME = "EffaceTokenPainter"
"""``_class_name`` in model_index.json."""
WEIGHTS = "model.safetensors"


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
    index = read_object(folder / INDEX)
    if index.get("_class_name") != CLASS_NAME:
        raise CheckpointError(
            f"{folder / INDEX}: _class_name is {index.get('_class_name')!r}, a token painter's is "
            f"{CLASS_NAME!r}"
        )
    vqvae = load_part(VQModel, folder, "vqvae")
    settings = _read_settings(folder / INDEX, index, vqvae.config.in_channels)
    transformer = _load_transformer(folder / "transformer")
    codes = (vqvae.config.num_vq_embeddings, transformer.config.codebook_size)
    if codes[0] != codes[1]:
        raise CheckpointError(
            f"{folder}: the tokenizer has {codes[0]} codes and the transformer {codes[1]}; "
            "take both from one model"
        )
    return TokenPainter(vqvae, transformer, settings)


def _read_settings(path: Path, index: dict[str, Any], channels: int) -> PaintSettings:
    if missing := [name for name in ("patchwise", "rounds") if name not in index]:
        raise CheckpointError(f"{path}: {', '.join(missing)} missing")
    patchwise, rounds = index["patchwise"], index["rounds"]
    if not isinstance(patchwise, bool):
        raise CheckpointError(f"{path}: patchwise must be true or false, got {patchwise!r}")
    if type(rounds) is not int or rounds < 1:
        raise CheckpointError(f"{path}: rounds must be a whole number above 0, got {rounds!r}")
    mean, std = read_normalisation(path, index, channels)
    return PaintSettings(
        patchwise=patchwise, rounds=rounds, image_mean=tuple(mean), image_std=tuple(std)
    )


def _load_transformer(folder: Path) -> TokenTransformer:
    config = read_transformer_config(read_object(folder / "config.json"))
    with reading(folder, "token transformer"):
        transformer = TokenTransformer(config)
        found = transformer.load_state_dict(load_file(folder / WEIGHTS), strict=False)
    check_weights(folder, found._asdict())
    return transformer
