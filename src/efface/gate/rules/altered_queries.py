"""Rule ``altered-queries``: forgetting holds for queries that unlearning was not trained on."""

from efface.gate.intervals import lower_bound
from efface.gate.measurements import Measurements
from efface.gate.rules.audited import RiseSettings, believed, failed, find_findings
from efface.gate.rules.rule import Answer
from efface.gate.wording import named, number


def altered_queries(measurements: Measurements, settings: RiseSettings) -> Answer:
    """The forget distance rises for other masks, and for mirrored, compressed, moved pictures."""
    policy = measurements.policy
    cases = policy.audit.swept_queries(policy.masks.score, policy.masks.held_out)
    found = find_findings(measurements, "mask-sweep", cases)
    if isinstance(found, str):
        return failed(found)
    failures, bounds = [], []
    for finding in found:
        estimate = believed(finding)
        if isinstance(estimate, str):
            failures.append(f"The rise for query {finding.case} {estimate}.")
            continue
        bound = lower_bound(estimate, settings.confidence)
        if not bound > settings.minimum_rise:
            failures.append(
                f"For query {finding.case} the forget distance changed by "
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
