"""The metrics that a run pushes."""

import re

from efface.telemetry import RunNumbers, to_registry

NUMBERS = RunNumbers(
    tickets={"completed": 1}, verdict="passed", purged_bytes=1, not_purged=0, success=True, at=1.0
)


def pushed() -> set[str]:
    """Names of all metrics."""
    return {family.name for family in to_registry(NUMBERS).collect()}


def asked_for(expression: str) -> set[str]:
    """Names of metrics in an expression."""
    return set(re.findall(r"\befface_\w+", expression))
