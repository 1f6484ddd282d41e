"""How a run ended, and so what becomes of its tickets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from efface.tickets.states import BLOCKED, COMPLETED, PENDING


@dataclass(frozen=True, kw_only=True)
class Ending:
    """The end of a run."""

    state: str
    """What its tickets become: completed, blocked or pending."""
    verdict: str
    """passed, blocked or none."""
    reasons: list[str] = field(default_factory=list)


def outcome_to_ending(
    outcome: Mapping[str, Any] | None, *, registered: bool, error: str = ""
) -> Ending:
    """What becomes of the tickets, by what the steps left behind.

    Args:
        outcome: the run's answer, passed and reasons; None when it did not get to answer.
        registered: whether a model version was registered.
        error: what the step that failed said; empty when not known.
    """
    said = f" ({error})" if error else ""
    if outcome is None:
        reason = f"the run ended before the gate had answered{said}: it will be tried again"
        return Ending(state=PENDING, verdict="none", reasons=[reason])
    if outcome.get("passed") is not True:
        reasons = [str(reason) for reason in outcome.get("reasons") or ["the gate gave no reason"]]
        return Ending(state=BLOCKED, verdict="blocked", reasons=reasons)
    if not registered:
        reason = (
            f"the gate passed, but no model version was registered{said}: it will be tried again"
        )
        return Ending(state=PENDING, verdict="passed", reasons=[reason])
    return Ending(state=COMPLETED, verdict="passed")
