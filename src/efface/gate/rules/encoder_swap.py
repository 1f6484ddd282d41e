"""Rule ``encoder-swap``: the original encoder does not bring back what was forgotten.

Whatever moves the encoder alone fails it, and should: the encoder is then all that was unlearned.
It is for models whose decoder was unlearned too, and for those who want to be told.
"""

from dataclasses import dataclass

from efface.gate.intervals import lower_bound
from efface.gate.measurements import Measurements
from efface.gate.rules.audited import believed, failed, find_findings
from efface.gate.rules.rule import Answer, check_above, check_confidence
from efface.gate.wording import number


@dataclass(frozen=True, kw_only=True)
class EncoderSwapSettings:
    """Settings of ``encoder-swap``."""

    minimum_rise: float
    """With the original encoder the distance must be above that before by more than this."""
    confidence: float = 0.95
    """Of the one-sided lower bound."""
    report_only: bool = False
    """Report instead of block."""

    def __post_init__(self) -> None:
        """Refuse settings under which the rule would ask for nothing."""
        check_above("minimum_rise", self.minimum_rise, 0)
        check_confidence(self.confidence)


def encoder_swap(measurements: Measurements, settings: EncoderSwapSettings) -> Answer:
    """The forget distance rises with the original encoder as well."""
    found = find_findings(measurements, "encoder-swap", ["original encoder"])
    if isinstance(found, str):
        return failed(found)
    (finding,) = found
    estimate = believed(finding)
    if isinstance(estimate, str):
        return failed(f"The rise with the original encoder {estimate}.")
    bound = lower_bound(estimate, settings.confidence)
    words = (
        f"with the original encoder the forget distance is {number(estimate.value)} above that "
        f"before (n = {finding.n}), with a one-sided {settings.confidence:.0%} lower bound of "
        f"{number(bound)}"
    )
    if not bound > settings.minimum_rise:
        return failed(
            f"Who has the original encoder has the images: {words}, which must be above "
            f"{settings.minimum_rise:g}."
        )
    return Answer(summary=f"{words[0].upper()}{words[1:]}.")
