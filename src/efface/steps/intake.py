"""The intake step: claim the due tickets, and find in the dataset which images they mean."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from efface.data.manifest import NAME as MANIFEST
from efface.data.manifest import bytes_to_manifest
from efface.errors import EffaceError
from efface.evidence.purge import open_run, will_write
from efface.files import sha256_bytes, whole_file
from efface.settings import read_settings
from efface.steps.handover.batch_file import due, write_batch
from efface.storage import Store, open_store
from efface.storage.places import absolute
from efface.tickets.answer import ANSWER, CLAIMED
from efface.tickets.claims import (
    Claimant,
    Claimed,
    claim_due,
    hand_back,
    leases_of,
    note_without_data,
)
from efface.tickets.failures import FOLDER
from efface.tickets.folder import open_folder
from efface.tickets.matching import FORGET_SCHEMA, Match, match_tickets
from efface.tickets.states import IN_PROGRESS, NO_DATA_FOUND, PENDING, format_record
from efface.tickets.ticket import Ticket, format_time

log = logging.getLogger(__name__)

FORGET = "forget.parquet"
OF_AN_EARLIER_RUN = (ANSWER, "registered.json", "settlement.json")


def run(*, tickets: str, dataset: str, run_id: str, workspace: str, out: Path) -> int:
    """Claim the due tickets and write ``batch.json`` and ``forget.parquet``.

    Args:
        tickets: folder of tickets, local or s3://.
        dataset: folder of the dataset's manifest and shards, local or s3://.
        run_id: name of this run; a run started again under the same name keeps its tickets.
        workspace: place shared by the steps of the run.
        out: folder to write to.

    Returns:
        Number of tickets to work on; 0 when none is due, or the model never saw their subjects.

    Raises:
        TicketError: no ticket is due and some were rejected.
        InputError, DataError: the ticket folder or the manifest cannot be used, or a run of this
            name is under way in another workspace.
        InfrastructureError: storage or the disk failed.
    """
    settings = read_settings()
    claimant = Claimant(
        run_id=run_id,
        key=settings.subject_key,
        duration=settings.lease,
        workspace=absolute(workspace),
    )
    shared, folder = open_run(workspace, run_id), open_folder(tickets)
    now = datetime.now(UTC)
    claimed = claim_due(folder, claimant, now)
    with _given_back_on_failure(folder, claimed, run_id):
        if not claimed.adopted:
            _forget_earlier_run(shared)
        names = [ticket.ticket_id for ticket in claimed.tickets]
        shared.write(CLAIMED, format_record({"tickets": names}))
        digest, found = _find(claimed.tickets, dataset, claimant.key)
        will_write(workspace, run_id, str(out / FORGET))
        _write_forget(out / FORGET, found)
        entries = [_entry(ticket, found[ticket.ticket_id], claimant) for ticket in claimed.tickets]
        batch = {
            "name": _name(claimed.tickets, now),
            "run_id": run_id,
            "created_at": format_time(now),
            "dataset": dataset,
            "dataset_sha256": digest,
            "key_id": claimant.key_id,
            "tickets": entries,
            "rejected": [vars(entry) for entry in claimed.rejected],
        }
        write_batch(out, batch)
        _tell_without_data(folder, claimed.tickets, found)
        _finish_without_data(folder, run_id, entries)
    asked = due(batch)
    log.info(
        "intake=done due=%d no_data=%d rejected=%d samples=%d",
        len(asked),
        len(entries) - len(asked),
        len(claimed.rejected),
        sum(entry["samples"] for entry in asked),
    )
    return len(asked)


def _find(tickets: list[Ticket], dataset: str, key: bytes) -> tuple[str, dict[str, Match]]:
    """Hash of the manifest, and what each ticket means in it; without tickets it is not read."""
    if not tickets:
        return "", {}
    store = open_store(dataset)
    content = store.read(MANIFEST)
    manifest = bytes_to_manifest(content, where=f"{store.place}/{MANIFEST}")
    return sha256_bytes(content), match_tickets(tickets, manifest, key)


def _name(tickets: list[Ticket], now: datetime) -> str:
    """What people call the batch: the day, and a hash of which tickets are in it."""
    ids = "\n".join(sorted(ticket.ticket_id for ticket in tickets))
    return f"{now:%Y-%m-%d}-{sha256_bytes(ids.encode())[:8]}"


def _entry(ticket: Ticket, match: Match, claimant: Claimant) -> dict[str, Any]:
    samples = match.samples.num_rows
    return {
        "ticket_id": ticket.ticket_id,
        "ticket_sha256": claimant.fingerprint(ticket),
        "regulation": ticket.regulation,
        "received_at": format_time(ticket.received_at),
        "due_at": format_time(ticket.due_at) if ticket.due_at else None,
        "status": IN_PROGRESS if samples else NO_DATA_FOUND,
        "samples": samples,
        "subjects": match.subjects,
        "identities_without_data": match.identities_without_data,
    }


def _write_forget(path: Path, found: dict[str, Match]) -> None:
    rows = pa.concat_tables([FORGET_SCHEMA.empty_table(), *(m.samples for m in found.values())])
    with whole_file(path) as temporary:
        pq.write_table(rows, temporary, compression="zstd")


def _tell_without_data(folder: Store, tickets: list[Ticket], found: dict[str, Match]) -> None:
    """A name that is misspelt must not look forgotten."""
    for ticket in tickets:
        if count := found[ticket.ticket_id].identities_without_data:
            note_without_data(folder, ticket.ticket_id, count)
            log.warning(
                "ticket=%s identities=%d without_data=%d fix='look how the dataset writes them'",
                ticket.ticket_id,
                len(set(ticket.identities)),
                count,
            )


def _finish_without_data(folder: Store, run_id: str, entries: list[dict[str, Any]]) -> None:
    done = {entry["ticket_id"] for entry in entries if entry["status"] == NO_DATA_FOUND}
    if not done:
        return
    reason = "the dataset's train split has no image of these subjects: nothing was learned"
    for lease in leases_of(folder, run_id):
        if lease.ticket_id in done and not lease.released:
            hand_back(folder, lease, NO_DATA_FOUND, reasons=[reason], now=datetime.now(UTC))


def _forget_earlier_run(shared: Store) -> None:
    """A run that claims anew under an old name must not be settled by the old run's outcome."""
    for name in OF_AN_EARLIER_RUN:
        shared.delete(name)
    shared.delete_all(FOLDER)


@contextmanager
def _given_back_on_failure(folder: Store, claimed: Claimed, run_id: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        note = f"intake failed: {error}" if isinstance(error, EffaceError) else "intake failed"
        try:
            for lease in leases_of(folder, run_id) if claimed.tickets else []:
                if not lease.released:
                    hand_back(folder, lease, PENDING, reasons=[note], now=datetime.now(UTC))
        except EffaceError as second:
            log.error("lease=kept_until_it_expires run=%s reason=%r", run_id, str(second))
        raise
