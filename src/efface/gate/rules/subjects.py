"""The test of every subject on one mask and one region, with Holm's correction over all of them.

The gate passes only if every subject passes, so the corrected test is never easier than the plain
one (the largest p is always held against the full level). What the correction adds: each sentence
about a single subject is true with the confidence of the policy, also in a verdict that blocks.
"""

from dataclasses import replace

from efface.gate.intervals import holm, p_value_above
from efface.gate.measurements import Asked, Measurement, Measurements
from efface.gate.rules.pooling import with_pooled_errors
from efface.gate.wording import named, number

SMALL = ("block", "pooled")
"""What to do with subjects of too few images."""
Key = tuple[str, str]
"""Ticket and subject."""


def subject_failures(
    measurements: Measurements,
    view: Asked,
    *,
    minimum_rise: float,
    confidence: float,
    minimum_images: int,
    pooled: bool,
) -> list[str]:
    """Why forgetting is not shown for every subject that the report's tickets list.

    Args:
        measurements: the report's scores.
        view: metric, set, mask and region; its ticket and subject are filled in here.
        minimum_rise: the change has to be above this.
        confidence: of all statements together.
        minimum_images: a subject with fewer is small.
        pooled: whether small subjects borrow the spread of the others; else they fail.
    """
    found, failures = _measured(measurements, view)
    if pooled:
        found = with_pooled_errors(found, minimum_images)
    small = {
        key: m
        for key, m in found.items()
        if m.estimate is None or (m.n < minimum_images and not pooled)
    }
    if small:
        names = named([f"{s} (ticket {t}, n = {m.n})" for (t, s), m in small.items()])
        failures.append(
            f"{len(small)} of {len(found)} subjects {view} have fewer than {minimum_images} images "
            f"or no standard error, which is too little to show anything: {names}. Score more of "
            "their images (evaluation.max_images.forget), or set small_subjects: pooled."
        )
    judged = {key: m for key, m in found.items() if key not in small}
    return failures + _not_shown(judged, view, minimum_rise, 1 - confidence)


def _measured(measurements: Measurements, view: Asked) -> tuple[dict[Key, Measurement], list[str]]:
    """Measurement of each listed subject, and a sentence for each that has none."""
    found: dict[Key, Measurement] = {}
    failures: list[str] = []
    for ticket, subjects in measurements.report.tickets.items():
        for subject in subjects:
            measured = measurements.find(replace(view, ticket=ticket, subject=subject))
            if isinstance(measured, str):
                failures.append(measured)
            else:
                found[ticket, subject] = measured
    return found, failures


def _not_shown(
    judged: dict[Key, Measurement], view: Asked, minimum_rise: float, level: float
) -> list[str]:
    """One sentence that names the subjects for which Holm's procedure shows no rise."""
    p_values = [p_value_above(m.estimate, minimum_rise) for m in judged.values() if m.estimate]
    rows = zip(judged.items(), p_values, holm(p_values, level), strict=True)
    failed = [(m.change, p, key, m) for (key, m), p, shown in rows if not shown]
    if not failed:
        return []
    names = named(
        [
            f"{subject} of ticket {ticket} (change {number(change)}, n = {m.n}, p = {p:.2g})"
            for change, p, (ticket, subject), m in sorted(failed, key=lambda row: row[:3])
        ]
    )
    sentence = (
        f"A rise of the {failed[0][3].label} {view} above {minimum_rise:g} is not shown for "
        f"{len(failed)} of {len(judged)} subjects (Holm, family-wise {level:.0%}): {names}."
    )
    return [sentence]
