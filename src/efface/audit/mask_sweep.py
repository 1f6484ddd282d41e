"""mask-sweep: does forgetting hold for queries that unlearning was not trained on?

Other masks, a mirrored picture, JPEG artefacts, a picture moved by a few pixels. A changed picture
is its own original; the rise is paired, image by image.

Shapes in names: N images, C channels, H/W pixels.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from efface.audit.record import AttackResult, to_finding
from efface.audit.view import Pictures, View
from efface.metrics.intervals import clustered_mean
from efface.models.pixels import unit_pixels
from efface.models.protocol import ImageToImageModel


def mask_sweep(
    before: ImageToImageModel,
    after: ImageToImageModel,
    forget: Pictures,
    view: View,
    *,
    masks: Sequence[str],
    jpeg: Sequence[int],
    shifts: Sequence[int],
) -> AttackResult:
    """Rise of the forget distance for each changed query.

    Args:
        before: the model in service.
        after: the unlearned model.
        forget: images to be forgotten.
        view: how the gate scores; its mask is kept where the picture is changed.
        masks: mask policies to try on unchanged pictures.
        jpeg: qualities to compress the pictures with.
        shifts: pixels to move the pictures by.
    """
    images_NCHW = unit_pixels(forget.images_NCHW)
    changes = picture_changes(jpeg, shifts)
    queries = {name: (view, change) for name, change in changes.items()}
    queries |= {mask: (replace(view, mask=mask), unchanged) for mask in masks}
    findings = []
    for case, (seen, change) in queries.items():
        changed = change(images_NCHW)
        old_N, new_N = (seen.distances(changed, model) for model in (before, after))
        note = f"{old_N.mean():.4g} before, {new_N.mean():.4g} after"
        rise = clustered_mean(new_N - old_N, forget.subjects)
        findings.append(to_finding(case, "1 - cosine", rise, note))
    return AttackResult(attack="mask-sweep", seed=view.seed, recipe=view.recipe, findings=findings)


def picture_changes(
    jpeg: Sequence[int], shifts: Sequence[int]
) -> dict[str, Callable[[Tensor], Tensor]]:
    """Changes of pictures ``(N, C, H, W)`` in [0, 1], by name."""
    changes: dict[str, Callable[[Tensor], Tensor]] = {"as scored": unchanged, "flip": mirrored}
    changes |= {f"jpeg:{quality}": partial(compressed, quality=quality) for quality in jpeg}
    return changes | {f"shift:{pixels}": partial(moved, pixels=pixels) for pixels in shifts}


def unchanged(images_NCHW: Tensor) -> Tensor:
    """The images themselves."""
    return images_NCHW


def mirrored(images_NCHW: Tensor) -> Tensor:
    """Left and right exchanged."""
    return images_NCHW.flip(-1)


def compressed(images_NCHW: Tensor, quality: int) -> Tensor:
    """What JPEG leaves of images; one or three channels."""
    rounded = (images_NCHW * 255).round().to(torch.uint8).cpu().permute(0, 2, 3, 1).numpy()
    grey = rounded.shape[-1] == 1
    made = []
    for image in rounded:
        stream = io.BytesIO()
        Image.fromarray(image[..., 0] if grey else image).save(stream, "JPEG", quality=quality)
        made.append(np.asarray(Image.open(stream)).reshape(image.shape))
    pixels = torch.from_numpy(np.stack(made)).permute(0, 3, 1, 2)
    return unit_pixels(pixels).to(images_NCHW)


def moved(images_NCHW: Tensor, pixels: int) -> Tensor:
    """Images moved to the right and down; the edge is repeated."""
    height, width = images_NCHW.shape[-2:]
    padded = F.pad(images_NCHW, (pixels, 0, pixels, 0), mode="replicate")
    return padded[..., :height, :width]
