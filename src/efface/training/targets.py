"""Targets the student moves to, computed once: the teacher leaves memory before the first step.

Where they would fill the disk, the teacher stays and retain targets are computed at each step.

Retain targets: E0(T(x)) for each retain image under the mask it is assigned to. Forget targets: see
``efface.training.forget_targets``. Precision of the teacher: float32 unless the device has
bfloat16.
"""

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from efface.methods.method import Ask
from efface.progress import track
from efface.training.bank import MaskBank
from efface.training.batches import Draw, Plan
from efface.training.forget_targets import CHUNK, ForgetTargets, embed

log = logging.getLogger(__name__)


class Targets(Protocol):
    """What the teacher said, by entry of the bank."""

    @property
    def forget(self) -> ForgetTargets:
        """Targets of the forget images."""
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
    forget: ForgetTargets

    def of_retain(self, draw: Draw) -> Tensor:
        """See ``Targets``."""
        return self.retain[draw.mask][self.position[draw.mask][draw.retain]]


@dataclass(frozen=True, kw_only=True)
class LiveTargets:
    """Computed by the teacher at each step."""

    ask: Ask
    retain_given: Tensor
    bank: MaskBank
    forget: ForgetTargets
    device: torch.device

    def of_retain(self, draw: Draw) -> Tensor:
        """See ``Targets``."""
        given = self.retain_given[draw.retain]
        return embed(self.ask, given, self.bank, draw.mask, draw.retain, self.device)


def compute_targets(
    ask: Ask,
    retain_given: Tensor,
    forget: ForgetTargets,
    plan: Plan,
    *,
    memory: float,
    disk: float,
    device: torch.device,
    scratch: Path,
) -> Targets:
    """Run the teacher over everything it will be asked for.

    Args:
        ask: ``encode`` or ``answer`` of the model in service.
        retain_given: what the teacher's ``prepare`` made of the retain images.
        forget: targets of the forget images.
        plan: which image is seen under which mask.
        memory: gibibytes of targets to keep in memory; beyond that they lie in files.
        disk: gibibytes of targets to keep in files; beyond that the teacher stays.
        device: where the teacher runs.
        scratch: folder for those files; they have no name and vanish with the process.
    """
    shapes = [
        embed(ask, retain_given[:1], plan.bank, entry, torch.arange(1), device).shape[1:]
        for entry in range(len(plan.bank))
    ]
    rows = sum(len(r) * shapes[m].numel() for m, r in enumerate(plan.retain_by_mask))
    if rows * 4 > max(memory, disk) * 2**30:
        log.info("targets=live gibibytes=%.1f", rows * 4 / 2**30)
        return LiveTargets(
            ask=ask, retain_given=retain_given, bank=plan.bank, forget=forget, device=device
        )
    in_memory = rows * 4 <= memory * 2**30
    retain, positions = [], []
    with track("teacher targets", sum(map(len, plan.retain_by_mask))) as progress:
        for mask, images in enumerate(plan.retain_by_mask):
            kept = _room((len(images), *shapes[mask]), in_memory, scratch)
            for start in range(0, len(images), CHUNK):
                part = images[start : start + CHUNK]
                found = embed(ask, retain_given[part], plan.bank, mask, part, device)
                kept[start : start + len(part)] = found
                progress.advance(len(part))
            position = torch.zeros(len(retain_given), dtype=torch.long)
            position[images] = torch.arange(len(images))
            retain.append(kept)
            positions.append(position)
    return CachedTargets(retain=retain, position=positions, forget=forget)


def _room(shape: tuple[int, ...], in_memory: bool, scratch: Path) -> Tensor:
    if in_memory:
        return torch.empty(shape)
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=scratch, delete=True) as file:
        size = 1
        for length in shape:
            size *= length
        file.truncate(size * 4)
        return torch.from_file(file.name, shared=True, size=size).reshape(shape)
