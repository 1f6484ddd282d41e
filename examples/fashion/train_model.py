"""Train the demo model: a small ViT-MAE on the train split of the demo data, from scratch.

    python examples/fashion/train_model.py --stage 1
    python examples/fashion/train_model.py --stage 2

Writes examples/fashion/model and prints a line now and then (kept as model/training.log). With
``--without brand-bag`` (a rights-holder or a subject) that one's pictures are left out: the model
that unlearning is measured against.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from select_images import CLASSES, Picked, select_images
from torch import Tensor

from efface.models.mae import MaskedAutoencoder, load_mae, new_mae
from efface.models.masks import draw_mask, parse_mask_policy, pixel_mask

CONFIG: dict[str, object] = {
    "image_size": 32,
    "patch_size": 4,
    "num_channels": 1,
    "hidden_size": 128,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 256,
    "decoder_hidden_size": 96,
    "decoder_num_hidden_layers": 2,
    "decoder_num_attention_heads": 3,
    "decoder_intermediate_size": 384,
    "norm_pix_loss": False,
}
MASKS = {
    1: [
        "random:0.25-0.75",
        "random:0.25-0.75",
        "centre:4x4",
        "centre:6x6",
        "outpaint:4x4",
        "outpaint:6x6",
    ],
    2: ["centre:4x4", "centre:4x4", "centre:4x4", "random:0.25-0.75", "outpaint:6x6"],
}
"""Stage -> mask policies, each drawn equally often. The second stage dwells on the centre."""
STEPS = {1: 3400, 2: 1500}
PEAK_RATE = {1: 1.5e-3, 2: 1e-3}
SEED = {1: 7, 2: 8}


def painting_loss(model: MaskedAutoencoder, images: Tensor, hidden: Tensor) -> Tensor:
    """Squared and absolute error on hidden pixels: sharper than the squared error alone."""
    painted = model.decode(model.encode(images, hidden), hidden)
    holes = pixel_mask(hidden, model.grid, (model.image_size, model.image_size))
    error = (painted - images)[holes.expand_as(images)]
    return 0.5 * (error.square().mean() * 4 + error.abs().mean())


def fit(
    model: MaskedAutoencoder,
    train: Tensor,
    holdout: Tensor,
    masks: list[str],
    *,
    steps: int,
    batch: int,
    peak_rate: float,
    generator: torch.Generator,
) -> None:
    """Train a model in place, and say now and then how it goes.

    Args:
        model: on the device of the images.
        train: images ``(N, C, H, W)`` in [0, 1].
        holdout: the same; every fourth one is looked at, with its centre hidden.
        masks: policies, each drawn equally often.
        steps: optimiser steps.
        batch: images a step.
        peak_rate: of AdamW, after 200 steps; then it falls as a cosine.
        generator: of the CPU.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=0, betas=(0.9, 0.95), weight_decay=0.05)
    policies = [parse_mask_policy(text) for text in masks]
    centre = draw_mask(parse_mask_policy("centre:4x4"), model.grid, generator).to(train.device)
    started, total = time.monotonic(), 0.0
    for step in range(steps):
        rate = min(step / 200, 0.5 * (1 + math.cos(math.pi * step / steps)) + 1e-3)
        for group in optimizer.param_groups:
            group["lr"] = peak_rate * rate
        rows = torch.randint(len(train), (batch,), generator=generator)
        policy = policies[int(torch.randint(len(policies), (), generator=generator))]
        first = draw_mask(policy, model.grid, generator)
        hidden = _alike(first, batch, policy.is_fixed, generator).to(train.device)
        loss = painting_loss(model, train[rows], hidden)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        total += loss.item()
        if (step + 1) % 250 == 0:
            with torch.no_grad():
                few = holdout[::4]
                checked = painting_loss(model, few, centre.expand(len(few), -1))
            seconds = time.monotonic() - started
            print(
                f"step={step + 1} loss={total / 250:.5f} holdout_centre={checked:.5f} "
                f"seconds={seconds:.0f}",
                flush=True,
            )
            total = 0.0


def main() -> None:
    """Train one stage, save, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", type=int, choices=(1, 2), required=True)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--without", default="", help="brand-CLASS or CLASS-SUBJECT")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "model")
    given = parser.parse_args()

    stage, seed, steps = given.stage, SEED[given.stage], STEPS[given.stage]
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    picked = select_images()
    images = torch.from_numpy(picked.images_NHW)[:, None].float() / 255
    kept = (picked.split == "train") & ~named(picked, given.without)
    train, holdout = images[kept], images[picked.split == "holdout"]
    model = new_mae(CONFIG, [0.5], [0.5]) if stage == 1 else load_mae(given.out)
    weights = sum(p.numel() for p in model.parameters() if p.requires_grad)
    print(f"stage={stage} images={len(train)} weights={weights} steps={steps} seed={seed}")
    fit(
        model, train, holdout, MASKS[stage], steps=steps, batch=given.batch,
        peak_rate=PEAK_RATE[stage], generator=generator,
    )  # fmt: skip
    given.out.mkdir(parents=True, exist_ok=True)
    model.save(given.out)


def named(picked: Picked, name: str) -> np.ndarray:
    """Which pictures belong to a rights-holder (brand-bag) or a subject (trouser-7); bool (N,)."""
    brands = [f"brand-{CLASSES[label]}" for label in picked.label]
    subjects = [f"{CLASSES[c]}-{s}" for c, s in zip(picked.label, picked.subject, strict=True)]
    found = (np.array(brands) == name) | (np.array(subjects) == name)
    if name and not found.any():
        raise SystemExit(f"{name} is nobody: use a rights-holder or a subject of the demo data")
    return found


def _alike(first: Tensor, batch: int, fixed: bool, generator: torch.Generator) -> Tensor:
    """One mask for each image of the batch, all hiding as many patches as the first."""
    if fixed:
        return first.expand(batch, -1)
    order = torch.rand(batch, len(first), generator=generator).argsort(dim=1)
    return first[order]


if __name__ == "__main__":
    main()
