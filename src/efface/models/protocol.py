"""What a model family must offer to be unlearned, scored and served.

An image-to-image model is h = D o E (Li et al. 2024, section 3): an encoder E sees an image with
some patches hidden, a decoder D paints the image. Unlearning trains E and leaves D alone.

Shapes in names: B batch, C channels, H/W pixels, N patches, T visible tokens, K width of a feature.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from torch import Tensor, nn


class ImageToImageModel(Protocol):
    """One model family. Images are float in [0, 1]; in masks, True = hidden."""

    family: str
    """Name of the family, a key of ``FAMILIES``."""
    image_size: int
    """Height and width of an image, in pixels."""
    channels: int
    """Colour channels: 1 or 3."""
    grid: tuple[int, int]
    """Rows and columns of the patch grid."""

    def encode(self, images_BCHW: Tensor, hidden_BN: Tensor) -> Tensor:
        """Encoder features ``(B, T, K)``; each row of the mask hides equally many patches."""
        ...

    def decode(self, features_BTK: Tensor, hidden_BN: Tensor) -> Tensor:
        """Images ``(B, C, H, W)`` that the decoder makes of features, not clamped."""
        ...

    def paint(self, images_BCHW: Tensor, hidden_BN: Tensor) -> Tensor:
        """Composite ``(B, C, H, W)`` in [0, 1]: visible pixels kept, hidden ones painted."""
        ...

    def encoder_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Names and parameters that unlearning may move."""
        ...

    def save(self, folder: Path) -> None:
        """Write weights (safetensors) and configuration as the family's own library does."""
        ...

    @property
    def module(self) -> nn.Module:
        """The torch module that holds every weight."""
        ...
