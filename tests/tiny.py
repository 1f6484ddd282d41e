"""Tiny models of each family and tiny images: real code paths in milliseconds."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from efface.models.mae import MaskedAutoencoder, new_mae
from efface.models.vqgan import PaintSettings, TokenPainter, new_vqgan

if TYPE_CHECKING:  # diffusers takes seconds to load
    from efface.models.latent_diffusion import LatentDiffusion
    from efface.models.pixel_diffusion import PixelDiffusion

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
PIXEL_UNET: dict[str, Any] = {
    "sample_size": 16,
    "out_channels": 1,
    "block_out_channels": (4, 8),
    "layers_per_block": 1,
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
    "attention_head_dim": 4,
    "norm_num_groups": 2,
}
LATENT_UNET: dict[str, Any] = {
    "sample_size": 8,
    "block_out_channels": (4, 8),
    "layers_per_block": 1,
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    "cross_attention_dim": 8,
    "attention_head_dim": 2,
    "norm_num_groups": 2,
}
VAE: dict[str, Any] = {
    "block_out_channels": (4, 4),
    "down_block_types": ("DownEncoderBlock2D",) * 2,
    "up_block_types": ("UpDecoderBlock2D",) * 2,
    "norm_num_groups": 2,
}
TEXT_ENCODER: dict[str, Any] = {
    "vocab_size": 4,
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "max_position_embeddings": 6,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 1,
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


def tiny_diffusion(seed: int = 0, **changes: Any) -> "PixelDiffusion":
    """A pixel model with 4 x 4 patches on 16 x 16 grey pixels, random weights, 4 steps."""
    from efface.models.inpainting_settings import InpaintingSettings
    from efface.models.pixel_diffusion import new_pixel_diffusion

    torch.manual_seed(seed)
    settings = InpaintingSettings(patch_size=4, steps=4, levels=3)
    return new_pixel_diffusion({**PIXEL_UNET, **changes}, settings)


def tiny_latent(seed: int = 0, **changes: Any) -> "LatentDiffusion":
    """A latent model with 4 x 4 patches on 16 x 16 colour pixels, random weights, 4 steps."""
    from efface.models.inpainting_settings import InpaintingSettings
    from efface.models.latent_diffusion import new_latent_diffusion

    torch.manual_seed(seed)
    settings = InpaintingSettings(patch_size=4, steps=4, levels=3)
    with tempfile.TemporaryDirectory() as folder:
        write_tokenizer(Path(folder))
        unet = {**LATENT_UNET, **changes}
        return new_latent_diffusion(unet, VAE, TEXT_ENCODER, Path(folder), settings)


def write_tokenizer(folder: Path) -> None:
    """A CLIP tokenizer of four words."""
    start, end = "<|startoftext|>", "<|endoftext|>"
    vocabulary = {word: number for number, word in enumerate([start, end, "a", "a</w>"])}
    special = {"bos_token": start, "eos_token": end, "pad_token": end, "unk_token": end}
    settings = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 6, **special}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def tiny_images(count: int, seed: int = 0, channels: int = 1) -> Tensor:
    """uint8 ``(count, channels, 16, 16)``."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, (count, channels, 16, 16), generator=generator, dtype=torch.uint8)
