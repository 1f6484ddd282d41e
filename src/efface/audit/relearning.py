"""relearning: how many optimiser steps bring the forgotten images back?

The attacker fine-tunes a copy of the served model, encoder and decoder, with the family's own loss.
A step count alone says nothing: any model learns 32 images in a while. So the same is done with
images of the same kind that no model ever saw (control). Where the forgotten images come back
faster than those are learned, something of them was left. Fine-tuning on retain, and on pictures
that show nothing, says whether they come back by themselves.

A fine-tuning that diverges shows nothing: images that are then not back prove no forgetting. Its
case has no number, and says why.

Shapes in names: N images, C channels, H/W pixels, B batch.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from efface.audit.record import AttackResult, Finding, to_finding
from efface.audit.view import Pictures, View
from efface.metrics.distance import features_to_distance
from efface.metrics.intervals import clustered_mean
from efface.models.protocol import ImageToImageModel

CASES = {
    "forget": "fine-tuned on the forgotten images, until they are back",
    "control": "fine-tuned on images never seen, until those are as close",
    "retain": "fine-tuned on retain images, until the forgotten ones are back",
    "unrelated": "fine-tuned on pictures of waves, until the forgotten ones are back",
}

REPEATED = ("forget", "control")
"""Cases that are compared, and so repeated; the others are looked at once."""
TRAINED = ("forget", "control", "retain")
"""Sets that a fine-tuning takes its images from."""
LEAST_IMAGES = 8
"""Fewest images of a fine-tuning in a small set, unless fewer are asked for."""
FEWEST_IMAGES = 2
"""That may be asked for."""
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
    """Share of the rise that may remain when the distance counts as back."""


def relearning(
    before: ImageToImageModel,
    after: ImageToImageModel,
    sets: Mapping[str, Pictures],
    view: View,
    effort: Effort,
) -> AttackResult:
    """Steps until the distance is back, for each of ``CASES``: the mean over the repeats.

    A case has no value where a loss or a distance of one of its repeats is not finite; none has
    one where a set has fewer images than one fine-tuning takes.

    Args:
        before: the model in service; it says which distance counts as back.
        after: the unlearned model; it is not changed.
        sets: forget, control and retain.
        view: mask and extractor of the gate's main rule.
        effort: of the attacker.
    """
    asked = effort
    effort = within(asked, min(len(sets[name]) for name in REPEATED))
    if few := [name for name in TRAINED if len(sets[name]) < effort.images]:
        told = _too_few(asked, effort.images, few[0], len(sets[few[0]]))
        findings = [_without(case, told) for case in CASES]
        return AttackResult(
            attack="relearning", seed=view.seed, recipe=view.recipe, findings=findings
        )
    taken: dict[str, list[int | None]] = {case: [] for case in CASES}
    targets = []
    for repeat in range(effort.repeats):
        cases = [case for case in CASES if repeat == 0 or case in REPEATED]
        rows = slice(repeat * effort.images, (repeat + 1) * effort.images)
        drawn = {name: sets[name].take(rows).images_NCHW for name in TRAINED if name in cases}
        drawn["unrelated"] = waves(drawn["forget"], view.seed + repeat)
        old, new = (float(view.distances(drawn["forget"], m).mean()) for m in (before, after))
        targets.append(old + effort.tolerance * max(new - old, 0))
        for case in cases:
            watched = drawn["control" if case == "control" else "forget"]
            found = steps_until(
                after, drawn[case], watched, view, targets[-1], effort, view.seed + repeat
            )
            taken[case].append(found)
    recipe = {**view.recipe, **vars(effort), "loss": "the family's own"}
    recipe |= {"targets": [one if math.isfinite(one) else None for one in targets]}
    recipe |= {"every step up to": EVERY_STEP}
    findings = [_to_finding(case, counts, effort) for case, counts in taken.items()]
    return AttackResult(attack="relearning", seed=view.seed, recipe=recipe, findings=findings)


def within(effort: Effort, available: int) -> Effort:
    """The effort for which each repeat has images of its own.

    Where there are too few, each repeat gets fewer, down to ``LEAST_IMAGES``; where that does not
    suffice, there are fewer repeats.
    """
    least = min(LEAST_IMAGES, effort.images)
    images = min(effort.images, max(least, available // effort.repeats))
    return replace(effort, images=images, repeats=min(effort.repeats, available // images))


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


def _too_few(asked: Effort, needed: int, name: str, there: int) -> str:
    told = f"takes {needed} images, and {name} has {there}: "
    if there >= FEWEST_IMAGES * asked.repeats:
        return told + "lower audit.relearn_images"
    return told + (
        "too few for this attack to show anything; for such tickets, let the rule relearning only "
        "report"
    )


def _without(case: str, note: str, n: int = 0, clusters: int = 0) -> Finding:
    """A case that shows nothing, and why."""
    return Finding(case=case, value=None, unit="steps", n=n, clusters=clusters, note=note)


def _to_finding(case: str, counts: Sequence[int | None], effort: Effort) -> Finding:
    n = effort.images * len(counts)
    reached = [count for count in counts if count is not None]
    if len(reached) < len(counts):
        told = f"in {len(counts) - len(reached)} of {len(counts)} repeats a loss or a distance was "
        told += "not finite, which shows nothing: lower audit.relearn_rate"
        return _without(case, told, n=n, clusters=len(counts))
    ended = [min(count, effort.steps) for count in reached]
    given_up = sum(count > effort.steps for count in reached)
    told = f"{CASES[case]}; {effort.images} images each time, none twice; "
    told += f"steps of each repeat: {', '.join(map(str, ended))}"
    if given_up:
        told += f"; {given_up} given up after {effort.steps}"
    units = [str(number) for number in range(len(reached))]
    found = to_finding(case, "steps", clustered_mean(np.array(ended, float), units), told)
    changes: dict[str, Any] = {"n": n, "at_least": given_up > 0}
    return Finding(**{**vars(found), **changes})
