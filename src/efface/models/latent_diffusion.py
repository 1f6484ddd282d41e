"""In-painting diffusion on latents: the folders of ``StableDiffusionInpaintPipeline``.

Rombach et al. 2022, arXiv 2112.10752. The UNet takes 4 noisy latents, the mask and 4 latents of the
masked picture (hidden pixels grey), and predicts the noise. The picture is described by the empty
prompt, whose embedding is computed once. The auto-encoder and the text encoder never move; latents
are the means of the auto-encoder's distribution, so they hold no chance.

Shapes in names: B batch, C channels, H/W pixels or latents, L words, K width of a word.
"""

import logging
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer
from transformers import logging as transformers_logging

from efface.errors import CheckpointError
from efface.models.configuration import read_object
from efface.models.diffusion import InpaintingDiffusion
from efface.models.inpainting_settings import (
    FILE,
    InpaintingSettings,
    read_inpainting_settings,
    write_inpainting_settings,
)
from efface.models.pipeline_folder import (
    Parts,
    check_schedule,
    check_unet,
    load_part,
    load_scheduler,
    write_index,
)
from efface.models.weights import reading

PIPELINE = "StableDiffusionInpaintPipeline"
LATENTS = 4
"""Channels of the latents that in-painting UNets were trained with."""
PARTS: Parts = {
    "unet": ("diffusers", "UNet2DConditionModel"),
    "vae": ("diffusers", "AutoencoderKL"),
    "text_encoder": ("transformers", "CLIPTextModel"),
    "tokenizer": ("transformers", "CLIPTokenizer"),
    "scheduler": ("diffusers", "DDIMScheduler"),
    "safety_checker": (None, None),
    "feature_extractor": (None, None),
    "image_encoder": (None, None),
}

transformers_logging.disable_progress_bar()
# transformers 5.23 warns of each CLIP text model that it is not spread over several machines.
logging.getLogger("transformers.distributed.tensor_parallel").setLevel(logging.ERROR)


class LatentDiffusion(InpaintingDiffusion):
    """Diffusion whose canvas is the latents of an auto-encoder."""

    def __init__(
        self,
        unet: Any,
        scheduler: Any,
        settings: InpaintingSettings,
        *,
        vae: Any,
        text_encoder: Any,
        tokenizer: dict[str, bytes],
        prompt_L: list[int],
    ) -> None:
        """Wrap the parts of a pipeline.

        Args:
            unet: ``UNet2DConditionModel`` with 9 channels.
            scheduler: ``DDIMScheduler``.
            settings: patch size, steps and levels.
            vae: ``AutoencoderKL``.
            text_encoder: ``CLIPTextModel``.
            tokenizer: name and content of its files, which are only handed on.
            prompt_L: what it makes of the empty prompt.
        """
        super().__init__(unet, scheduler, settings, channels=3, cell=cell_size(vae))
        self.vae = vae
        self.text_encoder = text_encoder
        self._tokenizer = tokenizer
        with torch.no_grad():
            empty = text_encoder.eval()(torch.tensor([prompt_L])).last_hidden_state
        self.register_buffer("_empty", empty, persistent=False)
        self._empty: Tensor

    def canvas(self, pixels_BCHW: Tensor) -> Tensor:
        """Scaled latents ``(B, 4, h, w)``, without gradient."""
        with torch.no_grad():
            parts = torch.split(pixels_BCHW * 2 - 1, self.at_once)
            found = torch.cat([self.vae.encode(part).latent_dist.mode() for part in parts])
        latents: Tensor = found * self.vae.config.scaling_factor
        return latents

    def picture(self, canvas_BCHW: Tensor) -> Tensor:
        """Pixels in [0, 1] that the auto-encoder makes of latents."""
        pixels: Tensor = self.vae.decode(canvas_BCHW / self.vae.config.scaling_factor).sample
        return (pixels + 1) / 2

    def input(self, noisy_BCHW: Tensor, masked_BCHW: Tensor, holes_B1HW: Tensor) -> Tensor:
        """``(B, 9, h, w)``: noisy latents, mask, latents of the masked picture."""
        return torch.cat([noisy_BCHW, holes_B1HW.to(noisy_BCHW.dtype), masked_BCHW], dim=1)

    def words(self, count: int) -> Tensor:
        """The embedding ``(B, L, K)`` of the empty prompt."""
        return self._empty.expand(count, -1, -1)

    def save(self, folder: Path) -> None:
        """Write the folder of a pipeline, without its safety checker."""
        for name in ("unet", "vae", "text_encoder", "scheduler"):
            getattr(self, name).save_pretrained(folder / name)
        (folder / "tokenizer").mkdir(exist_ok=True)
        for name, content in self._tokenizer.items():
            (folder / "tokenizer" / name).write_bytes(content)
        write_inpainting_settings(folder, self.settings)
        write_index(folder, PIPELINE, PARTS, requires_safety_checker=False)


def load_latent_diffusion(folder: Path) -> LatentDiffusion:
    """Load a folder of ``StableDiffusionInpaintPipeline``.

    Without ``inpainting.json`` the picture has 16 x 16 patches where that is a whole number of
    latents, and one patch for each latent elsewhere.

    Raises:
        CheckpointError: a part is missing, damaged, or not made for in-painting.
    """
    unet = load_part(UNet2DConditionModel, folder, "unet")
    if unet.config.in_channels != 2 * LATENTS + 1 or unet.config.out_channels != LATENTS:
        raise CheckpointError(
            f"{folder}: the UNet takes {unet.config.in_channels} channels; in-painting takes "
            f"{2 * LATENTS + 1} (noisy latents, mask, latents of the masked picture): use an "
            "in-painting model, not one for text to image"
        )
    check_unet(folder, unet)
    vae = load_part(AutoencoderKL, folder, "vae")
    if vae.config.latent_channels != LATENTS or vae.config.get("shift_factor"):
        raise CheckpointError(f"{folder}/vae: must give {LATENTS} latents that are not shifted")
    text_encoder = load_part(CLIPTextModel, folder, "text_encoder")
    if text_encoder.config.hidden_size != unet.config.cross_attention_dim:
        raise CheckpointError(
            f"{folder}: words of {text_encoder.config.hidden_size} numbers do not fit a UNet that "
            f"takes {unet.config.cross_attention_dim}: unet/ and text_encoder/ are of two models"
        )
    length = text_encoder.config.max_position_embeddings
    prompt_L = _empty_prompt(folder / "tokenizer", length)
    if max(prompt_L) >= text_encoder.config.vocab_size:
        raise CheckpointError(
            f"{folder}: the tokenizer gives word {max(prompt_L)} to a text encoder of "
            f"{text_encoder.config.vocab_size}: tokenizer/ and text_encoder/ are of two models"
        )
    cell = cell_size(vae)
    if (folder / FILE).is_file():
        settings = read_inpainting_settings(folder)
    else:
        settings = default_settings(unet.config.sample_size * cell, cell)
    model = LatentDiffusion(
        unet,
        load_scheduler(folder),
        settings,
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=_files(folder / "tokenizer"),
        prompt_L=prompt_L,
    )
    check_schedule(folder, model.scheduler, settings.steps)
    return model


def new_latent_diffusion(
    unet: dict[str, Any],
    vae: dict[str, Any],
    text_encoder: dict[str, Any],
    tokenizer: Path,
    settings: InpaintingSettings | None = None,
) -> LatentDiffusion:
    """A latent model with random weights, drawn from torch's global generator.

    Args:
        unet: config of ``UNet2DConditionModel``, with ``sample_size``.
        vae: config of ``AutoencoderKL``.
        text_encoder: config of ``CLIPTextModel``.
        tokenizer: folder of a ``CLIPTokenizer``.
        settings: patch size, steps and levels; None for the defaults.
    """
    channels = {"in_channels": 2 * LATENTS + 1, "out_channels": LATENTS}
    network = UNet2DConditionModel(**{**unet, **channels})
    autoencoder = AutoencoderKL(**{**vae, "latent_channels": LATENTS})
    reader = CLIPTextModel(CLIPTextConfig(**text_encoder))
    cell = cell_size(autoencoder)
    schedule = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    return LatentDiffusion(
        network,
        DDIMScheduler(**schedule, clip_sample=False, set_alpha_to_one=False, steps_offset=1),
        settings or default_settings(int(network.config.sample_size) * cell, cell),
        vae=autoencoder,
        text_encoder=reader,
        tokenizer=_files(tokenizer),
        prompt_L=_empty_prompt(tokenizer, reader.config.max_position_embeddings),
    )


def cell_size(vae: Any) -> int:
    """Pixels along the side of one latent."""
    return int(2 ** (len(vae.config.block_out_channels) - 1))


def default_settings(image_size: int, cell: int) -> InpaintingSettings:
    """16 x 16 patches where that is a whole number of latents, else one for each latent."""
    patch, rest = divmod(image_size, 16)
    return InpaintingSettings(patch_size=cell if rest or not patch or patch % cell else patch)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def _empty_prompt(folder: Path, length: int) -> list[int]:
    """Token numbers of the empty prompt, padded to the length that the text encoder reads."""
    read_object(folder / "tokenizer_config.json")
    with reading(folder, "tokenizer"):
        tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
        numbers: list[int] = tokenizer("", padding="max_length", max_length=length)["input_ids"]
    return numbers
