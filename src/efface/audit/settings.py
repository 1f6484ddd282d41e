"""Which attacks an audit runs, and how hard it tries. Needs no torch: the policy holds it."""

from dataclasses import dataclass, field

from efface.errors import ConfigError
from efface.models.mask_policy import parse_mask_policy

ATTACKS = (
    "mask-sweep",
    "encoder-swap",
    "membership",
    "detector",
    "embedding-probe",
    "relearning",
)
"""Names of the attacks, in the order they are run and shown."""
REGION = "hole"
"""What attacks look at of a picture: the painted part."""
COUNTS = {
    "images": (4, 1_000_000),
    "relearn_images": (2, 1_000_000),
    "relearn_steps": (1, 1_000_000),
    "relearn_repeats": (1, 1_000),
}
"""Fewest and most; the most are far beyond what is of use."""
LARGEST_SHIFT = 4096
"""Pixels: half of a larger image than any family paints. What half of it is, a model says."""


@dataclass(frozen=True, kw_only=True)
class AuditSettings:
    """The section ``audit`` of a policy."""

    attacks: list[str] = field(default_factory=list)
    """Which attacks are run; none unless named."""
    images: int = 400
    """Most images taken of each set."""
    masks: list[str] = field(default_factory=list)
    """Masks that mask-sweep tries besides masks.held_out."""
    jpeg: list[int] = field(default_factory=lambda: [75, 30])
    """Qualities, from 1 to 95, that mask-sweep compresses queries with."""
    shifts: list[int] = field(default_factory=lambda: [1, 3])
    """Pixels that mask-sweep moves queries by, to the right and down; half an image, at most."""
    relearn_images: int = 32
    """Images that a fine-tuning is given; fewer where forget or control is small."""
    relearn_steps: int = 60
    """Optimiser steps after which a fine-tuning is given up."""
    relearn_rate: float = 0.0003
    """Its learning rate (AdamW, constant)."""
    relearn_repeats: int = 3
    """Times it is done, each time with other images; less often where there are too few."""
    relearn_tolerance: float = 0.1
    """The distance is back when it is this share of its rise, or less, above that before."""

    def swept_masks(self, score: list[str], held_out: list[str]) -> list[str]:
        """Masks that mask-sweep tries on unchanged pictures, given those of the policy."""
        return [mask for mask in dict.fromkeys([*held_out, *self.masks]) if mask != score[0]]

    def swept_queries(self, score: list[str], held_out: list[str]) -> list[str]:
        """Names of every query of mask-sweep; ``as scored`` is the one the gate scores with."""
        pictures = [f"jpeg:{quality}" for quality in self.jpeg]
        pictures += [f"shift:{pixels}" for pixels in self.shifts]
        return ["as scored", "flip", *pictures, *self.swept_masks(score, held_out)]

    def __post_init__(self) -> None:
        """Refuse what no attack can work with."""
        if unknown := [name for name in self.attacks if name not in ATTACKS]:
            raise ConfigError(f"attacks: {unknown[0]!r} unknown: use some of {', '.join(ATTACKS)}")
        for name in ("attacks", "masks", "jpeg", "shifts"):
            given = getattr(self, name)
            if len(set(given)) != len(given):
                raise ConfigError(f"{name} is {given}: name each only once")
        for text in self.masks:
            parse_mask_policy(text)
        if not all(1 <= quality <= 95 for quality in self.jpeg):
            raise ConfigError(f"jpeg is {self.jpeg}: use qualities from 1 to 95")
        if not all(1 <= shift <= LARGEST_SHIFT for shift in self.shifts):
            raise ConfigError(
                f"shifts is {self.shifts}: use 1 pixel or more, and at most half the side of an "
                f"image (never more than {LARGEST_SHIFT})"
            )
        for name, (least, most) in COUNTS.items():
            if not least <= getattr(self, name) <= most:
                raise ConfigError(f"{name} is {getattr(self, name)}: use {least} to {most}")
        if not 0 < self.relearn_rate <= 1:
            raise ConfigError(
                f"relearn_rate is {self.relearn_rate}: use a value above 0, up to 1; a fine-tuning "
                "that diverges shows nothing"
            )
        if not 0 < self.relearn_tolerance < 1:
            raise ConfigError(
                f"relearn_tolerance is {self.relearn_tolerance}: use a share between 0 and 1"
            )
