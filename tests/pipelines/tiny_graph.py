"""A graph of the same shape as unlearn's, with steps that do nothing or fail on demand."""

from kfp import dsl


@dsl.component(base_image="python", install_kfp_package=False)
def intake(due: int) -> int:
    from efface.steps.task import announced

    with announced("intake"):
        return due


@dsl.component(base_image="python", install_kfp_package=False)
def unlearn(fault: str, after: dsl.Output[dsl.Model]) -> list[str]:
    import os

    from efface.errors import InfrastructureError, InputError
    from efface.steps import task

    def run() -> None:
        if fault == "input":
            raise InputError("learning rate 9 is too high: use 1e-4")
        if fault == "infrastructure":
            raise InfrastructureError("disk full")
        if fault == "defect":
            raise ZeroDivisionError("a bug")
        if fault == "killed":
            os.kill(os.getpid(), 9)

    run.__module__ = "efface.steps.unlearn"
    task.call(run)
    os.makedirs(after.path)
    return ["a", "b", "c"]


@dsl.component(base_image="python", install_kfp_package=False)
def evaluate(shard: str, after: dsl.Input[dsl.Model], statistics: dsl.Output[dsl.Artifact]):
    from efface.progress import track
    from efface.steps.task import announced

    with announced("evaluate"), track(shard, 2) as progress:
        progress.advance(2)
        with open(statistics.path, "w") as stream:
            stream.write(shard)


@dsl.component(base_image="python", install_kfp_package=False)
def merge(statistics: dsl.Input[list[dsl.Artifact]], report: dsl.Output[dsl.Artifact]):
    from pathlib import Path

    parts = [Path(part.path).read_text() for part in statistics]
    with open(report.path, "w") as stream:
        stream.write(",".join(parts))


@dsl.component(base_image="python", install_kfp_package=False)
def gate(
    passes: bool,
    report: dsl.Input[dsl.Artifact],
    run_id: str,
    workspace: str,
    verdict: dsl.Output[dsl.Artifact],
) -> bool:
    import json
    import os

    os.makedirs(f"{workspace}/{run_id}", exist_ok=True)
    for path in (f"{workspace}/{run_id}/outcome.json", verdict.path):
        with open(path, "w") as stream:
            json.dump({"passed": passes, "reasons": []}, stream)
    return passes


@dsl.component(base_image="python", install_kfp_package=False)
def note(name: str, workspace: str):
    import os

    os.makedirs(workspace, exist_ok=True)
    with open(f"{workspace}/{name}", "w") as stream:
        stream.write(name)


@dsl.component(base_image="python", install_kfp_package=False)
def settle(workspace: str, run_id: str):
    import os

    os.makedirs(workspace, exist_ok=True)
    with open(f"{workspace}/settled", "w") as stream:
        stream.write(run_id)


@dsl.pipeline(name="tiny")
def tiny(workspace: str, due: int = 1, fault: str = "", passes: bool = True):
    run_id = dsl.PIPELINE_JOB_ID_PLACEHOLDER
    with dsl.ExitHandler(settle(workspace=workspace, run_id=run_id)):
        taken = intake(due=due)
        with dsl.If(taken.output > 0):
            model = unlearn(fault=fault).set_retry(3)
            with dsl.ParallelFor(model.outputs["Output"]) as part:
                scored = evaluate(shard=part, after=model.outputs["after"])
            merged = merge(statistics=dsl.Collected(scored.outputs["statistics"]))
            judged = gate(
                passes=passes, report=merged.outputs["report"], run_id=run_id, workspace=workspace
            )
            with dsl.If(judged.outputs["Output"] == True):  # noqa: E712
                note(name="registered", workspace=workspace)
            with dsl.Else():
                note(name="refused", workspace=workspace)
        with dsl.Else():
            note(name="idle", workspace=workspace)
