"""Move only the weights that matter for the forget set.

SalUn, Fan et al. 2024 (arXiv 2310.12508), equation 4: a weight may move where the absolute gradient
of the forget loss, at the model in service, is large. The threshold is set so that the asked share
of all encoder weights moves; the others stay as they are, bit for bit, also under weight decay.

Taken from the model in service and fixed draws alone, so a run that is taken up finds the same.
"""

import logging
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from efface.models.protocol import ImageToImageModel
from efface.training.batches import draw_batch
from efface.training.objective import Objective

log = logging.getLogger(__name__)

BATCHES = 16
"""Batches that the gradient is summed over."""


class Saliency:
    """Which weights of the encoder may move, and what the others are."""

    def __init__(self, parameters: Sequence[nn.Parameter], movable: list[Tensor]) -> None:
        """Remember the weights as they are.

        Args:
            parameters: of the encoder.
            movable: bool, for each of them, True = may move.
        """
        self.parameters, self.movable = parameters, movable
        self._start = [parameter.detach().clone() for parameter in parameters]

    def mask_gradients(self) -> None:
        """Set the gradient of every other weight to zero."""
        for parameter, movable in zip(self.parameters, self.movable, strict=True):
            if parameter.grad is not None:
                parameter.grad.mul_(movable)

    def put_back(self) -> None:
        """Undo what weight decay did to the others."""
        with torch.no_grad():
            for parameter, movable, start in zip(
                self.parameters, self.movable, self._start, strict=True
            ):
                parameter.copy_(torch.where(movable, parameter, start))


def find_saliency(
    objective: Objective,
    student: ImageToImageModel,
    parameters: Sequence[nn.Parameter],
    share: float,
) -> Saliency:
    """Choose the share of the weights with the largest gradient of the forget loss.

    A weight whose gradient is zero never moves, whatever the share.

    Args:
        objective: gives the forget loss.
        student: still equal to the model in service.
        parameters: of its encoder.
        share: of their weights, above 0.
    """
    totals = [torch.zeros_like(parameter) for parameter in parameters]
    for step in range(BATCHES):
        _, forget = objective.losses(student, draw_batch(objective.plan, step))
        found = torch.autograd.grad(forget, parameters, allow_unused=True, materialize_grads=True)
        for total, gradient in zip(totals, found, strict=True):
            total += gradient
    objective.group.add_up(totals)
    steepness = np.concatenate([total.abs().flatten().cpu().numpy() for total in totals])
    kept = max(1, round(share * steepness.size))
    threshold = float(np.partition(steepness, -kept)[-kept])
    movable = [(total.abs() >= threshold) & (total != 0) for total in totals]
    log.info("saliency movable=%d of=%d", sum(int(m.sum()) for m in movable), steepness.size)
    return Saliency(parameters, movable)
