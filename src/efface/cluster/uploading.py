"""A compiled graph as a version of its pipeline in Kubeflow Pipelines: once for each content."""

import json
import tempfile
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
    pipeline_id = _pipeline(kfp, graph.name).pipeline_id
    name = version_name(graph)
    found = _find_version(kfp, pipeline_id, name)
    if found is None:
        found, new = _made_version(kfp, pipeline_id, name, graph)
    else:
        new = False
    return Version(
        pipeline_id=pipeline_id, version_id=found.pipeline_version_id, name=name, new=new
    )


def find_experiment(kfp: KfpApi, name: str) -> str:
    """Id of an experiment; the default one is made when it is absent.

    Raises:
        InputError: there is no such experiment.
    """
    found = _named(kfp, "ExperimentService", "experiment_service_list_experiments", name)
    if found:
        return str(found[0].experiment_id)
    if name != DEFAULT_EXPERIMENT:
        raise InputError(
            f"experiment {name!r} is not in {kfp.host}: make it there, or leave --experiment out "
            f"for {DEFAULT_EXPERIMENT!r}"
        )
    body = {"display_name": name, "namespace": kfp.namespace}
    made = kfp.call("ExperimentService", "experiment_service_create_experiment", body)
    return str(made.experiment_id)


def by_name(name: str) -> str:
    """KFP's filter for things that are called ``name``."""
    wanted = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [wanted]})


def _pipeline(kfp: KfpApi, name: str) -> Any:
    verb = "pipeline_service_list_pipelines"
    if found := _named(kfp, "PipelineService", verb, name):
        return found[0]
    body = {"name": name, "display_name": name, "namespace": kfp.namespace}
    try:
        return kfp.call("PipelineService", "pipeline_service_create_pipeline", body)
    except InputError:  # another one was a moment faster
        if found := _named(kfp, "PipelineService", verb, name):
            return found[0]
        raise


def _named(kfp: KfpApi, service: str, verb: str, name: str) -> list[Any]:
    field = verb.rpartition("_")[2]
    found = kfp.every(service, verb, field, filter=by_name(name), namespace=kfp.namespace)
    return [thing for thing in found if thing.display_name == name]


def _find_version(kfp: KfpApi, pipeline_id: str, name: str) -> Any:
    found = kfp.every(
        "PipelineService",
        "pipeline_service_list_pipeline_versions",
        "pipeline_versions",
        pipeline_id=pipeline_id,
        filter=by_name(name),
    )
    return next((version for version in found if version.display_name == name), None)


def _made_version(kfp: KfpApi, pipeline_id: str, name: str, graph: Graph) -> tuple[Any, bool]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pipeline.yaml"
        path.write_text(to_yaml(graph))
        words = {"name": name, "display_name": name, "pipelineid": pipeline_id}
        try:
            verb = "upload_pipeline_version"
            return kfp.call("PipelineUploadService", verb, str(path), **words), True
        except InputError:
            if found := _find_version(kfp, pipeline_id, name):
                return found, False
            raise
