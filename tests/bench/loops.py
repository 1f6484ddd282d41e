"""Both unlearning loops on one model, in turn: ours, and the published one."""

import copy
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from efface.methods import METHODS
from efface.models.protocol import ImageToImageModel
from efface.storage import open_store
from efface.training.bank import make_bank
from efface.training.batches import draw_batch, make_plan
from efface.training.device import autocast
from efface.training.forget_targets import compute_forget_targets
from efface.training.loop import unlearn
from efface.training.noise import draw_noise
from efface.training.objective import Images, Objective, Targets
from efface.training.room import Room
from efface.training.settings import TrainingSettings
from efface.training.teacher import Teacher
from tests.bench.published import published_step


@dataclass(frozen=True, kw_only=True)
class Speeds:
    """What was measured."""

    count: int
    """Images in a round."""
    ours: list[float]
    """Seconds of each round."""
    published: list[float]
    caching: float
    """Seconds that the cached targets cost, for each retain image."""
    peaks: tuple[int, int]
    """Most bytes on the GPU, ours and published; 0 on a CPU."""

    @property
    def ratios(self) -> list[float]:
        """Published over ours, of each round, in order of size."""
        pairs = zip(self.ours, self.published, strict=True)
        return sorted(slow / quick for quick, slow in pairs)


def compare_loops(
    teacher: ImageToImageModel,
    retain: Tensor,
    forget: Tensor,
    *,
    mask: str,
    settings: TrainingSettings,
    rounds: int,
    device: torch.device,
) -> Speeds:
    """Train a copy of a model with each loop in turn, ``rounds`` times after one that warms up.

    Args:
        teacher: on ``device``.
        retain: uint8 ``(N, C, H, W)``, on the CPU.
        forget: the same.
        mask: policy that both loops train on.
        settings: of ours; steps and batch size hold for both.
        rounds: that are measured.
        device: where to compute.
    """
    bank = make_bank([mask], teacher.grid, per_policy=1, seed=0, levels=teacher.levels)
    plan = make_plan(
        bank, np.linspace(0, 1, len(retain), dtype=np.float32), forget_subjects=["a"] * len(forget),
        batch_size=settings.batch_size, neighbour_share=0.25, seed=0,
    )  # fmt: skip
    noise = draw_noise(forget, settings.noise_images, torch.Generator().manual_seed(0))
    room = Room(scratch=Path(tempfile.gettempdir()))
    started = time.perf_counter()
    images = Images(
        retain=_prepared(teacher, retain, device), forget=_prepared(teacher, forget, device)
    )
    asked = Teacher(
        ask=teacher.encode, bank=bank, device=device, memory=8.0, disk=2.0, room=room
    )  # fmt: skip
    targets = Targets(
        retain=asked.answers(images.retain, plan.retain_by_entry, "retain"),
        forget=compute_forget_targets(asked, _prepared(teacher, noise, device), "noise-mean"),
    )
    caching = (time.perf_counter() - started) / len(retain)
    objective = Objective(
        images=images, plan=plan, targets=targets, method=METHODS["i2i"], settings=settings,
        device=device,
    )  # fmt: skip

    def ours() -> None:
        with tempfile.TemporaryDirectory() as folder:
            unlearn(
                copy.deepcopy(teacher), objective, store=open_store(folder), identity="bench",
                is_enough=lambda: False,
            )  # fmt: skip

    def published() -> None:
        student = copy.deepcopy(teacher)
        parameters = [p.requires_grad_(True) for _, p in student.encoder_parameters()]
        optimizer = torch.optim.AdamW(parameters, lr=1e-3, fused=True)
        for step in range(settings.steps):
            draw = draw_batch(plan, step)
            batch = torch.cat([retain[draw.retain], forget[draw.forget]]).to(device) / 255
            is_forget = torch.arange(len(batch), device=device).ge(plan.batch_size).float()
            hidden = bank.hidden_MN[draw.mask].to(device).expand(len(batch), -1)
            with autocast(device, settings.precision):
                published_step(student, teacher, batch, is_forget, hidden, 0.25, optimizer)

    (first, first_peak), (second, second_peak) = _alternate([ours, published], rounds)
    return Speeds(
        count=settings.steps * settings.batch_size * 2, ours=first, published=second,
        caching=caching, peaks=(first_peak, second_peak),
    )  # fmt: skip


def _prepared(model: ImageToImageModel, images_NCHW: Tensor, device: torch.device) -> Tensor:
    with torch.no_grad():
        return torch.cat([model.prepare(p.to(device)).cpu() for p in images_NCHW.split(64)])


def _alternate(sides: list[Callable[[], None]], rounds: int) -> list[tuple[list[float], int]]:
    """Seconds of each round, and the most memory, of each side; the first round warms up."""
    seconds: list[list[float]] = [[] for _ in sides]
    peaks = [0 for _ in sides]
    for _ in range(rounds + 1):
        for number, side in enumerate(sides):
            if torch.cuda.is_available():
                torch.cuda.synchronize()
                torch.cuda.reset_peak_memory_stats()
            started = time.perf_counter()
            side()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
                peaks[number] = max(peaks[number], torch.cuda.max_memory_allocated())
            seconds[number].append(time.perf_counter() - started)
    return [(kept[1:], peak) for kept, peak in zip(seconds, peaks, strict=True)]
