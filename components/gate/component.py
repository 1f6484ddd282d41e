"""The gate component: may this model be served?"""

from kfp import dsl

from components.images import CORE


@dsl.component(base_image=CORE, install_kfp_package=False)
def gate(
    report: dsl.Input[dsl.Artifact],
    audit: dsl.Input[dsl.Artifact],
    policy: str,
    after: dsl.Input[dsl.Model],
    run_id: str,
    workspace: str,
    verdict: dsl.Output[dsl.Artifact],
    summary: dsl.Output[dsl.Markdown],
    numbers: dsl.Output[dsl.Metrics],
) -> bool:
    """Hold the report against the policy; a blocked model is an answer, not an error.

    Args:
        report: What merge wrote.
        audit: What audit wrote.
        policy: Policy, YAML: a path or s3://bucket/prefix/policy.yaml.
        after: The unlearned model; its bytes must be those that the report is about.
        run_id: Name of this run.
        workspace: Place that the tasks of a run share.
        verdict: Passed or blocked, with every check and its reason, JSON.
        summary: The verdict for people.
        numbers: Whether it passed, and how many checks said what.

    Returns:
        Whether the model passed.
    """
    from pathlib import Path

    from efface.steps import gate, show, task

    passed = task.call(
        gate.run,
        report=Path(report.path),
        audit=Path(audit.path),
        policy=policy,
        after=Path(after.path),
        run_id=run_id,
        workspace=workspace,
        out=Path(verdict.path),
    )
    numbers.metadata.update(show.run(verdict=Path(verdict.path), out=Path(summary.path)))
    return passed
