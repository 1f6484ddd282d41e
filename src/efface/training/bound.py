"""The bound on the forget loss, for a method that has one: a share of where the loss starts.

Known before the first step, from the model in service and fixed draws alone, so a run that is taken
up finds the same. Every entry of the bank has its own: a small hole starts lower than a large one.
"""

import logging

import torch
from torch import Tensor

from efface.models.protocol import ImageToImageModel
from efface.training.batches import draw_batch
from efface.training.objective import Objective

log = logging.getLogger(__name__)

BATCHES = 4
"""Batches that the loss of an entry is averaged over."""


def forget_losses(objective: Objective, student: ImageToImageModel) -> Tensor:
    """Forget loss of a student under each entry of the bank, ``(M,)``."""
    plan = objective.plan
    losses = []
    with torch.no_grad():
        for entry in range(len(plan.bank)):
            draws = [draw_batch(plan, step, entry=entry) for step in range(BATCHES)]
            losses.append(torch.stack([objective.losses(student, d)[1] for d in draws]).mean())
    return objective.group.total(torch.stack(losses))


def warn_if_missed(found_M: Tensor, bound_M: Tensor) -> None:
    """Say so when a run ends with a forget loss above its bound; the gate decides all the same."""
    worst = float((found_M / bound_M).max())
    log.info("forget_bound worst=%.3f of the bound", worst)
    if worst > 1:
        log.warning(
            "forget_bound=missed worst=%.2f of the bound fix='more steps or learning_rate'",
            worst,
        )
