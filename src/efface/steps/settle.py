"""The settle step, which runs whatever happened: ticket states, leases, purge, numbers."""

import json
import logging
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from efface.errors import EffaceError, InfrastructureError, InputError
from efface.evidence.purge import Purge, Purged, is_noted, open_run, purge
from efface.settings import read_settings
from efface.storage import Store
from efface.storage.places import absolute, same_place
from efface.telemetry import RunNumbers, push
from efface.tickets.answer import ANSWER, CLAIMED
from efface.tickets.claims import hand_back, leases_of
from efface.tickets.ending import Ending, outcome_to_ending
from efface.tickets.failures import first_failure
from efface.tickets.folder import open_folder
from efface.tickets.lease import Lease
from efface.tickets.states import (
    COMPLETED,
    FINAL,
    OPENDSR_STATUS,
    PENDING,
    TicketState,
    read_state,
)
from efface.tickets.ticket import format_time

log = logging.getLogger(__name__)

VERSION = 1
SETTLEMENT = "settlement.json"


def run(*, tickets: str, run_id: str, workspace: str, error: str = "") -> dict[str, Any]:
    """Settle a run; may be repeated.

    Args:
        tickets: folder of tickets, local or s3://.
        run_id: the run.
        workspace: place shared by the steps of the run.
        error: what the step that failed said, for the tickets; empty for what it left itself.

    Returns:
        The settlement, as written to ``<workspace>/<run id>/settlement.json``.

    Raises:
        InfrastructureError: a copy was not purged, or states could not be written. All that could
            be done has been done by then.
        InputError: the workspace or the ticket folder cannot be used; the same holds.
    """
    now = datetime.now(UTC)
    problems: list[EffaceError] = []
    shared = open_run(workspace, run_id)
    _stop_writers(workspace, run_id, problems)
    swept = _purge(workspace, run_id, problems)
    ending = Ending(state=PENDING, verdict="none")
    settled: list[TicketState] = []
    try:
        ending = _ending(shared, error, problems)
        leases = _own_leases(open_folder(tickets), run_id, workspace)
        settled = _hand_back_all(open_folder(tickets), leases, ending, now, problems)
    except EffaceError as problem:
        problems.append(problem)
    settlement = {
        "version": VERSION,
        "run_id": run_id,
        "settled_at": format_time(now),
        "verdict": ending.verdict,
        "tickets": [_summary(state) for state in settled],
        "unanswered": _unanswered(shared, settled, problems),
        **_with_earlier(shared, swept, problems).as_dict(),
    }
    _write(shared, settlement, problems)
    success = ending.state == COMPLETED and not problems
    _push(settlement, success=success, at=now.timestamp())
    if problems:
        raise _together(problems)
    return settlement


def check_known(*, tickets: str, run_id: str, workspace: str) -> None:
    """Refuse a run that has left nothing: for people, who mistype; a task may settle such a run.

    Raises:
        InputError: nothing of it is in the workspace, and it never held a ticket.
    """
    shared = open_run(workspace, run_id)
    if not _left_something(shared) and not leases_of(open_folder(tickets), run_id):
        raise InputError(
            f"nothing of run {run_id} is in {workspace}, and it holds no ticket in {tickets}: give "
            "run id, workspace and tickets as the run had them"
        )


def _left_something(shared: Store) -> bool:
    try:
        return bool(shared.list())
    except InfrastructureError:  # told by what settle does next, after all else is done
        return True


def _stop_writers(workspace: str, run_id: str, problems: list[EffaceError]) -> None:
    """End a training on several nodes that nobody ended: it would go on writing copies."""
    try:
        if is_noted(workspace, run_id, f"{workspace.rstrip('/')}/{run_id}/exchange"):
            from efface.cluster.removal import remove_left_over  # needs the Kubernetes client

            remove_left_over(run_id)
    except EffaceError as error:
        problems.append(error)


def _purge(workspace: str, run_id: str, problems: list[EffaceError]) -> Purge:
    try:
        swept = purge(workspace, run_id)
    except EffaceError as error:
        problems.append(error)
        return Purge(purged=[], not_purged=[])
    problems += [
        InfrastructureError(f"not purged: {p.place}: {p.reason}") for p in swept.not_purged
    ]
    return swept


def _ending(shared: Store, error: str, problems: list[EffaceError]) -> Ending:
    try:
        outcome = _read(shared, ANSWER)
    except InputError as problem:  # damaged: the tickets must not stay claimed for that
        problems.append(problem)
        outcome = None
    try:
        error = error or first_failure(shared)
    except EffaceError as problem:
        problems.append(problem)
    registered = shared.exists("registered.json")
    return outcome_to_ending(outcome, registered=registered, error=error)


def _own_leases(folder: Store, run_id: str, workspace: str) -> list[Lease]:
    """Leases of this run, not of one of the same name that works elsewhere."""
    claimed: list[str] = []
    with suppress(InputError):  # damaged, which is told with what is unanswered
        claimed = (_read(open_run(workspace, run_id), CLAIMED) or {}).get("tickets", [])
    here = absolute(workspace)
    return [
        lease
        for lease in leases_of(folder, run_id)
        if lease.ticket_id in claimed or not lease.workspace or same_place(lease.workspace, here)
    ]


def _hand_back_all(
    folder: Store,
    leases: list[Lease],
    ending: Ending,
    now: datetime,
    problems: list[EffaceError],
) -> list[TicketState]:
    """Settle the tickets that the run holds; those it settled before are told again."""
    states: list[TicketState] = []
    for lease in leases:
        try:
            known = read_state(folder, lease.ticket_id)
            if not lease.released:
                final = known is not None and known.state in FINAL
                state = known.state if known and final else ending.state
                reasons = known.reasons if known and final else ending.reasons
                known = hand_back(folder, lease, state, reasons=reasons, now=now)
            if known is not None and known.run_id == lease.run_id:
                states.append(known)
        except EffaceError as error:
            problems.append(error)
    return states


def _summary(state: TicketState) -> dict[str, Any]:
    return {
        "ticket_id": state.ticket_id,
        "state": state.state,
        "opendsr_status": OPENDSR_STATUS[state.state],
        "due_at": state.due_at,
        "attempts": state.attempts,
        "reasons": state.reasons,
    }


def _unanswered(
    shared: Store, settled: list[TicketState], problems: list[EffaceError]
) -> list[str]:
    """Tickets that intake claimed for the run, and that it has no answer for."""
    try:
        claimed = (_read(shared, CLAIMED) or {}).get("tickets", [])
        earlier = (_read(shared, SETTLEMENT) or {}).get("tickets", [])
    except EffaceError as error:
        problems.append(error)
        return []
    answered = {state.ticket_id for state in settled} | {entry["ticket_id"] for entry in earlier}
    left = sorted(set(claimed) - answered)
    if left:
        log.warning(
            "unanswered=%s run=%s reason='their lease or state is gone or unreadable, or "
            "another run has them' "
            "fix='look at leases/ and states/ in the folder of tickets; they are due again'",
            ",".join(left),
            shared.place.rpartition("/")[2],
        )
    return left


def _with_earlier(shared: Store, swept: Purge, problems: list[EffaceError]) -> Purge:
    """Add what an earlier settlement of the same run had purged."""
    try:
        earlier = _read(shared, SETTLEMENT) or {}
    except EffaceError as error:
        problems.append(error)
        return swept
    totals = {place["place"]: Purged(**place) for place in earlier.get("purged", [])}
    for now in swept.purged:
        before = totals.get(now.place, Purged(place=now.place, files=0, bytes=0))
        totals[now.place] = Purged(
            place=now.place, files=before.files + now.files, bytes=before.bytes + now.bytes
        )
    return Purge(purged=list(totals.values()), not_purged=swept.not_purged)


def _read(shared: Store, name: str) -> dict[str, Any] | None:
    if not shared.exists(name):
        return None
    try:
        return dict(json.loads(shared.read(name)))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{shared.place}/{name} is not a JSON object ({error}): delete it and settle again"
        ) from None


def _write(shared: Store, settlement: dict[str, Any], problems: list[EffaceError]) -> None:
    try:
        shared.write(SETTLEMENT, (json.dumps(settlement, indent=2) + "\n").encode())
    except EffaceError as error:
        problems.append(error)


def _push(settlement: dict[str, Any], *, success: bool, at: float) -> None:
    numbers = RunNumbers(
        tickets=Counter(ticket["state"] for ticket in settlement["tickets"]),
        verdict=settlement["verdict"],
        purged_bytes=sum(place["bytes"] for place in settlement["purged"]),
        not_purged=len(settlement["not_purged"]),
        success=success,
        at=at,
    )
    try:
        push(read_settings().pushgateway, numbers)
    except EffaceError as error:  # all else is done by now, and must not look undone
        log.warning("metrics=not_pushed reason=%r", str(error))


def _together(problems: list[EffaceError]) -> EffaceError:
    """One error for all, an InfrastructureError if any of them is."""
    text = "; ".join(str(problem) for problem in problems)
    worst = any(isinstance(problem, InfrastructureError) for problem in problems)
    return (InfrastructureError if worst else InputError)(f"the run is not fully settled: {text}")
