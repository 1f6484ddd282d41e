"""Baseline: train forget images to be painted as retain images, retain images as themselves.

Retain Label in section 5 of Li et al. 2024 (arXiv 2402.00351). In the released code of this
baseline both terms carry the weight of retain, so forget images have no gradient; here they have.
"""

from torch import Tensor

from efface.methods.method import Half, own_loss
from efface.models.protocol import ImageToImageModel


def retain_label(student: ImageToImageModel, retain: Half, forget: Half) -> tuple[Tensor, Tensor]:
    """Own loss on retain, and on forget with the retain images of the batch as what is wanted."""
    swapped = student.own_loss(forget.given, retain.given, forget.hidden_BN, forget.seed_B)
    return own_loss(student, retain), swapped
