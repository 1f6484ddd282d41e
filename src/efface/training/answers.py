"""What became of a job that other processes did: an outcome, or why there is none."""

import json
import time
import traceback
from dataclasses import asdict

from efface import errors
from efface.errors import (
    EffaceError,
    InfrastructureError,
    InputError,
    PreemptedError,
    TrainingError,
)
from efface.storage import Store
from efface.training.group import PeerLostError
from efface.training.loop import Outcome

OUTCOME = "outcome.json"
FAILED = "failed/"
FINAL = (InputError, TrainingError)
"""What comes again at every attempt: a wrong input, an optimisation that breaks down."""


def forget_answers(exchange: Store) -> None:
    """Remove what a former attempt left."""
    for key in [OUTCOME, *exchange.list(FAILED)]:
        exchange.delete(key)


def write_outcome(exchange: Store, outcome: Outcome) -> None:
    """Say that the job is done, when everything else is in place."""
    exchange.write(OUTCOME, json.dumps(asdict(outcome)).encode())


def read_outcome(exchange: Store) -> Outcome | None:
    """The outcome, or None when the job is not done."""
    if not exchange.exists(OUTCOME):
        return None
    return Outcome(**json.loads(exchange.read(OUTCOME)))


def write_failure(exchange: Store, rank: int, error: BaseException) -> None:
    """Say why a process gives up."""
    content = {
        "kind": type(error).__name__,
        "message": str(error),
        "at": time.time(),
        "trace": ""
        if isinstance(error, EffaceError)
        else "".join(traceback.format_exception(error)),
    }
    exchange.write(f"{FAILED}{rank}.json", json.dumps(content).encode())


def read_failure(exchange: Store) -> Exception:
    """The error that ended the job: the first one, before those of processes that missed a peer."""
    found = [json.loads(exchange.read(key)) for key in exchange.list(FAILED)]
    if not found:
        return InfrastructureError(
            "a training process ended without a word: it was killed, perhaps for lack of memory; "
            "run again under the same run id, it goes on where it was"
        )
    first = min(found, key=lambda said: (said["kind"] == PeerLostError.__name__, said["at"]))
    if first["trace"]:
        return RuntimeError(f"a training process crashed:\n{first['trace']}")
    known: type[EffaceError] = getattr(errors, first["kind"], InfrastructureError)
    return known(first["message"])


def final_failure(exchange: Store) -> EffaceError | None:
    """An error that no further attempt can mend, if a process has left one."""
    for key in exchange.list(FAILED):
        said = json.loads(exchange.read(key))
        known = getattr(errors, said["kind"], EffaceError)
        if issubclass(known, FINAL):
            return known(said["message"])
    return None


def preempted(exchange: Store) -> PreemptedError:
    """The error of a job that was asked to stop."""
    failure = read_failure(exchange)
    if isinstance(failure, PreemptedError):
        return failure
    return PreemptedError(
        "asked to stop before the training state could be saved; run again under the same run id"
    )
