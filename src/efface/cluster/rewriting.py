"""A compiled graph with other choices and other defaults; what is not asked for stays."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from efface.cluster.choices import Choices
from efface.cluster.graph import Document, Graph
from efface.cluster.parameters import check_parameters
from efface.cluster.release import NAME
from efface.cluster.trainjob import QUEUE

SOURCES = ("secretAsEnv", "configMapAsEnv", "configMapAsVolume")


def with_defaults(graph: Graph, values: Mapping[str, Any]) -> Graph:
    """The graph with other defaults of its parameters; one that had to be given no longer has to.

    Raises:
        InputError: the graph has no such parameter, or one of another type.
    """
    check_parameters(graph, values, whole=False)
    made = copy.deepcopy(graph)
    for name, value in values.items():
        made.parameters[name].update(defaultValue=value, isOptional=True)
    return made


def with_choices(graph: Graph, **given: Any) -> Graph:
    """The graph as it would be, had it been compiled with these choices.

    Args:
        graph: A compiled graph. A task that was compiled with no retries, or a loop with no limit,
            gets none here.
        **given: Fields of ``Choices``; any other stays as it was compiled.

    Raises:
        ConfigError: Kubernetes would refuse one of them.
    """
    choices = Choices(**given)
    made = copy.deepcopy(graph)
    for field in given:
        CHANGES[field](made, choices)
    return made


def _change_release(graph: Graph, choices: Choices) -> None:
    for pod in _pods(graph).values():
        for source in [source for kind in SOURCES for source in pod.get(kind, [])]:
            field = "secretName" if "secretName" in source else "configMapName"
            if not source[field].startswith(NAME):  # of Kubeflow Pipelines, not of the release
                continue
            name = choices.release + source[field].removeprefix(NAME)
            source.update({field: name, f"{field}Parameter": _constant(name)})


def _change_pull_policy(graph: Graph, choices: Choices) -> None:
    for pod in _pods(graph).values():
        pod["imagePullPolicy"] = choices.pull_policy


def _change_pull_secret(graph: Graph, choices: Choices) -> None:
    name = choices.pull_secret
    secret = {"secretName": name, "secretNameParameter": _constant(name)}
    for pod in _pods(graph).values():
        _put(pod, "imagePullSecret", [secret] if name else None)


def _change_queue(graph: Graph, choices: Choices) -> None:
    for pod in _gpu_pods(graph):
        _put(pod["podMetadata"]["labels"], QUEUE, choices.queue or None)


def _change_shared_memory(graph: Graph, choices: Choices) -> None:
    for pod in _gpu_pods(graph):
        for mount in pod["emptyDirMounts"]:
            mount["sizeLimit"] = choices.shared_memory


def _change_hours(graph: Graph, choices: Choices) -> None:
    for label, pod in _pods(graph).items():
        step = label.removeprefix("exec-")
        if step in choices.hours:
            pod["activeDeadlineSeconds"] = str(choices.seconds(step))


def _change_retries(graph: Graph, choices: Choices) -> None:
    _change_policies(graph, "retryPolicy", "maxRetryCount", choices.retries)


def _change_parallel(graph: Graph, choices: Choices) -> None:
    _change_policies(graph, "iteratorPolicy", "parallelismLimit", choices.parallel)


CHANGES: dict[str, Callable[[Graph, Choices], None]] = {
    "release": _change_release,
    "pull_policy": _change_pull_policy,
    "pull_secret": _change_pull_secret,
    "queue": _change_queue,
    "shared_memory": _change_shared_memory,
    "parallel": _change_parallel,
    "retries": _change_retries,
    "hours": _change_hours,
}
"""Field of ``Choices`` -> what puts it into a graph, in place."""


def _pods(graph: Graph) -> dict[str, Document]:
    """Label -> what each executor asks of Kubernetes; made where it asks for nothing yet."""
    place = graph.platform
    for key in ("platforms", "kubernetes", "deploymentSpec", "executors"):
        place = place.setdefault(key, {})
    return {label: place.setdefault(label, {}) for label in graph.executors}


def _gpu_pods(graph: Graph) -> list[Document]:
    """Those on GPU nodes; placement mounts /dev/shm there alone."""
    return [pod for pod in _pods(graph).values() if "emptyDirMounts" in pod]


def _change_policies(graph: Graph, policy: str, field: str, number: int) -> None:
    for _, task in graph.tasks:
        if policy in task:
            _put(task, policy, {**task[policy], field: number} if number else None)


def _put(place: Document, key: str, value: Any) -> None:
    """Set a key; None takes it away."""
    if value is None:
        place.pop(key, None)
    else:
        place[key] = value


def _constant(value: str) -> Document:
    return {"runtimeValue": {"constant": value}}
