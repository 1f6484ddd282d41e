"""The folder that tickets wait in, local or on S3: one ``*.json`` file a ticket."""

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from efface.errors import InfrastructureError, InputError
from efface.storage import Store, open_store
from efface.tickets.states import OPENDSR_STATUS, REJECTED, format_record, parse_record
from efface.tickets.ticket import Ticket, format_time, parse_ticket

log = logging.getLogger(__name__)

REJECTED_FOLDER = "states/rejected/"


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A file that cannot be worked on."""

    file: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What lies in the folder."""

    tickets: list[Ticket]
    """Each ticket once, the earliest due date first."""
    files: dict[str, str]
    """Ticket id -> a file that holds it."""
    rejected: list[Rejected]


def open_folder(place: str) -> Store:
    """Open the folder of tickets.

    Raises:
        InputError: a local folder that does not exist, or an address of another kind.
        InfrastructureError: a folder on the way to it may not be looked into.
    """
    store = open_store(place)
    try:
        there = "://" in place or Path(place).is_dir()
    except PermissionError as error:
        raise InfrastructureError(
            f"ticket folder {place}: access refused; give this user the right to it, then run again"
        ) from error
    if not there:
        raise InputError(f"ticket folder {place} does not exist: make it, or give the right one")
    return store


def read_folder(store: Store) -> Waiting:
    """Read and check every ticket; what is wrong with a file is its rejection, not an error."""
    parsed: dict[str, Ticket] = {}
    rejected: dict[str, str] = {}
    for file in _ticket_files(store):
        try:
            parsed[file] = parse_ticket(store.read(file))
        except InputError as error:
            rejected[file] = str(error)
    rejected |= _contradictions(parsed)
    accepted = {file: ticket for file, ticket in parsed.items() if file not in rejected}
    files = {ticket.ticket_id: file for file, ticket in accepted.items()}
    once = {ticket.ticket_id: ticket for ticket in accepted.values()}
    return Waiting(
        tickets=sorted(once.values(), key=_urgency),
        files=files,
        rejected=[Rejected(file=file, reason=rejected[file]) for file in sorted(rejected)],
    )


def record_rejections(store: Store, rejected: list[Rejected], now: datetime) -> None:
    """Keep ``states/rejected/`` in step: a record for each rejected file, none for the others."""
    known = {key: _reason(store, key) for key in store.list(REJECTED_FOLDER)}
    wanted = {REJECTED_FOLDER + entry.file: entry for entry in rejected}
    for key in known.keys() - wanted.keys():
        store.delete(key)
    for key, entry in wanted.items():
        if known.get(key) != entry.reason:
            store.write(key, _format(entry, now))
            log.warning("ticket=rejected file=%s reason=%r", entry.file, entry.reason)


def _ticket_files(store: Store) -> list[str]:
    return [key for key in store.list() if "/" not in key and key.endswith(".json")]


def _urgency(ticket: Ticket) -> tuple[bool, float, str]:
    due = ticket.due_at.timestamp() if ticket.due_at else 0.0
    return ticket.due_at is None, due, ticket.ticket_id


def _contradictions(parsed: Mapping[str, Ticket]) -> dict[str, str]:
    """File -> reason, for files that share a ticket id but not its content."""
    by_id: dict[str, list[str]] = defaultdict(list)
    for file, ticket in parsed.items():
        by_id[ticket.ticket_id].append(file)
    reasons: dict[str, str] = {}
    for ticket_id, files in by_id.items():
        if len({parsed[file].canonical for file in files}) > 1:
            reason = (
                f"ticket id {ticket_id} stands in {', '.join(sorted(files))} with different "
                "content: remove the wrong one, or give it an id of its own"
            )
            reasons |= dict.fromkeys(files, reason)
    return reasons


def _reason(store: Store, key: str) -> str:
    try:
        return str(parse_record(store.read(key), key).get("reason"))
    except InputError:
        return ""  # damaged: written anew


def _format(entry: Rejected, now: datetime) -> bytes:
    return format_record(
        {
            "file": entry.file,
            "state": REJECTED,
            "opendsr_status": OPENDSR_STATUS[REJECTED],
            "reason": entry.reason,
            "rejected_at": format_time(now),
        }
    )
