import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from efface.errors import EffaceError, InfrastructureError, InputError, TrainingError
from efface.evidence.purge import open_run, will_write
from efface.steps import intake, settle, unlearn
from efface.storage import Store
from efface.tickets.failures import remembered
from tests.given import KEY, a_dataset, put_ticket, refuse
from tests.steps.unlearn_run import QUICK, write_unlearn_run


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EFFACE_SUBJECT_KEY", KEY)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A run called "one" that has claimed t-1 and found t-2 to be without data."""
    (tmp_path / "tickets").mkdir()
    put_ticket(tmp_path / "tickets", "t-1", "dress-5")
    put_ticket(tmp_path / "tickets", "t-2", "nobody")
    assert take(tmp_path, "one") == 1
    return tmp_path


def take(place: Path, run_id: str) -> int:
    return intake.run(
        tickets=str(place / "tickets"),
        dataset=str(a_dataset(place / "dataset")),
        run_id=run_id,
        workspace=str(place / "workspace"),
        out=place / "out",
    )


def end(place: Path, run_id: str = "one") -> dict[str, Any]:
    tickets, workspace = str(place / "tickets"), str(place / "workspace")
    return settle.run(tickets=tickets, run_id=run_id, workspace=workspace)


def left(place: Path, name: str, **content: Any) -> None:
    (place / "workspace" / "one" / name).write_text(json.dumps(content))


def run_folder(place: Path) -> Store:
    return open_run(str(place / "workspace"), "one")


def state(place: Path, ticket_id: str = "t-1") -> dict[str, Any]:
    return dict(json.loads((place / "tickets" / "states" / f"{ticket_id}.json").read_text()))


def settlement(place: Path) -> dict[str, Any]:
    return dict(json.loads((place / "workspace" / "one" / "settlement.json").read_text()))


def private_copy(place: Path) -> Path:
    folder = place / "artifacts" / "sets"
    will_write(str(place / "workspace"), "one", str(folder))
    folder.mkdir(parents=True)
    (folder / "00000.tar").write_bytes(b"0" * 100)
    return folder


def test_a_registered_model_completes_its_tickets(place: Path) -> None:
    left(place, "outcome.json", passed=True, reasons=[])
    left(place, "registered.json", version=1)
    end(place)
    assert (state(place)["state"], state(place)["opendsr_status"]) == ("completed", "completed")
    assert take(place, "two") == 0


def test_a_blocked_model_blocks_its_tickets_with_the_reasons(place: Path) -> None:
    left(place, "outcome.json", passed=False, reasons=["retain FID rose", "t-1 is remembered"])
    end(place)
    assert state(place)["state"] == "blocked"
    assert state(place)["reasons"] == ["retain FID rose", "t-1 is remembered"]
    assert take(place, "two") == 1


def test_a_failed_run_makes_its_tickets_pending_again(place: Path) -> None:
    end(place)
    assert state(place)["state"] == "pending"
    assert "before the gate had answered" in state(place)["reasons"][0]
    assert take(place, "two") == 1
    assert state(place)["attempts"] == 2


def test_a_training_that_broke_down_blocks_its_tickets_with_the_reason(place: Path) -> None:
    breaks_down = {**QUICK, "learning_rate": 1e38, "warmup": 0}
    given = {**write_unlearn_run(place), "run_id": "one", "method": breaks_down}
    with pytest.raises(TrainingError), remembered(run_folder(place), "unlearn"):
        unlearn.run(**given)
    assert end(place)["verdict"] == "blocked"
    assert state(place)["state"] == "blocked"
    assert "training broke down at step 4" in state(place)["reasons"][0]
    assert not (place / "before").exists()
    assert take(place, "two") == 1


def test_without_being_told_it_finds_what_the_step_that_failed_said(place: Path) -> None:
    with pytest.raises(InfrastructureError), remembered(run_folder(place), "unlearn"):
        raise InfrastructureError("disk full")
    end(place)
    assert "had answered (unlearn: disk full)" in state(place)["reasons"][0]


def test_a_run_that_claims_anew_starts_without_the_errors_of_the_one_before(place: Path) -> None:
    with pytest.raises(InfrastructureError), remembered(run_folder(place), "unlearn"):
        raise InfrastructureError("disk full")
    end(place)
    take(place, "one")
    end(place)
    assert "disk full" not in state(place)["reasons"][0]


def test_a_damaged_outcome_makes_the_tickets_pending_and_is_told(place: Path) -> None:
    (place / "workspace" / "one" / "outcome.json").write_text("{")
    with pytest.raises(InputError, match=r"outcome\.json"):
        end(place)
    assert state(place)["state"] == "pending"


def test_the_settlement_tells_of_every_ticket_of_the_run(place: Path) -> None:
    left(place, "outcome.json", passed=True, reasons=[])
    left(place, "registered.json", version=1)
    found = end(place)
    states = {entry["ticket_id"]: entry["state"] for entry in found["tickets"]}
    assert states == {"t-1": "completed", "t-2": "no_data_found"}
    assert settlement(place) == found


def test_private_copies_go_whatever_happened(place: Path) -> None:
    folder = private_copy(place)
    found = end(place)
    assert not folder.exists()
    assert not (place / "out" / "forget.parquet").exists()
    assert (place / "out" / "batch.json").exists()
    assert {entry["place"]: entry["files"] for entry in found["purged"]} == {
        str(folder): 1,
        str(place / "out" / "forget.parquet"): 1,
    }


def test_settling_twice_changes_nothing(place: Path) -> None:
    private_copy(place)
    left(place, "outcome.json", passed=False, reasons=["retain FID rose"])
    first = end(place) | {"settled_at": ""}
    assert end(place) | {"settled_at": ""} == first


def test_settling_again_leaves_the_tickets_of_the_next_run_alone(place: Path) -> None:
    end(place)
    take(place, "two")
    end(place)
    assert (state(place)["state"], state(place)["run_id"]) == ("in_progress", "two")


def test_a_copy_that_stays_is_an_error_after_all_else_is_done(place: Path) -> None:
    left(place, "outcome.json", passed=True, reasons=[])
    left(place, "registered.json", version=1)
    folder = private_copy(place)
    (place / "workspace" / "one" / "purge" / "torn.json").write_text("{")
    with pytest.raises(InfrastructureError, match="not purged: noted in purge/torn.json"):
        end(place)
    assert state(place)["state"] == "completed"
    assert not folder.exists()
    assert settlement(place)["not_purged"][0]["place"] == "noted in purge/torn.json"


def test_copies_go_also_when_the_ticket_folder_is_gone(place: Path) -> None:
    folder = private_copy(place)
    shutil.rmtree(place / "tickets")
    with pytest.raises(EffaceError, match="does not exist"):
        end(place)
    assert not folder.exists()
    assert settlement(place)["tickets"] == []


def test_a_run_that_claimed_nothing_is_settled_too(place: Path) -> None:
    found = end(place, run_id="idle")
    assert (found["tickets"], found["verdict"], found["purged"]) == ([], "none", [])


def check(place: Path, run_id: str) -> None:
    tickets, workspace = str(place / "tickets"), str(place / "workspace")
    settle.check_known(tickets=tickets, run_id=run_id, workspace=workspace)


def test_a_mistyped_run_id_is_told(place: Path) -> None:
    with pytest.raises(InputError, match="nothing of run onee is in .* holds no ticket"):
        check(place, "onee")


def test_a_run_is_known_by_what_it_left_or_by_a_ticket_that_it_holds(place: Path) -> None:
    check(place, "one")
    shutil.rmtree(place / "workspace" / "one")
    check(place, "one")
    (place / "workspace" / "two").mkdir()
    (place / "workspace" / "two" / "settlement.json").write_text("{}")
    check(place, "two")


def test_a_gateway_that_does_not_answer_fails_no_run(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("EFFACE_PUSHGATEWAY", "http://127.0.0.1:1")
    end(place)
    assert "metrics=not_pushed" in caplog.text


def test_settings_that_are_wrong_do_not_keep_the_copies(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = private_copy(place)
    monkeypatch.setenv("EFFACE_LEASE_HOURS", "soon")
    end(place)
    assert not folder.exists()


@pytest.mark.parametrize("secret", ["workspace/one/purge", "tickets/leases"])
def test_what_cannot_be_looked_into_is_not_settled(
    place: Path, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    refuse(monkeypatch, place / secret)
    with pytest.raises(InfrastructureError, match=f"{secret} cannot be listed"):
        end(place)
    monkeypatch.undo()
    assert (state(place)["state"] == "in_progress") == (secret == "tickets/leases")
    assert (place / "out" / "forget.parquet").exists() == (secret != "tickets/leases")


@pytest.mark.parametrize("passed", [True, False])
def test_a_ticket_is_told_that_some_of_those_it_names_have_no_image(
    place: Path, passed: bool
) -> None:
    end(place)
    put_ticket(place / "tickets", "t-1", "dress-5", "Dress-6", "dress-66")
    take(place, "one")
    left(place, "outcome.json", passed=passed, reasons=[])
    left(place, "registered.json", version=1)
    for _ in "once", "again":
        [told] = [
            reason for reason in end(place)["tickets"][0]["reasons"] if "identities" in reason
        ]
        assert told.startswith("2 of the identities it names have no image in the dataset's train")
        assert "ress-6" not in told


@pytest.mark.parametrize("gone", ["leases", "states"])
def test_tickets_that_cannot_be_answered_are_told(
    place: Path, caplog: pytest.LogCaptureFixture, gone: str
) -> None:
    assert end(place)["unanswered"] == []
    take(place, "one")
    shutil.rmtree(place / "tickets" / gone)
    assert end(place)["unanswered"] == ["t-1"]
    assert "unanswered=t-1 run=one" in caplog.text


def test_what_was_answered_once_is_not_told_when_another_run_has_it(place: Path) -> None:
    end(place)
    take(place, "two")
    assert end(place)["unanswered"] == []


def test_a_run_of_the_same_name_elsewhere_keeps_its_tickets(place: Path) -> None:
    settle.run(tickets=str(place / "tickets"), run_id="one", workspace=str(place / "elsewhere"))
    assert state(place)["state"] == "in_progress"
    end(place)
    assert state(place)["state"] == "pending"


def test_a_run_whose_folder_cannot_be_listed_is_known(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, place / "workspace" / "one" / "purge")
    workspace = str(place / "workspace")
    settle.check_known(tickets=str(place / "tickets"), run_id="one", workspace=workspace)
