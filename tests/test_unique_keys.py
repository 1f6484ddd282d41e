import pytest
import yaml

from efface.errors import InputError
from efface.files import load_json
from efface.unique_keys import load_yaml


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(
            "gpus: 1\ncpu: 2\ngpus: 3\n", "gpus given twice, in line 1 and in line 3", id="top"
        ),
        pytest.param(
            "method:\n  steps: 1\n  steps: 2\n", "steps given twice, in line 2", id="inside"
        ),
        pytest.param('{"a": 1,\n "a": 2}', "a given twice, in line 1 and in line 2", id="JSON"),
        pytest.param("- {a: 1, a: 2}", "a given twice", id="in a list"),
        pytest.param('a: 1\n"a": 2', "a given twice", id="once in quotes"),
    ],
)
def test_a_key_given_twice_is_refused_with_both_places(content, told):
    with pytest.raises(yaml.YAMLError, match=told):
        load_yaml(content)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param("a: {x: 1}\nb: {x: 2}", {"a": {"x": 1}, "b": {"x": 2}}, id="two mappings"),
        pytest.param("1: a\n'1': b", {1: "a", "1": "b"}, id="a number and a text"),
        pytest.param(
            "a: &a {x: 1}\nb: {<<: *a, x: 2}", {"a": {"x": 1}, "b": {"x": 2}}, id="overridden"
        ),
        pytest.param("? [1]\n: a", None, id="a list as key"),
    ],
)
def test_what_only_looks_alike_is_not(content, found):
    if found is None:
        with pytest.raises(yaml.YAMLError, match="unhashable"):
            load_yaml(content)
    else:
        assert load_yaml(content) == found


def test_a_key_given_twice_in_json_is_refused():
    with pytest.raises(InputError, match="key steps given twice"):
        load_json('{"method": {"steps": 1, "steps": 2}}')
    assert load_json('[{"a": 1}, {"a": 2}]') == [{"a": 1}, {"a": 2}]
