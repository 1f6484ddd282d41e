"""Chance and sampling of diffusion models, the same on every device and in every batch.

DDIM with eta 0 (Song et al. 2021, arXiv 2010.02502): the answer is a function of the starting
noise, and that is drawn from what is visible of the picture.

Shapes in names: B batch, C channels, H/W pixels or canvas.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Denoiser = Callable[[Tensor, Tensor], Tensor]
"""(noisy canvas ``(B, C, H, W)``, timesteps ``(B,)``) -> predicted noise."""


def seeded_noise(seed_B: Tensor, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Standard normal ``(B, *shape)``, each image's from its own seed, drawn on the CPU."""
    generator = torch.Generator()
    drawn = [
        torch.randn(shape, generator=generator.manual_seed(int(seed))) for seed in seed_B.tolist()
    ]
    return torch.stack(drawn).to(device)


def picture_seeds(images_BCHW: Tensor, holes_B1HW: Tensor) -> Tensor:
    """A seed int64 ``(B,)`` for each picture: a hash of its visible pixels in 8 bits and its mask.

    Two pictures differ in their noise; the same picture has the same, whatever lies in the hole.
    """
    bytes_BCHW = (images_BCHW.float().clamp(0, 1) * 255).round().to(torch.uint8)
    visible = bytes_BCHW.masked_fill(holes_B1HW, 0).cpu().numpy()
    holes = holes_B1HW.cpu().numpy()
    digests = [
        hashlib.sha256(picture.tobytes() + hole.tobytes()).digest()
        for picture, hole in zip(visible, holes, strict=True)
    ]
    return torch.tensor([int.from_bytes(digest[:8], "big") >> 1 for digest in digests])


def sample(denoise: Denoiser, noise_BCHW: Tensor, scheduler_config: Any, steps: int) -> Tensor:
    """Walk from noise to a canvas in ``steps`` steps of DDIM.

    Args:
        denoise: what predicts the noise.
        noise_BCHW: where to start.
        scheduler_config: of ``DDIMScheduler``; says the noise schedule and the timesteps.
        steps: how many times ``denoise`` is asked.
    """
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler.from_config(scheduler_config)
    scheduler.set_timesteps(steps)
    canvas: Tensor = noise_BCHW * scheduler.init_noise_sigma
    for time in scheduler.timesteps.tolist():
        predicted = denoise(canvas, torch.full((len(canvas),), time, device=canvas.device))
        canvas = scheduler.step(
            predicted.to(canvas.dtype), time, canvas, use_clipped_model_output=True
        ).prev_sample
    return canvas
