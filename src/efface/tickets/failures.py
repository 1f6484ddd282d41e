"""What steps said when they failed, kept in the run's folder for its tickets.

Kubeflow Pipelines has a place for that and leaves it empty.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from efface.errors import EffaceError
from efface.storage import Store
from efface.tickets.states import format_record, parse_record

log = logging.getLogger(__name__)

FOLDER = "failed/"


@contextmanager
def remembered(shared: Store, step: str) -> Iterator[None]:
    """Note why the step failed; a later attempt that does well takes the note away.

    Args:
        shared: folder of the run.
        step: its name.
    """
    key = f"{FOLDER}{step}.json"
    try:
        yield
    except Exception as error:
        said = str(error) if isinstance(error, EffaceError) else type(error).__name__
        note = {"step": step, "said": said, "at": time.time()}
        _try(lambda: shared.write(key, format_record(note)))
        raise
    _try(lambda: shared.delete(key))


def first_failure(shared: Store) -> str:
    """``unlearn: disk full`` of the step that failed first; empty when none is known to have.

    Raises:
        EffaceError: the folder cannot be read, or a note is damaged.
    """
    notes = [parse_record(shared.read(key), key) for key in shared.list(FOLDER)]
    first = min(notes, key=lambda note: float(note.get("at", 0)), default=None)
    return f"{first.get('step')}: {first.get('said')}" if first else ""


def _try(write: Callable[[], None]) -> None:
    """A note is a help: what cannot be written hides no other error, and fails no step."""
    try:
        write()
    except EffaceError as error:
        log.warning("failure=not_noted reason=%r", str(error))
