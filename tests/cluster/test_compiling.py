"""The graph as files for Kubeflow Pipelines."""

from pathlib import Path

import pytest
import yaml

from efface.cluster.choices import Choices
from efface.cluster.compiling import ObjectNames, graph_to_ir, graph_to_objects
from efface.cluster.graph import find_compiled, read_graph
from efface.errors import ConfigError

ROOT = Path(__file__).parents[2]


def same(pipeline, platform):
    """A graph without what differs between versions of KFP's compiler."""
    return {**pipeline, "sdkVersion": ""}, platform


@pytest.fixture(scope="module")
def graph():
    return read_graph(find_compiled())


@pytest.fixture(scope="module")
def objects(graph):
    names = ObjectNames(version="unlearn-7", namespace="team")
    return list(yaml.safe_load_all(graph_to_objects(graph, names)))


def test_nothing_is_lost_on_the_way_to_a_file(graph):
    written = yaml.safe_load_all(graph_to_ir(graph))
    assert same(*written) == same(graph.pipeline, graph.platform)


def test_the_objects_are_named_and_belong_together(objects):
    pipeline, version = objects
    assert {o["apiVersion"] for o in objects} == {"pipelines.kubeflow.org/v2beta1"}
    assert (pipeline["kind"], version["kind"]) == ("Pipeline", "PipelineVersion")
    assert pipeline["metadata"] == {"name": "efface-unlearn", "namespace": "team"}
    assert version["metadata"] == {"name": "unlearn-7", "namespace": "team"}
    assert version["spec"]["pipelineName"] == pipeline["metadata"]["name"]


def test_the_version_holds_the_graph_and_its_placement(objects, graph):
    spec = objects[1]["spec"]
    wanted = same(graph.pipeline, graph.platform)
    assert same(spec["pipelineSpec"], spec["platformSpec"]) == wanted


def test_without_a_namespace_none_is_written(graph):
    text = graph_to_objects(graph, ObjectNames(version="unlearn-7"))
    assert all("namespace" not in o["metadata"] for o in yaml.safe_load_all(text))


def test_every_parameter_of_a_run_and_every_choice_is_documented(graph):
    text = (ROOT / "docs" / "cluster.md").read_text()
    options = [f"--{name.replace('_', '-')}" for name in Choices.__dataclass_fields__]
    names = [*graph.parameters, *options]
    assert [name for name in names if f"`{name}" not in text] == []


@pytest.mark.parametrize(
    "names",
    [
        {"version": ""},
        {"version": "Bad/Name"},
        {"version": "v1", "pipeline": "x" * 64},
        {"version": "v1", "namespace": "\u00e4"},
    ],
)
def test_a_name_that_kubernetes_would_refuse_is_refused_before(names):
    with pytest.raises(ConfigError, match="is no name of Kubernetes"):
        ObjectNames(**names)
