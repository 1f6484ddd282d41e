"""The evaluate component: score one part, before and after."""

from kfp import dsl

from components.images import GPU


@dsl.component(base_image=GPU, install_kfp_package=False)
def evaluate(
    shard: str,
    sets: dsl.Input[dsl.Dataset],
    before: dsl.Input[dsl.Model],
    after: dsl.Input[dsl.Model],
    policy: str,
    run_id: str,
    workspace: str,
    statistics: dsl.Output[dsl.Artifact],
) -> int:
    """Reduce one part of one set to statistics that merge, for the model before and after.

    Args:
        shard: Name of the part, one of those that shard returned.
        sets: What shard wrote.
        before: The model in service.
        after: The unlearned model.
        policy: Policy, YAML: a path or s3://bucket/prefix/policy.yaml.
        run_id: Name of the run.
        workspace: Place that the tasks of a run share.
        statistics: Sums, moments and paired distances; no image.

    Returns:
        How many images were scored.
    """
    from pathlib import Path

    from efface.steps import evaluate, task

    return task.call(
        evaluate.run,
        shard=shard,
        sets=Path(sets.path),
        before=Path(before.path),
        after=Path(after.path),
        policy=policy,
        run_id=run_id,
        workspace=workspace,
        out=Path(statistics.path),
    )
