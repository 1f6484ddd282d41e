"""What the launcher asks of Kubernetes: one TrainJob, its pods, their logs and events.

Rights of the launcher's service account, in the namespace of its pod (a Role):

    trainer.kubeflow.org   trainjobs   get create delete list watch
    (core)                 pods        get list
    (core)                 pods/log    get
    (core)                 events      list
"""

from datetime import UTC, datetime
from typing import Any

from efface.cluster.kubernetes_api import TIMEOUT, Absent, explained
from efface.cluster.pods import GRACE, waiting_of
from efface.cluster.trainjob import GROUP, NODE, PLURAL, VERSION

JOBSET = "jobset.sigs.k8s.io/jobset-name"
"""Label with the TrainJob's name on each of its pods."""
INDEX = "batch.kubernetes.io/job-completion-index"
"""Label with the number of the node."""
ASKED: dict[str, Any] = {"_request_timeout": TIMEOUT}


class TrainJobs:
    """The TrainJobs of a namespace."""

    def __init__(self, client: Any, namespace: str) -> None:
        """Ask nothing yet.

        Args:
            client: of the Kubernetes API.
            namespace: where the TrainJobs are.
        """
        from kubernetes.client import CoreV1Api, CustomObjectsApi

        self.client, self.namespace = client, namespace
        self._core, self._objects = CoreV1Api(client), CustomObjectsApi(client)

    def get(self, name: str) -> dict[str, Any] | None:
        """A TrainJob as it is now; None when there is none."""
        try:
            with explained(f"TrainJob {name}"):
                return dict(self._objects.get_namespaced_custom_object(*self._where, name, **ASKED))
        except Absent:
            return None

    def create(self, content: dict[str, Any]) -> bool:
        """Create a TrainJob; False when there is one of that name.

        Raises:
            InputError: Trainer is not installed, or this identity may not.
        """
        from kubernetes.client import ApiException

        name = content["metadata"]["name"]
        with explained(f"TrainJob {name} (is Kubeflow Trainer installed?)"):
            try:
                self._objects.create_namespaced_custom_object(*self._where, content, **ASKED)
            except ApiException as error:
                if error.status == 409:
                    return False
                raise
        return True

    def delete(self, name: str) -> None:
        """Delete a TrainJob and its pods; an absent one is fine."""
        try:
            with explained(f"TrainJob {name}"):
                self._objects.delete_namespaced_custom_object(
                    *self._where, name, propagation_policy="Foreground", **ASKED
                )
        except Absent:
            pass

    def pod(self, name: str) -> dict[str, Any]:
        """A pod, as Kubernetes writes it."""
        with explained(f"pod {name}"):
            found = self._core.read_namespaced_pod(name, self.namespace, **ASKED)
        return dict(self.client.sanitize_for_serialization(found))

    def troubles(self, name: str, now: datetime) -> list[str]:
        """One line for each pod of a TrainJob that failed, or should have started by now."""
        pods = self._pods(name)
        return [*filter(None, map(_ended, pods)), *self._late(pods, now)]

    def _late(self, pods: list[Any], now: datetime) -> list[str]:
        pending = [pod for pod in pods if pod.status.phase == "Pending"]
        late = [(pod, waited) for pod in pending if (waited := _seconds(pod, now)) >= GRACE]
        if not late:
            return []
        with explained("events"):
            events = self._core.list_namespaced_event(self.namespace, **ASKED).items
        waiting = [waiting_of(pod, events, waited) for pod, waited in late]
        return [f"pod={w.pod} waits reason={w.reason} {w.message}" for w in waiting]

    def log(self, name: str, since: int | None) -> str:
        """What the first node said, each line after its time; of the last ``since`` seconds."""
        pods = [p for p in self._pods(name) if (p.metadata.labels or {}).get(INDEX) == "0"]
        said = ""
        for pod in pods:
            if pod.status.phase != "Pending":
                with explained(f"log of {pod.metadata.name}"):
                    said += self._core.read_namespaced_pod_log(
                        pod.metadata.name,
                        self.namespace,
                        container=NODE,
                        timestamps=True,
                        **ASKED,
                        **({"since_seconds": since} if since else {}),
                    )
        return said

    def _pods(self, name: str) -> list[Any]:
        with explained(f"pods of TrainJob {name}"):
            found = self._core.list_namespaced_pod(
                self.namespace, label_selector=f"{JOBSET}={name}", **ASKED
            )
        return list(found.items)

    @property
    def _where(self) -> tuple[str, str, str, str]:
        return GROUP, VERSION, self.namespace, PLURAL


def _ended(pod: Any) -> str:
    """How the training in a pod ended; empty when it has not, or did well."""
    for status in pod.status.container_statuses or []:
        ended = status.state.terminated if status.state else None
        if status.name == NODE and ended and ended.exit_code:
            return f"pod={pod.metadata.name} ended exit={ended.exit_code} reason={ended.reason}"
    return ""


def _seconds(pod: Any, now: datetime) -> float:
    created = pod.metadata.creation_timestamp
    return float((now - created.astimezone(UTC)).total_seconds()) if created else 0.0
