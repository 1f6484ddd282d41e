"""From a graph to files: IR YAML, or the objects Pipeline and PipelineVersion of Kubernetes."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from efface.cluster.graph import Graph, to_yaml
from efface.cluster.names import check_name
from efface.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class ObjectNames:
    """What the objects of Kubernetes are called."""

    pipeline: str = "efface-unlearn"
    version: str
    """Of the PipelineVersion; what it holds never changes, so another graph needs another name."""
    namespace: str = ""
    """Where they go; empty: where they are applied."""

    def __post_init__(self) -> None:
        """Refuse what Kubernetes would refuse later."""
        check_name("pipeline name", self.pipeline)
        check_name("version name", self.version)
        if self.namespace:
            check_name("namespace", self.namespace)


def graph_to_ir(graph: Graph) -> str:
    """IR YAML, to upload to Kubeflow Pipelines."""
    return _compile(graph, None)


def graph_to_objects(graph: Graph, names: ObjectNames) -> str:
    """The objects Pipeline and PipelineVersion, for KFP's Kubernetes-native API mode."""
    return _compile(graph, names)


def _compile(graph: Graph, names: ObjectNames | None) -> str:
    try:
        from kfp import compiler, components
    except ImportError as error:
        raise ConfigError(f"{error}: install efface with the extra kfp") from None
    options = names and compiler.KubernetesManifestOptions(
        pipeline_name=names.pipeline,
        pipeline_version_name=names.version,
        namespace=names.namespace or None,
        include_pipeline_manifest=True,
    )
    with tempfile.TemporaryDirectory(prefix="efface-") as folder:
        path = Path(folder) / "graph.yaml"
        compiler.Compiler().compile(
            components.load_component_from_text(to_yaml(graph)),
            str(path),
            kubernetes_manifest_format=names is not None,
            kubernetes_manifest_options=options,
        )
        return path.read_text()
