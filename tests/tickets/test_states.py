from pathlib import Path

import pytest

from efface.errors import InputError
from efface.storage import open_store
from efface.tickets.states import OPENDSR_STATUS, TicketState, read_state, write_state

STATE = TicketState(
    ticket_id="t-1",
    state="blocked",
    regulation="gdpr",
    received_at="2026-11-02T00:00:00Z",
    due_at=None,
    updated_at="2026-11-02T00:00:00Z",
    run_id="one",
    attempts=2,
    reasons=["retain FID rose"],
)


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    write_state(store, STATE)
    assert read_state(store, "t-1") == STATE


def test_a_ticket_that_no_run_has_claimed_has_no_state(tmp_path: Path) -> None:
    assert read_state(open_store(str(tmp_path)), "t-1") is None


def test_every_state_has_a_status_that_opendsr_knows() -> None:
    known = {"pending", "in_progress", "completed", "cancelled"}
    assert set(OPENDSR_STATUS.values()) <= known


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("{", "is not JSON", id="cut-off"),
        pytest.param('{"version": 9}', "version 9", id="other-version"),
        pytest.param('{"version": true}', "version True", id="true-is-no-version"),
        pytest.param('{"version": 1, "colour": "red"}', "fields of version 1", id="other-fields"),
    ],
)
def test_a_damaged_state_is_named(tmp_path: Path, content: str, words: str) -> None:
    store = open_store(str(tmp_path))
    store.write("states/t-1.json", content.encode())
    with pytest.raises(InputError, match=words):
        read_state(store, "t-1")
