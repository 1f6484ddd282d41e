"""Amounts of CPU, memory and GPUs that a run asks for: texts that Kubernetes must understand.

It would say so only once a pod is made, hours into a run where it is that of a later task.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Amount:
    """What one parameter of a run takes."""

    pattern: re.Pattern[str]
    accepted: str
    """For messages."""


_CORES = Amount(
    re.compile(r"(?!0*\.?0*m?$)[0-9]{1,5}(\.[0-9]{1,3}|m)?"),
    'a number of cores above 0, such as "4", "0.5" or "500m"',
)
_MEMORY = Amount(
    re.compile(r"(?!0*\.?0*[a-zA-Z])[0-9]{1,12}(\.[0-9]{1,3})?([KMGTP]i|[kMGTP])"),
    'a size with its unit, such as "512Mi" or "16Gi"',
)
AMOUNTS: Mapping[str, Amount] = {
    "cpu": _CORES,
    "gpu_cpu": _CORES,
    "memory": _MEMORY,
    "gpu_memory": _MEMORY,
    "gpus": Amount(re.compile(r"[0-9]{1,3}"), 'a whole number such as "2", or "0" for none'),
    "gpu_type": Amount(
        re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?)?", re.ASCII),
        'a resource such as nvidia.com/gpu, or "" to ask for none',
    ),
}
"""Parameter -> what it takes."""


def wrong_amount(name: str, value: object, *, like: str = "") -> str:
    """Why a value is no amount; empty when it is, or need not be.

    Args:
        name: what a message calls it.
        value: as given.
        like: parameter that takes the same, where ``name`` is none.
    """
    amount = AMOUNTS.get(like or name)
    if amount is None or not isinstance(value, str) or amount.pattern.fullmatch(value):
        return ""
    return f"{name} must be {amount.accepted}, got {value[:40]!r}"
