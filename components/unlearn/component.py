"""The unlearn component: train the encoder to forget."""

from kfp import dsl

from components.images import GPU


@dsl.component(base_image=GPU, install_kfp_package=False)
def unlearn(
    sets: dsl.Input[dsl.Dataset],
    policy: str,
    model: str,
    registry: str,
    method: dict,
    run_id: str,
    workspace: str,
    before: dsl.Output[dsl.Model],
    after: dsl.Output[dsl.Model],
    training: dsl.Output[dsl.Metrics],
) -> None:
    """Take the model in service and make it forget the forget set; resumes after a kill.

    Args:
        sets: What shard wrote.
        policy: Policy, YAML: a path or s3://bucket/prefix/policy.yaml.
        model: The model in service: models:/NAME@champion, a folder or s3://bucket/prefix.
        registry: MLflow tracking address; empty for EFFACE_REGISTRY.
        method: Name and settings of the unlearning method; {} for the defaults.
        run_id: Name of this run; the training state of the same run is taken up again.
        workspace: Place that the tasks of a run share.
        before: The model in service, as it was found.
        after: The unlearned model.
        training: Losses and speed of the training.
    """
    from pathlib import Path

    from efface.steps import task, unlearn

    found = task.call(
        unlearn.run,
        sets=Path(sets.path),
        policy=policy,
        model=model,
        registry=registry,
        method=method,
        run_id=run_id,
        workspace=workspace,
        before=Path(before.path),
        after=Path(after.path),
    )
    training.metadata.update(found)
