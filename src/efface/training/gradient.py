"""From the two losses of a step to the gradient of the encoder."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from efface.methods import Direction
from efface.training.group import ALONE, Group


def weighted_gradient(
    retain: Tensor,
    forget: Tensor,
    alpha: float,
    parameters: Sequence[nn.Parameter],
    group: Group = ALONE,
) -> None:
    """Set the gradient of retain + alpha x forget, added up over a group: one backward pass."""
    for parameter in parameters:
        parameter.grad = None
    (retain + alpha * forget).backward()  # type: ignore[no-untyped-call]  # untyped in torch
    group.add_up([p.grad for p in parameters if p.grad is not None])


def joined_gradient(
    retain: Tensor,
    forget: Tensor,
    bound: Tensor,
    direction: Direction,
    parameters: Sequence[nn.Parameter],
    movable: Sequence[Tensor] | None,
    group: Group = ALONE,
) -> None:
    """Set what ``direction`` makes of both gradients: two backward passes over graphs of their own.

    Args:
        retain: retain loss.
        forget: forget loss.
        bound: scalar, of the forget loss.
        direction: how two gradients become one.
        parameters: of the encoder.
        movable: bool, for each of them, which weights may move; None: all.
        group: processes whose losses and gradients add up to those of the batch.
    """
    retain_D, forget_D = (_flat(loss, parameters, movable) for loss in (retain, forget))
    whole = forget.detach().clone()
    group.add_up([retain_D, forget_D, whole])
    joined_D = direction(retain_D, forget_D, whole / bound)
    parts = torch.split(joined_D, [parameter.numel() for parameter in parameters])
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.grad = part.reshape(parameter.shape)


def _flat(
    loss: Tensor, parameters: Sequence[nn.Parameter], movable: Sequence[Tensor] | None
) -> Tensor:
    found = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
    if movable is not None:
        found = tuple(gradient * may for gradient, may in zip(found, movable, strict=True))
    return torch.cat([gradient.flatten() for gradient in found])
