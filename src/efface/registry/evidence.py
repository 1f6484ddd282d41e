"""What MLflow is told about a run: tags, scores, files. Hashes and counts, never who it was."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from efface import __version__
from efface.errors import BlockedError, InputError
from efface.evaluation.report import Report, read_report
from efface.evidence.page import shows_forget_pictures
from efface.files import sha256_file
from efface.gate.verdict import Verdict, read_verdict

FOLDER = "evidence"
"""Folder of a run's artifacts that holds report.json, verdict.json, audit.json and page.html."""
TAG_LIMIT = 4000
"""Characters of a tag; MLflow refuses much longer ones."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that is recorded beside a model, or instead of one."""

    run_id: str
    """Of efface, not of MLflow."""
    verdict: Path
    report: Path
    page: Path
    policy_name: str
    policy_sha256: str
    forget_pictures: bool
    """Whether the policy allows pictures of the forget set to persist."""
    tickets: int
    """Deletion tickets that the run worked on."""
    dataset_sha256: str
    """Of the dataset's manifest."""
    audit: Path | None = None
    """None where there was no audit."""

    def files(self) -> dict[str, Path]:
        """Name in the registry -> file; the page only when it shows nothing that must not persist.

        Paths of pipeline artifacts have no suffix, and MLflow shows a file by its suffix.

        Raises:
            BlockedError: the page shows forget images and the policy does not allow it.
        """
        if self.page.is_file() and not self.forget_pictures and shows_forget_pictures(self.page):
            raise BlockedError(
                f"page {self.page} shows forget images, which policy {self.policy_name!r} does not "
                "allow to persist: make it again with `efface explain`"
            )
        given = {
            "verdict.json": self.verdict,
            "report.json": self.report,
            "page.html": self.page,
            "audit.json": self.audit,
        }
        return {name: path for name, path in given.items() if path is not None and path.is_file()}


def judged(evidence: Evidence) -> tuple[Verdict, Report | None]:
    """The verdict, and the report where there is one that can be read."""
    try:
        report = read_report(evidence.report)
    except InputError:
        report = None
    return read_verdict(evidence.verdict), report


def tags(evidence: Evidence, verdict: Verdict, report: Report | None) -> dict[str, str]:
    """Tags of a run and of a model version. Information for people; the proof is the verdict."""
    known = {
        "gate": "passed" if verdict.passed else "blocked",
        "policy": evidence.policy_name,
        "policy_sha256": evidence.policy_sha256,
        "report_sha256": verdict.report_sha256,
        "audit_sha256": verdict.audit_sha256,
        "verdict_sha256": sha256_file(evidence.verdict),
        "base_fingerprint": verdict.before,
        "model_fingerprint": verdict.after,
        "dataset_sha256": evidence.dataset_sha256,
        "data_fingerprint": data_fingerprint(report) if report else "",
        "tickets": str(evidence.tickets),
        "efface_run_id": evidence.run_id,
        "efface_version": __version__,
    }
    return {name: value for name, value in known.items() if value}


def data_fingerprint(report: Report) -> str:
    """One hash over the fingerprints of all sets."""
    return hashlib.sha256(json.dumps(report.sets, sort_keys=True).encode()).hexdigest()


def headline_scores(report: Report) -> dict[str, float]:
    """Every score over all tickets and subjects together, under a name that MLflow takes.

    ``distance.forget.centre-4x4.hole.change``: metric, set, mask, region, side.
    """
    return {
        re.sub(r"[^\w./ -]", "-", ".".join((s.metric, s.set, s.mask, s.region, s.side))): s.value
        for s in report.scores
        if not s.ticket and not s.subject and s.value is not None
    }


def summary(evidence: Evidence, verdict: Verdict) -> str:
    """A few lines of Markdown for MLflow's description field."""
    if verdict.passed:
        first = f"Passed policy `{evidence.policy_name}`: {verdict.counted}."
    else:
        first = f"**Blocked** by policy `{evidence.policy_name}`; no model version was made."
    reasons = "".join(f"\n- {reason}" for reason in verdict.reasons)
    last = (
        f"\n\nefface run `{evidence.run_id}`, deletion tickets: {evidence.tickets}. "
        f"Evidence: the run's artifacts, `{FOLDER}/`."
    )
    return (first + reasons)[: TAG_LIMIT - len(last)] + last
