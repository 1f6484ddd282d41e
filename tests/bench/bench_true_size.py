"""Models of the size people use, with random weights: how fast they are unlearned, and paint.

    PYTHONPATH=. python tests/bench/bench_true_size.py

Both unlearning loops on one model, in turn, as in bench_unlearning.py; then painting under the same
mask. On a GPU with peak memory; without one, one image a half batch and few rounds.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from efface.evaluation.regions import make_hole, paint_hole
from efface.models.protocol import ImageToImageModel
from efface.training.device import (
    autocast,
    find_precision,
    move,
    name_hardware,
    pick_device,
)
from efface.training.settings import TrainingSettings
from tests.bench.loops import compare_loops
from tests.true_size_models import mae_large, mage_base, stable_diffusion_inpainting

MODELS: dict[str, tuple[Callable[[], ImageToImageModel], str]] = {
    "ViT-L MAE": (mae_large, "centre:8x8"),
    "ViT-B MAGE": (mage_base, "centre:8x8"),
    "SD in-painting UNet": (stable_diffusion_inpainting, "centre:4x4"),
}
STEPS = 8
"""Fewer than ten: at ten a run saves its state, which is no part of a step."""
GIB = 2**30


def main() -> None:
    """Print a line of each model."""
    device = pick_device()
    gpu = device.type == "cuda"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=16 if gpu else 1, help="images of each half")
    parser.add_argument("--rounds", type=int, default=5 if gpu else 1)
    parser.add_argument("--precision", default="auto")
    given = parser.parse_args()
    precision = find_precision(device, given.precision)
    print(
        f"{name_hardware(device)}, {precision}, batch 2 x {given.batch}, torch {torch.__version__}"
    )
    settings = TrainingSettings(
        steps=STEPS, warmup=1, batch_size=given.batch, noise_images=8, probe_every=0,
        save_every=3600, precision=precision,
    )  # fmt: skip
    for name, (make, mask) in MODELS.items():
        torch.manual_seed(0)
        model = make()
        model.module.eval()
        move(model, device)
        retain, forget = _noise(model, 4 * given.batch), _noise(model, 2 * given.batch)
        found = compare_loops(
            model, retain, forget, mask=mask, settings=settings, rounds=given.rounds, device=device
        )
        ours, plain = (found.count / float(np.median(s)) for s in (found.ours, found.published))
        painted = _paint(model, retain[: given.batch], mask, device, precision, given.rounds)
        ratios, (own, other) = found.ratios, found.peaks
        weights = sum(p.numel() for p in model.module.parameters())
        print(
            f"{name}: {weights / 1e6:.0f} M; unlearning {ours:.1f} images/s, published loop "
            f"{plain:.1f}, ratio {ours / plain:.2f} (rounds {ratios[0]:.2f} to {ratios[-1]:.2f}); "
            f"peak {own / GIB:.1f} and {other / GIB:.1f} GiB; targets "
            f"{1000 * found.caching:.1f} ms an image; painting {painted:.1f} images/s",
            flush=True,
        )
        del model, found
        if gpu:
            torch.cuda.empty_cache()


def _paint(
    model: ImageToImageModel, images: Tensor, mask: str, device: torch.device, precision: str,
    rounds: int,
) -> float:  # fmt: skip
    """Images a second, median of ``rounds`` after one that warms up."""
    hole = make_hole(mask, model.grid, model.image_size, seed=0)
    given, seconds = images.to(device) / 255, []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        with torch.inference_mode(), autocast(device, precision):
            paint_hole(model, given, hole).cpu()
        seconds.append(time.perf_counter() - started)
    return len(images) / float(np.median(seconds[1:]))


def _noise(model: ImageToImageModel, count: int) -> Tensor:
    shape = (count, model.channels, model.image_size, model.image_size)
    return torch.randint(256, shape, dtype=torch.uint8)


if __name__ == "__main__":
    main()
