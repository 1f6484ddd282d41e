"""The explain component: the evidence page."""

from kfp import dsl

from components.images import GPU


@dsl.component(base_image=GPU, install_kfp_package=False)
def explain(
    report: dsl.Input[dsl.Artifact],
    audit: dsl.Input[dsl.Artifact],
    verdict: dsl.Input[dsl.Artifact],
    sets: dsl.Input[dsl.Dataset],
    before: dsl.Input[dsl.Model],
    after: dsl.Input[dsl.Model],
    policy: str,
    page: dsl.Output[dsl.HTML],
) -> None:
    """Write one self-contained page with the verdict, the scores and pictures.

    Args:
        report: What merge wrote.
        audit: What audit wrote.
        verdict: What the gate answered.
        sets: What shard wrote; its forget images are shown only if the policy says so.
        before: The model in service.
        after: The unlearned model.
        policy: Policy, YAML: a path or s3://bucket/prefix/policy.yaml.
        page: The page, HTML with its images inside.
    """
    from pathlib import Path

    from efface.steps import explain, task

    task.call(
        explain.run,
        report=Path(report.path),
        audit=Path(audit.path),
        verdict=Path(verdict.path),
        sets=Path(sets.path),
        before=Path(before.path),
        after=Path(after.path),
        policy=policy,
        out=Path(page.path),
    )
