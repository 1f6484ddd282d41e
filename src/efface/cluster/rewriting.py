"""A compiled graph with other choices and other defaults than it was compiled with."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from efface.cluster.choices import Choices
from efface.cluster.graph import Document, check_parameter

QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
_USUAL = Choices()


def with_defaults(documents: list[Document], values: Mapping[str, Any]) -> list[Document]:
    """The graph with other defaults of its parameters; one that had to be given no longer has to.

    Raises:
        InputError: the graph has no such parameter.
    """
    made = copy.deepcopy(documents)
    for name, value in values.items():
        check_parameter(made, name).update(defaultValue=value, isOptional=True)
    return made


def with_choices(documents: list[Document], choices: Choices) -> list[Document]:
    """The graph as it would be, had it been compiled with these choices."""
    made = copy.deepcopy(documents)
    for task in _tasks(made[0]):
        _choose_policies(task, choices)
    executors = made[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    for label, pod in executors.items():
        _choose_pod(pod, choices, step=label.removeprefix("exec-"))
    return made


def _tasks(graph: Document) -> Iterator[Document]:
    for component in [graph["root"], *graph["components"].values()]:
        yield from component.get("dag", {}).get("tasks", {}).values()


def _choose_policies(task: Document, choices: Choices) -> None:
    _choose(task, "retryPolicy", "maxRetryCount", choices.retries)
    _choose(task, "iteratorPolicy", "parallelismLimit", choices.parallel)


def _choose(task: Document, policy: str, field: str, number: int) -> None:
    if policy in task and number:
        task[policy][field] = number
    elif policy in task:
        del task[policy]


def _choose_pod(pod: Document, choices: Choices, *, step: str) -> None:
    pod["imagePullPolicy"] = choices.pull_policy
    pod["activeDeadlineSeconds"] = str(choices.seconds(step))
    for kind in ("secretAsEnv", "configMapAsEnv", "configMapAsVolume"):
        for source in pod[kind]:
            _rename(source, choices.release)
    if choices.pull_secret:
        name = choices.pull_secret
        pod["imagePullSecret"] = [{"secretName": name, "secretNameParameter": _constant(name)}]
    for mount in pod.get("emptyDirMounts", []):  # of tasks on GPU nodes alone
        mount["sizeLimit"] = choices.shared_memory
        if choices.queue:
            pod["podMetadata"]["labels"][QUEUE_LABEL] = choices.queue


def _rename(source: Document, release: str) -> None:
    field = "secretName" if "secretName" in source else "configMapName"
    name = release + source[field].removeprefix(_USUAL.release)
    source.update({field: name, f"{field}Parameter": _constant(name)})


def _constant(value: str) -> Document:
    return {"runtimeValue": {"constant": value}}
