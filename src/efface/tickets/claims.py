"""Claiming tickets for a run, and giving them back with what became of them."""

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from efface.errors import InputError, TicketError
from efface.storage import Store
from efface.storage.places import same_place
from efface.tickets.folder import Rejected, read_folder, record_rejections
from efface.tickets.lease import Lease, acquire, newest_keys, newest_lease, read_lease, release
from efface.tickets.states import (
    FINAL,
    IN_PROGRESS,
    NO_DATA_FOUND,
    TicketState,
    read_state,
    write_state,
)
from efface.tickets.subjects import key_id, keyed_sha256
from efface.tickets.ticket import Ticket, format_time

log = logging.getLogger(__name__)

AT_ONCE = 16
"""Tickets claimed side by side; a remote store takes its time over each."""


@dataclass(frozen=True, kw_only=True)
class Claimant:
    """A run that takes tickets."""

    run_id: str
    key: bytes
    """Subject key."""
    duration: timedelta
    """How long its leases last."""
    workspace: str = ""
    """Place that its steps share."""

    def fingerprint(self, ticket: Ticket) -> str:
        """HMAC-SHA256 of a ticket's content; a plain hash would let anyone try subject ids."""
        return keyed_sha256(self.key, ticket.canonical)

    @property
    def key_id(self) -> str:
        """Tells one subject key from another."""
        return key_id(self.key)


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """The tickets that a run has, and the files it could not use."""

    tickets: list[Ticket]
    rejected: list[Rejected]
    adopted: bool
    """Whether this run already had them: it was killed and started again."""


def claim_due(store: Store, claimant: Claimant, now: datetime) -> Claimed:
    """Take every due ticket that no other run has.

    A run that already has tickets gets those again and no others: what its steps have done so far
    was for them.

    Raises:
        TicketError: nothing can be claimed or is under way, and there are files to reject.
        InputError: a run of the same name is under way in another workspace.
        InfrastructureError: the folder cannot be reached or written.
    """
    waiting = read_folder(store)
    rejected = {entry.file: entry.reason for entry in waiting.rejected}
    due: list[Ticket] = []
    own: list[tuple[Ticket, Lease]] = []
    for ticket in waiting.tickets:
        with _rejecting(rejected, waiting.files[ticket.ticket_id]):
            if _is_due(store, ticket, claimant):
                held = _held(store, ticket, claimant, now)
                due.append(ticket)
                own += [(ticket, held)] if held else []
    for _, lease in own:
        _refuse_namesake(lease, claimant)
    wanted = [ticket for ticket, _ in own] or due

    def claim(ticket: Ticket) -> list[Ticket]:
        with _rejecting(rejected, waiting.files[ticket.ticket_id]):
            return [ticket] if _claim(store, ticket, claimant, now) else []
        return []

    with ThreadPoolExecutor(AT_ONCE) as pool:
        tickets = list(chain.from_iterable(pool.map(claim, wanted)))
    entries = [Rejected(file=file, reason=rejected[file]) for file in sorted(rejected)]
    record_rejections(store, entries, now)
    if entries and not due:
        raise TicketError(
            "no ticket can be worked on:\n"
            + "\n".join(f"  {entry.file}: {entry.reason}" for entry in entries)
        )
    return Claimed(tickets=tickets, rejected=entries, adopted=bool(own))


@contextmanager
def _rejecting(rejected: dict[str, str], file: str) -> Iterator[None]:
    """What is wrong with one ticket is noted, and the others go on."""
    try:
        yield
    except InputError as error:
        rejected[file] = str(error)


def leases_of(store: Store, run_id: str) -> list[Lease]:
    """Leases that count and belong to a run, released ones too."""
    leases = []
    for key in newest_keys(store).values():
        try:
            leases.append(read_lease(store, key))
        except InputError as error:
            log.error("lease=damaged key=%s reason=%r", key, str(error))
    return [lease for lease in leases if lease.run_id == run_id]


def hand_back(
    store: Store, lease: Lease, state: str, *, reasons: Iterable[str], now: datetime
) -> TicketState | None:
    """Write down what became of a ticket, then release it; None when it has no state to change."""
    known = read_state(store, lease.ticket_id)
    settled = None
    if known is not None:
        told = {*reasons, *([] if state == NO_DATA_FOUND else _without_data(known))}
        settled = known.to(state, run_id=lease.run_id, at=format_time(now), reasons=sorted(told))
        write_state(store, settled)
        log.info("ticket=%s state=%s run=%s", lease.ticket_id, state, lease.run_id)
    release(store, lease)
    return settled


def note_without_data(store: Store, ticket_id: str, count: int) -> None:
    """Keep how many of a claimed ticket's identities mean no image, for whoever answers it."""
    known = read_state(store, ticket_id)
    if known is not None:
        write_state(store, replace(known, identities_without_data=count))


def _without_data(known: TicketState) -> list[str]:
    if not known.identities_without_data:
        return []
    told = (
        f"{known.identities_without_data} of the identities it names have no image in the "
        "dataset's train split: nothing was forgotten for them; look whether they are written as "
        "in the dataset"
    )
    return [told]


def _is_due(store: Store, ticket: Ticket, claimant: Claimant) -> bool:
    """Whether there is still something to do for a ticket, whoever does it."""
    known = read_state(store, ticket.ticket_id)
    if known is None or known.state not in FINAL:
        return True
    if known.key_id == claimant.key_id and known.ticket_sha256 != claimant.fingerprint(ticket):
        raise TicketError(
            f"ticket id {ticket.ticket_id} is {known.state} since {known.updated_at} with other "
            "content: give the new request an id of its own"
        )
    return False


def _held(store: Store, ticket: Ticket, claimant: Claimant, now: datetime) -> Lease | None:
    """The lease that this run has had since before it was started again."""
    lease = newest_lease(store, ticket.ticket_id)
    mine = lease is not None and lease.run_id == claimant.run_id and lease.live(now)
    return lease if mine else None


def _refuse_namesake(lease: Lease, claimant: Claimant) -> None:
    places = (lease.workspace, claimant.workspace)
    if all(places) and not same_place(*places):
        raise InputError(
            f"run {lease.run_id} is under way in {lease.workspace} and has ticket "
            f"{lease.ticket_id}: give that workspace to go on with it, or this run another id"
        )


def _claim(store: Store, ticket: Ticket, claimant: Claimant, now: datetime) -> bool:
    """Take one ticket; False when another run has it, or has settled it a moment ago."""
    lease = acquire(
        store,
        ticket.ticket_id,
        run_id=claimant.run_id,
        now=now,
        duration=claimant.duration,
        workspace=claimant.workspace,
    )
    if lease is None:
        log.info("ticket=%s claim=held_by_another_run", ticket.ticket_id)
        return False
    known = read_state(store, ticket.ticket_id)
    if known is not None and known.state in FINAL:
        release(store, lease)
        return False
    write_state(store, _in_progress(ticket, known, claimant, now))
    log.info(
        "ticket=%s claim=taken run=%s lease=%d until=%s",
        ticket.ticket_id,
        claimant.run_id,
        lease.number,
        lease.expires_at,
    )
    return True


def _in_progress(
    ticket: Ticket, known: TicketState | None, claimant: Claimant, now: datetime
) -> TicketState:
    before = known.attempts if known else 0
    again = known is not None and known.state == IN_PROGRESS and known.run_id == claimant.run_id
    return TicketState(
        ticket_id=ticket.ticket_id,
        state=IN_PROGRESS,
        regulation=ticket.regulation,
        received_at=format_time(ticket.received_at),
        due_at=format_time(ticket.due_at) if ticket.due_at else None,
        updated_at=format_time(now),
        run_id=claimant.run_id,
        attempts=before if again else before + 1,
        ticket_sha256=claimant.fingerprint(ticket),
        key_id=claimant.key_id,
    )
