"""The compiled pipeline: found, read, and changed for a cluster."""

from dataclasses import replace

import pytest

from efface.cluster.compiled import (
    base_name,
    executors,
    find_compiled,
    image_parameters,
    read_graph,
    to_yaml,
    version_name,
    with_images,
)
from efface.cluster.tasks import JUDGED
from efface.errors import InputError
from tests.cluster.given import COMPILED


@pytest.fixture(scope="module")
def graph():
    return read_graph(COMPILED)


def taking_images(graph):
    """The same, compiled so that its images are parameters of a run."""
    root = graph.pipeline["root"]
    text = {"parameterType": "STRING", "isOptional": True}
    known = {**root["inputDefinitions"]["parameters"], "core_image": text, "gpu_image": text}
    return replace(
        graph,
        pipeline={
            **graph.pipeline,
            "root": {**root, "inputDefinitions": {"parameters": known}},
            "deploymentSpec": {"executors": {"exec-intake": {"container": {"image": "{{$.x}}"}}}},
        },
    )


def test_the_pipeline_that_efface_brings_has_the_tasks_that_are_its_verdict():
    assert set(JUDGED) < set(read_graph(find_compiled()).titles)


def test_groups_of_tasks_are_no_tasks(graph):
    wanted = {"intake", "shard", "unlearn", "evaluate", "register", "refuse", "idle", "settle"}
    assert set(graph.titles) == wanted
    assert graph.titles["evaluate"] == "Score before and after"


def test_the_same_content_has_the_same_version_and_a_name_that_kubernetes_takes(graph, tmp_path):
    path = tmp_path / "again.yaml"
    path.write_text(to_yaml(graph))
    name = version_name(graph)
    assert version_name(read_graph(path)) == name
    assert name.startswith("efface-unlearn-")
    assert name == name.lower()


def test_other_images_and_pull_policies_are_other_content(graph):
    changed = [
        with_images(graph, core="c/efface-core:2"),
        with_images(graph, gpu="c/efface-gpu:2"),
        with_images(graph, pull_policy="Never"),
    ]
    assert len({version_name(found) for found in [graph, *changed]}) == 4


def test_only_images_of_that_name_are_replaced(graph):
    changed = executors(with_images(graph, gpu="r:5000/x:1"))
    images = {label: facts["container"]["image"] for label, facts in changed.items()}
    assert (images["exec-unlearn"], images["exec-intake"]) == ("r:5000/x:1", "efface-core:0.1.0")


def test_the_pull_policy_reaches_every_pod_and_keeps_what_else_it_asks_for(graph):
    changed = with_images(graph, pull_policy="IfNotPresent").platform
    pods = changed["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert {name: pod["imagePullPolicy"] for name, pod in pods.items()} == dict.fromkeys(
        executors(graph), "IfNotPresent"
    )
    assert pods["exec-unlearn"]["tolerations"]


def test_images_that_a_graph_takes_as_parameters_become_parameters(graph):
    taking, images = taking_images(graph), {"core": "r/efface-core:2", "gpu": ""}
    assert image_parameters(taking, **images) == {"core_image": "r/efface-core:2"}
    assert version_name(with_images(taking, **images)) == version_name(taking)
    assert image_parameters(graph, **images) == {}


def test_an_image_that_no_task_runs_in_is_refused(graph):
    alone = replace(
        graph,
        pipeline={
            **graph.pipeline,
            "deploymentSpec": {"executors": {"exec-a": {"container": {"image": "other:1"}}}},
        },
    )
    with pytest.raises(InputError, match="efface-gpu"):
        with_images(alone, gpu="x:1")


@pytest.mark.parametrize(
    "image",
    ["efface-gpu", "efface-gpu:1", "r.example.org:5000/team/efface-gpu:1", "a/efface-gpu@sha256:0"],
)
def test_an_image_is_known_by_its_last_name(image):
    assert base_name(image) == "efface-gpu"


@pytest.mark.parametrize("text", ["", "a: 1", "- 1", "text", "pipelineInfo: {name: x}\nroot: {}\n"])
def test_a_file_that_is_no_graph_is_refused(tmp_path, text):
    (tmp_path / "graph.yaml").write_text(text)
    with pytest.raises(InputError, match="not a compiled pipeline"):
        read_graph(tmp_path / "graph.yaml")
