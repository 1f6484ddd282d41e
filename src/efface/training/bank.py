"""The bank of masks a run trains with: fixed and seeded, so targets are computed once per mask."""

from dataclasses import dataclass

import torch
from torch import Tensor

from efface.models.masks import draw_masks, parse_mask_policy


@dataclass(frozen=True, kw_only=True)
class MaskBank:
    """Masks and how often each is used."""

    hidden_MN: Tensor
    """bool, True = hidden."""
    share_M: Tensor
    """Probabilities: every policy has the same share, whatever its number of masks."""

    def __len__(self) -> int:
        return len(self.hidden_MN)


def make_bank(
    policies: list[str], grid: tuple[int, int], *, per_policy: int, seed: int
) -> MaskBank:
    """Draw the bank of a run.

    Args:
        policies: mask policies (see ``efface.models.masks``).
        grid: rows and columns of patches.
        per_policy: masks for each random policy.
        seed: of the random masks.
    """
    masks = [
        draw_masks(parse_mask_policy(text), grid, per_policy, seed + index)
        for index, text in enumerate(policies)
    ]
    shares = [torch.full((len(drawn),), 1 / len(drawn) / len(masks)) for drawn in masks]
    return MaskBank(hidden_MN=torch.cat(masks), share_M=torch.cat(shares))
