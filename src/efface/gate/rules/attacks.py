"""Rules ``altered-queries`` and ``relearning``: what the attacks of the audit have to show.

An audit is believed only if it is about the very models and sets of the report, was run with the
policy's settings, seed and extractor, and holds every case that these ask for.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from efface.audit.record import AttackResult, Finding
from efface.gate.intervals import Estimate, lower_bound, quantile
from efface.gate.measurements import Measurements
from efface.gate.plausibility import agree, is_number
from efface.gate.rules.rule import Answer, check_above, check_at_least, check_confidence
from efface.gate.wording import named, number


@dataclass(frozen=True, kw_only=True)
class AlteredQueriesSettings:
    """Settings of ``altered-queries``."""

    minimum_rise: float
    """The distance has to rise by more than this, in units of 1 - cosine."""
    confidence: float = 0.95
    """Of the one-sided lower bound of each query."""
    report_only: bool = False
    """Report instead of block."""

    def __post_init__(self) -> None:
        """Refuse settings under which the rule would ask for nothing."""
        check_above("minimum_rise", self.minimum_rise, 0)
        check_confidence(self.confidence)


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


def altered_queries(measurements: Measurements, settings: AlteredQueriesSettings) -> Answer:
    """The forget distance rises for other masks, and for mirrored, compressed, moved pictures."""
    policy = measurements.policy
    cases = policy.audit.swept_queries(policy.masks.score, policy.masks.held_out)
    found = _find(measurements, "mask-sweep", cases)
    if isinstance(found, str):
        return Answer(summary="", failures=[found])
    failures, bounds = [], []
    for finding in found:
        bound = _rise_bound(finding, settings.confidence)
        if isinstance(bound, str):
            failures.append(f"The rise for query {finding.case} {bound}.")
        elif not bound > settings.minimum_rise:
            failures.append(
                f"For query {finding.case} the forget distance rose by "
                f"{number(finding.value or 0)} (n = {finding.n}), with a one-sided "
                f"{settings.confidence:.0%} lower bound of {number(bound)}, which must be "
                f"above {settings.minimum_rise:g}."
            )
        else:
            bounds.append(bound)
    summary = (
        f"The forget distance rises by more than {settings.minimum_rise:g} for each of "
        f"{len(found)} queries (smallest bound {number(min(bounds, default=0))}): "
        f"{named([finding.case for finding in found], most=20)}."
    )
    return Answer(summary=summary, failures=failures)


def relearning(measurements: Measurements, settings: RelearningSettings) -> Answer:
    """Bringing forget back takes at least as many steps as learning images never seen."""
    found = _find(measurements, "relearning", ["forget", "control"])
    if isinstance(found, str):
        return Answer(summary="", failures=[found])
    forget, control = found
    counts = [(finding.value, finding.at_least) for finding in (forget, control)]
    limit, repeats = measurements.policy.audit.relearn_steps, settings.minimum_repeats
    if not all(is_number(steps) and 0 <= float(steps or 0) <= limit for steps, _ in counts):
        return _failed(f"Steps of relearning are {counts}, not numbers from 0 to {limit}.")
    if min(forget.clusters, control.clusters) < repeats:
        return _failed(f"Relearning was tried {forget.clusters} times; {repeats} are needed.")
    back, learned = float(forget.value or 0), float(control.value or 0)
    words = f"after {number(back)} steps (never seen images: {number(learned)})"
    if back == 0:
        return _failed("The forgotten images need no step to come back: they were not forgotten.")
    if control.at_least:
        return _failed(
            f"Images never seen were not learned within {limit} steps, so relearning was tried "
            "too weakly to show anything: raise audit.relearn_steps or audit.relearn_rate."
        )
    if not forget.at_least and back < settings.minimum_ratio * learned:
        return _failed(
            f"The forgotten images are back {words}; at least {settings.minimum_ratio:g} times as "
            "many are asked for, else something of them was left."
        )
    told = "not back" if forget.at_least else "back"
    return Answer(summary=f"The forgotten images are {told} {words}.")


def _failed(reason: str) -> Answer:
    return Answer(summary="", failures=[reason])


def _find(measurements: Measurements, attack: str, cases: Sequence[str]) -> list[Finding] | str:
    """The findings of an attack, one for each case; or why there is nothing to believe."""
    audit, report, policy = measurements.audit, measurements.report, measurements.policy
    if audit is None:
        return f"There is no audit, and this rule looks at its attack {attack}: run `efface audit`."
    for name in ("before", "after", "sets"):
        if getattr(audit, name) != getattr(report, name):
            return f"The audit is not about the report's {name}: run `efface audit` on this run."
    if audit.settings != asdict(policy.audit):
        return "The audit was run with other settings than the policy's: run `efface audit` again."
    results = [result for result in audit.results if result.attack == attack]
    if len(results) != 1:
        return f"The audit has {len(results)} results of attack {attack}."
    if problem := _foreign(results[0], measurements):
        return problem
    known = {finding.case: finding for finding in results[0].findings}
    if missing := [case for case in cases if case not in known]:
        return f"Attack {attack} of the audit lacks {named(missing)}."
    return [known[case] for case in cases]


def _foreign(result: AttackResult, measurements: Measurements) -> str | None:
    """Why a recipe is not the one that the policy asks for."""
    policy = measurements.policy
    wanted = {
        "weights_sha256": policy.extractors["distance"].sha256,
        "seed": policy.evaluation.seed,
        "mask": policy.masks.score[0],
    }
    for key, value in wanted.items():
        if result.recipe.get(key) != value:
            return (
                f"Attack {result.attack} has a recipe with {key} {result.recipe.get(key)!r} where "
                f"{value!r} is asked for."
            )
    return None


def _rise_bound(finding: Finding, confidence: float) -> float | str:
    """The lower bound, or why there is none to believe."""
    value, error, degrees = finding.value, finding.standard_error, finding.degrees
    if value is None or not is_number(value):
        return f"is {value!r}, which is not a finite number"
    if error is None or degrees is None or not (is_number(error) and is_number(degrees)):
        return "has no standard error, so nothing is shown"
    if error < 0 or not 0 < degrees <= max(finding.n - 1, 1) or (error == 0 and value != 0):
        return f"has standard error {error:.4g} with {degrees:.4g} degrees of freedom"
    half = quantile(0.975, degrees) * error
    for end, computed in ((finding.low, value - half), (finding.high, value + half)):
        if not is_number(end) or not agree(float(end or 0), computed, scale=abs(value) + half):
            return "contradicts its own interval"
    return lower_bound(Estimate(value=value, standard_error=error, degrees=degrees), confidence)
