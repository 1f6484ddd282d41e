"""What a rule is: a pure function of measurements and settings, and a dataclass of settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from efface.errors import ConfigError
from efface.gate.measurements import Measurements
from efface.shown import shown

REGIONS = ("hole", "full")
LARGEST_DISTANCE = 2.0
"""Where 1 - cosine ends, and so the largest rise that there is."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a rule found."""

    summary: str
    """What was found against what was asked, when it passed."""
    failures: list[str] = field(default_factory=list)
    """Why it did not pass, one full sentence each; empty when it passed."""


def no_images(settings: Any) -> Mapping[str, int]:
    """A rule for which no number of scored images is asked."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One entry of ``RULES``."""

    judge: Callable[[Measurements, Any], Answer]
    """Pure; gets the measurements and an instance of ``settings``."""
    settings: type[Any]
    """Frozen dataclass; its fields are the keys that the policy may give."""
    attack: str = ""
    """Attack of the audit that must have been run for it; empty: it looks at the report."""
    least_images: Callable[[Any], Mapping[str, int]] = no_images
    """Settings -> set -> fewest scored images; with fewer it blocks, whatever is trained."""


def check_regions(regions: list[str]) -> None:
    """Refuse regions that are not scored.

    Raises:
        ConfigError: none given, or one unknown or given twice.
    """
    if not regions or len(set(regions)) < len(regions) or not set(regions) <= set(REGIONS):
        raise ConfigError(f"regions is {regions}: use [hole], [full] or [hole, full]")


def check_confidence(confidence: float) -> None:
    """Refuse a confidence that would turn a bound into an excuse.

    Raises:
        ConfigError: not from 0.9 up to (not including) 1.
    """
    if not 0.9 <= confidence < 1:
        raise ConfigError(f"confidence is {confidence}: use 0.9 or more and below 1, such as 0.95")


def check_above(name: str, value: float, least: float) -> None:
    """Refuse a setting that is not above ``least``.

    Raises:
        ConfigError: it is not.
    """
    if not value > least:
        raise ConfigError(f"{name} is {value}: use a value above {least:g}")


def check_rise(name: str, value: float) -> None:
    """Refuse a rise of a distance that every change has, or none can have.

    Raises:
        ConfigError: not above 0 and below ``LARGEST_DISTANCE``.
    """
    if not 0 < value < LARGEST_DISTANCE:
        raise ConfigError(
            f"{name} is {value}: use a value above 0 and below {LARGEST_DISTANCE:g}, where 1 - "
            "cosine ends"
        )


def check_margin(name: str, value: float, most: float) -> None:
    """Refuse a margin that forbids what noise alone does, or allows whatever there is.

    Raises:
        ConfigError: not above 0 and up to ``most``.
    """
    if not 0 < value <= most:
        raise ConfigError(f"{name} is {value}: use a value above 0, up to {most:g}")


def check_at_least(name: str, value: float, least: float) -> None:
    """Refuse a setting below ``least``.

    Raises:
        ConfigError: it is.
    """
    if not value >= least:
        raise ConfigError(f"{name} is {value}: use {least:g} or more")


def check_at_most(name: str, value: float, most: float) -> None:
    """Refuse a setting above ``most``.

    Raises:
        ConfigError: it is.
    """
    if not value <= most:
        raise ConfigError(f"{name} is {value}: use {most:g} or less")


def check_one_of(name: str, value: str, accepted: tuple[str, ...]) -> None:
    """Refuse a word that is not known.

    Raises:
        ConfigError: naming the accepted words.
    """
    if value not in accepted:
        raise ConfigError(f"{name} is {shown(value)}: use one of {', '.join(accepted)}")
