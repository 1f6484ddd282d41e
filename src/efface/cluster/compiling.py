"""From the documents of a graph to files: IR YAML, or the objects Pipeline and PipelineVersion."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from efface.cluster.graph import Document
from efface.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Names:
    """What the objects of Kubernetes are called."""

    pipeline: str = "efface-unlearn"
    version: str
    """Of the PipelineVersion; what it holds never changes, so another graph needs another name."""
    namespace: str = ""
    """Where they go; empty: where they are applied."""


def documents_to_ir(documents: list[Document]) -> str:
    """IR YAML, to upload to Kubeflow Pipelines."""
    return _compile(documents, None)


def documents_to_objects(documents: list[Document], names: Names) -> str:
    """The objects Pipeline and PipelineVersion, for KFP's Kubernetes-native API mode."""
    return _compile(documents, names)


def _compile(documents: list[Document], names: Names | None) -> str:
    try:
        from kfp import compiler, components
    except ImportError as error:
        raise ConfigError(f"{error}: install efface[kfp]") from None
    graph = components.load_component_from_text(yaml.safe_dump_all(documents))
    options = names and compiler.KubernetesManifestOptions(
        pipeline_name=names.pipeline,
        pipeline_version_name=names.version,
        namespace=names.namespace or None,
        include_pipeline_manifest=True,
    )
    with tempfile.TemporaryDirectory(prefix="efface-") as folder:
        path = Path(folder) / "graph.yaml"
        compiler.Compiler().compile(
            graph,
            str(path),
            kubernetes_manifest_format=names is not None,
            kubernetes_manifest_options=options,
        )
        return path.read_text()
