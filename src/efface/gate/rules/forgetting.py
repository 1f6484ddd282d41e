"""Rules ``forget-distance-rises`` and ``held-out-masks``: each ticket and subject was forgotten.

For each mask, region and ticket the lower bound of the one-sided interval of the paired change has
to lie above the minimum rise. The same is asked of every subject, with Holm's correction over all
subjects of the report, so that one subject that was not forgotten among a hundred cannot hide in
the mean.
"""

from dataclasses import dataclass, field

from efface.gate.intervals import lower_bound
from efface.gate.measurements import Asked, Measurement, Measurements
from efface.gate.rules.rule import (
    Answer,
    check_at_least,
    check_confidence,
    check_one_of,
    check_regions,
    check_rise,
)
from efface.gate.rules.subjects import SMALL, subject_failures
from efface.gate.wording import named, number


@dataclass(frozen=True, kw_only=True)
class ForgettingSettings:
    """Settings of ``forget-distance-rises``."""

    minimum_rise: float
    """The change threshold, in units of 1 - cosine: the distance has to rise by more than this."""
    confidence: float = 0.95
    """Of the one-sided bound of each ticket, and of all statements about subjects together."""
    regions: list[str] = field(default_factory=lambda: ["hole"])
    """hole, full or both; full frames hold original pixels, which dilutes forgetting."""
    minimum_images: int = 5
    """A subject with fewer scored images is small."""
    minimum_subjects: int = 5
    """A ticket with fewer subjects is judged by its estimate and by the tests of its subjects."""
    small_subjects: str = "block"
    """block, or pooled: judge small subjects with the spread within the other subjects."""

    def __post_init__(self) -> None:
        """Refuse settings under which the rule would ask for nothing, or for what cannot be."""
        check_rise("minimum_rise", self.minimum_rise)
        check_confidence(self.confidence)
        check_regions(self.regions)
        check_at_least("minimum_images", self.minimum_images, 2)
        check_at_least("minimum_subjects", self.minimum_subjects, 2)
        check_one_of("small_subjects", self.small_subjects, SMALL)


@dataclass(frozen=True, kw_only=True)
class HeldOutSettings(ForgettingSettings):
    """Settings of ``held-out-masks``."""

    report_only: bool = False
    """Report instead of block."""


def forget_distance_rises(measurements: Measurements, settings: ForgettingSettings) -> Answer:
    """The forget distance rises on the masks that are scored."""
    return _forgotten(measurements, settings, measurements.policy.masks.score)


def held_out_masks(measurements: Measurements, settings: HeldOutSettings) -> Answer:
    """The forget distance rises on masks that were never trained on."""
    masks = measurements.policy.masks.held_out
    if not masks:
        return Answer(summary="", failures=["The policy names no held-out mask to look at."])
    return _forgotten(measurements, settings, masks)


def _forgotten(
    measurements: Measurements, settings: ForgettingSettings, masks: list[str]
) -> Answer:
    failures = _listing_problems(measurements)
    summaries = []
    for mask in masks:
        for region in settings.regions:
            answer = _on_one_view(measurements, settings, mask, region)
            failures += answer.failures
            summaries.append(answer.summary)
    return Answer(summary=" ".join(summaries), failures=failures)


def _listing_problems(measurements: Measurements) -> list[str]:
    """Tickets without subjects or with one twice, and scored subjects that no ticket lists."""
    tickets = measurements.report.tickets
    if not tickets:
        return ["The report lists no ticket, so there is nothing that could have been forgotten."]
    empty = [ticket for ticket, subjects in tickets.items() if not subjects]
    problems = [f"Ticket {ticket} lists no subject." for ticket in empty]
    twice = [ticket for ticket, subjects in tickets.items() if len(set(subjects)) < len(subjects)]
    problems += [f"Ticket {ticket} lists a subject twice." for ticket in twice]
    listed = {(ticket, subject) for ticket, subjects in tickets.items() for subject in subjects}
    if stray := sorted(measurements.subjects_scored("distance", "forget") - listed):
        names = named([f"{subject} (ticket {ticket})" for ticket, subject in stray])
        problems.append(f"Scores exist for subjects that no ticket of the report lists: {names}.")
    return problems


def _on_one_view(
    measurements: Measurements, settings: ForgettingSettings, mask: str, region: str
) -> Answer:
    """One mask and one region: everything together, each ticket, each subject."""
    tickets = measurements.report.tickets
    count = sum(len(subjects) for subjects in tickets.values())
    groups = {"": count, **{ticket: len(subjects) for ticket, subjects in tickets.items()}}
    failures: list[str] = []
    labels: set[str] = set()
    bounds: list[float] = []
    for ticket, subjects in groups.items():
        asked = Asked(metric="distance", set="forget", mask=mask, region=region, ticket=ticket)
        found = measurements.find(asked)
        if isinstance(found, str):
            failures.append(found)
            continue
        labels.add(found.label)
        failures += _ticket_failures(asked, found, subjects, settings)
        if found.estimate is not None and subjects >= settings.minimum_subjects:
            bounds.append(lower_bound(found.estimate, settings.confidence))
    failures += subject_failures(
        measurements,
        Asked(metric="distance", set="forget", mask=mask, region=region),
        minimum_rise=settings.minimum_rise,
        confidence=settings.confidence,
        minimum_images=settings.minimum_images,
        pooled=settings.small_subjects == "pooled",
    )
    smallest = f" (smallest bound {number(min(bounds))})" if bounds else ""
    summary = (
        f"The {named(sorted(labels))} rises by more than {settings.minimum_rise:g} on mask {mask}, "
        f"region {region}, at {settings.confidence:.0%} confidence, for each of {len(tickets)} "
        f"ticket(s){smallest} and each of {count} subject(s)."
    )
    return Answer(summary=summary, failures=failures)


def _ticket_failures(
    asked: Asked, found: Measurement, subjects: int, settings: ForgettingSettings
) -> list[str]:
    went = (
        f"The {found.label} {asked} went from {number(found.before)} to {number(found.after)}: "
        f"the change of {number(found.change)} (n = {found.n})"
    )
    asks = f"above the minimum rise {settings.minimum_rise:g}."
    if subjects < settings.minimum_subjects:
        # Few subjects say little about the spread between subjects. That each of them rises, which
        # is tested beside this, implies that their mean does.
        return [] if found.change > settings.minimum_rise else [f"{went} must be {asks}"]
    if found.estimate is None:
        return [f"{went} has no standard error, so nothing is shown."]
    bound = lower_bound(found.estimate, settings.confidence)
    if bound > settings.minimum_rise:
        return []
    kind = f"one-sided {settings.confidence:.0%} lower bound"
    return [f"{went} has a {kind} of {number(bound)}, which must be {asks}"]
