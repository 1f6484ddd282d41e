"""Rules ``retain-distance`` and ``neighbours-distance``: what stays is not worse than a margin.

Non-inferiority: the upper bound of the one-sided interval of the paired change has to lie below
the margin. A noisy measurement has a high bound, so measuring badly never helps to pass.
"""

from dataclasses import dataclass, field

from efface.gate.intervals import upper_bound
from efface.gate.measurements import Asked, Measurement, Measurements
from efface.gate.rules.rule import (
    LARGEST_DISTANCE,
    Answer,
    check_at_least,
    check_confidence,
    check_margin,
    check_one_of,
    check_regions,
)
from efface.gate.wording import number


@dataclass(frozen=True, kw_only=True)
class KeepingSettings:
    """Settings that both rules share."""

    margin: float
    """How far the mean distance may rise, in units of 1 - cosine."""
    confidence: float = 0.95
    """Of the one-sided upper bound."""
    regions: list[str] = field(default_factory=lambda: ["hole"])
    """hole, full or both."""
    minimum_images: int = 20
    """Fewer images than this show nothing."""
    report_only: bool = False
    """Report instead of block."""

    def __post_init__(self) -> None:
        """Refuse a margin that forbids what noise alone does, or allows everything."""
        check_margin("margin", self.margin, LARGEST_DISTANCE)
        check_confidence(self.confidence)
        check_regions(self.regions)
        check_at_least("minimum_images", self.minimum_images, 2)


@dataclass(frozen=True, kw_only=True)
class RetainDistanceSettings(KeepingSettings):
    """Settings of ``retain-distance``."""

    set: str = "holdout"
    """holdout (never trained on) or retain (trained on)."""

    def __post_init__(self) -> None:
        """Refuse other sets."""
        super().__post_init__()
        check_one_of("set", self.set, ("holdout", "retain"))


def retain_distance(measurements: Measurements, settings: RetainDistanceSettings) -> Answer:
    """Images that stay are not further from their originals than before."""
    return _kept(measurements, settings, settings.set)


def neighbours_distance(measurements: Measurements, settings: KeepingSettings) -> Answer:
    """Nor are the images that stay and look most like the forgotten ones."""
    return _kept(measurements, settings, "neighbours")


def _kept(measurements: Measurements, settings: KeepingSettings, set_name: str) -> Answer:
    failures: list[str] = []
    summaries: list[str] = []
    for mask in measurements.policy.masks.score:
        for region in settings.regions:
            asked = Asked(metric="distance", set=set_name, mask=mask, region=region)
            found = measurements.find(asked)
            sentence = found if isinstance(found, str) else _failure(asked, found, settings)
            failures += [sentence] if sentence else []
            if not isinstance(found, str):
                summaries.append(
                    f"The {found.label} {asked} changed by {number(found.change)} (n = "
                    f"{found.n}), within the "
                    f"margin {settings.margin:g} at {settings.confidence:.0%} confidence."
                )
    return Answer(summary=" ".join(summaries), failures=failures)


def _failure(asked: Asked, found: Measurement, settings: KeepingSettings) -> str | None:
    if found.n < settings.minimum_images:
        least = settings.minimum_images
        return f"The {found.label} {asked} rests on {found.n} images; at least {least} are needed."
    if found.estimate is None:
        return f"The change of {found.label} {asked} has no standard error, so nothing is shown."
    bound = upper_bound(found.estimate, settings.confidence)
    if bound < settings.margin:
        return None
    return (
        f"The {found.label} {asked} went from {number(found.before)} to {number(found.after)}: "
        "the change of "
        f"{number(found.change)} has a one-sided {settings.confidence:.0%} upper bound of "
        f"{number(bound)} "
        f"(n = {found.n}), which must be below the margin {settings.margin:g}."
    )
