"""One step as a task: logging is set up, start and end are announced, errors are short.

Components call their step through ``call``. Why a step failed is also left in the run's folder, for
``settle``. What a user got wrong ends the task with one line and
the exit code of ``efface.errors``; a defect of efface keeps its traceback. Pipeline runners hide
exit codes, so a watcher (the local runner) finds them in the folder ``EFFACE_PROGRESS``.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import ParamSpec, TypeVar

from efface import logs
from efface.errors import EffaceError
from efface.evidence.purge import open_run
from efface.progress import announce, watched_folder
from efface.tickets.failures import remembered

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


def call(step: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a step's ``run`` function as a task and give what it gives.

    Raises:
        SystemExit: the step raised an EffaceError; the code is that error's exit code.
    """
    logs.configure()
    name = step.__module__.rpartition(".")[2]
    try:
        with announced(name), _remembered(name, kwargs):
            return step(*args, **kwargs)
    except EffaceError as error:
        logger.error("step=%s exit=%d %s", name, error.exit_code, error)
        raise SystemExit(error.exit_code) from None


def _remembered(name: str, given: Mapping[str, object]) -> AbstractContextManager[None]:
    """Keep an error for the tickets, where the step knows its run."""
    if name == "settle" or not {"workspace", "run_id"} <= given.keys():
        return nullcontext()
    part = f"{name}-{given['shard']}" if "shard" in given else name
    return remembered(open_run(str(given["workspace"]), str(given["run_id"])), part)


@contextmanager
def announced(name: str) -> Iterator[None]:
    """Tell a watcher, if there is one, that the step ``name`` runs, and how it ended."""
    folder = watched_folder()
    started = time.time()

    def say(state: str, message: str = "", exit_code: int = 0) -> None:
        if folder is not None:
            facts = {"step": name, "state": state, "message": message, "exit_code": exit_code}
            times = {"started": started, "seconds": time.time() - started}
            announce(folder / f"step-{os.getpid()}-{started:.6f}.json", {**facts, **times})

    say("running")
    try:
        yield
    except EffaceError as error:
        say("failed", str(error), error.exit_code)
        raise
    except Exception as error:
        say("failed", f"{type(error).__name__}: {error}", EffaceError.exit_code)
        raise
    say("done")
