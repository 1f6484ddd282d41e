"""The policy: extractors, masks and what the gate asks for. YAML, versioned, hashed.

    version: 1
    name: fashion-demo
    extractors:
      distance: {uri: "open-clip:ViT-H-14:clip.bin", sha256: "..."}   # cosine distance
      fid: {uri: "inception:inception.pth", sha256: "..."}            # FID, KID, Inception score
    masks:
      train: ["centre:4x4", "random:0.25-0.75"]
      score: ["centre:4x4"]              # the gate's main rules look at these
      held_out: ["outpaint:6x6"]         # never trained on
    evaluation: {seed: 0, max_images: {forget: 1000, holdout: 2000}}
    privacy: {forget_pictures: false}
    audit: {attacks: [mask-sweep, relearning]}
    rules:
      forget-distance-rises: {minimum_rise: 0.05}
      retain-fid: {relative: 0.05, absolute: 40}
      ...

Extractor paths are relative to the policy's own folder unless they are absolute; a policy, a path
of an extractor, or both may be s3://bucket/prefix/...
"""

from dataclasses import dataclass, field
from typing import Any

from efface.audit.settings import AuditSettings

VERSION = 1
EXTRACTORS = ("distance", "fid")
"""What an extractor is for: the cosine distance, or FID with KID and Inception score."""


@dataclass(frozen=True, kw_only=True)
class ExtractorSpec:
    """Which feature extractor to use, pinned by the hashes of its files."""

    uri: str
    """KIND:PATH, such as clip-vision:/models/clip-vit-h-14."""
    sha256: str
    """SHA-256 of the weights file."""
    configuration_sha256: str = ""
    """SHA-256 of the configuration files that its kind has, one after the other; empty where it
    has none."""

    @property
    def pins(self) -> str:
        """Both hashes in one text: extractors of the same pins make the same features."""
        return self.sha256 + self.configuration_sha256


@dataclass(frozen=True, kw_only=True)
class Masks:
    """Mask policies (see efface.models.masks) for training and for scoring."""

    train: list[str]
    """What the unlearning is trained on."""
    score: list[str]
    """What the gate's main rules look at."""
    held_out: list[str] = field(default_factory=list)
    """Never trained on: shows that forgetting is not a trick of the trained masks."""


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """How much is scored."""

    seed: int = 0
    max_images: dict[str, int] = field(default_factory=dict)
    """Largest number of images scored in each set; a set not named is scored whole."""


@dataclass(frozen=True, kw_only=True)
class Privacy:
    """What may persist of the forgotten images."""

    forget_pictures: bool = False
    """Whether the evidence page may show forget images."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A checked policy."""

    name: str
    extractors: dict[str, ExtractorSpec]
    """Keys: distance and fid."""
    masks: Masks
    evaluation: EvaluationSettings
    privacy: Privacy
    rules: dict[str, dict[str, Any]]
    """Rule name -> its settings; the rules themselves are in efface.gate.rules."""
    sha256: str
    """Of the YAML file's bytes."""
    folder: str
    """Where the policy was read from; extractor paths are relative to it."""
    audit: AuditSettings = field(default_factory=AuditSettings)
    """Which attacks are run; none unless named."""
