"""Rule ``detector``: the output does not betray that something was deleted."""

from dataclasses import dataclass

from efface.gate.measurements import Measurements
from efface.gate.rules.audited import failed, find_findings, share_ends
from efface.gate.rules.rule import Answer, check_at_least, check_margin
from efface.gate.wording import number

GUESSING = 0.5
"""AUC of who knows nothing."""


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """Settings of ``detector``."""

    margin: float
    """The upper end of the AUC after may be above that before (or guessing) by less than this."""
    minimum_images: int = 100
    """Fewer images, of both sides together, show nothing."""
    report_only: bool = False
    """Report instead of block."""

    def __post_init__(self) -> None:
        """Refuse settings under which nothing could pass, or anything."""
        check_margin("margin", self.margin, 1 - GUESSING)
        check_at_least("minimum_images", self.minimum_images, 2)


def detector(measurements: Measurements, settings: DetectorSettings) -> Answer:
    """A classifier tells forget from never seen by the output no better than it did before."""
    found = find_findings(measurements, "detector", ["before", "after"])
    if isinstance(found, str):
        return failed(found)
    before, after = found
    ends = [share_ends(finding) for finding in found]
    for finding, one in zip(found, ends, strict=True):
        if isinstance(one, str):
            return failed(f"The detector's AUC {finding.case} {one}.")
    if (least := min(before.n, after.n)) < settings.minimum_images:
        return failed(f"The detector saw {least} images; {settings.minimum_images} are needed.")
    reference = max(float(before.value or 0), GUESSING)
    words = (
        f"AUC {number(float(before.value or 0))} before and {number(float(after.value or 0))} "
        f"after (upper end {number(float(after.high or 0))}, n = {after.n})"
    )
    if not float(after.high or 0) < reference + settings.margin:
        return failed(
            f"The output may betray the deletion: {words}; the upper end must be below "
            f"{number(reference + settings.margin)}."
        )
    return Answer(summary=f"The output betrays the deletion no better than before: {words}.")
