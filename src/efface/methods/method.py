"""What a method is given and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from efface.models.protocol import ImageToImageModel


@dataclass(frozen=True, kw_only=True)
class Half:
    """One half of a batch: retain images, or forget images."""

    given: Tensor
    """Images, or what ``prepare`` of the model made of them."""
    hidden_BN: Tensor
    """Masks, True = hidden; all rows alike."""
    seed_B: Tensor
    """int64, chance of each image."""
    targets_BTK: Tensor | None
    """Encoder features to move to; None for a method that works on pixels."""


def own_loss(student: ImageToImageModel, half: Half) -> Tensor:
    """The model's own training loss on a half, a scalar."""
    return student.own_loss(half.given, half.given, half.hidden_BN, half.seed_B)


Loss = Callable[[ImageToImageModel, Half, Half], tuple[Tensor, Tensor]]
"""(student, retain half, forget half) -> (retain loss, forget loss), two scalars."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to unlearn."""

    loss: Loss | None
    """None: no step is taken."""
    uses_targets: bool
    """Whether the halves carry encoder features of the teacher."""
