"""The verdict: passed or blocked, every check that led there, and what it was about."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_type_hints

from efface.errors import ConfigError, InputError
from efface.files import read_json, write_json
from efface.gate.fields import check_value

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Check:
    """One rule's answer."""

    rule: str
    """Name of the rule in the policy."""
    passed: bool
    reason: str
    """What was found, against what was asked; full sentences, also when it passed."""
    blocking: bool = True
    """False where the policy asks to report instead of block."""

    @property
    def blocks(self) -> bool:
        """Whether this check alone keeps the model back."""
        return self.blocking and not self.passed

    @property
    def outcome(self) -> str:
        """One word for the log and for counts: passed, blocked, or reported."""
        return "passed" if self.passed else "blocked" if self.blocking else "reported"

    @property
    def word(self) -> str:
        """One word for a person: passed, blocked, or reports, whether what it asks held or not."""
        return self.outcome if self.blocking else "reports"

    @property
    def told(self) -> str:
        """The reason for a person; of a rule that only reports, first whether it held."""
        if self.blocking:
            return self.reason
        return f"{'Held' if self.passed else 'Did not hold'}. {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The gate's answer. Passed only if every check that blocks passed."""

    passed: bool
    reasons: list[str]
    """Why it is blocked, one sentence each; empty when passed."""
    checks: list[Check]
    policy_sha256: str
    report_sha256: str
    before: str
    """Fingerprint of the model in service; empty when the report could not be read."""
    after: str
    """Fingerprint of the model judged; empty when it could not be read."""
    audit_sha256: str = ""
    """Empty when there was no audit."""

    @property
    def counted(self) -> str:
        """How many of the checks that may block passed, and how many only report, for a person."""
        blocking = [check.passed for check in self.checks if check.blocking]
        others = len(self.checks) - len(blocking)
        told = f"{sum(blocking)} of {len(blocking)} checks passed"
        return f"{told}; {others} more only report{'s' if others == 1 else ''}" if others else told


def write_verdict(path: Path, verdict: Verdict) -> None:
    """Write ``verdict.json``, whole or not at all."""
    write_json(path, {"version": VERSION, **asdict(verdict)})


def read_verdict(path: Path) -> Verdict:
    """Read ``verdict.json``.

    Raises:
        InputError: absent, not JSON, of another version, or with fields that do not belong.
    """
    content = read_json(path, kind="verdict", version=VERSION)
    content.pop("version")
    try:
        checks = [Check(**check) for check in content.pop("checks")]
        found = Verdict(checks=checks, **content)
        for one in (found, *checks):
            for name, hint in get_type_hints(type(one)).items():
                if name != "checks":
                    check_value(getattr(one, name), hint, name)
        return found
    except (ConfigError, KeyError, TypeError) as error:
        raise InputError(
            f"verdict {path} does not have the fields of version {VERSION}: {error}"
        ) from None
