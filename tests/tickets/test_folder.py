import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from efface.errors import InputError
from efface.storage import open_store
from efface.tickets.folder import open_folder, read_folder, record_rejections
from tests.given import as_bytes, put_ticket, ticket

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def test_the_earliest_due_date_comes_first(tmp_path: Path) -> None:
    put_ticket(tmp_path, "late", submitted_time="2026-10-30T00:00:00Z")
    put_ticket(tmp_path, "undated", regulation="none")
    put_ticket(tmp_path, "early", submitted_time="2026-10-01T00:00:00Z")
    found = read_folder(open_store(str(tmp_path)))
    assert [ticket.ticket_id for ticket in found.tickets] == ["early", "late", "undated"]


def test_only_json_files_of_the_folder_itself_are_tickets(tmp_path: Path) -> None:
    put_ticket(tmp_path, "t-1")
    put_ticket(tmp_path / "archive", "t-2")
    (tmp_path / "README.md").write_text("hello")
    found = read_folder(open_store(str(tmp_path)))
    assert [ticket.ticket_id for ticket in found.tickets] == ["t-1"]
    assert found.rejected == []


def test_one_ticket_in_two_files_is_one_ticket(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(as_bytes(ticket("t-1")))
    (tmp_path / "b.json").write_text(json.dumps(ticket("t-1"), indent=8))
    found = read_folder(open_store(str(tmp_path)))
    assert [ticket.ticket_id for ticket in found.tickets] == ["t-1"]
    assert found.rejected == []


def test_two_contents_under_one_id_are_both_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(as_bytes(ticket("t-1", "dress-5")))
    (tmp_path / "b.json").write_bytes(as_bytes(ticket("t-1", "dress-6")))
    put_ticket(tmp_path, "t-2")
    found = read_folder(open_store(str(tmp_path)))
    assert [ticket.ticket_id for ticket in found.tickets] == ["t-2"]
    assert [entry.file for entry in found.rejected] == ["a.json", "b.json"]
    assert "a.json, b.json" in found.rejected[0].reason


def test_a_wrong_ticket_does_not_keep_the_others_back(tmp_path: Path) -> None:
    put_ticket(tmp_path, "good")
    (tmp_path / "bad.json").write_text("{")
    found = read_folder(open_store(str(tmp_path)))
    assert [ticket.ticket_id for ticket in found.tickets] == ["good"]
    assert [entry.file for entry in found.rejected] == ["bad.json"]


def test_a_rejection_is_recorded_until_the_file_is_mended(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    (tmp_path / "t-1.json").write_text("{")
    record_rejections(store, read_folder(store).rejected, NOW)
    record = json.loads((tmp_path / "states/rejected/t-1.json").read_text())
    assert (record["state"], record["opendsr_status"]) == ("rejected", "cancelled")
    assert "not JSON" in record["reason"]
    put_ticket(tmp_path, "t-1")
    record_rejections(store, read_folder(store).rejected, NOW)
    assert not (tmp_path / "states/rejected/t-1.json").exists()


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        open_folder(str(tmp_path / "absent"))


def test_a_pipe_among_the_tickets_is_rejected_by_itself(tmp_path: Path) -> None:
    put_ticket(tmp_path, "t-1")
    os.mkfifo(tmp_path / "pipe.json")
    found = read_folder(open_store(str(tmp_path)))
    assert [ticket.ticket_id for ticket in found.tickets] == ["t-1"]
    assert ["pipe.json is a pipe" in entry.reason for entry in found.rejected] == [True]
