"""gate: judge a report. Always writes a verdict, also when there is nothing fit to be judged."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from efface.audit.record import read_audit
from efface.errors import EffaceError, InfrastructureError
from efface.evaluation.report import read_report
from efface.evidence.purge import open_run
from efface.files import sha256_bytes, sha256_file
from efface.gate.decide import blocked_verdict, decide
from efface.gate.origin import origin_problem
from efface.gate.reading import policy_bytes, read_policy
from efface.gate.verdict import Verdict, write_verdict
from efface.models.checkpoint import fingerprint, read_record
from efface.tickets.answer import write_answer

log = logging.getLogger(__name__)

T = TypeVar("T")


def run(
    *,
    report: Path,
    policy: str,
    after: Path,
    run_id: str,
    workspace: str,
    out: Path,
    audit: Path | None = None,
) -> bool:
    """Judge the report of a run.

    Args:
        report: ``report.json`` of the merge step.
        policy: path of the policy, or its s3:// address.
        after: folder of the unlearned model, which has to be the one that the report is about,
            trained with the policy's masks.
        run_id: name of the run.
        workspace: place shared by the steps of the run; gets the answer for its tickets.
        out: where ``verdict.json`` goes.
        audit: ``audit.json`` of the audit step; None where the policy has no rule about it.

    Returns:
        Whether the model passed. A blocked model is an answer, not an error.

    Raises:
        InfrastructureError: the policy's storage does not answer, or the verdict or the answer
            cannot be written.
    """
    verdict = judge(report, policy, after, audit)
    write_verdict(out, verdict)
    write_answer(open_run(workspace, run_id), passed=verdict.passed, reasons=verdict.reasons)
    for check in verdict.checks:
        log.info("gate=check rule=%s outcome=%s", check.rule, check.outcome)
    log.info("gate=done run=%s passed=%s reasons=%d", run_id, verdict.passed, len(verdict.reasons))
    return verdict.passed


def judge(report: Path, policy: str, after: Path, audit: Path | None = None) -> Verdict:
    """The verdict on these, blocked where one of them cannot be read."""
    known = {
        "policy_sha256": _or_empty(lambda: sha256_bytes(policy_bytes(policy))),
        "report_sha256": _or_empty(lambda: sha256_file(report)),
        "audit_sha256": _or_empty(lambda: sha256_file(audit)) if audit else "",
        "after": _or_empty(lambda: fingerprint(after)),
    }
    try:
        asked = "policy"
        rules = read_policy(policy)
        asked = "checkpoint"
        found = known["after"] or fingerprint(after)  # once more, for what is wrong with it
        record = read_record(after)
        asked = "report"
        scores = read_report(report)
        asked = "audit"
        attacks = read_audit(audit) if audit else None
    except InfrastructureError:
        raise  # asked again it may answer, and a "no" for want of an answer would stay
    except EffaceError as error:
        return blocked_verdict(f"{error}.", rule=asked, **known)
    except Exception as error:  # a gate that does not answer is a gate that is open
        reason = f"It cannot be read ({type(error).__name__}: {error})."
        return blocked_verdict(reason, rule=asked, **known)
    if scores.after != found:
        problem: str | None = (
            f"The report is about the model {str(scores.after)[:12]}, but the model given is "
            f"{found[:12]}: evaluate this model, then run the gate again."
        )
    else:
        problem = origin_problem(record, scores, rules)
    if problem:
        blocked = blocked_verdict(problem, rule="checkpoint", **known)
        return replace(blocked, before=str(scores.before))
    return decide(scores, rules, known["report_sha256"], attacks, known["audit_sha256"])


def _or_empty(find: Callable[[], str]) -> str:
    """A hash for the record, empty where there is nothing to hash; the reason follows later."""
    try:
        return find()
    except Exception:
        return ""
