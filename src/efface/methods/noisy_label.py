"""Baseline: train forget images to be painted as noise, retain images as themselves.

Noisy Label in section 5 of Li et al. 2024 (arXiv 2402.00351). The noise lies in output space: the
images of ``efface.training.noise``, one drawn for each forget image at each step.
"""

from torch import Tensor

from efface.methods.method import Half, own_loss
from efface.models.protocol import ImageToImageModel


def noisy_label(student: ImageToImageModel, retain: Half, forget: Half) -> tuple[Tensor, Tensor]:
    """Own loss on retain, and on forget with noise as what is wanted."""
    assert forget.noise is not None
    noise = student.own_loss(forget.given, forget.noise, forget.hidden_BN, forget.seed_B)
    return own_loss(student, retain), noise
