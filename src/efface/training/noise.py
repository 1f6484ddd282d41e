"""Noise images, with the mean and deviation of the forget pixels, clamped to [0, 1].

One scalar mean and one scalar deviation over all forget pixels, as in the released code of Li et
al. 2024. A kind is what each pixel is drawn from:

gaussian   N(mean, deviation)                        the paper's
uniform    mean +- deviation x sqrt(3)               the same two moments
constant   one Gaussian value a channel of an image  the same two moments over many images; within
                                                     one image nothing varies
"""

from collections.abc import Callable

import torch
from torch import Tensor

Shape = tuple[int, ...]


def _gaussian(shape: Shape, generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator)


def _uniform(shape: Shape, generator: torch.Generator) -> Tensor:
    return (torch.rand(shape, generator=generator) * 2 - 1) * 3**0.5


def _constant(shape: Shape, generator: torch.Generator) -> Tensor:
    return torch.randn((*shape[:2], 1, 1), generator=generator).expand(shape)


NOISES: dict[str, Callable[[Shape, torch.Generator], Tensor]] = {
    "gaussian": _gaussian,
    "uniform": _uniform,
    "constant": _constant,
}
"""Kind -> draw of mean 0 and deviation 1."""


def draw_noise(
    forget_NCHW: Tensor, count: int, generator: torch.Generator, kind: str = "gaussian"
) -> Tensor:
    """Noise images ``(count, C, H, W)`` in [0, 1].

    Args:
        forget_NCHW: uint8 forget images; only the mean and deviation of their pixels are used.
        count: how many.
        generator: source of chance.
        kind: a key of ``NOISES``.
    """
    pixels = forget_NCHW.double() / 255
    drawn = NOISES[kind]((count, *forget_NCHW.shape[1:]), generator)
    return (drawn * float(pixels.std()) + float(pixels.mean())).clamp(0, 1)
