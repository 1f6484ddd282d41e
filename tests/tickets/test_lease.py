from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from efface.storage import Store, open_store
from efface.tickets.lease import Lease, acquire, newest_lease, release

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def take(store: Store, run_id: str, now: datetime = NOW) -> Lease | None:
    return acquire(store, "t-1", run_id=run_id, now=now, duration=HOUR)


def held(store: Store, run_id: str, now: datetime = NOW) -> Lease:
    lease = take(store, run_id, now)
    assert lease is not None
    return lease


def test_a_ticket_is_held_by_one_run_until_released(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    lease = held(store, "one")
    assert take(store, "two") is None
    release(store, lease)
    assert held(store, "two").number == 2


def test_an_expired_lease_is_taken_over(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    held(store, "one")
    assert take(store, "two", NOW + HOUR - timedelta(seconds=1)) is None
    assert held(store, "two", NOW + HOUR).run_id == "two"


def test_the_same_run_takes_its_ticket_again_and_keeps_it_longer(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    held(store, "one")
    again = held(store, "one", NOW + HOUR / 2)
    assert again.expires_at == "2026-11-02T13:30:00Z"


def test_a_run_that_lost_its_lease_cannot_take_it_back(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    held(store, "one")
    held(store, "two", NOW + HOUR)
    assert take(store, "one", NOW + HOUR) is None


def test_a_late_release_of_a_lost_lease_changes_nothing(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    lost = held(store, "one")
    held(store, "two", NOW + HOUR)
    release(store, lost)
    newest = newest_lease(store, "t-1")
    assert newest is not None
    assert (newest.run_id, newest.released) == ("two", False)


def test_tickets_whose_ids_begin_alike_have_leases_of_their_own(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    held(store, "one")
    assert newest_lease(store, "t-10") is None
    assert newest_lease(store, "t") is None


def test_of_many_at_once_one_takes_an_expired_lease(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    held(store, "old")
    names = [f"run-{number}" for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(lambda name: take(store, name, NOW + HOUR), names))
    assert sum(lease is not None for lease in taken) == 1
