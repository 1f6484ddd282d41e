"""Parameters of the graph: parsed from words, and checked."""

import pytest

from efface.cluster.graph import find_compiled, read_graph
from efface.cluster.parameters import KINDS, check_parameters, parse_words, read_parameters
from efface.errors import InputError


@pytest.fixture(scope="module")
def graph():
    return read_graph(find_compiled())


@pytest.mark.parametrize(
    ("name", "word", "value"),
    [
        pytest.param("gpus", "0", "0", id="a number that the graph takes as text"),
        pytest.param("gpu_node_selector", '{"pool": "gpu"}', {"pool": "gpu"}, id="object"),
        pytest.param("tolerations", "[]", [], id="list"),
        pytest.param("method", '{"steps": 9}', {"steps": 9}, id="settings"),
    ],
)
def test_a_word_becomes_what_the_graph_takes(graph, name, word, value):
    assert parse_words(graph, {name: word}) == {name: value}


@pytest.mark.parametrize(
    ("name", "word", "told"),
    [
        pytest.param("node_selector", "pool=gpu", "give a JSON object", id="not JSON"),
        pytest.param("tolerations", "{}", "give a JSON list", id="object for a list"),
        pytest.param("gpu", "1", "unknown: gpu.*the graph takes .*gpus", id="unknown"),
    ],
)
def test_a_word_that_does_not_fit_is_refused(graph, name, word, told):
    with pytest.raises(InputError, match=told):
        check_parameters(graph, parse_words(graph, {name: word}), whole=False)


@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [
        pytest.param("STRING", 7, False, id="number for text"),
        pytest.param("NUMBER_INTEGER", 2.0, True, id="whole number with a point"),
        pytest.param("NUMBER_INTEGER", 2.5, False, id="fraction"),
        pytest.param("NUMBER_DOUBLE", True, False, id="truth for a number"),
        pytest.param("BOOLEAN", 1, False, id="number for truth"),
    ],
)
def test_a_value_is_of_one_type(kind, value, fits):
    assert KINDS[kind].fits(value) is fits


def test_everything_that_is_wrong_is_named_at_once(graph):
    given = {name: "x" for name in ("tickets", "dataset", "model", "workspace")}
    with pytest.raises(InputError) as refused:
        check_parameters(graph, {**given, "gpu": "1", "gpus": 2, "method": []})
    for told in (
        "missing: name;",
        "unknown: gpu;",
        "gpus must be text",
        "method must be a mapping",
    ):
        assert told in str(refused.value)


def test_what_has_a_default_need_not_be_given(graph):
    check_parameters(
        graph, {name: "x" for name in ("tickets", "dataset", "model", "name", "workspace")}
    )


def bomb():
    value = ["x"] * 10
    for _ in range(9):
        value = [value] * 10
    return value


def itself():
    value = {}
    value["again"] = value
    return value


@pytest.mark.parametrize(
    ("value", "told"),
    [
        pytest.param({"lr": float("nan")}, "JSON can say", id="not a number"),
        pytest.param({"lr": {1, 2}}, "JSON can say", id="set"),
        pytest.param({"name": "\ud800"}, "JSON can say", id="half a character"),
        pytest.param(itself(), "JSON can say", id="itself"),
        pytest.param({"steps": bomb()}, "at most 256 KiB", id="a few bytes of YAML, gigabytes"),
    ],
)
def test_what_kfp_could_not_be_sent_is_refused(graph, value, told):
    with pytest.raises(InputError, match=told):
        check_parameters(graph, {"method": value}, whole=False)


def test_a_wrong_value_is_shown_but_not_without_end(graph):
    with pytest.raises(InputError) as refused:
        check_parameters(graph, {"method": bomb()}, whole=False)
    assert len(str(refused.value)) < 2000


def test_a_file_that_is_nested_without_end_is_refused(tmp_path):
    path = tmp_path / "deep.yaml"
    path.write_text("[" * 3000)
    with pytest.raises(InputError, match="nested too deeply"):
        read_parameters(path)


def test_a_word_that_is_nested_without_end_is_refused(graph):
    with pytest.raises(InputError, match="method must be a mapping"):
        check_parameters(graph, parse_words(graph, {"method": "[" * 100_000}), whole=False)


def test_a_needed_text_that_is_empty_is_missing(graph):
    given = {name: "x" for name in ("tickets", "dataset", "model", "workspace")}
    with pytest.raises(InputError, match="missing: name;"):
        check_parameters(graph, {**given, "name": ""})


def test_a_parameter_given_twice_is_refused_instead_of_one_being_chosen(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("gpus: '1'\nname: painter\ngpus: '2'\n")
    with pytest.raises(InputError, match=r"params\.yaml .*gpus given twice, in line 1 and .* 3"):
        read_parameters(path)


def test_a_setting_given_twice_in_a_word_is_refused(graph):
    with pytest.raises(InputError, match="key steps given twice"):
        parse_words(graph, {"method": '{"steps": 1, "steps": 2}'})
