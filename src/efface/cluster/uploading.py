"""A compiled graph as a version of its pipeline in Kubeflow Pipelines: once for each content."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from efface.cluster.compiled import Graph, to_yaml, version_name
from efface.cluster.kfp_api import KfpApi
from efface.errors import InputError

DEFAULT_EXPERIMENT = "efface"
"""Made when it is absent; any other must be there, so that a slip of the pen is found."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version of a pipeline in KFP."""

    pipeline_id: str
    version_id: str
    name: str
    new: bool
    """Whether this call has made it."""


def upload(kfp: KfpApi, graph: Graph) -> Version:
    """The version with the content of ``graph``; made when there is none, also by two at once."""
    pipeline_id = str(_pipeline(kfp, graph.name).pipeline_id)
    name = version_name(graph)
    found, new = _found_or_made(
        lambda: _find_version(kfp, pipeline_id, name),
        lambda: _make_version(kfp, pipeline_id, name, graph),
    )
    version_id = str(found.pipeline_version_id)
    return Version(pipeline_id=pipeline_id, version_id=version_id, name=name, new=new)


def find_experiment(kfp: KfpApi, name: str) -> str:
    """Id of an experiment; the default one is made when it is absent.

    Raises:
        InputError: there is no such experiment.
    """
    service, body = "ExperimentService", {"display_name": name, "namespace": kfp.namespace}

    def make() -> Any:
        if name != DEFAULT_EXPERIMENT:
            raise InputError(
                f"experiment {name!r} is not in {kfp.host}: make it there, or leave --experiment "
                f"out for {DEFAULT_EXPERIMENT!r}"
            )
        return kfp.call(service, "experiment_service_create_experiment", body)

    verb = "experiment_service_list_experiments"
    return str(_found_or_made(lambda: _named(kfp, service, verb, name), make)[0].experiment_id)


def by_name(name: str) -> str:
    """KFP's filter for things that are called ``name``."""
    wanted = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [wanted]})


def _pipeline(kfp: KfpApi, name: str) -> Any:
    service = "PipelineService"
    body = {"name": name, "display_name": name, "namespace": kfp.namespace}
    return _found_or_made(
        lambda: _named(kfp, service, "pipeline_service_list_pipelines", name),
        lambda: kfp.call(service, "pipeline_service_create_pipeline", body),
    )[0]


def _found_or_made(find: Callable[[], Any], make: Callable[[], Any]) -> tuple[Any, bool]:
    """The thing, and whether it is new; another one may make it a moment earlier."""
    if found := find():
        return found, False
    try:
        return make(), True
    except InputError:
        if found := find():
            return found, False
        raise


def _named(kfp: KfpApi, service: str, verb: str, name: str) -> Any:
    field = verb.rpartition("_")[2]
    found = kfp.every(service, verb, field, filter=by_name(name), namespace=kfp.namespace)
    return next((thing for thing in found if thing.display_name == name), None)


def _find_version(kfp: KfpApi, pipeline_id: str, name: str) -> Any:
    found = kfp.every(
        "PipelineService",
        "pipeline_service_list_pipeline_versions",
        "pipeline_versions",
        pipeline_id=pipeline_id,
        filter=by_name(name),
    )
    return next((version for version in found if version.display_name == name), None)


def _make_version(kfp: KfpApi, pipeline_id: str, name: str, graph: Graph) -> Any:
    words = {"name": name, "display_name": name, "pipelineid": pipeline_id}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pipeline.yaml"
        path.write_text(to_yaml(graph))
        return kfp.call("PipelineUploadService", "upload_pipeline_version", str(path), **words)
