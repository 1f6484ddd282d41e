import json

import pytest

from efface.errors import CheckpointError
from efface.models.configuration import (
    all_but,
    hashed,
    if_there,
    only,
    read_object,
    read_painting_settings,
    settings_that_differ,
)


@pytest.fixture
def path(tmp_path):
    content = {"rounds": 3, "_name_or_path": "/tmp/x", "eps": 1e-5, "side": 4.0, "shape": [8, 2.0]}
    (tmp_path / "config.json").write_text(json.dumps(content))
    return tmp_path / "config.json"


def test_all_settings_but_those_about_the_file_and_those_named_are_read(path):
    assert all_but("eps")(path) == {"rounds": 3, "side": 4, "shape": [8, 2]}


def test_named_settings_alone_are_read_and_an_absent_one_is_none(path):
    assert only("rounds", "patchwise")(path) == {"rounds": 3, "patchwise": None}


def test_a_whole_number_is_the_same_however_it_is_written(path):
    assert json.dumps(only("side", "shape")(path)) == '{"side": 4, "shape": [8, 2]}'


def test_a_file_that_may_be_absent_is_none_then(path):
    assert if_there(all_but())(path.with_name("absent.json")) is None
    assert if_there(only("rounds"))(path) == {"rounds": 3}


def test_a_hash_does_not_depend_on_the_order_of_names(path):
    first = hashed(all_but())(path)
    content = json.loads(path.read_text())
    path.write_text(json.dumps(dict(reversed(content.items()))))
    assert hashed(all_but())(path) == first
    path.write_text(json.dumps({**content, "rounds": 4}))
    assert hashed(all_but())(path) != first


@pytest.mark.parametrize(
    "content",
    [b"{", b"[1]", b"\xff", b'{"a":' * 100_000, b'{"a": 1, "a": 2}'],
    ids=["cut", "list", "bytes", "deep", "twice"],
)
def test_what_is_no_json_object_is_refused_and_named(path, content):
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"config\.json is not a configuration in JSON"):
        read_object(path)


def test_a_missing_file_is_named(path):
    with pytest.raises(CheckpointError, match=r"other\.json is missing: copy it from the model"):
        read_object(path.with_name("other.json"))


def test_what_is_nested_more_deeply_than_python_follows_is_refused(path):
    path.write_text('{"a": ' + "[" * 600 + "]" * 600 + "}")
    with pytest.raises(CheckpointError, match="nested too deeply|not a configuration"):
        read_painting_settings(path.parent, {"config.json": all_but()})


def test_settings_that_differ_are_named_with_their_file():
    old = {"config.json": {"a": 1, "b": 2, "gone": 3}, "merges.txt": "x", "same.json": {"a": 1}}
    new = {"config.json": {"a": 1, "b": 5, "come": 3}, "merges.txt": None, "same.json": {"a": 1}}
    assert settings_that_differ(old, old) == []
    assert settings_that_differ(old, new) == [
        "config.json: b",
        "config.json: come",
        "config.json: gone",
        "merges.txt",
    ]
