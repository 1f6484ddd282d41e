"""Train the two demo extractors on the train split of the demo data, from scratch.

    python examples/fashion/train_extractors.py

``fashion-classifier`` (ten classes; FID, KID and Inception score) and ``fashion-tower`` (cosine
distance; contrastive: two views of a picture attract each other, and so do pictures of one
subject). Both see whole frames and enlarged holes, some with greyed patches, as the evaluation will
show them. Writes examples/fashion/extractors/{classifier,tower} and prints a log with the accuracy
on the holdout split (kept as extractors/training.log).
"""

import argparse
import math
import time
from pathlib import Path

import torch
from select_images import CLASSES, select_images
from torch import Tensor
from torch.nn import functional as F

from efface.metrics.extractors.small_cnn import SmallCnn, SmallCnnConfig, save

SEED = 11
BATCH = 256
SHAPE = {"channels": 1, "image_size": 32, "width": 16, "dimension": 64}
TEMPERATURE = 0.2
EPOCHS = {"tower": 10, "classifier": 14}


def zooms(count: int, generator: torch.Generator) -> Tensor:
    """Shares of the frame that are shown, ``(B,)``: half are whole, half down to a third."""
    crops = 0.35 + 0.45 * torch.rand(count, generator=generator)
    whole = torch.rand(count, generator=generator) < 0.5
    return torch.where(whole, torch.ones(count), crops)


def view(images: Tensor, zoom: Tensor, centre: Tensor, generator: torch.Generator) -> Tensor:
    """A jittered crop of each image, enlarged, with its brightness and sharpness shaken."""
    count = len(images)
    scale = zoom * (0.93 + 0.14 * torch.rand(count, generator=generator))
    shift = centre + 0.05 * torch.randn(count, 2, generator=generator)
    box = torch.zeros(count, 2, 3)
    box[:, 0, 0] = box[:, 1, 1] = scale
    box[:, :, 2] = shift
    grid = F.affine_grid(box, list(images.shape), align_corners=False)
    seen = F.grid_sample(images, grid, mode="bilinear", align_corners=False)
    if torch.rand((), generator=generator) < 0.3:
        small = F.interpolate(seen, scale_factor=0.5, mode="bilinear", antialias=True)
        seen = F.interpolate(small, size=seen.shape[-2:], mode="bilinear")
    gain = 0.85 + 0.3 * torch.rand(count, 1, 1, 1, generator=generator)
    return (seen * gain).clamp(0, 1)


def grey_patches(side: int, generator: torch.Generator) -> Tensor:
    """Pixels that a batch shows in grey, bool ``(side, side)``: none, a block, or some of 8 x 8."""
    kind = float(torch.rand((), generator=generator))
    patches = torch.zeros(8, 8, dtype=torch.bool)
    if kind > 0.8:
        patches = torch.rand(8, 8, generator=generator) < 0.6 * torch.rand((), generator=generator)
    elif kind > 0.6:
        edge = int(torch.randint(1, 3, (), generator=generator))
        patches[edge + 1 : 7 - edge, edge + 1 : 7 - edge] = True
    return patches.repeat_interleave(side // 8, 0).repeat_interleave(side // 8, 1)


def views(images: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Two views of each image, at about the same place, greyed alike over the whole batch."""
    zoom = zooms(len(images), generator)
    reach = (1 - zoom)[:, None] * 0.5
    centre = reach * (2 * torch.rand(len(images), 2, generator=generator) - 1)
    grey = grey_patches(images.shape[-1], generator)
    first, second = (view(images, zoom, centre, generator).masked_fill(grey, 0.5) for _ in range(2))
    return first, second


def contrastive_loss(first: Tensor, second: Tensor, group: Tensor) -> Tensor:
    """Half SimCLR (Chen et al. 2020), half supervised by subject (Khosla et al. 2020)."""
    features = torch.cat([first, second])
    count = len(features)
    similar = (features @ features.T / TEMPERATURE).masked_fill(torch.eye(count).bool(), -1e4)
    logs = similar.log_softmax(dim=1)
    own = torch.arange(count).roll(len(first))
    same = torch.cat([group, group])
    partners = (same[:, None] == same[None]) & ~torch.eye(count).bool()
    supervised = (logs * partners).sum(dim=1) / partners.sum(dim=1)
    return -0.5 * (logs[torch.arange(count), own] + supervised).mean()


def train(
    config: SmallCnnConfig, images: Tensor, label: Tensor, subject: Tensor, epochs: int
) -> SmallCnn:
    """Train one network on torch's default device, where the images lie."""
    torch.manual_seed(SEED)
    generator = torch.Generator(images.device).manual_seed(SEED)
    network, name = SmallCnn(config), config.task
    optimizer = torch.optim.AdamW(network.parameters(), lr=0, weight_decay=0.01)
    steps, started, total, step = epochs * (len(images) // BATCH), time.monotonic(), 0.0, 0
    for epoch in range(epochs):
        for rows in torch.randperm(len(images), generator=generator).split(BATCH)[
            : len(images) // BATCH
        ]:
            step += 1
            rate = 4e-3 * min(step / 50, 0.5 * (1 + math.cos(math.pi * step / steps)))
            optimizer.param_groups[0]["lr"] = rate
            first, second = views(images[rows], generator)
            if name == "classifier":
                logits = network.logits(network(first))
                loss = F.cross_entropy(logits, label[rows], label_smoothing=0.05)
            else:
                loss = contrastive_loss(network(first), network(second), subject[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += float(loss.detach())
        mean, total = total / (len(images) // BATCH), 0.0
        print(
            f"{name} epoch={epoch + 1} loss={mean:.4f} seconds={time.monotonic() - started:.0f}",
            flush=True,
        )
    return network.eval()


@torch.inference_mode()
def holdout_accuracy(
    network: SmallCnn, known: Tensor, known_label: Tensor, asked: Tensor, asked_label: Tensor
) -> float:
    """Share of right classes: by the head, or for a tower by the nearest training image."""
    features = network(asked)
    logits = network.logits(features)
    found = (
        logits.argmax(1)
        if logits is not None
        else known_label[(features @ network(known).T).argmax(1)]
    )
    return float((found == asked_label).float().mean())


def main() -> None:
    """Train both, save, and print their accuracy and hashes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "extractors")
    given = parser.parse_args()
    picked = select_images()
    images = torch.from_numpy(picked.images_NHW)[:, None].float() / 255
    label, subject = (
        torch.from_numpy(picked.label),
        torch.from_numpy(picked.label * 8 + picked.subject),
    )
    seen, unseen = (
        torch.from_numpy(picked.split == "train"),
        torch.from_numpy(picked.split == "holdout"),
    )
    hole = F.interpolate(images[..., 8:24, 8:24], size=(32, 32), mode="bilinear")
    for name in ("tower", "classifier"):
        classes = len(CLASSES) if name == "classifier" else 0
        config = SmallCnnConfig(name=f"fashion-{name}", task=name, classes=classes, **SHAPE)
        network = train(config, images[seen], label[seen], subject[seen], EPOCHS[name])
        for shown, pixels in (("full", images), ("hole", hole)):
            right = holdout_accuracy(
                network, pixels[seen], label[seen], pixels[unseen], label[unseen]
            )
            print(
                f"{name} region={shown} holdout_accuracy={right:.3f} images={int(unseen.sum())}",
                flush=True,
            )
        print(f"{name} pins={save(network, given.out / name)}", flush=True)


if __name__ == "__main__":
    main()
