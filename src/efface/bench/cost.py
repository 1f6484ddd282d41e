"""What a method costs, and how far its scores are from those of retraining.

Counted are the steps and what the teacher is asked. Not counted, as they are a few passes each: the
batches that saliency and a forget bound are taken from, optimiser, input and output.
"""

from collections.abc import Callable
from dataclasses import replace
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
IMAGES = 8
"""Images that one batch is counted with."""


def cost_rows(bench: Bench) -> list[Row]:
    """Methods of the first model and ticket, each with its cost and its way to retraining."""
    model, ticket, mask = bench.first
    found = compared(bench, model, ticket)
    group = f"{model}, {ticket} ticket, {mask}, hole"
    network = load_model(bench.models[model])
    given, hidden = _batch(network, next(iter(found.values())), mask)
    learner = load_model(bench.models[model])
    learner.module.requires_grad_(True)
    retraining = own_loss_cost(learner, given, hidden)
    rows = []
    for label, result in found.items():
        seconds = result.seconds
        if label == RETRAINED:
            took = bench.plan.retraining.get(model, {})
            seconds = took.get("seconds", 0.0)
            cost = took.get("images_seen", 0) * retraining
        else:
            method = bench.plan.methods.get(label, bench.i2i)
            settings = read_settings(bench.settings(model, method))
            asked = teacher_images(network, settings, bench.plan.masks["train"], result.sets)
            cost = method_cost(network, settings, given, hidden, asked=asked)
        more = {COST: cost / 1e12} if cost else {}
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
    hidden_BN: Tensor,
    *,
    asked: int,
) -> float:
    """Multiply-adds of a run: its steps, and the teacher's answers to ``asked`` images."""
    method = find_method(settings.name)
    if method.loss is None:
        return 0.0
    seen = settings.batch_size * settings.steps
    own = own_loss_cost(network, given, hidden_BN)
    if not method.uses_targets:
        return (1 + method.has_forget_loss) * seen * own
    ask = network.answer if method.matches == "answer" else network.encode
    forward = count(lambda: ask(given, hidden_BN)) / len(given)
    moved = count(lambda: _backward(ask(given, hidden_BN).square().mean())) / len(given)
    return seen * (moved + (moved if method.moves_forget else own)) + asked * forward


def own_loss_cost(network: ImageToImageModel, given: Tensor, hidden_BN: Tensor) -> float:
    """Multiply-adds of the family's own loss for one image, forward and backward.

    Backward goes to the weights that require a gradient.
    """
    return count(lambda: _backward(network.own_loss(given, given, hidden_BN))) / len(given)


def count(work: Callable[[], Any]) -> float:
    """Multiply-adds of some work; attention is counted as the products it consists of."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops()) / 2


def _backward(loss: Tensor) -> None:
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves backward untyped


def _batch(network: ImageToImageModel, found: Result, mask: str) -> tuple[Tensor, Tensor]:
    images, _ = read_images(
        found.sets / "retain", size=network.image_size, channels=network.channels, limit=IMAGES
    )
    for _, parameter in network.encoder_parameters():
        parameter.requires_grad_(True)
    hidden = draw_masks(parse_mask_policy(mask), network.grid, 1, 0)
    return network.prepare(torch.from_numpy(images)), hidden.expand(len(images), -1)


def _with_differences(rows: list[Row]) -> list[Row]:
    gold = next((row for row in rows if row.label == RETRAINED), None)
    if gold is not None:
        for row in rows:
            for title in SCORES:
                mine, best = row.scores.get(title), gold.scores.get(title)
                if mine and best and mine.value is not None and best.value is not None:
                    row.more[f"{title}, minus retrained"] = mine.value - best.value
    return rows
