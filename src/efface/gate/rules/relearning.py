"""Rule ``relearning``: fine-tuning brings nothing back sooner than it teaches something new."""

from dataclasses import dataclass

from efface.gate.measurements import Measurements
from efface.gate.plausibility import is_number
from efface.gate.rules.audited import failed, find_findings, without_value
from efface.gate.rules.rule import Answer, check_above, check_at_least
from efface.gate.wording import number


@dataclass(frozen=True, kw_only=True)
class RelearningSettings:
    """Settings of ``relearning``."""

    minimum_ratio: float = 1.0
    """Steps to recover forget, divided by steps to learn control, must be this or more."""
    minimum_repeats: int = 3
    """Fewer fine-tunings show nothing."""
    report_only: bool = False
    """Report instead of block."""

    def __post_init__(self) -> None:
        """Refuse settings under which the rule would ask for nothing."""
        check_above("minimum_ratio", self.minimum_ratio, 0)
        check_at_least("minimum_repeats", self.minimum_repeats, 1)


def relearning(measurements: Measurements, settings: RelearningSettings) -> Answer:
    """Bringing forget back takes at least as many steps as learning images never seen."""
    found = find_findings(measurements, "relearning", ["forget", "control"])
    if isinstance(found, str):
        return failed(found)
    forget, control = found
    for finding in found:
        if finding.value is None:
            return failed(f"Relearning, {finding.case}, {without_value(finding)}.")
    counts = [(finding.value, finding.at_least) for finding in (forget, control)]
    limit, repeats = measurements.policy.audit.relearn_steps, settings.minimum_repeats
    if not all(is_number(steps) and 0 <= float(steps or 0) <= limit for steps, _ in counts):
        return failed(f"Steps of relearning are {counts}, not numbers from 0 to {limit}.")
    if min(forget.clusters, control.clusters) < repeats:
        tried = min(forget.clusters, control.clusters)
        return failed(
            f"Relearning was tried {tried} times with other images; {repeats} are needed: ask for "
            "more audit.relearn_repeats, or for fewer audit.relearn_images where images are few."
        )
    back, learned = float(forget.value or 0), float(control.value or 0)
    words = f"after {number(back)} steps (never seen images: {number(learned)})"
    if back == 0:
        return failed("The forgotten images need no step to come back: they were not forgotten.")
    if control.at_least:
        return failed(
            f"Images never seen were not learned within {limit} steps, so relearning was tried "
            "too weakly to show anything: raise audit.relearn_steps or audit.relearn_rate."
        )
    if learned < 1:  # a mean: some of the repeats began at the goal
        return failed(
            f"Images never seen are as close after {number(learned)} steps already, so relearning "
            "says nothing: this model paints any such image as well as those that count as back."
        )
    if not forget.at_least and back < settings.minimum_ratio * learned:
        return failed(
            f"The forgotten images are back {words}; at least {settings.minimum_ratio:g} times as "
            "many are asked for, else something of them was left."
        )
    told = "not back" if forget.at_least else "back"
    return Answer(summary=f"The forgotten images are {told} {words}.")
