"""Rule ``membership``: forgotten images are not told from images that the model never saw."""

from dataclasses import dataclass

from efface.errors import ConfigError
from efface.gate.measurements import Measurements
from efface.gate.rules.audited import failed, find_findings, share_ends
from efface.gate.rules.rule import Answer, check_at_least
from efface.gate.wording import number

CASES = ("forget after, AUC", "forget after, TPR at 1 % FPR")


@dataclass(frozen=True, kw_only=True)
class MembershipSettings:
    """Settings of ``membership``."""

    maximum_auc: float
    """The upper end of the interval of the AUC must be this or less; .5 is guessing."""
    minimum_auc: float = 0.0
    """The lower end must be this or more: painted worse than what was never seen is a sign too."""
    maximum_tpr: float = 0.1
    """Upper end of the share found at 1 % false positives: must be this or less; 1: not asked."""
    minimum_images: int = 100
    """Fewer images, of both sides together, show nothing."""
    report_only: bool = False
    """Report instead of block."""

    def __post_init__(self) -> None:
        """Refuse settings under which the rule would ask for nothing."""
        if not 0.5 < self.maximum_auc < 1:
            raise ConfigError(
                f"maximum_auc is {self.maximum_auc}: use a value above 0.5 and below 1"
            )
        if not 0 <= self.minimum_auc < 0.5:
            raise ConfigError(
                f"minimum_auc is {self.minimum_auc}: use 0 (not asked) or a value below 0.5"
            )
        if not 0.01 < self.maximum_tpr <= 1:
            raise ConfigError(
                f"maximum_tpr is {self.maximum_tpr}: use a share above 0.01, which guessing "
                "finds, or 1 (not asked)"
            )
        check_at_least("minimum_images", self.minimum_images, 2)


def membership(measurements: Measurements, settings: MembershipSettings) -> Answer:
    """Who hides a part of an image and compares what is painted learns nothing of its deletion."""
    cases = CASES if settings.maximum_tpr < 1 else CASES[:1]
    found = find_findings(measurements, "membership", cases)
    if isinstance(found, str):
        return failed(found)
    limits = [(settings.minimum_auc, settings.maximum_auc), (0.0, settings.maximum_tpr)]
    failures, told = [], []
    for finding, (least, most) in zip(found, limits, strict=False):
        ends = share_ends(finding)
        if isinstance(ends, str):
            failures.append(f"Membership, {finding.case}, {ends}.")
            continue
        words = f"{finding.case} {number(finding.value or 0)} ({number(ends[0])} to "
        words += f"{number(ends[1])}, n = {finding.n})"
        told.append(words)
        if finding.n < settings.minimum_images:
            failures.append(f"Membership, {words}: {settings.minimum_images} images are needed.")
        if ends[1] > most:
            failures.append(
                f"Forgotten images may be told from images never seen: {words}, whose upper end "
                f"must be {most:g} or less."
            )
        if ends[0] < least:
            failures.append(
                f"Forgotten images may be told by being painted worse than images never seen: "
                f"{words}, whose lower end must be {least:g} or more."
            )
    by = "" if settings.minimum_auc else " by being painted better (worse is not asked)"
    summary = f"Forgotten images are not told from images never seen{by}: {'; '.join(told)}."
    return Answer(summary=summary, failures=failures)
