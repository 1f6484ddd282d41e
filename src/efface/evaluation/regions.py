"""What of a composite is scored: the full frame, or the hole alone.

The full frame dilutes forgetting and damage with original pixels; the hole alone lacks the context
that makes it plausible. Both are scored, separately.

Shapes in names: B batch, C channels, H/W pixels, N patches.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from efface.evaluation.recipe import GREY
from efface.models.masks import draw_masks, hole_box, parse_mask_policy, pixel_mask
from efface.models.protocol import ImageToImageModel

REGIONS = ("full", "hole")


@dataclass(frozen=True)
class Hole:
    """The one mask that a mask policy stands for in evaluation, on one grid and image size."""

    hidden_N: Tensor
    """bool, True = hidden."""
    box: tuple[int, int, int, int]
    """Smallest box around the hole in pixels: top, left, bottom, right, ends exclusive."""
    visible_1HW: Tensor
    """Visible pixels of the box, bool."""


def make_hole(mask: str, grid: tuple[int, int], image_size: int, seed: int) -> Hole:
    """Draw the mask of a policy; a random policy gives the one that belongs to ``seed``.

    Raises:
        ConfigError: the text is no mask policy, or does not fit the grid.
    """
    hidden_N = draw_masks(parse_mask_policy(mask), grid, 1, seed)[0]
    patch = image_size // grid[0], image_size // grid[1]
    top, left, bottom, right = hole_box(hidden_N, grid)
    box = top * patch[0], left * patch[1], bottom * patch[0], right * patch[1]
    hidden_1HW = pixel_mask(hidden_N, grid, (image_size, image_size))
    return Hole(hidden_N, box, ~hidden_1HW[:, box[0] : box[2], box[1] : box[3]])


def view_region(images_BCHW: Tensor, region: str, hole: Hole) -> Tensor:
    """The part of images that a region shows; ``hole`` is smaller than the frame, or greyed."""
    if region == "full":
        return images_BCHW
    top, left, bottom, right = hole.box
    visible = hole.visible_1HW.to(images_BCHW.device)
    return images_BCHW[..., top:bottom, left:right].masked_fill(visible, GREY)


def paint_hole(model: ImageToImageModel, images_BCHW: Tensor, hole: Hole) -> Tensor:
    """What a model makes of images under the hole's mask, rounded as a picture file keeps it."""
    hidden_BN = hole.hidden_N.to(images_BCHW.device).expand(len(images_BCHW), -1)
    return as_eight_bit(model.paint(images_BCHW, hidden_BN))


def as_eight_bit(images_BCHW: Tensor) -> Tensor:
    """Round images in [0, 1] to the 256 levels that a picture file has."""
    return torch.round(images_BCHW.float().clamp(0, 1) * 255) / 255
