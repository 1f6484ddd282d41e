"""Where a ticket stands: ``states/<ticket id>.json`` for people and for the next run.

    pending ──claimed──► in_progress ─┬─ completed       the new model forgot, and is registered
       ▲                              ├─ no_data_found   the model never saw these subjects
       └── the run failed ────────────┴─ blocked         the gate said no, or the training broke
                                                      down; due again

A file that is no ticket is rejected: ``states/rejected/<file>``.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from efface.errors import InputError
from efface.storage import Store
from efface.typed import is_version

VERSION = 1
PENDING = "pending"
IN_PROGRESS = "in_progress"
COMPLETED = "completed"
NO_DATA_FOUND = "no_data_found"
BLOCKED = "blocked"
REJECTED = "rejected"
FINAL = (COMPLETED, NO_DATA_FOUND)
"""A ticket in one of these is not due again."""
OPENDSR_STATUS: Mapping[str, str] = {
    PENDING: "pending",
    IN_PROGRESS: "in_progress",
    COMPLETED: "completed",
    NO_DATA_FOUND: "completed",
    BLOCKED: "in_progress",  # the request still stands, and the next run tries again
    REJECTED: "cancelled",
}
"""What OpenDSR 2.0 calls each state."""


@dataclass(frozen=True, kw_only=True)
class TicketState:
    """What is known of one ticket."""

    ticket_id: str
    state: str
    """One of OPENDSR_STATUS."""
    regulation: str
    received_at: str
    due_at: str | None
    updated_at: str
    run_id: str
    """The run that wrote this."""
    attempts: int
    """Runs that have claimed it."""
    reasons: list[str] = field(default_factory=list)
    """Why it is blocked, or pending again; also who of those it names has no image."""
    ticket_sha256: str = ""
    """HMAC-SHA256 of its content with the subject key."""
    key_id: str = ""
    """Which subject key that was."""
    identities_without_data: int = 0
    """Of those it names, how many have no image in the train split."""

    def to(self, state: str, *, run_id: str, at: str, reasons: list[str]) -> "TicketState":
        """The same ticket in another state."""
        return replace(self, state=state, run_id=run_id, updated_at=at, reasons=reasons)


def read_state(store: Store, ticket_id: str) -> TicketState | None:
    """What is known of a ticket; None when no run has claimed it yet.

    Raises:
        InputError: the state file is damaged or of another version.
    """
    key = _key(ticket_id)
    if not store.exists(key):
        return None
    content = parse_record(store.read(key), key)
    content.pop("opendsr_status", None)
    try:
        return TicketState(**content)
    except TypeError as error:
        raise InputError(
            f"{key} does not have the fields of version {VERSION} ({error}): delete it, and the "
            "ticket is due again"
        ) from None


def write_state(store: Store, state: TicketState) -> None:
    """Write down where a ticket stands."""
    status = {"opendsr_status": OPENDSR_STATUS[state.state]}
    store.write(_key(state.ticket_id), format_record(asdict(state) | status))


def parse_record(content: bytes, key: str) -> dict[str, Any]:
    """The fields of a small versioned JSON record, without its version.

    Raises:
        InputError: not JSON, or of another version.
    """
    try:
        record = json.loads(content)
    except ValueError as error:
        raise InputError(f"{key} is not JSON ({error}): restore or delete it") from None
    version = record.pop("version", None) if isinstance(record, dict) else None
    if not is_version(version, VERSION):
        raise InputError(f"{key} has version {version!r}; this efface reads version {VERSION}")
    return dict(record)


def format_record(fields: Mapping[str, Any]) -> bytes:
    """A small versioned JSON record as bytes."""
    return (json.dumps({"version": VERSION, **fields}, indent=2, allow_nan=False) + "\n").encode()


def _key(ticket_id: str) -> str:
    return f"states/{ticket_id}.json"
