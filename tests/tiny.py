"""Tiny models of each family and tiny images: real code paths in milliseconds."""

from typing import Any

import torch
from torch import Tensor

from efface.models.mae import MaskedAutoencoder, new_mae
from efface.models.vqgan import PaintSettings, TokenPainter, new_vqgan

CONFIG: dict[str, Any] = {
    "image_size": 16,
    "patch_size": 4,
    "num_channels": 1,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "decoder_hidden_size": 16,
    "decoder_num_hidden_layers": 1,
    "decoder_num_attention_heads": 2,
    "decoder_intermediate_size": 32,
    "norm_pix_loss": False,
}
VQVAE: dict[str, Any] = {
    "down_block_types": ("DownEncoderBlock2D",) * 3,
    "up_block_types": ("UpDecoderBlock2D",) * 3,
    "block_out_channels": (8, 8, 8),
    "layers_per_block": 0,
    "norm_num_groups": 4,
    "latent_channels": 4,
    "num_vq_embeddings": 32,
    "mid_block_add_attention": False,
}
TRANSFORMER = {
    "codebook_size": 32,
    "grid_side": 4,
    "hidden_size": 16,
    "num_layers": 2,
    "num_heads": 2,
    "decoder_hidden_size": 8,
    "decoder_num_layers": 1,
    "decoder_num_heads": 2,
}


def tiny_mae(seed: int = 0, **changes: Any) -> MaskedAutoencoder:
    """A 4 x 4 patch grid on 16 x 16 pixels, random weights."""
    torch.manual_seed(seed)
    config = {**CONFIG, **changes}
    channels = config["num_channels"]
    return new_mae(config, [0.5] * channels, [0.5] * channels)


def tiny_vqgan(seed: int = 0, *, channels: int = 1, patchwise: bool = True) -> TokenPainter:
    """A 4 x 4 token grid on 16 x 16 pixels, random weights; its codes are latents of images."""
    torch.manual_seed(seed)
    settings = PaintSettings(
        patchwise=patchwise, rounds=3, image_mean=(0.5,) * channels, image_std=(0.5,) * channels
    )
    vqvae = {**VQVAE, "in_channels": channels, "out_channels": channels}
    model = new_vqgan(vqvae, TRANSFORMER, settings)
    with torch.no_grad():
        latents = model.latents(tiny_images(2, seed=1, channels=channels))
        codes = latents.permute(0, 2, 3, 1).reshape(32, -1)
        model.vqvae.quantize.embedding.weight.copy_(codes)
    return model


def tiny_images(count: int, seed: int = 0, channels: int = 1) -> Tensor:
    """uint8 ``(count, channels, 16, 16)``."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, (count, channels, 16, 16), generator=generator, dtype=torch.uint8)
