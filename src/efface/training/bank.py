"""The bank of masks a run trains with: fixed and seeded, so targets are computed once per mask.

A family with noise is asked at several levels; there, an entry of the bank is a mask at a level.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from efface.models.masks import draw_masks, parse_mask_policy


@dataclass(frozen=True, kw_only=True)
class MaskBank:
    """Entries M, and how often each is used."""

    hidden_MN: Tensor
    """bool, True = hidden."""
    level_M: Tensor
    """int64, noise level."""
    levels: int
    """How many there are."""
    share_M: Tensor
    """Probabilities: every policy has the same share, whatever its number of masks."""

    def seeds(self, entry: int, numbers: Tensor) -> Tensor:
        """Seeds of an entry's level, one for each of ``numbers``."""
        return numbers * self.levels + self.level_M[entry]

    def __len__(self) -> int:
        return len(self.hidden_MN)


def make_bank(
    policies: list[str], grid: tuple[int, int], *, per_policy: int, seed: int, levels: int = 1
) -> MaskBank:
    """Draw the bank of a run.

    Args:
        policies: mask policies (see ``efface.models.masks``).
        grid: rows and columns of patches.
        per_policy: masks for each random policy.
        seed: of the random masks.
        levels: noise levels of the family (see ``ImageToImageModel``).
    """
    masks = [
        draw_masks(parse_mask_policy(text), grid, per_policy, seed + index)
        for index, text in enumerate(policies)
    ]
    shares = [torch.full((len(drawn),), 1 / len(drawn) / len(masks)) for drawn in masks]
    count = sum(map(len, masks))
    return MaskBank(
        hidden_MN=torch.cat(masks).repeat_interleave(levels, dim=0),
        level_M=torch.arange(levels).repeat(count),
        levels=levels,
        share_M=torch.cat(shares).repeat_interleave(levels) / levels,
    )
