"""Halves of a batch on the tiny masked auto-encoder."""

import torch

from efface.methods import Half
from tests.tiny import tiny_images

HIDDEN = (torch.arange(16) >= 8).expand(4, -1)


def half(seed=0, targets=None, **more):
    return Half(
        given=tiny_images(4, seed), hidden_BN=HIDDEN, seed_B=torch.zeros(4).long(),
        targets_BTK=targets, **{"subject_B": torch.arange(4), **more},
    )  # fmt: skip


def features(model, seed):
    with torch.no_grad():
        return model.encode(half(seed).given, HIDDEN)


def error_of_painting(model, given, wanted):
    """Mean squared error on the hidden pixels, by hand: the lower half of each image is hidden."""
    painted = model.decode(model.encode(given, HIDDEN), HIDDEN)
    wanted = wanted if wanted.is_floating_point() else wanted.float() / 255
    return (painted - wanted)[:, :, 8:].square().mean().item()
