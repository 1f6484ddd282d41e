"""Record what the gate said: a candidate version, or a run with the reasons and no version."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from efface.errors import BlockedError
from efface.gate.verdict import Verdict
from efface.models.checkpoint import fingerprint
from efface.models.stored_tensors import hash_tensors
from efface.registry.connection import connected
from efface.registry.evidence import (
    FOLDER,
    TAG_LIMIT,
    Evidence,
    headline_scores,
    judged,
    summary,
    tags,
)
from efface.registry.packing import log_painter
from efface.registry.runs import mlflow_run, record, upload
from efface.registry.service import (
    CANDIDATE,
    WEIGHTS,
    add_version,
    check_model_name,
    find_version,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)


def register_candidate(
    evidence: Evidence,
    *,
    model: Path,
    name: str,
    registry: str,
    mask: str,
    mlflow_run_id: str = "",
) -> dict[str, str]:
    """Register a model that passed, with its evidence, as ``candidate``; ``champion`` stays.

    Done again for the same run and weights, it gives the version that is there.

    Args:
        evidence: verdict, report, page and facts of the run.
        model: the unlearned model's folder.
        name: registered model.
        registry: MLflow tracking address.
        mask: default mask of the registered model.
        mlflow_run_id: MLflow run to go on with; empty for a new one.

    Returns:
        ``version``, ``uri``, ``model_fingerprint`` and ``mlflow_run_id``.

    Raises:
        BlockedError: the verdict is not passed, or is about other weights.
        InfrastructureError: MLflow does not answer; no version was made, or one with all its
            evidence.
    """
    check_model_name(name)
    verdict, _ = judged(evidence)
    found = fingerprint(model)
    if not verdict.passed or verdict.after != found:
        raise BlockedError(f"the verdict {evidence.verdict} does not pass the model {model}")
    files = evidence.files()
    with connected(registry) as client:
        known = find_version(
            client, name, efface_run_id=evidence.run_id, model_fingerprint=found, gate="passed"
        )
        if known:
            run, version = str(known.run_id), str(known.version)
        else:
            with mlflow_run(
                client, registry=registry, name=name, run_name=evidence.run_id, resume=mlflow_run_id
            ) as run:
                version = _add(client, run, evidence, files, model=model, name=name, mask=mask)
        client.set_registered_model_alias(name, CANDIDATE, version)
    logger.info("event=candidate_registered model=%s version=%s mlflow_run=%s", name, version, run)
    uri = f"models:/{name}/{version}"
    return {"version": version, "uri": uri, "model_fingerprint": found, "mlflow_run_id": run}


def record_refusal(evidence: Evidence, *, name: str, registry: str, mlflow_run_id: str = "") -> str:
    """Record that a model was blocked, and why: a run with the evidence, no model, no version.

    Returns:
        The MLflow run's id.

    Raises:
        InputError: no registry can store the name.
        InfrastructureError: MLflow does not answer.
    """
    check_model_name(name)
    verdict, _ = judged(evidence)
    if verdict.passed:
        raise ValueError("a passed verdict is no refusal")
    files = evidence.files()
    with (
        connected(registry) as client,
        mlflow_run(
            client, registry=registry, name=name, run_name=evidence.run_id, resume=mlflow_run_id
        ) as run,
    ):
        _describe(client, run, evidence, files)
    logger.info(
        "event=refusal_recorded model=%s mlflow_run=%s reasons=%d", name, run, len(verdict.reasons)
    )
    return run


def _add(
    client: "MlflowClient",
    run: str,
    evidence: Evidence,
    files: dict[str, Path],
    *,
    model: Path,
    name: str,
    mask: str,
) -> str:
    verdict, known = _describe(client, run, evidence, files)
    known = {**known, WEIGHTS: hash_tensors(model)}
    model_id = log_painter(model, mask=mask, metadata=known)
    return add_version(
        client,
        name,
        model_id=model_id,
        mlflow_run_id=run,
        tags=known,
        description=summary(evidence, verdict),
    )


def _describe(
    client: "MlflowClient", run: str, evidence: Evidence, files: dict[str, Path]
) -> tuple[Verdict, dict[str, str]]:
    """Upload the evidence, then scores, then tags."""
    verdict, report = judged(evidence)
    known = tags(evidence, verdict, report)
    upload(client, run, files, FOLDER)
    scores = headline_scores(report) if report else {}
    notes = {**known, "mlflow.note.content": summary(evidence, verdict)}
    if not verdict.passed:
        notes["reasons"] = "\n".join(verdict.reasons)[:TAG_LIMIT]
    record(client, run, scores, notes)
    return verdict, known
