"""The compiled graph: found, read, and written as Kubeflow Pipelines takes it.

It is one YAML file of two documents: KFP's intermediate representation, and what only Kubernetes
understands of it.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from efface.errors import InputError

NAME = "unlearn.yaml"
_HERE = Path(__file__).parent
PLACES = (_HERE / NAME, _HERE.parents[2] / "pipelines" / "compiled" / NAME)
"""Where the graph of this version of efface is: in a wheel, and in a checkout of the source."""
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A compiled graph."""

    pipeline: Document
    """KFP's pipeline specification."""
    platform: Document
    """KFP's platform specification; empty when the graph needs none."""

    @property
    def name(self) -> str:
        """Name of the pipeline."""
        return str(self.pipeline["pipelineInfo"]["name"])

    @property
    def parameters(self) -> dict[str, Document]:
        """Name -> what KFP knows of each parameter."""
        return dict(self.pipeline["root"].get("inputDefinitions", {}).get("parameters", {}))

    @property
    def executors(self) -> dict[str, Document]:
        """Label -> executor of each component that has a pod."""
        return dict(self.pipeline["deploymentSpec"]["executors"])

    @property
    def tasks(self) -> list[tuple[str, Document]]:
        """Name and definition of every task and group of tasks, in the order of the file."""
        dags = (part.get("dag", {}) for part in self._parts().values())
        return [named for dag in dags for named in dag.get("tasks", {}).items()]

    @property
    def titles(self) -> dict[str, str]:
        """Task -> what people call it, of the tasks that have a pod."""
        return {
            name: task.get("taskInfo", {}).get("name", name)
            for name, task in self.tasks
            if "dag" not in self._parts()[task["componentRef"]["name"]]
        }

    def _parts(self) -> dict[str, Document]:
        return {"root": self.pipeline["root"], **self.pipeline["components"]}


def find_compiled(given: Path | None = None) -> Path:
    """Path of the compiled graph: ``given``, else the one that came with efface.

    Raises:
        InputError: there is no such file.
    """
    paths = [given] if given else PLACES
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
        if not graph.titles or not graph.name or not graph.executors:
            raise KeyError("tasks")
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"compiled pipeline {path} cannot be read: {error}") from None
    except (AttributeError, IndexError, KeyError, TypeError):
        raise InputError(
            f"{path} is not a compiled pipeline: give the YAML that KFP's compiler wrote"
        ) from None
    return graph


def to_yaml(graph: Graph) -> str:
    """The graph as KFP takes it."""
    documents = [document for document in (graph.pipeline, graph.platform) if document]
    return str(yaml.dump_all(documents, Dumper=DUMPER))


def version_name(graph: Graph) -> str:
    """Name of the pipeline version with this content; also a valid name in Kubernetes."""
    content = json.dumps([graph.pipeline, graph.platform], sort_keys=True)
    return f"{graph.name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"
