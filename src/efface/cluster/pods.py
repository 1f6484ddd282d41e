"""Why the pods of a run do not start, and what those that failed said last."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from efface.cluster.kubernetes_api import TIMEOUT, Refused, explained

RUN_LABEL = "pipeline/runid"
"""Label that KFP puts on every pod of a run."""
NODE_ANNOTATION = "workflows.argoproj.io/node-name"
CONTAINER = "main"
"""Container of an Argo pod that runs the task."""
GRACE = 60.0
"""Seconds a pod may take to start before anything is said: images are pulled, nodes are added."""
STORIES = {
    "CreateContainerConfigError": "make what it names: `efface doctor` lists it",
    "ErrImageNeverPull": "load the image onto the nodes, or give --pull-policy IfNotPresent",
    "ErrImagePull": "check --core-image and --gpu-image, and the nodes' right to pull",
    "FailedMount": "make the volume that it names: `efface doctor` lists what is needed",
    "ImagePullBackOff": "check --core-image and --gpu-image, and the nodes' right to pull",
    "InvalidImageName": "check --core-image and --gpu-image",
    "Unschedulable": "change node selector, tolerations, GPUs or memory of the run, or add a "
    "node that fits; it starts by itself when one is there",
}
"""What Kubernetes calls it -> what to do."""
WORD = re.compile(r"step=\w+ exit=\d+ (.*)|^([\w.]*(?:Error|Exception)\b.*)")


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A pod that does not start."""

    pod: str
    task: str
    seconds: float
    """How long it has waited."""
    reason: str
    """Kubernetes' own word."""
    message: str
    """Kubernetes' own sentence; may be empty."""

    @property
    def to_do(self) -> str:
        """What helps."""
        return STORIES.get(self.reason, f"look at `kubectl describe pod {self.pod}`")


def read_waiting(client: Any, namespace: str, run_id: str, now: datetime) -> list[Waiting]:
    """The pods of a run that should have started by now.

    Args:
        client: A client of the Kubernetes API.
        namespace: Where the run's pods are.
        run_id: KFP's id of the run.
        now: The time, with its zone.

    Raises:
        InputError: this identity may not look.
        InfrastructureError: the Kubernetes API fails.
    """
    from kubernetes.client import CoreV1Api

    api = CoreV1Api(client)
    pods = _pods(api, namespace, run_id)
    late = [pod for pod in pods if _seconds(pod, now) >= GRACE and pod.status.phase == "Pending"]
    events = _warnings(api, namespace) if late else []
    return [waiting_of(pod, events, _seconds(pod, now)) for pod in late]


def waiting_of(pod: Any, events: Iterable[Any], seconds: float) -> Waiting:
    """Why a pod waits: its containers, its conditions, else the last warning about it."""
    name = pod.metadata.name
    reason, message = _by_status(pod) or _by_event(name, events) or ("", "Kubernetes says nothing")
    words = " ".join((message or "").split())
    return Waiting(pod=name, task=task_of(pod), seconds=seconds, reason=reason, message=words)


def task_of(pod: Any) -> str:
    """Task that a pod belongs to: ``run.root...unlearn.executor(0)`` -> ``unlearn``."""
    path = (pod.metadata.annotations or {}).get(NODE_ANNOTATION, "")
    names = [re.sub(r"\(.*\)$", "", part) for part in path.split(".")]
    while len(names) > 1 and names[-1] in ("executor", ""):
        names.pop()
    return names[-1] or pod.metadata.name


def read_last_words(client: Any, namespace: str, run_id: str) -> dict[str, str]:
    """Task -> what its failed pod said last, as far as pods and logs are still there."""
    from kubernetes.client import CoreV1Api

    api = CoreV1Api(client)
    kept: dict[str, Any] = {"container": CONTAINER, "tail_lines": 40, "_request_timeout": TIMEOUT}
    found = {}
    for pod in _pods(api, namespace, run_id):
        if pod.status.phase == "Failed":
            with explained(f"log of {pod.metadata.name}"):
                log = api.read_namespaced_pod_log(pod.metadata.name, namespace, **kept)
            found[task_of(pod)] = last_word(log)
    return found


def last_word(log: str) -> str:
    """The line of a task's log that says what went wrong; the last one when none does."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    matches = [match for match in map(WORD.search, lines) if match]
    if matches:
        return matches[-1][1] or matches[-1][2]
    return lines[-1] if lines else "nothing"


def _pods(api: Any, namespace: str, run_id: str) -> list[Any]:
    selector = f"{RUN_LABEL}={run_id}"
    with explained(f"pods in namespace {namespace}"):
        found = api.list_namespaced_pod(
            namespace, label_selector=selector, _request_timeout=TIMEOUT
        )
    return list(found.items)


def _warnings(api: Any, namespace: str) -> list[Any]:
    """Events that tell of trouble; none where this identity may not read them."""
    try:
        with explained(f"events in namespace {namespace}"):
            found = api.list_namespaced_event(
                namespace, field_selector="type=Warning", _request_timeout=TIMEOUT
            )
    except Refused:
        return []
    return list(found.items)


def _by_status(pod: Any) -> tuple[str, str] | None:
    statuses = [*(pod.status.init_container_statuses or []), *(pod.status.container_statuses or [])]
    for status in statuses:
        waiting = status.state.waiting if status.state else None
        if waiting and waiting.reason not in (None, "ContainerCreating", "PodInitializing"):
            return waiting.reason, waiting.message
    for condition in pod.status.conditions or []:
        if condition.type == "PodScheduled" and condition.status == "False":
            return condition.reason or "Unschedulable", condition.message
    return None


def _by_event(name: str, events: Iterable[Any]) -> tuple[str, str] | None:
    about = [e for e in events if e.involved_object.name == name and e.type == "Warning"]
    return (about[-1].reason, about[-1].message) if about else None


def _seconds(pod: Any, now: datetime) -> float:
    created = pod.metadata.creation_timestamp or now
    return (now - created.astimezone(UTC)).total_seconds()
