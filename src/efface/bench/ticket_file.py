"""A ticket of a plan: a file, checked as the intake of a run checks it."""

from pathlib import Path

from efface.errors import InputError, TicketError
from efface.files import refuse_endless
from efface.tickets.ticket import Ticket, parse_ticket


def read_ticket(path: Path) -> Ticket:
    """Read and check a ticket.

    Raises:
        InputError: it cannot be read.
        TicketError: it is malformed; the message holds no identity value.
    """
    try:
        refuse_endless(path, "ticket")
        return parse_ticket(path.read_bytes())
    except OSError as error:
        raise InputError(f"ticket {path} cannot be read: {error.strerror}") from None
    except TicketError as error:
        raise TicketError(f"ticket {path}: {error}") from None
