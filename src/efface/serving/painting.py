"""Paint a batch of images as a service gets them: NaN pixels mark what is to be painted.

Shapes in names: B batch, C channels, H/W pixels, N patches.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from efface.errors import InputError
from efface.models.masks import draw_masks, parse_mask_policy
from efface.models.protocol import ImageToImageModel

BATCH = 64
"""Images painted at once."""
TOLERANCE = 1e-3
"""How far rounding may carry a pixel out of [0, 1]."""


def paint_array(model: ImageToImageModel, images_BCHW: np.ndarray, mask: str) -> np.ndarray:
    """Paint the holes of images.

    An image with NaN pixels is painted where they are: every patch that holds one is hidden as a
    whole. An image without is painted where ``mask`` says.

    Args:
        model: what paints.
        images_BCHW: float ``(B, C, H, W)`` in [0, 1] of the model's size; NaN = to be painted.
        mask: mask policy such as centre:4x4 (efface.models.masks); random ones are drawn with seed
            0.

    Returns:
        float32 ``(B, C, H, W)`` in [0, 1].

    Raises:
        InputError: wrong shape or range, or an image with no visible patch.
        ConfigError: ``mask`` is not a policy.
    """
    images = _checked(model, images_BCHW)
    hidden = _hidden(model, images, mask)
    images = images.nan_to_num(0.0).clamp(0, 1)
    painted = torch.empty_like(images)
    counts = hidden.sum(dim=1)
    with torch.inference_mode():
        for count in sorted(set(counts.tolist())):
            for rows in (counts == count).nonzero().flatten().split(BATCH):
                painted[rows] = model.paint(images[rows], hidden[rows])
    result: np.ndarray = painted.numpy()
    return result


def hidden_by_nan(images_BCHW: Tensor, grid: tuple[int, int]) -> Tensor:
    """Patches that hold a NaN pixel: bool ``(B, N)``."""
    size = (images_BCHW.shape[2] // grid[0], images_BCHW.shape[3] // grid[1])
    holes = images_BCHW.isnan().any(dim=1, keepdim=True).float()
    return F.max_pool2d(holes, size).flatten(1).bool()


def _checked(model: ImageToImageModel, images_BCHW: np.ndarray) -> Tensor:
    wanted = (model.channels, model.image_size, model.image_size)
    if images_BCHW.ndim != 4 or images_BCHW.shape[1:] != wanted or len(images_BCHW) == 0:
        raise InputError(
            f"images of shape {images_BCHW.shape} given; "
            f"this model takes (N, {', '.join(map(str, wanted))}), N > 0"
        )
    images = torch.from_numpy(np.array(images_BCHW, dtype=np.float32))
    seen = images[~images.isnan()]
    if len(seen) and not (seen.min() >= -TOLERANCE and seen.max() <= 1 + TOLERANCE):
        raise InputError(
            f"pixels from {seen.min():.4g} to {seen.max():.4g} given; this model takes 0 to 1, and "
            "NaN for a hole (divide 8-bit pixels by 255)"
        )
    return images


def _hidden(model: ImageToImageModel, images_BCHW: Tensor, mask: str) -> Tensor:
    hidden = hidden_by_nan(images_BCHW, model.grid)
    if hidden.all(dim=1).any():
        row = int(hidden.all(dim=1).nonzero()[0])
        raise InputError(f"image {row} has a NaN in every patch: leave at least one patch visible")
    whole = ~hidden.any(dim=1)
    if whole.any():
        count = int(whole.sum())
        drawn = draw_masks(parse_mask_policy(mask), model.grid, count, seed=0)
        hidden[whole] = drawn.expand(count, -1)
    return hidden
