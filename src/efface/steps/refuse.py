"""refuse: a model that the gate blocked leaves its reasons in MLflow, and no version."""

from pathlib import Path

from efface.errors import InputError
from efface.gate.reading import read_policy
from efface.gate.verdict import read_verdict
from efface.registry import record_refusal
from efface.settings import read_settings
from efface.steps.register import make_evidence


def run(
    *,
    verdict: Path,
    report: Path,
    page: Path,
    batch: Path,
    sets: Path,
    policy: str,
    name: str,
    registry: str,
    run_id: str,
    workspace: str,
    audit: Path | None = None,
) -> str:
    """Record why a model was blocked.

    Args:
        verdict: ``verdict.json`` of the gate.
        report: ``report.json`` that it judged; may be absent or damaged, which is a reason to
            block.
        page: evidence page.
        batch: ``batch.json`` of intake.
        sets: folder that the shard step wrote.
        policy: path of the policy.
        name: registered model in MLflow.
        registry: MLflow tracking address; empty for that of the environment.
        run_id: name of the run.
        workspace: place shared by the steps of the run.
        audit: ``audit.json``, where there is one.

    Returns:
        Id of the MLflow run.

    Raises:
        InputError: the verdict is passed.
        InfrastructureError: MLflow does not answer.
    """
    if read_verdict(verdict).passed:
        raise InputError(f"verdict {verdict} is passed: register the model with `efface register`")
    evidence = make_evidence(
        verdict=verdict,
        report=report,
        page=page,
        batch=batch,
        sets=sets,
        policy=read_policy(policy),
        run_id=run_id,
        audit=audit,
    )
    settings = read_settings()
    return record_refusal(
        evidence,
        name=name,
        registry=settings.registry_for(registry),
        mlflow_run_id=settings.mlflow_run_id,
    )
