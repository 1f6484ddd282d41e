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
from components.images import CORE, GPU
from components.intake import intake
from components.merge import merge
from components.refuse import refuse
from components.register import register
from components.settle import settle
from components.shard import shard
from components.unlearn import unlearn
from efface.cluster.release import POLICY_FOLDER, POLICY_KEY
from pipelines.placement import CHOICES, NVIDIA, GpuNodes, Nodes, with_artifact_store

RUN_ID = dsl.PIPELINE_JOB_ID_PLACEHOLDER


@dsl.pipeline(name="efface-unlearn", description="Deletion tickets in, a model that forgot out.")
def unlearn_pipeline(
    tickets: str,
    dataset: str,
    model: str,
    name: str,
    workspace: str,
    policy: str = f"{POLICY_FOLDER}/{POLICY_KEY}",
    registry: str = "",
    method: dict = {},  # noqa: B006 (a pipeline parameter's default, never changed)
    sharding: dict = {},  # noqa: B006
    core_image: str = CORE,
    gpu_image: str = GPU,
    cpu: str = "1",
    memory: str = "4Gi",
    node_selector: dict = {},  # noqa: B006
    tolerations: list = [],  # noqa: B006
    gpus: str = "1",
    gpu_type: str = NVIDIA,
    gpu_cpu: str = "4",
    gpu_memory: str = "16Gi",
    gpu_node_selector: dict = {},  # noqa: B006
    gpu_tolerations: list = [],  # noqa: B006
    gpu_node_affinity: dict = {},  # noqa: B006
) -> None:
    """Work off the tickets that are due.

    Args:
        tickets: Place that holds the deletion tickets, a folder or s3://bucket/prefix.
        dataset: Place of the dataset that the model in service was trained on.
        model: The model in service: models:/NAME@champion, a folder or s3://bucket/prefix.
        name: Name of the registered model that gets the new version.
        workspace: Place that the tasks of a run share.
        policy: Path of the policy, YAML, or s3://bucket/prefix/policy.yaml.
        registry: MLflow tracking address; empty for EFFACE_REGISTRY of the release's settings.
        method: Name and settings of the unlearning method; {} for the defaults.
        sharding: How many images a shard and a task get; {} for the defaults.
        core_image: Image of the tasks without torch.
        gpu_image: Image of the tasks with torch, whether they get a GPU or not.
        cpu: Cores that a task without GPU asks for.
        memory: Memory of a task without GPU, asked for and at most.
        node_selector: Labels of the nodes for tasks without GPU.
        tolerations: Taints that tasks without GPU tolerate.
        gpus: GPUs of a task that trains or scores; "0" on a cluster that has none.
        gpu_type: Resource name of the GPUs.
        gpu_cpu: Cores that a task that trains or scores asks for.
        gpu_memory: Memory of a task that trains or scores, asked for and at most.
        gpu_node_selector: Labels of the nodes for tasks that train or score.
        gpu_tolerations: Taints that they tolerate beside nvidia.com/gpu.
        gpu_node_affinity: Node affinity of tasks that train or score.
    """
    images = {CORE: core_image, GPU: gpu_image}
    on_cpu = Nodes(
        images=images, cpu=cpu, memory=memory, selector=node_selector, tolerations=tolerations
    ).place
    on_gpu = GpuNodes(
        images=images,
        cpu=gpu_cpu,
        memory=gpu_memory,
        selector=gpu_node_selector,
        tolerations=gpu_tolerations,
        gpus=gpus,
        gpu_type=gpu_type,
        affinity=gpu_node_affinity,
    ).place
    run = {"run_id": RUN_ID, "workspace": workspace}
    settled = on_cpu(settle(tickets=tickets, **run), "Settle: answer tickets, delete copies")
    with_artifact_store(settled)
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
            every = {"items": sets.outputs["Output"], "parallelism": CHOICES.parallel}
            with dsl.ParallelFor(**every, name="Each part") as part:
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
