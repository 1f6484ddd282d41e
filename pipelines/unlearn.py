"""The graph that brings deletion tickets to a model that has forgotten, or to a refusal.

intake -+- due --> shard -> unlearn -+-> evaluate (each part) -> merge -+-> gate -> explain
        |                            +-> audit -------------------------+    |
        |                                                                    +- passed -> register
        |                                                                    +- blocked -> refuse
        +- nothing due -> idle
settle, always
"""

from kfp import dsl

from components.audit import audit
from components.evaluate import evaluate
from components.explain import explain
from components.gate import gate
from components.idle import idle
from components.intake import intake
from components.merge import merge
from components.refuse import refuse
from components.register import register
from components.settle import settle
from components.shard import shard
from components.unlearn import unlearn
from pipelines.placement import on_cpu, on_gpu

RUN_ID = dsl.PIPELINE_JOB_ID_PLACEHOLDER


@dsl.pipeline(name="efface-unlearn", description="Deletion tickets in, a model that forgot out.")
def unlearn_pipeline(
    tickets: str,
    dataset: str,
    policy: str,
    model: str,
    registry: str,
    name: str,
    workspace: str,
    method: dict = {},  # noqa: B006 (a pipeline parameter's default, never changed)
    sharding: dict = {},  # noqa: B006
) -> None:
    """Work off the tickets that are due.

    Args:
        tickets: Place that holds the deletion tickets, a folder or s3://bucket/prefix.
        dataset: Place of the dataset that the model in service was trained on.
        policy: Path of the policy, YAML.
        model: The model in service: models:/NAME@champion, or a folder.
        registry: MLflow tracking address.
        name: Name of the registered model that gets the new version.
        workspace: Place that the tasks of a run share.
        method: Name and settings of the unlearning method; {} for the defaults.
        sharding: How many images a shard and a task get; {} for the defaults.
    """
    run = {"run_id": RUN_ID, "workspace": workspace}
    settled = on_cpu(settle(tickets=tickets, **run), "Settle: answer tickets, delete copies")
    with dsl.ExitHandler(settled, name="Work off the tickets"):
        batch = on_cpu(intake(tickets=tickets, dataset=dataset, **run), "Take the due tickets")
        with dsl.If(batch.outputs["Output"] > 0, name="due"):
            sets = on_gpu(
                shard(batch=batch.outputs["batch"], policy=policy, settings=sharding, **run),
                "Make the sets",
            )
            work = {"sets": sets.outputs["sets"], "policy": policy}
            models = on_gpu(
                unlearn(model=model, registry=registry, method=method, **work, **run),
                "Unlearn",
            )
            work |= {"before": models.outputs["before"], "after": models.outputs["after"]}
            with dsl.ParallelFor(sets.outputs["Output"], name="Each part") as part:
                scored = on_gpu(evaluate(shard=part, **work, **run), "Score before and after")
            merged = on_cpu(
                merge(statistics=dsl.Collected(scored.outputs["statistics"]), **work),
                "Merge the scores",
            )
            attacked = on_gpu(audit(**work), "Attack it, beside controls")
            found = {"report": merged.outputs["report"], "audit": attacked.outputs["findings"]}
            judged = on_cpu(
                gate(policy=policy, after=work["after"], **found, **run), "May it be served?"
            )
            found["verdict"] = judged.outputs["verdict"]
            page = on_cpu(explain(**found, **work), "Write the evidence")
            record = {**found, "page": page.outputs["page"]}
            record |= {"batch": batch.outputs["batch"], "sets": work["sets"], "policy": policy}
            record |= {"name": name, "registry": registry, **run}
            with dsl.If(judged.outputs["Output"] == True, name="passed"):  # noqa: E712
                on_cpu(register(after=work["after"], **record), "Register the candidate")
            with dsl.Else(name="blocked"):
                on_cpu(refuse(**record), "Record the refusal")
        with dsl.Else(name="nothing-due"):
            on_cpu(idle(), "Nothing is due")
