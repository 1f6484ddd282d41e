"""What a method is given and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from efface.models.protocol import ImageToImageModel


@dataclass(frozen=True, kw_only=True)
class Half:
    """One half of a batch: retain images, or forget images."""

    images_BCHW: Tensor
    """In [0, 1]."""
    hidden_BN: Tensor
    """Masks, True = hidden; all rows alike."""
    targets_BTK: Tensor | None
    """Encoder features to move to; None for a method that works on pixels."""


Loss = Callable[[ImageToImageModel, Half, Half], tuple[Tensor, Tensor]]
"""(student, retain half, forget half) -> (retain loss, forget loss), two scalars."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to unlearn."""

    loss: Loss | None
    """None: no step is taken."""
    uses_targets: bool
    """Whether the halves carry encoder features of the teacher."""
