"""The audit component: attack the unlearned model, beside controls."""

from kfp import dsl

from components.images import GPU


@dsl.component(base_image=GPU, install_kfp_package=False)
def audit(
    sets: dsl.Input[dsl.Dataset],
    before: dsl.Input[dsl.Model],
    after: dsl.Input[dsl.Model],
    policy: str,
    findings: dsl.Output[dsl.Artifact],
) -> list[str]:
    """Run the attacks that the policy names, and write down what came out.

    Args:
        sets: What shard wrote.
        before: The model in service.
        after: The unlearned model.
        policy: Policy, YAML: a path or s3://bucket/prefix/policy.yaml.
        findings: Every number with its count, interval and recipe, JSON; no image.

    Returns:
        Names of the attacks that were run.
    """
    from pathlib import Path

    from efface.steps import audit, task

    return task.call(
        audit.run,
        sets=Path(sets.path),
        before=Path(before.path),
        after=Path(after.path),
        policy=policy,
        out=Path(findings.path),
    )
