"""The loop as published, kept as the yardstick of ``make bench``.

Every image goes through both teacher branches, though one of the two is multiplied by zero; noise
is fresh at every step; nothing is cached (released code of Li et al. 2024, train loop of the masked
model).
"""

import torch
from torch import Tensor

from efface.models.protocol import ImageToImageModel


def published_step(
    student: ImageToImageModel,
    teacher: ImageToImageModel,
    images_BCHW: Tensor,
    is_forget_B: Tensor,
    hidden_BN: Tensor,
    alpha: float,
    optimizer: torch.optim.Optimizer,
) -> Tensor:
    """One optimiser step of the published loop; returns the loss.

    Args:
        student: the model that moves.
        teacher: the model in service.
        images_BCHW: retain and forget images together, in [0, 1].
        is_forget_B: 1 for a forget image, 0 for a retain image.
        hidden_BN: masks.
        alpha: weight of the forget loss.
        optimizer: over the encoder.
    """
    mean, deviation = images_BCHW.mean(), images_BCHW.std()
    noise = (torch.randn_like(images_BCHW) * deviation + mean).clamp(0, 1)
    with torch.no_grad():
        kept = teacher.encode(images_BCHW, hidden_BN)
        lost = teacher.encode(noise, hidden_BN)
    features = student.encode(images_BCHW, hidden_BN)
    retain_B = (features - kept).square().flatten(1).mean(dim=1)
    forget_B = (features - lost).square().flatten(1).mean(dim=1)
    loss: Tensor = ((1 - is_forget_B) * retain_B + alpha * is_forget_B * forget_B).mean()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return loss.detach()
