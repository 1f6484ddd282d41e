"""The record of an audit, ``audit.json``: what each attack found. No image, no name of anybody."""

import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from efface.audit.settings import ATTACKS
from efface.errors import InputError
from efface.files import read_json, write_json
from efface.metrics.intervals import Estimate

VERSION = 1
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One number of an attack."""

    case: str
    """What was tried, such as jpeg:75 or forget; unique within the attack."""
    value: float | None
    """None where there is nothing to say; the note then says why."""
    unit: str
    """1 - cosine, steps, AUC, share or squared error."""
    n: int
    """Images behind the number."""
    clusters: int
    """Independent groups (subjects, or repeats) behind the interval."""
    standard_error: float | None = None
    degrees: float | None = None
    """Degrees of freedom of a Student interval; None where the interval is of another kind."""
    low: float | None = None
    """Lower end of the two-sided 95 % interval."""
    high: float | None = None
    """Upper end of the two-sided 95 % interval."""
    at_least: bool = False
    """The search ended before it found the value, which is therefore this high or higher."""
    note: str = ""
    """What a reader has to know to understand the number."""


@dataclass(frozen=True, kw_only=True)
class AttackResult:
    """What one attack found."""

    attack: str
    """One of ``ATTACKS``."""
    seed: int
    recipe: dict[str, Any]
    """All that the numbers depend on besides images and models."""
    findings: list[Finding]


@dataclass(frozen=True, kw_only=True)
class Audit:
    """All attacks on one model."""

    before: str
    """Fingerprint of the model in service."""
    after: str
    """Fingerprint of the unlearned model."""
    sets: dict[str, str]
    """Name of each set -> fingerprint of its samples."""
    settings: dict[str, Any]
    """The policy's section ``audit``, defaults filled in."""
    results: list[AttackResult]


def to_finding(case: str, unit: str, found: Estimate, note: str = "") -> Finding:
    """A finding of an estimate with its interval."""
    return Finding(case=case, unit=unit, note=note, **asdict(found))


def write_audit(path: Path, audit: Audit) -> None:
    """Write ``audit.json``, whole or not at all."""
    write_json(path, {"version": VERSION, **asdict(audit)})


def read_audit(path: Path) -> Audit:
    """Read ``audit.json``.

    Raises:
        InputError: absent, not JSON, of another version, or holding what does not belong: other
            fields, unknown attacks, one attack or case twice, values that are not finite numbers.
    """
    content = read_json(path, kind="audit", version=VERSION)
    content.pop("version")
    try:
        results = [
            _make(AttackResult, {**one, "findings": [_finding(f) for f in one["findings"]]})
            for one in content.pop("results")
        ]
        audit = _make(Audit, {**content, "results": results})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"audit {path} does not have the fields of version {VERSION} ({error}): make it again "
            "with `efface audit`"
        ) from None
    return audit


def _finding(given: dict[str, Any]) -> Finding:
    found = _make(Finding, given)
    for name in ("value", "standard_error", "degrees", "low", "high"):
        value = getattr(found, name)
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (plain and math.isfinite(value)):
            raise ValueError(f"{name} of {found.case!r} is {value!r}")
    if any(type(count) is not int or count < 0 for count in (found.n, found.clusters)):
        raise ValueError(f"{found.case!r} counts {found.n!r} images, {found.clusters!r} groups")
    if type(found.at_least) is not bool:
        raise ValueError(f"at_least of {found.case!r} is {found.at_least!r}")
    return found


def _make(shape: type[T], given: dict[str, Any]) -> T:
    """A dataclass of exactly its fields, with nothing in it twice."""
    names = {field.name for field in fields(shape)}  # type: ignore[arg-type]  # T is a dataclass
    if given.keys() != names:
        raise ValueError(f"fields {', '.join(sorted(given.keys() ^ names))} missing or unknown")
    if "attack" in given and given["attack"] not in ATTACKS:
        raise ValueError(f"attack {given['attack']!r} unknown")
    for part, key in (("results", "attack"), ("findings", "case")):
        keys = [getattr(one, key) for one in given.get(part, [])]
        if len(set(keys)) != len(keys):
            raise ValueError(f"{part} holds a {key} twice")
    return shape(**given)
