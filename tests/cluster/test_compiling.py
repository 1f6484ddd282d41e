"""The graph as files for Kubeflow Pipelines."""

import tomllib
from pathlib import Path

import pytest
import yaml

from efface.cluster.choices import Choices
from efface.cluster.compiling import Names, documents_to_ir, documents_to_objects
from efface.cluster.graph import NAME, compiled_graph, parameters_of, read_documents

ROOT = Path(__file__).parents[2]


def same(documents):
    """Documents without what differs between versions of KFP's compiler."""
    first, second = documents
    return [{key: value for key, value in first.items() if key != "sdkVersion"}, second]


@pytest.fixture(scope="module")
def documents():
    return read_documents(compiled_graph())


@pytest.fixture(scope="module")
def objects(documents):
    names = Names(version="unlearn-7", namespace="team")
    return list(yaml.safe_load_all(documents_to_objects(documents, names)))


def test_nothing_is_lost_on_the_way_to_a_file(documents):
    assert same(read_documents(documents_to_ir(documents))) == same(documents)


def test_the_objects_are_named_and_belong_together(objects):
    pipeline, version = objects
    assert {o["apiVersion"] for o in objects} == {"pipelines.kubeflow.org/v2beta1"}
    assert (pipeline["kind"], version["kind"]) == ("Pipeline", "PipelineVersion")
    assert pipeline["metadata"] == {"name": "efface-unlearn", "namespace": "team"}
    assert version["metadata"] == {"name": "unlearn-7", "namespace": "team"}
    assert version["spec"]["pipelineName"] == pipeline["metadata"]["name"]


def test_the_version_holds_the_graph_and_its_placement(objects, documents):
    spec = objects[1]["spec"]
    assert same([spec["pipelineSpec"], spec["platformSpec"]]) == same(documents)


def test_without_a_namespace_none_is_written(documents):
    text = documents_to_objects(documents, Names(version="unlearn-7"))
    assert all("namespace" not in o["metadata"] for o in yaml.safe_load_all(text))


def test_the_wheel_holds_the_graph_where_it_is_read():
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    included = built["targets"]["wheel"]["force-include"]
    assert included == {"pipelines/compiled/unlearn.yaml": f"efface/cluster/{NAME}"}


def test_every_parameter_of_a_run_and_every_choice_is_documented(documents):
    text = (ROOT / "docs" / "cluster.md").read_text()
    options = [f"--{name.replace('_', '-')}" for name in Choices.__dataclass_fields__]
    names = [*parameters_of(documents), *options]
    assert [name for name in names if f"`{name}" not in text] == []
