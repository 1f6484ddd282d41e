"""The shard component: the sets that a run trains on and scores, as tar shards."""

from kfp import dsl

from components.images import GPU


@dsl.component(base_image=GPU, install_kfp_package=False)
def shard(
    batch: dsl.Input[dsl.Dataset],
    policy: str,
    settings: dict,
    run_id: str,
    workspace: str,
    sets: dsl.Output[dsl.Dataset],
) -> list[str]:
    """Write the forget, retain, neighbours, control and holdout sets as shards with manifests.

    Args:
        batch: What intake wrote.
        policy: Policy, YAML: a path or s3://bucket/prefix/policy.yaml.
        settings: How many images a shard and a task get; {} for the defaults.
        run_id: Name of this run.
        workspace: Place that the tasks of a run share.
        sets: The sets of the run, each a folder of tar shards and a Parquet manifest.

    Returns:
        Names of the parts to score, one for each evaluate task.
    """
    from pathlib import Path

    from efface.steps import shard, task

    return task.call(
        shard.run,
        batch=Path(batch.path),
        policy=policy,
        run_id=run_id,
        workspace=workspace,
        settings=settings,
        out=Path(sets.path),
    )
