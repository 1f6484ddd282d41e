import errno
import json
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from efface.errors import DataError, InfrastructureError, InputError, TicketError
from efface.steps import intake
from efface.tickets.subjects import hash_subject
from tests.given import KEY, a_dataset, put_ticket, refuse


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EFFACE_SUBJECT_KEY", KEY)


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    folder = tmp_path / "tickets"
    folder.mkdir()
    return folder


def take(tmp_path: Path, run_id: str = "one", **changes: Any) -> int:
    given = {
        "tickets": str(tmp_path / "tickets"),
        "dataset": str(a_dataset(tmp_path / "dataset")),
        "run_id": run_id,
        "workspace": str(tmp_path / "workspace"),
        "out": tmp_path / "out",
    }
    return intake.run(**{**given, **changes})


def batch(tmp_path: Path) -> dict[str, Any]:
    return dict(json.loads((tmp_path / "out" / "batch.json").read_text()))


def state(tickets: Path, ticket_id: str = "t-1") -> dict[str, Any]:
    return dict(json.loads((tickets / "states" / f"{ticket_id}.json").read_text()))


def forget(tmp_path: Path) -> list[tuple[str, str]]:
    rows = pq.read_table(tmp_path / "out" / "forget.parquet").to_pylist()
    return [(row["sample_id"], row["ticket_id"]) for row in rows]


def test_due_tickets_become_a_batch_and_the_images_to_forget(tmp_path: Path, tickets: Path) -> None:
    put_ticket(tickets, "t-1", "dress-5")
    assert take(tmp_path) == 1
    [entry] = batch(tmp_path)["tickets"]
    assert entry["status"] == "in_progress"
    assert entry["samples"] == 2
    assert entry["subjects"] == [hash_subject(KEY.encode(), "dress-5")]
    assert entry["due_at"] == "2026-11-30T09:30:00Z"
    assert len(batch(tmp_path)["dataset_sha256"]) == 64
    assert forget(tmp_path) == [("s-1", "t-1"), ("s-2", "t-1")]


def test_a_batch_is_named_after_the_day_and_its_tickets(tmp_path: Path, tickets: Path) -> None:
    put_ticket(tickets, "t-1", "dress-5")
    take(tmp_path, "one")
    first = batch(tmp_path)
    assert first["name"].startswith(first["created_at"][:10] + "-")
    take(tmp_path, "one")
    assert batch(tmp_path)["name"] == first["name"]
    put_ticket(tickets, "t-2", "dress-5")
    take(tmp_path, "two")
    assert batch(tmp_path)["name"] != first["name"]


def test_no_subject_is_named_in_what_is_written(tmp_path: Path, tickets: Path) -> None:
    put_ticket(tickets, "t-1", "dress-5")
    put_ticket(tickets, "t-2", "dress-5", regulation="lgpd")
    put_ticket(tickets, "t-3", subject_identities=["dress-5"])
    take(tmp_path)
    written = [*(tmp_path / "out").iterdir(), *(tmp_path / "workspace").rglob("*.json")]
    written += [*tickets.glob("states/*.json"), tickets / "states/rejected/t-3.json"]
    named = [file.name for file in written if b"dress-5" in file.read_bytes()]
    assert named == []


def test_nothing_due_is_zero_and_needs_no_dataset(tmp_path: Path, tickets: Path) -> None:
    assert take(tmp_path, dataset=str(tmp_path / "absent")) == 0
    assert batch(tmp_path)["tickets"] == []
    assert forget(tmp_path) == []


def test_an_unknown_subject_is_settled_as_no_data_found(tmp_path: Path, tickets: Path) -> None:
    put_ticket(tickets, "t-1", "nobody")
    assert take(tmp_path) == 0
    assert state(tickets)["state"] == "no_data_found"
    assert state(tickets)["opendsr_status"] == "completed"
    assert batch(tmp_path)["tickets"][0]["status"] == "no_data_found"
    assert take(tmp_path, "two") == 0
    assert batch(tmp_path)["tickets"] == []


def test_an_unknown_subject_does_not_keep_the_others_back(tmp_path: Path, tickets: Path) -> None:
    put_ticket(tickets, "t-1", "nobody")
    put_ticket(tickets, "t-2", "dress-5")
    assert take(tmp_path) == 1
    assert state(tickets, "t-1")["state"] == "no_data_found"
    assert state(tickets, "t-2")["state"] == "in_progress"


def test_a_subject_outside_the_train_split_has_no_data(tmp_path: Path, tickets: Path) -> None:
    put_ticket(tickets, "t-1", "boot-2")
    assert take(tmp_path) == 0
    assert state(tickets)["state"] == "no_data_found"


def test_rejected_tickets_stand_in_the_batch(tmp_path: Path, tickets: Path) -> None:
    put_ticket(tickets, "t-1")
    put_ticket(tickets, "old", api_version="1.0")
    assert take(tmp_path) == 1
    [entry] = batch(tmp_path)["rejected"]
    assert entry["file"] == "old.json"
    assert "api_version" in entry["reason"]


def test_only_rejected_tickets_are_an_error(tmp_path: Path, tickets: Path) -> None:
    put_ticket(tickets, "old", api_version="1.0")
    with pytest.raises(TicketError, match="old.json"):
        take(tmp_path)


def test_a_dataset_without_manifest_gives_the_tickets_back(tmp_path: Path, tickets: Path) -> None:
    put_ticket(tickets, "t-1")
    with pytest.raises(InputError, match=r"manifest\.parquet"):
        take(tmp_path, dataset=str(tmp_path / "absent"))
    assert state(tickets)["state"] == "pending"
    assert "manifest.parquet" in state(tickets)["reasons"][0]
    assert take(tmp_path, "two") == 1
    assert state(tickets)["attempts"] == 2


def test_a_manifest_that_is_none_gives_the_tickets_back(tmp_path: Path, tickets: Path) -> None:
    put_ticket(tickets, "t-1")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="not Parquet"):
        take(tmp_path, dataset=str(tmp_path / "broken"))
    assert state(tickets)["state"] == "pending"


def test_a_full_disk_gives_the_tickets_back_and_leaves_nothing_torn(
    tmp_path: Path, tickets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_ticket(tickets, "t-1")
    rename = os.replace

    def full(source: Any, target: Any) -> None:
        if Path(target).is_relative_to(tmp_path / "out"):
            raise OSError(errno.ENOSPC, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InfrastructureError, match="disk full"):
        take(tmp_path)
    assert state(tickets)["state"] == "pending"
    assert list((tmp_path / "out").iterdir()) == []


def test_the_list_of_images_to_forget_is_noted_for_the_purge(tmp_path: Path, tickets: Path) -> None:
    put_ticket(tickets, "t-1")
    take(tmp_path)
    notes = [path.read_text() for path in (tmp_path / "workspace/one/purge").iterdir()]
    assert len(notes) == 1
    assert str(tmp_path / "out" / "forget.parquet") in notes[0]


def test_a_new_claim_under_an_old_name_drops_the_old_outcome(tmp_path: Path, tickets: Path) -> None:
    old = tmp_path / "workspace" / "one" / "outcome.json"
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    put_ticket(tickets, "t-1")
    take(tmp_path)
    assert not old.exists()


def test_the_same_run_again_gives_the_same_batch(tmp_path: Path, tickets: Path) -> None:
    put_ticket(tickets, "t-1")
    assert take(tmp_path) == 1
    first = batch(tmp_path) | {"created_at": ""}
    put_ticket(tickets, "t-2", "dress-6")
    assert take(tmp_path) == 1
    assert batch(tmp_path) | {"created_at": ""} == first


def _die_while_matching(tmp_path: Path) -> None:
    intake.match_tickets = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    take(tmp_path)


def test_a_killed_intake_goes_on_under_its_own_name(tmp_path: Path, tickets: Path) -> None:
    put_ticket(tickets, "t-1")
    process = multiprocessing.get_context("spawn").Process(
        target=_die_while_matching, args=(tmp_path,)
    )
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert state(tickets)["state"] == "in_progress"
    assert take(tmp_path, "another") == 0
    assert take(tmp_path, "one") == 1
    assert state(tickets)["attempts"] == 1


@pytest.mark.parametrize("secret", ["", "t-1.json", "leases"])
def test_what_may_not_be_read_rejects_no_ticket_and_is_not_nothing_due(
    tmp_path: Path, tickets: Path, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    put_ticket(tickets, "t-1")
    put_ticket(tickets, "t-2")
    (tickets / "leases").mkdir()
    refuse(monkeypatch, tickets / secret)
    with pytest.raises(InfrastructureError, match="this user the right"):
        take(tmp_path)
    monkeypatch.undo()
    assert not (tickets / "states" / "rejected").exists()


def test_an_identity_without_images_is_logged_without_its_name(
    tmp_path: Path, tickets: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put_ticket(tickets, "t-1", "dress-5", "Dress-6")
    take(tmp_path)
    assert "ticket=t-1 identities=2 without_data=1" in caplog.text
    assert "Dress-6" not in caplog.text
    assert batch(tmp_path)["tickets"][0]["identities_without_data"] == 1


def test_a_run_in_another_workspace_needs_a_name_of_its_own(tmp_path: Path, tickets: Path) -> None:
    put_ticket(tickets, "t-1")
    assert take(tmp_path) == 1
    assert take(tmp_path) == 1
    with pytest.raises(InputError, match="give that workspace to go on with it"):
        take(tmp_path, workspace=str(tmp_path / "another"))
