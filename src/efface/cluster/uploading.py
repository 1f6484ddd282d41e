"""A compiled graph as a version of its pipeline in Kubeflow Pipelines: once for each content."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from efface.cluster.graph import Graph, to_yaml, version_name
from efface.cluster.kfp_api import KfpApi
from efface.cluster.kfp_names import find_named, found_or_made

SERVICE = "PipelineService"


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
    pipeline_id, name = _find_pipeline(kfp, graph.name), version_name(graph)

    def find() -> Any:
        verb, field = "pipeline_service_list_pipeline_versions", "pipeline_versions"
        return find_named(kfp, SERVICE, verb, field, name, pipeline_id=pipeline_id)

    found, new = found_or_made(find, lambda: _make_version(kfp, pipeline_id, name, graph))
    version_id = str(found.pipeline_version_id)
    return Version(pipeline_id=pipeline_id, version_id=version_id, name=name, new=new)


def _find_pipeline(kfp: KfpApi, name: str) -> str:
    """Id of a pipeline, made when it is absent."""

    def find() -> Any:
        verb, scope = "pipeline_service_list_pipelines", {"namespace": kfp.namespace}
        return find_named(kfp, SERVICE, verb, "pipelines", name, **scope)

    def make() -> Any:
        body = {"name": name, "display_name": name, "namespace": kfp.namespace}
        return kfp.call(SERVICE, "pipeline_service_create_pipeline", body)

    return str(found_or_made(find, make)[0].pipeline_id)


def _make_version(kfp: KfpApi, pipeline_id: str, name: str, graph: Graph) -> Any:
    words = {"name": name, "display_name": name, "pipelineid": pipeline_id}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pipeline.yaml"
        path.write_text(to_yaml(graph))
        return kfp.call("PipelineUploadService", "upload_pipeline_version", str(path), **words)
