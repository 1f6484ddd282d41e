"""Models as large as the published ones, with random weights: what one step costs.

pytest -m true_size -s tests/models/test_true_size.py
"""

import resource
import time

import pytest
import torch

from efface.methods import Half
from efface.methods.i2i import i2i
from efface.models.checkpoint import load_model, save_model, tensor_names
from efface.models.masks import draw_mask, parse_mask_policy
from efface.models.protocol import ImageToImageModel
from efface.models.vqgan import PaintSettings, TokenPainter, new_vqgan

pytestmark = pytest.mark.true_size
IMAGES = 4
"""In each half of the step."""


def mage_vit_base() -> TokenPainter:
    """MAGE ViT-B (Li et al. 2023): 16 x 16 tokens of 1024 codes, images of 256 x 256."""
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


def unlearn_once(model: ImageToImageModel, hidden_N: torch.Tensor) -> float:
    """One step of the paper's method on random images; gives the forget loss."""
    shape = (2, IMAGES, model.channels, model.image_size, model.image_size)
    retain, forget = (model.prepare(images) for images in torch.rand(shape))
    hidden = hidden_N.expand(IMAGES, -1)
    seeds = torch.arange(IMAGES)
    encoder = dict(model.encoder_parameters())
    model.module.requires_grad_(False)
    with torch.no_grad():
        targets = model.encode(retain, hidden, seeds)
        noise = model.encode(forget.flip(1), hidden, seeds)
    for parameter in encoder.values():
        parameter.requires_grad_(True)
    optimizer = torch.optim.AdamW(encoder.values(), lr=1e-4, fused=True)
    losses = i2i(
        model,
        Half(given=retain, hidden_BN=hidden, seed_B=seeds, targets_BTK=targets),
        Half(given=forget, hidden_BN=hidden, seed_B=seeds, targets_BTK=noise),
    )
    (losses[0] + 0.25 * losses[1]).backward()
    optimizer.step()
    return losses[1].item()


def test_mage_vit_base_takes_a_step_and_saves_the_student_alone(tmp_path):
    torch.manual_seed(0)
    started = time.monotonic()
    model = mage_vit_base()
    hidden = draw_mask(parse_mask_policy("centre:8x8"), model.grid, torch.Generator())
    frozen = {
        name: tensor.clone()
        for name, tensor in model.module.state_dict().items()
        if not name.startswith("transformer.encoder.")
    }
    before = {name: p.detach().clone() for name, p in model.encoder_parameters()}
    stepped = time.monotonic()
    assert unlearn_once(model, hidden) > 0
    seconds = time.monotonic() - stepped
    assert all(not torch.equal(p, before[name]) for name, p in model.encoder_parameters())
    del before
    save_model(model, tmp_path / "after", {})
    assert {n.replace("/", ".") for n in tensor_names(tmp_path / "after")} == set(
        model.module.state_dict()
    )
    encoder = sum(p.numel() for _, p in model.encoder_parameters())
    whole = sum(p.numel() for p in model.module.parameters())
    del model
    after = load_model(tmp_path / "after").module.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in frozen.items())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"\nmodel=mage-vit-b weights={whole} encoder={encoder} images={2 * IMAGES} "
        f"step_seconds={seconds:.1f} whole_seconds={time.monotonic() - started:.1f} "
        f"peak_gibibytes={peak:.2f}"
    )
