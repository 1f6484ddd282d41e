"""Mask policies: which patches of the patch grid are hidden from the model.

A mask is a boolean vector over the patch grid in row-major order, True = hidden (to be painted).
Shapes in names: B batch, C channels, H/W pixels, N = rows * columns patches. How a policy is
written: efface.models.mask_policy.
"""

import torch
from torch import Tensor

from efface.errors import ConfigError
from efface.models.mask_policy import MaskPolicy, hidden_count, parse_mask_policy

__all__ = [
    "MaskPolicy",
    "check_masks",
    "draw_mask",
    "draw_masks",
    "hole_box",
    "parse_mask_policy",
    "pixel_mask",
]


def draw_mask(policy: MaskPolicy, grid: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Draw one mask, bool ``(N,)``, True = hidden.

    Raises:
        ConfigError: the policy hides every patch, or none, of this grid.
    """
    rows, columns = grid
    if policy.kind == "random":
        share = policy.low + (policy.high - policy.low) * float(torch.rand((), generator=generator))
        hidden = torch.zeros(rows * columns, dtype=torch.bool)
        drawn = torch.randperm(rows * columns, generator=generator)
        hidden[drawn[: hidden_count(share, grid)]] = True
        return hidden
    block = _centred_block(policy, grid)
    hidden = block if policy.kind == "centre" else ~block
    if hidden.all() or not hidden.any():
        raise ConfigError(
            f"mask policy {policy.kind}:{policy.rows}x{policy.columns} on a {rows}x{columns} patch "
            "grid must hide at least one patch and leave one visible: choose a smaller block"
        )
    return hidden


def check_masks(policies: dict[str, list[str]], grid: tuple[int, int]) -> None:
    """Refuse mask policies that a patch grid cannot take, before anything is trained or scored.

    Args:
        policies: name of a setting -> mask policies as text.
        grid: rows and columns of the model's patch grid.

    Raises:
        ConfigError: one hides every patch, or none, or is larger than the grid.
    """
    for name, texts in policies.items():
        for text in texts:
            try:
                draw_mask(parse_mask_policy(text), grid, torch.Generator())
            except ConfigError as error:
                raise ConfigError(f"{name}: {error}") from None


def draw_masks(policy: MaskPolicy, grid: tuple[int, int], count: int, seed: int) -> Tensor:
    """Draw a bank of masks, bool ``(M, N)``; a fixed policy gives its one mask at any ``count``."""
    generator = torch.Generator().manual_seed(seed)
    return torch.stack(
        [draw_mask(policy, grid, generator) for _ in range(1 if policy.is_fixed else count)]
    )


def pixel_mask(hidden_N: Tensor, grid: tuple[int, int], image_size: tuple[int, int]) -> Tensor:
    """Blow a patch mask up to pixels: bool ``(..., N)`` to bool ``(..., 1, H, W)``."""
    rows, columns = grid
    blocks = hidden_N.reshape(*hidden_N.shape[:-1], 1, rows, columns)
    scale = (image_size[0] // rows, image_size[1] // columns)
    return blocks.repeat_interleave(scale[0], dim=-2).repeat_interleave(scale[1], dim=-1)


def hole_box(hidden_N: Tensor, grid: tuple[int, int]) -> tuple[int, int, int, int]:
    """Smallest box of patches that holds the hole: (top, left, bottom, right), ends exclusive."""
    rows = hidden_N.reshape(grid).any(dim=1).nonzero().flatten()
    columns = hidden_N.reshape(grid).any(dim=0).nonzero().flatten()
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _centred_block(policy: MaskPolicy, grid: tuple[int, int]) -> Tensor:
    rows, columns = grid
    if not (1 <= policy.rows <= rows and 1 <= policy.columns <= columns):
        raise ConfigError(
            f"mask policy {policy.kind}:{policy.rows}x{policy.columns} does not fit a "
            f"{rows}x{columns} patch grid: use at most {rows}x{columns}"
        )
    top, left = (rows - policy.rows) // 2, (columns - policy.columns) // 2
    block = torch.zeros(grid, dtype=torch.bool)
    block[top : top + policy.rows, left : left + policy.columns] = True
    return block.flatten()
