"""Train the demo's token painter on the train split of the demo data, from scratch.

    python examples/fashion/train_vqgan.py --stage tokenizer
    python examples/fashion/train_vqgan.py --stage transformer

First a tokenizer that sees each patch of 4 x 4 pixels by itself, then the transformer on its
tokens. Writes examples/fashion/vqgan and prints a line now and then (kept as vqgan/training.log);
seconds are those of the processor, not of the clock.
"""

import argparse
import math
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from select_images import select_images
from torch import Tensor

from efface.models.masks import draw_mask, parse_mask_policy, pixel_mask
from efface.models.token_transformer import INITIAL_STD
from efface.models.vqgan import PaintSettings, TokenPainter, new_vqgan
from efface.models.vqgan_folder import load_vqgan

CODES = 256
VQVAE: dict[str, object] = {
    "in_channels": 1,
    "out_channels": 1,
    "block_out_channels": (24, 24, 24),
    "down_block_types": ("DownEncoderBlock2D",) * 3,
    "up_block_types": ("UpDecoderBlock2D",) * 3,
    "layers_per_block": 0,  # one residual block a resolution on the way up, none on the way down
    "norm_num_groups": 8,
    "latent_channels": 8,
    "num_vq_embeddings": CODES,
    "mid_block_add_attention": False,
}
TRANSFORMER = {
    "codebook_size": CODES,
    "grid_side": 8,
    "hidden_size": 96,
    "num_layers": 3,
    "num_heads": 4,
    "decoder_hidden_size": 64,
    "decoder_num_layers": 2,
    "decoder_num_heads": 4,
}
SETTINGS = PaintSettings(patchwise=True, rounds=8, image_mean=(0.5,), image_std=(0.5,))
MASKS = ["centre:4x4", "centre:4x4", "random:0.05-0.75", "centre:6x6", "outpaint:6x6"]
"""Each drawn equally often. Small random shares are what later rounds of painting see."""
SEED = 9
STEPS = {"tokenizer": 1000, "transformer": 1500}
PEAK_RATE = {"tokenizer": 2e-3, "transformer": 1.5e-3}
EVERY = 100
"""Steps between lines of the log."""


def main() -> None:
    """Train one network, save both, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", choices=sorted(STEPS), required=True)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "vqgan")
    given = parser.parse_args()

    torch.manual_seed(SEED)
    picked = select_images()
    images = torch.from_numpy(picked.images_NHW)[:, None].float() / 255
    train, holdout = images[picked.split == "train"], images[picked.split == "holdout"][::4]
    model = new_vqgan(VQVAE, TRANSFORMER, SETTINGS)
    steps = given.steps or STEPS[given.stage]
    if given.stage == "tokenizer":
        say(given.stage, model.vqvae, train, steps)
        train_tokenizer(model, train, holdout, steps)
    else:
        model.vqvae = load_vqgan(given.out).vqvae.requires_grad_(False)
        say(given.stage, model.transformer, train, steps)
        train_transformer(model, train, holdout, steps)
    given.out.mkdir(parents=True, exist_ok=True)
    model.save(given.out)


def say(stage: str, network: torch.nn.Module, images: Tensor, steps: int) -> None:
    weights = sum(p.numel() for p in network.parameters())
    told = f"stage={stage} images={len(images)} weights={weights} steps={steps} seed={SEED}"
    print(told, flush=True)


def train_tokenizer(model: TokenPainter, train: Tensor, holdout: Tensor, steps: int) -> None:
    """Squared and absolute error of the image, and the loss of the codebook."""
    generator = torch.Generator().manual_seed(SEED)
    codes = model.vqvae.quantize.embedding.weight
    used = torch.zeros(CODES)
    total, started = 0.0, time.process_time()
    for step in optimised(model.vqvae, "tokenizer", steps):
        batch = train[torch.randint(len(train), (16,), generator=generator)]
        latents = model.latents(batch)
        if step % 20 == 0 and step < steps * 0.7:
            revive_codes(codes, used, latents, generator)
        quantised, commitment, (_, _, tokens) = model.vqvae.quantize(latents)
        used += torch.bincount(tokens.flatten(), minlength=CODES)
        painted = model.vqvae.decoder(model.vqvae.post_quant_conv(quantised))
        error = painted - (batch - 0.5) / 0.5
        loss = error.square().mean() + 0.5 * error.abs().mean() + commitment
        loss.backward()
        total += loss.item()
        if (step + 1) % EVERY == 0:
            with torch.no_grad():
                kept = model.decode(model.prepare(holdout)).clamp(0, 1)
            print(
                f"tokenizer step={step + 1} loss={total / EVERY:.4f} "
                f"holdout_psnr={psnr(kept, holdout):.2f} "
                f"codes_used={len(model.prepare(holdout).unique())} "
                f"seconds={time.process_time() - started:.0f}",
                flush=True,
            )
            total = 0.0


def revive_codes(codes: Tensor, used: Tensor, latents: Tensor, generator: torch.Generator) -> None:
    """Move codes that no patch was given to latents of this batch, and start counting anew."""
    flat = latents.detach().permute(0, 2, 3, 1).reshape(-1, latents.shape[1])
    unused = (used == 0).nonzero().flatten()
    rows = torch.randint(len(flat), (len(unused),), generator=generator)
    with torch.no_grad():
        codes[unused] = flat[rows]
    used.zero_()


def train_transformer(model: TokenPainter, train: Tensor, holdout: Tensor, steps: int) -> None:
    """The model's own loss on tokens that are made once."""
    generator = torch.Generator().manual_seed(SEED)
    masks = [parse_mask_policy(text) for text in MASKS]
    centre = draw_mask(parse_mask_policy("centre:4x4"), model.grid, generator)
    holes = pixel_mask(centre, model.grid, (model.image_size,) * 2).expand_as(holdout)
    tokens, known = model.prepare(train), model.prepare(holdout)
    start_from_codes(model)
    total, started = 0.0, time.process_time()
    for step in optimised(model.transformer, "transformer", steps):
        rows = torch.randint(len(tokens), (64,), generator=generator)
        policy = masks[int(torch.randint(len(masks), (), generator=generator))]
        first = draw_mask(policy, model.grid, generator)
        hidden = alike(first, len(rows), policy.is_fixed, generator)
        loss = model.own_loss(tokens[rows], tokens[rows], hidden)
        loss.backward()
        total += loss.item()
        if (step + 1) % EVERY == 0:
            with torch.no_grad():
                hide = centre.expand(len(holdout), -1)
                checked = model.own_loss(known, known, hide)
                painted = model.paint(holdout, hide)
            print(
                f"transformer step={step + 1} loss={total / EVERY:.4f} "
                f"holdout_centre={checked:.4f} "
                f"holdout_hole_psnr={psnr(painted[holes], holdout[holes]):.2f} "
                f"seconds={time.process_time() - started:.0f}",
                flush=True,
            )
            total = 0.0


def start_from_codes(model: TokenPainter) -> None:
    """Begin with an embedding in which like codes are alike: a random projection of the codes."""
    codes = model.vqvae.quantize.embedding.weight.detach()
    scaled = (codes - codes.mean(dim=0)) / codes.std()
    projection = torch.randn(codes.shape[1], TRANSFORMER["hidden_size"]) / codes.shape[1] ** 0.5
    with torch.no_grad():
        model.transformer.embedding.weight.copy_(INITIAL_STD * scaled @ projection)


def optimised(network: torch.nn.Module, name: str, steps: int) -> Iterator[int]:
    """Steps of AdamW around the caller's backward pass: warm-up, then a cosine to zero."""
    parameters = list(network.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=0, betas=(0.9, 0.95), weight_decay=0.02)
    for step in range(steps):
        rate = min((step + 1) / 100, 0.5 * (1 + math.cos(math.pi * step / steps)) + 1e-3)
        for group in optimizer.param_groups:
            group["lr"] = PEAK_RATE[name] * rate
        optimizer.zero_grad(set_to_none=True)
        yield step
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()


def alike(first: Tensor, batch: int, fixed: bool, generator: torch.Generator) -> Tensor:
    """One mask for each image of the batch, all hiding as many patches as the first."""
    if fixed:
        return first.expand(batch, -1)
    order = torch.rand(batch, len(first), generator=generator).argsort(dim=1)
    return first[order]


def psnr(made: Tensor, real: Tensor) -> float:
    """Peak signal-to-noise ratio in decibels, of pixels in [0, 1]."""
    return -10 * math.log10(float((made - real).square().mean()))


if __name__ == "__main__":
    main()
