"""The report: every score of a run, with its sample count, interval and recipe.

``report.json`` is what the gate judges and what the evidence page shows. Two numbers of different
recipes are not comparable, so each score names its recipe and the recipes are spelled out in the
same file.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from efface.errors import InputError
from efface.files import read_json, write_json

VERSION = 1
SIDES = ("before", "after", "change")


@dataclass(frozen=True, kw_only=True)
class Score:
    """One number and how sure we are of it."""

    metric: str
    """distance (1 - cosine), fid, kid or inception_score."""
    set: str
    """forget, retain, neighbours, control or holdout."""
    mask: str
    """Mask policy, such as centre:4x4."""
    region: str
    """hole or full."""
    side: str
    """before, after, or change (after minus before, paired per image)."""
    ticket: str = ""
    """Ticket id; empty for all tickets together."""
    subject: str = ""
    """Keyed hash of a subject; empty for all subjects together."""
    n: int
    """Images behind the number."""
    clusters: int
    """Independent groups (subjects) behind the interval."""
    value: float | None
    """The estimate; None when it could not be computed or is not finite."""
    standard_error: float | None
    """Standard error of the estimate; None when it cannot be estimated."""
    degrees: float | None
    """Degrees of freedom of the Student interval."""
    low: float | None
    """Lower end of the two-sided 95 % interval."""
    high: float | None
    """Upper end of the two-sided 95 % interval."""
    recipe: str
    """Key into ``Report.recipes``."""


@dataclass(frozen=True, kw_only=True)
class Hygiene:
    """What is true of the new checkpoint, compared with that of the model in service."""

    unexpected_keys: list[str]
    """Tensors that the model in service does not have (a teacher, an optimiser)."""
    missing_keys: list[str]
    """Tensors of the model in service that are gone."""
    moved_outside_encoder: list[str]
    """Tensors outside the encoder whose bytes differ."""
    not_finite: list[str]
    """Tensors that hold NaN or infinity."""
    changed_settings: list[str]
    """Settings that decide what is painted and are not those of the model in service."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """All scores of a run."""

    before: str
    """Fingerprint of the model in service."""
    after: str
    """Fingerprint of the unlearned model."""
    sets: dict[str, str]
    """Name of each set -> fingerprint of its samples."""
    tickets: dict[str, list[str]]
    """Ticket id -> keyed hashes of its subjects that had data."""
    recipes: dict[str, dict[str, Any]]
    """Recipe key -> extractor name, hashes of its files, dimension, resize, region, mask, seed."""
    scores: list[Score]
    hygiene: Hygiene | None = None
    """None when the checkpoints were not compared; the gate then blocks."""
    notes: list[str] = field(default_factory=list)
    """Facts a reader should know, such as near-duplicates kept out of retain."""

    def find(self, **wanted: str) -> list[Score]:
        """Scores whose fields equal all of ``wanted``."""
        return [s for s in self.scores if all(getattr(s, k) == v for k, v in wanted.items())]


def write_report(path: Path, report: Report) -> None:
    """Write ``report.json``, whole or not at all."""
    write_json(path, {"version": VERSION, **asdict(report)})


def read_report(path: Path) -> Report:
    """Read ``report.json``.

    Raises:
        InputError: absent, not JSON, of another version, or with fields that do not belong.
    """
    content = read_json(path, kind="report", version=VERSION)
    content.pop("version")
    try:
        hygiene = content.pop("hygiene")
        scores = [Score(**score) for score in content.pop("scores")]
        return Report(scores=scores, hygiene=Hygiene(**hygiene) if hygiene else None, **content)
    except (KeyError, TypeError) as error:
        raise InputError(
            f"report {path} does not have the fields of version {VERSION}: {error}"
        ) from None
