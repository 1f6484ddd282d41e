"""Words for parameters of the graph."""

import pytest

from efface.cluster.graph import compiled_graph, read_documents
from efface.cluster.parameters import typed_parameters
from efface.errors import InputError


@pytest.fixture(scope="module")
def documents():
    return read_documents(compiled_graph())


@pytest.mark.parametrize(
    ("name", "word", "value"),
    [
        pytest.param("gpus", "0", "0", id="a number that the graph takes as text"),
        pytest.param("gpu_node_selector", '{"pool": "gpu"}', {"pool": "gpu"}, id="object"),
        pytest.param("tolerations", "[]", [], id="list"),
        pytest.param("method", '{"steps": 9}', {"steps": 9}, id="settings"),
    ],
)
def test_a_word_becomes_what_the_graph_takes(documents, name, word, value):
    assert typed_parameters({name: word}, documents) == {name: value}


@pytest.mark.parametrize(
    ("name", "word", "told"),
    [
        pytest.param("node_selector", "pool=gpu", "give a JSON object", id="not JSON"),
        pytest.param("tolerations", "{}", "give a JSON list", id="object for a list"),
        pytest.param("gpu", "1", "the graph takes", id="unknown"),
    ],
)
def test_a_word_of_the_wrong_type_is_refused(documents, name, word, told):
    with pytest.raises(InputError, match=told):
        typed_parameters({name: word}, documents)
