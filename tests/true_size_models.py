"""Models of the size people use, with random weights."""

import tempfile
from pathlib import Path

from efface.models.protocol import ImageToImageModel
from tests.tiny import TEXT_ENCODER, write_tokenizer


def mae_large() -> ImageToImageModel:
    """The ViT-L of He et al. 2022: 24 layers of width 1024, decoder of 8 layers of width 512."""
    from efface.models.mae import new_mae

    encoder = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16}
    config = {"image_size": 224, "patch_size": 16, "intermediate_size": 4096, **encoder}
    return new_mae(config, [0.5] * 3, [0.5] * 3)


def mage_base() -> ImageToImageModel:
    """MAGE ViT-B (Li et al. 2023): 16 x 16 tokens of 1024 codes, images of 256 x 256."""
    from efface.models.vqgan import PaintSettings, new_vqgan

    vqvae: dict[str, object] = {
        "block_out_channels": (128, 128, 256, 256, 512),
        "down_block_types": ("DownEncoderBlock2D",) * 5,
        "up_block_types": ("UpDecoderBlock2D",) * 5,
        "layers_per_block": 2,
        "latent_channels": 256,
        "num_vq_embeddings": 1024,
    }
    transformer = {
        "codebook_size": 1024,
        "grid_side": 16,
        "hidden_size": 768,
        "num_layers": 12,
        "num_heads": 12,
        "decoder_hidden_size": 768,
        "decoder_num_layers": 8,
        "decoder_num_heads": 16,
    }
    settings = PaintSettings(patchwise=False, rounds=8, image_mean=(0.5,) * 3, image_std=(0.5,) * 3)
    return new_vqgan(vqvae, transformer, settings)


def stable_diffusion_inpainting() -> ImageToImageModel:
    """The UNet of the published in-painting pipeline, on 32 x 32 latents of a tiny auto-encoder."""
    from efface.models.inpainting_settings import InpaintingSettings
    from efface.models.latent_diffusion import new_latent_diffusion

    unet = {
        "sample_size": 32,
        "block_out_channels": (320, 640, 1280, 1280),
        "cross_attention_dim": 768,
        "attention_head_dim": 8,
        "layers_per_block": 2,
    }
    vae = {
        "block_out_channels": (8, 8, 8, 8),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "norm_num_groups": 4,
    }
    reader = {**TEXT_ENCODER, "hidden_size": 768, "num_attention_heads": 12}
    with tempfile.TemporaryDirectory() as folder:
        write_tokenizer(Path(folder))
        settings = InpaintingSettings(patch_size=32, levels=1)
        return new_latent_diffusion(unet, vae, reader, Path(folder), settings)
