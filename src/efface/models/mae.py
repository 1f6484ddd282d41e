"""Masked auto-encoders: ``ViTMAEForPreTraining`` of transformers.

He et al. 2022, arXiv 2111.06377.

Reads any ViT-MAE folder of transformers (config.json, weights, preprocessor_config.json). The
encoder sees the visible patches alone; what is matched in unlearning is its output after the final
norm.

Checkpoints trained with ``norm_pix_loss`` predict patches normalised to zero mean and unit
variance. To paint with them, each patch is given the mean and deviation of the visible pixels of
its image.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import ViTMAEConfig, ViTMAEForPreTraining
from transformers import logging as transformers_logging
from transformers.models.vit_mae.modeling_vit_mae import build_2d_sinusoidal_position_embedding

from efface.errors import CheckpointError
from efface.models.configuration import read_network_config, read_object
from efface.models.masks import pixel_mask
from efface.models.normalisation import read_normalisation
from efface.models.pixels import unit_pixels
from efface.models.sizes import check_sizes
from efface.models.weights import check_weights, reading

CONFIG = "config.json"
PREPROCESSOR = "preprocessor_config.json"
SIZES = {
    "image_size",
    "patch_size",
    "num_channels",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "decoder_hidden_size",
    "decoder_num_hidden_layers",
    "decoder_num_attention_heads",
    "decoder_intermediate_size",
}
"""Settings of config.json that are whole numbers above 0."""

transformers_logging.disable_progress_bar()


class MaskedAutoencoder(nn.Module):
    """A ViT-MAE behind the protocol of ``efface.models.protocol``."""

    family = "mae"
    levels = 1

    def __init__(self, network: ViTMAEForPreTraining, mean: list[float], std: list[float]) -> None:
        """Wrap a network and the per-channel normalisation it was trained with."""
        super().__init__()
        config = network.config
        self.network = network
        self.image_size = int(config.image_size)
        self.channels = int(config.num_channels)
        self.patch_size = int(config.patch_size)
        self.grid = (self.image_size // self.patch_size,) * 2
        self.normalisation = {"image_mean": mean, "image_std": std}
        self.register_buffer("_mean", torch.tensor(mean).reshape(-1, 1, 1), persistent=False)
        self.register_buffer("_std", torch.tensor(std).reshape(-1, 1, 1), persistent=False)
        self._mean: Tensor
        self._std: Tensor

    @property
    def module(self) -> nn.Module:
        """The transformers network."""
        network: nn.Module = self.network
        return network

    def prepare(self, images_BCHW: Tensor) -> Tensor:
        """The images themselves."""
        return images_BCHW

    def encode(self, given: Tensor, hidden_BN: Tensor, seed_B: Tensor | None = None) -> Tensor:
        """Features ``(B, 1 + visible, K)`` after the final norm: class token, then patches."""
        self._hide(hidden_BN)
        pixels = (unit_pixels(given) - self._mean) / self._std
        encoded = self.network.vit(pixel_values=pixels, noise=_raster_noise(hidden_BN))
        features: Tensor = encoded.last_hidden_state
        return features

    def answer(self, given: Tensor, hidden_BN: Tensor, seed_B: Tensor | None = None) -> Tensor:
        """Normalised pixels of the hidden patches ``(B, hidden, P)``."""
        patches = self._patches(self.encode(given, hidden_BN), hidden_BN)
        return patches[hidden_BN].reshape(len(patches), -1, patches.shape[-1])

    def own_loss(
        self, given: Tensor, wanted: Tensor, hidden_BN: Tensor, seed_B: Tensor | None = None
    ) -> Tensor:
        """Mean squared error on the hidden pixels (He et al. 2022)."""
        painted = self.decode(self.encode(given, hidden_BN), hidden_BN)
        holes = pixel_mask(hidden_BN, self.grid, (self.image_size, self.image_size))
        error = painted - self._as_target(unit_pixels(wanted))
        return error[holes.expand_as(painted)].square().mean()

    def decode(self, features_BTK: Tensor, hidden_BN: Tensor) -> Tensor:
        """Images ``(B, C, H, W)`` painted from features, not clamped."""
        patches = self._patches(features_BTK, hidden_BN).float()
        images: Tensor = self.network.unpatchify(patches)
        return images if self.network.config.norm_pix_loss else images * self._std + self._mean

    def paint(self, images_BCHW: Tensor, hidden_BN: Tensor) -> Tensor:
        """Composite of the visible pixels and the painted hole, clamped to [0, 1]."""
        holes = pixel_mask(hidden_BN, self.grid, (self.image_size, self.image_size))
        painted = self.decode(self.encode(images_BCHW, hidden_BN), hidden_BN)
        if self.network.config.norm_pix_loss:
            painted = _with_visible_moments(painted, images_BCHW, holes)
        return torch.where(holes, painted.clamp(0, 1).to(images_BCHW.dtype), images_BCHW)

    def encoder_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """All encoder weights but the fixed position embeddings."""
        for name, parameter in self.network.named_parameters():
            if name.startswith("vit.") and not name.endswith("position_embeddings"):
                yield name, parameter

    def save(self, folder: Path) -> None:
        """Write config.json, model.safetensors and preprocessor_config.json."""
        self.network.config.mask_ratio = 0.75
        self.network.save_pretrained(folder)
        size = {"height": self.image_size, "width": self.image_size}
        settings = {**self.normalisation, "size": size}
        (folder / PREPROCESSOR).write_text(json.dumps(settings, indent=2) + "\n")

    def _patches(self, features_BTK: Tensor, hidden_BN: Tensor) -> Tensor:
        restore = torch.argsort(torch.argsort(_raster_noise(hidden_BN), dim=1), dim=1)
        patches: Tensor = self.network.decoder(features_BTK, restore).logits
        return patches

    def _as_target(self, images_BCHW: Tensor) -> Tensor:
        """What the decoder is trained to give: the image, or each patch of it normalised."""
        if not self.network.config.norm_pix_loss:
            return images_BCHW
        patches = self.network.patchify((images_BCHW - self._mean) / self._std)
        variance, mean = torch.var_mean(patches, dim=-1, keepdim=True)
        target: Tensor = self.network.unpatchify((patches - mean) / (variance + 1e-6).sqrt())
        return target

    def _hide(self, hidden_BN: Tensor) -> None:
        visible = (~hidden_BN).sum(dim=1)
        if int(visible.min()) != int(visible.max()):
            raise ValueError("the masks of one batch must hide equally many patches")
        # transformers keeps int(N * (1 - mask_ratio)) patches: aim at the middle of the step, so
        # rounding cannot lose one.
        self.network.config.mask_ratio = 1 - (int(visible[0]) + 0.5) / hidden_BN.shape[1]


def load_mae(folder: Path) -> MaskedAutoencoder:
    """Load a ViT-MAE folder of transformers.

    Raises:
        CheckpointError: a setting is wrong; weights are missing, left over, or of another shape.
    """
    settings = read_object(folder / PREPROCESSOR)
    _check_sizes(folder / CONFIG, read_network_config(folder / CONFIG))
    with reading(folder, "ViT-MAE checkpoint"):
        network, found = ViTMAEForPreTraining.from_pretrained(
            folder, local_files_only=True, output_loading_info=True, torch_dtype=torch.float32
        )
    check_weights(folder, found)
    config = network.config
    mean, std = read_normalisation(folder / PREPROCESSOR, settings, config.num_channels)
    if config.image_size % config.patch_size or config.image_size == config.patch_size:
        raise CheckpointError(
            f"{folder / CONFIG}: patch_size {config.patch_size} must divide the image "
            f"({config.image_size} pixels) into several patches"
        )
    return MaskedAutoencoder(network, mean, std)


def new_mae(config: dict[str, object], mean: list[float], std: list[float]) -> MaskedAutoencoder:
    """A ViT-MAE with random weights, drawn from torch's global generator."""
    network = ViTMAEForPreTraining(ViTMAEConfig(**config))
    model = MaskedAutoencoder(network, mean, std)
    # transformers 5.23 leaves both position embeddings at zero when a network is made without a
    # checkpoint.
    for positions in (
        network.vit.embeddings.position_embeddings,
        network.decoder.decoder_pos_embed,
    ):
        table = build_2d_sinusoidal_position_embedding(
            *model.grid, embed_dim=positions.shape[-1], cls_token=True
        )
        with torch.no_grad():
            positions.copy_(table)
    nn.init.normal_(network.decoder.mask_token, std=0.02)
    return model


def _check_sizes(path: Path, config: dict[str, Any]) -> None:
    """Refuse sizes that no network has, before one is built of them."""
    check_sizes(path, config, SIZES)
    if config.get("num_channels", 3) not in (1, 3):
        raise CheckpointError(
            f"{path}: num_channels must be 1 (grey) or 3 (colour), got {config['num_channels']}"
        )


def _raster_noise(hidden_BN: Tensor) -> Tensor:
    """Sorting keys that put visible patches first, both parts in raster order."""
    count = hidden_BN.shape[1]
    return torch.arange(count, device=hidden_BN.device) + hidden_BN * float(count)


def _with_visible_moments(painted_BCHW: Tensor, images_BCHW: Tensor, holes_B1HW: Tensor) -> Tensor:
    visible = (~holes_B1HW).expand_as(images_BCHW)
    count = visible.sum(dim=(1, 2, 3), keepdim=True)
    mean = (images_BCHW * visible).sum(dim=(1, 2, 3), keepdim=True) / count
    variance = (((images_BCHW - mean) * visible) ** 2).sum(dim=(1, 2, 3), keepdim=True) / count
    return painted_BCHW * variance.sqrt() + mean
