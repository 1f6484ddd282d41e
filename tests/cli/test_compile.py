"""``efface compile``."""

import sys

import pytest
import yaml

from efface.cli import main


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr("efface.logs.configure", lambda *_: None)


def test_a_graph_for_a_cluster_without_gpus_is_written(tmp_path, capsys):
    out = tmp_path / "cpu.yaml"
    words = ["--default", "gpus=0", "--default", "gpu_memory=4Gi", "--parallel", "2"]
    assert main(["compile", "--out", str(out), *words]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    graph, _ = yaml.safe_load_all(out.read_text())
    given = graph["root"]["inputDefinitions"]["parameters"]
    assert (given["gpus"]["defaultValue"], given["gpu_memory"]["defaultValue"]) == ("0", "4Gi")
    assert "parallelismLimit: 2" in out.read_text()


def test_objects_of_kubernetes_are_written(tmp_path):
    out = tmp_path / "objects.yaml"
    assert main(["compile", "--out", str(out), "--kubernetes", "--namespace", "team"]) == 0
    kinds = [o["kind"] for o in yaml.safe_load_all(out.read_text())]
    assert kinds == ["Pipeline", "PipelineVersion"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["--default", "gpu=0"], "the graph takes", id="parameter"),
        pytest.param(["--hours", "unlern=3"], "no such step", id="step"),
        pytest.param(["--queue", "GPU"], "lower-case", id="queue"),
    ],
)
def test_a_wrong_choice_is_refused_and_nothing_written(tmp_path, capsys, words, told):
    out = tmp_path / "graph.yaml"
    assert main(["compile", "--out", str(out), *words]) == 2
    assert told in capsys.readouterr().err
    assert not out.exists()


def test_without_kfp_it_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "kfp", None)
    assert main(["compile", "--out", str(tmp_path / "graph.yaml")]) == 2
    assert "install efface with the extra kfp" in capsys.readouterr().err
