"""The compiled graph: found, read and written."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from efface.cluster.graph import NAME, find_compiled, read_graph, to_yaml, version_name
from efface.cluster.tasks import JUDGED
from efface.errors import InputError
from tests.cluster.given import COMPILED

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def graph():
    return read_graph(COMPILED)


def test_the_graph_that_efface_brings_has_the_tasks_that_are_its_verdict():
    assert set(JUDGED) < set(read_graph(find_compiled()).titles)


def test_the_wheel_holds_the_graph_where_it_is_looked_for():
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    included = built["targets"]["wheel"]["force-include"]
    assert included == {"pipelines/compiled/unlearn.yaml": f"efface/cluster/{NAME}"}


def test_the_graph_in_the_wheel_goes_before_that_of_a_checkout(tmp_path, monkeypatch):
    packaged, source = tmp_path / "packaged.yaml", tmp_path / "source.yaml"
    monkeypatch.setattr("efface.cluster.graph.PLACES", (packaged, source))
    source.touch()
    assert find_compiled() == source
    packaged.touch()
    assert find_compiled() == packaged


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


def test_a_graph_that_asks_nothing_of_kubernetes_is_one_document(graph):
    assert "---" not in to_yaml(replace(graph, platform={}))


@pytest.mark.parametrize("text", ["", "a: 1", "- 1", "text", "pipelineInfo: {name: x}\nroot: {}\n"])
def test_a_file_that_is_no_graph_is_refused(tmp_path, text):
    (tmp_path / "graph.yaml").write_text(text)
    with pytest.raises(InputError, match="not a compiled pipeline"):
        read_graph(tmp_path / "graph.yaml")
