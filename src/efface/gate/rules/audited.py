"""What rules about the audit share: finding what an attack found, refusing what is not believed.

An audit is believed only if it is about the very models and sets of the report, was run with the
policy's settings, seed and extractor, and holds every case that a rule asks for.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from efface.audit.record import AttackResult, Finding
from efface.audit.settings import REGION
from efface.gate.intervals import Estimate
from efface.gate.measurements import Measurements
from efface.gate.plausibility import interval_problem, is_number, spread_problem
from efface.gate.recipes import same
from efface.gate.rules.rule import Answer, check_confidence, check_rise
from efface.gate.wording import named

WITHOUT_EXTRACTOR = ("embedding-probe",)
"""Attacks that look at the model's own features, so that their recipe names no extractor."""


@dataclass(frozen=True, kw_only=True)
class RiseSettings:
    """Settings of a rule that asks for a rise of the forget distance."""

    minimum_rise: float
    """The distance has to rise by more than this, in units of 1 - cosine."""
    confidence: float = 0.95
    """Of each one-sided lower bound."""
    report_only: bool = False
    """Report instead of block."""

    def __post_init__(self) -> None:
        """Refuse settings under which the rule would ask for nothing, or for what cannot be."""
        check_rise("minimum_rise", self.minimum_rise)
        check_confidence(self.confidence)


def failed(reason: str) -> Answer:
    """An answer with one reason against."""
    return Answer(summary="", failures=[reason])


def find_findings(
    measurements: Measurements, attack: str, cases: Sequence[str]
) -> list[Finding] | str:
    """The findings of an attack, one for each case; or why there is nothing to believe."""
    audit, policy = measurements.audit, measurements.policy
    if audit is None:
        return f"There is no audit, and this rule looks at its attack {attack}: run `efface audit`."
    if problem := other_audit(measurements):
        return problem
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


def other_audit(measurements: Measurements) -> str | None:
    """Why the audit is one of another run than the report, or None; there may be none."""
    audit, report = measurements.audit, measurements.report
    for name in ("before", "after", "sets"):
        if audit is not None and getattr(audit, name) != getattr(report, name):
            return f"The audit is not about the report's {name}: run `efface audit` on this run."
    return None


def believed(finding: Finding) -> Estimate | str:
    """The estimate behind a Student interval, or the end of a sentence about why there is none."""
    value, error, degrees = finding.value, finding.standard_error, finding.degrees
    if value is None:
        return without_value(finding)
    if not is_number(value):
        return f"is {value!r}, which is not a finite number"
    if error is None or degrees is None or not (is_number(error) and is_number(degrees)):
        return "has no standard error, so nothing is shown"
    if problem := spread_problem(finding) or interval_problem(finding):
        return problem
    return Estimate(value=value, standard_error=error, degrees=degrees)


def without_value(finding: Finding) -> str:
    """The end of a sentence about a finding that says nothing, with what the attack noted of it."""
    return f"has no value ({finding.note or 'no reason is told'})"


def share_ends(finding: Finding) -> tuple[float, float] | str:
    """Ends of the interval of an AUC or a share, or the end of a sentence about why there are none.

    A bootstrap's interval has no degrees of freedom: its own ends are what is judged. An interval
    without width is no evidence, as of scores that are all alike.
    """
    ends = finding.low, finding.high
    if finding.value is None or finding.low is None or finding.high is None:
        return f"has no value with an interval ({finding.note or 'no reason is told'})"
    if not all(is_number(one) for one in (finding.value, *ends)):
        return "is not a finite number with a finite interval"
    if not 0 <= finding.low <= finding.high <= 1 or not 0 <= finding.value <= 1:
        return f"is {finding.value:.4g}, {finding.low:.4g} to {finding.high:.4g}: no such share"
    if finding.low == finding.high:
        return f"is {finding.value:.4g} in every resample, which shows nothing"
    return finding.low, finding.high


def _foreign(result: AttackResult, measurements: Measurements) -> str | None:
    """Why a recipe is not the one that the policy asks for."""
    policy = measurements.policy
    if result.seed != policy.evaluation.seed:
        return (
            f"Attack {result.attack} has seed {result.seed!r} where {policy.evaluation.seed} is "
            "asked for."
        )
    for key, value in _wanted(result.attack, measurements).items():
        if not same(result.recipe.get(key), value):
            return (
                f"Attack {result.attack} has a recipe with {key} {result.recipe.get(key)!r} where "
                f"{value!r} is asked for."
            )
    return None


def _wanted(attack: str, measurements: Measurements) -> dict[str, Any]:
    """What an attack's recipe has to say: all that the report's own recipe of that view says."""
    policy, report = measurements.policy, measurements.report
    mask = policy.masks.score[0]
    wanted: dict[str, Any] = {"seed": policy.evaluation.seed, "mask": mask}
    if attack in WITHOUT_EXTRACTOR:
        return wanted
    scored = report.find(metric="distance", mask=mask, region=REGION)
    recipe = report.recipes.get(scored[0].recipe, {}) if scored else {}
    spec = policy.extractors["distance"]
    pinned = {
        "weights_sha256": spec.sha256,
        "configuration_sha256": spec.configuration_sha256,
        "region": REGION,
    }
    return {**recipe, **wanted, **pinned}
