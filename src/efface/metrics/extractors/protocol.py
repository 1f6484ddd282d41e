"""What a feature extractor must offer, and the steps that every kind shares.

Shapes in names: B batch, C channels, H/W pixels, D feature dimension, K classes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from efface.errors import CheckpointError


class Extractor(Protocol):
    """Turns images of any size into features; frozen; an image does not see the others."""

    name: str
    """What a score is labelled with, such as fashion-tower."""
    kind: str
    """A key of ``KINDS``."""
    is_clip: bool
    """Whether this is an image tower of CLIP, so that 1 - cosine may be called CLIP distance."""
    dimension: int
    """D, the length of a feature vector."""
    recipe: dict[str, Any]
    """All that a number depends on: the FIELDS of ``efface.metrics.extractor_kinds``."""

    def embed(self, images_BCHW: Tensor) -> Tensor:
        """Features ``(B, D)`` float32 of images in [0, 1]."""
        ...

    def to(self, device: torch.device) -> None:
        """Move the network; images must be there too."""
        ...

    def classify(self, features_BD: Tensor) -> Tensor | None:
        """Class probabilities ``(B, K)`` from features of ``embed``; None without classes."""
        ...

    def probabilities(self, images_BCHW: Tensor) -> Tensor | None:
        """Class probabilities ``(B, K)`` of images in [0, 1]; None without classes."""
        ...


def with_channels(images_BCHW: Tensor, channels: int) -> Tensor:
    """Grey to colour by repetition, colour to grey by the mean of the channels."""
    given = images_BCHW.shape[1]
    if given == channels:
        return images_BCHW
    if given == 1:
        return images_BCHW.expand(-1, channels, -1, -1)
    return images_BCHW.mean(dim=1, keepdim=True).expand(-1, channels, -1, -1)


def resized(images_BCHW: Tensor, size: int, mode: str) -> Tensor:
    """Squash images to ``size`` x ``size``, antialiased, bilinear or bicubic, within [0, 1]."""
    if images_BCHW.shape[-2:] == (size, size):
        return images_BCHW
    made = F.interpolate(
        images_BCHW, size=(size, size), mode=mode, antialias=True, align_corners=False
    )
    return made.clamp(0, 1)


def need_file(path: Path, what: str) -> Path:
    """Check that a file of an extractor is there.

    Raises:
        CheckpointError: it is not.
    """
    if not path.is_file():
        raise CheckpointError(
            f"{what} {path} is missing: put it there, or correct the extractor's uri in the policy"
        )
    return path


def standardised(images_BCHW: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Subtract a mean and divide by a deviation in each channel."""
    mean_C11, std_C11 = (
        torch.tensor(list(given), device=images_BCHW.device).reshape(-1, 1, 1)
        for given in (mean, std)
    )
    return (images_BCHW - mean_C11) / std_C11


def frozen(module: torch.nn.Module) -> torch.nn.Module:
    """The module in evaluation mode, with no gradients."""
    return module.eval().requires_grad_(False)
