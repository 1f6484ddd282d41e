"""Targets the student moves to, computed once: the teacher leaves memory before the first step.

Retain targets: E0(T(x)) for each retain image under the mask it is assigned to. Forget target: the
mean noise embedding E_n[E0(T(n))] of each mask. Noise has the mean and deviation of the forget
pixels, clamped to the pixel range, as in the released code of Li et al. 2024. Precision of the
teacher: float32 unless the device has bfloat16.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from efface.models.protocol import ImageToImageModel
from efface.progress import track
from efface.training.bank import MaskBank
from efface.training.batches import Plan

CHUNK = 256
"""Images through the teacher at a time."""


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Teacher features, by mask."""

    retain: list[Tensor]
    """For each mask ``(R_m, T_m, K)``, in the order of ``Plan.retain_by_mask``."""
    position: list[Tensor]
    """For each mask ``(R,)``: image number -> row in ``retain``."""
    noise: list[Tensor]
    """For each mask ``(T_m, K)``: the mean noise embedding."""

    def of_retain(self, mask: int, images: Tensor) -> Tensor:
        """Targets ``(B, T, K)`` of retain images under a mask."""
        return self.retain[mask][self.position[mask][images]]


def compute_targets(
    teacher: ImageToImageModel,
    retain_NCHW: Tensor,
    forget_NCHW: Tensor,
    plan: Plan,
    *,
    noise_images: int,
    memory: float,
    device: torch.device,
    scratch: Path,
) -> Targets:
    """Run the teacher over everything it will be asked for.

    Args:
        teacher: the model in service.
        retain_NCHW: uint8 retain images.
        forget_NCHW: uint8 forget images; only their mean and deviation are used.
        plan: which image is seen under which mask.
        noise_images: noise images behind each mean embedding.
        memory: gibibytes of targets to keep in memory; beyond that they lie in files.
        device: where the teacher runs.
        scratch: folder for those files; they have no name and vanish with the process.
    """
    noise = noise_embeddings(
        teacher, forget_NCHW, plan.bank, count=noise_images, seed=plan.seed, device=device
    )
    rows = sum(len(r) * noise[m].numel() for m, r in enumerate(plan.retain_by_mask))
    in_memory = rows * 4 <= memory * 2**30
    retain, positions = [], []
    with track("teacher targets", sum(map(len, plan.retain_by_mask))) as progress:
        for mask, images in enumerate(plan.retain_by_mask):
            kept = _room((len(images), *noise[mask].shape), in_memory, scratch)
            hidden = plan.bank.hidden_MN[mask].to(device)
            for start in range(0, len(images), CHUNK):
                part = images[start : start + CHUNK]
                kept[start : start + len(part)] = _embed(teacher, retain_NCHW[part], hidden, device)
                progress.advance(len(part))
            position = torch.zeros(len(retain_NCHW), dtype=torch.long)
            position[images] = torch.arange(len(images))
            retain.append(kept)
            positions.append(position)
    return Targets(retain=retain, position=positions, noise=noise)


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
    for hidden in bank.hidden_MN:
        embedded = [
            _embed(teacher, noise[start : start + CHUNK], hidden.to(device), device)
            for start in range(0, count, CHUNK)
        ]
        means.append(torch.cat(embedded).double().mean(dim=0).float())
    return means


def draw_noise(forget_NCHW: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Gaussian images in [0, 1], ``(count, C, H, W)``, with the moments of the forget pixels."""
    pixels = forget_NCHW.double() / 255
    shape = (count, *forget_NCHW.shape[1:])
    noise = torch.randn(shape, generator=generator) * float(pixels.std()) + float(pixels.mean())
    return noise.clamp(0, 1)


def _embed(
    teacher: ImageToImageModel, images: Tensor, hidden_N: Tensor, device: torch.device
) -> Tensor:
    images = images.to(device)
    pixels = images.float() / 255 if images.dtype == torch.uint8 else images
    with torch.inference_mode():
        features = teacher.encode(pixels, hidden_N.expand(len(pixels), -1))
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
