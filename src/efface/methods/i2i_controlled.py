"""i2i with a bound in place of alpha: least damage to retain, subject to a forget loss below it.

    minimise L_R   subject to   L_F <= forget_bound x L_F(theta0)

Feng et al., ICLR 2025 (arXiv 2408.01689) put unlearning as such an epsilon-constrained problem. It
is solved here with the closed form of Gong, Liu and Liu (NeurIPS 2021, dynamic barrier gradient
descent): of all directions that take enough off the forget loss, the one nearest to the retain
gradient,

    d = argmin || d - g_R ||^2   subject to   <d, g_F> >= c || g_F ||^2
      = g_R + lambda g_F,   lambda = max(0, c - <g_R, g_F> / || g_F ||^2),

with c = 1 above the bound, 0 just under it, and below 0 further down: what was forgotten beyond the
bound may come back as far as retain gains by it, and no further. Where the two conflict, the part
of the retain gradient that would raise the forget loss is projected away, as in PCGrad (Yu et al.
2020, arXiv 2001.06782); lambda is the alpha of the step. It needs no memory, so a run can be taken
up anywhere.

The direction is exact for plain gradient descent; AdamW scales each weight on its own afterwards.
"""

import torch
from torch import Tensor

from efface.methods.method import Half, feature_loss
from efface.models.protocol import ImageToImageModel

RAMP = (0.95, 1.2)
"""Forget loss over its bound between which c rises from 0 to 1; it falls to -1 at the same rate. No
rattling at the bound, and a loss that comes to rest a little under it."""


def i2i_apart(student: ImageToImageModel, retain: Half, forget: Half) -> tuple[Tensor, Tensor]:
    """The losses of ``i2i``, each from a pass of its own, so each has a gradient of its own."""
    return (
        feature_loss(student.encode(retain.given, retain.hidden_BN, retain.seed_B), retain),
        feature_loss(student.encode(forget.given, forget.hidden_BN, forget.seed_B), forget),
    )


def least_damage(retain_D: Tensor, forget_D: Tensor, excess: Tensor) -> Tensor:
    """The direction to descend, ``(D,)``.

    Args:
        retain_D: gradient of the retain loss.
        forget_D: gradient of the forget loss.
        excess: scalar, forget loss divided by its bound.
    """
    asked = ((excess - RAMP[0]) / (RAMP[1] - RAMP[0])).clamp(-1, 1)
    square = forget_D.dot(forget_D).clamp_min(torch.finfo(forget_D.dtype).tiny)
    weight = (asked - retain_D.dot(forget_D) / square).clamp_min(0)
    return retain_D + weight * forget_D
