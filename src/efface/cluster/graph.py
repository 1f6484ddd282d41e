"""The compiled graph that this version of efface holds."""

from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from efface.errors import InputError

NAME = "unlearn.yaml"
Document = dict[str, Any]


def compiled_graph() -> str:
    """The text of the compiled unlearn graph: IR YAML of Kubeflow Pipelines."""
    packaged = resources.files("efface.cluster") / NAME
    if packaged.is_file():
        return packaged.read_text()
    # A source checkout: the wheel takes the file from here, see pyproject.toml.
    return (Path(__file__).parents[3] / "pipelines" / "compiled" / NAME).read_text()


def read_documents(text: str) -> list[Document]:
    """The two documents of a compiled graph: the pipeline, and what it asks of Kubernetes."""
    return list(yaml.safe_load_all(text))


def parameters_of(documents: list[Document]) -> dict[str, Document]:
    """Name -> definition of the parameters of a graph."""
    return dict(documents[0]["root"]["inputDefinitions"]["parameters"])


def check_parameter(documents: list[Document], name: str) -> Document:
    """The definition of a parameter.

    Raises:
        InputError: the graph has no such parameter.
    """
    known = parameters_of(documents)
    if name not in known:
        raise InputError(f"parameter {name!r} unknown: the graph takes {', '.join(known)}")
    return known[name]
