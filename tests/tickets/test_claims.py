import multiprocessing
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from efface.errors import InputError, TicketError
from efface.storage import Store, open_store
from efface.tickets.claims import Claimant, Claimed, claim_due, hand_back, leases_of
from efface.tickets.states import TicketState, read_state
from tests.given import KEY, as_bytes, put_ticket, ticket

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def claimant(run_id: str) -> Claimant:
    return Claimant(run_id=run_id, key=KEY.encode(), duration=HOUR)


def claim(place: Path, run_id: str, now: datetime = NOW) -> Claimed:
    return claim_due(open_store(str(place)), claimant(run_id), now)


def ids(claimed: Claimed) -> list[str]:
    return [ticket.ticket_id for ticket in claimed.tickets]


def settle_all(place: Path, run_id: str, state: str, *reasons: str) -> None:
    store = open_store(str(place))
    for lease in leases_of(store, run_id):
        hand_back(store, lease, state, reasons=reasons, now=NOW)


def known(store: Store, ticket_id: str) -> TicketState:
    state = read_state(store, ticket_id)
    assert state is not None
    return state


def test_a_claimed_ticket_is_in_progress_for_its_run(tmp_path: Path) -> None:
    put_ticket(tmp_path, "t-1")
    assert ids(claim(tmp_path, "one")) == ["t-1"]
    state = known(open_store(str(tmp_path)), "t-1")
    assert (state.state, state.run_id, state.attempts) == ("in_progress", "one", 1)
    assert state.due_at == "2026-11-30T09:30:00Z"


def test_no_state_shows_a_subject(tmp_path: Path) -> None:
    put_ticket(tmp_path, "t-1", "dress-5")
    claim(tmp_path, "one")
    files = [*tmp_path.glob("states/*"), *tmp_path.glob("leases/*/*")]
    assert len(files) == 2
    assert all("dress-5" not in file.read_text() for file in files)


def test_nothing_in_the_folder_is_nothing_due(tmp_path: Path) -> None:
    assert claim(tmp_path, "one") == Claimed(tickets=[], rejected=[], adopted=False)


def test_a_ticket_of_another_run_is_left_alone(tmp_path: Path) -> None:
    put_ticket(tmp_path, "t-1")
    claim(tmp_path, "one")
    put_ticket(tmp_path, "t-2")
    assert ids(claim(tmp_path, "two")) == ["t-2"]


@pytest.mark.parametrize("state", ["completed", "no_data_found"])
def test_a_finished_ticket_is_not_due_again(tmp_path: Path, state: str) -> None:
    put_ticket(tmp_path, "t-1")
    claim(tmp_path, "one")
    settle_all(tmp_path, "one", state)
    assert ids(claim(tmp_path, "two")) == []


@pytest.mark.parametrize("state", ["blocked", "pending"])
def test_a_blocked_or_failed_ticket_is_due_again_and_counted(tmp_path: Path, state: str) -> None:
    put_ticket(tmp_path, "t-1")
    claim(tmp_path, "one")
    settle_all(tmp_path, "one", state, "why")
    assert known(open_store(str(tmp_path)), "t-1").reasons == ["why"]
    assert ids(claim(tmp_path, "two")) == ["t-1"]
    assert known(open_store(str(tmp_path)), "t-1").attempts == 2


def test_the_tickets_of_a_dead_run_are_due_when_its_lease_ends(tmp_path: Path) -> None:
    put_ticket(tmp_path, "t-1")
    claim(tmp_path, "dead")
    assert ids(claim(tmp_path, "two", NOW + HOUR / 2)) == []
    assert ids(claim(tmp_path, "two", NOW + HOUR)) == ["t-1"]


def test_a_run_started_again_gets_its_own_tickets_and_no_others(tmp_path: Path) -> None:
    put_ticket(tmp_path, "t-1")
    claim(tmp_path, "one")
    put_ticket(tmp_path, "t-2")
    again = claim(tmp_path, "one")
    assert (ids(again), again.adopted) == (["t-1"], True)
    assert known(open_store(str(tmp_path)), "t-1").attempts == 1


def test_rejected_files_are_told_and_the_others_go_on(tmp_path: Path) -> None:
    put_ticket(tmp_path, "good")
    put_ticket(tmp_path, "old", api_version="1.0")
    found = claim(tmp_path, "one")
    assert ids(found) == ["good"]
    assert [entry.file for entry in found.rejected] == ["old.json"]
    assert (tmp_path / "states/rejected/old.json").exists()


def test_only_rejected_files_are_an_error_that_lists_them_all(tmp_path: Path) -> None:
    put_ticket(tmp_path, "old", api_version="1.0")
    (tmp_path / "torn.json").write_text("{")
    with pytest.raises(TicketError, match=r"(?s)old.json: api_version.*torn.json: not JSON"):
        claim(tmp_path, "one")


def test_a_rejected_file_is_no_error_while_another_run_is_at_work(tmp_path: Path) -> None:
    put_ticket(tmp_path, "t-1")
    claim(tmp_path, "one")
    (tmp_path / "torn.json").write_text("{")
    assert ids(claim(tmp_path, "two")) == []


def test_other_content_under_a_finished_id_is_rejected(tmp_path: Path) -> None:
    put_ticket(tmp_path, "t-1", "dress-5")
    claim(tmp_path, "one")
    settle_all(tmp_path, "one", "completed")
    put_ticket(tmp_path, "t-1", "dress-6")
    with pytest.raises(TicketError, match="with other content"):
        claim(tmp_path, "two")


def test_another_subject_key_does_not_make_finished_tickets_look_changed(tmp_path: Path) -> None:
    put_ticket(tmp_path, "t-1")
    claim(tmp_path, "one")
    settle_all(tmp_path, "one", "completed")
    other = Claimant(run_id="two", key=b"another key altogether", duration=HOUR)
    assert claim_due(open_store(str(tmp_path)), other, NOW).tickets == []


@pytest.mark.parametrize("record", ["states/t-1.json", "leases/t-1/000001.json"])
def test_a_damaged_record_rejects_its_ticket_alone(tmp_path: Path, record: str) -> None:
    put_ticket(tmp_path, "t-1")
    put_ticket(tmp_path, "t-2")
    open_store(str(tmp_path)).write(record, b"{")
    found = claim(tmp_path, "one")
    assert ids(found) == ["t-2"]
    assert record in found.rejected[0].reason


def test_two_files_with_one_ticket_are_claimed_once(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_bytes(as_bytes(ticket("t-1")))
    assert ids(claim(tmp_path, "one")) == ["t-1"]


def _claim_in_a_process(place: str, run_id: str, start: float, found: object) -> None:
    while datetime.now(UTC).timestamp() < start:
        pass
    found.put((run_id, ids(claim(Path(place), run_id))))  # type: ignore[attr-defined]


def test_two_processes_at_once_never_take_the_same_ticket(tmp_path: Path) -> None:
    everything = [f"t-{number}" for number in range(30)]
    for ticket_id in everything:
        put_ticket(tmp_path, ticket_id)
    context = multiprocessing.get_context("spawn")
    found = context.Queue()
    start = datetime.now(UTC).timestamp() + 2
    processes = [
        context.Process(target=_claim_in_a_process, args=(str(tmp_path), name, start, found))
        for name in ("one", "two", "three")
    ]
    for process in processes:
        process.start()
    taken = dict(found.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
    assert sorted(sum(taken.values(), [])) == sorted(everything)


def _claim_and_die(place: str) -> None:
    claim(Path(place), "killed")
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_run_keeps_its_tickets_from_others_and_finds_them_again(tmp_path: Path) -> None:
    put_ticket(tmp_path, "t-1")
    process = multiprocessing.get_context("spawn").Process(
        target=_claim_and_die, args=(str(tmp_path),)
    )
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert ids(claim(tmp_path, "another")) == []
    assert ids(claim(tmp_path, "killed")) == ["t-1"]


def test_a_run_of_the_same_name_in_another_workspace_takes_no_tickets(tmp_path: Path) -> None:
    put_ticket(tmp_path, "t-1")
    store = open_store(str(tmp_path))

    def take(workspace: str) -> Claimed:
        return claim_due(store, replace(claimant("one"), workspace=workspace), NOW)

    assert ids(take("/work/a")) == ["t-1"]
    with pytest.raises(InputError, match="run one is under way in /work/a and has ticket t-1"):
        take("/work/b")
    assert take("/work/c/../a").adopted
    assert not (tmp_path / "states" / "rejected").exists()
