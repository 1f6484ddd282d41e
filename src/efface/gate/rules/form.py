"""Rules ``sample-counts`` and ``hygiene``: enough was measured, and only the encoder moved."""

from dataclasses import asdict, dataclass, field

from efface.data.set_names import SETS
from efface.errors import ConfigError
from efface.gate.measurements import Measurements
from efface.gate.rules.rule import Answer
from efface.gate.wording import named


@dataclass(frozen=True, kw_only=True)
class SampleCountSettings:
    """Settings of ``sample-counts``."""

    minimum: dict[str, int] = field(
        default_factory=lambda: {"forget": 20, "holdout": 500, "neighbours": 50}
    )
    """Set -> fewest images behind any distance or FID of the whole set."""
    report_only: bool = False
    """Report instead of block."""

    def __post_init__(self) -> None:
        """Refuse unknown sets and counts that ask for nothing."""
        if not self.minimum or not set(self.minimum) <= set(SETS):
            raise ConfigError(f"minimum is {self.minimum}: name sets among {', '.join(SETS)}")
        for name, count in self.minimum.items():
            if count < 1:
                raise ConfigError(f"minimum.{name} is {count}: use 1 or more")


@dataclass(frozen=True, kw_only=True)
class HygieneSettings:
    """Settings of ``hygiene``."""

    report_only: bool = False
    """Report instead of block."""


def sample_counts(measurements: Measurements, settings: SampleCountSettings) -> Answer:
    """Each set was scored on enough images."""
    failures: list[str] = []
    found: dict[str, int] = {}
    for name, least in settings.minimum.items():
        counts = [score.n for score in measurements.totals(name)]
        if not counts:
            failures.append(f"The report has no score of the whole {name} set.")
        elif any(type(n) is not int for n in counts):
            failures.append(f"A score of the {name} set does not say how many images it rests on.")
        elif min(counts) < least:
            failures.append(
                f"The {name} set has scores of {min(counts)} images; {least} are needed."
            )
        else:
            found[name] = min(counts)
    counted = ", ".join(f"{name} {n}" for name, n in found.items())
    return Answer(summary=f"Enough images were scored: {counted}.", failures=failures)


def hygiene(measurements: Measurements, settings: HygieneSettings) -> Answer:
    """The new checkpoint is that of the model in service, but for the weights of the encoder."""
    found = measurements.report.hygiene
    if found is None:
        return Answer(summary="", failures=["The two checkpoints were not compared."])
    words = {
        "unexpected_keys": "has tensors that the model in service has not",
        "missing_keys": "lacks tensors of the model in service",
        "moved_outside_encoder": "moved tensors outside the encoder",
        "not_finite": "holds NaN or infinity",
        "changed_settings": "has other settings than the model in service",
    }
    failures = []
    for name, different in asdict(found).items():
        if not isinstance(different, list):
            failures.append(f"The comparison of the checkpoints does not list its {name}.")
        elif different:
            listed = named([str(one) for one in different])
            failures.append(f"The new checkpoint {words[name]}: {listed}.")
    summary = (
        "The new checkpoint has the tensors and settings of the model in service, only encoder "
        "weights moved, and all are finite."
    )
    return Answer(summary=summary, failures=failures)
