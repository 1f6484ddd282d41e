"""Distances of outputs from their originals: means over all images, tickets, subjects."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from efface.evaluation.statistics_file import ShardStatistics
from efface.metrics.gaussian import Floats
from efface.metrics.intervals import Estimate, clustered_mean


class Part(NamedTuple):
    """Images that a mean is taken over."""

    ticket: str
    subject: str
    rows: NDArray[np.bool_]


def distance_parts(found: ShardStatistics, tickets: Mapping[str, list[str]]) -> Iterator[Part]:
    """All images; in forget also those of each ticket, and of each subject of a ticket.

    A subject may be asked for by two tickets: its images then count for both.
    """
    yield Part("", "", np.ones(len(found.sample_id), dtype=bool))
    if found.set != "forget":
        return
    for ticket, subjects in tickets.items():
        of_ticket = (found.ticket == ticket) | np.isin(found.subject, subjects)
        yield Part(ticket, "", of_ticket)
        for subject in subjects:
            yield Part(ticket, subject, of_ticket & (found.subject == subject))


def distance_estimates(before: Floats, after: Floats, subjects: NDArray[np.str_]) -> list[Estimate]:
    """Mean distance before, after, and mean paired change, robust to alike images of a subject."""
    clusters = subjects.tolist()
    return [clustered_mean(values, clusters) for values in (before, after, after - before)]
