"""Where the features of forget images go, by what the teacher makes of some source images.

noise-mean   the mean embedding of noise images, for each entry of the bank: the gradient of
             ``noise`` in expectation, without its variance (see ``efface.methods.i2i``)
noise        the embedding of one noise image, drawn for each image at each step from a cached pool:
             the paper as released; image and noise then share their chance
unseen       the mean embedding of images of the same kind that were never trained on: forget images
             get the answer of a stranger, where noise would tell that something was removed
gaussian     N(m, s^2 I) in embedding space (``efface.methods.random_encoder``)

Shapes in names: B batch, S source images, C channels, H/W pixels, T tokens, K width of a feature.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from efface.errors import ConfigError
from efface.methods.method import Ask
from efface.training.bank import MaskBank
from efface.training.batches import Draw

CHUNK = 256
"""Images through the teacher at a time."""


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

    pools: list[Tensor]
    """For each entry ``(S, T, K)``."""

    def of(self, draw: Draw) -> Tensor:
        """See ``ForgetTargets``."""
        return self.pools[draw.mask][draw.noise]


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


def compute_forget_targets(
    ask: Ask,
    source_given: Tensor,
    bank: MaskBank,
    *,
    kind: str,
    memory: float,
    device: torch.device,
) -> ForgetTargets:
    """Ask the teacher about the source images, under each entry of the bank.

    Args:
        ask: ``encode`` or ``answer`` of the model in service.
        source_given: noise, unseen or forget images, as the teacher's ``prepare`` made them.
        bank: masks and levels.
        kind: noise-mean, noise, unseen or gaussian.
        memory: gibibytes that a pool may take.
        device: where the teacher runs.

    Raises:
        ConfigError: the pool of ``noise`` would take more than that.
    """
    entries = range(len(bank))
    if kind == "noise":
        first = embed(ask, source_given[:1], bank, 0, torch.arange(1), device)
        _need_room(len(source_given) * len(bank) * first.numel() * 4 / 2**30, memory)
        return Pool(pools=[_all(ask, source_given, bank, entry, device) for entry in entries])
    if kind == "gaussian":
        return Gaussians(
            moments=[_moments(_all(ask, source_given, bank, entry, device)) for entry in entries]
        )
    return Means(means=mean_embeddings(ask, source_given, bank, device))


def mean_embeddings(
    ask: Ask, source_given: Tensor, bank: MaskBank, device: torch.device
) -> list[Tensor]:
    """Mean embedding ``(T, K)`` of the source images, for each entry of the bank."""
    means: list[Tensor] = []
    for entry in range(len(bank)):
        total = torch.zeros((), dtype=torch.float64)
        for rows in torch.split(torch.arange(len(source_given)), CHUNK):
            found = embed(ask, source_given[rows], bank, entry, rows, device)
            total = total + found.double().sum(dim=0)
        means.append((total / len(source_given)).float())
    return means


def embed(
    ask: Ask,
    given: Tensor,
    bank: MaskBank,
    entry: int,
    numbers: Tensor,
    device: torch.device,
) -> Tensor:
    """What the teacher says of images under one entry, ``(B, T, K)``, on the CPU.

    Args:
        ask: ``encode`` or ``answer`` of the model in service.
        given: images, as ``prepare`` made them.
        bank: masks and levels.
        entry: of the bank.
        numbers: of the images, int64 ``(B,)``; their chance.
        device: where the teacher runs.
    """
    hidden = bank.hidden_MN[entry].to(device).expand(len(given), -1)
    with torch.inference_mode():
        found = ask(given.to(device), hidden, bank.seeds(entry, numbers))
    return found.float().cpu()


def _all(
    ask: Ask,
    source_given: Tensor,
    bank: MaskBank,
    entry: int,
    device: torch.device,
) -> Tensor:
    parts = torch.split(torch.arange(len(source_given)), CHUNK)
    return torch.cat([embed(ask, source_given[p], bank, entry, p, device) for p in parts])


def _moments(features_STK: Tensor) -> tuple[torch.Size, float, float]:
    numbers = features_STK.double()
    return features_STK.shape[1:], float(numbers.mean()), float(numbers.std())


def _need_room(asked: float, memory: float) -> None:
    if asked > memory:
        raise ConfigError(
            f"target noise needs {asked:.1f} GiB for its pool of embeddings, target_memory is "
            f"{memory:g}: use target noise-mean (the same gradient in expectation), fewer "
            "noise_images, or more target_memory"
        )
