"""A deletion ticket: an OpenDSR 2.0 erasure request as JSON, checked with ``ticket.schema.json``.

    {
      "api_version": "2.0",
      "subject_request_id": "5a8e...",
      "subject_request_type": "erasure",
      "regulation": "gdpr",
      "submitted_time": "2026-11-02T09:30:00Z",
      "subject_identities": [
        {"identity_type": "subject_id", "identity_value": "dress-5", "identity_format": "raw"}
      ]
    }

No message about a ticket holds an identity value: messages end in logs and in the evidence.
"""

import calendar
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from efface.errors import TicketError
from efface.files import given_twice
from efface.spelling import spelling_fault

IDENTITY_TYPES = ("subject_id", "rights_holder")
"""What an identity may name: a column of the dataset manifest."""
LARGEST = 1024 * 1024
"""Bytes of a ticket's file; larger ones are refused unread."""
LONE = re.compile(r"[\ud800-\udfff]")
"""JSON can name half of a pair of UTF-16; no text, path or manifest can hold it."""

_FIELDS = (
    *("api_version", "subject_request_id", "subject_request_type", "regulation"),
    *("submitted_time", "due_at", "subject_identities", "status_callback_urls"),
    *("identity_type", "identity_value", "identity_format", "property_id", "extensions"),
)
"""Fields whose name a message may show; any other could be a subject by mistake."""
_SHOWN = ("api_version", "subject_request_type", "regulation", "submitted_time", "due_at")
"""Fields whose value a message may show; any other could hold a subject by mistake."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whose images to forget."""

    type: str
    """One of IDENTITY_TYPES."""
    value: str = field(repr=False)
    """As it stands in the manifest."""


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A checked ticket."""

    ticket_id: str
    regulation: str
    """gdpr, ccpa or none."""
    received_at: datetime
    due_at: datetime | None
    """None when neither the regulation nor the sender sets a date."""
    identities: tuple[Identity, ...]
    callback_urls: tuple[str, ...] = ()
    canonical: bytes = field(repr=False)
    """The ticket as JSON of one form: two files with the same content have the same."""


def parse_ticket(content: bytes) -> Ticket:
    """Check the bytes of a ticket file and give the ticket.

    Raises:
        TicketError: everything that is wrong with it, in one message without identity values.
    """
    document = _read_json(content)
    faults = [_explain(error) for error in _sorted(_validator().iter_errors(document))]
    if faults:
        raise TicketError("; ".join(faults))
    if LONE.search(json.dumps(document, ensure_ascii=False)):
        raise TicketError("holds half a character (a lone surrogate): write the whole one")
    if unlike := _never_found(document["subject_identities"]):
        raise TicketError("; ".join(unlike))
    received_at = _parse_time("submitted_time", document["submitted_time"])
    regulation = document["regulation"]
    return Ticket(
        ticket_id=document["subject_request_id"],
        regulation=regulation,
        received_at=received_at,
        due_at=_due_at(regulation, received_at, document.get("due_at")),
        identities=tuple(
            Identity(type=identity["identity_type"], value=identity["identity_value"])
            for identity in document["subject_identities"]
        ),
        callback_urls=tuple(document.get("status_callback_urls", ())),
        canonical=json.dumps(document, sort_keys=True, separators=(",", ":")).encode(),
    )


def due_date(regulation: str, received_at: datetime) -> datetime | None:
    """When the regulation wants it done.

    GDPR Article 12(3): one calendar month. CCPA, Cal. Civ. Code 1798.130(a)(2): 45 days.
    """
    return _deadline(regulation, received_at, months=1, days=45)


def latest_date(regulation: str, received_at: datetime) -> datetime | None:
    """The same with the one extension that the regulation grants: two months, or 45 days."""
    return _deadline(regulation, received_at, months=3, days=90)


def add_months(moment: datetime, months: int) -> datetime:
    """The same day and time some calendar months later, or the last day of a shorter month."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def format_time(moment: datetime) -> str:
    """A time as efface writes it: UTC, whole seconds, ``2026-11-02T09:30:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _deadline(regulation: str, received_at: datetime, months: int, days: int) -> datetime | None:
    match regulation:
        case "gdpr":
            return add_months(received_at, months)
        case "ccpa":
            return received_at + timedelta(days=days)
        case _:
            return None


def _due_at(regulation: str, received_at: datetime, given: str | None) -> datetime | None:
    if given is None:
        return due_date(regulation, received_at)
    due_at = _parse_time("due_at", given)
    if due_at < received_at:
        raise TicketError(f"due_at {given} is before submitted_time: correct one of them")
    latest = latest_date(regulation, received_at)
    if latest is not None and due_at > latest:
        raise TicketError(
            f"due_at {given} is later than {regulation} allows, {format_time(latest)} with its "
            "extension: give an earlier one, or none"
        )
    return due_at


def _read_json(content: bytes) -> Any:
    if len(content) > LARGEST:
        raise TicketError(f"{len(content)} bytes; a ticket has at most {LARGEST}: split it")
    try:
        return json.loads(content, object_pairs_hook=_unique)
    except UnicodeDecodeError:
        raise TicketError("not UTF-8 text: save it as UTF-8") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise TicketError(f"not JSON: {error.msg} at {place}") from None
    except ValueError:
        raise TicketError("not a ticket: it holds a number of thousands of digits") from None
    except RecursionError:
        raise TicketError("not a ticket: nested too deeply") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object with each key once: of two lists of identities, one would not be asked for."""
    if twice := given_twice(pairs):
        told = ", ".join(name for name in twice if name in _FIELDS) or "that is no field of tickets"
        raise TicketError(f"key {told} given twice in one object: keep one, with all that is meant")
    return dict(pairs)


def _never_found(identities: list[dict[str, str]]) -> list[str]:
    """Identities that no dataset can hold as they are written, without their values."""
    found = [(n, spelling_fault(given["identity_value"])) for n, given in enumerate(identities)]
    return [f"subject_identities/{n}/identity_value {fault}" for n, fault in found if fault]


def _parse_time(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return moment
    except ValueError:
        raise TicketError(
            f"{name} {text!r} is not a time with a time zone, such as 2026-11-02T09:30:00Z"
        ) from None


def _sorted(errors: Iterable[ValidationError]) -> list[ValidationError]:
    return sorted(errors, key=lambda error: [str(part) for part in error.absolute_path])


def _explain(error: ValidationError) -> str:
    """Say what is wrong without ever showing an identity value."""
    path = [str(part) for part in error.absolute_path]
    name = "/".join(path) or "ticket"
    if error.validator in ("required", "additionalProperties"):
        return f"{name}: {error.message}"  # names of fields only
    given = ""
    if name in _SHOWN and isinstance(error.instance, str | int | float):
        given = f" {str(error.instance)[:40]!r}"
    wanted = {"const": "must be", "enum": "must be one of", "type": "must be of type"}
    rule = wanted.get(str(error.validator), f"must have {error.validator}")
    return f"{name}{given} {rule} {json.dumps(error.validator_value)}"


@cache
def _validator() -> Draft202012Validator:
    text = resources.files("efface.tickets").joinpath("ticket.schema.json").read_text()
    return Draft202012Validator(json.loads(text))
