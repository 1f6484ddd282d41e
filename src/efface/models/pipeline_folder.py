"""Folders in the layout of diffusers' pipelines: model_index.json and one folder a part."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from efface.errors import CheckpointError
from efface.files import write_json
from efface.models.families import INDEX
from efface.models.unet_halves import NOT_READ
from efface.models.weights import check_weights, without_advice

Parts = Mapping[str, tuple[str | None, str | None]]
"""Part -> (library, class); (None, None) for one that a pipeline may have and this has not."""


UNREADABLE = (ArithmeticError, AttributeError, OSError, RuntimeError, TypeError, ValueError)
"""What diffusers raises at a configuration or weights that are not right."""


def load_part(kind: Any, folder: Path, name: str) -> Any:
    """Load one part of diffusers in float32, with every weight it needs and none left over.

    Raises:
        CheckpointError: absent, damaged, or of another shape than its config says.
    """
    place = folder / name
    if not (place / "config.json").is_file():
        raise CheckpointError(f"{place}/config.json is missing: copy the whole folder again")
    try:
        with without_advice():
            part, found = kind.from_pretrained(
                place,
                local_files_only=True,
                output_loading_info=True,
                low_cpu_mem_usage=False,
                torch_dtype=torch.float32,
            )
    except (*UNREADABLE, SafetensorError) as error:
        raise CheckpointError(
            f"{place}: not a readable {kind.__name__}: {_short(error)}"
        ) from error
    check_weights(place, found)
    return part


def _short(error: Exception) -> str:
    """The first line of a message: diffusers adds advice about downloads."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), repr(error))


def load_scheduler(folder: Path) -> Any:
    """The noise schedule of a folder, as a ``DDIMScheduler``.

    Raises:
        CheckpointError: absent, or of a model that predicts something else than the noise.
    """
    from diffusers import DDIMScheduler

    try:
        config = DDIMScheduler.load_config(folder / "scheduler", local_files_only=True)
        scheduler = DDIMScheduler.from_config(config)
    except UNREADABLE as error:
        raise CheckpointError(f"{folder}/scheduler: not readable: {_short(error)}") from error
    if scheduler.config.prediction_type != "epsilon":
        raise CheckpointError(
            f"{folder}/scheduler: prediction_type {scheduler.config.prediction_type!r} is not "
            "supported: use a model that predicts the noise (epsilon)"
        )
    return scheduler


def check_unet(folder: Path, unet: Any) -> None:
    """Refuse a UNet with inputs that efface does not give it.

    Raises:
        CheckpointError: it has class labels, additional embeddings or skip blocks.
    """
    extra = [name for name in NOT_READ if unet.config.get(name) is not None]
    skips = any(hasattr(block, "skip_conv") for block in unet.down_blocks)
    learned = unet.config.get("time_embedding_type", "positional") != "positional"
    if extra or skips or learned or unet.mid_block is None:
        raise CheckpointError(
            f"{folder}/unet: {', '.join(extra) or 'its blocks or time embedding'} not supported: "
            "use a UNet that is asked with picture, timestep and text alone"
        )


def check_whole_patches(image_size: int, patch_size: int, cell: int) -> None:
    """Refuse a patch that is no whole number of canvas cells, or no whole part of the image.

    Raises:
        CheckpointError: it is one of the two.
    """
    if image_size % patch_size or patch_size % cell or patch_size == image_size:
        raise CheckpointError(
            f"patch_size {patch_size} must divide the image ({image_size} pixels) into several "
            f"patches and be a multiple of {cell}"
        )


def write_index(folder: Path, pipeline: str, parts: Parts, **more: Any) -> None:
    """Write model_index.json."""
    from diffusers import __version__

    listed = {name: list(place) for name, place in parts.items()}
    head = {"_class_name": pipeline, "_diffusers_version": __version__}
    write_json(folder / INDEX, {**head, **more, **listed})
