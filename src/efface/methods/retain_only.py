"""Baseline that should not forget: go on training on retain alone. The gate must block it."""

from torch import Tensor

from efface.methods.method import Half
from efface.methods.painting import painting_error
from efface.models.protocol import ImageToImageModel


def retain_only(student: ImageToImageModel, retain: Half, forget: Half) -> tuple[Tensor, Tensor]:
    """Painting error on retain; nothing on forget."""
    error = painting_error(student, retain)
    return error, error.new_zeros(())
