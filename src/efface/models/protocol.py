"""What a model family must offer to be unlearned, scored and served.

An image-to-image model is h = D o E (Li et al. 2024, section 3): an encoder E sees an image with
some patches hidden, a decoder D paints the image. Unlearning trains E and leaves D alone.

What the encoder of a family is asked has up to three parts: an image, a mask, and chance (the noise
that a diffusion model sees its target through). Chance is a seed for each image, so that a feature
computed once can be met again.

Shapes in names: B batch, C channels, H/W pixels, N patches, T tokens, K width of a feature.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from torch import Tensor, nn


class ImageToImageModel(Protocol):
    """One model family. Images are float in [0, 1] or uint8; in masks, True = hidden."""

    family: str
    """Name of the family, a key of ``FAMILIES``."""
    image_size: int
    """Height and width of an image, in pixels."""
    channels: int
    """Colour channels: 1 or 3."""
    grid: tuple[int, int]
    """Rows and columns of the patch grid."""
    levels: int
    """Noise levels the encoder is asked at, by ``seed % levels``; 1 for a family without noise."""

    def prepare(self, images_BCHW: Tensor) -> Tensor:
        """What never changes of images, so that it is computed once: pixels, or frozen tokens."""
        ...

    def encode(self, given: Tensor, hidden_BN: Tensor, seed_B: Tensor | None = None) -> Tensor:
        """Encoder features ``(B, T, K)``, with the mean square as their distance.

        Args:
            given: images, or what ``prepare`` makes of them.
            hidden_BN: masks; each row hides equally many patches.
            seed_B: int64, chance of each image; None: 0 for all. A family without noise ignores it.
        """
        ...

    def answer(self, given: Tensor, hidden_BN: Tensor, seed_B: Tensor | None = None) -> Tensor:
        """What the decoder gives for the hidden part ``(B, T, K)``; the mean square is a distance.

        Pixels, scores of tokens, or predicted noise: before anything is chosen, drawn or clamped.
        Arguments as for ``encode``.
        """
        ...

    def own_loss(
        self, given: Tensor, wanted: Tensor, hidden_BN: Tensor, seed_B: Tensor | None = None
    ) -> Tensor:
        """The loss the family was trained with: paint ``wanted`` where ``given`` is hidden.

        Both are images, or what ``prepare`` makes of them. The usual loss has the same for both.
        Gives a scalar.
        """
        ...

    def paint(self, images_BCHW: Tensor, hidden_BN: Tensor) -> Tensor:
        """Composite ``(B, C, H, W)`` in [0, 1]: visible pixels kept, hidden ones painted.

        The same image and mask give the same answer, whatever else is in the batch.
        """
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
