"""Pixels as models take them."""

from torch import Tensor


def unit_pixels(images: Tensor) -> Tensor:
    """Float pixels in [0, 1] of uint8 ones; float ones are taken to be in that range."""
    return images if images.is_floating_point() else images.float() / 255
