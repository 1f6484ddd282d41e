"""The tickets of a run are written once and read by later steps; damage is told."""

import json

import pytest

from efface.errors import InputError
from efface.steps.handover.batch_file import due, read_batch, write_batch

TICKETS = [
    {"ticket_id": "t-1", "status": "in_progress", "samples": 3},
    {"ticket_id": "t-2", "status": "no_data_found", "samples": 0},
]
FOUND = {
    "name": "2026-11-23-0a1b2c3d",
    "run_id": "run-1",
    "dataset": "data",
    "dataset_sha256": "d" * 64,
    "tickets": TICKETS,
    "rejected": [],
}


def test_what_was_written_is_read_and_the_due_tickets_are_found(tmp_path):
    write_batch(tmp_path, FOUND)
    found = read_batch(tmp_path / "batch.json")
    assert found == {"version": 1, **FOUND}
    assert due(found) == TICKETS[:1]


@pytest.mark.parametrize("name", FOUND)
def test_a_file_that_lacks_a_field_is_damaged(tmp_path, name):
    write_batch(tmp_path, {key: value for key, value in FOUND.items() if key != name})
    with pytest.raises(InputError, match=f"is damaged, it: '{name}' is a required"):
        read_batch(tmp_path / "batch.json")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"dataset": 5}, "dataset: 5 is not of type"),
        ({"tickets": {}}, "tickets: "),
        ({"tickets": [{"ticket_id": "t"}]}, r"tickets\[0\]: 'status' is a required"),
        ({"tickets": [{**TICKETS[0], "samples": -1}]}, r"tickets\[0\].samples: -1"),
    ],
)
def test_a_field_of_another_form_is_named(tmp_path, changes, where):
    write_batch(tmp_path, {**FOUND, **changes})
    with pytest.raises(InputError, match=f"is damaged, {where}"):
        read_batch(tmp_path / "batch.json")


def test_a_folder_or_a_place_in_a_file_is_no_batch(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text(json.dumps(FOUND))
    for path in (tmp_path / "folder", tmp_path / "file" / "batch.json"):
        with pytest.raises(InputError, match="give the file itself"):
            read_batch(path)
