"""What intake found: which images are to be forgotten, and for which ticket."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from efface.errors import DataError


def read_forget(path: Path) -> pa.Table:
    """Which images the tickets mean: sample_id, ticket_id and the subject's keyed hash.

    Raises:
        DataError: absent or not Parquet, or without these columns.
    """
    try:
        return pq.read_table(path, columns=["sample_id", "ticket_id", "subject_id"])
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read ({error}): run intake again") from None


def holders_gone(forgotten: Iterable[str], kept: Iterable[str]) -> set[str]:
    """Rights-holders of whom every train image is to be forgotten.

    Args:
        forgotten: rights-holder of each image to forget; empty for none.
        kept: that of each other train image.
    """
    return set(forgotten) - set(kept) - {""}


def assign_tickets(forget: pa.Table) -> dict[str, str]:
    """Sample id -> the ticket it is scored for; of several, the one that means fewest images.

    So the ticket of one person has scores of its own beside that of a whole brand.
    """
    sizes = Counter(forget["ticket_id"].to_pylist())
    pairs = zip(forget["sample_id"].to_pylist(), forget["ticket_id"].to_pylist(), strict=True)
    chosen: dict[str, str] = {}
    for sample, ticket in sorted(pairs, key=lambda pair: (-sizes[pair[1]], pair[1])):
        chosen[sample] = ticket  # smaller tickets come later
    return chosen


def subjects_of(forget: pa.Table) -> dict[str, list[str]]:
    """Ticket id -> keyed hashes of the subjects that it has images of."""
    found: dict[str, set[str]] = {}
    for ticket, subject in zip(
        forget["ticket_id"].to_pylist(), forget["subject_id"].to_pylist(), strict=True
    ):
        found.setdefault(ticket, set()).add(subject)
    return {ticket: sorted(found[ticket]) for ticket in sorted(found)}
