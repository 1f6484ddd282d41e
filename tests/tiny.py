"""A tiny masked auto-encoder and tiny images: real code paths in milliseconds."""

from typing import Any

import torch
from torch import Tensor

from efface.models.mae import MaskedAutoencoder, new_mae

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


def tiny_mae(seed: int = 0, **changes: Any) -> MaskedAutoencoder:
    """A 4 x 4 patch grid on 16 x 16 pixels, random weights."""
    torch.manual_seed(seed)
    config = {**CONFIG, **changes}
    channels = config["num_channels"]
    return new_mae(config, [0.5] * channels, [0.5] * channels)


def tiny_images(count: int, seed: int = 0, channels: int = 1) -> Tensor:
    """uint8 ``(count, channels, 16, 16)``."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, (count, channels, 16, 16), generator=generator, dtype=torch.uint8)
