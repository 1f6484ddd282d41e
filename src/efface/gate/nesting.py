"""Whether the distances of forget are those of its subjects, taken together.

A ticket's mean, its standard error, degrees and clusters follow from the number of images and the
mean of each of its subjects, and so do those of the whole set. They are computed again here, where
each image belongs to a subject that a ticket lists.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from efface.evaluation.report import SIDES, Score
from efface.gate.measurements import Measurements
from efface.gate.plausibility import agree
from efface.metrics.intervals import Estimate, residuals_to_mean

FIELDS = ("clusters", "value", "standard_error", "degrees")
"""What follows from the subjects; the ends of the interval follow from these."""


def nesting_problems(measurements: Measurements) -> Iterator[str]:
    """A sentence for each ticket, and for the whole set, that its subjects contradict."""
    tickets = measurements.report.tickets
    owner = {subject: ticket for ticket, subjects in tickets.items() for subject in subjects}
    for asked in measurements.asked():
        if asked.metric != "distance" or asked.set != "forget" or asked.subject:
            continue
        members = tickets.get(asked.ticket, ()) if asked.ticket else list(owner)
        for side in SIDES:
            parts = [
                measurements.score(replace(asked, ticket=asked.ticket or owner[s], subject=s), side)
                for s in members
            ]
            whole = measurements.score(asked, side)
            if whole and (problem := _problem(whole, [one for one in parts if one])):
                yield f"The {side!r} score of {asked.metric} {asked} {problem}."


def _problem(whole: Score, parts: Sequence[Score]) -> str | None:
    """Why a mean is not that of its subjects, or None."""
    parts = [one for one in parts if one.n]
    counted = sum(one.n for one in parts)
    if counted > whole.n:
        return f"has n {whole.n}, and its subjects {counted}"
    if counted < whole.n or not parts:
        return None  # some of its images are of nobody who is listed
    found = parts[0] if len(parts) == 1 else _together(parts)
    for name in FIELDS:
        given, wanted = getattr(whole, name), getattr(found, name)
        if (given is None) != (wanted is None) or (
            given is not None and not agree(given, wanted, scale=abs(wanted))
        ):
            return f"has {name} {given}, and its subjects together {wanted}"
    return None


def _together(parts: Sequence[Score]) -> Estimate:
    """The mean of all images of some subjects, robust to alike images of a subject."""
    sizes_G = np.array([one.n for one in parts], dtype=np.float64)
    means_G = np.array([np.nan if one.value is None else one.value for one in parts])
    mean = float((sizes_G * means_G).sum() / sizes_G.sum())
    return residuals_to_mean(mean, sizes_G * (means_G - mean), sizes_G)
