"""What a method costs, and how far its scores are from those of retraining.

Counted are the steps and what the teacher is asked, each side under the masks that it is trained
with: an encoder that sees visible patches alone works less where more is hidden. Not counted, as
they are a few passes each: the batches that saliency and a forget bound are taken from, optimiser,
input and output.

Shapes in names: M masks, N patches.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from efface.bench.cell import Bench, Result
from efface.bench.gridding import RETRAINED, compared, row_of
from efface.bench.table import Row
from efface.data.reading import read_images
from efface.methods import find_method
from efface.models.checkpoint import load_model
from efface.models.masks import draw_masks, parse_mask_policy
from efface.models.protocol import ImageToImageModel
from efface.steps.handover.sets_file import read_sets
from efface.training.bank import make_bank
from efface.training.settings import TrainingSettings, read_settings

SCORES = ("forget distance", "held-out forget distance", "retain FID", "retain distance")
COST = "10^12 multiply-adds"
IMAGES = 2
"""Images that one batch is counted with."""
MASKS = 8
"""Masks of each policy that are counted with, a fixed one so many times."""
SEED = 0
"""Of these masks."""


def cost_rows(bench: Bench) -> list[Row]:
    """Methods of the first model and ticket, each with its cost and its way to retraining.

    Raises:
        ConfigError: masks of the plan that the model's patch grid cannot take.
    """
    model, ticket, mask = bench.first
    network = load_model(bench.models[model])
    train, took = bench.plan.masks["train"], bench.plan.retraining.get(model, {})
    hidden, hidden_before = (_drawn(one, network) for one in (train, took.get("masks", train)))
    found = compared(bench, model, ticket)
    given = _batch(network, next(iter(found.values())))
    learner = load_model(bench.models[model])
    learner.module.requires_grad_(True)
    rows = []
    for label, result in found.items():
        seconds = result.seconds
        if label == RETRAINED:
            seconds = took.get("seconds", 0.0)
            cost = took.get("images_seen", 0) * own_loss_cost(learner, given, hidden_before)
        else:
            method = bench.plan.methods.get(label, bench.i2i)
            settings = read_settings(bench.settings(model, method))
            asked = teacher_images(network, settings, train, result.sets)
            cost = method_cost(network, settings, given, hidden, asked=asked)
        more = {COST: cost / 1e12} if cost else {}
        group = f"{model}, {ticket} ticket, {mask}, hole"
        row = row_of(group, label, result, mask, "hole")
        rows.append(replace(row, seconds=seconds or None, more=more))
    return _with_differences(rows)


def teacher_images(
    network: ImageToImageModel, settings: TrainingSettings, masks: list[str], sets: Path
) -> int:
    """Images that the teacher is asked for targets: retain once, forget's under each mask."""
    method = find_method(settings.name)
    if not method.uses_targets:
        return 0
    there = read_sets(sets)["sets"]
    retain = min(settings.retain_images, int(there["retain"]["samples"]))
    if not method.moves_forget:
        return retain
    bank = make_bank(
        masks,
        network.grid,
        per_policy=settings.masks_per_policy,
        seed=settings.seed,
        levels=network.levels,
    )
    unseen = settings.target == "unseen" and not method.target
    sources = int(there["control"]["samples"]) if unseen else settings.noise_images
    return retain + len(bank) * sources


def method_cost(
    network: ImageToImageModel,
    settings: TrainingSettings,
    given: Tensor,
    hidden_MN: Tensor,
    *,
    asked: int,
) -> float:
    """Multiply-adds of a run: its steps, and the teacher's answers to ``asked`` images.

    Args:
        network: the model in service.
        settings: of the training.
        given: some images, as ``prepare`` of the network made them.
        hidden_MN: masks, each trained with equally often.
        asked: how many images the teacher is asked about.
    """
    method = find_method(settings.name)
    if method.loss is None:
        return 0.0
    seen = settings.batch_size * settings.steps
    own = own_loss_cost(network, given, hidden_MN)
    if not method.uses_targets:
        return (1 + method.has_forget_loss) * seen * own
    ask = network.answer if method.matches == "answer" else network.encode
    forward = _of_one(lambda hidden_BN: ask(given, hidden_BN), given, hidden_MN)
    moved = _of_one(
        lambda hidden_BN: _backward(ask(given, hidden_BN).square().mean()), given, hidden_MN
    )
    return seen * (moved + (moved if method.moves_forget else own)) + asked * forward


def own_loss_cost(network: ImageToImageModel, given: Tensor, hidden_MN: Tensor) -> float:
    """Multiply-adds of the family's own loss for one image, forward and backward.

    Backward goes to the weights that require a gradient.
    """
    return _of_one(
        lambda hidden_BN: _backward(network.own_loss(given, given, hidden_BN)), given, hidden_MN
    )


def count(work: Callable[[], Any]) -> float:
    """Multiply-adds of some work; attention is counted as the products it consists of."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops()) / 2


def _backward(loss: Tensor) -> None:
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves backward untyped


def _of_one(work: Callable[[Tensor], Any], given: Tensor, hidden_MN: Tensor) -> float:
    """Multiply-adds of some work for one image, mean over the masks."""
    total = sum(count(partial(work, mask.expand(len(given), -1))) for mask in hidden_MN)
    return total / len(hidden_MN) / len(given)


def _drawn(policies: list[str], network: ImageToImageModel) -> Tensor:
    """Masks ``(M, N)``, equally many of each policy; one that is named twice counts twice."""
    drawn = [
        draw_masks(parse_mask_policy(text), network.grid, MASKS, SEED + number)
        for number, text in enumerate(policies)
    ]
    return torch.cat([masks_MN.expand(MASKS, -1) for masks_MN in drawn])


def _batch(network: ImageToImageModel, found: Result) -> Tensor:
    images, _ = read_images(
        found.sets / "retain", size=network.image_size, channels=network.channels, limit=IMAGES
    )
    for _, parameter in network.encoder_parameters():
        parameter.requires_grad_(True)
    return network.prepare(torch.from_numpy(images))


def _with_differences(rows: list[Row]) -> list[Row]:
    gold = next((row for row in rows if row.label == RETRAINED), None)
    if gold is not None:
        for row in rows:
            for title in SCORES:
                mine, best = row.scores.get(title), gold.scores.get(title)
                if mine and best and mine.value is not None and best.value is not None:
                    row.more[f"{title}, minus retrained"] = mine.value - best.value
    return rows
