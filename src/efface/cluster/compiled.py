"""The compiled pipeline: found, read, and changed where a cluster differs, before it is uploaded.

A compiled graph is one YAML file of two documents: KFP's intermediate representation, and what only
Kubernetes understands of it.
"""

import copy
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from efface.errors import InputError

PLACES = ("unlearn.yaml", "../../../pipelines/compiled/unlearn.yaml")
"""Where it is, seen from this package: in a wheel, and in a checkout of the source."""
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
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
    here = Path(__file__).parent
    paths = [given] if given else [(here / place).resolve() for place in PLACES]
    for path in paths:
        if path.is_file():
            return path
    raise InputError(
        f"compiled pipeline {paths[0]} does not exist: give --pipeline FILE, a graph that KFP "
        "compiled, such as pipelines/compiled/unlearn.yaml"
    )


def read_graph(path: Path) -> Graph:
    """Read a compiled graph.

    Raises:
        InputError: the file is no compiled graph.
    """
    try:
        documents = list(yaml.load_all(path.read_text(), Loader=LOADER))
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


def image_parameters(graph: Graph, *, core: str = "", gpu: str = "") -> dict[str, str]:
    """The images as parameters of a run, as far as the graph takes them so."""
    known = graph.pipeline["root"].get("inputDefinitions", {}).get("parameters", {})
    images = {"core_image": core, "gpu_image": gpu}
    return {name: image for name, image in images.items() if image and name in known}


def with_images(graph: Graph, *, core: str = "", gpu: str = "", pull_policy: str = "") -> Graph:
    """The graph with other images and another pull policy; what is empty stays.

    An image that is a parameter of the graph stays too, see ``image_parameters``.

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
    taken = image_parameters(graph, core=core, gpu=gpu)
    for kind, image in (("efface-core", core), ("efface-gpu", gpu)):
        containers = [e["container"] for e in executors(changed).values() if "container" in e]
        hit = [c for c in containers if base_name(c["image"]) == kind]
        if image and not hit and image not in taken.values():
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
    documents = [document for document in (graph.pipeline, graph.platform) if document]
    return str(yaml.dump_all(documents, Dumper=DUMPER))


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
