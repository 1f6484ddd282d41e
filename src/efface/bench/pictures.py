"""A grid of pictures: forget and retain images, masked, and painted by each method."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from efface.bench.cell import Bench, Result
from efface.bench.gridding import compared
from efface.data.reading import read_images
from efface.files import whole_file
from efface.models.checkpoint import load_model
from efface.models.masks import draw_masks, parse_mask_policy, pixel_mask
from efface.models.pixels import unit_pixels
from efface.models.protocol import ImageToImageModel

COUNT = 6
"""Pictures of each set, one after another in the set's random order."""
SETS = ("forget", "forget-holdout", "neighbours", "holdout")
GREY = 0.5


def write_pictures(bench: Bench, folder: Path, *, prefix: str = "") -> list[Path]:
    """One PNG a model and ticket, for the first mask; gives their paths."""
    mask, paths = bench.plan.masks["score"][0], []
    for model in bench.models:
        for ticket in bench.tickets:
            found = compared(bench, model, ticket)
            path = folder / f"{prefix}pictures-{model}-{ticket}.png"
            with whole_file(path) as temporary:
                _draw(found, mask, f"{prefix}{model}, {ticket} ticket, {mask}", temporary)
            paths.append(path)
    return paths


def _draw(found: dict[str, Result], mask: str, title: str, path: Path) -> None:
    from matplotlib.figure import Figure

    first = next(iter(found.values()))
    before = load_model(first.before)
    painters = {"before": before, **{k: load_model(v.after) for k, v in found.items()}}
    painters.pop("original", None)  # the row "before"
    names = [name for name in SETS if (first.sets / name).is_dir()]
    columns = [_columns(before, painters, first.sets / name, mask) for name in names]
    labels = list(columns[0])
    figure = Figure(figsize=(0.72 * COUNT * len(names), 0.78 * len(labels)), layout="constrained")
    axes = figure.subplots(len(labels), len(names), squeeze=False)
    for row, label in enumerate(labels):
        for column, name in enumerate(names):
            cell = axes[row][column]
            cell.imshow(_strip(columns[column][label]), cmap="gray", vmin=0, vmax=1)
            cell.set(xticks=[], yticks=[], frame_on=False)
            if column == 0:
                cell.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)
            if row == 0:
                cell.set_title(name, fontsize=9)
    figure.suptitle(title, fontsize=10)
    figure.savefig(path, dpi=100, format="png", pil_kwargs={"optimize": True})


def _columns(
    base: ImageToImageModel, painters: dict[str, ImageToImageModel], folder: Path, mask: str
) -> dict[str, Tensor]:
    pixels, _ = read_images(folder, size=base.image_size, channels=base.channels, limit=COUNT)
    images = unit_pixels(torch.from_numpy(pixels))
    hidden = draw_masks(parse_mask_policy(mask), base.grid, 1, 0).expand(len(images), -1)
    holes = pixel_mask(hidden, base.grid, (base.image_size, base.image_size))
    shown = {"image": images, "masked": images.masked_fill(holes, GREY)}
    with torch.inference_mode():
        return shown | {name: model.paint(images, hidden) for name, model in painters.items()}


def _strip(images_BCHW: Tensor) -> np.ndarray:
    """Pictures side by side, ``(H, B * W)`` or ``(H, B * W, 3)``."""
    framed = torch.nn.functional.pad(images_BCHW, (1, 1, 1, 1), value=1.0)
    joined = torch.cat(list(framed), dim=2).permute(1, 2, 0).numpy()
    strip: np.ndarray = joined[:, :, 0] if joined.shape[2] == 1 else joined
    return strip
