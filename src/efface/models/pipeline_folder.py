"""Folders in the layout of diffusers' pipelines: model_index.json and one folder a part."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from efface.errors import CheckpointError
from efface.files import write_json
from efface.models.configuration import read_network_config, read_object
from efface.models.families import INDEX
from efface.models.sampler import sample
from efface.models.unet_halves import NOT_READ
from efface.models.weights import check_weights, reading

Parts = Mapping[str, tuple[str | None, str | None]]
"""Part -> (library, class); (None, None) for one that a pipeline may have and this has not."""


def load_part(kind: Any, folder: Path, name: str) -> Any:
    """Load one part of diffusers in float32, with every weight it needs and none left over.

    Raises:
        CheckpointError: absent, damaged, or of another shape than its config says.
    """
    place = folder / name
    read_network_config(place / "config.json")
    with reading(place, kind.__name__):
        part, found = kind.from_pretrained(
            place,
            local_files_only=True,
            output_loading_info=True,
            low_cpu_mem_usage=False,
            torch_dtype=torch.float32,
        )
    check_weights(place, found)
    return part


def load_scheduler(folder: Path) -> Any:
    """The noise schedule of a folder, as a ``DDIMScheduler``.

    Raises:
        CheckpointError: absent, or of a model that predicts something else than the noise.
    """
    from diffusers import DDIMScheduler

    read_object(folder / "scheduler" / "scheduler_config.json")
    with reading(folder / "scheduler", "noise schedule"):
        config = DDIMScheduler.load_config(folder / "scheduler", local_files_only=True)
        scheduler = DDIMScheduler.from_config(config)
    if scheduler.config.prediction_type != "epsilon":
        raise CheckpointError(
            f"{folder}/scheduler: prediction_type {scheduler.config.prediction_type!r} is not "
            "supported: use a model that predicts the noise (epsilon)"
        )
    return scheduler


def check_schedule(folder: Path, scheduler: Any, steps: int) -> None:
    """Refuse a noise schedule that mixes no signal and noise, or that a sampler cannot walk.

    The sampler is tried on one pixel, with a denoiser that finds no noise.

    Args:
        folder: of the pipeline.
        scheduler: ``DDIMScheduler``.
        steps: of the sampler.

    Raises:
        CheckpointError: shares of signal are not from 0 to 1 or not one a timestep; the sampler
            fails, or gives what is not finite.
    """
    place = folder / "scheduler"
    signal, most = scheduler.alphas_cumprod, scheduler.config.num_train_timesteps
    if len(signal) != most or not ((signal >= 0) & (signal <= 1)).all():
        raise CheckpointError(
            f"{place}: the noise schedule must leave a share of signal from 0 to 1 at each of its "
            f"{most} timesteps: look at beta_start, beta_end and trained_betas, and copy "
            "scheduler_config.json from the model"
        )
    with reading(place, "noise schedule"):
        found = sample(
            lambda noisy, times: torch.zeros_like(noisy),
            torch.ones(1, 1, 1, 1),
            scheduler.config,
            steps,
        )
    if not found.isfinite().all():
        raise CheckpointError(
            f"{place}: a sampler of {steps} steps ends with NaN or infinity: copy "
            "scheduler_config.json from the model"
        )


def check_unet(folder: Path, unet: Any) -> None:
    """Refuse a UNet with inputs that efface does not give it, or without a size.

    Raises:
        CheckpointError: it has class labels, additional embeddings or skip blocks.
    """
    size = unet.config.sample_size
    if type(size) is not int or size < 1:
        raise CheckpointError(
            f"{folder}/unet: sample_size is {size!r}: give one whole number above 0"
        )
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
