"""A tiny training: every part is real, and 40 steps take less than a second."""

import numpy as np
import torch

from efface.methods import METHODS
from efface.storage import open_store
from efface.training.bank import make_bank
from efface.training.batches import draw_batch, make_plan
from efface.training.forget_targets import compute_forget_targets
from efface.training.group import ALONE
from efface.training.loop import unlearn
from efface.training.noise import draw_noise
from efface.training.objective import Images, Objective, Targets
from efface.training.room import Room
from efface.training.settings import TrainingSettings
from efface.training.teacher import Teacher
from tests.tiny import tiny_images, tiny_mae

CPU = torch.device("cpu")
SETTINGS = TrainingSettings(steps=40, warmup=2, batch_size=8, probe_every=0, save_every=0.0)


def make_teacher(ask, bank, folder, *, memory=1.0, disk=1.0, group=ALONE):
    room = Room(scratch=folder, group=group)
    return Teacher(ask=ask, bank=bank, device=CPU, memory=memory, disk=disk, room=room)


def make_objective(
    folder, settings=SETTINGS, method=METHODS["i2i"], make=tiny_mae, group=ALONE, draw=tiny_images
):
    model = make().eval()
    channels, levels = model.channels, model.levels
    forget = draw(16, 1, channels)
    noise = draw_noise(forget, 16, torch.Generator().manual_seed(0))
    images = Images(retain=draw(40, 0, channels), forget=forget, noise=noise)
    bank = make_bank(["centre:2x2", "random:0.5"], (4, 4), per_policy=2, seed=0, levels=levels)
    similarity = np.linspace(0, 1, 40, dtype=np.float32)
    plan = make_plan(
        bank, similarity, forget_subjects=["a", "b"] * 8, batch_size=settings.batch_size,
        neighbour_share=settings.neighbour_share, seed=settings.seed, noise_images=16,
    )  # fmt: skip
    teacher = make_teacher(getattr(model, method.matches), bank, folder, group=group)
    wanted = (
        compute_forget_targets(teacher, noise, method.target or settings.target)
        if method.moves_forget
        else None
    )
    retain = teacher.answers(images.retain, plan.retain_by_entry, "retain")
    targets = Targets(retain=retain, forget=wanted)
    return Objective(
        images=images, plan=plan, targets=targets if method.uses_targets else None,
        method=method, settings=settings, device=CPU, group=group,
    )  # fmt: skip


def train(
    folder, settings=SETTINGS, method=METHODS["i2i"], enough=lambda: False, identity="a",
    make=tiny_mae, draw=tiny_images,
):  # fmt: skip
    student = make()
    outcome = unlearn(
        student, make_objective(folder, settings, method, make, draw=draw),
        store=open_store(str(folder)), identity=identity, is_enough=enough,
    )  # fmt: skip
    return student, outcome


def tones(count, seed=0, channels=1):
    """Images of one tone each: dark ones to retain (seed 0), bright ones to forget."""
    generator = torch.Generator().manual_seed(seed)
    tone = torch.randint(128, (count, 1, 1, 1), generator=generator) + (128 if seed else 0)
    return tone.expand(count, channels, 16, 16).to(torch.uint8)


def painter_of_tones():
    """A model that has learned to paint them: its decoder hears what the encoder says."""
    model, images = tiny_mae(), torch.cat([tones(40, 0), tones(16, 1)]).float() / 255
    hidden = make_bank(["centre:2x2"], (4, 4), per_policy=1, seed=0).hidden_MN.expand(56, -1)
    optimizer = torch.optim.AdamW(model.module.parameters(), lr=3e-3)
    for _ in range(200):
        optimizer.zero_grad()
        model.own_loss(images, images, hidden).backward()
        optimizer.step()
    return model


def weights(model):
    return {name: p.detach().clone() for name, p in model.network.named_parameters()}


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


def settings_for(name, **changes):
    """Settings of a longer training without probes and without saved states."""
    given = {"steps": 200, "warmup": 10, "batch_size": 8, "learning_rate": 2e-3}
    given |= {"probe_every": 0, "save_every": 999.0}
    return TrainingSettings(name=name, **{**given, **changes})


def mean_losses(student, objective, batches=20):
    """Retain and forget loss of a student over batches that no training sees."""
    with torch.no_grad():
        draws = [draw_batch(objective.plan, 10_000 + number) for number in range(batches)]
        losses = [torch.stack(objective.losses(student, draw)) for draw in draws]
    return torch.stack(losses).mean(dim=0).tolist()
