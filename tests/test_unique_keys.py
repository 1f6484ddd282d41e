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


@pytest.mark.parametrize("content", ['a: "ti\\ud800ny"', '"\\udfff": 1', '{a: [b, "\\ud83d"]}'])
def test_half_a_character_is_refused_wherever_it_is(content):
    with pytest.raises(yaml.YAMLError, match="half a character .* in line 1: take it out"):
        load_yaml(content)


def bomb(levels):
    """Lists of ten, the innermost of text, in which each names the one before ten times."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]")
    return "\n".join(lines)


def test_aliases_that_stand_for_more_than_memory_holds_are_refused():
    assert len(load_yaml(bomb(4))["a3"]) == 10
    with pytest.raises(yaml.YAMLError, match="more than 1000000 values, with aliases written out"):
        load_yaml(bomb(30))


def test_a_key_given_twice_in_json_is_refused():
    with pytest.raises(InputError, match="key steps given twice"):
        load_json('{"method": {"steps": 1, "steps": 2}}')
    assert load_json('[{"a": 1}, {"a": 2}]') == [{"a": 1}, {"a": 2}]
