"""Settings of one unlearning run, and the published ones by name."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from efface.errors import ConfigError
from efface.shown import shown
from efface.typed import need, typed

CHOICES = {
    "precision": ("auto", "float32", "bfloat16"),
    "target": ("noise-mean", "noise", "unseen"),
    "noise": ("gaussian", "uniform", "constant"),
}
"""What the settings that are words may be."""
MOST = {
    "steps": 10_000_000,
    "batch_size": 4096,
    "retain_images": 1_000_000_000,
    "masks_per_policy": 1_000,
    "noise_images": 1_000_000,
}
"""Largest counts: far beyond what is of use, and short of what breaks torch or fills the memory.

A batch lies in memory whole, with all its activations: 65,536 small pictures took 22 GB.
"""


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How to unlearn. The defaults suit a small model on two cores."""

    name: str = "i2i"
    """Method: a key of ``efface.methods.METHODS``."""
    alpha: float = 0.25
    """Weight of the forget loss against the retain loss (Li et al. 2024, equation 8)."""
    target: str = "noise-mean"
    """Where forget features go: noise-mean, noise, unseen (``efface.training.forget_targets``)."""
    noise: str = "gaussian"
    """Noise images: gaussian, uniform or constant (``efface.training.noise``)."""
    worst_share: float = 1.0
    """Share of the subjects in each forget half that counts, those with the largest mean loss; 1
    for all. A ticket about one subject has nothing to choose from."""
    forget_bound: float = 0.2
    """``i2i-controlled``: forget loss to stay below, as a share of that of the model in service."""
    saliency: float = 1.0
    """Share of the encoder's weights that may move, where the forget loss is steepest; 1: all."""
    steps: int = 400
    """Largest number of optimiser steps."""
    batch_size: int = 32
    """Images in each half of a batch: so many retain images and so many forget images."""
    learning_rate: float = 1e-3
    """Peak rate of AdamW."""
    warmup: int = 20
    """Steps of linear warm-up."""
    cooldown: float = 0.5
    """Share of ``steps`` over which the rate falls to zero, from where stopping is decided."""
    weight_decay: float = 0.0
    beta2: float = 0.95
    clip: float = 3.0
    """Largest gradient norm; 0 switches clipping off."""
    seed: int = 0
    """Of batches, masks and noise. Same ticket and seed, same fingerprint (on one machine, CPU)."""
    retain_images: int = 8000
    """Largest number of retain images used: a random sample, by rank."""
    neighbour_share: float = 0.25
    """Share of each retain half drawn from the tenth of retain that is most similar to forget."""
    masks_per_policy: int = 8
    """Masks in the bank for each random mask policy; a fixed policy has one."""
    noise_images: int = 256
    """Noise images behind each target, or in the pool that targets are drawn from."""
    precision: str = "auto"
    """auto, float32 or bfloat16; auto is bfloat16 on a GPU that has it, float32 elsewhere."""
    probe_every: int = 40
    """Steps between looks at the gate's own statistics; 0 switches early stopping off."""
    save_every: float = 15.0
    """Seconds between saved training states."""
    target_memory: float = 2.0
    """Gibibytes of teacher targets kept in memory, of retain images and of a pool of noise images
    each; more than that goes to a file."""
    target_disk: float = 32.0
    """Gibibytes of them kept in files; more than that is computed at each step."""

    def __post_init__(self) -> None:
        """Refuse values that contradict their meaning."""
        for name, most in MOST.items():
            _need(1 <= getattr(self, name) <= most, name, f"1 to {most}", getattr(self, name))
        _need(0 <= self.seed < 2**63, "seed", "0 or more, below 2^63", self.seed)
        for name, value in asdict(self).items():
            finite = not isinstance(value, float) or math.isfinite(value)
            _need(finite, name, "a finite number", value)
        for name in NOT_NEGATIVE:
            _need(getattr(self, name) >= 0, name, "0 or more", getattr(self, name))
        _need(self.learning_rate > 0, "learning_rate", "above 0", self.learning_rate)
        _need(0 <= self.neighbour_share <= 1, "neighbour_share", "0 to 1", self.neighbour_share)
        _need(0 < self.cooldown <= 1, "cooldown", "above 0, up to 1", self.cooldown)
        _need(0 <= self.beta2 < 1, "beta2", "0 to below 1", self.beta2)
        _need(0 < self.forget_bound < 1, "forget_bound", "above 0, below 1", self.forget_bound)
        for name in ("worst_share", "saliency"):
            _need(0 < getattr(self, name) <= 1, name, "above 0, up to 1", getattr(self, name))
        for name, choices in CHOICES.items():
            given = getattr(self, name)
            _need(given in choices, name, " or ".join(choices), given)


NOT_NEGATIVE = (
    "alpha", "warmup", "weight_decay", "clip", "probe_every", "save_every", "target_memory",
    "target_disk",
)  # fmt: skip
PRESETS: dict[str, dict[str, Any]] = {
    "default": {},
    "published-vqgan": {
        # Released code of Li et al. 2024: AdamW (.9, .95), decay .05, clip 3, rate 1e-4 x 128 /
        # 256, warm-up over 5 of 6 epochs, then a cosine; alpha of the authors' own run.
        "alpha": 0.25,
        "target": "noise",
        "steps": 1100,
        "batch_size": 64,
        "learning_rate": 5e-5,
        "warmup": 917,
        "cooldown": 0.1664,
        "weight_decay": 0.05,
        "beta2": 0.95,
        "clip": 3.0,
        "retain_images": 12_000,
        "neighbour_share": 0.0,
        "probe_every": 0,
    },
    "published-diffusion": {
        # Released code of Li et al. 2024: Adam, rate 5e-5, constant, no decay, no clipping; alpha
        # of its README.
        "alpha": 0.1,
        "target": "noise",
        "steps": 15_600,
        "batch_size": 48,
        "learning_rate": 5e-5,
        "warmup": 0,
        "cooldown": 1e-6,
        "weight_decay": 0.0,
        "beta2": 0.999,
        "clip": 0.0,
        "retain_images": 250_000,
        "neighbour_share": 0.0,
        "probe_every": 0,
    },
    "derived-mae": {
        # No code was released for this family. Optimiser and base rate of He et al. 2022 (arXiv
        # 2111.06377, table 8: AdamW (.9, .95), decay .05, 1.5e-4 x 128 / 256), the rest as for
        # VQ-GAN.
        "alpha": 0.25,
        "target": "noise",
        "steps": 1100,
        "batch_size": 64,
        "learning_rate": 7.5e-5,
        "warmup": 917,
        "cooldown": 0.1664,
        "weight_decay": 0.05,
        "beta2": 0.95,
        "clip": 3.0,
        "retain_images": 12_000,
        "neighbour_share": 0.0,
        "probe_every": 0,
    },
}
"""Named starting points; single settings may be changed on top, the method among them."""


def read_settings(given: dict[str, Any]) -> TrainingSettings:
    """Turn a plain dict (from JSON) into checked settings; ``preset`` names the starting point.

    Raises:
        ConfigError: an unknown preset or key, a value of the wrong type or out of range.
    """
    given = dict(given)
    preset = given.pop("preset", "default")
    if not isinstance(preset, str) or preset not in PRESETS:
        raise ConfigError(f"preset {shown(preset)} unknown: use one of {', '.join(PRESETS)}")
    known = {field.name: field for field in fields(TrainingSettings)}
    if unknown := sorted(given.keys() - known.keys()):
        raise ConfigError(
            f"method setting {', '.join(unknown)} unknown: use preset or {', '.join(known)}"
        )
    values = {**PRESETS[preset], **given}
    return TrainingSettings(
        **{k: typed(f"method setting {k}", v, known[k].default) for k, v in values.items()}
    )


def settings_to_dict(settings: TrainingSettings) -> dict[str, Any]:
    """All settings as plain values, for the record in the checkpoint."""
    return asdict(settings)


def _need(true: bool, name: str, accepted: str, given: Any) -> None:
    need(true, f"method setting {name}", accepted, given)
