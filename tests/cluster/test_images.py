"""The images of a run."""

from dataclasses import replace

import pytest

from efface.cluster.graph import find_compiled, read_graph, version_name
from efface.cluster.images import base_name, image_parameters, with_images
from efface.errors import InputError
from tests.cluster.given import COMPILED


@pytest.fixture(scope="module")
def graph():
    return read_graph(COMPILED)


def test_images_that_a_graph_takes_as_parameters_become_parameters(graph):
    taking, images = read_graph(find_compiled()), {"core": "r/efface-core:2", "gpu": ""}
    assert image_parameters(taking, **images) == {"core_image": "r/efface-core:2"}
    assert version_name(with_images(taking, **images)) == version_name(taking)
    assert image_parameters(graph, **images) == {}


def test_only_images_of_that_name_are_replaced(graph):
    changed = with_images(graph, gpu="r:5000/x:1").executors
    images = {label: facts["container"]["image"] for label, facts in changed.items()}
    assert (images["exec-unlearn"], images["exec-intake"]) == ("r:5000/x:1", "efface-core:0.1.0")


def test_other_images_are_other_content(graph):
    changed = [with_images(graph, core="c/efface-core:2"), with_images(graph, gpu="efface-gpu:2")]
    assert len({version_name(found) for found in [graph, *changed]}) == 3


def test_an_image_that_no_task_runs_in_is_refused(graph):
    other = {"deploymentSpec": {"executors": {"exec-a": {"container": {"image": "other:1"}}}}}
    with pytest.raises(InputError, match="efface-gpu"):
        with_images(replace(graph, pipeline={**graph.pipeline, **other}), gpu="x:1")


@pytest.mark.parametrize(
    "image",
    ["efface-gpu", "efface-gpu:1", "r.example.org:5000/team/efface-gpu:1", "a/efface-gpu@sha256:0"],
)
def test_an_image_is_known_by_its_last_name(image):
    assert base_name(image) == "efface-gpu"


@pytest.mark.parametrize(
    "image",
    [
        "efface-core",
        "localhost:5000/efface-core:0.1.0",
        f"r.example.org/team/efface-core:0.1.0@sha256:{'0' * 64}",
    ],
)
def test_any_name_of_an_image_is_taken(graph, image):
    image_parameters(graph, core=image)
