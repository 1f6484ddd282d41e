"""Models of the size people use: built with random weights, one step, saved. Off by default.

    python -m pytest tests/models/test_true_size.py -m true_size -s

Each runs in a process of its own, so that the peak memory printed is its own.
"""

import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pytest
import torch

from efface.methods import Half
from efface.methods.i2i import i2i
from efface.models.checkpoint import save_model, tensor_names
from efface.models.masks import draw_mask, parse_mask_policy
from efface.models.protocol import ImageToImageModel
from tests.tiny import TEXT_ENCODER, write_tokenizer

MOST_GIBIBYTES = 14


@dataclass(frozen=True)
class Measured:
    weights: int
    encoder_moved: bool
    others_moved: bool
    tensors_saved: int
    tensors_held: int
    bytes_saved: int
    gibibytes: float
    seconds: float


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


def one_step(make: Callable[[], ImageToImageModel], folder: Path) -> Measured:
    """Build, compute the targets, take one step of the paper's method, save."""
    started = time.monotonic()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = make()
    sums = _sums(model)
    _unlearn(model)
    moved = {name for name, total in _sums(model).items() if total != sums[name]}
    save_model(model, folder / "saved", {})
    movable = {name for name, _ in model.encoder_parameters()}
    return Measured(
        weights=sum(p.numel() for p in model.module.parameters()),
        encoder_moved=bool(moved & movable),
        others_moved=bool(moved - movable),
        tensors_saved=len(tensor_names(folder / "saved")),
        tensors_held=len(model.module.state_dict()),
        bytes_saved=sum(p.stat().st_size for p in (folder / "saved").rglob("*.safetensors")),
        gibibytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        seconds=time.monotonic() - started,
    )


def _unlearn(model: ImageToImageModel) -> None:
    shape = (3, 1, model.channels, model.image_size, model.image_size)
    retain, forget, noise = (model.prepare(images) for images in torch.rand(shape))
    hidden = draw_mask(parse_mask_policy("centre:4x4"), model.grid, torch.Generator())[None]
    seed = torch.zeros(1, dtype=torch.long)
    model.module.requires_grad_(False)
    with torch.no_grad():
        targets = [model.encode(given, hidden, seed) for given in (retain, noise)]
    encoder = [parameter.requires_grad_(True) for _, parameter in model.encoder_parameters()]
    optimizer = torch.optim.AdamW(encoder, lr=1e-4, fused=True)
    halves = [
        Half(given=given, hidden_BN=hidden, seed_B=seed, targets_BTK=target)
        for given, target in zip((retain, forget), targets, strict=True)
    ]
    losses = i2i(model, *halves)
    (losses[0] + 0.25 * losses[1]).backward()
    optimizer.step()


@torch.no_grad()
def _sums(model: ImageToImageModel) -> dict[str, float]:
    return {n: float(p.sum(dtype=torch.float64)) for n, p in model.module.named_parameters()}


@pytest.mark.true_size
@pytest.mark.parametrize(
    ("make", "millions"),
    [(mae_large, 329.5), (mage_base, 211), (stable_diffusion_inpainting, 859.5 + 3)],
)
def test_a_model_of_true_size_takes_a_step_and_is_saved_alone(make, millions, tmp_path):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = pool.submit(one_step, make, tmp_path).result()
    print(
        f"\n{make.__name__}: {found.weights / 1e6:.1f} M weights, peak {found.gibibytes:.1f} GiB, "
        f"{found.seconds:.0f} s, {found.bytes_saved / 2**30:.2f} GiB saved"
    )
    assert found.weights / 1e6 == pytest.approx(millions, rel=0.01)
    assert (found.encoder_moved, found.others_moved) == (True, False)
    assert found.tensors_saved == found.tensors_held  # transformers may give them other names
    assert found.bytes_saved < found.weights * 4 * 1.01
    assert found.gibibytes < MOST_GIBIBYTES
