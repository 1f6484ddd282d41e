"""Leases: which run works on a ticket, so that two never take the same one.

Leases of a ticket are numbered, ``leases/<ticket id>/000001.json``; the highest number counts. A
ticket is taken by creating the next number, and only when the last lease was released, has
expired, or is one's own. Creation is exclusive and no lease is ever deleted, so of two runs that
saw the same last lease one alone gets the next number, also when a slow one acts on what it saw
long ago. Nothing needs to be locked or replaced in place.

A lease ends by itself: a run that was killed does not keep its tickets for ever. The same run,
started again, takes its tickets up again at once.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from efface.errors import InputError
from efface.storage import Store
from efface.tickets.states import format_record, parse_record
from efface.tickets.ticket import format_time

FOLDER = "leases/"


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A run's claim on a ticket."""

    ticket_id: str
    number: int
    run_id: str
    expires_at: str
    """UTC; from then on any run may take the ticket."""
    released: bool = False
    workspace: str = ""
    """Where that run works: a run of the same name elsewhere is another one."""

    def live(self, now: datetime) -> bool:
        """Whether it still keeps other runs away."""
        return not self.released and now.astimezone(UTC) < datetime.fromisoformat(self.expires_at)


def newest_keys(store: Store, prefix: str = FOLDER) -> dict[str, str]:
    """Ticket id -> key of its newest lease, in one listing."""
    return {key.split("/")[1]: key for key in _in_order(store.list(prefix))}


def newest_lease(store: Store, ticket_id: str) -> Lease | None:
    """The lease of a ticket that counts; None when it was never claimed."""
    key = newest_keys(store, f"{FOLDER}{ticket_id}/").get(ticket_id)
    return None if key is None else read_lease(store, key)


def read_lease(store: Store, key: str) -> Lease:
    """Read one lease.

    Raises:
        InputError: damaged, or of another version.
    """
    content = parse_record(store.read(key), key)
    try:
        return Lease(**content)
    except TypeError as error:
        raise InputError(
            f"{key} does not have the fields of a lease ({error}): delete it"
        ) from None


def acquire(
    store: Store,
    ticket_id: str,
    *,
    run_id: str,
    now: datetime,
    duration: timedelta,
    workspace: str = "",
) -> Lease | None:
    """Take a ticket for a run; None when another run has it."""
    last = newest_lease(store, ticket_id)
    if last is not None and last.live(now) and last.run_id != run_id:
        return None
    lease = Lease(
        ticket_id=ticket_id,
        number=last.number + 1 if last else 1,
        run_id=run_id,
        expires_at=format_time(now + duration),
        workspace=workspace,
    )
    if store.create(_key(lease), format_record(asdict(lease))):
        return lease
    winner = newest_lease(store, ticket_id)  # perhaps this very run, started twice
    return winner if winner and winner.run_id == run_id and winner.live(now) else None


def release(store: Store, lease: Lease) -> None:
    """Give a ticket back; only the run that holds the lease may call this."""
    store.write(_key(lease), format_record(asdict(replace(lease, released=True))))


def _in_order(keys: Iterable[str]) -> list[str]:
    return sorted(key for key in keys if key.count("/") == 2 and key.endswith(".json"))


def _key(lease: Lease) -> str:
    return f"{FOLDER}{lease.ticket_id}/{lease.number:06d}.json"
