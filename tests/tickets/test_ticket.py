import json
from datetime import UTC, datetime
from typing import Any

import pytest

from efface.errors import TicketError
from efface.tickets.ticket import LARGEST, add_months, due_date, format_time, parse_ticket
from tests.given import as_bytes, identity, ticket


def parse(*values: str, **changes: Any) -> Any:
    return parse_ticket(as_bytes(ticket("t-1", *values, **changes)))


def test_a_ticket_keeps_what_was_given() -> None:
    found = parse("dress-5", status_callback_urls=["https://example.org/status"])
    assert found.ticket_id == "t-1"
    assert [(i.type, i.value) for i in found.identities] == [("subject_id", "dress-5")]
    assert found.callback_urls == ("https://example.org/status",)


@pytest.mark.parametrize(
    ("regulation", "received", "due"),
    [
        pytest.param("gdpr", "2026-11-02T09:30:00Z", "2026-12-02T09:30:00Z", id="one-month"),
        pytest.param("gdpr", "2027-01-31T09:30:00Z", "2027-02-28T09:30:00Z", id="short-month"),
        pytest.param("gdpr", "2028-01-31T09:30:00Z", "2028-02-29T09:30:00Z", id="leap-year"),
        pytest.param("gdpr", "2026-12-15T00:00:00Z", "2027-01-15T00:00:00Z", id="new-year"),
        pytest.param("ccpa", "2026-11-02T09:30:00Z", "2026-12-17T09:30:00Z", id="45-days"),
    ],
)
def test_the_due_date_is_the_regulations(regulation: str, received: str, due: str) -> None:
    found = parse(regulation=regulation, submitted_time=received)
    assert format_time(found.due_at) == due


def test_no_regulation_sets_no_due_date() -> None:
    assert due_date("none", datetime(2026, 11, 2, tzinfo=UTC)) is None


def test_a_month_is_counted_in_the_senders_time_zone() -> None:
    found = parse(submitted_time="2026-10-31T23:30:00-05:00")
    assert format_time(found.due_at) == "2026-12-01T04:30:00Z"


def test_months_are_added_over_years() -> None:
    assert add_months(datetime(2026, 11, 30), 15) == datetime(2028, 2, 29)


def test_a_due_date_of_ones_own_counts() -> None:
    found = parse(due_at="2026-11-10T00:00:00Z")
    assert format_time(found.due_at) == "2026-11-10T00:00:00Z"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"api_version": "1.0"}, ["api_version '1.0'", '"2.0"'], id="version"),
        pytest.param({"api_version": ...}, ["'api_version' is a required"], id="no-version"),
        pytest.param({"regulation": "lgpd"}, ["regulation 'lgpd'", "gdpr"], id="regulation"),
        pytest.param({"subject_request_type": "access"}, ["'access'", "erasure"], id="type"),
        pytest.param({"subject_request_id": "../up"}, ["subject_request_id", "pattern"], id="id"),
        pytest.param({"subject_identities": []}, ["subject_identities", "minItems"], id="nobody"),
        pytest.param({"colour": "red"}, ["'colour' was unexpected"], id="unknown-field"),
        pytest.param({"submitted_time": "today"}, ["submitted_time 'today'"], id="no-time"),
        pytest.param({"submitted_time": "2026-11-02T09:30:00"}, ["time zone"], id="no-zone"),
        pytest.param({"due_at": "2026-10-01T00:00:00Z"}, ["before submitted"], id="due-before"),
        pytest.param({"due_at": "2027-03-01T00:00:00Z"}, ["later than gdpr"], id="due-too-late"),
        pytest.param({"status_callback_urls": ["http://x"]}, ["status_callback"], id="callback"),
        pytest.param(
            {"subject_identities": [identity("a@example.org", "email")]},
            ["subject_identities/0/identity_type", "rights_holder"],
            id="identity-type",
        ),
    ],
)
def test_a_wrong_ticket_is_refused_with_the_reason(changes: Any, words: list[str]) -> None:
    with pytest.raises(TicketError) as caught:
        parse(**changes)
    assert [word for word in words if word not in str(caught.value)] == []


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(TicketError, match="api_version.*regulation"):
        parse(api_version="1.0", regulation="lgpd")


@pytest.mark.parametrize(
    "identities",
    [
        pytest.param(["dress-5"], id="a-bare-name"),
        pytest.param("dress-5", id="one-name"),
        pytest.param([identity("subject_id", "dress-5")], id="the-wrong-way-round"),
        pytest.param([{**identity("x"), "identity_value": ["dress-5"]}], id="a-list"),
        pytest.param([{**identity("dress-5"), "identity_format": "sha256"}], id="other-format"),
    ],
)
def test_no_message_shows_a_subject(identities: Any) -> None:
    with pytest.raises(TicketError) as caught:
        parse(subject_identities=identities)
    assert "dress-5" not in str(caught.value)


def test_a_printed_ticket_shows_no_subject() -> None:
    assert "dress-5" not in repr(parse("dress-5"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"{", "not JSON", id="cut-off"),
        pytest.param(b"\xff\xfe\x00", "UTF-8", id="binary"),
        pytest.param(b"[]", "must be of type", id="a-list"),
        pytest.param(b"[" * 100_000, "not", id="deep"),
        pytest.param(b'{"a": ' + b"1" * 5000 + b"}", "thousands of digits", id="a-long-number"),
        pytest.param(b" " * (LARGEST + 1), "at most", id="large"),
    ],
)
def test_what_is_no_ticket_at_all_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(TicketError, match=words):
        parse_ticket(content)


def test_half_a_character_is_refused_unlike_a_whole_one() -> None:
    with pytest.raises(TicketError, match="half a character"):
        parse_ticket(as_bytes(ticket("t-1", "\ud800")))
    assert parse_ticket(as_bytes(ticket("t-1", "\U0001f600"))).identities[0].value == "\U0001f600"


def test_the_order_of_fields_makes_no_difference() -> None:
    content = ticket("t-1")
    turned = dict(reversed(list(content.items())))
    one = parse_ticket(as_bytes(content))
    assert parse_ticket(json.dumps(turned, indent=4).encode()).canonical == one.canonical


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("subject_identities", "key subject_identities given twice"),
        ("anna", "no field of tickets given twice"),
    ],
)
def test_a_key_given_twice_is_refused_and_shows_no_subject(key: str, words: str) -> None:
    content = json.dumps(ticket("t-1", "dress-5", extensions={"x": {"anna": 1}}))
    content = content.replace(f'"{key}":', f'"{key}": ["dress-6"], "{key}":')
    with pytest.raises(TicketError, match=words) as caught:
        parse_ticket(content.encode())
    assert [name for name in ("dress", "anna") if name in str(caught.value)] == []


@pytest.mark.parametrize(
    ("value", "words"),
    [(" dress-5", "blank"), ("dress-5\n", "blank"), ("Zoe\u0308", "NFC")],
    ids=["before", "after", "form"],
)
def test_a_name_that_only_looks_like_one_of_a_dataset_is_refused(value: str, words: str) -> None:
    with pytest.raises(TicketError, match=f"subject_identities/1/identity_value .*{words}") as told:
        parse("dress-4", value)
    assert value.strip() not in str(told.value)
