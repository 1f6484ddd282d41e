"""Rule ``embedding-probe``: the features hold no more of forgotten images than of others."""

from dataclasses import dataclass

from efface.gate.intervals import upper_bound
from efface.gate.measurements import Measurements
from efface.gate.rules.audited import believed, failed, find_findings
from efface.gate.rules.rule import Answer, check_at_least, check_confidence, check_margin
from efface.gate.wording import number

CASES = ("after, decoder trained on retain", "after, decoder trained on these images")
LARGEST_ERROR = 1.0
"""Squared error of pixels from 0 to 1, at its largest."""


@dataclass(frozen=True, kw_only=True)
class EmbeddingProbeSettings:
    """Settings of ``embedding-probe``."""

    margin: float
    """Squared error of pixels on control may be above that on forget by less than this."""
    confidence: float = 0.95
    """Of the one-sided upper bound of each decoder."""
    minimum_images: int = 100
    """Fewer images, of both sides together, show nothing."""
    report_only: bool = False
    """Report instead of block."""

    def __post_init__(self) -> None:
        """Refuse settings under which nothing could pass, or anything."""
        check_margin("margin", self.margin, LARGEST_ERROR)
        check_confidence(self.confidence)
        check_at_least("minimum_images", self.minimum_images, 2)


def embedding_probe(measurements: Measurements, settings: EmbeddingProbeSettings) -> Answer:
    """A decoder of the attacker's own paints forget no better than images never seen."""
    found = find_findings(measurements, "embedding-probe", CASES)
    if isinstance(found, str):
        return failed(found)
    failures, bounds = [], []
    for finding in found:
        estimate = believed(finding)
        if isinstance(estimate, str):
            failures.append(f"The probe's difference {finding.case} {estimate}.")
            continue
        if estimate.standard_error == 0:
            failures.append(
                f"The probe's difference {finding.case} did not vary: nothing is shown."
            )
        if finding.n < settings.minimum_images:
            failures.append(
                f"The probe saw {finding.n} images; {settings.minimum_images} are needed."
            )
        bound = upper_bound(estimate, settings.confidence)
        bounds.append(bound)
        if not bound < settings.margin:
            failures.append(
                f"The features may still hold forgotten images ({finding.case}): squared error on "
                f"images never seen minus that on forgotten ones {number(estimate.value)} "
                f"(n = {finding.n}), with a one-sided {settings.confidence:.0%} upper bound of "
                f"{number(bound)}, which must be below {settings.margin:g}."
            )
    summary = (
        "Decoders trained on the features paint forgotten images no better than images never seen "
        f"(largest bound of the difference {number(max(bounds, default=0))}, below "
        f"{settings.margin:g})."
    )
    return Answer(summary=summary, failures=failures)
