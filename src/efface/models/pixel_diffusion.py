"""In-painting diffusion on pixels, as Palette does it: ``UNet2DModel`` of diffusers.

Saharia et al. 2022, arXiv 2111.05826. With C colour channels in [-1, 1] the UNet takes C of the
noisy picture, C of the masked picture (hidden pixels 0) and the mask, and predicts the noise.
Visible pixels of the noisy picture are the picture's own; noise is in the hole alone.
"""

from pathlib import Path
from typing import Any

import torch
from diffusers import DDIMScheduler, UNet2DModel
from torch import Tensor

from efface.errors import CheckpointError
from efface.models.diffusion import InpaintingDiffusion
from efface.models.inpainting_settings import (
    InpaintingSettings,
    read_inpainting_settings,
    write_inpainting_settings,
)
from efface.models.pipeline_folder import (
    check_schedule,
    check_unet,
    load_part,
    load_scheduler,
    write_index,
)

PIPELINE = "EffacePixelInpainting"
"""``_class_name`` in model_index.json; diffusers has no pipeline of this kind."""


class PixelDiffusion(InpaintingDiffusion):
    """Diffusion whose canvas is the picture in [-1, 1]."""

    def __init__(self, unet: Any, scheduler: Any, settings: InpaintingSettings) -> None:
        """Wrap a ``UNet2DModel``; see ``InpaintingDiffusion``."""
        super().__init__(unet, scheduler, settings, channels=int(unet.config.out_channels), cell=1)

    def canvas(self, pixels_BCHW: Tensor) -> Tensor:
        """Pixels in [-1, 1]."""
        return pixels_BCHW * 2 - 1

    def picture(self, canvas_BCHW: Tensor) -> Tensor:
        """Pixels in [0, 1]."""
        return (canvas_BCHW + 1) / 2

    def input(self, noisy_BCHW: Tensor, masked_BCHW: Tensor, holes_B1HW: Tensor) -> Tensor:
        """``(B, 2 C + 1, H, W)``: noise in the hole alone, masked picture, mask."""
        inside = torch.where(holes_B1HW, noisy_BCHW, masked_BCHW)
        return torch.cat([inside, masked_BCHW, holes_B1HW.to(noisy_BCHW.dtype)], dim=1)

    def words(self, count: int) -> None:
        """No text is read."""

    def save(self, folder: Path) -> None:
        """Write model_index.json, inpainting.json, unet/ and scheduler/."""
        self.unet.save_pretrained(folder / "unet")
        self.scheduler.save_pretrained(folder / "scheduler")
        write_inpainting_settings(folder, self.settings)
        parts = {"unet": ("diffusers", "UNet2DModel"), "scheduler": ("diffusers", "DDIMScheduler")}
        write_index(folder, PIPELINE, parts)


def load_pixel_diffusion(folder: Path) -> PixelDiffusion:
    """Load a folder that ``PixelDiffusion.save`` wrote, or one of the same form.

    Raises:
        CheckpointError: a part is missing, or is not an in-painting UNet.
    """
    settings = read_inpainting_settings(folder)
    unet = load_part(UNet2DModel, folder, "unet")
    colours = unet.config.out_channels
    if colours not in (1, 3) or unet.config.in_channels != 2 * colours + 1:
        raise CheckpointError(
            f"{folder}: the UNet takes {unet.config.in_channels} channels and gives {colours}; "
            "in-painting of pixels takes 3 and gives 1 (grey), or takes 7 and gives 3 (colour)"
        )
    check_unet(folder, unet)
    model = PixelDiffusion(unet, load_scheduler(folder), settings)
    check_schedule(folder, model.scheduler, settings.steps)
    return model


def new_pixel_diffusion(config: dict[str, Any], settings: InpaintingSettings) -> PixelDiffusion:
    """A pixel model with random weights, drawn from torch's global generator.

    Args:
        config: of ``UNet2DModel``, with ``sample_size`` and ``out_channels`` (1 or 3).
        settings: patch size, steps and levels.
    """
    channels = config["out_channels"]
    unet = UNet2DModel(**{**config, "in_channels": 2 * channels + 1})
    scheduler = DDIMScheduler(
        num_train_timesteps=1000, beta_schedule="linear", timestep_spacing="trailing"
    )
    return PixelDiffusion(unet, scheduler, settings)
