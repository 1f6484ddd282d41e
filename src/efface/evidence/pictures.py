"""Pictures of the evidence page: original, masked, before, after; embedded as PNG.

Shapes in names: B batch, C channels, H/W pixels, N patches.
"""

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from torch import Tensor

    from efface.models.protocol import ImageToImageModel

LARGEST = 256
"""Pixels; larger images are shrunk for the page."""


@dataclass(frozen=True, kw_only=True)
class Strip:
    """One row of pictures."""

    title: str
    pictures: list[str]
    """data: addresses."""


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """The same images of one set, in four rows."""

    set: str
    title: str
    meaning: str
    strips: list[Strip]
    size: int
    """Width of an image in its own pixels."""


def images_to_gallery(
    images_BCHW: np.ndarray,
    *,
    before: "ImageToImageModel",
    after: "ImageToImageModel",
    mask: str,
    seed: int,
    set_name: str,
    title: str,
    meaning: str,
) -> Gallery:
    """Paint images with both models and lay them out.

    Args:
        images_BCHW: uint8 ``(B, C, H, W)``.
        before: the model in service.
        after: the unlearned model.
        mask: mask policy; a random one is drawn with ``seed``.
        seed: of the policy.
        set_name: forget, retain, neighbours or holdout.
        title: shown above the pictures.
        meaning: shown beside the title.
    """
    import torch

    from efface.models.masks import draw_masks, parse_mask_policy, pixel_mask

    images = torch.from_numpy(images_BCHW).float() / 255
    count = len(images)
    policy = parse_mask_policy(mask)
    # One mask for all of them: the pictures compare better, and a batch must hide equally many
    # patches.
    hidden = draw_masks(policy, before.grid, 1, seed).expand(count, -1)
    holes = pixel_mask(hidden, before.grid, (before.image_size, before.image_size))
    with torch.inference_mode():
        painted = {"before": before.paint(images, hidden), "after": after.paint(images, hidden)}
    rows = {"original": _encoded(images), "masked": _encoded(images, holes)}
    rows |= {name: _encoded(result) for name, result in painted.items()}
    return Gallery(
        set=set_name,
        title=title,
        meaning=meaning,
        strips=[Strip(title=name, pictures=pictures) for name, pictures in rows.items()],
        size=before.image_size,
    )


def array_to_data_uri(image_CHW: np.ndarray) -> str:
    """PNG as a data: address. uint8, 1 channel (grey), 2 (grey and alpha), 3 or 4."""
    modes = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
    pixels = np.ascontiguousarray(image_CHW.transpose(1, 2, 0))
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    assert picture.mode == modes[pixels.shape[2]]
    picture.thumbnail((LARGEST, LARGEST))
    target = io.BytesIO()
    picture.save(target, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(target.getvalue()).decode()


def _encoded(images_BCHW: "Tensor", holes_B1HW: "Tensor | None" = None) -> list[str]:
    arrays = (images_BCHW.clamp(0, 1) * 255).round().byte().numpy()
    if holes_B1HW is not None:
        visible = (~holes_B1HW).byte().numpy()
        # The hidden pixels go altogether: transparent ones would still be there.
        arrays = np.concatenate([arrays * visible, visible * 255], axis=1)
    return [array_to_data_uri(array) for array in arrays]
