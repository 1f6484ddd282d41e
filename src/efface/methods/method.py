"""What a method is given and what it gives back."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import mse_loss

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
    noise: Tensor | None = None
    """A noise image for each image, as ``prepare`` made it; None where none is asked for."""
    worst_share: float = 1.0
    """Share of the images that counts: those with the largest loss."""
    gather: Callable[[Tensor], Tensor] | None = None
    """Numbers of these images -> those of the whole batch; None: these are the whole batch."""


def own_loss(student: ImageToImageModel, half: Half) -> Tensor:
    """The model's own training loss on a half, a scalar."""
    return student.own_loss(half.given, half.given, half.hidden_BN, half.seed_B)


def feature_loss(features_BTK: Tensor, half: Half) -> Tensor:
    """Mean squared distance of features to the half's targets, a scalar.

    With ``worst_share`` q below 1 it is the mean over the q B images (rounded up) that are furthest
    away: the conditional value at risk of the batch (Rockafellar & Uryasev 2000).
    """
    assert half.targets_BTK is not None
    if half.worst_share == 1.0:
        return mse_loss(features_BTK, half.targets_BTK)
    loss_B = (features_BTK - half.targets_BTK).square().flatten(1).mean(dim=1)
    if half.gather:
        return _worst_of_all(loss_B, half.gather(loss_B), half.worst_share)
    return loss_B.topk(math.ceil(half.worst_share * len(loss_B))).values.mean()


def _worst_of_all(loss_B: Tensor, everyone: Tensor, share: float) -> Tensor:
    """What some images of a batch add to the mean over its worst, times batch / some images.

    Images that tie for the last place share it.
    """
    count = math.ceil(share * len(everyone))
    last = everyone.topk(count).values[-1]
    above, tied = (everyone > last).sum(), (everyone == last).sum()
    mine = loss_B.detach()
    weight_B = (mine > last) + (mine == last) * ((count - above) / tied)
    return (weight_B * loss_B).sum() * (len(everyone) / len(loss_B) / count)


Loss = Callable[[ImageToImageModel, Half, Half], tuple[Tensor, Tensor]]
"""(student, retain half, forget half) -> (retain loss, forget loss), two scalars."""

Direction = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(retain gradient, forget gradient, forget loss / its bound) -> gradient to descend; flat."""


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to unlearn."""

    loss: Loss | None
    """None: no step is taken."""
    uses_targets: bool
    """Whether the halves carry encoder features of the teacher."""
    has_forget_loss: bool = True
    """Whether the forget loss depends on the student."""
    target: str = ""
    """Forget target that belongs to the method; empty: the setting ``target`` names it."""
    uses_noise: bool = False
    """Whether the forget half carries noise images."""
    direction: Direction | None = None
    """How two gradients become one; None: that of retain loss + alpha x forget loss."""
