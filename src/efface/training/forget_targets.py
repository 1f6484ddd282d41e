"""Where the features of forget images go, by what the teacher makes of some source images.

noise-mean   the mean embedding of noise images, for each entry of the bank: the gradient of
             ``noise`` in expectation, without its variance (see ``efface.methods.i2i``)
noise        the embedding of one noise image, drawn for each image at each step from a pool: the
             paper as released; image and noise then share their chance
unseen       the mean embedding of images of the same kind that were never trained on: forget images
             get the answer of a stranger, where noise would tell that something was removed
gaussian     N(m, s^2 I) in embedding space (``efface.methods.random_encoder``)

Shapes in names: B batch, S source images, C channels, H/W pixels, T tokens, K width of a feature.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from efface.training.batches import Draw
from efface.training.teacher import CHUNK, Answers, Teacher


class ForgetTargets(Protocol):
    """Forget targets of a run."""

    def of(self, draw: Draw) -> Tensor:
        """Targets of a batch, ``(B, T, K)``, or ``(T, K)`` where all have the same."""
        ...


@dataclass(frozen=True, kw_only=True)
class Means:
    """One target for each entry of the bank."""

    means: list[Tensor]
    """For each entry ``(T, K)``."""

    def of(self, draw: Draw) -> Tensor:
        """See ``ForgetTargets``."""
        return self.means[draw.mask]


@dataclass(frozen=True, kw_only=True)
class Pool:
    """One of many targets, by the noise number of each image."""

    answers: Answers
    """Of the noise images, under each entry."""

    def of(self, draw: Draw) -> Tensor:
        """See ``ForgetTargets``."""
        return self.answers.of(draw.mask, draw.noise)


@dataclass(frozen=True, kw_only=True)
class Gaussians:
    """Numbers drawn anew at each step."""

    moments: list[tuple[torch.Size, float, float]]
    """For each entry: (T, K), mean, deviation."""

    def of(self, draw: Draw) -> Tensor:
        """See ``ForgetTargets``."""
        shape, mean, deviation = self.moments[draw.mask]
        generator = torch.Generator().manual_seed(draw.chance)
        drawn = torch.randn((draw.count, *shape), generator=generator)[draw.rows]
        return drawn * deviation + mean


def compute_forget_targets(teacher: Teacher, source_given: Tensor, kind: str) -> ForgetTargets:
    """Ask the teacher about the source images, under each entry of the bank.

    Args:
        teacher: the model in service.
        source_given: noise, unseen or forget images, as the teacher's ``prepare`` made them.
        kind: noise-mean, noise, unseen or gaussian.
    """
    entries = range(len(teacher.bank))
    if kind == "noise":
        everyone = [torch.arange(len(source_given))] * len(entries)
        return Pool(answers=teacher.answers(source_given, everyone, "noise"))
    if kind == "gaussian":
        return Gaussians(moments=[_moments(_all(teacher, source_given, m)) for m in entries])
    return Means(means=[mean_answer(teacher, source_given, m) for m in entries])


def mean_answer(teacher: Teacher, source_given: Tensor, entry: int) -> Tensor:
    """Mean embedding ``(T, K)`` of the source images under an entry of the bank."""
    total = torch.zeros((), dtype=torch.float64)
    for rows in torch.split(torch.arange(len(source_given)), CHUNK):
        found = teacher.say(source_given[rows], entry, rows)
        total = total + found.double().sum(dim=0)
    return (total / len(source_given)).float()


def _all(teacher: Teacher, source_given: Tensor, entry: int) -> Tensor:
    parts = torch.split(torch.arange(len(source_given)), CHUNK)
    return torch.cat([teacher.say(source_given[rows], entry, rows) for rows in parts])


def _moments(features_STK: Tensor) -> tuple[torch.Size, float, float]:
    numbers = features_STK.double()
    return features_STK.shape[1:], float(numbers.mean()), float(numbers.std())
