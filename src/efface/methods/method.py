"""What a method is given and what it gives back."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
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
    """What to move to, of the teacher; None for a method that works on pixels."""
    noise: Tensor | None = None
    """A noise image for each image, as ``prepare`` made it; None where none is asked for."""
    worst_share: float = 1.0
    """Share of the subjects that counts: those with the largest loss."""
    subject_B: Tensor | None = None
    """int64, number of each image's subject; only where not all subjects count."""
    gather: Callable[[Tensor], Tensor] | None = None
    """Numbers of these images -> those of the whole batch; None: these are the whole batch."""


def own_loss(student: ImageToImageModel, half: Half) -> Tensor:
    """The model's own training loss on a half, a scalar."""
    return student.own_loss(half.given, half.given, half.hidden_BN, half.seed_B)


def feature_loss(found_BTK: Tensor, half: Half) -> Tensor:
    """Mean squared distance to the half's targets, a scalar.

    With ``worst_share`` q below 1 it is the mean over the q S subjects (rounded up) that are
    furthest away, of the S in the batch: the conditional value at risk (Rockafellar & Uryasev
    2000) over groups, as what decides is the worst subject.
    """
    assert half.targets_BTK is not None
    if half.worst_share == 1.0:
        return mse_loss(found_BTK, half.targets_BTK)
    return _worst_subjects((found_BTK - half.targets_BTK).square().flatten(1).mean(dim=1), half)


def _worst_subjects(loss_B: Tensor, half: Half) -> Tensor:
    """What these images add to the mean over the worst subjects, times batch / these images."""
    assert half.subject_B is not None
    whole = half.gather or (lambda mine_B: mine_B)
    everyone = whole(loss_B.detach())
    subject_B = half.subject_B.to(loss_B.device).contiguous()
    names_S, subject_N, count_S = torch.unique(
        whole(subject_B), return_inverse=True, return_counts=True
    )
    mean_S = everyone.new_zeros(len(names_S)).index_add(0, subject_N, everyone) / count_S
    chosen = mean_S.topk(math.ceil(half.worst_share * len(names_S))).indices
    weight_S = torch.zeros_like(mean_S)
    weight_S[chosen] = 1 / (len(chosen) * count_S[chosen]).to(mean_S.dtype)
    weight_B = weight_S[torch.searchsorted(names_S, subject_B)]
    return (weight_B * loss_B).sum() * (len(everyone) / len(loss_B))


Ask = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(given, hidden_BN, seed_B) -> ``(B, T, K)``: ``encode`` or ``answer`` of a model."""


def match(ask: Ask, retain: Half, forget: Half) -> tuple[Tensor, Tensor]:
    """Distances of what a model says of both halves to their targets.

    Both go through it together: one large matrix product is faster than two small ones.
    """
    found = ask(
        torch.cat([retain.given, forget.given]),
        torch.cat([retain.hidden_BN, forget.hidden_BN]),
        torch.cat([retain.seed_B, forget.seed_B]),
    )
    count = len(retain.given)
    return feature_loss(found[:count], retain), feature_loss(found[count:], forget)


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
    """Whether the halves carry targets: what the teacher said."""
    matches: Literal["encode", "answer"] = "encode"
    """What of teacher and student is compared: encoder features, or what the decoder gives."""
    has_forget_loss: bool = True
    """Whether the forget loss depends on the student."""
    target: str = ""
    """Forget target that belongs to the method; empty: the setting ``target`` names it."""
    uses_noise: bool = False
    """Whether the forget half carries noise images."""
    direction: Direction | None = None
    """How two gradients become one; None: that of retain loss + alpha x forget loss."""

    @property
    def moves_forget(self) -> bool:
        """Whether forget images move to targets too; those that move to noise images have none."""
        return self.uses_targets and not self.uses_noise
