"""The two losses of a run as a function of the student and of a draw."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from efface.methods import Half, Method
from efface.models.protocol import ImageToImageModel
from efface.training.batches import Draw, Plan
from efface.training.device import autocast
from efface.training.forget_targets import ForgetTargets
from efface.training.group import ALONE, Group
from efface.training.settings import TrainingSettings
from efface.training.teacher import Answers


@dataclass(frozen=True, kw_only=True)
class Images:
    """What the model's ``prepare`` made of the images that a run trains with."""

    retain: Tensor
    forget: Tensor
    noise: Tensor | None = None
    """None for a method that uses none."""


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What the student moves to, by entry of the bank."""

    retain: Answers
    """E0(T(x)) of each retain image under the mask it is assigned to."""
    forget: ForgetTargets | None
    """None where forget images move to noise images."""

    def of_retain(self, draw: Draw) -> Tensor:
        """Targets ``(B, T, K)`` of the retain images of a batch."""
        return self.retain.of(draw.mask, draw.retain)


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What a run minimises, or brings below its bound."""

    images: Images
    plan: Plan
    """What batches are drawn from."""
    targets: Targets | None
    """Teacher features; None for a method that uses none."""
    method: Method
    settings: TrainingSettings
    device: torch.device
    group: Group = ALONE
    """The processes that share each batch."""

    def losses(self, student: ImageToImageModel, draw: Draw) -> tuple[Tensor, Tensor]:
        """Retain loss and forget loss, scalars.

        Of several processes, each gives its share: the shares add up to the losses of the batch.
        """
        assert self.method.loss is not None
        mine = draw.part(self.group.rows) if self.group.size > 1 else draw
        halves = self._halves(mine)
        with autocast(self.device, self.settings.precision):
            retain, forget = self.method.loss(student, *halves)
        if mine is draw:
            return retain, forget
        share = len(mine.forget) / draw.count
        return share * retain, share * forget

    def _halves(self, draw: Draw) -> tuple[Half, Half]:
        images, targets, device, group = self.images, self.targets, self.device, self.group
        hidden = self.plan.bank.hidden_MN[draw.mask].to(device).expand(len(draw.forget), -1)
        to = targets.forget.of(draw).to(device) if targets and targets.forget else None
        noise = images.noise if self.method.uses_noise else None
        return (
            Half(
                given=images.retain[draw.retain].to(device),
                hidden_BN=hidden,
                seed_B=draw.retain_seed,
                targets_BTK=targets.of_retain(draw).to(device) if targets else None,
            ),
            Half(
                given=images.forget[draw.forget].to(device),
                hidden_BN=hidden,
                seed_B=draw.forget_seed,
                targets_BTK=to.expand(len(draw.forget), *to.shape[-2:]) if to is not None else None,
                noise=noise[draw.noise].to(device) if noise is not None else None,
                worst_share=self.settings.worst_share,
                subject_B=self.plan.subject_of_forget[draw.forget],
                gather=partial(self.group.whole, count=draw.count) if group.size > 1 else None,
            ),
        )
