"""How the gate's thresholds and its error rates follow from runs whose answer is known. Pure.

A threshold asks the same of every run, and a run passes it up to a *critical value*. Critical
values of good runs and of bad runs show whether a threshold can tell them apart, and where it
belongs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from scipy import stats

from efface.evaluation.report import Report
from efface.gate.decide import answer_of, decide
from efface.gate.measurements import Measurements
from efface.gate.policy import Policy
from efface.gate.verdict import Verdict

CONFIDENCE = 0.95
STEPS = 40
"""Halvings of the range that a critical value is looked for in."""


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A setting of a rule that can be moved."""

    rule: str
    key: str
    stricter_up: bool
    """Whether a larger value asks for more."""
    largest: float
    """End of the range that is looked at; the other end is 0."""


THRESHOLDS = (
    Threshold(rule="forget-distance-rises", key="minimum_rise", stricter_up=True, largest=2.0),
    Threshold(rule="retain-fid", key="relative", stricter_up=False, largest=100.0),
    Threshold(rule="retain-distance", key="margin", stricter_up=False, largest=2.0),
    Threshold(rule="neighbours-distance", key="margin", stricter_up=False, largest=2.0),
)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How often something happened, with its Clopper-Pearson interval."""

    count: int
    n: int
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """Where a threshold belongs."""

    threshold: Threshold
    present: float
    good: list[float]
    """Critical value of each good run, in the order of the seeds."""
    bad: dict[str, list[float]]
    """The same for the kinds of bad runs that this rule is there to block."""
    suggested: float | None
    """Half-way between the two, in the first seeds; None where they overlap there."""
    good_passed: Rate | None = None
    """Good runs of the other seeds that pass it; None where nothing is suggested."""
    bad_passed: Rate | None = None
    """Bad runs of the other seeds that pass it."""


def judge(report: Report, policy: Policy) -> Verdict:
    """The gate's answer, asked for the seed that the report was scored with.

    Runs of a calibration differ in their seed on purpose; a policy asks for one.
    """
    return decide(report, _for_its_seed(report, policy), "")


def critical_value(report: Report, policy: Policy, threshold: Threshold) -> float:
    """The strictest value of a threshold that a report still passes.

    Gives 0 (for a threshold that is stricter upwards) or infinity where it passes none.
    """
    measurements = Measurements(report, _for_its_seed(report, policy))

    def passes(value: float) -> bool:
        settings = {**policy.rules[threshold.rule], threshold.key: value}
        check, _ = answer_of(threshold.rule, settings, measurements)
        return check.passed

    loose, strict = (0.0, threshold.largest) if threshold.stricter_up else (threshold.largest, 0.0)
    if threshold.stricter_up:
        loose = threshold.largest / 2**STEPS  # a minimum rise of 0 is no rule
    if not passes(loose):
        return 0.0 if threshold.stricter_up else float("inf")
    for _ in range(STEPS):
        middle = (loose + strict) / 2
        loose, strict = (middle, strict) if passes(middle) else (loose, middle)
    return loose


def suggest(
    policy: Policy,
    threshold: Threshold,
    good: Sequence[Report],
    bad: Mapping[str, Sequence[Report]],
    *,
    first: int,
) -> Suggestion:
    """Compare the critical values of good and of bad runs.

    Args:
        policy: what asks.
        threshold: of which rule and setting.
        good: runs that should pass, in the order of their seeds.
        bad: kind -> runs that the rule is there to block, in the same order.
        first: seeds that the suggestion is taken from.
    """
    passing = [critical_value(report, policy, threshold) for report in good]
    held = {
        kind: [critical_value(report, policy, threshold) for report in reports]
        for kind, reports in bad.items()
    }
    beginning = [value for values in held.values() for value in values[:first]]
    others = [value for values in held.values() for value in values[first:]]
    suggested = _between(threshold, sorted(passing[:first]), sorted(beginning))
    return Suggestion(
        threshold=threshold,
        present=float(policy.rules[threshold.rule][threshold.key]),
        good=passing,
        bad=held,
        suggested=suggested,
        good_passed=_passed(threshold, suggested, passing[first:]),
        bad_passed=_passed(threshold, suggested, others),
    )


def _for_its_seed(report: Report, policy: Policy) -> Policy:
    seeds = {recipe.get("seed") for recipe in report.recipes.values()}
    if len(seeds) == 1 and isinstance(seed := seeds.pop(), int):
        return replace(policy, evaluation=replace(policy.evaluation, seed=seed))
    return policy


def _passed(threshold: Threshold, value: float | None, critical: Sequence[float]) -> Rate | None:
    """How many runs pass a value, by their critical values."""
    if value is None:
        return None
    up = threshold.stricter_up
    return rate(sum(one >= value if up else one <= value for one in critical), len(critical))


def with_thresholds(policy: Policy, suggestions: Sequence[Suggestion]) -> Policy:
    """The policy with every threshold that could be suggested."""
    rules = {name: dict(settings) for name, settings in policy.rules.items()}
    for one in suggestions:
        if one.suggested is not None:
            rules[one.threshold.rule][one.threshold.key] = one.suggested
    return replace(policy, rules=rules)


def pass_rate(policy: Policy, reports: Sequence[Report]) -> Rate:
    """How often a policy passes some reports."""
    return rate(sum(judge(report, policy).passed for report in reports), len(reports))


def rate(count: int, n: int) -> Rate:
    """A share with its two-sided 95 % interval (Clopper and Pearson 1934); n = 0 says nothing."""
    if n == 0:
        return Rate(count=0, n=0, low=0.0, high=1.0)
    found = stats.binomtest(count, n).proportion_ci(CONFIDENCE, method="exact")
    return Rate(count=count, n=n, low=float(found.low), high=float(found.high))


def _between(threshold: Threshold, good: list[float], bad: list[float]) -> float | None:
    if not good or not bad:
        return None
    worst, best = (good[0], bad[-1]) if threshold.stricter_up else (good[-1], bad[0])
    separated = worst > best if threshold.stricter_up else worst < best
    if not separated:
        return None
    # Bad runs that pass no value at all leave the other end open: the good ones' worst, doubled.
    return min(worst * 2, threshold.largest) if best == float("inf") else (worst + best) / 2
