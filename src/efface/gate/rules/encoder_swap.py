"""Rule ``encoder-swap``: the original encoder does not bring back what was forgotten.

Whatever moves the encoder alone fails it, and should: the encoder is then all that was unlearned.
It is for models whose decoder was unlearned too, and for those who want to be told.
"""

from efface.gate.intervals import lower_bound
from efface.gate.measurements import Measurements
from efface.gate.rules.audited import RiseSettings, believed, failed, find_findings
from efface.gate.rules.rule import Answer
from efface.gate.wording import number


def encoder_swap(measurements: Measurements, settings: RiseSettings) -> Answer:
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
