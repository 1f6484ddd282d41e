"""Rule ``retain-fid``: the quality of outputs on images that stay is inside its thresholds.

FID is biased by the number of images, so before and after are taken at the same n, by the same
recipe, and what is judged is their difference: its upper bound against the relative ceiling, and
the value after against the absolute one.
"""

from dataclasses import dataclass, field

from efface.data.set_names import SETS
from efface.gate.intervals import upper_bound
from efface.gate.measurements import Asked, Measurement, Measurements
from efface.gate.rules.rule import (
    Answer,
    check_above,
    check_at_least,
    check_at_most,
    check_confidence,
    check_one_of,
    check_regions,
)
from efface.gate.wording import number

BOUNDS = ("upper", "estimate")
LARGEST_RELATIVE = 1000.0
"""Far beyond any ceiling: a calibration looks for the critical value up to 100."""


@dataclass(frozen=True, kw_only=True)
class RetainFidSettings:
    """Settings of ``retain-fid``."""

    relative: float
    """The change threshold: how far FID may rise, as a share of its value before."""
    absolute: float
    """The value threshold: the highest FID after unlearning."""
    set: str = "holdout"
    """Images that stay and were never trained on; retain itself was trained on and flatters."""
    regions: list[str] = field(default_factory=lambda: ["hole"])
    """hole, full or both."""
    bound: str = "upper"
    """What meets the relative ceiling: the upper bound of the change, or its estimate."""
    confidence: float = 0.95
    """Of the upper bound."""
    minimum_images: int = 500
    """Fewer images are too few for a FID; the extractor's dimension is a floor as well."""

    def __post_init__(self) -> None:
        """Refuse ceilings that are none."""
        check_at_least("relative", self.relative, 0)
        check_at_most("relative", self.relative, LARGEST_RELATIVE)
        check_above("absolute", self.absolute, 0)
        check_one_of("set", self.set, tuple(name for name in SETS if not name.startswith("forget")))
        check_regions(self.regions)
        check_one_of("bound", self.bound, BOUNDS)
        check_confidence(self.confidence)
        check_at_least("minimum_images", self.minimum_images, 2)


def retain_fid(measurements: Measurements, settings: RetainFidSettings) -> Answer:
    """FID on images that stay is below both ceilings."""
    failures: list[str] = []
    summaries: list[str] = []
    for mask in measurements.policy.masks.score:
        for region in settings.regions:
            asked = Asked(metric="fid", set=settings.set, mask=mask, region=region)
            found = measurements.find(asked)
            if isinstance(found, str):
                failures.append(found)
                continue
            failures += _failures(asked, found, settings)
            summaries.append(
                f"The {found.label} {asked} went from {number(found.before)} to "
                f"{number(found.after)} "
                f"(n = {found.n}), inside +{settings.relative:.1%} and {settings.absolute:g}."
            )
    return Answer(summary=" ".join(summaries), failures=failures)


def _failures(asked: Asked, found: Measurement, settings: RetainFidSettings) -> list[str]:
    floor = max(settings.minimum_images, _dimension(found) + 1)
    if found.n < floor:
        return [
            f"The {found.label} {asked} rests on {found.n} images; at least {floor} are needed."
        ]
    if min(found.before, found.after) < 0:
        values = f"{number(found.before)} before, {number(found.after)} after"
        return [f"The {found.label} {asked} is negative ({values}), which no FID is."]
    went = f"The {found.label} {asked} went from {number(found.before)} to {number(found.after)}"
    failures = []
    if found.after > settings.absolute:
        failures.append(f"{went}; the absolute ceiling is {settings.absolute:g}.")
    allowed = settings.relative * found.before
    rise = _rise(found, settings)
    if rise is None:
        failures.append(
            f"The change of {found.label} {asked} has no standard error to bound it by."
        )
    elif rise > allowed:
        what = (
            "estimate" if settings.bound == "estimate" else f"{settings.confidence:.0%} upper bound"
        )
        failures.append(
            f"{went}: the {what} of the rise is {number(rise)}, more than the {number(allowed)} "
            "that "
            f"+{settings.relative:.1%} allows (n = {found.n})."
        )
    return failures


def _rise(found: Measurement, settings: RetainFidSettings) -> float | None:
    if settings.bound == "estimate":
        return found.change
    return upper_bound(found.estimate, settings.confidence) if found.estimate else None


def _dimension(found: Measurement) -> int:
    """Length of a feature; with no more images than that the covariance is singular."""
    dimension = found.recipe.get("dimension")
    return dimension if type(dimension) is int else 0
