"""The TrainJob of a training on several nodes: what it holds, and what its state means.

API: Kubeflow Trainer 2.3, ``trainer.kubeflow.org/v1alpha1``. Its pods are what the launcher's own
pod is, on more nodes: same image, service account, variables, node selector and tolerations. They
share no disk; all they read and write lies in the exchange.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from efface.errors import InfrastructureError
from efface.training.spread import Spread

GROUP, VERSION, PLURAL = "trainer.kubeflow.org", "v1alpha1", "trainjobs"
NODE = "node"
"""What the runtime calls its replicated job, and the container in its pods."""
MANAGER = "efface/launcher"
"""Who owns our patches of the runtime."""
QUEUE = "kueue.x-k8s.io/queue-name"
LABELS = {"app.kubernetes.io/part-of": "efface", "app.kubernetes.io/managed-by": "efface"}
RUN, IDENTITY = "efface/run-id", "efface/identity"
"""Annotations: the run, and the hash of all it depends on."""
VARIABLES = ("AWS_", "EFFACE_", "MLFLOW_")
"""Beginnings of the variables that the nodes get too."""
OF_THE_LAUNCHER = (
    "EFFACE_PROGRESS",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
"""Variables that they do not get. Those of a workload identity name a file in the pod: EKS gives
them, with the file, to every pod of the account, but no file to one that has them already."""
GRACE = 60
"""Seconds that a pod gets to save its state after SIGTERM."""
USER = 65532
"""Of our images."""


@dataclass(frozen=True, kw_only=True)
class Own:
    """What the nodes have in common with the launcher's own pod, as Kubernetes writes it."""

    image: str
    env: list[dict[str, Any]] = field(default_factory=list)
    placement: dict[str, Any] = field(default_factory=dict)
    """Node selector, tolerations, affinity, service account, pull secrets."""
    owners: list[dict[str, Any]] = field(default_factory=list)
    """The Argo workflow of the run, so that what is left over goes with it. Not the pod: a retry is
    another pod, and the one before may be deleted while its TrainJob goes on."""


def own_of(pod: dict[str, Any]) -> Own:
    """What of a pod its nodes take over; secrets stay references."""
    spec = pod["spec"]
    containers = {container["name"]: container for container in spec["containers"]}
    main = containers.get("main", spec["containers"][0])
    owners = pod["metadata"].get("ownerReferences") or []
    named = ("apiVersion", "kind", "name", "uid")
    taken = ("affinity", "imagePullSecrets", "nodeSelector", "serviceAccountName", "tolerations")
    return Own(
        image=main["image"],
        env=[
            variable
            for variable in main.get("env", [])
            if variable["name"].startswith(VARIABLES) and variable["name"] not in OF_THE_LAUNCHER
        ],
        placement={name: spec[name] for name in taken if spec.get(name)},
        owners=[{key: o[key] for key in named} for o in owners if o["kind"] == "Workflow"],
    )


def name_of(run_id: str) -> str:
    """Name of a run's TrainJob: the same whenever it is asked, and short enough for its pods."""
    return f"efface-{hashlib.sha256(run_id.encode()).hexdigest()[:16]}"


def build(run_id: str, identity: str, exchange: str, spread: Spread, own: Own) -> dict[str, Any]:
    """The TrainJob of a run.

    Args:
        run_id: the run.
        identity: hash of all it depends on.
        exchange: s3:// address that holds the job.
        spread: nodes, and what each has.
        own: what the nodes have in common with the launcher.
    """
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "TrainJob",
        "metadata": {
            "name": name_of(run_id),
            "labels": {**LABELS, **({QUEUE: spread.queue} if spread.queue else {})},
            "annotations": {RUN: run_id, IDENTITY: identity},
            **({"ownerReferences": own.owners} if own.owners else {}),
        },
        "spec": {
            "runtimeRef": {"name": spread.runtime},
            "activeDeadlineSeconds": spread.node_timeout,
            "trainer": {
                "image": own.image,
                "command": ["python", "-m", "torch.distributed.run"],
                "args": ["-m", "efface.training.worker", exchange],
                "env": own.env,
                "numNodes": spread.nodes,
                "numProcPerNode": spread.processes_of_node,
                "resourcesPerNode": _resources(spread),
            },
            "runtimePatches": [_patch(own)],
        },
    }


def is_ours(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a TrainJob was made for the same run, and the same work."""
    notes = found["metadata"].get("annotations") or {}
    return bool(notes.items() >= wanted["metadata"]["annotations"].items())


def is_leaving(found: dict[str, Any]) -> bool:
    """Whether somebody has deleted it, and it only waits for its pods to end."""
    return bool(found["metadata"].get("deletionTimestamp"))


def is_complete(found: dict[str, Any]) -> bool:
    """Whether all its nodes have ended well."""
    return _condition(found, "Complete") is not None


def failure_of(found: dict[str, Any], troubles: str = "") -> InfrastructureError | None:
    """What Kubernetes says of a TrainJob that failed, and of its pods; None when it did not."""
    condition = _condition(found, "Failed")
    if condition is None:
        return None
    said = f"{condition.get('reason', '')}: {condition.get('message', '')}"
    said += f"; {troubles}" if troubles else ""
    return InfrastructureError(
        f"TrainJob {found['metadata']['name']} failed ({said}); run again under the same run id, "
        "it goes on where it was"
    )


def _condition(found: dict[str, Any], kind: str) -> dict[str, Any] | None:
    conditions = (found.get("status") or {}).get("conditions") or []
    true = [c for c in conditions if c["type"] == kind and c["status"] == "True"]
    return true[0] if true else None


def _resources(spread: Spread) -> dict[str, Any]:
    asked = {"cpu": str(spread.node_cpus), "memory": spread.node_memory}
    gpus = {spread.node_gpu_type: str(spread.node_gpus)} if spread.node_gpus else {}
    return {"requests": {**asked, **gpus}, "limits": {"memory": spread.node_memory, **gpus}}


def _patch(own: Own) -> dict[str, Any]:
    """Where the runtime's pods run, and that they may do no more than ours."""
    user = {"runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER}
    pod = {
        **own.placement,
        "terminationGracePeriodSeconds": GRACE,
        "securityContext": {**user, "seccompProfile": {"type": "RuntimeDefault"}},
        "volumes": [
            {"name": "tmp", "emptyDir": {}},
            {"name": "shm", "emptyDir": {"medium": "Memory"}},
        ],
        "containers": [
            {
                "name": NODE,
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": True,
                },
                "volumeMounts": [
                    {"name": "tmp", "mountPath": "/tmp"},
                    {"name": "shm", "mountPath": "/dev/shm"},
                ],
            }
        ],
    }
    template = {"metadata": {"labels": LABELS}, "spec": pod}
    job = {"name": NODE, "template": {"spec": {"template": template}}}
    return {
        "manager": MANAGER,
        "trainingRuntimeSpec": {"template": {"spec": {"replicatedJobs": [job]}}},
    }
