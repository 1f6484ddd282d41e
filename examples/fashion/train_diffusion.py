"""Train the demo's diffusion model: a small UNet on the train split of the demo data, from scratch.

    python examples/fashion/train_diffusion.py

Writes examples/fashion/diffusion and prints a line now and then (kept as diffusion/training.log).
"""

import argparse
import copy
import math
import time
from pathlib import Path

import torch
from select_images import select_images
from torch import Tensor

from efface.models.inpainting_settings import InpaintingSettings
from efface.models.masks import draw_mask, parse_mask_policy
from efface.models.pixel_diffusion import PixelDiffusion, new_pixel_diffusion
from efface.models.sampler import seeded_noise

CONFIG: dict[str, object] = {
    "sample_size": 32,
    "out_channels": 1,
    "block_out_channels": (12, 24, 64),
    "layers_per_block": 1,
    "down_block_types": ("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
    "attention_head_dim": 32,
    "norm_num_groups": 4,
}
SETTINGS = InpaintingSettings(patch_size=4)
MASKS = ["centre:4x4", "random:0.25-0.75", "centre:4x4", "outpaint:6x6"]
"""Mask policies in turn over the images of a batch; half of the masks are the centre."""
PEAK_RATE = 2e-3
DECAY = 0.99
"""Of the moving average of the weights, which is what is kept. It starts as the weights."""
SEED = 11


def main() -> None:
    """Train, save, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "diffusion")
    given = parser.parse_args()

    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    picked = select_images()
    images = torch.from_numpy(picked.images_NHW)[:, None].float() / 255
    train, holdout = images[picked.split == "train"], images[picked.split == "holdout"]
    model = new_pixel_diffusion(CONFIG, SETTINGS)
    average = copy.deepcopy(model).requires_grad_(False)
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=0, betas=(0.9, 0.99), weight_decay=0.01)
    weights = sum(p.numel() for p in parameters)
    print(f"images={len(train)} weights={weights} steps={given.steps} batch={given.batch}")

    started, busy, total = time.monotonic(), time.process_time(), 0.0
    for step in range(given.steps):
        rate = min((step + 1) / 100, 0.5 * (1 + math.cos(math.pi * step / given.steps)))
        for group in optimizer.param_groups:
            group["lr"] = PEAK_RATE * rate
        rows = torch.randint(len(train), (given.batch,), generator=generator)
        hidden, times = draw_masks_and_times(model, given.batch, generator)
        noise = torch.randn(train[rows].shape, generator=generator)
        loss = model.denoising_loss(train[rows], train[rows], hidden, times, noise)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        follow(average, model)
        total += loss.item()
        if (step + 1) % 100 == 0:
            seconds = time.monotonic() - started
            computed = time.process_time() - busy
            print(
                f"step={step + 1} loss={total / 100:.4f} "
                f"holdout_centre={centre_loss(average, holdout[::20]):.4f} seconds={seconds:.0f} "
                f"processor_seconds={computed:.0f}",
                flush=True,
            )
            total = 0.0
            given.out.mkdir(parents=True, exist_ok=True)
            average.save(given.out)


def draw_masks_and_times(
    model: PixelDiffusion, count: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Masks of the policies in turn, and timesteps that are spread evenly over the schedule."""
    policies = [parse_mask_policy(MASKS[i % len(MASKS)]) for i in range(count)]
    hidden = torch.stack([draw_mask(policy, model.grid, generator) for policy in policies])
    spread = (
        torch.randperm(count, generator=generator) + torch.rand(1, generator=generator)
    ) / count
    return hidden, (spread * model.scheduler.config.num_train_timesteps).long()


def follow(average: PixelDiffusion, model: PixelDiffusion) -> None:
    """Move the average a little towards the weights."""
    with torch.no_grad():
        for kept, new in zip(average.parameters(), model.parameters(), strict=True):
            kept.lerp_(new, 1 - DECAY)


@torch.no_grad()
def centre_loss(model: PixelDiffusion, images: Tensor) -> float:
    """Loss under centre:4x4, always at the same timesteps with the same noise."""
    hidden = draw_mask(parse_mask_policy("centre:4x4"), model.grid, torch.Generator())
    times = torch.linspace(0, 999, len(images)).long()
    noise = seeded_noise(torch.arange(len(images)), images.shape[1:], images.device)
    found = model.denoising_loss(images, images, hidden.expand(len(images), -1), times, noise)
    return found.item()


if __name__ == "__main__":
    main()
