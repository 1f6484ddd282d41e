"""What the shard step found is written once and read by every later step; damage is told."""

import json

import pytest

from efface.errors import InputError
from efface.steps.handover.sets_file import read_sets, set_fingerprints, write_sets

SHARD = {"name": "forget-00000", "path": "forget/00000.tar", "samples": 2}
FORGET = {"samples": 2, "fingerprint": "f", "shards": [SHARD]}
FOUND = {
    "dataset_sha256": "d" * 64,
    "near_duplicates": 0,
    "tickets": {"t1": ["anna"]},
    "sets": {"forget": FORGET},
}


def test_what_was_written_is_read(tmp_path):
    write_sets(tmp_path, FOUND)
    found = read_sets(tmp_path)
    assert found == {"version": 1, **FOUND}
    assert set_fingerprints(found) == {"forget": "f"}


@pytest.mark.parametrize("name", FOUND)
def test_a_file_that_lacks_a_field_is_damaged(tmp_path, name):
    write_sets(tmp_path, {key: value for key, value in FOUND.items() if key != name})
    with pytest.raises(InputError, match=f"is damaged, it: '{name}' is a required"):
        read_sets(tmp_path)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"sets": {"forget": {**FORGET, "samples": "2"}}}, "sets.forget.samples"),
        ({"sets": {"forget": {"samples": 2, "shards": []}}}, "sets.forget: 'fingerprint'"),
        ({"sets": {"forget": {**FORGET, "shards": [{}]}}}, r"sets.forget.shards\[0\]"),
        ({"sets": []}, "sets: "),
        ({"tickets": {"t1": "anna"}}, "tickets.t1"),
        ({"near_duplicates": -1}, "near_duplicates"),
        ({"proxy_copies": None}, "proxy_copies"),
    ],
)
def test_a_field_of_another_form_is_named(tmp_path, changes, where):
    write_sets(tmp_path, {**FOUND, **changes})
    with pytest.raises(InputError, match=f"is damaged, {where}"):
        read_sets(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{", json.dumps({"version": 2, **FOUND})])
def test_what_is_no_such_file_is_refused(tmp_path, content):
    (tmp_path / "sets.json").write_text(content)
    with pytest.raises(InputError, match="sets .*sets.json"):
        read_sets(tmp_path)
