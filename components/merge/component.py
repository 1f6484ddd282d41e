"""The merge component: one report out of the statistics of all parts."""

from kfp import dsl

from components.images import GPU


@dsl.component(base_image=GPU, install_kfp_package=False)
def merge(
    statistics: dsl.Input[list[dsl.Artifact]],
    sets: dsl.Input[dsl.Dataset],
    before: dsl.Input[dsl.Model],
    after: dsl.Input[dsl.Model],
    policy: str,
    report: dsl.Output[dsl.Artifact],
    scores: dsl.Output[dsl.Metrics],
) -> None:
    """Merge the statistics of all parts into scores with intervals.

    Args:
        statistics: What the evaluate tasks wrote.
        sets: What shard wrote.
        before: The model in service.
        after: The unlearned model.
        policy: Policy, YAML: a path or s3://bucket/prefix/policy.yaml.
        report: Every score with its count, interval and recipe, JSON.
        scores: The headline scores.
    """
    from pathlib import Path

    from efface.steps import merge, task

    found = task.call(
        merge.run,
        statistics=[Path(part.path) for part in statistics],
        sets=Path(sets.path),
        before=Path(before.path),
        after=Path(after.path),
        policy=policy,
        out=Path(report.path),
    )
    scores.metadata.update(found)
