"""Baseline: keep the model's own loss low on retain, push it up on forget.

Max Loss in section 5 of Li et al. 2024 (arXiv 2402.00351).
"""

from torch import Tensor

from efface.methods.method import Half, own_loss
from efface.models.protocol import ImageToImageModel


def max_loss(student: ImageToImageModel, retain: Half, forget: Half) -> tuple[Tensor, Tensor]:
    """Own loss on retain, and its negative on forget."""
    return own_loss(student, retain), -own_loss(student, forget)
