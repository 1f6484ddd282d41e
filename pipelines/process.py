"""The process of a local run: one at a time in a folder, watched, and never left alone."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

from rich.console import Console
from rich.live import Live

from efface.errors import InputError
from pipelines.watching import draw, read_loops, read_steps

LOOPS_EVERY = 15.0
"""Seconds between two lines about a long loop, where there is no terminal."""


@contextmanager
def only_run(folder: Path) -> Iterator[IO[str]]:
    """Lock a run's folder; the lock is gone when every process that holds it is.

    Raises:
        InputError: another run holds it.
    """
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"a run still works in {folder}: wait for it, or give another folder"
            ) from None
        yield lock


def run_process(command: list[str], *, progress: Path, log: Path, lock: IO[str]) -> bool:
    """Run a command that holds the lock too, show what its steps say; give whether it failed."""
    root = Path(__file__).parent.parent
    environment = {**os.environ, "EFFACE_PROGRESS": str(progress), "PYTHONUNBUFFERED": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(root), os.getenv("PYTHONPATH")]))
    with log.open("a") as stream, _signals_held() as release:
        process = subprocess.Popen(
            command,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=[lock.fileno()],
            start_new_session=True,
        )
        try:
            release()
            _watch(process, progress)
        finally:
            _stop(process)
    return process.returncode != 0


@contextmanager
def _signals_held() -> Iterator[Callable[[], None]]:
    """Hold SIGTERM and Ctrl-C back until the function that is given is called.

    Before that a step may run that nobody could stop yet. SIGTERM then ends this process the way
    Ctrl-C does, so that none is left running.
    """
    came: list[BaseException] = []
    held = True

    def end(number: int, frame: FrameType | None) -> None:
        error = KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)
        if not held:
            raise error
        came.append(error)

    def release() -> None:
        nonlocal held
        held = False
        if came:
            raise came[0]

    asked = [
        one for one in (signal.SIGTERM, signal.SIGINT) if signal.getsignal(one) != signal.SIG_IGN
    ]
    previous = {one: signal.signal(one, end) for one in asked}
    try:
        yield release
    finally:
        for one, handler in previous.items():
            signal.signal(one, handler)


def _watch(process: subprocess.Popen[bytes], progress: Path) -> None:
    console = Console(stderr=True)
    if not console.is_terminal:
        _watch_in_lines(process, progress, console)
        return
    with Live(console=console, refresh_per_second=8) as live:
        while True:
            ended = process.poll() is not None
            live.update(draw(read_steps(progress), read_loops(progress)))
            if ended:
                return
            time.sleep(0.15)


def _watch_in_lines(process: subprocess.Popen[bytes], progress: Path, console: Console) -> None:
    shown: set[tuple[str, str, int]] = set()
    told = time.monotonic()
    while True:
        ended = process.poll() is not None
        for step in read_steps(progress):
            fact = (step.name, step.state, step.done)
            if fact not in shown:
                shown.add(fact)
                tasks = f" {step.done}/{step.tasks}" if step.tasks > 1 else ""
                console.print(f"{step.name}{tasks} {step.state} {step.seconds:.0f} s")
        if ended:
            return
        if time.monotonic() - told >= LOOPS_EVERY:
            told = time.monotonic()
            for loop in read_loops(progress):
                console.print(f"  {loop.label} {loop.done}/{loop.total}")
        time.sleep(0.3)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
