"""The register component: a new model version with its evidence."""

from kfp import dsl

from components.images import GPU


@dsl.component(base_image=GPU, install_kfp_package=False)
def register(
    verdict: dsl.Input[dsl.Artifact],
    report: dsl.Input[dsl.Artifact],
    audit: dsl.Input[dsl.Artifact],
    page: dsl.Input[dsl.HTML],
    batch: dsl.Input[dsl.Dataset],
    sets: dsl.Input[dsl.Dataset],
    after: dsl.Input[dsl.Model],
    policy: str,
    name: str,
    registry: str,
    run_id: str,
    workspace: str,
) -> str:
    """Register a model that passed, under the alias candidate; refuses any other.

    Args:
        verdict: What the gate answered; it must have passed, and be about this model and report.
        report: What merge wrote.
        audit: What audit wrote.
        page: The evidence page.
        batch: What intake wrote.
        sets: What shard wrote.
        after: The unlearned model.
        policy: Policy, YAML: a path or s3://bucket/prefix/policy.yaml.
        name: Name of the registered model.
        registry: MLflow tracking address; empty for EFFACE_REGISTRY.
        run_id: Name of this run.
        workspace: Place that the tasks of a run share.

    Returns:
        The model version.
    """
    from pathlib import Path

    from efface.steps import register, task

    return task.call(
        register.run,
        verdict=Path(verdict.path),
        report=Path(report.path),
        audit=Path(audit.path),
        page=Path(page.path),
        batch=Path(batch.path) / "batch.json",
        sets=Path(sets.path),
        after=Path(after.path),
        policy=policy,
        name=name,
        registry=registry,
        run_id=run_id,
        workspace=workspace,
    )
