"""Fine-tuning a copy of a model until it paints some images as closely as is asked.

Shapes in names: N images, C channels, H/W pixels, B batch, D feature dimension.
"""

import copy
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from efface.audit.view import View
from efface.metrics.distance import features_to_distance
from efface.models.protocol import ImageToImageModel

EVERY_STEP = 10
"""Up to here the distance is looked at after each step, from then on after every fifth."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How hard the attacker tries."""

    images: int
    """Images of one fine-tuning."""
    steps: int
    """After these it is given up."""
    rate: float
    """Learning rate of AdamW, constant."""
    repeats: int
    """Fine-tunings of forget and of control, each with other images."""
    tolerance: float
    """Share of the rise that may remain when the distance counts as back, and by which control may
    begin nearer than forget."""


def steps_until(
    model: ImageToImageModel,
    trained_NCHW: Tensor,
    watched_NCHW: Tensor,
    view: View,
    target: float,
    effort: Effort,
    seed: int,
) -> int | None:
    """Steps on ``trained_NCHW`` until the distance of ``watched_NCHW`` is at most ``target``.

    Gives ``effort.steps + 1`` where that many steps are not enough, and None where target, a loss
    or a distance is not finite on the way. The model is not changed.
    """
    pupil = copy.deepcopy(model)
    weights = [one for one in pupil.module.parameters() if one.is_floating_point()]
    for weight in weights:
        weight.requires_grad_(True)
    optimizer = torch.optim.AdamW(weights, lr=effort.rate, weight_decay=0.0)
    with torch.no_grad():
        given = pupil.prepare(trained_NCHW)
    hidden_BN = view.hidden_N(pupil).to(given.device).expand(len(given), -1)
    generator = torch.Generator().manual_seed(seed)
    real_ND = view.embed(watched_NCHW, pupil)
    for step in range(effort.steps + 1):
        seed_B = torch.randint(2**31, (len(given),), generator=generator).to(given.device)
        optimizer.zero_grad()
        loss = pupil.own_loss(given, given, hidden_BN, seed_B)
        if not loss.isfinite():  # looked at first: a broken model may still paint something
            return None
        looked_at = step <= EVERY_STEP or step % 5 == 0 or step == effort.steps
        if looked_at:
            painted_ND = view.embed_painted(watched_NCHW, pupil)
            left = float(features_to_distance(real_ND, painted_ND).mean()) - target
            if not math.isfinite(left):
                return None
            if left <= 0:
                return step
        if step < effort.steps:
            torch.autograd.backward(loss)
            optimizer.step()
    return effort.steps + 1


def waves(like_NCHW: Tensor, seed: int) -> Tensor:
    """As many pictures of plane waves of random direction, length and phase, uint8."""
    count, channels, height, width = like_NCHW.shape
    random = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij")
    turns_N2, phase_N = (
        torch.randn((count, 2), generator=random) * 4,
        torch.rand(count, generator=random),
    )
    angle_NHW = turns_N2[:, :1, None] * y + turns_N2[:, 1:, None] * x + phase_N[:, None, None]
    pixels = ((angle_NHW * 2 * torch.pi).sin() + 1) / 2 * 255
    return pixels.to(torch.uint8)[:, None].repeat(1, channels, 1, 1).to(like_NCHW.device)
