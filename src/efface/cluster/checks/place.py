"""What a check gets, and what it gives."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from efface.settings import Settings

OK, WARNING, FAILED, SKIPPED = "ok", "warning", "failed", "skipped"


@dataclass(frozen=True, kw_only=True)
class Place:
    """The cluster that is looked at."""

    settings: Settings
    cluster: Callable[[], Any]
    """Gives a client of the Kubernetes API; raises an EffaceError when there is none."""
    workspace: str = ""
    """Place that the tasks of a run share; empty: storage is not looked at."""

    @property
    def namespace(self) -> str:
        """Where Kubeflow Pipelines runs the pods."""
        return self.settings.kfp_namespace


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    state: str
    """ok, warning, failed or skipped."""
    found: str
    """What is there."""
    to_do: str = ""
    """What to do; empty when there is nothing."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    check: str
    finding: Finding

    def as_json(self) -> dict[str, str]:
        """Keys check, state, found and to_do."""
        return {"check": self.check, **asdict(self.finding)}
