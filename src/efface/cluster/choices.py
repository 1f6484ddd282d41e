"""What Kubeflow Pipelines takes only when a graph is compiled; ``efface compile`` changes it.

What it takes when a run starts (images, GPUs, memory, nodes) is a parameter of the graph instead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from efface.cluster.names import check_name
from efface.errors import ConfigError

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
HOURS: Mapping[str, float] = {
    "intake": 1,
    "shard": 6,
    "unlearn": 48,
    "evaluate": 6,
    "merge": 1,
    "audit": 12,
    "gate": 1,
    "explain": 1,
    "register": 1,
    "refuse": 1,
    "idle": 1,
    "settle": 1,
}
"""Step -> hours that one attempt at it may take, from the start of its pod."""
MOST: Mapping[str, int] = {"parallel": 10_000, "retries": 100}
"""Largest numbers that make sense, far below what KFP can hold."""
LONGEST = 24 * 365
"""Hours of the longest time limit."""
_SIZE = re.compile(r"[1-9][0-9]{0,8}(Ki|Mi|Gi|Ti|k|M|G|T)")


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What is fixed in a compiled graph."""

    release: str = "efface"
    """Begin of the names of the Secrets and ConfigMaps that the tasks read."""
    pull_policy: str = "IfNotPresent"
    """When images are pulled: one of PULL_POLICIES."""
    pull_secret: str = ""
    """Secret with the credentials of a private registry; empty: those of the service account."""
    queue: str = ""
    """Kueue LocalQueue that tasks on GPU nodes wait in; empty: none."""
    shared_memory: str = "4Gi"
    """Largest size of /dev/shm of a task on a GPU node; it counts as memory of the task."""
    parallel: int = 4
    """Evaluate tasks at the same time; 0 for all at once."""
    retries: int = 2
    """How often a task whose pod was lost, or that failed, is tried again."""
    hours: Mapping[str, float] = field(default_factory=dict)
    """Step -> hours that one attempt may take, where it is not that of HOURS."""

    def __post_init__(self) -> None:
        """Refuse what Kubernetes would refuse later."""
        _need(
            self.pull_policy in PULL_POLICIES,
            f"pull policy {self.pull_policy!r} unknown: use one of {', '.join(PULL_POLICIES)}",
        )
        for what in ("release", "pull_secret", "queue"):
            name = getattr(self, what)
            if name or what == "release":
                check_name(what.replace("_", " "), name)
        _need(
            bool(_SIZE.fullmatch(self.shared_memory)),
            f"shared memory {self.shared_memory!r} is no size: use one such as 512Mi or 4Gi",
        )
        for what, most in MOST.items():
            given = getattr(self, what)
            _need(given >= 0, f"{what} must be 0 or more, got {given}")
            _need(given <= most, f"{what} must be {most} or less, got {given}")
        _need(
            not (unknown := sorted(set(self.hours) - set(HOURS))),
            f"time limit for {', '.join(unknown)}: no such step; use {', '.join(HOURS)}",
        )
        for step, hours in self.hours.items():
            _need(hours > 0, f"time limit of {step} must be above 0 hours, got {hours}")
            _need(
                1 <= 3600 * hours <= 3600 * LONGEST,
                f"time limit of {step} must be from a second to {LONGEST} hours, got {hours}",
            )

    def seconds(self, step: str) -> int:
        """How long one attempt at a step may take."""
        return round(3600 * self.hours.get(step, HOURS[step]))


def _need(true: bool, message: str) -> None:
    if not true:
        raise ConfigError(message)
