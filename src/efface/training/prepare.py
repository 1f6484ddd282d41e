"""What a run trains with: the images of its sets, the plan of its batches, the targets."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from efface.data.manifest import NAME
from efface.data.reading import read_images
from efface.errors import DataError
from efface.gate.policy import Policy
from efface.methods import Method
from efface.models.protocol import ImageToImageModel
from efface.training.bank import make_bank
from efface.training.batches import Plan, make_plan
from efface.training.forget_targets import compute_forget_targets
from efface.training.noise import draw_noise
from efface.training.objective import Images, Objective, Targets
from efface.training.room import Room
from efface.training.settings import TrainingSettings
from efface.training.teacher import CHUNK, Teacher


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """uint8 ``(N, C, H, W)`` of the sets."""

    retain: Tensor
    forget: Tensor


def prepare(
    teacher: ImageToImageModel,
    sets: Path,
    policy: Policy,
    method: Method,
    settings: TrainingSettings,
    *,
    room: Room,
    device: torch.device,
) -> Objective:
    """Read the sets and ask the teacher all it will be asked.

    Args:
        teacher: the model in service, on ``device``.
        sets: folder that the shard step wrote.
        policy: names the masks.
        method: says which targets and noise it needs.
        settings: of the run.
        room: where prepared images and targets lie; its group shares each batch.
        device: where to compute.

    Raises:
        DataError: a set that is needed is empty, or an image is damaged.
    """
    kind = (method.target or settings.target) if method.moves_forget else ""
    pixels, plan = _load(teacher, sets, policy, settings, shares_chance=kind == "noise")
    images = Images(
        retain=_prepared_together(teacher, pixels.retain, device, room),
        forget=_prepared(teacher, pixels.forget, device),
        noise=_prepared(teacher, _noise(pixels, settings), device) if method.uses_noise else None,
    )
    targets = None
    if method.uses_targets:
        asked = Teacher(
            ask=getattr(teacher, method.matches),
            bank=plan.bank,
            device=device,
            memory=settings.target_memory,
            disk=settings.target_disk,
            room=room,
        )
        forget = None
        if kind:
            source = _prepared(teacher, _source(kind, teacher, sets, pixels, settings), device)
            forget = compute_forget_targets(asked, source, kind)
        retain = asked.answers(images.retain, plan.retain_by_entry, "retain")
        targets = Targets(retain=retain, forget=forget)
    return Objective(
        images=images,
        plan=plan,
        targets=targets,
        method=method,
        settings=settings,
        device=device,
        group=room.group,
    )


def _load(
    model: ImageToImageModel,
    sets: Path,
    policy: Policy,
    settings: TrainingSettings,
    *,
    shares_chance: bool,
) -> tuple[Pixels, Plan]:
    size, channels = model.image_size, model.channels
    retain, rows = read_images(
        sets / "retain", size=size, channels=channels, limit=settings.retain_images
    )
    forget, asked = read_images(sets / "forget", size=size, channels=channels)
    if not len(forget) or not len(retain):
        raise DataError(
            f"{sets}: needs forget and retain images, found {len(forget)} and {len(retain)}"
        )
    bank = make_bank(
        policy.masks.train,
        model.grid,
        per_policy=settings.masks_per_policy,
        seed=settings.seed,
        levels=model.levels,
    )
    plan = make_plan(
        bank,
        rows["similarity"].to_numpy(),
        forget_subjects=asked["subject_id"].to_pylist(),
        batch_size=settings.batch_size,
        neighbour_share=settings.neighbour_share,
        seed=settings.seed,
        noise_images=settings.noise_images,
        shares_chance=shares_chance,
    )
    return Pixels(retain=torch.from_numpy(retain), forget=torch.from_numpy(forget)), plan


def _source(
    kind: str, model: ImageToImageModel, sets: Path, pixels: Pixels, settings: TrainingSettings
) -> Tensor:
    """The images whose features a forget target is made of."""
    if kind == "unseen":
        return _unseen(model, sets)
    if kind == "gaussian":
        return pixels.forget[: settings.noise_images]
    return _noise(pixels, settings)


def _noise(pixels: Pixels, settings: TrainingSettings) -> Tensor:
    generator = torch.Generator().manual_seed(settings.seed)
    return draw_noise(pixels.forget, settings.noise_images, generator, settings.noise)


def _unseen(model: ImageToImageModel, sets: Path) -> Tensor:
    """Images of the same kind that were never trained on.

    Raises:
        DataError: there are none.
    """
    if not (sets / "control" / NAME).is_file():  # a manifest has at least one row
        raise DataError(
            f"{sets / 'control'} is empty, and target unseen needs images of the same kind that "
            "were never trained on: import some with split control, or use target noise-mean"
        )
    images, _ = read_images(sets / "control", size=model.image_size, channels=model.channels)
    return torch.from_numpy(images)


def _prepared(model: ImageToImageModel, images_NCHW: Tensor, device: torch.device) -> Tensor:
    with torch.inference_mode():
        return torch.cat(
            [model.prepare(p.to(device)).cpu() for p in torch.split(images_NCHW, CHUNK)]
        )


def _prepared_together(
    model: ImageToImageModel, images_NCHW: Tensor, device: torch.device, room: Room
) -> Tensor:
    """The same of many images, each process of a node a part of them."""
    first = _prepared(model, images_NCHW[:1], device)
    shape = (len(images_NCHW), *first.shape[1:])
    prepared = room.make(shape, dtype=first.dtype, memory=True)
    for rows in room.mine(torch.arange(len(images_NCHW)), CHUNK):
        prepared[rows] = _prepared(model, images_NCHW[rows], device)
    room.group.wait()
    return prepared
