"""Which images the tickets mean: a join with the dataset's manifest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from efface.spelling import spelled
from efface.tickets.subjects import hash_subject
from efface.tickets.ticket import IDENTITY_TYPES, Ticket

FORGET_SCHEMA = pa.schema(
    [
        ("sample_id", pa.string()),
        ("ticket_id", pa.string()),
        ("subject_id", pa.string()),  # keyed hash
    ]
)
"""One row for each image that a ticket means; an image that two tickets mean has two."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """What a ticket means in the dataset."""

    samples: pa.Table
    """FORGET_SCHEMA, in the order of sample ids; empty when the model never saw the subjects."""
    subjects: list[str]
    """Keyed hashes of the subjects in these images."""
    identities_without_data: int
    """Identities of the ticket that no image in the train split belongs to."""


def match_tickets(tickets: Sequence[Ticket], manifest: pa.Table, key: bytes) -> dict[str, Match]:
    """Find each ticket's images in the train split.

    Args:
        tickets: checked tickets.
        manifest: of the dataset, with sample_id, subject_id, rights_holder and split.
        key: subject key.

    Returns:
        Ticket id -> what was found.
    """
    trained = manifest.filter(pc.equal(manifest["split"], "train"))
    wanted = _wanted(tickets)
    pairs = pa.concat_tables([_join(trained, wanted, column) for column in IDENTITY_TYPES])
    with_data = _count(pairs.select(["ticket_id", "type", "value"]))
    samples = pairs.group_by(["sample_id", "ticket_id", "subject_id"]).aggregate([])
    samples = _hash_subjects(samples, key).sort_by(
        [("ticket_id", "ascending"), ("sample_id", "ascending")]
    )
    asked = _count(wanted)
    return {
        ticket.ticket_id: _match(
            samples.filter(pc.equal(samples["ticket_id"], ticket.ticket_id)),
            asked[ticket.ticket_id] - with_data.get(ticket.ticket_id, 0),
        )
        for ticket in tickets
    }


def _match(samples: pa.Table, without_data: int) -> Match:
    subjects = sorted(pc.unique(samples["subject_id"]).to_pylist())
    return Match(samples=samples, subjects=subjects, identities_without_data=without_data)


def _wanted(tickets: Sequence[Ticket]) -> pa.Table:
    """One row for each identity of each ticket."""
    rows = {
        (t.ticket_id, identity.type, identity.value) for t in tickets for identity in t.identities
    }
    columns = list(zip(*sorted(rows), strict=True)) or [(), (), ()]
    names = ["ticket_id", "type", "value"]
    return pa.table([pa.array(column, pa.string()) for column in columns], names=names)


def _join(trained: pa.Table, wanted: pa.Table, column: str) -> pa.Table:
    """Images whose ``column`` is named by a ticket, also where it is written as no ticket may."""
    asked = wanted.filter(pc.equal(wanted["type"], column))
    images = pa.table(
        {
            "sample_id": trained["sample_id"],
            "subject_id": trained["subject_id"],
            "value": _for_each(spelled, trained[column]),
        }
    )
    joined = images.join(asked, keys="value", join_type="inner")
    return joined.select(["sample_id", "ticket_id", "subject_id", "type", "value"])


def _count(identities: pa.Table) -> dict[str, int]:
    """Ticket id -> number of different identities."""
    distinct = identities.group_by(["ticket_id", "type", "value"]).aggregate([])
    counted = distinct.group_by("ticket_id").aggregate([([], "count_all")])
    return dict(
        zip(*(counted[name].to_pylist() for name in ("ticket_id", "count_all")), strict=True)
    )


def _hash_subjects(samples: pa.Table, key: bytes) -> pa.Table:
    """Replace the subject ids by their keyed hashes."""
    subjects = _for_each(partial(hash_subject, key), samples["subject_id"])
    columns = [samples["sample_id"], samples["ticket_id"], subjects]
    return pa.table(columns, schema=FORGET_SCHEMA)


def _for_each(change: Callable[[str], str], values: pa.ChunkedArray) -> pa.Array:
    """Change text, each distinct one once."""
    encoded = values.combine_chunks().dictionary_encode()
    changed = [change(value) for value in encoded.dictionary.to_pylist()]
    return pa.array(changed, pa.string()).take(encoded.indices)
