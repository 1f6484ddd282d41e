"""In-painting diffusion models of diffusers: what their two kinds have in common.

A UNet predicts the noise in a *canvas*: the pixels themselves (``pixel_diffusion.py``), or the
latents of an auto-encoder (``latent_diffusion.py``). It is given the noisy canvas, the masked image
and the mask. Its encoder is conv_in, the down blocks and the middle block; the time embedding
serves the up blocks too, so it stays as it is.

Chance of an image is its seed: ``seed % levels`` is the noise level and the seed draws the noise. A
level is one timestep, the middle of its stratum, and not a draw from the stratum: only then is the
mean noise embedding of a level the target that has the gradient of the paper's loss (see
``efface.methods.i2i``).

An error counts by what it does to the picture. The squared error of predicted noise, over alpha-bar
of its timestep, is that of the velocity (Salimans & Ho 2022, arXiv 2202.00512); where noise is
strong, that is the error of the picture. Unweighted, the timesteps at which a sampler decides what
to paint hardly count: with the usual schedule, to paint grey where there was a bag changes the
noise there by a hundredth. The weight 1 / alpha-bar is at most ``largest_weight`` of the settings;
1 gives the loss of Ho et al. 2020.

Shapes in names: B batch, C channels, H/W pixels or canvas, N patches.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from efface.errors import CheckpointError
from efface.models import unet_halves
from efface.models.inpainting_settings import InpaintingSettings
from efface.models.masks import pixel_mask
from efface.models.pipeline_folder import check_whole_patches
from efface.models.pixels import unit_pixels
from efface.models.sampler import picture_seeds, sample, seeded_noise

PIXELS_AT_ONCE = 2**21
"""Pixels that go through without gradient at a time: 8 images of 512 x 512."""


class InpaintingDiffusion(nn.Module, ABC):
    """A UNet and its noise schedule behind the protocol of ``efface.models.protocol``."""

    family = "diffusion"

    def __init__(
        self, unet: Any, scheduler: Any, settings: InpaintingSettings, *, channels: int, cell: int
    ) -> None:
        """Wrap a UNet.

        Args:
            unet: of diffusers.
            scheduler: ``DDIMScheduler``.
            settings: patch size, steps and levels.
            channels: of the pictures.
            cell: pixels along the side of one place of the canvas.
        """
        super().__init__()
        self.unet = unet
        self.scheduler = scheduler
        self.settings = settings
        self.levels = settings.levels
        self.channels = channels
        self.image_size = unet.config.sample_size * cell
        most = scheduler.config.num_train_timesteps
        for name in ("steps", "levels"):
            if getattr(settings, name) > most:
                raise CheckpointError(
                    f"{name} is {getattr(settings, name)}: the scheduler has {most} timesteps"
                )
        check_whole_patches(self.image_size, settings.patch_size, cell)
        self.grid = (self.image_size // settings.patch_size,) * 2
        self.at_once = max(PIXELS_AT_ONCE // self.image_size**2, 1)

    @property
    def module(self) -> nn.Module:
        """This module: the UNet, and what else the kind has weights of."""
        return self

    def prepare(self, images_BCHW: Tensor) -> Tensor:
        """The images themselves."""
        return images_BCHW

    @abstractmethod
    def canvas(self, pixels_BCHW: Tensor) -> Tensor:
        """What is denoised, of images in [0, 1]; grey is the middle of the range."""

    @abstractmethod
    def picture(self, canvas_BCHW: Tensor) -> Tensor:
        """Images of a canvas, not clamped."""

    @abstractmethod
    def input(self, noisy_BCHW: Tensor, masked_BCHW: Tensor, holes_B1HW: Tensor) -> Tensor:
        """What conv_in takes: noisy canvas, canvas of the masked image, mask of the canvas."""

    @abstractmethod
    def words(self, count: int) -> Tensor | None:
        """The text embedding for so many images; None for a UNet that reads no text."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write a folder as the pipelines of diffusers do."""

    def encode(self, given: Tensor, hidden_BN: Tensor, seed_B: Tensor | None = None) -> Tensor:
        """Features ``(B, 1, F)``: all skips and the middle, scaled by ``flatten_maps``."""
        return self._a_few_at_once(self._encode, given, hidden_BN, seed_B)

    def answer(self, given: Tensor, hidden_BN: Tensor, seed_B: Tensor | None = None) -> Tensor:
        """Predicted noise in the hole ``(B, cells, C)``, times the root of its weight."""
        return self._a_few_at_once(self._answer, given, hidden_BN, seed_B)

    def own_loss(
        self, given: Tensor, wanted: Tensor, hidden_BN: Tensor, seed_B: Tensor | None = None
    ) -> Tensor:
        """Weighted squared error of predicted noise in the hole (Saharia et al. 2022, eq. 1)."""
        times, noise = self._chance(given, seed_B)
        return self.denoising_loss(given, wanted, hidden_BN, times, noise)

    def denoising_loss(
        self, given: Tensor, wanted: Tensor, hidden_BN: Tensor, times_B: Tensor, noise: Tensor
    ) -> Tensor:
        """``own_loss`` at given timesteps and noise."""
        asked, holes = self._input(given, wanted, hidden_BN, times_B, noise)
        error = (self._predict(asked, times_B) - noise) * holes
        return (self._weights(times_B) * error.square()).sum() / (holes.sum() * noise.shape[1])

    @torch.no_grad()
    def paint(self, images_BCHW: Tensor, hidden_BN: Tensor) -> Tensor:
        """Composite of the visible pixels and the painted hole, clamped to [0, 1]."""
        parts = (torch.split(tensor, self.at_once) for tensor in (images_BCHW, hidden_BN))
        return torch.cat([self._paint(*part) for part in zip(*parts, strict=True)])

    def encoder_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """conv_in, the down blocks and the middle block."""
        for name, parameter in unet_halves.encoder_parameters(self.unet):
            yield f"unet.{name}", parameter

    def _a_few_at_once(
        self,
        function: Callable[[Tensor, Tensor, Tensor], Tensor],
        given: Tensor,
        hidden_BN: Tensor,
        seed_B: Tensor | None,
    ) -> Tensor:
        seeds = torch.zeros(len(given), dtype=torch.long) if seed_B is None else seed_B
        if torch.is_grad_enabled():
            return function(given, hidden_BN, seeds)
        parts = (torch.split(tensor, self.at_once) for tensor in (given, hidden_BN, seeds))
        return torch.cat([function(*part) for part in zip(*parts, strict=True)])

    def _answer(self, given: Tensor, hidden_BN: Tensor, seed_B: Tensor) -> Tensor:
        times, noise = self._chance(given, seed_B)
        asked, holes = self._input(given, given, hidden_BN, times, noise)
        weighted = self._weights(times).sqrt() * self._predict(asked, times).float()
        predicted = weighted.movedim(1, -1)
        return predicted[holes[:, 0]].reshape(len(predicted), -1, predicted.shape[-1])

    def _encode(self, given: Tensor, hidden_BN: Tensor, seed_B: Tensor) -> Tensor:
        times, noise = self._chance(given, seed_B)
        asked = self._input(given, given, hidden_BN, times, noise)[0]
        maps = unet_halves.encoder_maps(self.unet, asked, times, self.words(len(given)))
        return unet_halves.flatten_maps(maps)

    def _paint(self, images_BCHW: Tensor, hidden_BN: Tensor) -> Tensor:
        images = unit_pixels(images_BCHW)
        holes = pixel_mask(hidden_BN, self.grid, (self.image_size, self.image_size))
        masked = self.canvas(images.masked_fill(holes, 0.5))
        small = _shrink(holes, masked)
        noise = seeded_noise(picture_seeds(images, holes), masked.shape[1:], images.device)

        def denoise(noisy: Tensor, times: Tensor) -> Tensor:
            return self._predict(self.input(noisy, masked, small), times)

        painted = self.picture(sample(denoise, noise, self.scheduler.config, self.settings.steps))
        return torch.where(holes, painted.clamp(0, 1).to(images.dtype), images)

    def _chance(self, images: Tensor, seed_B: Tensor | None) -> tuple[Tensor, Tensor]:
        seeds = torch.zeros(len(images), dtype=torch.long) if seed_B is None else seed_B.cpu()
        stratum = self.scheduler.config.num_train_timesteps / self.levels
        times = ((seeds % self.levels + 0.5) * stratum).long()
        config = self.unet.config
        size = (config.out_channels, config.sample_size, config.sample_size)
        return times.to(images.device), seeded_noise(seeds, size, images.device)

    def _weights(self, times_B: Tensor) -> Tensor:
        """What a squared error counts at each timestep, ``(B, 1, 1, 1)``."""
        signal: Tensor = self.scheduler.alphas_cumprod.to(times_B.device)[times_B]
        return (1 / signal).clamp(max=self.settings.largest_weight)[:, None, None, None]

    def _input(
        self, given: Tensor, wanted: Tensor, hidden_BN: Tensor, times_B: Tensor, noise: Tensor
    ) -> tuple[Tensor, Tensor]:
        """What conv_in takes, and the mask of the canvas."""
        holes = pixel_mask(hidden_BN, self.grid, (self.image_size, self.image_size))
        with torch.no_grad():
            masked = self.canvas(unit_pixels(given).masked_fill(holes, 0.5))
            target = self.canvas(unit_pixels(wanted))
        small = _shrink(holes, masked)
        noisy = self.scheduler.add_noise(target, noise.to(target.dtype), times_B)
        return self.input(noisy, masked, small), small

    def _predict(self, asked: Tensor, times_B: Tensor) -> Tensor:
        words = self.words(len(asked))
        text = {} if words is None else {"encoder_hidden_states": words}
        predicted: Tensor = self.unet(asked, times_B, **text, return_dict=False)[0]
        return predicted


def _shrink(holes_B1HW: Tensor, canvas_BCHW: Tensor) -> Tensor:
    """The mask at the size of the canvas: a patch is a whole number of its cells."""
    factor = holes_B1HW.shape[-1] // canvas_BCHW.shape[-1]
    return holes_B1HW[..., ::factor, ::factor]
