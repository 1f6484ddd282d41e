"""Mask policies as text: which patches of the patch grid are hidden. Needs no torch.

Four forms are known:
    centre:4x4       a centred block of 4 x 4 patches is hidden      (Li et al. 2024, section 5)
    outpaint:4x4     all but a centred block of 4 x 4 is hidden      (Li et al. 2024, out-painting)
    random:0.75      75 % of the patches, drawn at random            (He et al. 2022)
    random:0.5-0.9   the share itself is drawn uniformly from [0.5, 0.9]
"""

import re
from dataclasses import dataclass

from efface.errors import ConfigError
from efface.shown import shown

ACCEPTED = (
    "centre:RxC, outpaint:RxC, random:SHARE or random:LOW-HIGH "
    "(for example centre:4x4, random:0.5-0.9)"
)

LARGEST_BLOCK = 9999
"""Rows and columns of a block; no model has as many patches, and Python reads no longer number."""


@dataclass(frozen=True, kw_only=True)
class MaskPolicy:
    """A family of masks over a patch grid."""

    kind: str
    """centre, outpaint or random."""
    rows: int = 0
    """Height of the centred block, in patches."""
    columns: int = 0
    """Width of the centred block, in patches."""
    low: float = 0.0
    """Smallest hidden share."""
    high: float = 0.0
    """Largest hidden share."""

    @property
    def is_fixed(self) -> bool:
        """Whether the policy holds exactly one mask."""
        return self.kind != "random"

    def overlaps(self, other: "MaskPolicy", grid: tuple[int, int] | None = None) -> bool:
        """Whether both describe the same fixed mask, or random masks with shares in common.

        On a grid, shares that hide equally many patches are the same.
        """
        if self.kind != other.kind:
            return False
        if self.is_fixed:
            return (self.rows, self.columns) == (other.rows, other.columns)
        one, two = (
            [hidden_count(share, grid) if grid else share for share in (mask.low, mask.high)]
            for mask in (self, other)
        )
        return one[0] <= two[1] and two[0] <= one[1]


def hidden_count(share: float, grid: tuple[int, int]) -> int:
    """How many patches of a grid a share of them is: never none, and never all."""
    patches = grid[0] * grid[1]
    return min(max(round(share * patches), 1), patches - 1)


def check_held_out(
    train: list[str], held_out: list[str], grid: tuple[int, int] | None = None
) -> None:
    """Refuse a held-out mask that is trained on, under its own name or another one.

    Args:
        train: ``masks.train`` of a policy.
        held_out: ``masks.held_out`` of it.
        grid: rows and columns of the model's patch grid; None where no model is known.

    Raises:
        ConfigError: one can draw a mask that one of the trained ones can draw.
    """
    trained = [parse_mask_policy(text) for text in train]
    for text in held_out:
        if any(parse_mask_policy(text).overlaps(other, grid) for other in trained):
            where = f" on a {grid[0]}x{grid[1]} patch grid" if grid else ""
            raise ConfigError(
                f"masks.held_out holds {text!r}, which masks.train ({', '.join(train)}) "
                f"covers{where}: hold out a mask that is never trained on"
            )


def parse_mask_policy(text: str) -> MaskPolicy:
    """Read a policy such as ``centre:4x4``.

    Raises:
        ConfigError: the text is not a policy.
    """
    if found := re.fullmatch(r"(centre|outpaint):([1-9]\d*)x([1-9]\d*)", text):
        if max(len(found[2]), len(found[3])) > len(str(LARGEST_BLOCK)):
            raise ConfigError(
                f"mask policy {shown(text)}: rows and columns are {LARGEST_BLOCK} at most"
            )
        return MaskPolicy(kind=found[1], rows=int(found[2]), columns=int(found[3]))
    if found := re.fullmatch(r"random:([\d.]+)(?:-([\d.]+))?", text):
        try:
            low = float(found[1])
            high = float(found[2] or found[1])
        except ValueError:
            raise ConfigError(f"mask policy {shown(text)} unknown: use {ACCEPTED}") from None
        if not 0 < low <= high < 1:
            raise ConfigError(f"mask policy {shown(text)}: shares must satisfy 0 < LOW <= HIGH < 1")
        return MaskPolicy(kind="random", low=low, high=high)
    raise ConfigError(f"mask policy {shown(text)} unknown: use {ACCEPTED}")
