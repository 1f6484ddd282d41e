"""The refuse component: put on record why a model was blocked."""

from kfp import dsl

from components.images import GPU


@dsl.component(base_image=GPU, install_kfp_package=False)
def refuse(
    verdict: dsl.Input[dsl.Artifact],
    report: dsl.Input[dsl.Artifact],
    audit: dsl.Input[dsl.Artifact],
    page: dsl.Input[dsl.HTML],
    batch: dsl.Input[dsl.Dataset],
    sets: dsl.Input[dsl.Dataset],
    policy: str,
    name: str,
    registry: str,
    run_id: str,
    workspace: str,
) -> str:
    """Record the verdict, the report and the page of a blocked model; no model version is made.

    Args:
        verdict: What the gate answered.
        report: What merge wrote.
        audit: What audit wrote.
        page: The evidence page.
        batch: What intake wrote.
        sets: What shard wrote.
        policy: Policy, YAML: a path or s3://bucket/prefix/policy.yaml.
        name: Name of the registered model that stays as it is.
        registry: MLflow tracking address; empty for EFFACE_REGISTRY.
        run_id: Name of this run.
        workspace: Place that the tasks of a run share.

    Returns:
        Id of the MLflow run that holds the record.
    """
    from pathlib import Path

    from efface.steps import refuse, task

    return task.call(
        refuse.run,
        verdict=Path(verdict.path),
        report=Path(report.path),
        audit=Path(audit.path),
        page=Path(page.path),
        batch=Path(batch.path) / "batch.json",
        sets=Path(sets.path),
        policy=policy,
        name=name,
        registry=registry,
        run_id=run_id,
        workspace=workspace,
    )
