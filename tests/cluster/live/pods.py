"""The pods of a run on Kubeflow Pipelines: which is which, and how to kill one for a retry."""

from collections.abc import Iterable
from typing import Any

from efface.cluster.checks import retries
from tests.cluster.live.commands import CommandError, kubectl, listed

LABEL = "pipeline/runid"
"""Label of every pod of a run, as KFP sets it."""
IMPLEMENTATION = "system-container-impl"
"""Part of the names of pods that run a step; others drive it."""
CONTROLLER = "workflow-controller-configmap"


def pods_of(namespace: str, run_id: str, step: str) -> list[str]:
    """Names of a run's pods for a step, oldest first.

    Raises:
        CommandError: kubectl failed.
    """
    return pods_of_step(listed(namespace, "pods", "-l", f"{LABEL}={run_id}"), step)


def pods_of_step(pods: Iterable[dict[str, Any]], step: str) -> list[str]:
    """Names of the pods that run the function of a step, oldest first."""
    found = [pod for pod in pods if _runs(pod, step)]
    found.sort(key=lambda pod: pod["metadata"]["creationTimestamp"])
    return [pod["metadata"]["name"] for pod in found]


def retry_policy(configuration: dict[str, Any]) -> str:
    """Argo's retry policy for tasks that name none, by its controller's ConfigMap.

    The manifests of KFP 2.17 set OnError in ``templateDefaults``, which Argo merges into the
    retries of every task; without it a task is retried when it failed.
    """
    return retries.retry_policy(configuration.get("data") or {})


def kill(namespace: str, pod: str, policy: str) -> None:
    """Kill a pod in a way that is retried under a policy of Argo.

    Under OnError a pod must vanish, as with a lost node; under OnFailure its process must fail, as
    with one that ran out of memory.

    Raises:
        CommandError: kubectl failed.
    """
    if policy == "OnFailure":
        code = "import os, signal; os.kill(-1, signal.SIGKILL)"
        words = ("exec", pod, "--container", "main", "--", "python", "-c", code)
        try:
            kubectl(namespace, *words)
        except CommandError as error:  # the shell may die with the rest
            if "NotFound" in str(error):
                raise
    else:
        kubectl(namespace, "delete", "pod", pod, "--force", "--grace-period=0", "--wait=false")


def _runs(pod: dict[str, Any], step: str) -> bool:
    if IMPLEMENTATION not in pod["metadata"]["name"]:
        return False
    words = [
        word
        for container in pod["spec"]["containers"]
        for word in [*container.get("command", []), *container.get("args", [])]
    ]
    return any(
        pair == ("--function_to_execute", step) for pair in zip(words, words[1:], strict=False)
    )
