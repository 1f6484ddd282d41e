"""Unlearning steps: ours against the published-equivalent loop; same model, same batch, one run.

Ours pays for its cached targets once, before the first step. Both figures are given: steps alone,
and with that cost spread over the default number of steps.
"""

import copy
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from efface.methods import METHODS
from efface.models.checkpoint import load_model
from efface.storage import open_store
from efface.training.bank import make_bank
from efface.training.batches import draw_batch, make_plan
from efface.training.forget_targets import compute_forget_targets
from efface.training.loop import unlearn
from efface.training.noise import draw_noise
from efface.training.objective import Images, Objective, Targets
from efface.training.room import Room
from efface.training.settings import TrainingSettings
from efface.training.teacher import Teacher
from tests.bench.published import published_step

MODEL = Path("examples/fashion/model")
STEPS, ROUNDS, RETAIN = 15, 9, 2000
SETTINGS = TrainingSettings(steps=STEPS, probe_every=0, save_every=3600)


def main() -> None:
    """Print images a second of both loops, alternating, and the ratio of their medians."""
    torch.manual_seed(0)
    images = Images(retain=_noise(RETAIN), forget=_noise(500))
    teacher = load_model(MODEL)
    bank = make_bank(["centre:4x4"], teacher.grid, per_policy=1, seed=0)
    similarity = np.linspace(0, 1, RETAIN, dtype=np.float32)
    plan = make_plan(
        bank, similarity, forget_subjects=["a"] * 500, batch_size=SETTINGS.batch_size,
        neighbour_share=0.25, seed=0,
    )  # fmt: skip
    started = time.perf_counter()
    device = torch.device("cpu")
    noise = draw_noise(images.forget, SETTINGS.noise_images, torch.Generator().manual_seed(0))
    room = Room(scratch=Path(tempfile.gettempdir()))
    asked = Teacher(ask=teacher.encode, bank=bank, device=device, memory=2.0, disk=2.0, room=room)
    targets = Targets(
        retain=asked.answers(images.retain, plan.retain_by_mask, "retain"),
        forget=compute_forget_targets(asked, noise, "noise-mean"),
    )
    objective = Objective(
        images=images, plan=plan, targets=targets, method=METHODS["i2i"], settings=SETTINGS,
        device=device,
    )  # fmt: skip
    caching = (time.perf_counter() - started) / RETAIN

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
        for step in range(STEPS):
            draw = draw_batch(plan, step)
            batch = torch.cat([images.retain[draw.retain], images.forget[draw.forget]]) / 255
            is_forget = torch.arange(len(batch)).ge(plan.batch_size).float()
            hidden = bank.hidden_MN[draw.mask].expand(len(batch), -1)
            published_step(student, teacher, batch, is_forget, hidden, 0.25, optimizer)

    rounds = _alternate(ours, published)
    fast, plain = (float(np.median(seconds)) for seconds in rounds)
    ratios = sorted(slow / quick for quick, slow in zip(*rounds, strict=True))
    count = STEPS * SETTINGS.batch_size * 2
    spread = caching * SETTINGS.retain_images / (TrainingSettings().steps * count / STEPS)
    whole = 1 / (fast / count + spread)
    print(
        f"unlearning, {count} images a round, {ROUNDS} rounds, {torch.get_num_threads()} threads\n"
        f"  ours             {count / fast:8.1f} images/s\n"
        f"  with its caching {whole:8.1f} images/s\n"
        f"  published loop   {count / plain:8.1f} images/s\n"
        f"  ratio            {plain / fast:8.2f}   (asked: 1.6; single rounds {ratios[0]:.2f} to "
        f"{ratios[-1]:.2f}); with caching {whole * plain / count:.2f}"
    )


def _alternate(*sides: object) -> list[list[float]]:
    seconds: list[list[float]] = [[] for _ in sides]
    for _ in range(ROUNDS + 1):
        for side, kept in zip(sides, seconds, strict=True):
            started = time.perf_counter()
            side()  # type: ignore[operator]
            kept.append(time.perf_counter() - started)
    return [kept[1:] for kept in seconds]  # the first round warms up


def _noise(count: int) -> torch.Tensor:
    return torch.randint(256, (count, 1, 32, 32), dtype=torch.uint8)


if __name__ == "__main__":
    main()
