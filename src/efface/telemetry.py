"""Numbers of a run for Prometheus, by a Pushgateway: a run ends before anyone could scrape it.

efface_tickets{state="completed"}          tickets that the run left in each state
efface_verdict{verdict="passed"}           1 for the run's verdict (passed, blocked, none), else 0
efface_purged_bytes                        bytes of private copies that were deleted
efface_not_purged_places                   private copies that could not be deleted; alert above 0
efface_last_run_timestamp_seconds          when the run was settled
efface_last_success_timestamp_seconds      when a run last passed and was purged; others keep it
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Gauge, pushadd_to_gateway

log = logging.getLogger(__name__)

JOB = "efface"
TIMEOUT = 5.0
"""Seconds that the Pushgateway has to answer."""
VERDICTS = ("passed", "blocked", "none")


@dataclass(frozen=True, kw_only=True)
class RunNumbers:
    """What is told of a run."""

    tickets: Mapping[str, int]
    """State -> tickets that the run left in it."""
    verdict: str
    """One of VERDICTS."""
    purged_bytes: int
    not_purged: int
    """Places that could not be purged."""
    success: bool
    """Whether the gate passed, the model is registered and every copy is purged."""
    at: float
    """Seconds since 1970."""


def push(gateway: str, numbers: RunNumbers) -> bool:
    """Send the numbers of a run; True when they arrived.

    A gateway that does not answer is logged and changes nothing else: no run fails for its metrics.
    """
    if not gateway:
        return False
    try:
        # "add" replaces what is sent and keeps the rest: the last success outlives a failed run.
        pushadd_to_gateway(gateway, job=JOB, registry=to_registry(numbers), timeout=TIMEOUT)
    except (OSError, ValueError) as error:  # URLError and timeouts are OSErrors
        log.warning("metrics=not_pushed gateway=%s reason=%r", gateway, str(error))
        return False
    log.info("metrics=pushed gateway=%s", gateway)
    return True


def to_registry(numbers: RunNumbers) -> CollectorRegistry:
    """The numbers as Prometheus metrics."""
    registry = CollectorRegistry()
    tickets = Gauge(
        "efface_tickets", "Tickets the run left in each state.", ["state"], registry=registry
    )
    for state, count in numbers.tickets.items():
        tickets.labels(state).set(count)
    verdict = Gauge("efface_verdict", "1 for the run's verdict.", ["verdict"], registry=registry)
    for name in VERDICTS:
        verdict.labels(name).set(name == numbers.verdict)
    _gauge(registry, "efface_purged_bytes", "Private copies deleted, bytes.", numbers.purged_bytes)
    _gauge(registry, "efface_not_purged_places", "Copies not deleted.", numbers.not_purged)
    _gauge(registry, "efface_last_run_timestamp_seconds", "Last run settled.", numbers.at)
    if numbers.success:
        name = "efface_last_success_timestamp_seconds"
        _gauge(registry, name, "Last run that passed and was purged.", numbers.at)
    return registry


def _gauge(registry: CollectorRegistry, name: str, text: str, value: float) -> None:
    Gauge(name, text, registry=registry).set(value)
