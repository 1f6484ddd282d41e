"""Baseline that should not forget: go on training on retain alone. The gate must block it."""

from torch import Tensor

from efface.methods.method import Half, own_loss
from efface.models.protocol import ImageToImageModel


def retain_only(student: ImageToImageModel, retain: Half, forget: Half) -> tuple[Tensor, Tensor]:
    """Own loss on retain; nothing on forget."""
    error = own_loss(student, retain)
    return error, error.new_zeros(())
