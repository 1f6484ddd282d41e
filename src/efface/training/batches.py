"""Which images and which mask a step sees: a pure function, so a resumed run needs no cursor."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from efface.training.bank import MaskBank

SEEDS = 2**63
"""torch takes seeds below this."""
CHANCES = 2**48
"""The chance of a forget image is below this; times the levels it is a seed."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What batches are drawn from. Image numbers are row numbers of a set."""

    bank: MaskBank
    retain_by_entry: list[Tensor]
    """For each entry of the bank, the retain images whose target under it is known."""
    near_by_entry: list[Tensor]
    """For each entry of the bank, those of them that are most similar to forget."""
    forget_share: Tensor
    """Probability of each forget image: every subject has the same share, however many images."""
    subject_of_forget: Tensor
    """int64, number of the subject of each forget image."""
    batch_size: int
    near_count: int
    """How many of each retain half come from ``near_by_entry``."""
    seed: int
    noise_images: int = 1
    """How many there are to draw from."""
    shares_chance: bool = False
    """Whether each forget image has the chance of the noise image drawn for it."""


@dataclass(frozen=True, kw_only=True)
class Draw:
    """One step's batch, as numbers."""

    mask: int
    """Entry of the bank."""
    retain: Tensor
    """Image numbers, with repetition."""
    forget: Tensor
    retain_seed: Tensor
    """Chance of each retain image: its own, always, as its target was computed with it."""
    forget_seed: Tensor
    """Chance of each forget image: new in every step, or that of its noise image."""
    noise: Tensor
    """Number of the noise image of each forget image."""
    chance: int
    """Seed of whatever else the step draws."""
    count: int
    """Images in each half of the whole batch."""
    rows: slice = field(default_factory=lambda: slice(None))
    """Which of them these are."""

    def part(self, rows: slice) -> "Draw":
        """Some rows of both halves."""
        names = ("retain", "forget", "retain_seed", "forget_seed", "noise")
        return replace(self, rows=rows, **{name: getattr(self, name)[rows] for name in names})


def make_plan(
    bank: MaskBank,
    similarity: np.ndarray,
    *,
    forget_subjects: Sequence[str],
    batch_size: int,
    neighbour_share: float,
    seed: int,
    noise_images: int = 1,
    shares_chance: bool = False,
) -> Plan:
    """Assign every retain image to one entry of the bank, in proportion to the entry's share.

    Args:
        bank: the masks, each at each of its levels.
        similarity: float ``(R,)``, largest cosine of each retain image to a forget image.
        forget_subjects: subject of each forget image. What decides is the worst subject, so
            subjects are drawn equally often.
        batch_size: images in each half.
        neighbour_share: share of the retain half drawn from the most similar tenth.
        seed: of the assignment and of the draws.
        noise_images: number of noise images, or of their embeddings, to draw from.
        shares_chance: see ``Plan``.
    """
    generator = torch.Generator().manual_seed(seed)
    subject_of_forget = _numbered(forget_subjects)
    count = len(similarity)
    assigned = torch.multinomial(bank.share_M, count, replacement=True, generator=generator)
    cut = np.quantile(similarity, 0.9)
    near = torch.from_numpy(similarity >= cut)
    everyone = torch.arange(count)
    retain = [_never_empty(everyone[assigned == m], everyone) for m in range(len(bank))]
    return Plan(
        bank=bank,
        retain_by_entry=retain,
        near_by_entry=[_never_empty(rows[near[rows]], rows) for rows in retain],
        forget_share=_equal_shares(subject_of_forget),
        subject_of_forget=subject_of_forget,
        batch_size=batch_size,
        near_count=round(neighbour_share * batch_size),
        seed=seed,
        noise_images=noise_images,
        shares_chance=shares_chance,
    )


def draw_batch(plan: Plan, step: int, *, entry: int | None = None) -> Draw:
    """The batch of a step; the same for the same plan and step, whenever it is asked.

    Args:
        plan: what is drawn from.
        step: number of the step.
        entry: of the bank; None: drawn too.
    """
    number = plan.seed * 1_000_003 + step
    generator = torch.Generator().manual_seed(number % SEEDS)
    drawn = int(torch.multinomial(plan.bank.share_M, 1, generator=generator))
    mask = drawn if entry is None else entry
    near = _pick(plan.near_by_entry[mask], plan.near_count, generator)
    others = _pick(plan.retain_by_entry[mask], plan.batch_size - plan.near_count, generator)
    forget = torch.multinomial(
        plan.forget_share, plan.batch_size, replacement=True, generator=generator
    )
    retain = torch.cat([near, others])
    noise = torch.randint(plan.noise_images, (plan.batch_size,), generator=generator)
    fresh = torch.arange(plan.batch_size) + number * plan.batch_size % CHANCES
    return Draw(
        mask=mask,
        retain=retain,
        forget=forget,
        retain_seed=plan.bank.seeds(mask, retain),
        forget_seed=plan.bank.seeds(mask, noise if plan.shares_chance else fresh),
        noise=noise,
        chance=int(torch.randint(2**62, (), generator=generator)),
        count=plan.batch_size,
    )


def _numbered(subjects: Sequence[str]) -> Tensor:
    return torch.from_numpy(np.unique(np.asarray(subjects), return_inverse=True)[1])


def _equal_shares(subject_of: Tensor) -> Tensor:
    counts = subject_of.bincount()
    return 1.0 / (len(counts) * counts[subject_of]).double()


def _never_empty(rows: Tensor, otherwise: Tensor) -> Tensor:
    return rows if len(rows) else otherwise


def _pick(rows: Tensor, count: int, generator: torch.Generator) -> Tensor:
    return rows[torch.randint(len(rows), (count,), generator=generator)]
