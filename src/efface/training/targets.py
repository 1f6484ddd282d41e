"""Targets the student moves to, computed once: the teacher leaves memory before the first step.

Where they would fill the disk, the teacher stays and retain targets are computed at each step.

Retain targets: E0(T(x)) for each retain image under the mask it is assigned to. Forget target: the
mean noise embedding E_n[E0(T(n))] of each mask. Noise has the mean and deviation of the forget
pixels, clamped to the pixel range, as in the released code of Li et al. 2024. Precision of the
teacher: float32 unless the device has bfloat16.
"""

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from efface.models.protocol import ImageToImageModel
from efface.progress import track
from efface.training.bank import MaskBank
from efface.training.batches import Draw, Plan

log = logging.getLogger(__name__)

CHUNK = 256
"""Images through the teacher at a time."""


class Targets(Protocol):
    """Teacher features, by entry of the bank."""

    @property
    def noise(self) -> list[Tensor]:
        """For each entry ``(T_m, K)``: the mean noise embedding."""
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
    noise: list[Tensor]
    """For each mask ``(T_m, K)``: the mean noise embedding."""

    def of_retain(self, draw: Draw) -> Tensor:
        """See ``Targets``."""
        return self.retain[draw.mask][self.position[draw.mask][draw.retain]]


@dataclass(frozen=True, kw_only=True)
class LiveTargets:
    """Computed by the teacher at each step."""

    teacher: ImageToImageModel
    retain_given: Tensor
    bank: MaskBank
    noise: list[Tensor]
    device: torch.device

    def of_retain(self, draw: Draw) -> Tensor:
        """See ``Targets``."""
        given, hidden = self.retain_given[draw.retain], self.bank.hidden_MN[draw.mask]
        return _embed(self.teacher, given, hidden, draw.retain_seed, self.device)


def compute_targets(
    teacher: ImageToImageModel,
    retain_given: Tensor,
    forget_NCHW: Tensor,
    plan: Plan,
    *,
    noise_images: int,
    memory: float,
    disk: float,
    device: torch.device,
    scratch: Path,
) -> Targets:
    """Run the teacher over everything it will be asked for.

    Args:
        teacher: the model in service.
        retain_given: what the teacher's ``prepare`` made of the retain images.
        forget_NCHW: uint8 forget images; only their mean and deviation are used.
        plan: which image is seen under which mask.
        noise_images: noise images behind each mean embedding.
        memory: gibibytes of targets to keep in memory; beyond that they lie in files.
        disk: gibibytes of targets to keep in files; beyond that the teacher stays.
        device: where the teacher runs.
        scratch: folder for those files; they have no name and vanish with the process.
    """
    noise = noise_embeddings(
        teacher, forget_NCHW, plan.bank, count=noise_images, seed=plan.seed, device=device
    )
    rows = sum(len(r) * noise[m].numel() for m, r in enumerate(plan.retain_by_mask))
    if rows * 4 > max(memory, disk) * 2**30:
        log.info("targets=live gibibytes=%.1f", rows * 4 / 2**30)
        return LiveTargets(
            teacher=teacher, retain_given=retain_given, bank=plan.bank, noise=noise, device=device
        )
    in_memory = rows * 4 <= memory * 2**30
    retain, positions = [], []
    with track("teacher targets", sum(map(len, plan.retain_by_mask))) as progress:
        for mask, images in enumerate(plan.retain_by_mask):
            kept = _room((len(images), *noise[mask].shape), in_memory, scratch)
            for start in range(0, len(images), CHUNK):
                part = images[start : start + CHUNK]
                seeds = plan.bank.seeds(mask, part)
                hidden = plan.bank.hidden_MN[mask]
                found = _embed(teacher, retain_given[part], hidden, seeds, device)
                kept[start : start + len(part)] = found
                progress.advance(len(part))
            position = torch.zeros(len(retain_given), dtype=torch.long)
            position[images] = torch.arange(len(images))
            retain.append(kept)
            positions.append(position)
    return CachedTargets(retain=retain, position=positions, noise=noise)


def noise_embeddings(
    teacher: ImageToImageModel,
    forget_NCHW: Tensor,
    bank: MaskBank,
    *,
    count: int,
    seed: int,
    device: torch.device,
) -> list[Tensor]:
    """Mean noise embedding ``(T, K)`` of each mask in the bank, over ``count`` noise images."""
    generator = torch.Generator().manual_seed(seed)
    noise = draw_noise(forget_NCHW, count, generator)
    means: list[Tensor] = []
    for entry, hidden in enumerate(bank.hidden_MN):
        total = torch.zeros((), dtype=torch.float64)
        for start in range(0, count, CHUNK):
            part = torch.arange(start, min(start + CHUNK, count))
            given = teacher.prepare(noise[part].to(device))
            found = _embed(teacher, given, hidden, bank.seeds(entry, part), device)
            total = total + found.double().sum(dim=0)
        means.append((total / count).float())
    return means


def draw_noise(forget_NCHW: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Gaussian images in [0, 1], ``(count, C, H, W)``, with the moments of the forget pixels."""
    pixels = forget_NCHW.double() / 255
    shape = (count, *forget_NCHW.shape[1:])
    noise = torch.randn(shape, generator=generator) * float(pixels.std()) + float(pixels.mean())
    return noise.clamp(0, 1)


def _embed(
    teacher: ImageToImageModel,
    given: Tensor,
    hidden_N: Tensor,
    seed_B: Tensor,
    device: torch.device,
) -> Tensor:
    hidden = hidden_N.to(device).expand(len(given), -1)
    with torch.inference_mode():
        features = teacher.encode(given.to(device), hidden, seed_B)
    return features.float().cpu()


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
