"""register: a model that passed the gate becomes a version in MLflow, with its evidence."""

import json
import logging
from collections.abc import Iterable
from pathlib import Path

from efface.audit.record import read_audit
from efface.errors import BlockedError, InputError
from efface.evaluation.report import read_report
from efface.evidence.page import page_verdict
from efface.files import sha256_file
from efface.gate.decide import decide
from efface.gate.origin import origin_problem
from efface.gate.policy import Policy
from efface.gate.reading import read_policy
from efface.gate.verdict import Verdict, read_verdict
from efface.models.checkpoint import fingerprint, read_record
from efface.registry import Evidence, register_candidate
from efface.settings import read_settings
from efface.steps.handover.batch_file import due, read_batch
from efface.steps.handover.sets_file import read_sets, set_fingerprints
from efface.storage import open_store

logger = logging.getLogger(__name__)

VERSION = 1
RECORD = "registered.json"
"""In the run's folder of the workspace: what was registered, for settle and for CI."""


def run(
    *,
    verdict: Path,
    report: Path,
    page: Path,
    batch: Path,
    sets: Path,
    after: Path,
    policy: str,
    name: str,
    registry: str,
    run_id: str,
    workspace: str,
    audit: Path | None = None,
) -> str:
    """Register the unlearned model, if these very files passed the gate.

    Args:
        verdict: ``verdict.json`` of the gate.
        report: ``report.json`` that it judged.
        page: evidence page.
        batch: ``batch.json`` of intake.
        sets: folder that the shard step wrote.
        after: the unlearned model's folder.
        policy: path of the policy.
        name: registered model in MLflow.
        registry: MLflow tracking address; empty for that of the environment.
        run_id: name of the run.
        workspace: place shared by the steps of the run; gets registered.json.
        audit: ``audit.json`` that the gate was given; None when it was given none.

    Returns:
        The model version.

    Raises:
        BlockedError: the verdict is not passed, or report, policy or model are not those it is
            about; or the report is not about these sets and tickets.
        InputError: batch or page are of another run, or one of the files is absent or damaged.
        InfrastructureError: MLflow does not answer.
    """
    rules, settings = read_policy(policy), read_settings()
    answer = read_verdict(verdict)
    check_verdict(answer, report=report, policy=rules, after=after, audit=audit)
    check_scored(report, sets)
    evidence = make_evidence(
        verdict=verdict,
        report=report,
        page=page,
        batch=batch,
        sets=sets,
        policy=rules,
        run_id=run_id,
        audit=audit,
    )
    made = register_candidate(
        evidence,
        model=after,
        name=name,
        registry=settings.registry_for(registry),
        mask=rules.masks.score[0],
        mlflow_run_id=settings.mlflow_run_id,
    )
    record = {**made, "version": VERSION, "name": name, "model_version": made["version"]}
    open_store(workspace).write(
        f"{run_id}/{RECORD}", (json.dumps(record, indent=2) + "\n").encode()
    )
    return made["version"]


def check_verdict(
    verdict: Verdict, *, report: Path, policy: Policy, after: Path, audit: Path | None = None
) -> None:
    """Make sure that the verdict passed, is about these files, and is what the gate says of them.

    Raises:
        BlockedError: it is not.
    """
    if not verdict.passed:
        raise BlockedError(f"the gate blocked this model: {' '.join(verdict.reasons)}")
    found = {
        "report_sha256": sha256_file(report),
        "policy_sha256": policy.sha256,
        "audit_sha256": sha256_file(audit) if audit else "",
        "after": fingerprint(after),
    }
    names = {"report_sha256": str(report), "policy_sha256": "policy", "after": f"model {after}"}
    names["audit_sha256"] = f"audit {audit or '(none given)'}"
    for field, value in found.items():
        if getattr(verdict, field) != value:
            raise BlockedError(
                f"{names[field]} is not the one that passed: it has {value[:12]}, the verdict is "
                f"about {getattr(verdict, field)[:12]}; run the gate on these files"
            )
    # The verdict is a file like any other: judge again, which costs nothing, rather than believe
    # it.
    attacks = read_audit(audit) if audit else None
    scores = read_report(report)
    if problem := origin_problem(read_record(after), scores, policy):
        raise BlockedError(f"the verdict says passed, but the gate blocks this model: {problem}")
    hashes = found["report_sha256"], attacks, found["audit_sha256"]
    again = decide(scores, policy, *hashes)
    if not again.passed:
        raise BlockedError(
            "the verdict says passed, but the gate blocks this report: it was edited"
        )
    if again != verdict:
        raise BlockedError(
            "the verdict is not, word for word, what the gate says of this report: it was edited, "
            "or is of another version of efface; run the gate again"
        )


def check_scored(report: Path, sets: Path) -> None:
    """Make sure that every set and ticket of the run is what the report is about.

    A ticket that was cut out of a report with all its scores leaves nothing that contradicts it.

    Raises:
        BlockedError: it is about others.
    """
    judged, plan = read_report(report), read_sets(sets)
    if judged.tickets != plan["tickets"] or judged.sets != set_fingerprints(plan):
        raise BlockedError(
            f"{report} is not about the tickets and sets of {sets}: merge the scores of this run "
            "again, and run the gate on them"
        )


def make_evidence(
    *,
    verdict: Path,
    report: Path,
    page: Path,
    batch: Path,
    sets: Path,
    policy: Policy,
    run_id: str,
    audit: Path | None = None,
) -> Evidence:
    """Gather what MLflow is told about a run.

    Raises:
        InputError: batch.json or sets.json is absent or damaged, or batch or page are of another
            run.
    """
    asked, plan = read_batch(batch), read_sets(sets)
    claimed = {ticket["ticket_id"] for ticket in due(asked)}
    if asked["run_id"] != run_id or claimed != plan["tickets"].keys():
        raise InputError(
            f"{batch} is of run {asked['run_id']!r} with the tickets {_listed(claimed)}; this is "
            f"run {run_id!r} with {_listed(plan['tickets'])}: give the batch of this run"
        )
    if page_verdict(page) != sha256_file(verdict):
        raise InputError(
            f"page {page} does not show the verdict {verdict}: make it again with `efface explain`"
        )
    return Evidence(
        run_id=run_id,
        verdict=verdict,
        report=report,
        page=page,
        policy_name=policy.name,
        policy_sha256=policy.sha256,
        forget_pictures=policy.privacy.forget_pictures,
        tickets=len(claimed),
        audit=audit,
        dataset_sha256=plan["dataset_sha256"],
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
