"""The compiled pipeline: found, read, and changed where a cluster differs, before it is uploaded.

A compiled graph is one YAML file of two documents: KFP's intermediate representation, and what only
Kubernetes understands of it.
"""

import copy
import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from efface.errors import InputError

PACKAGED = "pipelines/unlearn.yaml"
"""Where the wheel keeps it, below the package."""
PULL_POLICIES = ("Always", "IfNotPresent", "Never")


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A compiled graph."""

    pipeline: dict[str, Any]
    """KFP's pipeline specification."""
    platform: dict[str, Any]
    """KFP's platform specification; empty when the graph needs none."""

    @property
    def name(self) -> str:
        """Name of the pipeline."""
        return str(self.pipeline["pipelineInfo"]["name"])

    @property
    def titles(self) -> dict[str, str]:
        """Task -> what people call it, of the tasks that have a pod, in the order of the file."""
        dags = (part.get("dag", {}) for part in self._parts().values())
        found = {name: task for dag in dags for name, task in dag.get("tasks", {}).items()}
        return {
            name: task.get("taskInfo", {}).get("name", name)
            for name, task in found.items()
            if "dag" not in self._parts()[task["componentRef"]["name"]]
        }

    def _parts(self) -> dict[str, Any]:
        return {"root": self.pipeline["root"], **self.pipeline["components"]}


def find_compiled(given: Path | None = None) -> Path:
    """Path of the compiled graph: ``given``, else the one that came with efface.

    Raises:
        InputError: there is no such file.
    """
    path = given or Path(str(files("efface") / PACKAGED))
    if not path.is_file():
        which = "does not exist" if given else "did not come with this installation of efface"
        raise InputError(
            f"compiled pipeline {path} {which}: give --pipeline FILE, a graph that KFP compiled, "
            "such as pipelines/compiled/unlearn.yaml"
        )
    return path


def read_graph(path: Path) -> Graph:
    """Read a compiled graph.

    Raises:
        InputError: the file is no compiled graph.
    """
    try:
        documents = list(yaml.safe_load_all(path.read_text()))
        graph = Graph(pipeline=documents[0], platform=documents[1] if len(documents) > 1 else {})
        if not graph.titles or not graph.name or not executors(graph):
            raise KeyError("tasks")
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"compiled pipeline {path} cannot be read: {error}") from None
    except (AttributeError, IndexError, KeyError, TypeError):
        raise InputError(
            f"{path} is not a compiled pipeline: give the YAML that KFP's compiler wrote"
        ) from None
    return graph


def executors(graph: Graph) -> dict[str, Any]:
    """Name -> executor of each component that has a pod."""
    return dict(graph.pipeline["deploymentSpec"]["executors"])


def with_images(graph: Graph, *, core: str = "", gpu: str = "", pull_policy: str = "") -> Graph:
    """The graph with other images and another pull policy; what is empty stays.

    Args:
        graph: The compiled graph.
        core: In place of every image whose name ends with ``efface-core``.
        gpu: In place of every image whose name ends with ``efface-gpu``.
        pull_policy: One of ``PULL_POLICIES``, for every pod.

    Raises:
        InputError: no such pull policy, or no task of the graph has such an image.
    """
    if pull_policy and pull_policy not in PULL_POLICIES:
        raise InputError(
            f"pull policy {pull_policy!r} unknown: use one of {', '.join(PULL_POLICIES)}"
        )
    changed = copy.deepcopy(graph)
    for kind, image in (("efface-core", core), ("efface-gpu", gpu)):
        containers = [e["container"] for e in executors(changed).values() if "container" in e]
        hit = [c for c in containers if base_name(c["image"]) == kind]
        if image and not hit:
            raise InputError(f"no task of {graph.name} runs in an image named {kind}: leave it out")
        for container in hit:
            container["image"] = image or container["image"]
    if pull_policy:
        _kubernetes_of(changed, pull_policy)
    return changed


def base_name(image: str) -> str:
    """``registry:5000/team/efface-gpu:0.1.0`` -> ``efface-gpu``."""
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0]


def to_yaml(graph: Graph) -> str:
    """The graph as KFP takes it."""
    return yaml.safe_dump_all([d for d in (graph.pipeline, graph.platform) if d], sort_keys=True)


def version_name(graph: Graph) -> str:
    """Name of the pipeline version with this content; also a valid name in Kubernetes."""
    content = json.dumps([graph.pipeline, graph.platform], sort_keys=True)
    return f"{graph.name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def _kubernetes_of(graph: Graph, pull_policy: str) -> None:
    """Set the pull policy of every executor, in place."""
    place: dict[str, Any] = graph.platform
    for key in ("platforms", "kubernetes", "deploymentSpec", "executors"):
        place = place.setdefault(key, {})
    for name in executors(graph):
        place.setdefault(name, {})["imagePullPolicy"] = pull_policy
