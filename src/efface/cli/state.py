"""What a run on this machine has done, so that the same command goes on where it was killed."""

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from efface.errors import InfrastructureError, InputError
from efface.evidence.purge import RUN_ID
from efface.files import read_json, schema_problem, write_json

VERSION = 1
LOCK = "lock"
"""File that every folder of runs holds from the first one on."""
T = TypeVar("T")
_WORDS = {"type": "array", "items": {"type": "string"}}
_COUNT = {"type": "integer", "minimum": 0}
_NAME = {"type": "string", "minLength": 1}
_RESULTS = {
    "intake": _COUNT,
    "shard": {**_WORDS, "minItems": 1},
    "unlearn": {"type": "object"},
    "merge": {"type": "object"},
    "audit": _WORDS,
    "gate": {"type": "boolean"},
    "explain": {"type": "null"},
    "register": _NAME,
    "refuse": _NAME,
}
_SCHEMA = {
    "properties": {
        "run_id": {"type": "string", "pattern": f"^{RUN_ID.pattern}$"},
        "arguments": {"type": "object"},
        "results": {
            "type": "object",
            "properties": _RESULTS,
            "patternProperties": {"^evaluate ": _COUNT},
            "additionalProperties": False,
        },
        "failed": {"type": "string"},
    },
    "required": ["run_id", "arguments", "results"],
}


@dataclass
class RunState:
    """The steps of a run that are done, and what they gave."""

    path: Path
    run_id: str
    arguments: dict[str, Any]
    results: dict[str, Any] = field(default_factory=dict)
    failed: str = ""
    """What ended it, where it was not settled after that; empty: it goes on."""

    def once(self, step: str, work: Callable[[], T]) -> T:
        """Give the step's result, doing the work unless it was done before; JSON values only."""
        if step not in self.results:
            self.results[step] = work()
            self.save()
        return self.results[step]  # type: ignore[no-any-return]

    def save(self) -> None:
        """Write the state, whole."""
        content = {"version": VERSION, "run_id": self.run_id, "arguments": self.arguments}
        write_json(self.path, {**content, "results": self.results, "failed": self.failed})

    def end(self) -> None:
        """The run is settled: the next one starts afresh."""
        self.path.unlink(missing_ok=True)


def open_state(folder: Path, run_id: str, arguments: dict[str, Any]) -> RunState:
    """The state of the run in ``folder`` that was not settled, or a new one.

    Args:
        folder: Folder of the run.
        run_id: Name for a new run; an unsettled run must have this name, unless it is empty.
        arguments: Everything that changes what the run does.

    Raises:
        InputError: the unsettled run has another name or other arguments, or its state is damaged.
    """
    path = folder / "state.json"
    if not path.exists():
        return RunState(path, run_id, arguments)
    content = read_json(path, kind="run state", version=VERSION)
    if problem := schema_problem(content, _SCHEMA):
        raise InputError(
            f"run state {path} is damaged, {problem}; restore it, or end the run by `efface "
            f"settle` with its id, which names its folder in {folder / 'workspace'}, then delete it"
        )
    known = json.loads(json.dumps(arguments))
    differing = [k for k in known if content["arguments"].get(k) != known[k]]
    if (run_id and content["run_id"] != run_id) or differing:
        told = ", ".join(differing) or "its name"
        raise InputError(
            f"run {content['run_id']} in {folder} is not finished and differs in {told}: give the "
            "same arguments to go on with it, or another --workdir"
        )
    failed = content.get("failed", "")
    return RunState(path, content["run_id"], arguments, content["results"], failed)


@contextmanager
def only_process(folder: Path) -> Iterator[None]:
    """Make this the only process that works in ``folder``.

    Raises:
        InputError: another one does.
        InfrastructureError: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InfrastructureError(
            f"folder {folder} cannot be made ({error.strerror}): give another --workdir"
        ) from None
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"another process works in {folder}: wait for it, or give another --workdir"
            ) from None
        yield
