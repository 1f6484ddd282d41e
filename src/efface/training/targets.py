"""Targets the student moves to, computed once: the teacher leaves memory before the first step.

Where they would fill the disk, the teacher stays and retain targets are computed at each step.

Retain targets: E0(T(x)) for each retain image under the mask it is assigned to. Forget targets: see
``efface.training.forget_targets``. Precision of the teacher: float32 unless the device has
bfloat16.
"""

import logging
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from efface.methods.method import Ask
from efface.progress import track
from efface.training.bank import MaskBank
from efface.training.batches import Draw, Plan
from efface.training.forget_targets import CHUNK, ForgetTargets, embed
from efface.training.room import Room

log = logging.getLogger(__name__)


class Targets(Protocol):
    """What the teacher said, by entry of the bank."""

    @property
    def forget(self) -> ForgetTargets | None:
        """Targets of the forget images; None where they move to noise images."""
        ...

    def of_retain(self, draw: Draw) -> Tensor:
        """Targets ``(B, T, K)`` of the retain images of a batch."""
        ...


@dataclass(frozen=True, kw_only=True)
class CachedTargets:
    """Computed once for every retain image."""

    retain: list[Tensor]
    """For each mask ``(R_m, T_m, K)``, in the order of ``Plan.retain_by_mask``."""
    position: list[Tensor]
    """For each mask ``(R,)``: image number -> row in ``retain``."""
    forget: ForgetTargets | None

    def of_retain(self, draw: Draw) -> Tensor:
        """See ``Targets``."""
        return self.retain[draw.mask][self.position[draw.mask][draw.retain]]


@dataclass(frozen=True, kw_only=True)
class LiveTargets:
    """Computed by the teacher at each step."""

    ask: Ask
    retain_given: Tensor
    bank: MaskBank
    forget: ForgetTargets | None
    device: torch.device

    def of_retain(self, draw: Draw) -> Tensor:
        """See ``Targets``."""
        given = self.retain_given[draw.retain]
        return embed(self.ask, given, self.bank, draw.mask, draw.retain, self.device)


def compute_targets(
    ask: Ask,
    retain_given: Tensor,
    forget: ForgetTargets | None,
    plan: Plan,
    *,
    memory: float,
    disk: float,
    device: torch.device,
    room: Room,
) -> Targets:
    """Run the teacher over everything it will be asked for.

    Args:
        ask: ``encode`` or ``answer`` of the model in service.
        retain_given: what the teacher's ``prepare`` made of the retain images.
        forget: targets of the forget images; None where they move to noise images.
        plan: which image is seen under which mask.
        memory: gibibytes of targets to keep in memory; beyond that they lie in files.
        disk: gibibytes of targets to keep in files; beyond that the teacher stays.
        device: where the teacher runs.
        room: where they lie; of several processes, each computes some.
    """
    shapes = [
        embed(ask, retain_given[:1], plan.bank, entry, torch.arange(1), device).shape[1:]
        for entry in range(len(plan.bank))
    ]
    size = 4 * sum(len(r) * shapes[m].numel() for m, r in enumerate(plan.retain_by_mask))
    if size > max(memory, disk) * 2**30:
        log.info("targets=live gibibytes=%.1f", size / 2**30)
        return LiveTargets(
            ask=ask, retain_given=retain_given, bank=plan.bank, forget=forget, device=device
        )
    in_memory = size <= memory * 2**30
    retain, positions = [], []
    mine = [list(room.mine(torch.arange(len(r)), CHUNK)) for r in plan.retain_by_mask]
    count = sum(len(part) for parts in mine for part in parts)
    with track("teacher targets", count, shown=room.group.first) as progress:
        for mask, images in enumerate(plan.retain_by_mask):
            kept = room.make((len(images), *shapes[mask]), memory=in_memory)
            for rows in mine[mask]:
                part = images[rows]
                kept[rows] = embed(ask, retain_given[part], plan.bank, mask, part, device)
                progress.advance(len(part))
            position = torch.zeros(len(retain_given), dtype=torch.long)
            position[images] = torch.arange(len(images))
            retain.append(kept)
            positions.append(position)
        room.group.wait()
    return CachedTargets(retain=retain, position=positions, forget=forget)
