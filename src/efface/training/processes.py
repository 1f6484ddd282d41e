"""Several processes on this node: torchrun starts them, and ends all when one fails."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from efface.storage import open_store
from efface.training.answers import preempted, read_failure, read_outcome
from efface.training.job import Job, write_job
from efface.training.loop import Outcome
from efface.training.sigterm import heard_by

GRACE = 35.0
"""Seconds that torchrun gets to end its processes; it gives them 30 itself."""


def train_in_processes(job: Job, processes: int) -> Outcome:
    """Train in ``processes`` processes; SIGTERM to this one reaches them all.

    Raises:
        EffaceError: what the first process that failed said.
        PreemptedError: SIGTERM came; the state is saved.
    """
    with tempfile.TemporaryDirectory(prefix="efface-") as place:
        exchange = open_store(place)
        write_job(exchange, job)
        with _torchrun(place, processes) as (torchrun, told):
            code = torchrun.wait()
        outcome = read_outcome(exchange)
        if outcome and code == 0:
            return outcome
        raise preempted(exchange) if told.is_set() else read_failure(exchange)


@contextmanager
def _torchrun(
    place: str, processes: int
) -> Iterator[tuple[subprocess.Popen[bytes], threading.Event]]:
    """Start torchrun; it has ended at the end, whatever happens to this process in between."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--local-addr", "127.0.0.1", "--nproc-per-node", str(processes)]
    command += ["-m", "efface.training.worker", place]
    # A session of its own: it must hear SIGTERM once, from here, not again from a group's kill.
    torchrun = subprocess.Popen(command, start_new_session=True)
    told = threading.Event()

    def pass_on(number: int, frame: FrameType | None) -> None:
        told.set()
        torchrun.terminate()

    with heard_by(pass_on):
        try:
            yield torchrun, told
        finally:
            if torchrun.poll() is None:
                torchrun.terminate()
                _end(torchrun)


def _end(torchrun: subprocess.Popen[bytes]) -> None:
    try:
        torchrun.wait(GRACE)
    except subprocess.TimeoutExpired:
        torchrun.kill()
        torchrun.wait()
